//! WebSocket frames (RFC 6455 section 5.2), the server's side: writes them unmasked, reads masked ones.
//!
//! Deliberately absent: messages out of fragments (an echo sends fragments back as they came) and every judgement of the caller
//! beyond what reading on needs.

use bytes::{Buf, BytesMut};

pub(super) const CONTINUATION: u8 = 0x0;
pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xA;

const FIN: u8 = 0x80;
const MASK: u8 = 0x80;

/// The largest payload that a caller may send.
const LARGEST: usize = 1 << 20;

/// A frame of a caller, unmasked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) fin: bool,
    pub(super) opcode: u8,
    pub(super) payload: BytesMut,
}

/// Why a caller's bytes are no frame; the close code that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadFrame {
    #[error("a client's frame has to be masked")]
    Unmasked,
    #[error("the frame is larger than 1 MiB")]
    TooLarge,
}

impl BadFrame {
    pub(super) const fn close_code(self) -> u16 {
        match self {
            Self::Unmasked => 1002,
            Self::TooLarge => 1009,
        }
    }
}

/// Takes the first frame out of `buffer`, if it is complete.
pub(super) fn take(buffer: &mut BytesMut) -> Result<Option<Frame>, BadFrame> {
    let [first, second, rest @ ..] = buffer.as_ref() else { return Ok(None) };
    let (first, second) = (*first, *second);
    let (length_bytes, length) = match (second & 0x7F, rest) {
        (126, &[a, b, ..]) => (2, usize::from(u16::from_be_bytes([a, b]))),
        (127, &[a, b, c, d, e, f, g, h, ..]) => {
            (8, usize::try_from(u64::from_be_bytes([a, b, c, d, e, f, g, h])).unwrap_or(usize::MAX))
        }
        (126 | 127, _) => return Ok(None),
        (short, _) => (0, usize::from(short)),
    };
    if second & MASK == 0 {
        return Err(BadFrame::Unmasked);
    }
    if length > LARGEST {
        return Err(BadFrame::TooLarge);
    }
    let mask_at = 2 + length_bytes;
    let Some(&mask) = buffer.get(mask_at..).and_then(|tail| tail.first_chunk::<4>()) else { return Ok(None) };
    if buffer.len() < mask_at + 4 + length {
        return Ok(None);
    }
    buffer.advance(mask_at + 4);
    let mut payload = buffer.split_to(length);
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    Ok(Some(Frame { fin: first & FIN != 0, opcode: first & 0x0F, payload }))
}

/// A whole message, or a control frame.
pub(super) fn whole(opcode: u8, payload: &[u8]) -> Vec<u8> {
    encode(true, opcode, payload)
}

/// A frame, with its length in the shortest form.
pub(super) fn encode(fin: bool, opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(10 + payload.len());
    frame.push(if fin { FIN | opcode } else { opcode });
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length), _) if length < 126 => frame.push(length),
        (_, Ok(length)) => {
            frame.push(126);
            frame.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            frame.push(127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A Close with this code and reason; code 1005 stands for an empty one. A reason that does not fit is cut.
pub(super) fn close(code: u16, reason: &str) -> Vec<u8> {
    // RFC 6455 section 5.5: 125 bytes, two of which are the code.
    const LONGEST_REASON: usize = 123;
    if code == 1005 {
        return whole(CLOSE, &[]);
    }
    let cut = reason.floor_char_boundary(LONGEST_REASON);
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend_from_slice(&reason.as_bytes()[..cut]);
    whole(CLOSE, &payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = encode(true, first & 0x0F, payload);
        frame[0] = first;
        frame[1] |= MASK;
        let at = frame.len() - payload.len();
        let key = [7, 77, 177, 27];
        for (i, byte) in frame[at..].iter_mut().enumerate() {
            *byte ^= key[i % 4];
        }
        frame.splice(at..at, key);
        frame
    }

    #[test]
    fn every_length_comes_back_and_no_prefix_is_a_frame() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, LARGEST] {
            let payload = vec![b'x'; length];
            let bytes = masked(0x82, &payload);
            for cut in (0..bytes.len()).take(20).chain([bytes.len() - 1]) {
                assert_eq!(take(&mut BytesMut::from(&bytes[..cut])), Ok(None), "{length} cut at {cut}");
            }
            let mut buffer = BytesMut::from(&bytes[..]);
            buffer.extend_from_slice(b"next");
            let frame = take(&mut buffer).unwrap().unwrap();
            assert_eq!((frame.fin, frame.opcode, frame.payload.len()), (true, BINARY, length));
            assert_eq!(frame.payload, payload);
            assert_eq!(&buffer[..], b"next");
        }
    }

    #[test]
    fn unmasked_and_huge_frames_are_refused_at_the_header() {
        assert_eq!(take(&mut BytesMut::from(&[0x81, 0x02][..])), Err(BadFrame::Unmasked));
        let huge = [0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(take(&mut BytesMut::from(&huge[..])), Err(BadFrame::TooLarge));
    }

    #[test]
    fn closes_fit_into_a_control_frame() {
        assert_eq!(close(1005, "ignored"), [0x88, 0]);
        assert_eq!(close(1000, ""), [0x88, 2, 0x03, 0xE8]);
        assert_eq!(close(4000, &"ü".repeat(100)).len(), 2 + 2 + 122, "cut between characters");
    }
}
