//! Tokens that open one stream, once, for a while: what careful servers mint in the webhook and ask for on the stream.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

/// Tokens that wait for their stream; the oldest goes first.
const MOST: usize = 1024;
const LIFETIME: Duration = Duration::from_secs(60);

/// The tokens that are out.
#[derive(Debug, Default)]
pub(in crate::practice) struct Tokens {
    out: Mutex<VecDeque<(String, Instant)>>,
}

impl Tokens {
    /// A token that nobody else has.
    pub(super) fn mint(&self) -> String {
        let token = Uuid::new_v4().simple().to_string();
        self.announce(&token);
        token
    }

    /// Lets `token` open a stream.
    pub(super) fn announce(&self, token: &str) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.retain(|(_, until)| Instant::now() < *until);
        if out.len() >= MOST {
            out.pop_front();
        }
        out.push_back((token.to_owned(), Instant::now() + LIFETIME));
    }

    /// Takes `token` back: whether it was out.
    pub(in crate::practice) fn redeem(&self, token: &str) -> bool {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.retain(|(_, until)| Instant::now() < *until);
        let place = out.iter().position(|(known, _)| known == token);
        place.and_then(|place| out.remove(place)).is_some()
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
    fn tokens_are_few() {
        let tokens = Tokens::default();
        tokens.announce("oldest");
        (0..MOST).for_each(|n| tokens.announce(&n.to_string()));
        assert_eq!(tokens.out.lock().unwrap().len(), MOST);
        assert!(!tokens.redeem("oldest") && tokens.redeem("0"));
    }
}
