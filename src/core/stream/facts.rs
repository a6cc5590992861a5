//! What happens to a stream that does not happen to a socket.
//!
//! Owns the facts; must not know what follows from them, or how a header is written.

use crate::core::time::Millis;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaType {
    /// Neither of these.
    #[default]
    Other,
    /// `text/event-stream`.
    EventStream,
    /// `text/html`: a page for a person.
    Html,
}

/// When a server wants to be asked again (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long, in milliseconds.
    Delay(Millis),
    /// At a time of the wall clock.
    Date(u64),
}

/// An answer to the request for a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Its HTTP status.
    pub status: u16,
    /// The type of its content.
    pub media: MediaType,
    /// `Retry-After`.
    pub retry_after: Option<RetryAfter>,
    /// What `shouldReconnect` said of it, if anything.
    pub overrule: Option<bool>,
}

/// Something that happened to a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// No request could be made of the url, the method and the headers.
    Impossible,
    /// It did not open, on a transport that shows no answer (`EventSource`).
    Unseen {
        /// What `shouldReconnect` said of it, if anything.
        overrule: Option<bool>,
    },
    /// The server answered. The number beside is that of the connection, as it is in those that follow.
    Answered(Answer),
    /// The stream names the delay before the next attempt (`retry:`), in milliseconds.
    Retry(Millis),
    /// It holds comments.
    Comment,
    /// It has a line or an event that is longer than anybody can keep.
    TooLong,
    /// An event came that ends the stream for good.
    Terminal {
        /// What it told of went wrong.
        failed: bool,
    },
    /// The stream had ended before it was asked for, and that end is known. The number beside is that of the call.
    Recovered {
        /// What it told of went wrong.
        failed: bool,
    },
}
