//! What can happen to a machine, as small values that shrink.
//!
//! Owns the operations and how often each is tried; must not know what a machine does with one. An operation is made of
//! one number: the low bits choose what, the others how.

use everwire::core::input::PageEvent;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Nothing: what a sequence shrinks to.
    Rest,
    /// Whatever a well-behaved world does next: providers answer, sockets open, servers say hello.
    Proceed(u64),
    /// Both clocks move by so much, and the shell is asked nothing.
    Pass(u64),
    /// Time moves to the next deadline, and the timer fires there.
    Due,
    /// Time moves beyond the next deadline by so much, and the timer fires late.
    Late(u64),
    /// The wall clock moves by so much, which may be backwards.
    Wall(i64),
    /// The monotonic clock moves by so much, which no browser does backwards, and nothing here minds.
    Mono(i64),
    /// The timer fires although nobody asked.
    Tick,
    /// Some provider's call ends.
    Resolve { call: u32, fails: bool },
    /// Some socket says that it opened.
    Opened(u32),
    /// Some socket says that it closed.
    Closed { back: u32, code: u16, overrule: Option<bool> },
    /// The attempt under way is refused, and the server names a time.
    Refused(u64),
    /// Some socket could not be made.
    ConstructFailed(u32),
    /// Some socket's `send` threw.
    SendFailed(u32),
    /// The current socket brings a hello.
    Hello(u64),
    /// A socket brings an event.
    Event { back: u32, seq: u64, how: u64 },
    /// The current socket brings more events at once than a page can show.
    Burst,
    /// A frame is drawn, with time for so many events.
    Frame(usize),
    /// The current socket brings the outcome of a message.
    Outcome { n: u64, how: u64 },
    /// The current socket brings an answer to a resync, asked for or not.
    Resync(u64),
    /// The server asks to leave.
    Goaway { retry_after: u64, spread: u64, grace: u64 },
    /// The server answers a ping.
    Pong,
    /// The server pings.
    Ping,
    /// A frame made no sense: to JSON, or to the protocol.
    Garbage { malformed: bool },
    /// The page or the network changed.
    Page(PageEvent),
    /// The application sends.
    Send { high: bool, ack: bool, bytes: usize },
    /// The application sends what is now or never, or what has a time, or waits for something.
    Kind { which: u64, ttl: u64 },
    /// The application wants no more of a message that has not ended, or that was not told of.
    Abort(u64),
    /// Some socket holds so much when it is asked from now on, and says so.
    Buffered { back: u32, bytes: u64 },
    /// The application closes.
    Close(u64),
    /// The application insists.
    Retry,
    /// The application handles states, or no longer does.
    WantState(bool),
    /// Handlers of some critical event return; perhaps it never came.
    Handled(u64),
}

/// Low bytes that move clocks and timers.
pub(crate) const CLOCKS: &[u8] = &[70, 85, 85, 115, 115, 123, 129, 131, 217];
/// Low bytes that concern what is sent.
pub(crate) const MESSAGES: &[u8] = &[227, 232, 234, 240, 240, 240, 185, 185, 142, 1, 1, 85];
/// Low bytes that concern attempts and sockets.
pub(crate) const SOCKETS: &[u8] = &[133, 134, 138, 142, 142, 154, 155, 208, 217, 247, 248, 1, 1, 1, 85];
/// Low bytes that concern what is received.
pub(crate) const EVENTS: &[u8] = &[161, 161, 161, 201, 142, 157, 251, 255, 1, 1, 85];

const CLOSE_CODES: [u16; 16] =
    [1000, 1001, 1002, 1005, 1006, 1008, 1009, 1011, 1012, 1013, 4000, 4109, 4250, 4401, 4429, 65_535];

const WAITS: [u64; 8] = [0, 1, 900, 3_000, 15_000, 60_000, 3_600_000, u64::MAX];

impl Operation {
    /// The operation that `word` stands for. Small words are the tamest.
    pub(crate) fn of(word: u64) -> Self {
        let rest = word >> 8;
        let back = (rest % 4) as u32;
        match word & 0xff {
            0 => Self::Rest,
            1..=69 => Self::Proceed(rest),
            70..=84 => Self::Pass(span(rest)),
            85..=114 => Self::Due,
            115..=122 => Self::Late(1_000 + span(rest)),
            123..=128 => Self::Wall(signed(rest)),
            129..=130 => Self::Mono(signed(rest)),
            131..=132 => Self::Tick,
            133 => Self::Refused(WAITS[rest as usize % WAITS.len()]),
            134..=137 => Self::Resolve { call: (rest % 3) as u32, fails: rest & 64 != 0 },
            138..=141 => Self::Opened(back),
            142..=153 => Self::Closed {
                back: if rest & 512 == 0 { 0 } else { back },
                code: CLOSE_CODES[(rest >> 10) as usize % CLOSE_CODES.len()],
                overrule: [None, None, None, None, None, None, Some(true), Some(false)][(rest >> 20) as usize % 8],
            },
            154 => Self::ConstructFailed(back),
            155..=156 => Self::SendFailed(back),
            157..=160 => Self::Hello(rest),
            161..=184 => Self::Event { back: if rest & 3 == 0 { back } else { 0 }, seq: rest >> 8, how: rest >> 16 },
            185..=200 => Self::Outcome { n: rest & 0xff, how: rest >> 8 },
            201..=207 => Self::Resync(rest),
            208..=211 => {
                let wait = |at: u32| WAITS[(rest >> at) as usize % WAITS.len()];
                Self::Goaway { retry_after: wait(0), spread: wait(3), grace: wait(6) }
            }
            212..=214 => Self::Pong,
            215 => Self::Ping,
            216 => Self::Garbage { malformed: rest & 1 == 0 },
            217..=226 => Self::Page(PageEvent::ALL[rest as usize % PageEvent::ALL.len()]),
            227..=231 => Self::Kind { which: rest & 7, ttl: span(rest >> 3) },
            232..=233 => Self::Abort(rest),
            234 => Self::Buffered { back, bytes: [0, 0, 1 << 18, 1 << 20, u64::MAX][(rest >> 2) as usize % 5] },
            235..=246 => Self::Send {
                high: rest & 3 == 0,
                ack: rest & 4 == 0,
                bytes: if rest & 0x1f0 == 0 { 3 << 20 } else { (rest >> 9) as usize % 500 },
            },
            247 => Self::Close([0, 1, 1_000, 60_000][rest as usize % 4]),
            248..=250 => Self::Retry,
            251..=253 => Self::WantState(rest & 3 != 0),
            254 => Self::Handled(rest % 8),
            _ if rest & 63 == 0 => Self::Burst,
            _ => Self::Frame((rest >> 6) as usize % 300),
        }
    }
}

/// From nothing to days, mostly short.
const fn span(rest: u64) -> u64 {
    let most = [10, 500, 2_500, 12_000, 70_000, 600_000, 20_000_000, 300_000_000][(rest & 7) as usize];
    (rest >> 3) % most
}

/// The same, in both directions.
const fn signed(rest: u64) -> i64 {
    let span = span(rest >> 1) as i64;
    if rest & 1 == 0 { span } else { -span }
}
