//! The bounds both peers keep, and the ranges into which a peer's announced bounds are forced.
//!
//! Owns numbers; must not know what is done when one is exceeded.

use std::ops::RangeInclusive;

/// The protocol version that `hello` names.
pub const VERSION: u64 = 1;
/// The largest integer that every JSON reader holds exactly (2⁵³ − 1).
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;
/// Elements of one batch, at most.
pub const BATCH_ELEMENTS: usize = 1_000;
/// Bytes of one frame where the peer's hello names no limit.
pub const FRAME_BYTES: u64 = 1 << 20;
/// What a peer may set the frame limit to, in bytes.
pub const FRAME_BYTES_RANGE: RangeInclusive<u64> = 1_024..=16 << 20;
/// W: messages of a client that may be sent and not settled, where hello names no other.
pub const IN_FLIGHT: u64 = 256;
/// What a peer may set W to.
pub const IN_FLIGHT_RANGE: RangeInclusive<u64> = 1..=1_024;
/// How long the outcomes of a client's messages are remembered where hello does not say, in milliseconds.
pub const KEEP_MS: u64 = 60_000;
/// What a peer may set `keep` to, in milliseconds: up to a week.
pub const KEEP_MS_RANGE: RangeInclusive<u64> = 0..=7 * 24 * 3_600_000;
/// What a peer may set the interval of heartbeats to, in milliseconds.
pub const HEARTBEAT_MS_RANGE: RangeInclusive<u64> = 1_000..=300_000;
/// The longest wait a peer may ask for (`retry_after`, `spread`, `grace`), in milliseconds.
pub const MAX_WAIT_MS: u64 = 3_600_000;
/// The longest `$id`, epoch or client identity, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// `value` forced into `range`.
#[must_use]
pub fn clamp(value: u64, range: &RangeInclusive<u64>) -> u64 {
    value.clamp(*range.start(), *range.end())
}
