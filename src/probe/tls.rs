//! Phase `tls`: a full handshake, verified as a provider verifies, with the chain kept whatever the verdict.
//!
//! No resumption: a resumed session sends no certificate, and a monitor that resumes does not see a certificate change. ALPN offers
//! `http/1.1` alone, as WebSocket over HTTP/2 is another protocol.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, VerifierBuilderError, WebPkiServerVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::AsyncReadExt as _;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::blame::{self, TlsContext};
use super::chain;
use super::line::{RawTap, Transport};
use super::resources::{Resources, Trust};
use crate::monitor::{ClientIdentity, TlsPlan};
use crate::report::{CertificateReport, TlsReport};
use crate::text::Printable;
use crate::verdict::TlsFault;
use crate::wall::Timestamp;

/// How long we look for an alert after a handshake that broke.
const ALERT_PATIENCE: Duration = Duration::from_millis(100);
/// How much we read for it.
const MOST_LEFT: u64 = 16 * 1024;

/// What the handshake gave.
pub(super) struct Shaken {
    pub(super) result: Result<Box<TlsStream<RawTap>>, TlsFault>,
    pub(super) report: TlsReport,
    /// What the library said, if it failed; for the timeline.
    pub(super) error: Option<String>,
    /// The certificate that is outside its validity, in words.
    pub(super) outside_validity: Option<String>,
}

/// What the verifier saw.
#[derive(Debug, Default)]
struct Seen {
    /// Was our first message written? The TCP connection is up then.
    began: watch::Sender<bool>,
    chain: Vec<Vec<u8>>,
    error: Option<rustls::Error>,
}

/// Shakes hands within `deadline`.
pub(super) async fn handshake(
    stream: RawTap,
    host: &Host<String>,
    plan: &TlsPlan,
    resources: &Resources,
    deadline: Duration,
) -> Shaken {
    let trust = resources.trust(plan).await;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let mut broken = None;
    let result = match prepare(plan, host, trust.as_ref(), resources, &seen) {
        Ok((config, name)) => {
            let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream).into_fallible();
            tokio::time::timeout(deadline, connecting).await.map_err(|_| TlsFault::Timeout)
        }
        Err(error) => {
            broken = Some(error.to_string());
            Err(TlsFault::Other)
        }
    };
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner));
    let facts = trust.as_ref().map(|trust| chain::facts(&seen.chain, &trust.roots)).unwrap_or_default();
    let result = match result {
        Err(fault) => Err(fault),
        Ok(Ok(session)) => Ok(Box::new(session)),
        Ok(Err((error, mut raw))) => {
            let context = TlsContext {
                // What the library says itself goes first.
                waiting_alert: if blame::inner_tls(&error).is_none() { waiting_alert(&mut raw).await } else { None },
                certificates_came: !seen.chain.is_empty(),
                first_bytes: &raw.first_bytes,
                chain: facts,
                with_client_certificate: plan.client.is_some(),
                peer_took_bytes: peer_took_bytes(&raw),
            };
            broken = Some(error.to_string());
            Err(blame::tls_fault(&error, &context))
        }
    };
    let report = describe(&result, &seen);
    let outside_validity = chain::outside_validity(&report.certificates, Timestamp::now());
    Shaken { result, report, error: broken, outside_validity }
}

/// A server that refuses may close before it has read all that we say; our write fails then, while its alert lies unread. Finds it
/// among the plaintext records that are left (RFC 5246 section 6.2.1: type 21, length 2).
async fn waiting_alert(raw: &mut RawTap) -> Option<u8> {
    const FATAL: u8 = 2;
    let mut left = Vec::new();
    let _ = tokio::time::timeout(ALERT_PATIENCE, raw.take(MOST_LEFT).read_to_end(&mut left)).await;
    let mut records = left.as_slice();
    while let [kind, 3, _, high, low, rest @ ..] = records {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        match rest {
            [FATAL, number, ..] if *kind == 21 && length == 2 => return Some(*number),
            _ => records = rest.get(length..)?,
        }
    }
    None
}

/// Did the peer acknowledge any byte of ours? The SYN counts as one (`tcpi_bytes_acked`).
pub(super) fn peer_took_bytes(stream: &impl Transport) -> Option<bool> {
    stream.path_sample()?.bytes_acknowledged.map(|bytes| bytes > 1)
}

fn prepare(
    plan: &TlsPlan,
    host: &Host<String>,
    trust: Result<&Trust, &VerifierBuilderError>,
    resources: &Resources,
    seen: &Arc<Mutex<Seen>>,
) -> Result<(ClientConfig, ServerName<'static>), rustls::Error> {
    let config = client_config(plan, plan.client.as_ref(), trust, resources, seen)?;
    Ok((config, server_name(plan, host).map_err(|error| general(&error))?))
}

fn general(error: &dyn std::fmt::Display) -> rustls::Error {
    rustls::Error::General(error.to_string())
}

fn client_config(
    plan: &TlsPlan,
    client: Option<&ClientIdentity>,
    trust: Result<&Trust, &VerifierBuilderError>,
    resources: &Resources,
    seen: &Arc<Mutex<Seen>>,
) -> Result<ClientConfig, rustls::Error> {
    let crypto = resources.crypto();
    let inner = Arc::clone(&trust.map_err(|error| general(error))?.verifier);
    let verifier = RecordingVerifier { inner, enforce: plan.verify, seen: Arc::clone(seen) };
    let builder = ClientConfig::builder_with_provider(Arc::clone(crypto)).with_safe_default_protocol_versions()?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.expose().as_bytes()).map_err(|error| general(&error))?;
            builder.with_client_auth_cert(chain, key)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// A configuration for connections without TLS, whose library wants one: it trusts nobody.
pub(super) fn no_tls(resources: &Resources) -> Result<ClientConfig, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(resources.crypto())).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

/// What a handshake that another library makes goes by, and what came of it.
pub(super) struct Witness {
    trust: Trust,
    seen: Arc<Mutex<Seen>>,
    began: watch::Receiver<bool>,
}

impl Witness {
    /// A configuration with the same trust as ours, and who watches its handshake. Without the plan's own certificate, and without its name
    /// for the server.
    pub(super) async fn of(plan: &TlsPlan, resources: &Resources) -> Result<(ClientConfig, Self), rustls::Error> {
        let trust = resources.trust(plan).await.map_err(|error| general(&error))?;
        let seen = Seen::default();
        let began = seen.began.subscribe();
        let seen = Arc::new(Mutex::new(seen));
        let config = client_config(plan, None, Ok(&trust), resources, &seen)?;
        Ok((config, Self { trust, seen, began }))
    }

    /// The certificates as sent.
    pub(super) fn certificates(&self) -> Vec<CertificateReport> {
        chain::describe(&self.seen.lock().unwrap_or_else(PoisonError::into_inner).chain)
    }

    /// Turns true when the handshake begins; the connection is up then.
    pub(super) fn began(&self) -> watch::Receiver<bool> {
        self.began.clone()
    }

    /// What became of the handshake that broke with `error`. What came instead of TLS is not known: the library reads its connection itself
    /// and drops it with the handshake, and to look once more would be a second connection. So an SSH banner or HTTP without TLS comes to
    /// "not TLS", and is not named.
    pub(super) fn fault(&self, error: &io::Error) -> TlsFault {
        let sent = self.seen.lock().unwrap_or_else(PoisonError::into_inner).chain.clone();
        let context = TlsContext {
            first_bytes: &[],
            certificates_came: !sent.is_empty(),
            waiting_alert: None,
            chain: chain::facts(&sent, &self.trust.roots),
            with_client_certificate: false,
            peer_took_bytes: None,
        };
        blame::tls_fault(error, &context)
    }
}

fn server_name(plan: &TlsPlan, host: &Host<String>) -> Result<ServerName<'static>, rustls::pki_types::InvalidDnsNameError> {
    match (&plan.server_name, host) {
        (Some(name), _) | (None, Host::Domain(name)) => ServerName::try_from(name.clone()),
        (None, Host::Ipv4(ip)) => Ok(ServerName::IpAddress(std::net::IpAddr::from(*ip).into())),
        (None, Host::Ipv6(ip)) => Ok(ServerName::IpAddress(std::net::IpAddr::from(*ip).into())),
    }
}

fn describe(result: &Result<Box<TlsStream<RawTap>>, TlsFault>, seen: &Seen) -> TlsReport {
    let session = result.as_ref().ok().map(|stream| stream.get_ref().1);
    TlsReport {
        version: session.and_then(|session| session.protocol_version()).map(version_name),
        cipher_suite: session.and_then(|session| session.negotiated_cipher_suite()).map(|suite| format!("{:?}", suite.suite())),
        alpn: session.and_then(|session| session.alpn_protocol()).map(|protocol| Printable::capture(protocol, 32)),
        verified: !seen.chain.is_empty() && seen.error.is_none(),
        certificates: chain::describe(&seen.chain),
    }
}

/// rustls speaks these two only.
fn version_name(version: rustls::ProtocolVersion) -> String {
    if version == rustls::ProtocolVersion::TLSv1_2 { "TLSv1.2".to_owned() } else { "TLSv1.3".to_owned() }
}

/// Keeps the sent chain and the inner verifier's verdict, which it returns unchanged unless `enforce` is off.
#[derive(Debug)]
struct RecordingVerifier {
    inner: Arc<WebPkiServerVerifier>,
    enforce: bool,
    seen: Arc<Mutex<Seen>>,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let chain = std::iter::once(end_entity).chain(intermediates).map(|certificate| certificate.to_vec()).collect();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.chain, seen.error) = (chain, verdict.as_ref().err().cloned());
        drop(seen);
        if self.enforce { verdict } else { Ok(ServerCertVerified::assertion()) }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    /// Asked for when the first message is written, which names them (RFC 8446 section 4.2.3).
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).began.send_replace(true);
        self.inner.supported_verify_schemes()
    }
}
