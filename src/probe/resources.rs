//! What probes share: trust, the lag meter, and what is known about our own clock. Everything else is a probe's own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;

use crate::lag::LagMeter;
use crate::monitor::Roots;

/// The shared means of all probes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resources {
    /// How late our own timers are.
    pub lag: LagMeter,
    clock_is_wrong: Arc<AtomicBool>,
    crypto: Arc<CryptoProvider>,
    webpki_roots: Arc<RootCertStore>,
    native_roots: Arc<OnceLock<Arc<RootCertStore>>>,
}

impl Resources {
    /// Fresh resources; `lag` is fed by whoever runs its ticker.
    #[must_use]
    pub fn new(lag: LagMeter) -> Self {
        let webpki_roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self {
            lag,
            clock_is_wrong: Arc::new(AtomicBool::new(false)),
            crypto: Arc::new(rustls::crypto::ring::default_provider()),
            webpki_roots: Arc::new(webpki_roots),
            native_roots: Arc::new(OnceLock::new()),
        }
    }

    /// Says whether most endpoints disagree with our clock, so that no certificate is judged by it.
    pub fn set_clock_is_wrong(&self, wrong: bool) {
        self.clock_is_wrong.store(wrong, Ordering::Relaxed);
    }

    /// Do most endpoints disagree with our clock?
    #[must_use]
    pub fn clock_is_wrong(&self) -> bool {
        self.clock_is_wrong.load(Ordering::Relaxed)
    }

    pub(super) const fn crypto(&self) -> &Arc<CryptoProvider> {
        &self.crypto
    }

    /// The base of trust. The system's store is read once, at its first use, off the runtime's threads.
    pub(super) async fn roots(&self, which: Roots) -> Arc<RootCertStore> {
        match which {
            Roots::Webpki => Arc::clone(&self.webpki_roots),
            Roots::Native => {
                let cell = Arc::clone(&self.native_roots);
                let read = tokio::task::spawn_blocking(move || Arc::clone(cell.get_or_init(read_native_roots))).await;
                // The task can only fail when the runtime is shutting down; an empty store trusts nothing.
                read.unwrap_or_else(|_| Arc::new(RootCertStore::empty()))
            }
        }
    }
}

fn read_native_roots() -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "a part of the system's certificate store cannot be read");
    }
    store.add_parsable_certificates(found.certs);
    Arc::new(store)
}
