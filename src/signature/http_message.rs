//! HTTP message signatures with a shared secret, as Genesys AudioHook makes them: `Signature-Input` and `Signature` (RFC 9421).
//!
//! The order of the parts and of the parameters is that of Genesys' reference implementation (`signature-builder.ts` of
//! `purecloudlabs/audiohook-reference-implementation`), which follows draft 11 of the RFC; what is used of it here has not changed
//! since. Deliberately absent: other algorithms, several signatures in one message, and parts with parameters of their own.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;

use super::hmac;

/// The header that says what is signed.
pub const INPUT_HEADER: &str = "Signature-Input";

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "Signature";

/// The name of the signature in both headers.
const LABEL: &str = "sig1";

/// How long a signature holds, in seconds: what the reference implementation has.
pub const LIFETIME: u64 = 30;

/// The parts of a request that are signed.
#[derive(Clone, Copy)]
pub struct Covered<'a> {
    /// Path and query, as in the request line.
    pub request_target: &'a str,
    /// The host, with the port unless it is the scheme's default (RFC 9421 section 2.2.3); it is signed in lower case.
    pub authority: &'a str,
    /// Names and values of header fields, each name once, in the order in which they are signed. For AudioHook:
    /// `audiohook-organization-id`, `audiohook-session-id`, `audiohook-correlation-id`, `x-api-key`.
    pub headers: &'a [(&'a str, &'a str)],
}

impl fmt::Debug for Covered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An API key may be among the values, and the query may hold a token.
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("Covered").field("authority", &self.authority).field("headers", &names).finish_non_exhaustive()
    }
}

/// What it is signed with.
#[derive(Clone, Copy)]
pub struct Key<'a> {
    /// The name of the key. For AudioHook: the API key. Printable ASCII, which is what a header can carry.
    pub id: &'a str,
    /// The secret itself. (AudioHook's client secret is shown in base64: these are the bytes in it.)
    pub secret: &'a [u8],
}

impl fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The id is AudioHook's API key, which is a secret as well.
        f.write_str("Key(***)")
    }
}

/// The values of the two headers of a signed request.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// The value of [`INPUT_HEADER`]. The id of the key stands in it.
    pub input: String,
    /// The value of [`SIGNATURE_HEADER`].
    pub signature: String,
}

impl fmt::Debug for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signed(***)")
    }
}

/// Signs a request for [`LIFETIME`] seconds from `created`, in seconds since 1970.
///
/// `nonce` is to be used once, so that a server can refuse a request that is replayed: the reference implementation takes 18 random
/// bytes in base64.
#[must_use]
pub fn sign(covered: &Covered<'_>, key: Key<'_>, nonce: &str, created: u64) -> Signed {
    sign_until(covered, key, nonce, created, created.saturating_add(LIFETIME))
}

fn sign_until(covered: &Covered<'_>, key: Key<'_>, nonce: &str, created: u64, expires: u64) -> Signed {
    let authority = covered.authority.to_ascii_lowercase();
    let mut parts = vec![("@request-target".to_owned(), covered.request_target), ("@authority".to_owned(), authority.as_str())];
    // RFC 9421 section 2.1: names in lower case, values without white space around them.
    parts.extend(covered.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']))));
    let (keyid, nonce) = (quoted(key.id), quoted(nonce));
    let params = format!(";keyid={keyid};nonce={nonce};alg=\"hmac-sha256\";created={created};expires={expires}");
    let (input, base) = input_and_base(&parts, &params);
    let mac = STANDARD.encode(hmac::<Sha256>(key.secret, base.as_bytes()));
    Signed { input: format!("{LABEL}={input}"), signature: format!("{LABEL}=:{mac}:") }
}

/// The list of what is signed with its parameters, and the text that the HMAC is made of (RFC 9421 sections 2.3 and 2.5).
fn input_and_base(parts: &[(String, &str)], params: &str) -> (String, String) {
    let names: Vec<_> = parts.iter().map(|(name, _)| quoted(name)).collect();
    let input = format!("({}){params}", names.join(" "));
    let lines = names.iter().zip(parts).map(|(name, (_, value))| format!("{name}: {value}\n"));
    let base = lines.chain([format!("\"@signature-params\": {input}")]).collect();
    (input, base)
}

/// A string of RFC 8941 section 4.1.6.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";
    const NONCE: &str = "VGhpc0lzQVVuaXF1ZU5vbmNl";
    const CREATED: u64 = 1_641_013_200;
    const COVERED: Covered<'static> = Covered {
        request_target: "/api/v1/voicebiometrics/ws",
        authority: "audiohook.example.com",
        headers: &[
            ("audiohook-organization-id", "d7934305-0972-4844-938e-9060eef73d05"),
            ("audiohook-session-id", "30b0e395-84d3-4570-ac13-9a62d8f514c0"),
            ("audiohook-correlation-id", "e160e428-53e2-487c-977d-96989bf5c99d"),
            ("x-api-key", ID),
        ],
    };

    fn secret() -> Vec<u8> {
        STANDARD.decode("TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU=").unwrap()
    }

    /// "Example 1" of the AudioHook documentation, as `signature-verifier.test.ts` of the reference implementation has it. It holds for
    /// fifty years.
    #[test]
    fn the_example_of_the_audiohook_documentation() {
        let secret = secret();
        let signed = sign_until(&COVERED, Key { id: ID, secret: &secret }, NONCE, CREATED, 3_282_026_430);
        let input = concat!(
            r#"sig1=("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "#,
            r#""x-api-key");keyid="SGVsbG8sIEkgYW0gdGhlIEFQSSBrZXkh";nonce="VGhpc0lzQVVuaXF1ZU5vbmNl";alg="hmac-sha256";"#,
            "created=1641013200;expires=3282026430"
        );
        assert_eq!(signed.input, input);
        assert_eq!(signed.signature, "sig1=:NZBwyBHRRyRoeLqy1IzOa9VYBuI8TgMFt2GRDkDuJh4=:");
    }

    /// Made once with `SignatureBuilder` of the reference implementation (2871b01): the same request with its own lifetime, and one with
    /// a port, a query, a key id that has to be quoted, and white space around a value.
    #[test]
    fn signatures_are_those_of_the_reference_implementation() {
        let secret = secret();
        let signed = sign(&COVERED, Key { id: ID, secret: &secret }, NONCE, CREATED);
        assert!(signed.input.ends_with(";created=1641013200;expires=1641013230"), "{}", signed.input);
        assert_eq!(signed.signature, "sig1=:13MrOmtEIFb8cH00czAZWdEkgJr9QlnAQABRRF1A2gE=:");
        let odd = Covered {
            request_target: "/ws?tenant=1&name=%22",
            authority: "Audiohook.example.com:8443",
            headers: &[("Audiohook-Session-Id", " 30b0e395-84d3-4570-ac13-9a62d8f514c0\t"), ("X-API-KEY", r#"a "quoted\" key"#)],
        };
        let signed = sign(&odd, Key { id: r#"a "quoted\" key"#, secret: b"secret" }, "n", 1);
        assert_eq!(
            signed.input,
            r#"sig1=("@request-target" "@authority" "audiohook-session-id" "x-api-key");keyid="a \"quoted\\\" key";nonce="n";alg="hmac-sha256";created=1;expires=31"#
        );
        assert_eq!(signed.signature, "sig1=:59dr7SoXhrN3d4Zrldm4DDLml1Fly2PscCK4bSMuVpQ=:");
    }

    /// RFC 9421 appendix B.2.5, with the key `test-shared-secret` of appendix B.1.5.
    #[test]
    fn the_example_of_the_rfc() {
        let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
        let parts =
            [("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("@authority", "example.com"), ("content-type", "application/json")];
        let parts = parts.map(|(name, value)| (name.to_owned(), value));
        let (input, base) = input_and_base(&parts, r#";created=1618884473;keyid="test-shared-secret""#);
        assert_eq!(input, r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#);
        let mac = hmac::<Sha256>(&STANDARD.decode(secret).unwrap(), base.as_bytes());
        assert_eq!(STANDARD.encode(mac), "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = Key { id: "canary", secret: b"canary" };
        let covered = Covered { request_target: "/?token=canary", headers: &[("x-api-key", "canary")], ..COVERED };
        let signed = sign(&covered, key, NONCE, CREATED);
        assert!(!format!("{covered:?} {key:?} {signed:?}").contains("canary"));
    }
}
