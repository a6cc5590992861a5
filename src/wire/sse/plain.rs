//! Bytes that nobody has to look at one by one.
//!
//! Owns how to pass over them; must not know what stops it.

/// Bytes as they lie, the first one lowest.
pub(super) const fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

const EACH: u64 = 0x0101_0101_0101_0101;

/// The high bit of each byte that is below 14 or above 127; and of some after the first of those. An end of line is one of
/// them, NUL is, and what belongs to a character of several bytes.
const fn odd(word: u64) -> u64 {
    (word.wrapping_sub(EACH * 14) | word) & (EACH << 7)
}

/// The same as a bit for each byte, the first one lowest.
const fn bits(word: &[u8; 8]) -> u32 {
    ((odd(self::word(word)) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32
}

/// Where the first odd byte from `next` on is. Four words a turn, and no branch to find it among them: the code is made for
/// bytes, no compiler unrolls it, and each branch that is not foreseen costs as much as 32 bytes.
pub(super) fn plain(bytes: &[u8], mut next: usize) -> usize {
    while let Some([one, two, three, four]) = bytes[next..].as_chunks::<8>().0.first_chunk::<4>() {
        if odd(word(one)) | odd(word(two)) | odd(word(three)) | odd(word(four)) != 0 {
            let bits = bits(one) | bits(two) << 8 | bits(three) << 16 | bits(four) << 24;
            return next + bits.trailing_zeros() as usize;
        }
        next += 32;
    }
    while let Some(eight) = bytes[next..].first_chunk::<8>() {
        let odd = odd(word(eight));
        if odd != 0 {
            return next + odd.trailing_zeros() as usize / 8;
        }
        next += 8;
    }
    let left = bytes.len() - next;
    match bytes.last_chunk::<8>() {
        // What is shifted in is odd.
        Some(eight) if left > 0 => next + odd(word(eight) >> (8 * (8 - left))).trailing_zeros() as usize / 8,
        _ => next + bytes[next..].iter().take_while(|byte| (14..128).contains(*byte)).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_odd_byte_is_found_wherever_it_is() {
        for length in 0..100 {
            for from in 0..=length {
                let mut bytes = vec![b'x'; length];
                assert_eq!(plain(&bytes, from), length);
                for (at, odd) in (from..length).zip([0, 9, 10, 13, 128, 255].into_iter().cycle()) {
                    bytes.fill(127);
                    bytes[..from].fill(0);
                    bytes[at] = odd;
                    bytes[at + 1..].fill(14 * (at as u8 % 2));
                    assert_eq!(plain(&bytes, from), at, "{odd} at {at} of {length}, from {from}");
                }
            }
        }
    }
}
