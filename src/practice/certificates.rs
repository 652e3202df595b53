//! The practice CA and every certificate under it, beside it, or wrong in one way: made at start, kept in memory only.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use time::{Duration, OffsetDateTime};

use super::behaviour::Stage;
use super::script::{Identity, Script, TlsScript};
use super::table::BEHAVIOURS;
use crate::wall::Timestamp;

/// certificatePolicies (RFC 5280 section 4.2.1.4): { 2.23.140.1.2.1 }, the CA/Browser Forum's "domain validated". Public authorities put it
/// into their certificates, private ones do not.
const DOMAIN_VALIDATED: (&[u64], &[u8]) =
    (&[2, 5, 29, 32], &[0x30, 0x0A, 0x30, 0x08, 0x06, 0x06, 0x67, 0x81, 0x0C, 0x01, 0x02, 0x01]);
/// authorityInfoAccess (RFC 5280 section 4.2.2.1) with caIssuers `http://ca.example.com/r1.der`.
const CA_ISSUERS: (&[u64], &[u8]) = (
    &[1, 3, 6, 1, 5, 5, 7, 1, 1],
    b"\x30\x2A\x30\x28\x06\x08\x2B\x06\x01\x05\x05\x07\x30\x02\x86\x1Chttp://ca.example.com/r1.der",
);
/// Under the enterprise number for documentation (RFC 5612); the content is a NULL.
const UNKNOWN_EXTENSION: (&[u64], &[u8]) = (&[1, 3, 6, 1, 4, 1, 32473, 1], &[0x05, 0x00]);

const CA_NAME: &str = "sidetone practice CA";

/// A certificate chain and its key, as PEM.
#[derive(Clone)]
pub struct PemIdentity {
    /// The certificate.
    pub certificate: String,
    /// Its private key. It opens practice servers of this process and nothing else.
    pub key: String,
}

impl std::fmt::Debug for PemIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PemIdentity").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Everything that TLS needs, ready to use.
#[derive(Debug)]
pub(super) struct Certificates {
    ca: Certificate,
    configs: HashMap<Identity, Arc<ServerConfig>>,
    good: Arc<ServerConfig>,
    client: PemIdentity,
    stranger: PemIdentity,
}

impl Certificates {
    /// Makes them; `own` is a further address that the good ones are for.
    pub(super) fn make(own: IpAddr) -> io::Result<Self> {
        Self::try_make(own).map_err(io::Error::other)
    }

    fn try_make(own: IpAddr) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let workshop = Workshop::open(own)?;
        let mut configs = HashMap::new();
        for row in BEHAVIOURS {
            if let Script::Tls(TlsScript::Handshake(identity)) = row.script {
                configs.insert(identity, Arc::new(workshop.config(identity)?));
            }
        }
        Ok(Self {
            good: Arc::new(workshop.config(Identity::Good)?),
            configs,
            client: workshop.client_identity(&workshop.practice)?,
            stranger: workshop.client_identity(&workshop.private)?,
            ca: workshop.practice.certificate,
        })
    }

    pub(super) fn config(&self, identity: Identity) -> Arc<ServerConfig> {
        Arc::clone(self.configs.get(&identity).unwrap_or(&self.good))
    }

    pub(super) fn ca(&self) -> &Certificate {
        &self.ca
    }

    pub(super) fn client(&self) -> &PemIdentity {
        &self.client
    }

    pub(super) fn stranger(&self) -> &PemIdentity {
        &self.stranger
    }
}

/// A CA: what its certificates name as issuer, and the key that signs them.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: Certificate,
}

impl Authority {
    fn root(name: &str) -> Result<Self, rcgen::Error> {
        let (params, key) = (authority_params(name), KeyPair::generate()?);
        Ok(Self { certificate: params.self_signed(&key)?, params, key })
    }

    fn sign(&self, params: &CertificateParams, key: &KeyPair) -> Result<Certificate, rcgen::Error> {
        params.signed_by(key, &Issuer::from_params(&self.params, &self.key))
    }

    fn under(&self, params: CertificateParams) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        Ok(Self { certificate: self.sign(&params, &key)?, params, key })
    }
}

/// What the configurations are made from.
struct Workshop {
    provider: Arc<CryptoProvider>,
    practice: Authority,
    /// Trusted by nobody.
    private: Authority,
    /// All servers share one key: making keys is what takes time.
    key: KeyPair,
    own: IpAddr,
}

impl Workshop {
    fn open(own: IpAddr) -> Result<Self, rcgen::Error> {
        Ok(Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            practice: Authority::root(CA_NAME)?,
            private: Authority::root("Private Root")?,
            key: KeyPair::generate()?,
            own,
        })
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the client-certificate rows are the exception; `chain` meets every identity"
    )]
    fn config(&self, identity: Identity) -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
        let clients = match identity {
            Identity::ClientCertificate => Some((&rustls::version::TLS13, self.clients_of(&self.practice)?)),
            Identity::ClientCertificateTls12 => Some((&rustls::version::TLS12, self.clients_of(&self.practice)?)),
            Identity::ClientCertificateRejected => Some((&rustls::version::TLS13, self.clients_of(&Authority::root("Nobody")?)?)),
            _ => None,
        };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = match clients {
            Some((version, verifier)) => builder.with_protocol_versions(&[version])?.with_client_cert_verifier(verifier),
            None => builder.with_protocol_versions(rustls::ALL_VERSIONS)?.with_no_client_auth(),
        };
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        // Not `with_single_cert`, which refuses some of what has to be sent here.
        let identity_and_key = CertifiedKey::new(self.chain(identity)?, self.provider.key_provider.load_private_key(key)?);
        let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity_and_key)));
        let protocol: &[u8] = if identity == Identity::AlpnH2 { b"h2" } else { b"http/1.1" };
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(config)
    }

    fn clients_of(&self, authority: &Authority) -> Result<Arc<dyn ClientCertVerifier>, Box<dyn std::error::Error + Send + Sync>> {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate.der().clone())?;
        Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider)).build()?)
    }

    /// The chain that is sent, the leaf first.
    fn chain(&self, identity: Identity) -> Result<Vec<CertificateDer<'static>>, rcgen::Error> {
        let mut leaf = self.leaf_params();
        let ders = |chain: &[&Certificate]| Ok(chain.iter().map(|certificate| certificate.der().clone()).collect());
        let alone = |leaf: &CertificateParams, issuer: &Authority| ders(&[&issuer.sign(leaf, &self.key)?]);
        match identity {
            Identity::Good
            | Identity::AlpnH2
            | Identity::ClientCertificate
            | Identity::ClientCertificateTls12
            | Identity::ClientCertificateRejected => alone(&leaf, &self.practice),
            Identity::Expired => {
                expire(&mut leaf);
                alone(&leaf, &self.practice)
            }
            Identity::ExpiredIntermediate => {
                let mut params = authority_params("Practice Intermediate E1");
                expire(&mut params);
                let intermediate = self.practice.under(params)?;
                ders(&[&intermediate.sign(&leaf, &self.key)?, &intermediate.certificate])
            }
            Identity::NotYetValid => {
                leaf.not_before = now() + Duration::days(30);
                alone(&leaf, &self.practice)
            }
            Identity::WrongHost => {
                leaf.subject_alt_names = dns_names(&["other.example.com".to_owned()])?;
                alone(&leaf, &self.practice)
            }
            Identity::WrongPurpose => {
                leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                alone(&leaf, &self.practice)
            }
            Identity::BadSignature => alone(&leaf, &Authority::root(CA_NAME)?),
            Identity::SelfSigned => {
                leaf.is_ca = IsCa::ExplicitNoCa;
                ders(&[&leaf.self_signed(&self.key)?])
            }
            Identity::SelfSignedCa => {
                leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                ders(&[&leaf.self_signed(&self.key)?])
            }
            Identity::PrivateCa => ders(&[&self.private.sign(&leaf, &self.key)?, &self.private.certificate]),
            Identity::MissingIntermediate => {
                leaf.not_after = now() + Duration::days(90);
                leaf.custom_extensions = vec![extension(DOMAIN_VALIDATED, false), extension(CA_ISSUERS, false)];
                alone(&leaf, &self.practice.under(authority_params("Practice Intermediate R1"))?)
            }
            Identity::UnknownIssuer => alone(&leaf, &self.private),
            Identity::PathTooLong => {
                let mut params = authority_params("Practice Intermediate P0");
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                let first = self.practice.under(params)?;
                let second = first.under(authority_params("Practice Intermediate P1"))?;
                ders(&[&second.sign(&leaf, &self.key)?, &second.certificate, &first.certificate])
            }
            Identity::UnknownCriticalExtension => {
                leaf.custom_extensions = vec![extension(UNKNOWN_EXTENSION, true)];
                alone(&leaf, &self.practice)
            }
            Identity::TrailingByte => {
                let certificate = self.practice.sign(&leaf, &self.key)?;
                Ok(vec![[certificate.der().as_ref(), &[0]].concat().into()])
            }
        }
    }

    /// A good server certificate. Each behaviour's name stands in it on its own, as `*.localhost` is too wide for some clients.
    fn leaf_params(&self) -> CertificateParams {
        let mut params = params("practice.test");
        let mut names: Vec<String> = ["localhost", "*.localhost", "practice.test", "*.practice.test", "*.practice.example.com"]
            .map(str::to_owned)
            .to_vec();
        names.extend(BEHAVIOURS.iter().filter(|row| row.stage == Stage::Tls).map(|row| format!("{}.localhost", row.name)));
        params.subject_alt_names = dns_names(&names).unwrap_or_default();
        let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        if !addresses.contains(&self.own) {
            addresses.push(self.own);
        }
        params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params
    }

    fn client_identity(&self, issuer: &Authority) -> Result<PemIdentity, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = params("practice client");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        Ok(PemIdentity { certificate: issuer.sign(&params, &key)?.pem(), key: key.serialize_pem() })
    }
}

/// Valid from yesterday on for ten years: far longer than a public authority may issue.
fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = now() - Duration::days(1);
    params.not_after = now() + Duration::days(3650);
    params.use_authority_key_identifier_extension = true;
    params
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn expire(params: &mut CertificateParams) {
    params.not_before = now() - Duration::days(91);
    params.not_after = now() - Duration::days(1);
}

fn extension((oid, content): (&[u64], &[u8]), critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

fn dns_names(names: &[String]) -> Result<Vec<SanType>, rcgen::Error> {
    names.iter().map(|name| Ok(SanType::DnsName(name.as_str().try_into()?))).collect()
}

fn now() -> OffsetDateTime {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds since 1970")]
    let seconds = Timestamp::now().unix_seconds() as i64;
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
