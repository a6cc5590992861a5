//! Who left, for as long as somebody may have to be told.
//!
//! Owns the bounds of that memory; must not know who is there.

use std::{collections::BTreeMap, sync::Arc};

/// How long a leave is remembered, in milliseconds.
const KEEP_MS: u64 = 60_000;
/// Leaves that are remembered.
const MOST: usize = 1_000;

/// One who left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leave {
    pub(super) clock: u64,
    pub(super) version: u64,
    /// By the monotonic clock.
    pub(super) at: u64,
}

/// The leaves that are remembered.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves {
    by_user: BTreeMap<Arc<str>, Leave>,
    by_version: BTreeMap<u64, Arc<str>>,
}

impl Leaves {
    pub(super) fn get(&self, user: &str) -> Option<&Leave> {
        self.by_user.get(user)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_user.is_empty()
    }

    pub(super) fn insert(&mut self, user: Arc<str>, leave: Leave) {
        self.remove(&user);
        self.by_version.insert(leave.version, Arc::clone(&user));
        self.by_user.insert(user, leave);
    }

    /// It is back.
    pub(super) fn remove(&mut self, user: &str) -> Option<Leave> {
        let leave = self.by_user.remove(user)?;
        self.by_version.remove(&leave.version);
        Some(leave)
    }

    /// Forgets the oldest, if the bounds ask for it. To be called until it returns nothing.
    pub(super) fn forget(&mut self, mono: u64) -> Option<Leave> {
        let (_, user) = self.by_version.first_key_value()?;
        let oldest = self.by_user.get(user)?;
        if self.by_user.len() <= MOST && mono.saturating_sub(oldest.at) < KEEP_MS {
            return None;
        }
        let user = Arc::clone(user);
        self.remove(&user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten_by_age_and_by_number() {
        let mut leaves = Leaves::default();
        for n in 1..=1_002 {
            leaves.insert(format!("u{n}").into(), Leave { clock: n, version: n, at: n });
        }
        assert_eq!(leaves.forget(1_002).map(|leave| leave.version), Some(1));
        assert_eq!(leaves.forget(1_002).map(|leave| leave.version), Some(2));
        assert_eq!(leaves.forget(60_002), None);
        assert_eq!(leaves.forget(60_003).map(|leave| leave.version), Some(3));
        assert_eq!(leaves.remove("u5").map(|leave| leave.version), Some(5));
        assert_eq!(leaves.forget(u64::MAX).map(|leave| leave.version), Some(4));
        assert_eq!(leaves.forget(u64::MAX).map(|leave| leave.version), Some(6));
    }
}
