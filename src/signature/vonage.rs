//! Vonage's signed webhooks: a JSON Web Token (RFC 7519) in the header Authorization, by HMAC with SHA-256 (RFC 7515, `HS256`).
//!
//! The sources are developer.vonage.com/en/getting-started/concepts/webhooks (`#decoding-signed-webhooks`) and the article "How do I
//! verify that the Voice API Webhook request …" of api.support.vonage.com: the key is the signature secret, `api_key` says whose it is,
//! and `payload_hash` is the SHA-256 of the body, or of the query as JSON.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::Sha256;

use super::hmac;

/// What the token says, in this order.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Claims<'a> {
    /// When it was made, in seconds since 1970-01-01T00:00:00Z.
    pub iat: u64,
    /// The token's own id.
    pub jti: &'a str,
    /// Who made it: `Vonage`.
    pub iss: &'a str,
    /// The SHA-256 of the payload, in hexadecimal (see [`super::twilio::body_sha256`]).
    pub payload_hash: &'a str,
    /// Whose signature secret it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<&'a str>,
    /// The application with the webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<&'a str>,
}

/// The token, as it stands behind `Bearer `.
#[must_use]
pub fn token(secret: &[u8], claims: &Claims<'_>) -> String {
    let claims = serde_json::to_vec(claims).expect("numbers and texts can be written as JSON");
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", BASE64_URL_SAFE_NO_PAD.encode(claims));
    let mac = BASE64_URL_SAFE_NO_PAD.encode(hmac::<Sha256>(secret, signed.as_bytes()));
    format!("{signed}.{mac}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `jwt.encode` of `PyJWT` 2.15.1, with which the package `vonage-jwt` 1.1.5 checks.
    #[test]
    fn the_token_is_that_of_the_package() {
        let claims = Claims {
            iat: 1_800_000_000,
            jti: "j",
            iss: "Vonage",
            payload_hash: "3f0f98a5f4e17baa3d1dacb53b70150895248b5453369bd6ddd53a05e81fff92",
            api_key: Some("k"),
            application_id: Some("a"),
        };
        let whole = concat!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
            "eyJpYXQiOjE4MDAwMDAwMDAsImp0aSI6ImoiLCJpc3MiOiJWb25hZ2UiLCJwYXlsb2FkX2hhc2giOiIzZjBmOThhNWY0ZTE3YmFhM2QxZGFjYjUzYjcw",
            "MTUwODk1MjQ4YjU0NTMzNjliZDZkZGQ1M2EwNWU4MWZmZjkyIiwiYXBpX2tleSI6ImsiLCJhcHBsaWNhdGlvbl9pZCI6ImEifQ.",
            "O7W4O_jrqXzKFDxhCPJJFUxyDAU2NTjIVYMp0VLaHPk",
        );
        assert_eq!(token(b"secret-of-at-least-32-bytes-for-tests", &claims), whole);
    }

    #[test]
    fn what_is_not_set_is_not_said() {
        let claims = Claims { iat: 0, jti: "", iss: "", payload_hash: "", api_key: None, application_id: None };
        let token = token(b"", &claims);
        let said = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(said, br#"{"iat":0,"jti":"","iss":"","payload_hash":""}"#);
    }
}
