//! Whether a stream that says nothing is dead.
//!
//! Owns what silence means; must not know what is heard. Nobody can be asked on a stream, so silence proves something only
//! where a server was seen to break it with comments, or the application says that it does; and after a sleep, which
//! few connections outlive.

use super::Choices;
use crate::core::time::{Instant, Millis};

/// What came while timers stood still is read within this.
const GRACE_MS: Millis = 1_000;

/// What is known of a stream's silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Silence {
    /// A comment was seen on this or an earlier connection: the server sends them to be heard.
    pub is_broken: bool,
    /// When the connection was last in doubt.
    doubted: Instant,
}

impl Silence {
    /// When a connection that was `heard` then is dead.
    #[must_use]
    pub fn due(&self, choices: &Choices, heard: Instant) -> Instant {
        if self.doubted > heard {
            self.doubted.after(GRACE_MS)
        } else if self.is_broken || choices.expects_sound {
            heard.after(choices.silence)
        } else {
            Instant::NEVER
        }
    }

    /// That time has come. Whether the connection is dead; a timer that was `late` gives it a second more.
    pub const fn is_death(&mut self, at: Instant, heard: Instant, late: bool) -> bool {
        let granted = self.doubted.0 > heard.0;
        if late && !granted {
            self.doubted = at;
        }
        granted || !late
    }

    /// The machine slept. A connection that was silent for too long is not likely to be there.
    pub fn doubt(&mut self, choices: &Choices, at: Instant, heard: Instant) {
        if self.doubted <= heard && at.since(heard) >= choices.silence {
            self.doubted = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEARD: Instant = Instant(10_000);

    #[test]
    fn silence_means_nothing_before_a_comment_was_seen() {
        let mut silence = Silence::default();
        assert_eq!(silence.due(&Choices::default(), HEARD), Instant::NEVER);
        silence.is_broken = true;
        assert_eq!(silence.due(&Choices::default(), HEARD), Instant(55_000));
        let asked = Choices { silence: 5_000, expects_sound: true, ..Choices::default() };
        assert_eq!(Silence::default().due(&asked, HEARD), Instant(15_000));
    }

    #[test]
    fn a_late_timer_waits_a_second_for_what_is_unread_and_only_once() {
        let mut silence = Silence { is_broken: true, ..Silence::default() };
        assert!(!silence.is_death(Instant(60_000), HEARD, true));
        assert_eq!(silence.due(&Choices::default(), HEARD), Instant(61_000));
        assert!(silence.is_death(Instant(65_000), HEARD, true));
        assert_eq!(silence.due(&Choices::default(), Instant(60_500)), Instant(105_500), "something was heard");
    }

    #[test]
    fn after_a_long_sleep_a_silent_connection_is_given_up_whoever_the_server_is() {
        let mut silence = Silence::default();
        silence.doubt(&Choices::default(), Instant(30_000), HEARD);
        assert_eq!(silence.due(&Choices::default(), HEARD), Instant::NEVER);
        silence.doubt(&Choices::default(), Instant(3_600_000), HEARD);
        assert_eq!(silence.due(&Choices::default(), HEARD), Instant(3_601_000));
        assert!(silence.is_death(Instant(3_601_000), HEARD, false));
    }
}
