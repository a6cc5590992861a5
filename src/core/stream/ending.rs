//! Why a stream is not open, where no socket could say the same.
//!
//! Owns codes, sentences and what follows from each; must not know when that is. A text says what to do.

use super::{Answer, MediaType};
use crate::wire::close_code::CloseRule;
use crate::wire::status::{self, StatusRule};

/// The end of a stream, or of an attempt to get one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// No request could be made.
    Impossible,
    /// The server refused it.
    Status(u16),
    /// The answer is no stream.
    WrongType(u16),
    /// It is a page for a person.
    Page(u16),
    /// A line or an event was too long.
    TooLong,
    /// What it told of is complete.
    Completed,
    /// What it told of went wrong.
    Failed,
    /// Every attempt that was allowed was made, and the last one ended with this status, if with any.
    RetriesUsed(Option<u16>),
}

impl Ending {
    /// Why an answer is no stream; nothing if it is one.
    #[must_use]
    pub const fn of(answer: &Answer) -> Option<Self> {
        match (status::rule(answer.status), answer.media) {
            (StatusRule::Open, MediaType::EventStream) => None,
            (StatusRule::Open, MediaType::Html) => Some(Self::Page(answer.status)),
            (StatusRule::Open, MediaType::Other) => Some(Self::WrongType(answer.status)),
            _ => Some(Self::Status(answer.status)),
        }
    }

    /// The end that the server itself told.
    #[must_use]
    pub const fn told(failed: bool) -> Self {
        if failed { Self::Failed } else { Self::Completed }
    }

    /// What it asks for.
    #[must_use]
    pub const fn rule(self) -> CloseRule {
        match self {
            Self::Status(status) => match status::rule(status) {
                StatusRule::Unauthorized => CloseRule::Unauthorized,
                StatusRule::Retry => CloseRule::Retry,
                StatusRule::Open | StatusRule::NoMore | StatusRule::Stop => CloseRule::Stop,
            },
            Self::Impossible
            | Self::WrongType(_)
            | Self::Page(_)
            | Self::TooLong
            | Self::Completed
            | Self::Failed
            | Self::RetriesUsed(_) => CloseRule::Stop,
        }
    }

    const fn may_be_mended(self) -> bool {
        matches!(self.rule(), CloseRule::Retry)
    }

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Status(status) => match status {
                status::NO_CONTENT | 205 => "no_content",
                status::UNAUTHORIZED => "unauthorized",
                status::FORBIDDEN => "forbidden",
                status::NOT_FOUND | status::GONE => "not_found",
                status::TOO_MANY => "rate_limited",
                _ if self.may_be_mended() => "unavailable",
                _ => "refused",
            },
            Self::WrongType(_) => "wrong_type",
            Self::Page(_) => "html_page",
            Self::Impossible => "invalid_request",
            Self::TooLong => "too_long",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RetriesUsed(_) => "retries_used",
        }
    }

    /// The sentence for a person.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Status(status) => match status {
                status::NO_CONTENT | 205 => {
                    "The server says that there is nothing more to come (204). Call retry() to ask once more."
                }
                status::UNAUTHORIZED => "The server refused the credentials (401); they are asked for once more.",
                status::FORBIDDEN => "The server does not allow this stream (403). Ask for access, then call retry().",
                status::NOT_FOUND | status::GONE => "There is no such stream (404 or 410): check the url.",
                status::TOO_MANY => "The server wants to be asked less often (429); the next attempt waits for that.",
                _ if self.may_be_mended() => "The server cannot serve the stream for now; the next attempt waits.",
                _ => "The server refused the stream for good. Call retry() to try all the same.",
            },
            Self::WrongType(_) => {
                "The answer is no stream: its Content-Type is not text/event-stream. Check the url and the server."
            }
            Self::Page(_) => {
                "A web page came instead of the stream: perhaps you have to sign in, to the site or to the network. Then call retry()."
            }
            Self::Impossible => "The browser refused the request: check the url, the method and the headers.",
            Self::TooLong => "The server sent a line or an event that is too long to be kept.",
            Self::Completed => "The stream is complete.",
            Self::Failed => "The server says that what the stream told of failed.",
            Self::RetriesUsed(_) => "As many attempts as the option retries allows have failed. retry() begins anew.",
        }
    }

    /// The HTTP status behind it, if there was one.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) | Self::WrongType(status) | Self::Page(status) => Some(status),
            Self::RetriesUsed(status) => status,
            Self::Impossible | Self::TooLong | Self::Completed | Self::Failed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, media: MediaType) -> Option<&'static str> {
        Ending::of(&Answer { status, media, ..Answer::default() }).map(Ending::code)
    }

    #[test]
    fn every_ending_has_a_code_and_a_sentence_of_its_own() {
        let statuses = [204, 401, 403, 404, 429, 503, 400].map(Ending::Status);
        let others = [
            Ending::Impossible,
            Ending::WrongType(200),
            Ending::Page(200),
            Ending::TooLong,
            Ending::Completed,
            Ending::Failed,
            Ending::RetriesUsed(None),
        ];
        let said: Vec<_> = statuses.into_iter().chain(others).map(|ending| (ending.code(), ending.message())).collect();
        for (at, (code, message)) in said.iter().enumerate() {
            assert!(message.ends_with('.') && !code.contains(' '), "{code}");
            assert!(said[at + 1..].iter().all(|other| other.0 != *code && other.1 != *message), "{code}");
        }
    }

    #[test]
    fn an_answer_is_a_stream_or_says_why_not() {
        use MediaType::{EventStream, Html, Other};
        assert_eq!(of(200, EventStream), None);
        assert_eq!(of(200, Other), Some("wrong_type"));
        assert_eq!(of(200, Html), Some("html_page"));
        assert_eq!(of(204, Other), Some("no_content"));
        assert_eq!(of(401, Html), Some("unauthorized"));
        assert_eq!(of(403, EventStream), Some("forbidden"));
        assert_eq!([of(404, Html), of(410, Html)], [Some("not_found"); 2]);
        assert_eq!(of(429, Other), Some("rate_limited"));
        assert_eq!([of(500, Html), of(503, Other), of(408, Other)], [Some("unavailable"); 3]);
        assert_eq!([of(400, Other), of(304, Other)], [Some("refused"); 2]);
    }
}
