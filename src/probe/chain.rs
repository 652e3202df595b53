//! Reads the certificates that a server sent: for the report, and to tell the four causes of "unknown issuer" apart.
//!
//! Works on the bytes alone, offline. Names are hostile text and are sanitised here.

use std::collections::HashSet;

use rustls::RootCertStore;
use x509_parser::prelude::{FromDer, GeneralName, ParsedExtension, X509Certificate};

use crate::report::CertificateReport;
use crate::text::Printable;
use crate::verdict::ChainFacts;
use crate::wall::Timestamp;

const LONGEST_NAME: usize = 256;
const MOST_NAMES: usize = 32;
/// Certificates of a chain that are read; rustls caps the bytes, and honest chains have two to five.
const MOST_CERTIFICATES: usize = 10;

/// Signed certificate timestamps: only public authorities put them in (RFC 6962 section 3.3).
const SCT_LIST: &str = "1.3.6.1.4.1.11129.2.4.2";
/// The CA/Browser Forum's policies, under which every public server certificate is issued (baseline requirements 7.1.6.1, and the
/// extended validation one).
const PUBLIC_POLICIES: [&str; 5] = ["2.23.140.1.2.1", "2.23.140.1.2.2", "2.23.140.1.2.3", "2.23.140.1.1", "2.23.140.1.3"];

/// The sent chain in the report's form, the leaf first. Certificates that cannot be parsed are left out.
pub(super) fn describe(chain: &[Vec<u8>]) -> Vec<CertificateReport> {
    parse(chain).iter().map(describe_one).collect()
}

fn parse(chain: &[Vec<u8>]) -> Vec<X509Certificate<'_>> {
    chain.iter().take(MOST_CERTIFICATES).filter_map(|der| X509Certificate::from_der(der).ok()).map(|(_, parsed)| parsed).collect()
}

fn describe_one(certificate: &X509Certificate<'_>) -> CertificateReport {
    let name = |text: String| Printable::capture(text.as_bytes(), LONGEST_NAME);
    let validity = certificate.validity();
    CertificateReport {
        subject: name(certificate.subject().to_string()),
        issuer: name(certificate.issuer().to_string()),
        not_before: Timestamp::from_unix_seconds(validity.not_before.timestamp()),
        not_after: Timestamp::from_unix_seconds(validity.not_after.timestamp()),
        names: alternative_names(certificate),
    }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<Printable> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let names = extension.value.general_names.iter();
    names.filter_map(alternative_name).take(MOST_NAMES).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "of all kinds of names, two are compared with a host")]
fn alternative_name(name: &GeneralName<'_>) -> Option<Printable> {
    match name {
        GeneralName::DNSName(dns) => Some(Printable::capture(dns.as_bytes(), LONGEST_NAME)),
        GeneralName::IPAddress([a, b, c, d]) => Some(Printable::trusted(format!("{a}.{b}.{c}.{d}"))),
        GeneralName::IPAddress(bytes) => {
            let octets: [u8; 16] = (*bytes).try_into().ok()?;
            Some(Printable::trusted(std::net::Ipv6Addr::from(octets).to_string()))
        }
        _ => None,
    }
}

/// What the chain says about its issuer.
pub(super) fn facts(chain: &[Vec<u8>], roots: &RootCertStore) -> ChainFacts {
    let certificates = parse(chain);
    let Some(leaf) = certificates.first() else { return ChainFacts::default() };
    let top = topmost(&certificates);
    ChainFacts {
        leaf_is_its_own_issuer: names_itself(leaf) && leaf.verify_signature(None).is_ok(),
        ends_at_a_root: certificates.len() > 1 && names_itself(top),
        issuer_has_a_trusted_name: roots.roots.iter().any(|root| root.subject.as_ref() == inside_sequence(top.issuer().as_raw())),
        leaf_is_public: is_public(leaf),
    }
}

fn names_itself(certificate: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == certificate.subject().as_raw()
}

/// Follows issuers among the sent certificates, in whatever order they came, as far as it goes.
fn topmost<'a, 'b>(certificates: &'a [X509Certificate<'b>]) -> &'a X509Certificate<'b> {
    let mut seen = HashSet::from([0]);
    let mut at = 0;
    while !names_itself(&certificates[at]) {
        let issuer = certificates[at].issuer().as_raw();
        let Some(next) = certificates.iter().position(|other| other.subject().as_raw() == issuer) else { break };
        if !seen.insert(next) {
            break;
        }
        at = next;
    }
    &certificates[at]
}

fn is_public(leaf: &X509Certificate<'_>) -> bool {
    leaf.extensions().iter().any(|extension| {
        let policies =
            if let ParsedExtension::CertificatePolicies(policies) = extension.parsed_extension() { &policies[..] } else { &[] };
        extension.oid.to_id_string() == SCT_LIST
            || policies.iter().any(|policy| PUBLIC_POLICIES.contains(&policy.policy_id.to_id_string().as_str()))
    })
}

/// The content of a DER SEQUENCE: trust anchors keep their subject without its header (RFC 5914 as webpki has it).
fn inside_sequence(der: &[u8]) -> &[u8] {
    match der {
        [0x30, length, content @ ..] if *length < 0x80 => content,
        [0x30, 0x81, _, content @ ..] => content,
        [0x30, 0x82, _, _, content @ ..] => content,
        other => other,
    }
}

/// The first certificate of the chain, leaf first, whose validity does not include `now`, in words.
pub(super) fn outside_validity(certificates: &[CertificateReport], now: Timestamp) -> Option<String> {
    certificates.iter().enumerate().find_map(|(index, certificate)| {
        let which = if index == 0 { "the server's own certificate" } else { "an intermediate certificate" };
        if certificate.not_after < now {
            Some(format!("{which}, {}, expired at {}", certificate.subject, certificate.not_after))
        } else if now < certificate.not_before {
            Some(format!("{which}, {}, is not valid before {}", certificate.subject, certificate.not_before))
        } else {
            None
        }
    })
}
