//! Bytes as a sequence of what can happen to a machine.
//!
//! Owns the encoding; must not know what must hold: the world checks that after every input.

use crate::operation::Operation;
use crate::world::World;

/// Bytes of an operation: what, and how. A mutation of one byte then changes one thing.
const OPERATION: usize = 6;

/// A machine, with options and chance from the first two bytes, lives through what the others say.
///
/// # Panics
/// If something does not hold.
pub fn inputs(data: &[u8]) {
    let Some((seed, rest)) = data.split_at_checked(2) else { return };
    let mut world = World::new(word(seed));
    world.run(&operations(rest));
    world.end();
}

/// The operations that `bytes` stand for.
pub(crate) fn operations(bytes: &[u8]) -> Vec<Operation> {
    bytes.chunks(OPERATION).map(|chunk| Operation::of(word(chunk))).collect()
}

fn word(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}
