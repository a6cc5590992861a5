//! What befalls a world, thing by thing, so that each can be left out.
//!
//! Owns the names of the things and which of them happen; must not know what any of them does. Every thing draws from a
//! generator of its own, so that leaving one out changes no other more than it must.

use crate::chance::Chance;
use std::collections::BTreeSet;
use std::fmt;

/// A thing that befalls a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    kind: Kind,
    /// Whose, if it is somebody's.
    whose: u64,
    /// The how manieth.
    nth: u64,
    /// Which part of it.
    part: u64,
}

/// The kinds of things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// There is such a client.
    Page,
    /// Its application does something; the parts are messages.
    Act,
    /// The network, the page or the server does something.
    Fault,
    /// An attempt does not simply open.
    Door,
    /// A connection is slow.
    Slow,
    /// Providers do not simply answer.
    Ask,
    /// `send` throws.
    Throw,
    /// A timer is late.
    Late,
    /// `shouldReconnect` has an opinion.
    Overrule,
    /// A handler closes the client.
    Handler,
    /// A frame comes although its socket was left.
    Stray,
}

impl Kind {
    const ALL: [(Self, char); 11] = [
        (Self::Page, 'p'),
        (Self::Act, 'a'),
        (Self::Fault, 'f'),
        (Self::Door, 'd'),
        (Self::Slow, 's'),
        (Self::Ask, 'q'),
        (Self::Throw, 't'),
        (Self::Late, 'l'),
        (Self::Overrule, 'o'),
        (Self::Handler, 'h'),
        (Self::Stray, 'y'),
    ];
}

impl Step {
    /// The `nth` thing of this kind that is `whose`.
    #[must_use]
    pub const fn of(kind: Kind, whose: u64, nth: u64) -> Self {
        Self { kind, whose, nth, part: 0 }
    }

    /// A part of it, from 1.
    #[must_use]
    pub const fn part(self, part: u64) -> Self {
        Self { part, ..self }
    }

    /// What it is and whose: things that may well be left out together.
    #[must_use]
    pub const fn group(self) -> (Kind, u64) {
        (self.kind, self.whose)
    }

    /// A part of a part.
    #[must_use]
    pub const fn within(self, part: u64) -> Self {
        Self { part: self.part + part, ..self }
    }

    /// The generator of this thing in the world of `seed`.
    #[must_use]
    pub const fn chance(self, seed: u64) -> Chance {
        let mut mixed = Chance::new(seed);
        let mut sum = mixed.bits();
        let mut place = 0;
        let words = [self.kind as u64 + 1, self.whose, self.nth, self.part];
        while place < words.len() {
            let mut next = Chance::new(sum ^ words[place].wrapping_mul(0x2545_f491_4f6c_dd1d));
            sum = next.bits();
            place += 1;
        }
        Chance::new(sum)
    }

    fn read(word: &str) -> Option<Self> {
        let kind = Kind::ALL.iter().find(|(_, letter)| word.starts_with(*letter))?.0;
        let mut numbers = word.get(1..)?.split('.').map(|number| number.parse::<u64>().ok());
        let step = Self::of(kind, numbers.next()??, numbers.next()??);
        Some(step.part(numbers.next().flatten().unwrap_or(0)))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = Kind::ALL.iter().find(|(kind, _)| *kind == self.kind).map_or('?', |(_, letter)| *letter);
        write!(f, "{letter}{}.{}", self.whose, self.nth)?;
        if self.part > 0 { write!(f, ".{}", self.part) } else { Ok(()) }
    }
}

/// Which things happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan(Option<BTreeSet<Step>>);

impl Plan {
    /// All of them.
    pub const ALL: Self = Self(None);

    /// These and no others.
    #[must_use]
    pub fn only(steps: impl IntoIterator<Item = Step>) -> Self {
        Self(Some(steps.into_iter().collect()))
    }

    /// Reads what [`Self`] prints; what makes no sense is passed over.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self::only(text.split(',').filter_map(Step::read))
    }

    /// Whether `step` happens.
    #[must_use]
    pub fn has(&self, step: Step) -> bool {
        self.0.as_ref().is_none_or(|steps| steps.contains(&step))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().flatten().enumerate() {
            write!(f, "{}{step}", if place > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

/// What befalls one world, as it lives.
#[derive(Clone, Debug)]
pub struct Steps {
    seed: u64,
    plan: Plan,
    taken: BTreeSet<Step>,
}

impl Steps {
    /// Of the world of `seed`, by `plan`.
    #[must_use]
    pub const fn new(seed: u64, plan: Plan) -> Self {
        Self { seed, plan, taken: BTreeSet::new() }
    }

    /// The generator of a thing.
    #[must_use]
    pub const fn chance(&self, step: Step) -> Chance {
        step.chance(self.seed)
    }

    /// A thing would happen now. Whether it does.
    pub fn takes(&mut self, step: Step) -> bool {
        let takes = self.plan.has(step);
        if takes {
            self.taken.insert(step);
        }
        takes
    }

    /// What happened.
    #[must_use]
    pub fn taken(&self) -> Vec<Step> {
        self.taken.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_again() {
        let plan = Plan::only([Step::of(Kind::Fault, 0, 17), Step::of(Kind::Act, 2, 3).part(4)]);
        assert_eq!(plan.to_string(), "a2.3.4,f0.17");
        assert_eq!(Plan::read(&plan.to_string()), plan);
        assert!(!Plan::read("").has(Step::of(Kind::Fault, 0, 17)) && Plan::ALL.has(Step::of(Kind::Fault, 0, 17)));
    }

    #[test]
    fn each_thing_has_a_chance_of_its_own() {
        let steps = [
            Step::of(Kind::Fault, 0, 1),
            Step::of(Kind::Fault, 1, 0),
            Step::of(Kind::Act, 0, 1),
            Step::of(Kind::Act, 0, 1).part(1),
        ];
        let mut drawn: Vec<u64> =
            steps.iter().flat_map(|step| [step.chance(1).bits(), step.chance(2).bits()]).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), 8);
    }
}
