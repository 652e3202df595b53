//! Who we are in one probe: the call's ids, the resource that is asked for, and the headers that come of the dialect and of signing.
//!
//! The user's own headers (`headers` of the monitor) win over these. Deliberately absent: the headers of the WebSocket handshake itself
//! and the `Authorization` header (both in `upgrade`).

use uuid::Uuid;

use crate::dialect::Call;
use crate::monitor::Monitor;
use crate::outcome::Warning;
use crate::secret::Secret;
use crate::wall::Timestamp;

/// One call as the server will know it.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) call: Call,
    /// Path and query as they are sent.
    pub(super) resource: String,
    /// Headers beside those of the monitor.
    pub(super) headers: Vec<(String, Secret)>,
}

impl Caller {
    /// A fresh call of `monitor` at this moment.
    pub(super) fn new(monitor: &Monitor) -> Self {
        let now = Timestamp::now().unix_millis();
        let mut fresh = || Uuid::new_v4().as_u128();
        let call = monitor.dialect.place(&mut fresh, u64::try_from(now).unwrap_or(u64::MAX));
        let resource = monitor.target.resource(|| Uuid::new_v4().to_string(), &call.call_id, now);
        let mut headers: Vec<(String, Secret)> =
            monitor.dialect.headers(&call).into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect();
        headers.retain(|(name, _)| !monitor.dial.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)));
        Self { call, resource, headers }
    }
}

/// What a real call would not survive, although a plain client gets through.
pub(super) fn oddities(monitor: &Monitor, caller: &Caller) -> Vec<(Warning, String)> {
    let Some(settings) = monitor.dialect.provider() else { return Vec::new() };
    let facts = settings.provider.facts();
    let mut odd = Vec::new();
    if facts.wss_only && !monitor.target.is_secure() && !monitor.target.is_loopback() {
        odd.push((Warning::SchemeNotWss, format!("{} dials wss:// alone", facts.title)));
    }
    if facts.query_is_lost && caller.resource.contains('?') {
        let says = "Twilio does not carry the query of the URL: use `parameters`, which arrive in `start.customParameters`";
        odd.push((Warning::QueryStringInTwilioUrl, says.to_owned()));
    }
    odd
}
