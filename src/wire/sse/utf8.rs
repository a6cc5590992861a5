//! How long a text a decoder of UTF-8 makes of bytes that come in pieces (Encoding standard, §8.1.1).
//!
//! Owns the count, in UTF-16 units; must not know the text. What is no UTF-8 becomes U+FFFD, one for each longest piece
//! that could have begun a character.

use super::plain::word;

/// Where in a character a decoder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Utf8 {
    /// Bytes that the character lacks; 0 between characters.
    lacks: u8,
    /// What the next byte may be.
    low: u8,
    high: u8,
    /// Its UTF-16 units.
    units: u32,
}

impl Utf8 {
    pub(super) const fn new() -> Self {
        Self { lacks: 0, low: 0x80, high: 0xbf, units: 1 }
    }

    pub(super) const fn is_between(&self) -> bool {
        self.lacks == 0
    }

    /// Takes the first `count` of `bytes`, which begin a character and do not end it.
    pub(super) const fn begin(&mut self, bytes: &[u8], count: u8) {
        let mut at = 0;
        while at < count as usize {
            self.take(bytes[at]);
            at += 1;
        }
    }

    /// The units that are there with this byte.
    pub(super) const fn take(&mut self, byte: u8) -> u32 {
        if self.lacks == 0 {
            return self.lead(byte);
        }
        if byte < self.low || byte > self.high {
            *self = Self::new();
            return 1 + self.lead(byte);
        }
        (self.low, self.high) = (0x80, 0xbf);
        self.lacks -= 1;
        if self.lacks == 0 { self.units } else { 0 }
    }

    /// The units that are there because no byte of the character follows.
    pub(super) const fn cut(&mut self) -> u32 {
        let was_within = self.lacks > 0;
        *self = Self::new();
        was_within as u32
    }

    const fn lead(&mut self, byte: u8) -> u32 {
        (self.lacks, self.low, self.high, self.units) = match byte {
            0xc2..=0xdf => (1, 0x80, 0xbf, 1),
            0xe0 => (2, 0xa0, 0xbf, 1),
            0xed => (2, 0x80, 0x9f, 1),
            0xe1..=0xef => (2, 0x80, 0xbf, 1),
            0xf0 => (3, 0x90, 0xbf, 2),
            0xf1..=0xf3 => (3, 0x80, 0xbf, 2),
            0xf4 => (3, 0x80, 0x8f, 2),
            // One by itself, or none that can be.
            _ => return 1,
        };
        0
    }
}

/// By the low half of the first byte of a character of three: whether any second byte of the right shape goes with it.
const SIMPLE: u64 = 0b1101_1111_1111_1110;

/// Bits that are none if a word has whole characters of three bytes that need no second look where `first` and `other` have
/// a one in each of their bytes. The first ones are 0xe1 to 0xec: only of these, 3 more and 1 less make 0xe0 together.
const fn threes(word: u64, first: u64, other: u64) -> u64 {
    let (which, shape) = ((first * 0xf0) | (other * 0xc0), (first * 0xe0) | (other * 0x80));
    (word.wrapping_add(first * 3) | word.wrapping_sub(first)) & which ^ shape
}

/// Whole characters of two bytes, or of three that need no second look, from `next` on: where they end, and their units.
/// By itself, because engines compile one loop better than one in a loop.
#[inline(never)]
pub(super) fn characters(bytes: &[u8], mut next: usize) -> (usize, u32) {
    let mut units = 0;
    loop {
        // Most of what is written in three bytes stands beside more of it: eight of them, and two.
        while let Some([one, two, three]) = bytes[next..].as_chunks::<8>().0.first_chunk::<3>() {
            let one = threes(word(one), 0x0001_0000_0100_0001, 0x0100_0101_0001_0100);
            let two = threes(word(two), 0x0100_0001_0000_0100, 0x0001_0100_0101_0001);
            let three = threes(word(three), 0x0000_0100_0001_0000, 0x0101_0001_0100_0101);
            if one | two | three != 0 {
                break;
            }
            next += 24;
            units += 8;
        }
        while let Some(two) = bytes[next..].first_chunk::<8>() {
            if threes(word(two), 0x0100_0001, 0x0101_0001_0100) != 0 {
                break;
            }
            next += 6;
            units += 2;
        }
        loop {
            let Some(&[one, two, three]) = bytes[next..].first_chunk::<3>() else { return (next, units) };
            if two & 0xc0 != 0x80 {
                return (next, units);
            }
            let is_three = three & 0xc0 == 0x80 && one & 0xf0 == 0xe0 && SIMPLE >> (one & 15) & 1 == 1;
            if !is_three && !matches!(one, 0xc2..=0xdf) {
                return (next, units);
            }
            next += if is_three { 3 } else { 2 };
            units += 1;
            // Punctuation, and others may stand beside it again.
            if one >= 0xee {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One character after the other, as a decoder goes.
    fn slowly(bytes: &[u8], from: usize) -> (usize, u32) {
        let (mut next, mut units) = (from, 0);
        while let Some(&first) = bytes.get(next) {
            let length = match first {
                0xc2..=0xdf => 2,
                0xe1..=0xec | 0xee | 0xef => 3,
                _ => break,
            };
            // The last character may be taken by who knows the state.
            if bytes.len() - next < 3 || !bytes[next + 1..next + length].iter().all(|byte| byte & 0xc0 == 0x80) {
                break;
            }
            next += length;
            units += 1;
        }
        (next, units)
    }

    #[test]
    fn whole_characters_are_counted_wherever_another_byte_is() {
        let texts = [
            "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字",
            "，字漢，かな、ｶﾅ한글漢字漢字漢字漢字漢。",
            "ёж漢字漢字漢字漢字漢字漢字漢字漢字ёё漢字",
        ];
        for text in texts {
            for at in 0..text.len() {
                for other in 0..=255 {
                    let mut bytes = text.as_bytes().to_vec();
                    bytes[at] = other;
                    assert_eq!(characters(&bytes, 0), slowly(&bytes, 0), "{other:#x} at {at} of {text}");
                }
                assert_eq!(characters(&text.as_bytes()[..at], 0), slowly(&text.as_bytes()[..at], 0), "{text} to {at}");
            }
        }
    }
}
