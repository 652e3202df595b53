//! Ids in the providers' forms, made from 128 random bits.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Builder;

/// Makes an id.
pub(super) type IdForm = fn(u128) -> String;

/// The forms of a provider's ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdForms {
    pub(super) call: IdForm,
    pub(super) stream: IdForm,
    pub(super) account: IdForm,
    pub(super) session: IdForm,
}

impl IdForms {
    pub(super) const UUIDS: Self = Self { call: uuid, stream: uuid, account: uuid, session: uuid };
}

/// A random UUID (RFC 9562 section 5.4), as `uuidgen` prints it.
pub(super) fn uuid(random: u128) -> String {
    Builder::from_random_bytes(random.to_be_bytes()).into_uuid().to_string()
}

/// 32 hexadecimal digits.
pub(super) fn hex(random: u128) -> String {
    format!("{random:032x}")
}

/// Twilio: `CA` and 32 hexadecimal digits.
pub(super) fn twilio_call(random: u128) -> String {
    format!("CA{random:032x}")
}

/// Twilio: `MZ` and 32 hexadecimal digits.
pub(super) fn twilio_stream(random: u128) -> String {
    format!("MZ{random:032x}")
}

/// Twilio: `AC` and 32 hexadecimal digits.
pub(super) fn twilio_account(random: u128) -> String {
    format!("AC{random:032x}")
}

/// Twilio's ConversationRelay: `VX` and 32 hexadecimal digits.
pub(super) fn twilio_session(random: u128) -> String {
    format!("VX{random:032x}")
}

/// Telnyx: `v3:` and a text of the URL-safe base64 alphabet. Its length is not documented.
pub(super) fn telnyx_call_control(random: u128) -> String {
    format!("v3:{}", BASE64_URL_SAFE_NO_PAD.encode(random.to_be_bytes()))
}

/// Plivo: `MA` and 18 capital letters and digits.
pub(super) fn plivo_account(random: u128) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |n: u32| char::from(LETTERS[(random >> (5 * n)) as usize & 31]);
    "MA".chars().chain((0..18).map(letter)).collect()
}

/// Bandwidth: `c-` and a UUID.
pub(super) fn bandwidth_call(random: u128) -> String {
    format!("c-{}", uuid(random))
}

/// Bandwidth: `s-` and a UUID.
pub(super) fn bandwidth_stream(random: u128) -> String {
    format!("s-{}", uuid(random))
}

/// Seven decimal digits, as account numbers have them.
pub(super) fn number(random: u128) -> String {
    format!("{}", 1_000_000 + random % 9_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_their_providers_form() {
        let random = 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef;
        let rows: [(IdForm, &str); 8] = [
            (uuid, "01234567-89ab-4def-8123-456789abcdef"),
            (hex, "0123456789abcdef0123456789abcdef"),
            (twilio_call, "CA0123456789abcdef0123456789abcdef"),
            (telnyx_call_control, "v3:ASNFZ4mrze8BI0VniavN7w"),
            (plivo_account, "MAPPTX2E6MF2ICQXXZLN"),
            (bandwidth_call, "c-01234567-89ab-4def-8123-456789abcdef"),
            (bandwidth_stream, "s-01234567-89ab-4def-8123-456789abcdef"),
            (number, "4559215"),
        ];
        for (form, id) in rows {
            assert_eq!(form(random), id);
        }
    }
}
