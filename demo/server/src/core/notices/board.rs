//! The numbered log of notices.
//!
//! Owns numbers, which have no gap, and the bound; must not know what a notice says beyond its key and its time. What
//! Redis does for several processes does the same by the same rules (`store/notices/redis.rs`).

use super::notice::Notice;
use std::collections::VecDeque;

/// So many are kept: more is no history that anybody reads.
pub const KEPT: usize = 200;

/// A log, or a copy of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    epoch: String,
    head: u64,
    notices: VecDeque<Notice>,
}

/// What somebody who reads the log is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticePage {
    /// Of which log: another one begins to count anew.
    pub epoch: String,
    /// The number of the last notice.
    pub head: u64,
    /// The last of them, up to `head`, without a gap.
    pub notices: Vec<Notice>,
}

impl Board {
    /// A log where nothing was said yet; `epoch` was never one before.
    #[must_use]
    pub const fn new(epoch: String) -> Self {
        Self { epoch, head: 0, notices: VecDeque::new() }
    }

    /// The log of which `page` is a part: what is before it is not known.
    #[must_use]
    pub fn of(page: NoticePage) -> Self {
        Self { epoch: page.epoch, head: page.head, notices: page.notices.into() }
    }

    /// Which log this is.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The number of the last notice.
    #[must_use]
    pub const fn head(&self) -> u64 {
        self.head
    }

    /// What is kept, oldest first.
    #[must_use]
    pub const fn notices(&self) -> &VecDeque<Notice> {
        &self.notices
    }

    /// Numbers a notice; whether it is new. One that may have been here and was forgotten is not.
    pub fn append(&mut self, notice: &Notice) -> bool {
        let known = self.notices.iter().any(|other| other.key == notice.key);
        let full = self.notices.len() >= KEPT;
        if known || (full && self.notices.front().is_some_and(|oldest| oldest.at > notice.at)) {
            return false;
        }
        self.take(notice.clone());
        true
    }

    /// What comes after number `after`, as far as it is kept.
    #[must_use]
    pub fn after(&self, after: u64) -> NoticePage {
        let before = self.head - self.notices.len() as u64;
        let skipped = usize::try_from(after.saturating_sub(before)).unwrap_or(usize::MAX);
        let notices = self.notices.iter().skip(skipped).cloned().collect();
        NoticePage { epoch: self.epoch.clone(), head: self.head, notices }
    }

    /// Takes over what another copy of this log has more.
    pub fn follow(&mut self, page: NoticePage) {
        let first = page.first();
        for (number, notice) in (first..).zip(page.notices) {
            if number > self.head {
                self.head = number - 1;
                self.take(notice);
            }
        }
    }

    fn take(&mut self, notice: Notice) {
        self.head += 1;
        self.notices.push_back(notice);
        if self.notices.len() > KEPT {
            self.notices.pop_front();
        }
    }
}

impl NoticePage {
    /// The number of the first notice here.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.head + 1 - self.notices.len() as u64
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::core::notices::notice::Kind;

    pub(crate) fn notice(key: &str, at: u64) -> Notice {
        let text = |text: &str| text.to_owned();
        Notice {
            key: text(key),
            kind: Kind::Started,
            urgent: false,
            title: text("t"),
            text: text("x"),
            dag_id: text("d"),
            run_id: text("r"),
            node_id: None,
            at,
        }
    }

    #[test]
    fn what_is_said_twice_is_told_once() {
        let mut board = Board::new("e".into());
        assert!(board.append(&notice("a", 1)) && board.append(&notice("b", 2)));
        assert!(!board.append(&notice("a", 1)));
        assert_eq!(board.after(0).notices.len(), 2);
        assert_eq!((board.after(1).first(), &*board.after(1).notices[0].key), (2, "b"));
        assert!(board.after(2).notices.is_empty() && board.after(9).notices.is_empty());
    }

    #[test]
    fn a_full_log_forgets_the_oldest_and_does_not_take_it_for_new() {
        let mut board = Board::new("e".into());
        for n in 0..KEPT as u64 + 5 {
            assert!(board.append(&notice(&n.to_string(), n)));
        }
        let page = board.after(0);
        assert_eq!((page.notices.len(), page.first(), page.head), (KEPT, 6, KEPT as u64 + 5));
        assert!(!board.append(&notice("0", 0)), "said again after it was forgotten");
    }

    #[test]
    fn a_copy_follows_without_gap_or_repeat() {
        let mut board = Board::new("e".into());
        board.append(&notice("a", 1));
        let mut copy = Board::of(board.after(0));
        board.append(&notice("b", 2));
        copy.follow(board.after(0));
        copy.follow(board.after(1));
        assert_eq!(copy, board);
        for n in 0..2 * KEPT {
            board.append(&notice(&n.to_string(), 3));
        }
        copy.follow(board.after(2));
        assert_eq!(copy, board, "what nobody has any more is not missed twice");
    }
}
