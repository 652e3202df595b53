//! One call as the server lives it: hello, greeting, echo, goodbye. The same for every provider.

use std::time::Duration;

use super::tone::tone;
use super::{Action, Heard, MISTAKE, Message, Protocol, Twist, VoiceScript};
use crate::audio::AudioFormat;

/// From the hello to its answer. A caller who does not wait for it is found out.
const ANSWER_AFTER: Duration = Duration::from_millis(50);
const GREETING: Duration = Duration::from_secs(1);
/// The talk at a wrong rate: longer than what a rate is judged on, and short enough that the provider can keep what it cannot play yet.
const HASTY_TALK: Duration = Duration::from_millis(1_600);
/// How many of the caller's sentences wait for the greeting.
const MOST_WAITING: usize = 16;
/// What is said where words are spoken.
const WORDS: &str = "Hello, how can I help?";
/// A little more than ten minutes in pieces of eight seconds, which are less than the 65 500 bytes that Asterisk takes at once.
const FLOOD_PIECES: usize = 76;
const FLOOD_PIECE: Duration = Duration::from_secs(8);

/// A call. Times are since the 101.
#[derive(Debug)]
pub(in crate::practice) struct Session {
    protocol: Box<dyn Protocol>,
    script: VoiceScript,
    answer_at: Option<Duration>,
    greeting: Option<Greeting>,
    /// The greeting is over, and what the caller says is sent back.
    echoing: bool,
    /// Audio of the caller that does not fill a piece yet.
    rest: Vec<u8>,
    /// Sentences that wait for the greeting.
    waiting: Vec<String>,
    stopped: bool,
    closed: bool,
}

/// A greeting to come or under way.
#[derive(Debug)]
struct Greeting {
    begins: Duration,
    said: u32,
    /// `u32::MAX` for one that does not end.
    pieces: u32,
    every: Duration,
    piece: Vec<u8>,
}

impl Session {
    pub(in crate::practice) fn new(script: VoiceScript) -> Self {
        Self {
            protocol: script.dialect.protocol(script.twist),
            script,
            answer_at: None,
            greeting: None,
            echoing: false,
            rest: Vec::new(),
            waiting: Vec::new(),
            stopped: false,
            closed: false,
        }
    }

    /// What is said right after the 101.
    pub(in crate::practice) fn open(&mut self) -> Vec<Action> {
        let mut say = Vec::new();
        self.protocol.open(&mut say);
        say
    }

    /// Takes a message that came at `at`.
    pub(in crate::practice) fn hear(&mut self, at: Duration, message: Message<'_>) -> Vec<Action> {
        let mut say = Vec::new();
        if self.closed {
            return say;
        }
        let heard = if self.stopped {
            Err(super::Mistake::new("message", "came after the goodbye"))
        } else {
            self.protocol.hear(at, message, &mut say)
        };
        match heard {
            Ok(Heard::Nothing) => {}
            Ok(Heard::Opened) => self.opened(at, &mut say),
            Ok(Heard::Audio(bytes)) => self.echo(&bytes, &mut say),
            Ok(Heard::Words(text)) => self.answer_words(text, &mut say),
            Ok(Heard::Stopped) => {
                self.stopped = true;
                (self.greeting, self.echoing) = (None, false);
                if self.script.twist == Twist::ClosesOnStop {
                    self.close(1000, "practice: goodbye", &mut say);
                }
            }
            Err(mistake) => self.close(MISTAKE, &mistake.to_string(), &mut say),
        }
        say
    }

    /// When there is something to say without being asked.
    pub(in crate::practice) fn due(&self) -> Option<Duration> {
        let greeting = self.greeting.as_ref().map(Greeting::due);
        self.answer_at.into_iter().chain(greeting).min().filter(|_| !self.closed)
    }

    /// Says what is due by `at`: no more than one piece of the greeting, so that a late server still reads.
    pub(in crate::practice) fn turn(&mut self, at: Duration) -> Vec<Action> {
        let mut say = Vec::new();
        if self.closed {
            return say;
        }
        if self.answer_at.is_some_and(|due| due <= at) {
            self.answer_at = None;
            self.protocol.answer(&mut say);
        } else if self.greeting.as_ref().is_some_and(|greeting| greeting.due() <= at) {
            self.greet(&mut say);
        }
        say
    }

    fn close(&mut self, code: u16, reason: &str, say: &mut Vec<Action>) {
        self.closed = true;
        say.push(Action::Close(code, reason.to_owned()));
    }

    fn opened(&mut self, at: Duration, say: &mut Vec<Action>) {
        let twist = self.script.twist;
        if twist == Twist::ClosesAfterStart {
            return self.close(1011, "practice: the handler failed", say);
        }
        self.answer_at = Some(at + ANSWER_AFTER);
        let speechless = [Twist::Silent, Twist::NotOpened, Twist::Refuses, Twist::Rejects];
        if !speechless.contains(&twist) {
            let begins = at + Duration::from_millis(self.script.greet_after_ms).max(ANSWER_AFTER);
            self.greeting = Some(self.plan(begins));
        }
    }

    /// The greeting; an empty piece if the protocol has no voice.
    fn plan(&self, begins: Duration) -> Greeting {
        let twist = self.script.twist;
        let Some(format) = self.protocol.voice() else {
            return Greeting { begins, said: 0, pieces: 1, every: GREETING, piece: Vec::new() };
        };
        let (length, hasty) = (self.protocol.piece(), twist == Twist::WrongRate);
        let fixed = self.protocol.has_fixed_pieces();
        let piece = piece_of(twist, format, if hasty && !fixed { length * 2 } else { length });
        let every = if hasty && fixed { length / 2 } else { length };
        let talk = if hasty { HASTY_TALK } else { GREETING };
        let whole = u32::try_from(talk.as_millis() / every.as_millis().max(1)).unwrap_or(1);
        let pieces = if twist == Twist::SilenceOnly {
            u32::MAX
        } else if [Twist::Overflow, Twist::HangsUp].contains(&twist) {
            1
        } else {
            whole
        };
        Greeting { begins, said: 0, pieces, every, piece }
    }

    fn greet(&mut self, say: &mut Vec<Action>) {
        let Some(greeting) = &mut self.greeting else { return };
        let twist = self.script.twist;
        if greeting.piece.is_empty() {
            self.protocol.words(WORDS, say);
        } else if twist == Twist::Overflow {
            (0..FLOOD_PIECES).for_each(|_| self.protocol.audio(&greeting.piece, say));
        } else {
            let odd = twist == Twist::OddPieces;
            let piece = if odd { odd_piece(&greeting.piece, greeting.said) } else { greeting.piece.clone() };
            self.protocol.audio(&piece, say);
        }
        greeting.said = greeting.said.saturating_add(1);
        if greeting.said >= greeting.pieces && greeting.pieces != u32::MAX {
            self.greeted(say);
        }
    }

    fn greeted(&mut self, say: &mut Vec<Action>) {
        self.greeting = None;
        let twist = self.script.twist;
        if twist == Twist::HangsUp {
            return self.protocol.hang_up(say);
        }
        if twist != Twist::NoMark {
            self.protocol.mark(say);
        }
        self.echoing = ![Twist::Overflow, Twist::WrongRate].contains(&twist);
        for text in std::mem::take(&mut self.waiting) {
            self.protocol.words(&text, say);
        }
    }

    /// Sends audio back in pieces of our own size.
    fn echo(&mut self, bytes: &[u8], say: &mut Vec<Action>) {
        let Some(format) = self.protocol.voice().filter(|_| self.echoing) else { return };
        let piece = format.frame_bytes(self.protocol.piece()).max(1);
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() - self.rest.len() % piece;
        self.rest[..whole].chunks(piece).for_each(|piece| self.protocol.audio(piece, say));
        self.rest.drain(..whole);
    }

    fn answer_words(&mut self, text: String, say: &mut Vec<Action>) {
        if self.echoing {
            self.protocol.words(&text, say);
        } else if self.greeting.is_some() && self.waiting.len() < MOST_WAITING {
            self.waiting.push(text);
        }
    }
}

impl Greeting {
    fn due(&self) -> Duration {
        self.begins.saturating_add(self.every.saturating_mul(self.said))
    }
}

/// What the server says again and again.
fn piece_of(twist: Twist, format: AudioFormat, length: Duration) -> Vec<u8> {
    if twist == Twist::SilenceOnly {
        return format.silence(length);
    }
    tone(format, format.frame_bytes(if twist == Twist::Overflow { FLOOD_PIECE } else { length }))
}

/// A byte less, and then a byte more.
fn odd_piece(piece: &[u8], said: u32) -> Vec<u8> {
    let short = said.is_multiple_of(2);
    let (body, more) = if short { (&piece[1..], &[][..]) } else { (piece, &piece[..1]) };
    [body, more].concat()
}
