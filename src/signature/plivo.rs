//! Plivo's request signature V3: `X-Plivo-Signature-V3` over method, URL, parameters and a number used once.
//!
//! The source is the package `plivo` 4.63.0 for Python (`plivo/utils/signature_v3.py`), which Plivo's documentation names for checking
//! (plivo.com/docs/voice/concepts/signature-validation). Deliberately absent: the older V1 and V2.
//!
//! Beyond ASCII the packages disagree (that for Python takes the bytes of UTF-8 for characters); here it is plain UTF-8.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::Sha256;
use url::Url;

use super::hmac;

/// The header with the signature by the token of the account, or of the subaccount that has the number.
pub const SIGNATURE_HEADER: &str = "X-Plivo-Signature-V3";

/// The header with the signature by the token of the main account.
pub const MAIN_SIGNATURE_HEADER: &str = "X-Plivo-Signature-Ma-V3";

/// The header with the number used once.
pub const NONCE_HEADER: &str = "X-Plivo-Signature-V3-Nonce";

/// The value of [`SIGNATURE_HEADER`] for a request to `url`, in standard base64.
///
/// `params` are those of a form body before it is encoded, in any order; none for a GET, whose parameters stand in the query. The query
/// is signed decoded and sorted, so that its encoding does not matter.
#[must_use]
pub fn sign(token: &[u8], url: &Url, params: &[(String, String)], nonce: &str) -> String {
    let mut query: Vec<_> = url.query_pairs().collect();
    query.sort_unstable();
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut pairs: Vec<_> = params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.sort_unstable();

    let mut message = before_query(url).to_owned();
    if !query.is_empty() || !pairs.is_empty() {
        message.push('?');
        message.push_str(&query.join("&"));
    }
    if !query.is_empty() && !pairs.is_empty() {
        message.push('.');
    }
    message.extend(pairs.into_iter().flat_map(|(name, value)| [name, value]));
    message.push('.');
    message.push_str(nonce);
    STANDARD.encode(hmac::<Sha256>(token, message.as_bytes()))
}

/// Scheme, host, port and path.
fn before_query(url: &Url) -> &str {
    let text = url.as_str();
    &text[..text.find(['?', '#']).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &[(&str, &str)] = &[
        ("To", "12025550101"),
        ("CallUUID", "c1"),
        ("From", "12025550100"),
        ("CallStatus", "ringing"),
        ("Direction", "inbound"),
    ];

    /// Made with `construct_get_url`, `construct_post_url` and `get_signature_v3` of the package, with the token `token`.
    #[test]
    fn signatures_are_those_of_the_package() {
        let rows = [
            ("https://voice.example.com/answer", &[][..], "JtQslM4on0VHNndf5pYT/Z7yDfJx2/D79suOkgmvYT0="),
            ("https://voice.example.com/answer?b=2&a=1+x&a=0&c=", &[], "ufo67fltfSgXWpOQuENJbPBUsUugTyUN29SSe9lRslQ="),
            ("https://voice.example.com/answer", FORM, "utUiN/iwu5QRHed9B1W6mE+veGu/kYb2hams2I3MFVc="),
            ("https://voice.example.com/answer?b=2&a=1%2B", FORM, "Uq7NkRIIdD8YHRUfIw8Yo4aWE8ue+Xw1EK+ampZxaI0="),
            ("https://voice.example.com/answer?b=2", &[], "4zygSuHWUbmrzJ09XMNKn6DUxpSGXPNv/HJLFMjVQDg="),
            ("https://voice.example.com:8443/answer", FORM, "JtNXljlQpYxAwGyynHTpNEz8GA79bb7vAiyFTpXJuGk="),
        ];
        for (url, params, signature) in rows {
            let params: Vec<_> = params.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
            let parsed = Url::parse(url).unwrap();
            assert_eq!(sign(b"token", &parsed, &params, "05429567804466091622"), signature, "{url} {}", params.len());
        }
    }
}
