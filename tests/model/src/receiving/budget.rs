//! What may befall what is received, and what may be wrong with the model of it.
//!
//! Owns how often, and which mistakes; must not know what follows.

/// What may go wrong, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Events of the log.
    pub events: u8,
    /// So many of them are critical, at most.
    pub critical: u8,
    /// One side gives up a connection; the other may not know.
    pub cuts: u8,
    /// The server dies and is back, with or without its log.
    pub crashes: u8,
    /// The server says again what is not lost: a critical event, or any other.
    pub repeats: u8,
    /// The log lets go of its oldest event; never of its newest.
    pub trims: u8,
    /// The server is late with an event, and sends the newest alone.
    pub skips: u8,
    /// The server does not answer a request.
    pub silences: u8,
    /// The server no longer waits for the client's hello.
    pub impatience: u8,
    /// The page is loaded anew.
    pub reloads: u8,
}

impl Budget {
    /// Nothing happens.
    pub const NONE: Self = Self {
        events: 0,
        critical: 0,
        cuts: 0,
        crashes: 0,
        repeats: 0,
        trims: 0,
        skips: 0,
        silences: 0,
        impatience: 0,
        reloads: 0,
    };
}

/// A deliberate mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// The client goes on after a hole as if nothing were missing.
    KeptAfterHole,
    /// The client looks at the number of a hello, and not at the epoch.
    EpochUnread,
    /// The client drops what lies behind it, critical or not.
    OldCriticalDropped,
    /// The client delivers numbered events while an answer is outstanding.
    NothingHeld,
    /// A server that lost everything gives the `$id`s of the last epoch again.
    IdsGivenAgain,
    /// The server replays events without their `$id`.
    ReplayWithoutId,
    /// A server's hello names a head that is not that of the subscription.
    HeadBeforeSubscription,
    /// The `$seq` of a critical event that was handled does not count.
    HandledDoesNotCount,
    /// What was skipped because nobody answered is forgotten with the next answer.
    KeptAfterSilence,
    /// Whoever says hello last replaces the others, also on a connection that was made before theirs.
    LateHelloReplaces,
}
