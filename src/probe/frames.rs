//! A passive reader of server frames: what was really on the wire, whatever the WebSocket library makes of it.
//!
//! Server frames are not masked, so their headers can be followed without holding payloads (RFC 6455 section 5.2). The reader
//! keeps the raw Close, the first broken rule and where the stream stands; it never delays, changes or refuses a byte.
//!
//! Invariant: its memory is bounded by one header and one control payload, whatever comes.

use crate::monitor::Budgets;
use crate::verdict::{Violation, WireClose};

const CONTINUATION: u8 = 0x0;
const CLOSE: u8 = 0x8;
/// The longest payload of a control frame (section 5.5).
const LONGEST_CONTROL: u64 = 125;
/// The longest header of a frame that is masked against the rules.
const LONGEST_HEADER: usize = 14;
/// What an HTTP answer begins with; a proxy that fails after its 101 sends one.
const HTTP: &[u8] = b"HTTP/";

/// Follows the frames of one connection.
#[derive(Debug)]
pub(crate) struct FrameReader {
    longest_frame: u64,
    longest_message: u64,
    place: Place,
    /// Bytes of the message so far whose fragments are coming in.
    message: Option<u64>,
    /// The first bytes after the 101, as long as they could be an HTTP answer.
    opening: Opening,
    /// Frames whose header has come.
    pub(crate) frames: u64,
    /// Bytes that have come.
    pub(crate) bytes: u64,
    /// The first Close.
    pub(crate) close: Option<WireClose>,
    /// The first broken rule before the Close; nothing is read after it.
    pub(crate) violation: Option<Violation>,
    /// A length was not in its shortest form.
    pub(crate) length_not_minimal: bool,
    /// A frame came after the Close.
    pub(crate) data_after_close: bool,
}

#[derive(Debug)]
enum Place {
    Header { bytes: [u8; LONGEST_HEADER], have: usize },
    Payload { left: u64 },
    Close { left: u64, payload: Vec<u8> },
}

impl Place {
    const BOUNDARY: Self = Self::Header { bytes: [0; LONGEST_HEADER], have: 0 };

    const fn payload(length: u64) -> Self {
        if length == 0 { Self::BOUNDARY } else { Self::Payload { left: length } }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opening {
    /// So many bytes of [`HTTP`] have come, and nothing else.
    Matching(usize),
    Other,
}

/// A parsed header.
struct Header {
    fin: bool,
    rsv: u8,
    opcode: u8,
    masked: bool,
    length: u64,
    minimal: bool,
}

impl Header {
    const fn is_control(&self) -> bool {
        self.opcode >= CLOSE
    }
}

impl FrameReader {
    pub(crate) fn new(budgets: &Budgets) -> Self {
        Self {
            longest_frame: budgets.frame_bytes as u64,
            longest_message: budgets.message_bytes as u64,
            place: Place::BOUNDARY,
            message: None,
            opening: Opening::Matching(0),
            frames: 0,
            bytes: 0,
            close: None,
            violation: None,
            length_not_minimal: false,
            data_after_close: false,
        }
    }

    /// Would an end of the stream now fall inside a frame?
    pub(crate) const fn is_mid_frame(&self) -> bool {
        !matches!(self.place, Place::Header { have: 0, .. })
    }

    /// Takes in the next bytes of the stream.
    pub(crate) fn observe(&mut self, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.watch_opening(bytes);
        while !bytes.is_empty() && self.violation.is_none() && !self.data_after_close {
            let eaten = match &mut self.place {
                Place::Header { .. } => self.eat_header(bytes[0]),
                Place::Payload { left } => {
                    let eaten = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= eaten as u64;
                    if *left == 0 {
                        self.place = Place::BOUNDARY;
                    }
                    eaten
                }
                Place::Close { .. } => self.eat_close(bytes),
            };
            bytes = &bytes[eaten..];
        }
    }

    fn watch_opening(&mut self, bytes: &[u8]) {
        let Opening::Matching(have) = self.opening else { return };
        let due = &HTTP[have..];
        let common = due.len().min(bytes.len());
        if due[..common] != bytes[..common] {
            self.opening = Opening::Other;
            // The first header was let pass as the `HT` of an answer, and was a frame with reserved bits after all.
            self.violation = (have >= 2).then_some(Violation::RsvBits);
        } else if common == due.len() {
            self.opening = Opening::Other;
            self.violation = Some(Violation::HttpAfterUpgrade);
        } else {
            self.opening = Opening::Matching(have + common);
        }
    }

    fn eat_header(&mut self, byte: u8) -> usize {
        if let Place::Header { bytes, have } = &mut self.place {
            bytes[*have] = byte;
            *have += 1;
            if let Some(header) = parse_header(&bytes[..*have]) {
                self.begin_frame(&header);
            }
        }
        1
    }

    fn begin_frame(&mut self, header: &Header) {
        self.frames += 1;
        // What follows a Close is not judged (RFC 6455 section 1.4): the line has ended with it.
        if self.close.is_some() {
            self.data_after_close = header.opcode != CLOSE;
            self.place = Place::payload(header.length);
            return;
        }
        self.length_not_minimal |= !header.minimal;
        self.violation = self.violation.or_else(|| self.check(header));
        self.place = match header.length {
            _ if header.opcode == CLOSE && header.length > 0 => Place::Close { left: header.length, payload: Vec::new() },
            length => Place::payload(length),
        };
        if header.opcode == CLOSE && header.length == 0 {
            self.close = Some(WireClose::default());
        }
    }

    fn check(&mut self, header: &Header) -> Option<Violation> {
        // `H` of `HTTP/` has a reserved bit; whether it is one shows with the next bytes.
        let may_be_http = matches!(self.opening, Opening::Matching(_));
        if header.rsv != 0 && !may_be_http {
            Some(Violation::RsvBits)
        } else if matches!(header.opcode, 3..=7 | 0xB..) {
            Some(Violation::BadOpcode)
        } else if header.masked {
            Some(Violation::Masked)
        } else if header.is_control() {
            let bad = !may_be_http && (!header.fin || header.length > LONGEST_CONTROL);
            bad.then_some(Violation::BadControl)
        } else {
            self.check_data(header)
        }
    }

    fn check_data(&mut self, header: &Header) -> Option<Violation> {
        let continues = header.opcode == CONTINUATION;
        if continues != self.message.is_some() {
            return Some(Violation::Fragmentation);
        }
        let message = self.message.unwrap_or(0).saturating_add(header.length);
        self.message = (!header.fin).then_some(message);
        (header.length > self.longest_frame || message > self.longest_message).then_some(Violation::TooLarge)
    }

    fn eat_close(&mut self, bytes: &[u8]) -> usize {
        let Place::Close { left, payload } = &mut self.place else { return 0 };
        let eaten = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        // A longer one has been recorded as a violation already; only what is allowed is kept.
        let room = usize::try_from(LONGEST_CONTROL).unwrap_or(0).saturating_sub(payload.len());
        payload.extend_from_slice(&bytes[..eaten.min(room)]);
        *left -= eaten as u64;
        if *left == 0 {
            self.close = Some(parse_close(payload));
            self.place = Place::BOUNDARY;
        }
        eaten
    }
}

/// The header, once `bytes` has all of it.
fn parse_header(bytes: &[u8]) -> Option<Header> {
    let (&first, &second) = (bytes.first()?, bytes.get(1)?);
    let masked = second & 0x80 != 0;
    let (length, length_end, least) = match second & 0x7F {
        126 => (u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)), 4, 126),
        127 => (u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?), 10, 65_536),
        short => (u64::from(short), 2, 0),
    };
    let end = if masked { length_end + 4 } else { length_end };
    if bytes.len() < end {
        return None;
    }
    Some(Header { fin: first & 0x80 != 0, rsv: first & 0x70, opcode: first & 0x0F, masked, length, minimal: length >= least })
}

/// Section 5.5.1: nothing, or two bytes of code and a UTF-8 reason.
fn parse_close(payload: &[u8]) -> WireClose {
    match payload {
        [] => WireClose::default(),
        [_] => WireClose { malformed: true, ..WireClose::default() },
        [high, low, reason @ ..] => WireClose {
            code: Some(u16::from_be_bytes([*high, *low])),
            reason: reason.to_vec(),
            malformed: std::str::from_utf8(reason).is_err(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> FrameReader {
        let mut reader = FrameReader::new(&Budgets::default());
        pieces.iter().for_each(|piece| reader.observe(piece));
        reader
    }

    fn close(code: u16, reason: &str) -> Vec<u8> {
        let mut frame = vec![0x88, 2 + u8::try_from(reason.len()).unwrap()];
        frame.extend(code.to_be_bytes());
        frame.extend(reason.as_bytes());
        frame
    }

    #[test]
    fn close_codes_are_kept_as_sent() {
        for code in [0, 999, 1000, 1005, 1006, 1014, 1015, 2000, 4001, 5000, u16::MAX] {
            let reader = read(&[b"\x81\x02hi", &close(code, "quota")]);
            let close = reader.close.unwrap();
            assert_eq!((close.code, close.reason.as_slice(), close.malformed), (Some(code), &b"quota"[..], false));
            assert_eq!((reader.frames, reader.violation), (2, None));
        }
        assert_eq!(read(&[b"\x88\x00"]).close, Some(WireClose::default()));
        assert!(read(&[b"\x88\x01\x03"]).close.unwrap().malformed);
        assert!(read(&[b"\x88\x04\x03\xe8\xff\xff"]).close.unwrap().malformed);
    }

    #[test]
    fn broken_rules() {
        let large = [&[0x82, 127][..], &(1_u64 << 40).to_be_bytes()].concat();
        let rows: [(&str, &[u8], Violation); 12] = [
            ("compressed", b"\xc1\x02ab", Violation::RsvBits),
            ("opcode 3", b"\x83\x00", Violation::BadOpcode),
            ("opcode 11", b"\x8b\x00", Violation::BadOpcode),
            ("masked", b"\x81\x82\x01\x02\x03\x04ab", Violation::Masked),
            ("fragmented ping", b"\x09\x00", Violation::BadControl),
            ("long ping", b"\x89\x7e\x00\x7e", Violation::BadControl),
            ("continuation without start", b"\x80\x01a", Violation::Fragmentation),
            ("text inside a message", b"\x01\x01a\x81\x01b", Violation::Fragmentation),
            ("announces a terabyte", &large, Violation::TooLarge),
            ("HTTP", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", Violation::HttpAfterUpgrade),
            ("almost HTTP", b"HT\x00\x00", Violation::RsvBits),
            ("RSV3", b"\x91\x00", Violation::RsvBits),
        ];
        for (what, bytes, violation) in rows {
            assert_eq!(read(&[bytes]).violation, Some(violation), "{what}");
            for at in 0..bytes.len() {
                assert_eq!(read(&[&bytes[..at], &bytes[at..]]).violation, Some(violation), "{what}, split at {at}");
            }
        }
    }

    #[test]
    fn fragments_make_messages() {
        let reader = read(&[b"\x01\x01a\x89\x00\x00\x01b\x80\x01c\x82\x00"]);
        assert_eq!((reader.frames, reader.violation, reader.is_mid_frame()), (5, None, false));
    }

    #[test]
    fn many_small_fragments_are_one_large_message() {
        let mut reader = FrameReader::new(&Budgets { message_bytes: 1000, ..Budgets::default() });
        reader.observe(b"\x01\x7e\x01\x00");
        for _ in 0..5 {
            reader.observe(&[0; 256]);
            reader.observe(b"\x00\x7e\x01\x00");
        }
        assert_eq!(reader.violation, Some(Violation::TooLarge));
    }

    #[test]
    fn oddities_are_noted() {
        assert!(read(&[b"\x81\x7e\x00\x02hi"]).length_not_minimal);
        assert!(read(&[&close(1000, ""), b"\x81\x02hi"]).data_after_close);
    }

    #[test]
    fn nothing_after_a_close_is_judged() {
        for garbage in [
            &b"HTTP/1.1 502"[..],
            b"\x81\x82\x01\x02\x03\x04ab",
            b"\x83\x00",
            &[0xFF; 300],
            &[close(1000, "other"), close(1000, "")].concat(),
        ] {
            let reader = read(&[&close(4001, "quota"), garbage]);
            assert_eq!((reader.close.map(|close| close.code), reader.violation), (Some(Some(4001)), None));
            assert_eq!(reader.data_after_close, garbage[0] & 0x0F != CLOSE, "a second Close is no data");
        }
    }

    #[test]
    fn cuts_fall_into_frames_or_between_them() {
        let session =
            [b"\x81\x02hi".to_vec(), [b"\x82\x7e\x00\x80".to_vec(), vec![7; 128]].concat(), close(1000, "bye")].concat();
        let boundaries = [0, 4, 4 + 4 + 128, session.len()];
        for cut in 0..=session.len() {
            let reader = read(&[&session[..cut]]);
            assert_eq!(reader.is_mid_frame(), !boundaries.contains(&cut), "cut at {cut}");
        }
    }

    #[test]
    fn splits_do_not_matter() {
        let session = [b"\x81\x02hi".to_vec(), b"\x89\x04ping".to_vec(), close(4001, "quota")].concat();
        for at in 0..=session.len() {
            let reader = read(&[&session[..at], &session[at..]]);
            assert_eq!((reader.frames, reader.close.unwrap().code), (3, Some(4001)), "split at {at}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic_or_grow(pieces in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..400), 0..20)) {
            let mut reader = FrameReader::new(&Budgets::default());
            pieces.iter().for_each(|piece| reader.observe(piece));
            proptest::prop_assert!(reader.close.is_none_or(|close| close.reason.len() <= 123));
        }
    }
}
