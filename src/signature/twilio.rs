//! Twilio's request signature: `X-Twilio-Signature`, on webhooks and on the WebSocket upgrade.
//!
//! What is signed is the URL with the form parameters behind it; the source is the package `twilio` 9.13.0
//! (`twilio/request_validator.py`). For an upgrade it is the `wss://` URL as it stands in the TwiML, without parameters. (That Twilio
//! signs the `wss` form and not `https` is known from servers that check it and not from Twilio's documentation.)
//!
//! The URL is signed **without the default port**: of `wss://h/p`, the package also tries `wss://h:80/p`, as it knows no other secure
//! scheme than `https`, and so a signature over `wss://h:443/p` is refused.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::hmac;
use crate::outcome::words;

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "X-Twilio-Signature";

/// The header that says which key and algorithm the signature has; see [`settings_header`].
pub const SETTINGS_HEADER: &str = "X-Twilio-Webhooks-Signature-Settings";

words! {
    /// How the HMAC is made.
    Algorithm {
        /// HMAC-SHA1 with the auth token of the account, which is what a signature without [`SETTINGS_HEADER`] is.
        Sha1 = "sha1",
        /// HMAC-SHA256 with the secret of a shared key. Webhooks can have it; whether upgrades do is not documented.
        Sha256 = "sha256",
    }
}

/// The value of [`SIGNATURE_HEADER`] for a request to `url` with the form parameters `params`, in standard base64.
///
/// `url` is what the server has been given, character by character, without the default port of its scheme; see the module. Names and
/// values are those of the form before it is encoded, in any order: each pair counts once, sorted by name and then by value. A body of
/// JSON is not in `params`: its hash stands in the URL, see [`body_sha256`].
#[must_use]
pub fn sign(token: &[u8], url: &str, params: &[(String, String)], algorithm: Algorithm) -> String {
    let mut pairs: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut message = url.to_owned();
    message.extend(pairs.into_iter().flat_map(|(name, value)| [name, value]));
    let mac = match algorithm {
        Algorithm::Sha1 => hmac::<Sha1>(token, message.as_bytes()),
        Algorithm::Sha256 => hmac::<Sha256>(token, message.as_bytes()),
    };
    STANDARD.encode(mac)
}

/// The value of [`SETTINGS_HEADER`] for a signature by [`Algorithm::Sha256`] with the shared key `key_id`.
#[must_use]
pub fn settings_header(key_id: &str) -> String {
    format!("key={key_id},algorithm=HMAC_SHA256")
}

/// The value of the query parameter `bodySHA256`, with which the URL of a webhook vouches for a body that is no form: in hexadecimal.
#[must_use]
pub fn body_sha256(body: &[u8]) -> String {
    Sha256::digest(body).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a text cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &[u8] = b"12345";

    fn owned(params: &[(&str, &str)]) -> Vec<(String, String)> {
        params.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    type Form = &'static [(&'static str, &'static str)];

    const CALL: Form = &[
        ("To", "+18005551212"),
        ("From", "+14158675309"),
        ("Digits", "1234"),
        ("Caller", "+14158675309"),
        ("CallSid", "CA1234567890ABCDE"),
    ];
    /// A name in upper and lower case, a name and a pair that come twice, a value without text, and one beyond ASCII.
    const ODD: Form = &[("b", "2"), ("B", "1"), ("a", "2"), ("a", "1"), ("a", "2"), ("empty", ""), ("City", "Zürich")];

    /// Made with `RequestValidator("12345").compute_signature` of `twilio` 9.13.0; that of the form with SHA-1 is in its documentation.
    #[test]
    fn signatures_are_those_of_the_package() {
        use Algorithm::{Sha1, Sha256};
        let form = "https://mycompany.com/myapp.php?foo=1&bar=2";
        let rows: [(&str, Form, Algorithm, &str); 8] = [
            ("wss://voice.example.com/media", &[], Sha1, "jFDHVhI8XO69C49uXR3xmdZPylY="),
            ("wss://voice.example.com/media", &[], Sha256, "9vcxwRUePA6mZ2xb6UTPNQJhjz9tsjeFDwQQbFiFgW0="),
            ("https://voice.example.com/media", &[], Sha1, "2A768no+sGy6/ZLDxHITQfda/E8="),
            (form, CALL, Sha1, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
            (form, CALL, Sha256, "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="),
            (form, ODD, Sha1, "o/MlRwJ9eEhLlpxxFp4rUpkNs0A="),
            (form, ODD, Sha256, "7hfymxGoSC0XpVFI2ZKZ/MzHxw29Pc0LR8EZofbQJgc="),
            ("wss://voice.example.com:8443/media", &[], Sha1, "v5v5K44oP2LP16SojRpsMcloC/I="),
        ];
        for (url, params, algorithm, signature) in rows {
            assert_eq!(sign(TOKEN, url, &owned(params), algorithm), signature, "{url} {algorithm}");
        }
    }

    #[test]
    fn the_default_port_makes_another_signature() {
        let sign = |url| sign(TOKEN, url, &[], Algorithm::Sha1);
        assert_ne!(sign("wss://voice.example.com/media"), sign("wss://voice.example.com:443/media"));
    }

    #[test]
    fn the_settings_name_the_key() {
        assert_eq!(settings_header("webhooks_sharedkey_1"), "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256");
    }

    /// FIPS 180-2 appendix B.1, and nothing at all.
    #[test]
    fn bodies_are_hashed() {
        assert_eq!(body_sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(body_sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
