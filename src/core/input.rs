//! The one door in: everything that can happen to a connection.
//!
//! Owns the facts the shell reports; must not know what follows from them. The shell reports, it never decides.

use super::heard::{Epoch, EventId, Heard};
#[cfg(feature = "stream")]
use super::stream;
use super::time::{Instant, Millis};

/// Numbers the sockets of a client, from 1. What an older socket says is ignored.
pub type Generation = u32;

/// Names an accepted message towards the shell until it is settled. Chosen by the shell, unique per client.
pub type ReceiptId = u32;

/// Which of two queues a message waits in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Priority {
    /// Before every `Normal` one.
    High,
    /// The default.
    #[default]
    Normal,
    /// Not at all: the application waits for an event, which the shell looks out for. `Abort` tells that it came.
    Never,
}

/// A message of the application. Its text stays with the shell, under the receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// What its end is told to.
    pub receipt: ReceiptId,
    /// The length of its text in UTF-8.
    pub bytes: usize,
    /// The queue it waits in.
    pub priority: Priority,
    /// Whether the peer has to acknowledge it.
    pub ack: bool,
    /// Whether it is a request, whose acknowledgement is the reply.
    pub request: bool,
    /// Whether it goes out now or never. Such a message has no priority, acknowledgement or time.
    pub volatile: bool,
    /// How long it may take: to be sent, acknowledged or heard. Where absent 30 s for what is asked or waited for, and as
    /// long as it takes for the rest.
    pub ttl: Option<Millis>,
}

/// An identity of an earlier life that this client goes on with, or a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Adopted {
    /// How many lives it had before: each has numbers of its own, so that none is ever given twice.
    pub life: u32,
    /// The log that its messages went to last.
    pub epoch: Option<Epoch>,
    /// How long that server remembers outcomes, as its hello said.
    pub keep: Option<Millis>,
    /// How long ago that was, at most.
    pub age: Millis,
}

/// What the browser says of the page and the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// `navigator.onLine` became true.
    Online,
    /// `navigator.onLine` became false.
    Offline,
    /// The page can be seen.
    Visible,
    /// The page cannot be seen.
    Hidden,
    /// The page's timers stop (Page Lifecycle).
    Frozen,
    /// The page's timers go on.
    Resumed,
    /// The page goes away, perhaps into the back/forward cache.
    PageHide,
    /// The page is shown, perhaps out of the back/forward cache.
    PageShow,
    /// The window has the focus.
    Focus,
    /// The Network Information API reports a change.
    NetworkChanged,
}

impl PageEvent {
    /// All of them, each at the place that is its number in `src/shell/page.js`.
    pub const ALL: [Self; 10] = [
        Self::Online,
        Self::Offline,
        Self::Visible,
        Self::Hidden,
        Self::Frozen,
        Self::Resumed,
        Self::PageHide,
        Self::PageShow,
        Self::Focus,
        Self::NetworkChanged,
    ];
}

/// What happens to a socket beside what is heard on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SocketEvent {
    /// It opened.
    Opened,
    /// It closed, or could not be opened.
    Closed {
        /// The close code; 1006 without a close frame.
        code: u16,
        /// What `shouldReconnect` said of it, if anything.
        overrule: Option<bool>,
    },
    /// Its constructor threw.
    ConstructFailed,
    /// `send` threw.
    SendFailed,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
// A tag of its own: one that is folded into the bits of a payload costs the module something at every look.
#[repr(u8)]
pub enum Input<P> {
    /// The application wants the connection. Given once, first.
    Start,
    /// The application sends a message.
    Send(Outgoing),
    /// The client goes on under another identity. Told before its first connection, or between two.
    Adopt(Adopted),
    /// A message went out under that identity in an earlier life, and was not settled. Told in the order of the numbers.
    Restore {
        /// What its end is told to.
        receipt: ReceiptId,
        /// The n of its `$id`.
        n: u64,
        /// The length of its text in UTF-8.
        bytes: usize,
        /// Whether its end was in doubt (`$again`).
        again: bool,
        /// How long it may still take.
        ttl: Option<Millis>,
    },
    /// The application wants no more of a message that has not ended, or that was not told of yet.
    Abort(ReceiptId),
    /// The application wants no connection any more.
    Close {
        /// How long what is queued and unsettled may take, in milliseconds; the option `drain` where absent.
        drain: Option<Millis>,
    },
    /// The application wants an attempt now.
    Retry,
    /// The application handles states (`on('resync')`), or no longer does.
    WantState(bool),
    /// The handlers of a critical event returned.
    Handled {
        /// The event's `$id`.
        id: EventId,
        /// The event, to be acknowledged.
        event: P,
    },

    /// The url, protocols and token are known. They stay with the shell.
    Resolved {
        /// Which call answered.
        call: u32,
    },
    /// A provider failed.
    ResolveFailed {
        /// Which call.
        call: u32,
    },

    /// Something happened to a socket.
    Socket(Generation, SocketEvent),
    /// A socket was measured: so many bytes that it was given have not gone out.
    Buffered(Generation, u64),
    /// A socket told something that the data plane does not deal with on its own.
    Heard(Generation, Heard<P>),

    /// What the data plane's registers say, read before every other input.
    Plane(PlaneReading),
    /// The page or the network changed.
    Page(PageEvent),
    /// So many clients of this page have the same destination, this one included.
    Siblings(u32),
    /// The server does not want to be asked again for so long, in milliseconds. Told before the end of the attempt that it
    /// refused.
    NotBefore(Millis),
    /// The one timer fired.
    Tick,
    #[cfg(feature = "stream")]
    /// Something happened to a stream that does not happen to a socket, beside the number of the connection or call.
    Stream(u32, stream::Event),
}

/// What the data plane wrote since it was last read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaneReading {
    /// When the last frame came, on the monotonic clock, where one came since.
    pub heard: Option<Instant>,
    /// The `$seq` it expects next; 0 where numbers mean nothing.
    pub next_seq: u64,
    /// The credit it has left.
    pub credit: u32,
    /// The greatest integer `ts` of an event, where it was told to look.
    pub greatest_ts: Option<u64>,
    /// How many events wait for a frame.
    pub waiting: u32,
    /// How many were left out so far: dropped, or conflated.
    pub left_out: u32,
    /// The milliseconds that handlers took so far, about.
    pub busy: u32,
}
