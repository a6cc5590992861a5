//! One client's sockets, and when it may make another.
//!
//! Owns the sockets alive and the floors under the next attempt; must not know how a delay is found.

use super::{Verdict, must};
use everwire::core::backoff::Jitter;
use everwire::core::input::Generation;
use everwire::core::options::Options;
use everwire::core::time::{Instant, Millis};
use std::collections::{BTreeMap, VecDeque};

/// Attempts in a minute, at most: what the brake and backoff leave when everything goes wrong at once.
const MOST_A_MINUTE: usize = 24;
/// Opened connections lost in a minute that are no thrash yet, and the least wait after more.
const MOST_LOST_A_MINUTE: usize = 5;
const LEAST_BRAKED_MS: Millis = 8_000;
/// Attempts at once in a minute that are no thrash yet.
const MOST_HURRIED_A_MINUTE: usize = 5;
/// A delay that is spread is a round one once in 300 times.
const MOST_BARE: u32 = 4;

#[derive(Clone, Copy, Debug)]
struct Socket {
    made: Instant,
    open: bool,
}

/// The account of one life of a client.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    sockets: BTreeMap<Generation, Socket>,
    last: Generation,
    current: Option<Generation>,
    opened: Option<Instant>,
    /// The server's word: none before.
    word: Instant,
    /// The current connection was asked to leave.
    sent_away: bool,
    made: VecDeque<Instant>,
    /// Delays since the last stable connection.
    delays: u32,
    fast: bool,
    /// Failures since then, and when opened connections were lost.
    failures: u64,
    lost: VecDeque<Instant>,
    /// Attempts that were made at once.
    hurried: VecDeque<Instant>,
    /// Waits in a row that were not spread.
    bare: u32,
}

impl Attempts {
    /// Whether a socket is open.
    #[must_use]
    pub fn is_open(&self, generation: Generation) -> bool {
        self.sockets.get(&generation).is_some_and(|socket| socket.open)
    }

    /// The last socket made.
    #[must_use]
    pub const fn last(&self) -> Generation {
        self.last
    }

    /// The sockets alive.
    #[must_use]
    pub fn alive(&self) -> usize {
        self.sockets.len()
    }

    /// The providers are asked, or a socket is made.
    ///
    /// # Errors
    /// If it is too early.
    pub fn attempted(&self, at: Instant) -> Verdict {
        must(at >= self.word, || format!("an attempt {} ms before the server's word", self.word.since(at)))
    }

    /// An attempt is made at once, because the application or the page wants it.
    ///
    /// # Errors
    /// If that happens too often.
    pub fn hurried(&mut self, at: Instant) -> Verdict {
        self.hurried.retain(|hurried| at.since(*hurried) < 60_000);
        let (count, last) = (self.hurried.len(), self.hurried.back().map(|last| at.since(*last)));
        self.hurried.push_back(at);
        must(count < MOST_HURRIED_A_MINUTE || last.is_none_or(|last| last >= LEAST_BRAKED_MS), || {
            format!("{} attempts at once in a minute, the last after {last:?} ms", count + 1)
        })
    }

    /// A socket is made.
    ///
    /// # Errors
    /// What is wrong.
    pub fn made(&mut self, generation: Generation, at: Instant) -> Verdict {
        must(generation == self.last + 1, || format!("socket {generation} follows {}", self.last))?;
        self.last = generation;
        self.sockets.insert(generation, Socket { made: at, open: false });
        self.made.retain(|made| at.since(*made) < 60_000);
        self.made.push_back(at);
        must(self.made.len() <= MOST_A_MINUTE, || format!("{} attempts in a minute", self.made.len()))
    }

    /// A socket opened. Whether the client took it for its own.
    pub fn opened(&mut self, generation: Generation, at: Instant, options: &Options) -> bool {
        let Some(socket) = self.sockets.get_mut(&generation) else { return false };
        socket.open = true;
        self.lasted(at, options);
        self.current = Some(generation);
        self.opened = Some(at);
        self.sent_away = false;
        true
    }

    /// There is no other attempt until somebody asks: what was open was lost now, not then.
    pub fn stopped(&mut self, at: Instant, options: &Options) {
        self.lasted(at, options);
    }

    /// A socket is given up.
    pub fn left(&mut self, generation: Generation, at: Instant, options: &Options) {
        if self.current == Some(generation) {
            self.has_lasted(at, options);
        }
    }

    /// A socket is gone, by itself or because it was given up.
    pub fn gone(&mut self, generation: Generation) {
        self.sockets.remove(&generation);
        if self.current == Some(generation) {
            self.current = None;
        }
    }

    /// Something is said.
    ///
    /// # Errors
    /// If the socket is not the current one.
    pub fn said(&self, generation: Generation) -> Verdict {
        must(self.is_open(generation) && self.current == Some(generation), || {
            format!("something is said on socket {generation}, and {:?} is current", self.current)
        })
    }

    /// The server asked the current connection to leave.
    pub fn sent_away(&mut self, generation: Generation, at: Instant, retry_after: Millis) {
        if self.current == Some(generation) && !std::mem::replace(&mut self.sent_away, true) {
            self.word = at.after(retry_after);
        }
    }

    /// The server refuses an attempt, and wants none for so long.
    pub const fn limited(&mut self, at: Instant, wait: Millis) {
        self.word = at.after(wait);
    }

    /// A connection or an attempt was lost at `at`, and the next attempt is due at `until`. `code` is the close code.
    ///
    /// # Errors
    /// If that is too soon.
    pub fn waits(&mut self, at: Instant, until: Instant, code: Option<u16>, options: &Options) -> Verdict {
        let was_open = self.opened.is_some();
        let lasted = self.lasted(at, options);
        if std::mem::take(&mut self.sent_away) {
            return Ok(());
        }
        self.braked(was_open, lasted || matches!(code, Some(1001 | 1012)), at, until, options)?;
        if matches!(code, Some(1001 | 1012)) && !std::mem::replace(&mut self.fast, true) {
            return Ok(());
        }
        let delay = options.backoff_base.saturating_mul(1 << self.delays.min(20)).min(options.backoff_cap);
        let least = match options.jitter {
            Jitter::Additive => delay,
            Jitter::Equal => delay / 2,
            Jitter::Decorrelated => options.backoff_base,
            Jitter::Full => 0,
        };
        self.delays += 1;
        self.spread(until.since(at), options)?;
        must(until >= at.after(least), || {
            format!("the next attempt is due {} ms after a loss, and {least} ms is the least", until.since(at))
        })
    }

    /// The connection ends. One that lasted long enough is a success.
    fn lasted(&mut self, at: Instant, options: &Options) -> bool {
        let lasted = self.has_lasted(at, options);
        self.opened = None;
        lasted
    }

    fn has_lasted(&mut self, at: Instant, options: &Options) -> bool {
        let lasted = self.opened.is_some_and(|opened| at.since(opened) >= options.stable_after);
        if lasted {
            (self.delays, self.fast, self.failures) = (0, false, 0);
            self.lost.clear();
            self.hurried.clear();
        }
        lasted
    }

    /// Too many failures in a row, or too many opened connections lost in a minute, make everybody wait longer.
    fn braked(&mut self, open: bool, excused: bool, at: Instant, until: Instant, options: &Options) -> Verdict {
        self.failures += u64::from(!excused);
        let waits = self.failures < options.breaker_failures || until >= at.after(options.breaker_probe);
        must(waits, || format!("after {} failures the next attempt is due in {} ms", self.failures, until.since(at)))?;
        if !open {
            return Ok(());
        }
        self.lost.retain(|lost| at.since(*lost) < 60_000);
        self.lost.push_back(at);
        must(self.lost.len() <= MOST_LOST_A_MINUTE || until >= at.after(LEAST_BRAKED_MS), || {
            format!("after {} losses in a minute the next attempt is due in {} ms", self.lost.len(), until.since(at))
        })
    }

    /// Delays that are one of the series, to the millisecond, were not spread: once that is chance.
    fn spread(&mut self, delay: Millis, options: &Options) -> Verdict {
        let mut series = (0..20).map(|n| (options.backoff_base << n).min(options.backoff_cap));
        self.bare = if series.any(|own| own == delay) { self.bare + 1 } else { 0 };
        must(self.bare < MOST_BARE, || format!("{} delays in a row are not spread", self.bare))
    }

    /// How many sockets there are at `at`; the client is next awake at `deadline`, or at once where that has passed.
    ///
    /// # Errors
    /// What is wrong.
    pub fn counted(
        &self,
        public_open: bool,
        any: bool,
        deadline: Option<Instant>,
        at: Instant,
        options: &Options,
    ) -> Verdict {
        let most = if public_open { 2 } else { usize::from(any) };
        must(self.sockets.len() <= most, || format!("{} sockets: {:?}", self.sockets.len(), self.sockets))?;
        let connecting = self.sockets.values().find(|socket| !socket.open);
        must(self.sockets.len() < 2 || connecting.is_some(), || "two sockets are open".to_owned())?;
        let (Some(connecting), Some(deadline)) = (connecting, deadline) else { return Ok(()) };
        must(deadline <= at.max(connecting.made.after(options.connect_timeout)), || {
            "a socket may be connecting for longer than the connect timeout".to_owned()
        })
    }
}
