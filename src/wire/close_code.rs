//! What each WebSocket close code asks a client to do.
//!
//! Owns the table (RFC 6455 §7.4, the IANA registry, and the 4000-4999 that applications agreed on); must not know
//! attempts, timers or options.

/// What a close code asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseRule {
    /// Try again after the ordinary backoff.
    Retry,
    /// The server is going away on purpose: the first delay is short, and it is no failure.
    Fast,
    /// The server is in trouble: the backoff starts at 8 s.
    Slow,
    /// The credentials were refused: ask for a new token once, then stop.
    Unauthorized,
    /// A frame was too large (1009): the session lives, the frame is not sent again joined.
    TooBig,
    /// Trying again cannot help.
    Stop,
}

/// Going away (1001).
pub const GOING_AWAY: u16 = 1001;
/// No close frame was seen: the connection broke (1006). Never sent on the wire.
pub const ABNORMAL: u16 = 1006;
/// Policy violation (1008).
pub const POLICY: u16 = 1008;
/// Message too big (1009).
pub const TOO_BIG: u16 = 1009;
/// Service restart (1012).
pub const RESTART: u16 = 1012;
/// Try again later: over capacity (1013).
pub const TRY_AGAIN_LATER: u16 = 1013;
/// The same `client` connected again, and this is the older connection.
pub const REPLACED: u16 = 4409;
/// The credentials are known, and do not allow it.
pub const FORBIDDEN: u16 = 4403;
/// Too many messages.
pub const RATE_LIMITED: u16 = 4429;
/// The credentials are missing or refused.
pub const UNAUTHORIZED: u16 = 4401;

/// The rule for `code`: exact codes before ranges.
#[must_use]
pub const fn rule(code: u16) -> CloseRule {
    match code {
        GOING_AWAY | RESTART => CloseRule::Fast,
        POLICY | UNAUTHORIZED | 4109 => CloseRule::Unauthorized,
        TOO_BIG => CloseRule::TooBig,
        1011 | TRY_AGAIN_LATER | RATE_LIMITED | 4200..=4299 => CloseRule::Slow,
        1002 | 1003 | 1007 | 1010 | 4000..=4099 | 4400..=4499 | 4999 => CloseRule::Stop,
        _ => CloseRule::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_codes_come_before_their_ranges() {
        assert_eq!(rule(UNAUTHORIZED), CloseRule::Unauthorized);
        assert_eq!(rule(RATE_LIMITED), CloseRule::Slow);
        assert_eq!(rule(REPLACED), CloseRule::Stop);
        assert_eq!(rule(4400), CloseRule::Stop);
        assert_eq!(rule(4109), CloseRule::Unauthorized);
        assert_eq!(rule(4099), CloseRule::Stop);
        assert_eq!(rule(4100), CloseRule::Retry);
    }

    #[test]
    fn every_code_of_the_standard_has_its_rule() {
        for (code, expected) in [
            (1000, CloseRule::Retry),
            (1001, CloseRule::Fast),
            (1002, CloseRule::Stop),
            (1003, CloseRule::Stop),
            (1005, CloseRule::Retry),
            (1006, CloseRule::Retry),
            (1007, CloseRule::Stop),
            (1008, CloseRule::Unauthorized),
            (1009, CloseRule::TooBig),
            (1010, CloseRule::Stop),
            (1011, CloseRule::Slow),
            (1012, CloseRule::Fast),
            (1013, CloseRule::Slow),
            (1015, CloseRule::Retry),
            (4250, CloseRule::Slow),
            (4500, CloseRule::Retry),
            (4999, CloseRule::Stop),
        ] {
            assert_eq!(rule(code), expected, "{code}");
        }
    }
}
