//! Floods: more events than a page can show one by one.
//!
//! Owns when one begins, when it is over, and how much may wait meanwhile; must not know the events.

use super::mutant::{Mutant, broken};
use super::time::{Instant, Millis};

/// Credit that is used up within this time is a flood.
const FAST_MS: Millis = 1_000;
/// Of the time in which credit was used up, handlers took one in so many: a flood too, for they can take no more.
const SHARE: Millis = 2;
/// Credit that lasts for this long is the end of one: half the rate at which it began, so that it does not come and go.
const CALM_MS: Millis = 2_000;
/// What still waits then goes to its handlers in one task, so it must be little.
const FEW: u32 = 100;
/// As many orders at once are a flood by themselves: but for a great many resends, which do no harm by it, they are events.
const MANY: usize = 1_000;
/// The milliseconds that handlers get of a frame. Half of it is left for what they cause: style, layout, paint.
pub const SLICE: u32 = 8;
/// More than so many events may not wait if one of them may be dropped.
pub const MARK: usize = 1_000;
/// What waits beyond so many events is delivered in place: blocking is then the back-pressure.
pub const MOST: usize = 10_000;
/// The same in bytes.
pub const MOST_BYTES: usize = 8 << 20;

/// Whether there is a flood.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flood {
    is_on: bool,
    /// When the credit under way was given.
    granted: Instant,
    /// The milliseconds that handlers had taken by then.
    busy: u32,
}

impl Flood {
    /// All credit is used up, and more is given. Handlers took `busy` milliseconds so far.
    pub const fn used_up(&mut self, at: Instant, busy: u32) {
        let (lasted, worked) = (at.since(self.granted), busy.wrapping_sub(self.busy) as Millis);
        self.is_on |= lasted <= FAST_MS || worked * SHARE >= lasted;
        self.granted = at;
        self.busy = busy;
    }

    /// So many orders are to be carried out at once.
    pub const fn at_once(&mut self, orders: usize, at: Instant) {
        if orders >= MANY {
            self.is_on = true;
            self.granted = at;
        }
    }

    /// When it may be over.
    #[must_use]
    pub const fn due(&self) -> Instant {
        if self.is_on { self.granted.after(CALM_MS) } else { Instant::NEVER }
    }

    /// It may be over; `waiting` events still wait. Whether it is.
    pub fn is_over(&mut self, waiting: u32, at: Instant) -> bool {
        self.is_on = waiting > FEW || broken(Mutant::FloodForever);
        if self.is_on {
            self.granted = at;
        }
        !self.is_on
    }

    /// What handlers get of a frame; 0 where events go straight to them. A hidden page has no frames to wait for.
    #[must_use]
    pub const fn slice(&self, hidden: bool) -> u32 {
        if self.is_on && !hidden { SLICE } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A flood that began at 10,500.
    fn flood() -> Flood {
        let mut flood = Flood::default();
        flood.used_up(Instant(10_000), 0);
        assert_eq!(flood.slice(false), 0, "it took ten seconds");
        flood.used_up(Instant(10_500), 0);
        flood
    }

    #[test]
    fn credit_used_up_within_a_second_is_a_flood() {
        assert_eq!(flood().slice(false), SLICE);
        let mut slow = Flood::default();
        for second in 1..10 {
            slow.used_up(Instant(second * 1_001), second as u32 * 500);
        }
        assert_eq!(slow.slice(false), 0);
    }

    #[test]
    fn fewer_events_that_handlers_cannot_keep_up_with_are_one_too() {
        let mut flood = Flood::default();
        flood.used_up(Instant(10_000), 700);
        flood.used_up(Instant(15_000), 3_199);
        assert_eq!(flood.slice(false), 0, "2,499 ms of 5,000");
        flood.used_up(Instant(20_000), 5_699);
        assert_eq!(flood.slice(false), SLICE, "2,500");
    }

    #[test]
    fn a_thousand_events_at_once_are_a_flood() {
        let mut flood = Flood::default();
        flood.at_once(999, Instant(5_000));
        assert_eq!(flood.slice(false), 0);
        flood.at_once(1_000, Instant(5_000));
        assert_eq!((flood.slice(false), flood.due()), (SLICE, Instant(7_000)));
    }

    #[test]
    fn it_is_over_when_credit_lasts_and_little_waits() {
        let mut flood = flood();
        flood.used_up(Instant(12_000), 0);
        assert_eq!(flood.due(), Instant(14_000), "slower, but a flood still");
        assert!(!flood.is_over(101, Instant(14_000)));
        assert_eq!(flood.due(), Instant(16_000));
        assert!(flood.is_over(100, Instant(16_000)));
        assert_eq!((flood.due(), flood.slice(false)), (Instant::NEVER, 0));
    }

    #[test]
    fn a_hidden_page_waits_for_no_frame() {
        assert_eq!(flood().slice(true), 0);
    }
}
