//! What became of a client's acknowledged messages, so that none is applied twice.
//!
//! Owns the highest number and the last W outcomes (`PROTOCOL.md`, acknowledged messages); must not know what a message
//! does.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The bytes of a reply that is kept for a repeat, at most: W of them are.
pub const KEPT_REPLY: usize = 1_024;

/// The end of one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Applied.
    Ack,
    /// Answered.
    Reply {
        /// With what; nothing where it was too long to be kept.
        data: Option<Value>,
    },
    /// Refused for good, and why.
    Nack {
        /// A stable word.
        code: String,
        /// For a person.
        message: String,
    },
}

/// The outcomes of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcomes {
    max: u64,
    window: BTreeMap<u64, Outcome>,
}

impl Outcomes {
    /// The outcome of message `n` if it must not be applied (again): it is known, or so old that its client has settled it.
    #[must_use]
    pub fn settled(&self, n: u64, inflight: u64) -> Option<Outcome> {
        if let Some(outcome) = self.window.get(&n) {
            return Some(outcome.clone());
        }
        (n <= self.max.saturating_sub(inflight)).then(|| Outcome::Nack {
            code: "forgotten".to_owned(),
            message: "older than the window of remembered outcomes; it is not applied again".to_owned(),
        })
    }

    /// Remembers the end of message `n`, and forgets what leaves the window.
    pub fn record(&mut self, n: u64, mut outcome: Outcome, inflight: u64) {
        if let Outcome::Reply { data } = &mut outcome
            && data.as_ref().is_some_and(|data| data.to_string().len() > KEPT_REPLY)
        {
            *data = None;
        }
        self.max = self.max.max(n);
        self.window.insert(n, outcome);
        let oldest = self.max.saturating_sub(inflight);
        self.window = self.window.split_off(&(oldest + 1));
    }

    /// How many outcomes are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.window.len()
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.window.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_repeat_gets_the_first_outcome() {
        let mut outcomes = Outcomes::default();
        assert_eq!(outcomes.settled(1, 4), None);
        let refused = Outcome::Nack { code: "no".into(), message: "no".into() };
        outcomes.record(1, refused.clone(), 4);
        assert_eq!(outcomes.settled(1, 4), Some(refused));
    }

    #[test]
    fn a_reply_is_kept_if_it_is_short() {
        let mut outcomes = Outcomes::default();
        for (n, length) in [(1, 10), (2, 2_000)] {
            outcomes.record(n, Outcome::Reply { data: Some("x".repeat(length).into()) }, 4);
        }
        assert_eq!(outcomes.settled(1, 4), Some(Outcome::Reply { data: Some("x".repeat(10).into()) }));
        assert_eq!(outcomes.settled(2, 4), Some(Outcome::Reply { data: None }));
    }

    #[test]
    fn what_left_the_window_is_not_applied_again() {
        let mut outcomes = Outcomes::default();
        for n in 1..=6 {
            outcomes.record(n, Outcome::Ack, 4);
        }
        assert!(matches!(outcomes.settled(2, 4), Some(Outcome::Nack { code, .. }) if code == "forgotten"));
        assert_eq!(outcomes.settled(3, 4), Some(Outcome::Ack));
        assert_eq!(outcomes.settled(7, 4), None);
    }

    proptest! {
        #[test]
        fn no_number_is_ever_applied_twice_and_the_window_is_bounded(
            numbers in prop::collection::vec(prop_oneof![0..40_u64, Just(u64::MAX), Just(u64::MAX - 1)], 0..400)
        ) {
            let mut outcomes = Outcomes::default();
            let mut applied = BTreeSet::new();
            for n in numbers {
                if outcomes.settled(n, 8).is_none() {
                    prop_assert!(applied.insert(n), "{n} was applied twice");
                    outcomes.record(n, Outcome::Ack, 8);
                }
                prop_assert!(outcomes.len() <= 8);
            }
        }
    }
}
