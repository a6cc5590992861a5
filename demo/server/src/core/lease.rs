//! Whether a room may be served here, where several processes share one storage.
//!
//! Owns when a lease is renewed, when it counts as over, and who may take what nobody holds; must not know who keeps the
//! leases or what a room is. A lease is a hint to others where a room is; what makes two writers impossible is the token
//! that the storage checks with every write.

/// What the keeper of the leases said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is still ours.
    Kept,
    /// The keeper lost what it knew, and nobody else has the room.
    Forgotten,
    /// Somebody else has the room, or had it meanwhile.
    Lost,
    /// Nothing: it is away.
    Silence,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask the keeper for more time.
    Ask,
    /// Serve nobody: another may have the room by now.
    Suspend,
    /// Serve again.
    Resume,
    /// Tell the storage everything anew.
    Rewrite,
    /// Give the room up.
    Yield,
}

/// A lease that was granted.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    lasts: u64,
    confirmed: u64,
    next: u64,
    suspended: bool,
}

impl Lease {
    /// A lease of `lasts` milliseconds that was asked for at `asked`, by the monotonic clock. It counts from the question,
    /// so that it never ends here after it ended at the keeper's.
    #[must_use]
    pub const fn granted(lasts: u64, asked: u64) -> Self {
        Self { lasts, confirmed: asked, next: asked.saturating_add(lasts / 3), suspended: false }
    }

    /// What is due. To be called until it returns nothing.
    pub const fn on_time(&mut self, mono: u64) -> Option<Step> {
        if !self.suspended && mono >= self.end() {
            self.suspended = true;
            return Some(Step::Suspend);
        }
        if mono < self.next {
            return None;
        }
        self.next = mono.saturating_add(self.lasts / 3);
        Some(Step::Ask)
    }

    /// The answer to a question of `asked`.
    pub const fn answered(&mut self, asked: u64, answer: Answer, mono: u64) -> Option<Step> {
        match answer {
            Answer::Kept => {
                if asked > self.confirmed {
                    self.confirmed = asked;
                }
                if self.suspended && mono < self.end() {
                    self.suspended = false;
                    return Some(Step::Resume);
                }
                None
            }
            Answer::Forgotten => {
                self.next = mono.saturating_add(self.soon());
                Some(Step::Rewrite)
            }
            Answer::Lost => Some(Step::Yield),
            Answer::Silence => {
                self.next = mono.saturating_add(self.soon());
                None
            }
        }
    }

    /// When something is due.
    #[must_use]
    pub const fn deadline(&self) -> u64 {
        if !self.suspended && self.end() < self.next { self.end() } else { self.next }
    }

    /// Whether the room may be served.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        !self.suspended
    }

    const fn end(&self) -> u64 {
        self.confirmed.saturating_add(self.lasts)
    }

    /// A keeper that is away is asked often: whoever has a room in memory should be back before others may take it.
    const fn soon(&self) -> u64 {
        let soon = self.lasts / 12;
        if soon < 50 { 50 } else { soon }
    }
}

/// Who may take a room that nobody holds.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    lasts: u64,
    blind: bool,
    not_before: u64,
}

impl Candidate {
    /// One that has not lost sight of the keeper.
    #[must_use]
    pub const fn new(lasts: u64) -> Self {
        Self { lasts, blind: false, not_before: 0 }
    }

    /// The keeper did not answer.
    pub const fn lost_sight(&mut self) {
        self.blind = true;
    }

    /// The keeper answered. After an absence it may have lost every lease: those who have the rooms in memory go first.
    pub const fn sees(&mut self, mono: u64) {
        if self.blind {
            self.blind = false;
            self.not_before = mono.saturating_add(self.lasts);
        }
    }

    /// Whether a room without a holder may be taken.
    #[must_use]
    pub const fn may_take(&self, mono: u64) -> bool {
        !self.blind && mono >= self.not_before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LASTS: u64 = 3_000;

    #[test]
    fn it_is_renewed_every_third_of_it() {
        let mut lease = Lease::granted(LASTS, 100);
        assert_eq!(lease.deadline(), 1_100);
        assert_eq!(lease.on_time(1_099), None);
        assert_eq!(lease.on_time(1_100), Some(Step::Ask));
        assert_eq!(lease.answered(1_100, Answer::Kept, 1_150), None);
        assert_eq!((lease.on_time(1_150), lease.deadline()), (None, 2_100));
    }

    #[test]
    fn without_an_answer_nobody_is_served_past_its_end_and_an_answer_resumes() {
        let mut lease = Lease::granted(LASTS, 0);
        assert_eq!(lease.on_time(1_000), Some(Step::Ask));
        assert_eq!(lease.answered(1_000, Answer::Silence, 1_500), None);
        assert_eq!(lease.deadline(), 1_750, "asked again soon");
        assert_eq!(lease.on_time(2_999), Some(Step::Ask));
        assert_eq!(lease.on_time(3_000), Some(Step::Suspend));
        assert!(!lease.is_good());
        assert_eq!(lease.answered(2_999, Answer::Kept, 3_100), Some(Step::Resume));
        assert_eq!((lease.on_time(3_998), lease.on_time(3_999)), (None, Some(Step::Ask)));
    }

    #[test]
    fn an_answer_that_came_too_late_resumes_nothing() {
        let mut lease = Lease::granted(LASTS, 0);
        assert_eq!(lease.on_time(1_000), Some(Step::Ask));
        assert_eq!(lease.on_time(9_000), Some(Step::Suspend), "the process slept");
        assert_eq!(lease.answered(1_000, Answer::Kept, 9_000), None);
        assert!(!lease.is_good());
        assert_eq!(lease.on_time(9_000), Some(Step::Ask));
        assert_eq!(lease.answered(9_000, Answer::Lost, 9_010), Some(Step::Yield));
    }

    #[test]
    fn who_has_the_room_in_memory_goes_before_those_who_lost_sight() {
        let mut candidate = Candidate::new(LASTS);
        assert!(candidate.may_take(0));
        candidate.lost_sight();
        assert!(!candidate.may_take(10_000));
        candidate.sees(10_000);
        assert!(!candidate.may_take(12_999) && candidate.may_take(13_000));
        let mut lease = Lease::granted(LASTS, 0);
        while lease.on_time(10_000).is_some() {}
        lease.answered(10_000, Answer::Silence, 10_000);
        assert!(lease.deadline() < 10_000 + LASTS, "it asks before they may");
    }

    /// What the storage does: one lease that ends by its own clock, and a token that every write is checked against.
    #[derive(Default)]
    struct Keeper {
        token: u64,
        until: u64,
        written: Vec<u64>,
    }

    impl Keeper {
        fn take(&mut self, now: u64) -> Option<u64> {
            if now < self.until {
                return None;
            }
            self.token += 1;
            self.until = now + LASTS;
            Some(self.token)
        }

        fn renew(&mut self, token: u64, now: u64) -> Answer {
            if token != self.token {
                return Answer::Lost;
            }
            self.until = now + LASTS;
            Answer::Kept
        }

        fn write(&mut self, token: u64) -> bool {
            let taken = token == self.token;
            if taken {
                self.written.push(token);
            }
            taken
        }
    }

    proptest! {
        /// Three processes that pause, hear nothing for a while, and hear late: never do two of them serve at one moment,
        /// and what one writes is never followed by what an earlier one writes.
        #[test]
        fn no_two_serve_at_once_and_no_old_owner_writes(
            steps in prop::collection::vec((0..3_usize, 0..2_000_u64, 0..4_u8, 0..1_500_u64), 1..200)
        ) {
            let mut keeper = Keeper::default();
            let mut nodes: [Option<(Lease, u64)>; 3] = [None; 3];
            let mut now = 0;
            for (node, passed, luck, late) in steps {
                now += passed;
                let Some((lease, token)) = &mut nodes[node] else {
                    let asked = now;
                    nodes[node] = keeper.take(now).map(|token| (Lease::granted(LASTS, asked), token));
                    continue;
                };
                let mut yielded = false;
                while let Some(step) = lease.on_time(now) {
                    if step != Step::Ask {
                        continue;
                    }
                    let asked = now;
                    let answer = if luck == 0 { Answer::Silence } else { keeper.renew(*token, now) };
                    now += late;
                    yielded = lease.answered(asked, answer, now) == Some(Step::Yield);
                    break;
                }
                if yielded {
                    nodes[node] = None;
                    continue;
                }
                keeper.write(*token);
                let serving = nodes.iter_mut().flatten().filter(|(lease, _)| now < lease.end() && lease.is_good());
                prop_assert!(serving.count() <= 1);
            }
            prop_assert!(keeper.written.is_sorted());
        }
    }
}
