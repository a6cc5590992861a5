//! What every state shares: the policies, what was learned, and the orders that wait to be carried out.
//!
//! Owns no phase of a connection; must not know which one it serves.

mod ends;

use super::action::Action;
use super::backoff::Backoff;
use super::breaker::Breaker;
use super::delivery::Delivery;
use super::error::{Cause, Reason, Warning};
use super::flight::Flight;
use super::heard::Epoch;
use super::inbox::Inbox;
use super::input::{Adopted, Generation, PageEvent};
use super::mutant::{Mutant, broken};
use super::not_before::NotBefore;
use super::options::Options;
use super::outbox::Outbox;
use super::position::Position;
use super::rng::Rng;
use super::snapshot::PeerKind;
use super::stream;
use super::thrash::Thrash;
use super::time::{Clock, Instant, Millis, Now};
use crate::wire::limits::{self, clamp};

/// More clients of one page than this for one destination are too many.
const MOST_SIBLINGS: u32 = 5;

/// What is shared by all states of one client.
#[derive(Clone, Debug)]
pub struct Context<P> {
    /// The application's choices.
    pub options: Options,
    /// The line of time.
    pub clock: Clock,
    /// Chance.
    pub rng: Rng,
    /// The page and the network, as the browser last told.
    pub page: Page,
    /// Delays.
    pub backoff: Backoff,
    /// Failures in a row.
    pub breaker: Breaker,
    /// Too much of it.
    pub thrash: Thrash,
    /// The call to the providers.
    pub providers: Providers,
    /// What waits to be sent.
    pub outbox: Outbox,
    /// What was sent and is not settled.
    pub flight: Flight,
    /// No time that something in these two has is over before.
    pub expiry: Instant,
    /// Where we are in the log.
    pub position: Position<P>,
    /// Critical events.
    pub inbox: Inbox,
    /// What is known of the peer behind this URL, from any connection.
    pub peer: PeerKind,
    /// The log that messages in flight were sent to.
    pub sent_to: SentTo,
    /// The number of the last socket.
    pub generation: Generation,
    /// A new token was asked for since the last stable connection.
    pub token_renewed: bool,
    /// The first quick return to a server that went away was made since the last stable connection.
    pub returned_fast: bool,
    /// The floors under the next attempt.
    pub floors: NotBefore,
    /// The server's word: not before.
    pub server_word: Instant,
    /// Why the connection is not open, or last was not.
    pub reason: Option<Reason>,
    /// Connections that opened.
    pub connects: u32,
    /// The application handles states.
    pub want_state: bool,
    /// The greatest `ts` of an event.
    pub greatest_ts: Option<u64>,
    /// When the peer was last heard on an earlier connection.
    pub heard: Instant,
    /// The last round trip.
    pub rtt: Option<Millis>,
    /// Events that were left out in floods.
    pub left_out: u32,
    /// What only a stream keeps in mind.
    pub stream: stream::Memory,
    /// Warnings that were given and are not repeated, a bit each.
    warned: u16,
    /// The orders of the inputs so far, and how many of them were taken out.
    actions: Vec<Action<P>>,
    taken: usize,
}

/// The page and the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// It cannot be seen.
    pub hidden: bool,
    /// `navigator.onLine` is false.
    pub offline: bool,
    /// Its timers stand still.
    pub frozen: bool,
}

impl Page {
    /// Nobody waits for the connection, or it is not likely to come: retry at the cap.
    #[must_use]
    pub const fn is_in_no_hurry(self) -> bool {
        self.hidden || self.offline
    }

    /// Takes note of what the browser tells.
    pub const fn note(&mut self, event: PageEvent) {
        match event {
            PageEvent::Online => self.offline = false,
            PageEvent::Offline => self.offline = true,
            PageEvent::Hidden => self.hidden = true,
            PageEvent::Frozen => self.frozen = true,
            PageEvent::Visible | PageEvent::PageShow | PageEvent::Resumed | PageEvent::Focus => {
                if matches!(event, PageEvent::Visible) {
                    self.hidden = false;
                }
                self.frozen = false;
            }
            PageEvent::PageHide | PageEvent::NetworkChanged => {}
        }
    }
}

/// What is in flight went to this log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentTo {
    /// Its epoch.
    pub epoch: Option<Epoch>,
    /// Until then its server remembers what became of what an earlier life sent.
    pub known_until: Instant,
}

/// The one call to the url, protocols and token providers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Providers {
    call: u32,
    /// Attempts that have waited for the call; 0 if none is in flight.
    waited: u8,
}

impl Providers {
    /// A call that has not answered this many attempts is given up: it may hang for ever.
    const PATIENCE: u8 = 3;

    /// An attempt needs what they say. The number of a new call to make, or nothing if it waits for the one in flight.
    pub const fn ask(&mut self) -> Option<u32> {
        if self.waited > 0 && self.waited < Self::PATIENCE {
            self.waited += 1;
            return None;
        }
        self.waited = 1;
        self.call = self.call.wrapping_add(1);
        Some(self.call)
    }

    /// Call number `call` ended. False if it was given up.
    pub const fn ended(&mut self, call: u32) -> bool {
        let current = self.waited > 0 && call == self.call;
        if current {
            self.waited = 0;
        }
        current
    }
}

impl<P> Context<P> {
    /// The context of a new client.
    #[must_use]
    pub fn new(now: Now, seed: u64, options: Options) -> Self {
        let threshold = if options.breaker { options.breaker_failures as u32 } else { Breaker::NEVER };
        Self {
            clock: Clock::new(now),
            rng: Rng::new(seed),
            page: Page::default(),
            backoff: Backoff::new(options.backoff_base, options.backoff_cap, options.jitter),
            breaker: Breaker::new(threshold, options.breaker_probe),
            thrash: Thrash::default(),
            providers: Providers::default(),
            outbox: Outbox::new(
                options.queue_high as usize,
                options.queue_normal as usize,
                options.queue_bytes as usize,
            ),
            flight: Flight::default(),
            expiry: Instant::NEVER,
            position: Position::default(),
            inbox: Inbox::default(),
            peer: PeerKind::Unknown,
            sent_to: SentTo::default(),
            generation: 0,
            token_renewed: false,
            returned_fast: false,
            floors: NotBefore::default(),
            server_word: Instant::default(),
            reason: None,
            connects: 0,
            want_state: false,
            greatest_ts: None,
            heard: Instant::NEVER,
            rtt: None,
            left_out: 0,
            stream: stream::Memory::default(),
            warned: 0,
            actions: Vec::new(),
            taken: 0,
            options,
        }
    }

    /// Where the machine is on its line of time.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.clock.at()
    }

    /// Gives an order.
    pub fn act(&mut self, action: Action<P>) {
        self.actions.push(action);
    }

    /// The next order.
    pub fn next_action(&mut self) -> Option<Action<P>> {
        let Some(action) = self.actions.get_mut(self.taken) else {
            if !broken(Mutant::OrdersPile) {
                self.actions.clear();
                self.taken = 0;
            }
            return None;
        };
        self.taken += 1;
        // In its place stands one that nothing has to be done for.
        Some(std::mem::replace(action, Action::Changed))
    }

    /// How many orders wait to be carried out.
    #[must_use]
    pub const fn orders(&self) -> usize {
        self.actions.len() - self.taken
    }

    /// Warns once until [`Self::forget_warning`].
    pub fn warn_once(&mut self, warning: Warning) {
        let bit = 1 << warning as u8;
        if self.warned & bit == 0 {
            self.warned |= bit;
            self.act(Action::Warn(warning));
        }
    }

    /// The next such warning is given again.
    pub const fn forget_warning(&mut self, warning: Warning) {
        self.warned &= !(1 << warning as u8);
    }

    /// So many clients share one destination.
    pub fn note_siblings(&mut self, count: u32) {
        if count > MOST_SIBLINGS {
            self.warn_once(Warning::ManyClients);
        }
    }

    /// The server's word. Who was told the same comes back over a third of that time.
    pub fn note_not_before(&mut self, wait: Millis) {
        let wait = wait.min(limits::MAX_WAIT_MS);
        self.server_word = self.at().after(wait + self.rng.up_to(wait * 3 / 10));
    }

    /// What takes in what is received, and the way from there to the handlers.
    pub const fn receiving(&mut self, generation: Generation) -> (&mut Position<P>, Delivery<'_, P>) {
        (&mut self.position, Delivery::new(&mut self.inbox, &mut self.actions, generation))
    }

    /// The client goes on under another identity. What went out under the one before is beyond its reach.
    pub fn adopt(&mut self, Adopted { life, epoch, keep, age }: Adopted) {
        self.give_up(Cause::InDoubt);
        self.flight.begin_life(life);
        let keep = clamp(keep.unwrap_or(limits::KEEP_MS), &limits::KEEP_MS_RANGE).saturating_sub(age);
        // A moment ago: a memory that is over already is over at the next hello, however soon that comes.
        let known_until = Instant((self.at().0 + keep).saturating_sub(1));
        self.sent_to = SentTo { epoch, known_until };
    }

    /// A connection was open for long enough to count as a success.
    pub fn note_stable(&mut self) {
        self.backoff.reset();
        self.breaker.reset();
        self.thrash.reset();
        self.flight.relax();
        self.stream.begin_anew();
        self.token_renewed = false;
        self.returned_fast = false;
        self.forget_warning(Warning::Thrashing);
        self.forget_warning(Warning::BreakerOpened);
    }

    /// The number of a new socket.
    pub const fn next_generation(&mut self) -> Generation {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_to_the_providers_is_in_flight() {
        let mut providers = Providers::default();
        assert_eq!([providers.ask(), providers.ask(), providers.ask()], [Some(1), None, None]);
        assert!(providers.ended(1) && !providers.ended(1));
        assert_eq!(providers.ask(), Some(2));
    }

    #[test]
    fn a_provider_that_hangs_is_given_up_and_asked_anew() {
        let mut providers = Providers::default();
        for _ in 0..3 {
            providers.ask();
        }
        assert_eq!(providers.ask(), Some(2));
        assert!(!providers.ended(1), "its late answer is ignored");
        assert!(providers.ended(2));
    }
}
