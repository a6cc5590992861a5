//! Where in which stream somebody is: the id of an event.
//!
//! Owns the text `<stream>:<number>`; must not know how far the stream is. The stream is part of it, so that a POST which
//! is sent again after a cut names the stream that it began, and does not begin another.

use std::fmt;

/// The number of the last event that somebody has, 0 for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// In which stream.
    pub stream: String,
    /// Which event.
    pub number: u64,
}

/// Digits of a stream's identity.
const DIGITS: usize = 32;
/// No stream has more events; a number beyond it was never given by us.
const MOST: u64 = 1 << 40;

impl Position {
    /// Reads what a client says it has last.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (stream, number) = text.split_once(':')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|number| *number < MOST && is_number)?;
        is_stream_id(stream).then(|| Self { stream: stream.to_owned(), number })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.stream, self.number)
    }
}

/// Whether a text could be a stream's identity: then it is safe in a key, a header and a path.
#[must_use]
pub fn is_stream_id(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let position = Position { stream: ID.into(), number: 17 };
        assert_eq!(Position::read(&position.to_string()), Some(position));
    }

    #[test]
    fn what_we_never_gave_is_no_position() {
        for text in
            ["", "7", ":7", "abc:7", &format!("{ID}:"), &format!("{ID}:+7"), &format!("{ID}:-1"), &format!("{ID}:7 ")]
        {
            assert_eq!(Position::read(text), None, "{text:?}");
        }
        assert_eq!(Position::read(&format!("{ID}:{}", u64::MAX)), None);
        assert!(!is_stream_id(&ID.to_uppercase()) && !is_stream_id(&format!("{ID}0")));
    }
}
