//! What happened, for whoever looks at a failure.
//!
//! Owns the last lines and a sum of all of them; must not know what they mean. Words are made only where they are wanted:
//! a world that failed is run once more to have them.

use std::collections::VecDeque;

/// The lines that are kept.
pub const LINES: usize = 120;

/// The trace of one world.
#[derive(Clone, Debug)]
pub struct Trace {
    sum: u64,
    steps: u64,
    lines: Option<VecDeque<String>>,
    most: usize,
}

impl Trace {
    /// A trace with words, or without; of `most` lines.
    #[must_use]
    pub fn new(words: bool, most: usize) -> Self {
        Self { sum: 0xcbf2_9ce4_8422_2325, steps: 0, lines: words.then(VecDeque::new), most }
    }

    /// Something happened, at `t` to `whom`; `what` stands for it.
    pub fn note(&mut self, t: u64, whom: u64, what: &str, words: impl FnOnce() -> String) {
        self.steps += 1;
        for number in [t, whom] {
            self.sum = (self.sum ^ number).wrapping_mul(0x0100_0000_01b3);
        }
        for byte in what.bytes() {
            self.sum = (self.sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let Some(lines) = &mut self.lines else { return };
        if lines.len() == self.most {
            lines.pop_front();
        }
        lines.push_back(format!("{:>9}.{:03} s  {whom:>2}  {what} {}", t / 1_000, t % 1_000, words()));
    }

    /// Stands for everything that happened.
    #[must_use]
    pub const fn sum(&self) -> u64 {
        self.sum
    }

    /// How much happened.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The last lines.
    #[must_use]
    pub fn lines(&self) -> String {
        self.lines.iter().flatten().fold(String::new(), |all, line| all + line + "\n")
    }
}
