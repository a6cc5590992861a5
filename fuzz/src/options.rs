//! Bytes as the choices of an application.
//!
//! Owns how they are chosen, at their bounds above all; must not know what they are for.

use crate::inputs::operations;
use crate::world::World;
use everwire::core::options::{Options, Source};
use std::cell::Cell;

/// Bytes that the choices are made by.
const CHOICES: usize = 64;

/// A machine with options from the first bytes lives through what the others say.
///
/// # Panics
/// If a default is outside its range, or something does not hold.
pub fn options(data: &[u8]) {
    let (choices, rest) = data.split_at(data.len().min(CHOICES));
    let options = Options::read(&Chosen(Cell::new(choices)));
    let mut world = World::with(options, choices.len() as u64);
    world.run(&operations(rest));
    world.end();
}

/// An application that chooses by bytes, and the default once there are none.
struct Chosen<'a>(Cell<&'a [u8]>);

impl Chosen<'_> {
    fn byte(&self) -> u32 {
        let Some((first, rest)) = self.0.get().split_first() else { return 0 };
        self.0.set(rest);
        u32::from(*first)
    }
}

impl Source for Chosen<'_> {
    fn whole(&self, name: &str, least: u32, most: u32, otherwise: u32) -> u32 {
        assert!(least <= otherwise && otherwise <= most, "{name}: {otherwise} of {least} to {most}");
        match self.byte() {
            0 => otherwise,
            1 => least,
            2 => most,
            // What is near the bound, and what is anywhere.
            how if how & 1 == 1 => least.saturating_add(how >> 1).min(most),
            how => least + (how << 16 | self.byte() << 8 | self.byte()) % (most - least + 1),
        }
    }

    fn choice(&self, _name: &str, words: &str) -> u32 {
        self.byte() % words.split(' ').count() as u32
    }

    fn wants(&self, _group: &str) -> bool {
        self.byte() & 1 == 0
    }
}
