//! What may befall what is sent, and what may be wrong with the model of it.
//!
//! Owns how often, and which mistakes; must not know what follows.

/// What may go wrong, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Messages of the application.
    pub messages: u8,
    /// One side gives up a connection; the other may not know.
    pub cuts: u8,
    /// The server dies and is back, with or without what it remembered.
    pub crashes: u8,
    /// An unanswered message is sent again on a live connection.
    pub nudges: u8,
    /// The clock goes on by one; `keep` is one.
    pub ticks: u8,
    /// The page is loaded anew.
    pub reloads: u8,
    /// The server says `busy`.
    pub busy: u8,
    /// The server refuses a message for good.
    pub refusals: u8,
    /// The server lets go of what it replied, not of the outcome.
    pub lost_replies: u8,
}

impl Budget {
    /// Nothing happens.
    pub const NONE: Self = Self {
        messages: 0,
        cuts: 0,
        crashes: 0,
        nudges: 0,
        ticks: 0,
        reloads: 0,
        busy: 0,
        refusals: 0,
        lost_replies: 0,
    };
}

/// A deliberate mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// What is sent again gets another number.
    AnotherNumber,
    /// The server remembers one outcome less than W.
    ShortMemory,
    /// The server acknowledges and then applies.
    AckBeforeApply,
    /// The server applies and then records.
    ApplyBeforeRecord,
    /// The client sends whatever the window is.
    NoWindow,
    /// The mark `$again` is forgotten after it was sent once.
    ForgetfulMark,
    /// The client counts its absence from what it last heard.
    AbsentSinceHeard,
    /// The server forgets at `keep`, a client that is about to say hello included.
    ForgetsTheComing,
    /// The server loses outcomes in a crash and goes on with its log.
    OutcomesWithoutEpoch,
    /// Whoever says hello last replaces the others, also on a connection that was made before theirs.
    LateHelloReplaces,
}
