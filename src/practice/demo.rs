//! The monitors of `sidetone demo`.

use std::net::SocketAddr;
use std::time::Duration;

use super::behaviour::Behaviour;
use crate::audio::{Sound, TONE_HERTZ};
use crate::dialect::{CallSettings, Dialect, Provider};
use crate::monitor::{Monitor, MonitorName, Target};

/// Name, behaviour, over TLS?, interval and hold in seconds, and the provider that is played. Intervals differ so that the lines do not
/// march in step.
type Row = (&'static str, &'static str, bool, u64, u64, Option<Provider>);

const DEMO: [Row; 8] = [
    ("good-line", "echo", false, 5, 3, None),
    ("good-agent-twilio", "twilio", true, 6, 3, Some(Provider::Twilio)),
    ("good-agent-vonage", "vonage", true, 7, 3, Some(Provider::Vonage)),
    ("drops-after-0.8s", "drop-after-0.8s", false, 5, 3, None),
    ("application-fails", "twilio-closes-after-start", true, 7, 2, Some(Provider::Twilio)),
    ("silent-agent", "telnyx-silent", false, 6, 2, Some(Provider::Telnyx)),
    ("wrong-path", "http-404", false, 6, 2, None),
    ("incomplete-chain", "tls-missing-intermediate", true, 7, 2, None),
];

/// Eight monitors of a practice server on `address`: three good ones, and incident I1 among five bad ones. `ca_der` is its CA.
#[must_use]
pub fn demo_monitors(address: SocketAddr, ca_der: &[u8]) -> Vec<Monitor> {
    DEMO.into_iter()
        .filter_map(|(name, behaviour, secure, interval, hold, provider)| {
            let url = Behaviour::find(behaviour)?.url(secure, address);
            // The table is a constant and a test builds all of it, so that nothing is left out here.
            let mut monitor = Monitor::new(MonitorName::new(name).ok()?, Target::parse(&url).ok()?);
            monitor.rhythm.interval = Duration::from_secs(interval);
            monitor.rhythm.confirm_after = Duration::from_secs(1);
            monitor.hold.target = Duration::from_secs(hold);
            monitor.dial.tls.extra_roots = vec![ca_der.to_vec()];
            if let Some(provider) = provider {
                let mut settings = CallSettings::new(provider);
                settings.sound = Sound::tone(settings.audio, settings.cadence, TONE_HERTZ);
                monitor.dialect = Dialect::Provider(Box::new(settings));
                monitor.expect.first_audio_within = Some(Duration::from_secs(1));
            }
            Some(monitor)
        })
        .collect()
}
