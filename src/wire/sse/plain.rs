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

/// Where the first odd byte from `next` on is. Four words a turn: the code is made for bytes, and no compiler unrolls it.
pub(super) fn plain(bytes: &[u8], mut next: usize) -> usize {
    while let Some(chunk) = bytes[next..].first_chunk::<32>() {
        let Some([one, two, three, four]) = chunk.as_chunks::<8>().0.first_chunk::<4>() else { break };
        if odd(word(one)) | odd(word(two)) | odd(word(three)) | odd(word(four)) != 0 {
            break;
        }
        next += 32;
    }
    while let Some(chunk) = bytes[next..].first_chunk::<8>() {
        let odd = odd(word(chunk));
        if odd != 0 {
            return next + odd.trailing_zeros() as usize / 8;
        }
        next += 8;
    }
    while let Some(14..128) = bytes.get(next) {
        next += 1;
    }
    next
}
