//! Prometheus' lists of targets: JSON, as http_sd and file_sd have it, and the same in YAML.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::text::Printable;

/// The most targets that one list may have. A shard takes its part of them.
pub const LONGEST_LIST: usize = 100_000;

/// Targets with the labels that they share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetGroup {
    /// Mostly `host:port`; any text that the template knows to use.
    #[serde(default)]
    pub targets: Vec<String>,
    /// The labels of each of them.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// Why a text is no list of targets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidList {
    /// Not JSON, or other JSON.
    #[error("this is no JSON list of targets: {0}")]
    Json(Printable),
    /// Not YAML, or other YAML.
    #[error("this is no YAML list of targets: {0}")]
    Yaml(Printable),
    /// More than [`LONGEST_LIST`].
    #[error("the list has {0} targets; one list may have {LONGEST_LIST}")]
    TooLong(usize),
}

/// What of a parser's message is shown.
const LONGEST_MESSAGE: usize = 300;

/// Reads a JSON list.
///
/// # Errors
/// If it is none, has keys that Prometheus does not know, or is too long.
pub fn parse_json(text: &str) -> Result<Vec<TargetGroup>, InvalidList> {
    let read = serde_json::from_str(text);
    checked(read.map_err(|error| InvalidList::Json(Printable::capture(error.to_string().as_bytes(), LONGEST_MESSAGE)))?)
}

/// Reads a YAML list. An empty file is an empty list.
///
/// # Errors
/// If it is none, has keys that Prometheus does not know, or is too long.
pub fn parse_yaml(text: &str) -> Result<Vec<TargetGroup>, InvalidList> {
    // The budget against documents that unfold into more than they are (aliases) is the parser's own.
    let read = serde_saphyr::from_str::<Option<Vec<TargetGroup>>>(text);
    let one_line = |error: serde_saphyr::Error| error.to_string().lines().next().unwrap_or_default().to_owned();
    let read = read.map_err(|error| InvalidList::Yaml(Printable::capture(one_line(error).as_bytes(), LONGEST_MESSAGE)))?;
    checked(read.unwrap_or_default())
}

fn checked(groups: Vec<TargetGroup>) -> Result<Vec<TargetGroup>, InvalidList> {
    let targets = groups.iter().map(|group| group.targets.len()).sum();
    if targets > LONGEST_LIST { Err(InvalidList::TooLong(targets)) } else { Ok(groups) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(targets: &[&str], labels: &[(&str, &str)]) -> TargetGroup {
        TargetGroup {
            targets: targets.iter().map(|&target| target.to_owned()).collect(),
            labels: labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }

    #[test]
    fn json_lists() {
        let text = r#"[{"targets": ["10.0.10.2:9100", "10.0.10.3:9100"], "labels": {"__meta_datacenter": "london"}}, {"targets": ["a"]}]"#;
        let expected = [group(&["10.0.10.2:9100", "10.0.10.3:9100"], &[("__meta_datacenter", "london")]), group(&["a"], &[])];
        assert_eq!(parse_json(text).unwrap(), expected);
        assert_eq!(parse_json("[]").unwrap(), []);
        for bad in ["", "{}", "[null]", "[{\"target\": []}]", "[{\"targets\": [1]}]", "[{\"targets\": \"a\"}]", "[] x"] {
            assert!(matches!(parse_json(bad), Err(InvalidList::Json(_))), "{bad}");
        }
    }

    #[test]
    fn yaml_lists() {
        let text =
            "# inventory\n- targets: ['voice.example.com:443', b]\n  labels:\n    team: voice\n    tier: 1\n- targets:\n  - c\n";
        let expected = [group(&["voice.example.com:443", "b"], &[("team", "voice"), ("tier", "1")]), group(&["c"], &[])];
        assert_eq!(parse_yaml(text).unwrap(), expected);
        assert_eq!(parse_yaml("").unwrap(), []);
        assert_eq!(parse_yaml("[]\n").unwrap(), []);
        for bad in ["targets: [a]", "- targets: a", "- target: [a]", "- [a", "hello"] {
            assert!(matches!(parse_yaml(bad), Err(InvalidList::Yaml(_))), "{bad}");
        }
    }

    /// Ten aliases of ten aliases, nine times over.
    #[test]
    fn a_small_text_does_not_unfold_into_a_large_list() {
        let mut text = "- targets: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..9 {
            let inner = format!("*a{}, ", level - 1).repeat(10);
            text.push_str(&format!("- targets: &a{level} [{}]\n", inner.trim_end_matches(", ")));
        }
        assert!(parse_yaml(&text).is_err());
    }

    #[test]
    fn lists_have_an_end() {
        let text = format!("[{{\"targets\": [{}\"x\"]}}]", "\"x\",".repeat(LONGEST_LIST));
        assert_eq!(parse_json(&text), Err(InvalidList::TooLong(LONGEST_LIST + 1)));
    }

    #[test]
    fn messages_are_harmless() {
        let message = parse_json("[{\"\\u001b[31m\": 1}]").unwrap_err().to_string();
        assert!(!message.contains('\u{1b}'), "{message}");
    }
}
