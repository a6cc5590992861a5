//! The fields of an event stream that mean something.
//!
//! Owns their names; must not know what they mean.

use super::plain::word;

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Data,
    Event,
    Id,
    Retry,
}

impl Field {
    pub(super) const fn name(self) -> &'static [u8] {
        match self {
            Self::Data => b"data",
            Self::Event => b"event",
            Self::Id => b"id",
            Self::Retry => b"retry",
        }
    }
}

/// The field that a line begins with, and how many bytes it takes until its value: 0 if it is none of these.
pub(super) const fn field_of(head: u64) -> (Field, usize) {
    let (field, length) = if head & mask(5) == word(b"data:\0\0\0") {
        (Field::Data, 5)
    } else if head & mask(6) == word(b"event:\0\0") {
        (Field::Event, 6)
    } else if head & mask(3) == word(b"id:\0\0\0\0\0") {
        (Field::Id, 3)
    } else {
        return (Field::Retry, 0);
    };
    (field, length + ((head >> (8 * length)) as u8 == b' ') as usize)
}

/// The first `count` bytes of a word.
const fn mask(count: u32) -> u64 {
    (1 << (8 * count)) - 1
}
