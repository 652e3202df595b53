//! The line after the 101: holds it, drops it, or breaks its rules.
//!
//! Every act is timed from the 101. An I/O error means that the caller has gone, which ends the act and nothing else.

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::select;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, sleep_until, timeout};

use super::frame::{self, Frame};
use super::script::{Ending, Flood, Goodbye, LineScript, Manner, Message, Speech};
use super::voice;
use super::webhook::Tokens;
use super::wire::Wire;
use crate::audio::Codec;

const FRAME: Duration = Duration::from_millis(20);
/// When frames that break a rule are sent, after the 101.
const FAULT_AT: Duration = Duration::from_millis(100);
/// When the server closes, after the 101.
const CLOSE_AT: Duration = Duration::from_millis(500);
const HANG_UP_AT: Duration = Duration::from_secs(1);
/// How long a caller may take to answer our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a stalled connection is kept: without reading, there is no knowing that the caller has gone.
const LONGEST_STALL: Duration = Duration::from_secs(120);

/// An application-data record (RFC 8446 section 5.2) that no key decrypts.
const DAMAGED_RECORD: [u8; 5 + 32] = {
    let mut record = [0xA5; 5 + 32];
    (record[0], record[1], record[2], record[3], record[4]) = (0x17, 0x03, 0x03, 0x00, 32);
    record
};

/// One line.
#[derive(Debug)]
pub(super) struct Line {
    wire: Wire,
    /// Read and not yet taken.
    inbox: BytesMut,
    upgraded_at: Instant,
}

/// Why a line is no longer attended.
enum Attended {
    /// The time was over.
    Long,
    /// The caller said Close, with this payload.
    Close(BytesMut),
    /// A message came that ends the line.
    Unwelcome,
    /// The caller broke the rules of frames; the code to close with.
    Wrong(u16),
}

impl Line {
    /// A line whose 101 has just been sent; `inbox` has what came behind the request.
    pub(super) fn new(wire: Wire, inbox: BytesMut) -> Self {
        Self { wire, inbox, upgraded_at: Instant::now() }
    }

    /// Acts out `script` to the end of the connection.
    pub(super) async fn act(mut self, script: LineScript, tokens: &Tokens) -> io::Result<()> {
        match script {
            LineScript::Attend(manner) => return self.hold(manner).await,
            LineScript::Drop { after_ms, how } => {
                self.ignore_until(Duration::from_millis(after_ms)).await?;
                self.wire.end(how).await;
            }
            LineScript::IdleCut { after_ms } => return self.hold_while_any(Duration::from_millis(after_ms)).await,
            LineScript::Fault(bytes) => {
                self.say_at(FAULT_AT, bytes).await?;
                return self.hold(Manner::SILENT).await;
            }
            LineScript::LastWords(bytes, how) => {
                self.say_at(FAULT_AT, bytes).await?;
                self.wire.end(how).await;
            }
            LineScript::Close { code, reason } => {
                let sentence = if reason.is_empty() { format!("practice close {code}") } else { reason.to_owned() };
                return self.close_at(CLOSE_AT, &frame::close(code, &sentence)).await;
            }
            LineScript::HangUp => return self.close_at(HANG_UP_AT, &frame::close(1000, "goodbye")).await,
            LineScript::FirstCloseReset => {
                let words = [frame::whole(frame::PING, b"?"), frame::close(4001, "quota")].concat();
                self.say_at(CLOSE_AT, &words).await?;
                self.wire.end(Ending::Reset).await;
            }
            LineScript::DataAfterClose => {
                let words = [frame::close(1000, "goodbye"), frame::whole(frame::TEXT, b"one more thing")].concat();
                return self.close_at(CLOSE_AT, &words).await;
            }
            LineScript::Stall => sleep(LONGEST_STALL).await,
            LineScript::Pause { ms } => {
                sleep(Duration::from_millis(ms)).await;
                return self.hold(Manner::ECHO).await;
            }
            LineScript::Flood(flood) => self.flood(flood).await?,
            LineScript::DamagedRecord => self.damage().await?,
            LineScript::Voice(voice) => return voice::attend(self.wire, self.inbox, voice, tokens).await,
        }
        Ok(())
    }

    /// Holds the line until the caller ends it.
    async fn hold(mut self, manner: Manner) -> io::Result<()> {
        if let Some(text) = manner.greeting {
            self.say(frame::TEXT, text.as_bytes()).await?;
        }
        match self.attend(manner, None).await? {
            Attended::Long => {}
            Attended::Close(payload) => match manner.goodbye {
                Goodbye::Answered(how) => {
                    self.say(frame::CLOSE, &payload).await?;
                    self.wire.end(how).await;
                }
                Goodbye::AnsweredWith(code) => {
                    self.wire.send(&frame::close(code, "")).await?;
                    self.wire.end(Ending::Close).await;
                }
                Goodbye::Unacknowledged(how) => self.wire.end(how).await,
            },
            Attended::Unwelcome => self.wire.end(Ending::Cut).await,
            Attended::Wrong(code) => {
                self.wire.send(&frame::close(code, "")).await?;
                self.wire.end(Ending::Close).await;
            }
        }
        Ok(())
    }

    /// Reads and says nothing until nothing has come for so long, or the caller closes.
    async fn hold_while_any(mut self, longest: Duration) -> io::Result<()> {
        while let Ok(read) = timeout(longest, self.wire.receive(&mut self.inbox)).await {
            read?;
            loop {
                match frame::take(&mut self.inbox) {
                    Ok(Some(frame)) if frame.opcode == frame::CLOSE => {
                        self.say(frame::CLOSE, &frame.payload).await?;
                        self.wire.end(Ending::Close).await;
                        return Ok(());
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => self.inbox.clear(),
                }
            }
        }
        self.wire.end(Ending::Cut).await;
        Ok(())
    }

    /// Reads, answers and talks as `manner` has it, until the caller closes or breaks off (an error), or until `until`.
    async fn attend(&mut self, manner: Manner, until: Option<Instant>) -> io::Result<Attended> {
        let end = until.unwrap_or_else(|| Instant::now() + Duration::from_hours(24));
        let mut clock = interval_at(self.upgraded_at + FRAME, FRAME);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let words = manner.speech.map(Words::new);
        loop {
            match frame::take(&mut self.inbox) {
                Ok(Some(frame)) if frame.opcode == frame::CLOSE => return Ok(Attended::Close(frame.payload)),
                Ok(Some(frame)) if manner.cut_at.is_some_and(|kind| kind.is(frame.opcode)) => return Ok(Attended::Unwelcome),
                Ok(Some(frame)) => {
                    self.answer(frame, manner).await?;
                    continue;
                }
                Ok(None) => {}
                Err(bad) => return Ok(Attended::Wrong(bad.close_code())),
            }
            let talking = words.as_ref().filter(|words| words.until.is_none_or(|until| self.upgraded_at.elapsed() < until));
            select! {
                read = self.wire.receive(&mut self.inbox) => read?,
                _ = clock.tick(), if talking.is_some() => {
                    if let Some(words) = talking {
                        self.wire.send(&words.frame).await?;
                    }
                }
                () = sleep_until(end) => return Ok(Attended::Long),
            }
        }
    }

    async fn answer(&mut self, frame: Frame, manner: Manner) -> io::Result<()> {
        match frame.opcode {
            frame::PING if manner.pong => self.say(frame::PONG, &frame.payload).await,
            frame::TEXT | frame::BINARY | frame::CONTINUATION if manner.echo => {
                self.wire.send(&frame::encode(frame.fin, frame.opcode, &frame.payload)).await
            }
            _ => Ok(()),
        }
    }

    /// Sends a Close (and what may follow), waits for the caller's, and ends the connection.
    async fn close_at(mut self, after: Duration, frames: &[u8]) -> io::Result<()> {
        self.say_at(after, frames).await?;
        self.attend(Manner { pong: false, ..Manner::SILENT }, Some(Instant::now() + CLOSE_TIMEOUT)).await?;
        self.wire.end(Ending::Close).await;
        Ok(())
    }

    /// Sends `bytes` this long after the 101; what comes until then is read.
    async fn say_at(&mut self, after: Duration, bytes: &[u8]) -> io::Result<()> {
        self.ignore_until(after).await?;
        self.wire.send(bytes).await
    }

    async fn say(&mut self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        self.wire.send(&frame::whole(opcode, payload)).await
    }

    /// Reads and heeds nothing until this long after the 101, so that an end that follows is a FIN. The beginning of a frame is kept.
    async fn ignore_until(&mut self, after: Duration) -> io::Result<()> {
        let end = self.upgraded_at + after;
        loop {
            loop {
                match frame::take(&mut self.inbox) {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => self.inbox.clear(),
                }
            }
            select! {
                biased;
                () = sleep_until(end) => return Ok(()),
                read = self.wire.receive(&mut self.inbox) => read?,
            }
        }
    }

    /// Sends bursts until the caller breaks off or there have been enough for any budget. What comes is read into nothing, so that pongs
    /// do not pile up.
    async fn flood(mut self, flood: Flood) -> io::Result<()> {
        let (burst, pause, bursts) = match flood {
            Flood::Bytes => (frame::whole(frame::BINARY, &[0; 64 << 10]), Duration::from_millis(2), 4_096),
            Flood::Frames => (frame::whole(frame::TEXT, b"more").repeat(100), Duration::from_millis(5), 4_000),
            Flood::Pings => (frame::whole(frame::PING, b"more").repeat(100), Duration::from_millis(5), 4_000),
        };
        let (mut reader, mut writer) = self.wire.split();
        let pour = async {
            for _ in 0..bursts {
                writer.write_all(&burst).await?;
                writer.flush().await?;
                sleep(pause).await;
            }
            io::Result::Ok(())
        };
        let drain = async {
            let mut waste = [0; 4096];
            while reader.read(&mut waste).await? > 0 {}
            Err(io::ErrorKind::UnexpectedEof.into())
        };
        select! {
            poured = pour => poured?,
            drained = drain => return drained,
        }
        drop((reader, writer));
        self.wire.end(Ending::Close).await;
        Ok(())
    }

    /// Writes below TLS.
    async fn damage(mut self) -> io::Result<()> {
        self.ignore_until(FAULT_AT).await?;
        self.wire.tcp().write_all(&DAMAGED_RECORD).await?;
        self.wire.end(Ending::Hang).await;
        Ok(())
    }
}

impl Message {
    const fn is(self, opcode: u8) -> bool {
        match self {
            Self::Text => opcode == frame::TEXT,
            Self::Binary => opcode == frame::BINARY,
        }
    }
}

/// Speech as one frame that repeats.
struct Words {
    frame: Vec<u8>,
    until: Option<Duration>,
}

impl Words {
    fn new(speech: Speech) -> Self {
        // Half a period of 500 Hz at 8 kHz is eight samples; 0x80 and 0x00 are the loudest values of either sign (ITU-T G.711).
        let tone = |n: usize| if (n / 8).is_multiple_of(2) { 0x90 } else { 0x10 };
        let sample = |n| if speech.audible { tone(n) } else { Codec::Mulaw.silence() };
        let payload: Vec<u8> = (0..speech.frame_bytes).map(sample).collect();
        Self { frame: frame::whole(frame::BINARY, &payload), until: speech.until_ms.map(Duration::from_millis) }
    }
}
