//! A stream: a connection on which nothing is sent.
//!
//! Owns what a stream has and a socket has not: an answer before it opens, endings, comments, retries that are counted;
//! must not know HTTP beyond an answer, or how bytes become events. All else is the same machine: a stream is a peer to
//! which nothing is said. `no_stream.rs` stands in its place in a build without streams.

mod ending;
mod facts;
mod silence;
mod told;

pub use ending::Ending;
pub use facts::{Answer, Event, MediaType, RetryAfter};
pub use silence::Silence;
pub(super) use told::told;

use super::backoff::Jitter;
use super::connection::{Connection, Turn};
use super::context::Context;
use super::options::{Options, Source};
use super::time::{Instant, Millis};
use super::timers::{Earliest, Timer};

/// The retries of who does not limit them.
const UNLIMITED: u32 = u32::MAX;
/// A stream that was silent for so long is dead, if it is known to say something more often.
const SILENCE_MS: Millis = 45_000;

/// The application's choices for a stream. Those for a socket keep their defaults, which mean nothing here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    on: bool,
    /// Attempts after a loss, until a connection is stable: 0 to 1,000,000; as many as it takes.
    pub retries: u32,
    /// Dead after so long without a byte, in milliseconds: 1,000 to 3,600,000; 45,000.
    pub silence: Millis,
    /// Whether that holds before a comment was seen.
    pub expects_sound: bool,
    /// Whether the request may be made again because of what the page does. The shell sets it: false for a POST.
    pub repeatable: bool,
}

impl Default for Choices {
    /// Those of a client that is no stream.
    fn default() -> Self {
        Self { on: false, retries: UNLIMITED, silence: SILENCE_MS, expects_sound: false, repeatable: true }
    }
}

impl Choices {
    /// Whether the client is a stream.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.on
    }

    /// Whether the page's coming and going leaves the connection alone.
    #[must_use]
    pub const fn stays(&self) -> bool {
        self.on && !self.repeatable
    }
}

impl Options {
    /// The application's choices for a stream.
    #[must_use]
    pub fn read_stream(source: &impl Source, repeatable: bool) -> Self {
        let whole =
            |name: &str, least: u32, most: u32, otherwise: u32| u64::from(source.whole(name, least, most, otherwise));
        let backoff_base = whole("backoff.base", 1, 3_600_000, 1_000);
        let least_cap = backoff_base as u32;
        let heartbeat = source.wants("heartbeat");
        // 0 is not allowed, and so means that the application did not choose.
        let silence = whole("heartbeat.silence", 1_000, 3_600_000, 0);
        let stream = Choices {
            on: true,
            retries: whole("retries", 0, 1_000_000, UNLIMITED) as u32,
            silence: match silence {
                _ if !heartbeat => Millis::MAX,
                0 => SILENCE_MS,
                chosen => chosen,
            },
            expects_sound: silence > 0,
            repeatable,
        };
        let options = Self {
            connect_timeout: whole("connectTimeout", 100, 300_000, 10_000),
            stable_after: whole("stableAfter", 0, 600_000, 5_000),
            backoff_base,
            backoff_cap: whole("backoff.cap", least_cap, 3_600_000, least_cap.max(30_000)),
            jitter: Jitter::of(source.choice("backoff.jitter", Jitter::WORDS)),
            breaker: source.wants("breaker"),
            breaker_failures: whole("breaker.failures", 1, 1_000, 10),
            breaker_probe: whole("breaker.probe", 1_000, 3_600_000, 60_000),
            stream,
            ..Self::default()
        };
        options.raw(false)
    }
}

/// What a stream keeps in mind from one connection to the next.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Losses since the last stable connection.
    losses: u32,
    /// The last attempt failed, and nobody could see why: the next one has to show its answer.
    pub is_in_the_dark: bool,
    /// Whether silence means anything.
    pub silence: Silence,
}

impl Memory {
    /// A connection or an attempt was lost, with `status` where there was one. The end of it all, if there is to be no other.
    pub const fn used_up(&mut self, choices: &Choices, status: Option<u16>) -> Option<Ending> {
        if self.losses >= choices.retries && choices.retries < UNLIMITED {
            return Some(Ending::RetriesUsed(status));
        }
        self.losses = self.losses.saturating_add(1);
        None
    }

    /// A connection was open for long enough to count as a success, or the application asks for an attempt.
    pub const fn begin_anew(&mut self) {
        self.losses = 0;
    }
}

/// When the silence of an open connection is too long.
pub(super) fn deadline<P>(cx: &Context<P>, heard: Instant, earliest: &mut Earliest) {
    if cx.options.stream.is_on() {
        earliest.consider(cx.stream.silence.due(&cx.options.stream, heard), Timer::Silence);
    }
}

/// It is too long, if that is what the timer was for. `late` if it was: what came meanwhile may wait to be read.
pub(super) fn on_timer<P>(cx: &mut Context<P>, connection: &Connection, timer: Timer, late: bool) -> Turn {
    let at = cx.at();
    if timer == Timer::Silence && cx.stream.silence.is_death(at, connection.heard(), late) {
        Turn::Dead
    } else {
        Turn::None
    }
}

/// The page woke up.
pub(super) fn wake<P>(cx: &mut Context<P>, connection: &Connection, slept: bool) {
    if cx.options.stream.is_on() && slept {
        let at = cx.at();
        cx.stream.silence.doubt(&cx.options.stream, at, connection.heard());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_counted_from_the_last_stable_connection() {
        let choices = Choices { on: true, retries: 2, ..Choices::default() };
        let mut memory = Memory::default();
        assert_eq!([1, 2, 3].map(|_| memory.used_up(&choices, None).is_some()), [false, false, true]);
        memory.begin_anew();
        assert!(memory.used_up(&choices, None).is_none());
    }

    #[test]
    fn who_wants_no_retry_gets_none() {
        let choices = Choices { on: true, retries: 0, ..Choices::default() };
        assert_eq!(Memory::default().used_up(&choices, Some(503)), Some(Ending::RetriesUsed(Some(503))));
    }

    /// Chooses always the most.
    struct Most;

    impl Source for Most {
        fn whole(&self, _name: &str, _least: u32, most: u32, _otherwise: u32) -> u32 {
            most
        }

        fn choice(&self, _name: &str, _words: &str) -> u32 {
            0
        }

        fn wants(&self, _group: &str) -> bool {
            true
        }
    }

    #[test]
    fn each_choice_is_taken() {
        let options = Options::read_stream(&Most, true);
        assert_eq!((options.backoff_base, options.backoff_cap), (3_600_000, 3_600_000));
        assert_eq!((options.connect_timeout, options.stable_after), (300_000, 600_000));
        assert_eq!((options.breaker_failures, options.breaker_probe), (1_000, 3_600_000));
        let Choices { retries, silence, expects_sound, .. } = options.stream;
        assert_eq!((retries, silence, expects_sound), (1_000_000, 3_600_000, true));
    }
}
