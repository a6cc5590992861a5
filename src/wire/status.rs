//! What each HTTP status asks a client of a stream to do.
//!
//! Owns the table (RFC 9110 §15, RFC 6585 §4, RFC 8470 §5.2, the HTML standard's section on server-sent events); must not
//! know attempts, timers or options.

/// What a status asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusRule {
    /// The stream follows, if the answer is of its type.
    Open,
    /// There is nothing more to come: do not ask again.
    NoMore,
    /// The credentials were refused: ask for a new token once, then stop.
    Unauthorized,
    /// Try again, not before the server says.
    Retry,
    /// Trying again cannot help.
    Stop,
}

/// No content: the way in which a server tells a client of a stream to stop.
pub const NO_CONTENT: u16 = 204;
/// The credentials are missing or refused.
pub const UNAUTHORIZED: u16 = 401;
/// The credentials are known, and do not allow it.
pub const FORBIDDEN: u16 = 403;
/// There is nothing here.
pub const NOT_FOUND: u16 = 404;
/// There is nothing here any more.
pub const GONE: u16 = 410;
/// Too many requests.
pub const TOO_MANY: u16 = 429;

/// The rule for `status`. Redirections are followed before anybody asks; what is left of them is a refusal.
#[must_use]
pub const fn rule(status: u16) -> StatusRule {
    match status {
        NO_CONTENT | 205 => StatusRule::NoMore,
        200..=299 => StatusRule::Open,
        UNAUTHORIZED => StatusRule::Unauthorized,
        // Request timeout, too early.
        408 | 425 | TOO_MANY | 500..=599 => StatusRule::Retry,
        _ => StatusRule::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_time_can_mend_is_tried_again_and_nothing_else() {
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(rule(status), StatusRule::Retry, "{status}");
        }
        for status in [0, 100, 304, 400, 403, 404, 407, 410, 451, 499, 600, u16::MAX] {
            assert_eq!(rule(status), StatusRule::Stop, "{status}");
        }
        assert_eq!([rule(200), rule(201), rule(206)], [StatusRule::Open; 3]);
        assert_eq!([rule(204), rule(205)], [StatusRule::NoMore; 2]);
        assert_eq!(rule(401), StatusRule::Unauthorized);
    }
}
