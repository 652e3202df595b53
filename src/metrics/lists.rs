//! The numbers of the lists of targets.

use std::collections::BTreeMap;

use super::Metrics;
use crate::config::Expanded;
use crate::monitor::MonitorName;
use crate::wall::Timestamp;

/// Every list that is read, by its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists(BTreeMap<MonitorName, List>);

/// One list.
#[derive(Clone, Debug, Default)]
pub(super) struct List {
    pub(super) successful: Option<bool>,
    pub(super) success_at: Option<Timestamp>,
    pub(super) targets: usize,
    pub(super) skipped: usize,
    pub(super) clashes: usize,
}

impl Lists {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &List)> {
        self.0.iter().map(|(name, list)| (name.as_str(), list))
    }
}

impl Metrics {
    /// Drops the series of all lists but these.
    pub fn keep_lists(&self, names: &[&MonitorName]) {
        self.numbers().lists.0.retain(|name, _| names.contains(&name));
    }

    /// The list was read: at this time if that went well. `known` is what is in force of it now.
    pub fn list_read(&self, name: &MonitorName, at: Option<Timestamp>, known: Option<&Expanded>) {
        let mut numbers = self.numbers();
        let list = numbers.lists.0.entry(name.clone()).or_default();
        list.successful = Some(at.is_some());
        list.success_at = at.or(list.success_at);
        if let Some(known) = known {
            (list.targets, list.skipped) = (known.targets, known.skipped);
        }
    }

    /// So many monitors of the list do not run because others have their names.
    pub fn list_clashes(&self, name: &MonitorName, count: usize) {
        if let Some(list) = self.numbers().lists.0.get_mut(name) {
            list.clashes = count;
        }
    }
}
