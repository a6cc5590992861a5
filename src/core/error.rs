//! What can be wrong, said once: stable codes and the sentence for a person.
//!
//! Owns codes and texts; must not know who shows them. A text says what to do and holds no token, url or payload.

use super::stream::Ending;

/// Why a connection is not open, or was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The socket closed, or could not be opened.
    Closed {
        /// The close code; 1006 where none was received.
        code: u16,
    },
    /// The attempt took longer than `connectTimeout`.
    ConnectTimeout,
    /// The url, protocols or token function failed.
    ProviderFailed,
    /// The url, protocols or token function has not answered.
    ProviderTimeout,
    /// The `WebSocket` constructor refused the url or the protocols.
    InvalidUrl,
    /// The peer stopped answering.
    HeartbeatLost,
    /// The server asked to come back later.
    Goaway,
    /// The page is hidden away (`pagehide`), perhaps in the back/forward cache.
    Suspended,
    /// The circuit breaker is open after too many failures in a row.
    BreakerOpen {
        /// The last close code, if there was one.
        code: u16,
    },
    /// The credentials were refused, and a new token did not help or cannot be asked for.
    Unauthorized {
        /// The close code.
        code: u16,
    },
    /// The server's close code, or `shouldReconnect`, says that trying again cannot help.
    Refused {
        /// The close code.
        code: u16,
    },
    /// The application called `close()`.
    ByApplication,
    /// A stream ended, or could not be had.
    Stream(Ending),
}

impl Reason {
    /// The stable code of this reason.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::ConnectTimeout => "connect_timeout",
            Self::ProviderFailed => "provider_failed",
            Self::ProviderTimeout => "provider_timeout",
            Self::InvalidUrl => "invalid_url",
            Self::HeartbeatLost => "heartbeat_lost",
            Self::Goaway => "goaway",
            Self::Suspended => "suspended",
            Self::BreakerOpen { .. } => "breaker_open",
            Self::Unauthorized { .. } => "unauthorized",
            Self::Refused { .. } => "refused",
            Self::ByApplication => "closed_by_application",
            Self::Stream(ending) => ending.code(),
        }
    }

    /// The sentence for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Closed { .. } => "The connection was closed or could not be opened.",
            Self::ConnectTimeout => "The server did not answer in time.",
            Self::ProviderFailed => "The url, protocols or token function failed; see the console.",
            Self::ProviderTimeout => "The url, protocols or token function has not answered in time.",
            Self::InvalidUrl => {
                "The browser refused the url or the protocols: use ws:, wss:, http:, https: or a relative url, without a fragment."
            }
            Self::HeartbeatLost => "The server stopped answering.",
            Self::Goaway => "The server asked to connect again later.",
            Self::Suspended => {
                "The page is in the background store of the browser; the connection opens again when it is shown."
            }
            Self::BreakerOpen { .. } => {
                "Too many attempts in a row failed; now and then one is made. retry() tries at once."
            }
            Self::Unauthorized { .. } => "The server refused the credentials. Sign in again, then call retry().",
            Self::Refused { .. } => "The server refused the connection for good. Call retry() to try all the same.",
            Self::ByApplication => "close() was called. Call retry() to connect again.",
            Self::Stream(ending) => ending.message(),
        }
    }

    /// The close code behind this reason, if there was one; the HTTP status for a stream.
    #[must_use]
    pub const fn close_code(self) -> Option<u16> {
        match self {
            Self::Closed { code }
            | Self::BreakerOpen { code }
            | Self::Unauthorized { code }
            | Self::Refused { code } => Some(code),
            Self::Stream(ending) => ending.status(),
            Self::ConnectTimeout
            | Self::ProviderFailed
            | Self::ProviderTimeout
            | Self::InvalidUrl
            | Self::HeartbeatLost
            | Self::Goaway
            | Self::Suspended
            | Self::ByApplication => None,
        }
    }
}

/// Something a developer should know, and that harms nobody yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The peer does not answer pings.
    HeartbeatUnsupported,
    /// Connections are made and lost, or asked for, too often.
    Thrashing,
    /// A frame, or an element of one, was not understood. Told once a connection.
    Malformed,
    /// A message of the protocol had values that make no sense. Told once a connection.
    Senseless,
    /// More than five clients of this page share one destination.
    ManyClients,
    /// The circuit breaker opened.
    BreakerOpened,
    /// A message wanted an acknowledgement, and the peer gives none.
    AckUnsupported,
    /// Events were left out in a flood, as the application allows. Told once a flood.
    Flood,
}

impl Warning {
    /// The stable code of this warning.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::HeartbeatUnsupported => "heartbeat_unsupported",
            Self::Thrashing => "thrashing",
            Self::Malformed => "malformed_frame",
            Self::Senseless => "senseless_message",
            Self::ManyClients => "many_clients",
            Self::BreakerOpened => "breaker_opened",
            Self::AckUnsupported => "ack_unsupported",
            Self::Flood => "flood",
        }
    }

    /// The sentence for a developer.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::HeartbeatUnsupported => {
                "The server does not answer pings (PROTOCOL.md, Heartbeat); a dead connection cannot be told from a quiet one."
            }
            Self::Thrashing => {
                "Connections are lost or asked for more than five times a minute; the next attempts wait at least 8, 16, 30 s."
            }
            Self::Malformed => "A frame was not JSON or not an object with a string \"type\"; it was not delivered.",
            Self::Senseless => "The server sent a protocol message whose values make no sense; it was ignored.",
            Self::ManyClients => "More than five clients of this page connect to the same place; share one.",
            Self::BreakerOpened => {
                "Too many attempts in a row failed; from now on they are rare (option breaker). retry() tries at once."
            }
            Self::AckUnsupported => {
                "A message was sent with { ack: true } to a server that gives no acknowledgements; it counts as sent."
            }
            Self::Flood => "Too many events come: some were left out, as the option flow allows.",
        }
    }
}

/// Why a message ended as it did, where the server did not say so itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// There was no room for it.
    QueueFull,
    /// A newer message took its place.
    Displaced,
    /// It was sent after `close()`.
    AfterClose,
    /// `close()` came before it was sent.
    Unsent,
    /// `close()` came before its answer.
    Unanswered,
    /// The server may have forgotten it.
    InDoubt,
    /// The server stopped acknowledging.
    AckUnsupported,
    /// The server closes the connection because of its size.
    TooBig,
    /// Its time was over.
    Expired,
    /// The reply, or the event, did not come in time.
    Timeout,
    /// The application wanted no more of it.
    Aborted,
    /// It had to go at once, and could not.
    NotNow,
    /// The server answers no requests.
    ReplyUnsupported,
}

impl Cause {
    /// A stable word, and the sentence for a person.
    #[must_use]
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::QueueFull => ("queue_full", "the queue is full; see the option queue"),
            Self::Displaced => ("queue_full", "a newer message took its place"),
            Self::AfterClose => ("closed", "close() was called before"),
            Self::Unsent => ("closed", "close() was called before that"),
            Self::Unanswered => ("closed", "close() was called before the server answered"),
            Self::InDoubt => ("in_doubt", "the server no longer knows whether it was applied"),
            Self::AckUnsupported => ("ack_unsupported", "the server no longer gives acknowledgements"),
            Self::Expired => ("expired", "its ttl was over"),
            Self::Timeout => ("timeout", "nothing came in time"),
            Self::Aborted => ("aborted", "its signal was aborted"),
            Self::NotNow => ("not_now", "it is volatile and could not be sent at once"),
            Self::ReplyUnsupported => ("reply_unsupported", "the server answers no requests"),
            Self::TooBig => ("too_big", "the server closed the connection because of its size (1009)"),
        }
    }
}
