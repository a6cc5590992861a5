//! Deliberate bugs, to show that the simulation finds such ones (`make sim-mutants`).
//!
//! Owns their names and what each breaks; must not know who looks for them. There are none in a build without
//! `--cfg everwire_mutants`: [`broken`] is the constant false then. With it, each thread chooses one at most.

macro_rules! mutants {
    ($(#[doc = $breaks:literal] $name:ident,)+) => {
        /// A bug that a programmer could have made. The sentence says what goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            $(#[doc = $breaks] $name,)+
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What goes wrong.
            #[must_use]
            pub const fn breaks(self) -> &'static str {
                match self { $(Self::$name => $breaks,)+ }
            }
        }
    };
}

mutants! {
    // What is sent.
    #[doc = "A message that is sent again gets another number."]
    ResentRenumbered,
    #[doc = "An acknowledgement settles the oldest message in flight, whichever it is for."]
    AckSettlesAnother,
    #[doc = "The window of messages in flight is far too wide."]
    WindowIgnored,
    #[doc = "The number of a message is given again to the next."]
    NumberGivenTwice,
    #[doc = "What a server may have forgotten is sent again without the mark that says so."]
    AgainForgotten,
    #[doc = "The last message in flight is forgotten when a connection is made again."]
    DroppedOnReconnect,
    #[doc = "What is sent again on a new connection is sent twice."]
    FlushedTwice,
    #[doc = "Of two queues, that of low priority goes first."]
    NormalBeforeHigh,
    #[doc = "The second message of a queue overtakes the first."]
    OrderSwapped,
    #[doc = "A full queue takes more."]
    BoundIgnored,
    #[doc = "What waits behind a message that wants an acknowledgement has no end after `close()`."]
    CloseForgets,
    #[doc = "The list of orders that were carried out is never emptied."]
    OrdersPile,
    #[doc = "The absence of a client counts from when it last heard the server, though a frozen page hears late."]
    HeardIsSeen,
    #[doc = "A message in flight whose time is over is told so, and sent again."]
    TtlForgotten,
    #[doc = "A message in flight has all the time in the world."]
    FlyingTimeless,
    #[doc = "A volatile message waits for a better time."]
    VolatileQueued,
    #[doc = "A reply settles the oldest message in flight, whichever it is for."]
    ReplySettlesAnother,
    #[doc = "What ended in a queue is sent all the same."]
    AbortForgotten,
    #[doc = "A socket that holds too much is given more."]
    FlowIgnored,
    #[doc = "Who was told to wait is never told to go on."]
    PressedForever,
    #[doc = "A message that was restored gets another number."]
    RestoredRenumbered,
    #[doc = "A page that goes on numbers on where the store ends, which holds nothing of what was settled."]
    LifeIgnored,
    #[doc = "The doubt of an earlier page is forgotten."]
    RestoredTrusted,

    // What is received.
    #[doc = "A number that does not follow the last one is taken as if it did."]
    HoleIgnored,
    #[doc = "An answer that holds everything of another log counts as one of this log."]
    OtherLogKept,
    #[doc = "Continuity stays what it was when events are lost for good."]
    KeptAfterLoss,
    #[doc = "Events that were held are released in the reverse order."]
    HeldReversed,
    #[doc = "A critical event that was handled is handled again when it is repeated."]
    CriticalTwice,
    #[doc = "A critical event is acknowledged in place of being handled."]
    AckUnhandled,
    #[doc = "The acknowledgement of a critical event is not repeated when the event is."]
    AckNotRepeated,
    #[doc = "What is heard on any socket is taken for the current one's."]
    AnySocketHeard,

    // When to try again.
    #[doc = "The wait that a server asks for does not hold."]
    WordIgnored,
    #[doc = "A client in a hurry does not look at the floors under its attempt."]
    FloorsSkipped,
    #[doc = "Delays are not spread."]
    JitterDropped,
    #[doc = "The circuit breaker counts and never makes anybody wait."]
    BreakerNeverOpens,
    #[doc = "The brake on thrashing never makes anybody wait."]
    BrakeNeverOn,
    #[doc = "A connection counts as a success when it opens."]
    SuccessAtOpen,
    #[doc = "The no of `shouldReconnect` is not heard."]
    OverruleIgnored,
    #[doc = "A socket may be connecting for ever."]
    ConnectNeverLate,
    #[doc = "The old socket is kept when a handover is done."]
    OldSocketKept,

    // Whether the peer is there.
    #[doc = "Pings that are not answered are not counted."]
    MissesNotCounted,
    #[doc = "A sleep of the machine is not noticed."]
    SleepUnnoticed,

    // The data plane, and what the core reads of it.
    #[doc = "Data plane: the next number is not counted on."]
    NextNotCounted,
    #[doc = "Data plane: a critical event goes straight to its handlers."]
    IdStraight,
    #[doc = "Data plane: what comes on another socket goes straight to the handlers."]
    OtherSocketStraight,
    #[doc = "Data plane: events go to their handlers while they should wait for an answer."]
    HoldIgnored,
    #[doc = "Data plane: any number passes."]
    AnyNumberPasses,
    #[doc = "Data plane: a message of the protocol goes straight to the handlers."]
    ReservedStraight,
    #[doc = "Data plane: the second message of a batch is passed over."]
    BatchElementSkipped,
    #[doc = "Data plane: the core does not take over the number that was counted on."]
    RegisterStale,
    #[doc = "Data plane: its credit is never renewed."]
    CreditNeverRenewed,
    #[doc = "Data plane: of two events of one key that wait, the older is shown."]
    OlderStands,
    #[doc = "Data plane: any event may be dropped."]
    AnyDropped,
    #[doc = "Data plane: a critical event overtakes those that wait."]
    BacklogOvertaken,
    #[doc = "A flood is never over."]
    FloodForever,
}

/// Whether the bug is there.
#[cfg(not(everwire_mutants))]
#[must_use]
#[inline(always)]
pub const fn broken(_: Mutant) -> bool {
    false
}

#[cfg(everwire_mutants)]
thread_local! {
    static CHOSEN: std::cell::Cell<Option<Mutant>> = const { std::cell::Cell::new(None) };
}

/// Whether the bug is there.
#[cfg(everwire_mutants)]
#[must_use]
pub fn broken(mutant: Mutant) -> bool {
    CHOSEN.get() == Some(mutant)
}

/// Chooses the bug of this thread.
#[cfg(everwire_mutants)]
pub fn choose(mutant: Option<Mutant>) {
    CHOSEN.set(mutant);
}
