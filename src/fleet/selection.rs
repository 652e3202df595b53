//! What one sidetone of a fleet runs: its shard, and what is meant for its location.

use std::collections::BTreeSet;

use super::Shard;
use crate::monitor::Monitor;

/// The options `--shard` and `--location`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The part of the fleet; all of it if there is none.
    pub shard: Option<Shard>,
    /// Where this sidetone stands; it runs what is meant for any place if that is not said.
    pub location: Option<String>,
}

impl Selection {
    /// Does `monitor` run here?
    #[must_use]
    pub fn has(&self, monitor: &Monitor) -> bool {
        let here = |location: &String| monitor.locations.is_empty() || monitor.locations.contains(location);
        self.location.as_ref().is_none_or(here) && self.shard.is_none_or(|shard| shard.has(&monitor.name))
    }

    /// Is everything selected?
    #[must_use]
    pub const fn is_everything(&self) -> bool {
        self.shard.is_none() && self.location.is_none()
    }

    /// What should be said aloud about a location and the places that `monitors` name. `nearest` finds a slip of the finger.
    #[must_use]
    pub fn note<'m>(
        &self,
        monitors: impl IntoIterator<Item = &'m Monitor>,
        nearest: impl Fn(&str, &BTreeSet<&str>) -> Option<String>,
    ) -> Option<String> {
        let monitors: Vec<&Monitor> = monitors.into_iter().collect();
        let named: BTreeSet<&str> = monitors.iter().flat_map(|monitor| &monitor.locations).map(String::as_str).collect();
        let Some(location) = &self.location else {
            let bound = monitors.iter().filter(|monitor| !monitor.locations.is_empty()).count();
            return (bound > 0).then(|| {
                format!("{bound} of the monitors have `locations`, and `--location` is not given: they run here as well, whatever these say")
            });
        };
        if named.is_empty() || named.contains(location.as_str()) {
            return None;
        }
        let instead = match nearest(location, &named) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", listed(&named)),
        };
        Some(format!("no monitor has the location `{location}`, so that only those without `locations` run here; {instead}"))
    }
}

/// The first places by name; a fleet may have hundreds.
fn listed(named: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 8;
    let mut list: Vec<String> = named.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if named.len() > SHOWN {
        list.push(format!("{} more", named.len() - SHOWN));
    }
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{MonitorName, Target};

    fn monitor(name: &str, locations: &[&str]) -> Monitor {
        let target = Target::parse("wss://voice.example.com/").unwrap();
        let locations = locations.iter().map(|&location| location.to_owned()).collect();
        Monitor { locations, ..Monitor::new(MonitorName::new(name).unwrap(), target) }
    }

    fn selection(shard: Option<&str>, location: Option<&str>) -> Selection {
        Selection { shard: shard.map(|text| text.parse().unwrap()), location: location.map(str::to_owned) }
    }

    #[test]
    fn where_a_monitor_runs() {
        let rows: [(&[&str], Option<&str>, bool); 5] = [
            (&[], None, true),
            (&[], Some("fra"), true),
            (&["fra", "iad"], Some("iad"), true),
            (&["fra"], Some("iad"), false),
            (&["fra"], None, true),
        ];
        for (locations, here, runs) in rows {
            assert_eq!(selection(None, here).has(&monitor("a", locations)), runs, "{locations:?} {here:?}");
        }
        // `a` is in shard 1 of 2.
        assert!(selection(Some("1/2"), Some("fra")).has(&monitor("a", &["fra"])));
        assert!(!selection(Some("0/2"), Some("fra")).has(&monitor("a", &["fra"])));
        assert!(!selection(Some("1/2"), Some("iad")).has(&monitor("a", &["fra"])));
    }

    #[test]
    fn odd_locations_are_said_aloud() {
        let monitors = [monitor("a", &["fra", "iad"]), monitor("b", &[])];
        let note = |location| selection(None, location).note(&monitors, |_, _| None);
        assert_eq!(note(Some("fra")), None);
        let says = "no monitor has the location `sin`, so that only those without `locations` run here; there are `fra`, `iad`";
        assert_eq!(note(Some("sin")).as_deref(), Some(says));
        assert!(note(None).unwrap().starts_with("1 of the monitors have `locations`"));
        assert_eq!(selection(None, None).note(&monitors[1..], |_, _| None), None, "nobody names a place");
        assert_eq!(selection(None, Some("sin")).note(&monitors[1..], |_, _| None), None, "nobody names a place");
        let near = selection(None, Some("frs")).note(&monitors, |_, _| Some("fra".to_owned())).unwrap();
        assert!(near.ends_with("did you mean `fra`?"), "{near}");
    }
}
