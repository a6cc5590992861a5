//! What a look over HTTP has found, and what it asks for.
//!
//! Owns codes, sentences and close codes; must not know when somebody looks. A text says what to do and holds no url.

use crate::core::time::Millis;
use crate::wire::close_code;
use crate::wire::limits::MAX_WAIT_MS;
use crate::wire::status;

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The request failed too.
    Nothing,
    /// Somebody is there: in trouble, or not for pages of this origin to read.
    Unclear,
    /// Events are to be had: HTTP works.
    Stream,
    /// Something that explains the refusal.
    Refused(Finding),
    /// Anything else, which explains nothing.
    Other,
}

impl Seen {
    /// What an answer shows. `wait` is its `Retry-After`.
    #[must_use]
    pub const fn answer(status: u16, is_stream: bool, is_page: bool, wait: Option<Millis>) -> Self {
        match status {
            200..=299 if is_stream => Self::Stream,
            // What a network says that wants a person to sign in (RFC 6585 §6), or shows instead.
            511 => Self::Refused(Finding::Portal),
            200..=299 if is_page => Self::Refused(Finding::Portal),
            status::UNAUTHORIZED => Self::Refused(Finding::Unauthorized),
            status::FORBIDDEN => Self::Refused(Finding::Forbidden),
            status::TOO_MANY | 503 => {
                let wait = match wait {
                    Some(wait) if wait < MAX_WAIT_MS => wait,
                    Some(_) => MAX_WAIT_MS,
                    None => 0,
                };
                Self::Refused(Finding::Limited { wait })
            }
            // Request timeout, too early, and what a server or a gateway before it is to blame for.
            408 | 425 | 500..=599 => Self::Unclear,
            _ => Self::Other,
        }
    }
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The credentials are missing or refused: they are asked for once more, then no more.
    Unauthorized,
    /// They are known, and do not allow it: no further attempt.
    Forbidden,
    /// Later.
    Limited {
        /// Not sooner than after this; 0 where the server names nothing.
        wait: Millis,
    },
    /// A page for a person, or the way to one.
    Portal,
    /// Nothing can be reached.
    Offline,
}

impl Finding {
    /// What it was, if it explains anything.
    #[must_use]
    pub const fn of(seen: Seen) -> Option<Self> {
        match seen {
            Seen::Nothing => Some(Self::Offline),
            Seen::Refused(finding) => Some(finding),
            Seen::Unclear | Seen::Stream | Seen::Other => None,
        }
    }

    /// The close code that asks for the same.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Unauthorized => close_code::UNAUTHORIZED,
            Self::Forbidden => close_code::FORBIDDEN,
            Self::Limited { .. } | Self::Portal => close_code::TRY_AGAIN_LATER,
            Self::Offline => close_code::ABNORMAL,
        }
    }

    pub(super) const fn wait(self) -> Millis {
        if let Self::Limited { wait } = self { wait } else { 0 }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::Limited { .. } => "rate_limited",
            Self::Portal => "captive_portal",
            Self::Offline => "offline",
        }
    }

    /// The sentence for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unauthorized => "The server refused the credentials (401); they are asked for once more.",
            Self::Forbidden => "The server does not allow this connection (403). Ask for access, then call retry().",
            Self::Limited { .. } => "The server takes no more connections for now; the next attempt waits.",
            Self::Portal => {
                "A web page came instead of the server: perhaps this network wants you to sign in. It is tried again now and then."
            }
            Self::Offline => "Nothing can be reached: check the network. It is tried again now and then.",
        }
    }
}
