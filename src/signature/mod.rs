//! How a provider proves to a server that a request is its own: what is signed, and how it is written.
//!
//! Pure: the clock and the random number come from outside. Deliberately absent: checking signatures, which is the server's part, and
//! reading secrets, which is that of `config`.
//!
//! Invariant: no secret is kept, returned or shown by `Debug`.

pub mod http_message;
pub mod plivo;
pub mod twilio;
pub mod vonage;

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};

/// The HMAC of `message` (RFC 2104).
fn hmac<H: EagerHash>(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<H>::new_from_slice(secret).expect("an HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use sha1::Sha1;
    use sha2::Sha256;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 2202 section 3 and RFC 4231 sections 4.3 and 4.7, the second with a key longer than a block.
    #[test]
    fn the_published_vectors_hold() {
        let (key, data) = (b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&hmac::<Sha1>(key, data)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(hex(&hmac::<Sha256>(key, data)), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = hmac::<Sha256>(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        assert_eq!(hmac::<Sha1>(b"", b"").len(), 20, "an empty key is a key");
    }
}
