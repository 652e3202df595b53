//! A list of targets, ready to be read and made into monitors.

use std::path::PathBuf;
use std::time::Duration;

use super::template::{ExpandError, Expanded, Template};
use crate::fleet::{Selection, TargetGroup};
use crate::monitor::{Credentials, MonitorName, Roots, WebhookUrl};

/// One `[[discovery]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovery {
    /// Its name: the label `discovery` of its metrics.
    pub name: MonitorName,
    /// Where the list comes from.
    pub source: Source,
    /// From one reading to the next.
    pub refresh: Duration,
    pub(super) template: Template,
}

/// Where a list comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Files (file_sd): paths, absolute or from the working directory, with `*` in the last part at most.
    Files(Vec<PathBuf>),
    /// A server (http_sd).
    Http(Box<HttpSource>),
}

/// A server that has a list.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSource {
    /// What is asked.
    pub url: WebhookUrl,
    /// From the lookup until the answer is complete.
    pub timeout: Duration,
    /// The base of trust.
    pub roots: Roots,
    /// Further authorities, as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// Of the `Authorization` header.
    pub credentials: Option<Credentials>,
}

impl Discovery {
    /// A monitor for each target of `groups` that runs here. Reads the files that the template names.
    ///
    /// # Errors
    /// If more would run here than one sidetone is made for.
    pub fn expand(&self, groups: &[TargetGroup], selection: &Selection) -> Result<Expanded, ExpandError> {
        self.template.expand(groups, selection)
    }
}
