//! How long a text a decoder of UTF-8 makes of bytes that come in pieces (Encoding standard, §8.1.1).
//!
//! Owns the count, in UTF-16 units; must not know the text. What is no UTF-8 becomes U+FFFD, one for each longest piece
//! that could have begun a character.

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

/// Two characters of three bytes each, as their bits stand in a word, and which bits those are.
const SHAPE: u64 = 0x8080_e080_80e0;
const SHAPE_BITS: u64 = 0xc0c0_f0c0_c0f0;
/// By the low half of the first byte of a character of three: whether any second byte of the right shape goes with it.
const SIMPLE: u64 = 0b1101_1111_1111_1110;

/// Bits that are none if the six bytes from `at` on are two characters of three that need no second look.
fn pair(bytes: &[u8], at: usize) -> u64 {
    let word = bytes[at..].first_chunk().map_or(0, |eight| u64::from_le_bytes(*eight));
    (word & SHAPE_BITS ^ SHAPE) | !(SIMPLE >> (word & 15) & SIMPLE >> (word >> 24 & 15)) & 1
}

/// Whole characters of two bytes, or of three that need no second look, from `next` on: where they end, and their units.
/// By itself, because engines compile one loop better than one in a loop.
#[inline(never)]
pub(super) fn characters(bytes: &[u8], mut next: usize) -> (usize, u32) {
    let mut units = 0;
    // Most of what is written in three bytes stands beside more of it.
    while let Some(eight) = bytes[next..].first_chunk::<26>() {
        if pair(eight, 0) | pair(eight, 6) | pair(eight, 12) | pair(eight, 18) != 0 {
            break;
        }
        next += 24;
        units += 8;
    }
    while let Some(two) = bytes[next..].first_chunk::<8>() {
        if pair(two, 0) != 0 {
            break;
        }
        next += 6;
        units += 2;
    }
    while let Some(&[one, two, three]) = bytes[next..].first_chunk::<3>() {
        if two & 0xc0 != 0x80 {
            break;
        }
        if three & 0xc0 == 0x80 && one & 0xf0 == 0xe0 && SIMPLE >> (one & 15) & 1 == 1 {
            next += 3;
        } else if matches!(one, 0xc2..=0xdf) {
            next += 2;
        } else {
            break;
        }
        units += 1;
    }
    (next, units)
}
