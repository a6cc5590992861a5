//! What an application can choose, with defaults and ranges.
//!
//! Owns names, defaults and ranges; must not know where values come from, or how one outside its range is refused.

use super::backoff::Jitter;
use super::stream;
use super::time::Millis;

/// What the application wrote, asked for by name; a member of a group is named `group.member`. A source keeps in mind
/// what is not allowed and what nobody asked for, to refuse both.
pub trait Source {
    /// A whole number from `least` to `most`; `otherwise` where the application did not choose.
    fn whole(&self, name: &str, least: u32, most: u32, otherwise: u32) -> u32;
    /// The place of the chosen one of some words, which a space parts; the first where the application did not choose.
    fn choice(&self, name: &str, words: &str) -> u32;
    /// Whether a group is wanted: anything but `false`.
    fn wants(&self, group: &str) -> bool;
}

/// What becomes of a message that was sent and whose end cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDoubt {
    /// It is sent again, marked `$again`.
    #[default]
    Resend,
    /// It ends `unknown`.
    Fail,
}

/// The choices of one client. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Providers and handshake together: 100 to 300,000; 10,000.
    pub connect_timeout: Millis,
    /// An open connection counts as a success after: 0 to 600,000; 5,000.
    pub stable_after: Millis,
    /// The first delay: 1 to 3,600,000; 1,000.
    pub backoff_base: Millis,
    /// The longest delay before jitter: 1 to 3,600,000; 30,000.
    pub backoff_cap: Millis,
    /// How delays are spread; `additive`.
    pub jitter: Jitter,
    /// Whether there is a circuit breaker; true.
    pub breaker: bool,
    /// Failures in a row that open the breaker: 1 to 1,000; 10.
    pub breaker_failures: u64,
    /// The breaker's wait before each probe: 1,000 to 3,600,000; 60,000.
    pub breaker_probe: Millis,
    /// Whether there is a heartbeat; true.
    pub heartbeat: bool,
    /// A ping after so long without receiving: 100 to 3,600,000; 15,000.
    pub heartbeat_idle: Millis,
    /// A ping after so long without a confirmed exchange: 100 to 3,600,000; 30,000.
    pub heartbeat_confirm: Millis,
    /// An answer is due within: 50 to 600,000; 5,000.
    pub heartbeat_timeout: Millis,
    /// Dead after so many misses: 1 to 100; 3.
    pub heartbeat_misses: u64,
    /// Messages of high priority that may wait: 1 to 100,000; 50.
    pub queue_high: u64,
    /// Messages of normal priority that may wait: 1 to 100,000; 200.
    pub queue_normal: u64,
    /// Bytes of both that may wait: 1,024 to 268,435,456; 4 MiB.
    pub queue_bytes: u64,
    /// How long `close()` waits for what was accepted: 0 to 60,000; 1,000.
    pub drain: Millis,
    /// What becomes of messages in doubt; `resend`.
    pub on_doubt: OnDoubt,
    /// A gap after which a peer without numbers is asked for what was missed: 0 to 86,400,000; 30,000.
    pub resync_gap: Millis,
    /// Whether a url, protocols or token function can give new credentials. The shell sets it.
    pub renewable: bool,
    /// Those of a stream.
    pub stream: stream::Choices,
}

impl Default for Options {
    fn default() -> Self {
        Self::read(&Nothing)
    }
}

/// The source of an application that chooses nothing.
struct Nothing;

impl Source for Nothing {
    fn whole(&self, _name: &str, _least: u32, _most: u32, otherwise: u32) -> u32 {
        otherwise
    }

    fn choice(&self, _name: &str, _words: &str) -> u32 {
        0
    }

    fn wants(&self, _group: &str) -> bool {
        true
    }
}

impl Options {
    /// The application's choices.
    #[must_use]
    pub fn read(source: &impl Source) -> Self {
        let number =
            |name: &str, least: u32, most: u32, otherwise: u32| u64::from(source.whole(name, least, most, otherwise));
        let backoff_base = number("backoff.base", 1, 3_600_000, 1_000);
        let least_cap = backoff_base as u32;
        Self {
            connect_timeout: number("connectTimeout", 100, 300_000, 10_000),
            stable_after: number("stableAfter", 0, 600_000, 5_000),
            backoff_base,
            backoff_cap: number("backoff.cap", least_cap, 3_600_000, least_cap.max(30_000)),
            jitter: Jitter::of(source.choice("backoff.jitter", Jitter::WORDS)),
            breaker: source.wants("breaker"),
            breaker_failures: number("breaker.failures", 1, 1_000, 10),
            breaker_probe: number("breaker.probe", 1_000, 3_600_000, 60_000),
            heartbeat: source.wants("heartbeat"),
            heartbeat_idle: number("heartbeat.idle", 100, 3_600_000, 15_000),
            heartbeat_confirm: number("heartbeat.confirm", 100, 3_600_000, 30_000),
            heartbeat_timeout: number("heartbeat.timeout", 50, 600_000, 5_000),
            heartbeat_misses: number("heartbeat.misses", 1, 100, 3),
            queue_high: number("queue.high", 1, 100_000, 50),
            queue_normal: number("queue.normal", 1, 100_000, 200),
            queue_bytes: number("queue.bytes", 1_024, 268_435_456, 4 << 20),
            drain: number("drain", 0, 60_000, 1_000),
            on_doubt: if source.choice("onDoubt", "resend fail") == 0 { OnDoubt::Resend } else { OnDoubt::Fail },
            resync_gap: number("resyncGap", 0, 86_400_000, 30_000),
            renewable: false,
            stream: stream::Choices::default(),
        }
    }

    /// The same for a peer to which nothing of the protocol is said: it is asked for nothing that was missed, and pinged
    /// only if the application gave the `ping`.
    #[must_use]
    pub const fn raw(self, ping: bool) -> Self {
        Self { heartbeat: self.heartbeat && ping, resync_gap: Millis::MAX, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chooses always the last.
    struct Extreme;

    impl Source for Extreme {
        fn whole(&self, name: &str, least: u32, most: u32, otherwise: u32) -> u32 {
            assert!(least <= otherwise && otherwise <= most, "{name}");
            most
        }

        fn choice(&self, _name: &str, words: &str) -> u32 {
            words.split(' ').count() as u32 - 1
        }

        fn wants(&self, _group: &str) -> bool {
            false
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_design() {
        let options = Options::default();
        assert_eq!((options.backoff_base, options.backoff_cap, options.jitter), (1_000, 30_000, Jitter::Additive));
        assert_eq!((options.heartbeat_idle, options.heartbeat_timeout, options.heartbeat_misses), (15_000, 5_000, 3));
        assert!(options.breaker && options.heartbeat && !options.renewable);
    }

    #[test]
    fn the_longest_first_delay_raises_the_longest_delay() {
        let options = Options::read(&Extreme);
        assert_eq!((options.backoff_base, options.backoff_cap), (3_600_000, 3_600_000));
        assert_eq!((options.jitter, options.on_doubt), (Jitter::Decorrelated, OnDoubt::Fail));
        assert!(!options.breaker && !options.heartbeat);
    }
}
