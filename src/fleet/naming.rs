//! From targets to names of monitors: valid, unique, and the same again whatever the order of the list.

use std::collections::HashMap;

use md5::{Digest as _, Md5};

use crate::monitor::MonitorName;

/// Hexadecimal digits that keep equal names apart.
const SUFFIX: usize = 8;

/// The name that is nearest to `text`: without a scheme, with `-` for everything that a name cannot have; `None` if nothing is left.
/// A longer one is cut, and has a hash of the whole at its end.
#[must_use]
pub fn base_name(text: &str) -> Option<MonitorName> {
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    // What stands behind the path may be a secret, and a name is shown everywhere.
    let bare = bare.split(['?', '#']).next().unwrap_or_default();
    let mut name = String::with_capacity(bare.len().min(MonitorName::LONGEST));
    for c in bare.chars() {
        let fits = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if fits {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    let name = name.trim_start_matches(['.', '_', '-']).trim_end_matches('-');
    let name = if name.len() > MonitorName::LONGEST { with_suffix(name, text) } else { name.to_owned() };
    MonitorName::new(&name).ok()
}

/// One name for each of `claims`, each of which is a name and what tells its target from others. Names that several claim get a hash of
/// their target each: none of them keeps the plain one, as it would be another's when the list changes.
#[must_use]
pub fn unique_names(claims: &[(MonitorName, &str)]) -> Vec<MonitorName> {
    let mut claimed: HashMap<&MonitorName, usize> = HashMap::new();
    for (name, _) in claims {
        *claimed.entry(name).or_default() += 1;
    }
    let unique = |(name, identity): &(MonitorName, &str)| {
        if claimed[name] == 1 {
            return name.clone();
        }
        // A cut name with a hyphen and digits is a name.
        MonitorName::new(&with_suffix(name.as_str(), identity)).unwrap_or_else(|_| name.clone())
    };
    claims.iter().map(unique).collect()
}

fn with_suffix(name: &str, identity: &str) -> String {
    let digest: [u8; 16] = Md5::digest(identity.as_bytes()).into();
    let hex: String = digest.iter().take(SUFFIX / 2).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = name.chars().take(MonitorName::LONGEST - SUFFIX - 1).collect();
    format!("{}-{hex}", kept.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_targets() {
        let rows = [
            ("voice.example.com:5050", Some("voice.example.com-5050")),
            ("wss://voice.example.com/media-stream?token=canary", Some("voice.example.com-media-stream")),
            ("[2001:db8::1]:443", Some("2001-db8-1-443")),
            ("booking agent (fra)", Some("booking-agent-fra")),
            ("agent-7", Some("agent-7")),
            ("zürich", Some("z-rich")),
            ("", None),
            ("://", None),
            ("---", None),
        ];
        for (text, name) in rows {
            assert_eq!(base_name(text).as_ref().map(MonitorName::as_str), name, "{text}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = |end: char| format!("{}{end}", "a".repeat(100));
        let (first, second) = (base_name(&long('x')).unwrap(), base_name(&long('y')).unwrap());
        assert_ne!(first, second);
        assert_eq!(first.as_str().len(), MonitorName::LONGEST);
        assert_eq!(first, base_name(&long('x')).unwrap());
    }

    #[test]
    fn equal_names_are_told_apart_in_any_order() {
        let name = |text| MonitorName::new(text).unwrap();
        let claims = [(name("a"), "a:1"), (name("b"), "b:1"), (name("a"), "a:2")];
        let names = unique_names(&claims);
        assert_eq!(names[1], name("b"));
        assert!(names[0] != names[2] && names[0].as_str().starts_with("a-") && names[2].as_str().starts_with("a-"), "{names:?}");
        let turned: Vec<_> = claims.iter().rev().cloned().collect();
        assert_eq!(unique_names(&turned).into_iter().rev().collect::<Vec<_>>(), names);
    }
}
