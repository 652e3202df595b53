//! What probes share: trust, the lag meter, and what is known about our own clock. Everything else is a probe's own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::RootCertStore;
use rustls::client::{VerifierBuilderError, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use crate::lag::LagMeter;
use crate::monitor::{Roots, TlsPlan};

/// Distinct sets of authorities that are kept; reloads with ever new `ca_file`s must not add up.
const MOST_TRUSTS: usize = 64;

/// The authorities of a plan, and the verifier that asks them.
#[derive(Clone, Debug)]
pub(super) struct Trust {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) verifier: Arc<WebPkiServerVerifier>,
}

/// What decides which authorities are trusted: the base, and the further ones as DER.
type TrustKey = (Roots, Vec<Vec<u8>>);

/// The shared means of all probes. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Resources {
    /// How late our own timers are.
    pub lag: LagMeter,
    clock_is_wrong: Arc<AtomicBool>,
    crypto: Arc<CryptoProvider>,
    webpki_roots: Arc<RootCertStore>,
    native_roots: Arc<OnceLock<Arc<RootCertStore>>>,
    trusts: Arc<Mutex<HashMap<TrustKey, Trust>>>,
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
            trusts: Arc::new(Mutex::new(HashMap::new())),
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

    /// The authorities of `plan` with their verifier. A store of roots is several times the size of a held line, so that lines with the same
    /// authorities share one.
    pub(super) async fn trust(&self, plan: &TlsPlan) -> Result<Trust, VerifierBuilderError> {
        let key = (plan.roots, plan.extra_roots.clone());
        if let Some(known) = self.trusts.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let mut roots = self.base(plan.roots).await;
        if !plan.extra_roots.is_empty() {
            let extra = plan.extra_roots.iter().map(|der| CertificateDer::from_slice(der));
            Arc::make_mut(&mut roots).add_parsable_certificates(extra);
        }
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&self.crypto)).build()?;
        let trust = Trust { roots, verifier };
        let mut trusts = self.trusts.lock().unwrap_or_else(PoisonError::into_inner);
        if trusts.len() >= MOST_TRUSTS {
            trusts.clear();
        }
        trusts.insert(key, trust.clone());
        Ok(trust)
    }

    /// The base of trust. The system's store is read once, at its first use, off the runtime's threads.
    async fn base(&self, which: Roots) -> Arc<RootCertStore> {
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
