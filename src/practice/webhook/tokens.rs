//! What opens one stream, once, for a while: tokens, which careful servers mint in the webhook and ask for on the stream, and the ids of
//! calls that a webhook has announced. Neither opens what is asked for with the other.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// Tokens, or calls, that wait for their stream; the oldest goes first.
const MOST: usize = 1024;
const LIFETIME: Duration = Duration::from_secs(60);

/// The tokens that are out, and the calls that are announced.
#[derive(Debug, Default)]
pub(in crate::practice) struct Tokens {
    minted: Waiting,
    calls: Waiting,
}

impl Tokens {
    /// A token that nobody else has.
    pub(super) fn mint(&self) -> String {
        let token = Uuid::new_v4().simple().to_string();
        self.minted.admit(&token);
        token
    }

    /// Lets the call with this id open a stream.
    pub(super) fn announce(&self, call: &str) {
        self.calls.admit(call);
    }

    /// Takes `token` back: whether it was out.
    pub(in crate::practice) fn redeem(&self, token: &str) -> bool {
        self.minted.take(token)
    }

    /// Takes the call with this id: whether it was announced.
    pub(in crate::practice) fn redeem_call(&self, call: &str) -> bool {
        self.calls.take(call)
    }
}

/// Words with the time until which each is good.
#[derive(Debug, Default)]
struct Waiting(Mutex<VecDeque<(String, Instant)>>);

impl Waiting {
    fn admit(&self, word: &str) {
        let mut waiting = self.current();
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        waiting.push_back((word.to_owned(), Instant::now() + LIFETIME));
    }

    fn take(&self, word: &str) -> bool {
        let mut waiting = self.current();
        let place = waiting.iter().position(|(known, _)| known == word);
        place.and_then(|place| waiting.remove(place)).is_some()
    }

    /// Without those whose time is over.
    fn current(&self) -> MutexGuard<'_, VecDeque<(String, Instant)>> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, until)| Instant::now() < *until);
        waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_token_is_good_once_and_for_a_while() {
        let tokens = Tokens::default();
        let (first, second) = (tokens.mint(), tokens.mint());
        assert_ne!(first, second);
        assert!(!tokens.redeem("another"));
        assert!(tokens.redeem(&first) && !tokens.redeem(&first));
        tokio::time::advance(LIFETIME).await;
        assert!(!tokens.redeem(&second));
    }

    #[test]
    fn the_id_of_a_call_is_no_token() {
        let tokens = Tokens::default();
        tokens.announce("CA1");
        let token = tokens.mint();
        assert!(!tokens.redeem("CA1") && !tokens.redeem_call(&token));
        assert!(tokens.redeem_call("CA1") && tokens.redeem(&token), "what was asked for in the wrong place is still good");
    }

    #[test]
    fn tokens_are_few() {
        let tokens = Tokens::default();
        tokens.announce("oldest");
        (0..MOST).for_each(|n| tokens.announce(&n.to_string()));
        assert_eq!(tokens.calls.current().len(), MOST);
        assert!(!tokens.redeem_call("oldest") && tokens.redeem_call("0"));
    }
}
