//! What systemd is told (`sd_notify(3)`): ready, reloading, stopping, alive. Nothing happens where `NOTIFY_SOCKET` is not set.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::warn;

/// The way to systemd.
#[derive(Debug)]
pub(super) struct Notifier {
    /// How often systemd wants a sign of life: half of what it waits for, as `sd_watchdog_enabled(3)` recommends.
    pause: Option<Duration>,
}

impl Notifier {
    pub(super) fn new() -> Self {
        Self { pause: sd_notify::watchdog_enabled().filter(|timeout| !timeout.is_zero()).map(|timeout| timeout / 2) }
    }

    /// The configuration is in force, at the start and after a reload, a failed one as well: the old one is in force then.
    pub(super) fn ready(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// A reload begins. `Type=notify-reload` wants the time with it.
    pub(super) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// The end begins.
    pub(super) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Waits until a sign of life is due, and gives it. For ever if systemd wants none. Can be cancelled.
    pub(super) async fn keep_alive(&self) {
        let Some(pause) = self.pause else { return std::future::pending().await };
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep(pause).await;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "systemd could not be told");
    }
}
