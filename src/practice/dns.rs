//! A name server for `practice.test`, `practice.example.com` (which looks public) and `localhost` on UDP: the first label of a name may be a behaviour.
//!
//! One question a datagram, no EDNS, no compression but the pointer to the question. Whatever cannot be read is dropped.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::behaviour::Behaviour;
use super::script::{DnsScript, Script};

const HEADER: usize = 12;
/// The largest question that is read; names have at most 255 bytes (RFC 1035 section 2.3.4).
const LARGEST: usize = 1024;
/// Answers that wait for their time.
const MOST_WAITING: usize = 1024;
const SLOW: Duration = Duration::from_millis(800);
/// Seconds.
const TTL: u32 = 60;
const NOWHERE_V4: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// From the block for documentation (RFC 3849).
const NOWHERE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

const TYPE_A: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_SOA: u16 = 6;
const TYPE_AAAA: u16 = 28;

const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;
const REFUSED: u8 = 5;

/// The alias `dns-cname-dangling` points there.
const ALIAS_TARGET: &str = "dns-cname-target";

/// Answers questions for as long as it is polled.
pub(super) async fn serve(socket: Arc<UdpSocket>, own: IpAddr) {
    let mut waiting = JoinSet::new();
    let mut buffer = [0; LARGEST];
    loop {
        while waiting.try_join_next().is_some() {}
        let Ok((length, caller)) = socket.recv_from(&mut buffer).await else {
            // On some systems an earlier answer's ICMP "port unreachable" comes back here; other errors do not last either.
            sleep(Duration::from_millis(1)).await;
            continue;
        };
        let Some(reply) = reply_to(&buffer[..length], own) else { continue };
        if reply.after.is_zero() {
            send(&socket, &reply.bytes, caller).await;
        } else if waiting.len() < MOST_WAITING {
            let socket = Arc::clone(&socket);
            waiting.spawn(async move {
                sleep(reply.after).await;
                send(&socket, &reply.bytes, caller).await;
            });
        }
    }
}

async fn send(socket: &UdpSocket, bytes: &[u8], caller: SocketAddr) {
    // A caller that has gone needs no answer.
    let _ = socket.send_to(bytes, caller).await;
}

/// An answer and how long it is held back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    bytes: Vec<u8>,
    after: Duration,
}

/// A question out of a datagram.
#[derive(Debug)]
struct Question<'a> {
    id: [u8; 2],
    recursion_desired: bool,
    /// Lower case, without the dot at the end.
    name: String,
    kind: u16,
    /// As it came, for the answer.
    bytes: &'a [u8],
}

impl<'a> Question<'a> {
    /// `None` if it is an answer, no standard query, has not exactly one question, or cannot be read.
    fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (&header, rest) = datagram.split_first_chunk::<HEADER>()?;
        let is_query = header[2] & 0xF8 == 0;
        if !is_query || header[4..6] != [0, 1] {
            return None;
        }
        let mut labels = Vec::new();
        let mut at = 0;
        loop {
            let length = usize::from(*rest.get(at)?);
            at += 1;
            if length == 0 {
                break;
            }
            // Above 63 it is a pointer (RFC 1035 section 4.1.4), which has nothing to point at yet.
            if length > 63 || at + length > 255 {
                return None;
            }
            labels.push(str::from_utf8(rest.get(at..at + length)?).ok()?.to_ascii_lowercase());
            at += length;
        }
        let &[kind_high, kind_low, _, _] = rest.get(at..)?.first_chunk::<4>()?;
        Some(Self {
            id: [header[0], header[1]],
            recursion_desired: header[2] & 1 == 1,
            name: labels.join("."),
            kind: u16::from_be_bytes([kind_high, kind_low]),
            bytes: &rest[..at + 4],
        })
    }
}

/// The endings of our names.
const SUFFIXES: [&str; 3] = [".practice.test", ".practice.example.com", ".localhost"];

/// What there is to say about a name.
enum Zone {
    Good,
    Script(DnsScript),
    Alias,
    /// A behaviour's name, misspelt.
    Unknown,
    /// Not ours.
    Foreign,
}

fn zone_of(name: &str) -> Zone {
    if matches!(name, "localhost" | "practice.test") {
        return Zone::Good;
    }
    let Some(below) = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)) else {
        return Zone::Foreign;
    };
    match Behaviour::find(below) {
        Some(Behaviour { script: Script::Dns(script), .. }) => Zone::Script(*script),
        None if below == ALIAS_TARGET => Zone::Alias,
        None if below.starts_with("dns-") => Zone::Unknown,
        Some(_) | None => Zone::Good,
    }
}

pub(super) fn reply_to(datagram: &[u8], own: IpAddr) -> Option<Reply> {
    let question = Question::parse(datagram)?;
    let answer = |records: &[Record]| Some(Answer::records(records));
    let good = [Record::Address(own)];
    let mut after = Duration::ZERO;
    let answer = match zone_of(&question.name) {
        Zone::Good => answer(&good),
        Zone::Alias => answer(&[]),
        Zone::Unknown => Some(Answer::code(NXDOMAIN)),
        Zone::Foreign => Some(Answer::code(REFUSED)),
        Zone::Script(script) => match script {
            DnsScript::Code(code) => Some(Answer::code(code)),
            DnsScript::NoAddress => answer(&[]),
            DnsScript::DanglingAlias => answer(&[Record::Alias]),
            DnsScript::Silence => None,
            DnsScript::Truncated => Some(Answer { truncated: true, ..Answer::code(0) }),
            DnsScript::Malformed => Some(Answer { damaged: true, ..Answer::records(&good) }),
            DnsScript::SlowAaaa => {
                after = if question.kind == TYPE_AAAA { SLOW } else { Duration::ZERO };
                answer(&good)
            }
            DnsScript::FailingAaaa if question.kind == TYPE_AAAA => Some(Answer::code(SERVFAIL)),
            DnsScript::FailingAaaa => answer(&good),
            DnsScript::OnlyIpv6 => answer(&[Record::Address(NOWHERE_V6.into())]),
            DnsScript::TwoAddresses => answer(&[Record::Address(NOWHERE_V4.into()), good[0]]),
        },
    }?;
    Some(Reply { bytes: answer.encode(&question), after })
}

#[derive(Clone, Copy, Debug)]
enum Record {
    Address(IpAddr),
    /// To [`ALIAS_TARGET`].
    Alias,
}

impl Record {
    const fn kind(self) -> u16 {
        match self {
            Self::Address(IpAddr::V4(_)) => TYPE_A,
            Self::Address(IpAddr::V6(_)) => TYPE_AAAA,
            Self::Alias => TYPE_CNAME,
        }
    }

    /// An alias answers whatever was asked for (RFC 1034 section 3.6.2).
    const fn answers(self, kind: u16) -> bool {
        self.kind() == kind || matches!(self, Self::Alias)
    }

    fn data(self) -> Vec<u8> {
        match self {
            Self::Address(IpAddr::V4(ip)) => ip.octets().to_vec(),
            Self::Address(IpAddr::V6(ip)) => ip.octets().to_vec(),
            Self::Alias => name_bytes(&[ALIAS_TARGET, "practice", "test"]),
        }
    }
}

/// What an answer says; the records that do not fit the question's type are left out of it.
#[derive(Debug)]
struct Answer {
    code: u8,
    records: Vec<Record>,
    truncated: bool,
    damaged: bool,
}

impl Answer {
    fn code(code: u8) -> Self {
        Self { code, records: Vec::new(), truncated: false, damaged: false }
    }

    fn records(records: &[Record]) -> Self {
        Self { records: records.to_vec(), ..Self::code(0) }
    }

    /// RFC 1035 section 4.1. An answer without records has the SOA that RFC 2308 asks for, so that resolvers take it for final.
    fn encode(&self, question: &Question<'_>) -> Vec<u8> {
        let records: Vec<Record> = self.records.iter().copied().filter(|record| record.answers(question.kind)).collect();
        let negative = records.is_empty() && !self.truncated && !self.damaged && matches!(self.code, 0 | NXDOMAIN);
        // QR and AA, TC and RD as the case may be; then RA and the code.
        let flags = 0x84 | u8::from(self.truncated) << 1 | u8::from(question.recursion_desired);
        let mut out = [question.id[0], question.id[1], flags, 0x80 | self.code, 0, 1].to_vec();
        out.extend(short(records.len()));
        out.extend([0, u8::from(negative), 0, 0]);
        out.extend_from_slice(question.bytes);
        for record in records {
            push_record(&mut out, record.kind(), &record.data());
        }
        if self.damaged {
            // The record, or else the question, ends a byte before it should.
            out.pop();
        }
        if negative {
            push_record(&mut out, TYPE_SOA, &start_of_authority());
        }
        out
    }
}

/// A record for the name of the question (a pointer to it), class IN.
fn push_record(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    const NAME_OF_QUESTION: [u8; 2] = [0xC0, HEADER as u8];
    out.extend(NAME_OF_QUESTION);
    out.extend(kind.to_be_bytes());
    out.extend(1_u16.to_be_bytes());
    out.extend(TTL.to_be_bytes());
    out.extend(short(data.len()));
    out.extend_from_slice(data);
}

/// A count or a length; both are tiny here.
fn short(number: usize) -> [u8; 2] {
    u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes()
}

fn start_of_authority() -> Vec<u8> {
    let mut data = name_bytes(&["ns", "practice", "test"]);
    data.extend(name_bytes(&["hostmaster", "practice", "test"]));
    // Serial, refresh, retry, expire, minimum.
    for number in [1, 3600, 600, 86_400, TTL] {
        data.extend(number.to_be_bytes());
    }
    data
}

/// Labels of at most 63 bytes, each with its length before it.
fn name_bytes(labels: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for label in labels {
        out.push(u8::try_from(label.len()).unwrap_or(63));
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}
