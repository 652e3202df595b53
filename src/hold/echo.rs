//! Has something that we sent come back?
//!
//! Where audio of ours flows in a provider's dialect, it is recognised by its sound, at whatever place and in whatever pieces it comes; else
//! by the very bytes of a message. Deliberately absent: echoes in another codec, or with another volume.
//!
//! Invariant: memory is bounded, and so is the work in a second of the hold.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::audio::Sound;
use crate::dialect::Dialect;

/// Sent payloads that are remembered.
const REMEMBERED: usize = 16;
/// How many bytes of our sound are searched in a second of the hold, about; what comes after that in the same second is not looked at.
const SEARCHED_PER_SECOND: usize = 4 << 20;

/// Where we are with the echo.
#[derive(Debug)]
pub(super) enum Echo {
    /// Nobody expects one.
    Unexpected,
    /// It came.
    Came,
    /// It is recognised by its sound.
    Sound(Listening),
    /// It is recognised by its bytes, which are among these.
    Bytes(VecDeque<Bytes>),
}

/// What is needed to recognise our sound.
#[derive(Debug)]
pub(super) struct Listening {
    sound: Sound,
    /// Slots of it that have begun.
    said: u64,
    /// The second that the budget is for.
    second: u64,
    budget: usize,
}

impl Echo {
    pub(super) fn new(is_expected: bool, dialect: &Dialect) -> Self {
        match dialect.sound().filter(|_| dialect.cadence().is_some()) {
            _ if !is_expected => Self::Unexpected,
            Some(sound) => Self::Sound(Listening { sound: sound.clone(), said: 0, second: 0, budget: SEARCHED_PER_SECOND }),
            None => Self::Bytes(VecDeque::new()),
        }
    }

    /// Is one expected that has not come?
    pub(super) const fn is_missing(&self) -> bool {
        matches!(self, Self::Sound(_) | Self::Bytes(_))
    }

    /// Something was sent that is no media frame.
    pub(super) fn sent(&mut self, payload: &Bytes) {
        if let Self::Bytes(sent) = self
            && sent.back() != Some(payload)
        {
            if sent.len() == REMEMBERED {
                sent.pop_front();
            }
            sent.push_back(payload.clone());
        }
    }

    /// The media frame of slot `n` was sent.
    pub(super) fn said(&mut self, n: u64, payload: &Bytes) {
        if let Self::Sound(listening) = self {
            listening.said = n.saturating_add(1);
        }
        self.sent(payload);
    }

    /// A message came.
    pub(super) fn hear(&mut self, payload: &[u8]) {
        if matches!(self, Self::Bytes(sent) if sent.iter().any(|sent| sent == payload)) {
            *self = Self::Came;
        }
    }

    /// Audio came, decoded from its message.
    pub(super) fn hear_audio(&mut self, at: Duration, audio: &[u8]) {
        if let Self::Sound(listening) = self
            && listening.recognises(at, audio)
        {
            *self = Self::Came;
        }
    }
}

impl Listening {
    fn recognises(&mut self, at: Duration, audio: &[u8]) -> bool {
        if at.as_secs() != self.second {
            (self.second, self.budget) = (at.as_secs(), SEARCHED_PER_SECOND);
        }
        self.sound.said_lately(audio, self.said, &mut self.budget)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{AudioFormat, Codec};
    use crate::dialect::raw::RawSettings;
    use crate::dialect::{CallSettings, Provider};

    fn speaks(provider: Provider, change: impl FnOnce(&mut CallSettings)) -> Echo {
        let mut settings = CallSettings::new(provider);
        change(&mut settings);
        Echo::new(true, &Dialect::Provider(Box::new(settings)))
    }

    #[test]
    fn bytes_are_compared_where_no_audio_flows() {
        let silence = Bytes::from_static(&[0xFF; 160]);
        let rows = [
            ("raw", Echo::new(true, &Dialect::Raw(RawSettings::default())), true),
            ("text", speaks(Provider::ConversationRelay, |_| ()), true),
            ("a connection probe", speaks(Provider::Genesys, |_| ()), true),
            ("silence in a provider's dialect", speaks(Provider::Vonage, |_| ()), false),
            ("nobody expects it", Echo::new(false, &Dialect::Raw(RawSettings::default())), false),
        ];
        for (name, mut echo, comes) in rows {
            echo.said(0, &silence);
            echo.hear(b"other");
            assert!(!matches!(echo, Echo::Came), "{name}");
            echo.hear(&silence);
            echo.hear_audio(Duration::ZERO, &silence);
            assert_eq!(matches!(echo, Echo::Came), comes, "{name}");
        }
    }

    #[test]
    fn few_payloads_are_remembered() {
        let mut echo = Echo::new(true, &Dialect::Raw(RawSettings::default()));
        (0..100_u8).for_each(|n| echo.sent(&Bytes::copy_from_slice(&[n])));
        let Echo::Bytes(sent) = &echo else { panic!("{echo:?}") };
        assert_eq!((sent.len(), sent[0].as_ref()), (REMEMBERED, &[84][..]));
    }

    #[test]
    fn work_has_a_budget_for_every_second() {
        let format = AudioFormat { codec: Codec::L16, sample_rate: 48_000 };
        let cadence = Duration::from_millis(20);
        // Half a minute of noise that has no period.
        let noise = |seed: u32| {
            let next = |state: &mut u32| {
                *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                Some(i16::from_be_bytes([state.to_be_bytes()[0], state.to_be_bytes()[1]]))
            };
            std::iter::successors(Some(seed), |_| None).flat_map(move |mut state| std::iter::from_fn(move || next(&mut state)))
        };
        let ours: Vec<i16> = noise(1).take(48_000 * 30).collect();
        let theirs = format.codec.encode(&noise(2).take(960).collect::<Vec<_>>());
        let mut echo = speaks(Provider::Jambonz, |settings| {
            settings.audio = format;
            settings.sound = Sound::speech(format, cadence, &ours, true);
        });
        let back = format.codec.encode(&ours[5_000..5_960]);
        echo.said(1_499, &Bytes::new());
        for _ in 0..3 {
            echo.hear_audio(Duration::from_millis(100), &theirs);
        }
        echo.hear_audio(Duration::from_millis(200), &back);
        assert!(echo.is_missing(), "the budget of this second is spent");
        echo.hear_audio(Duration::from_millis(1_000), &back);
        assert!(!echo.is_missing());
    }
}
