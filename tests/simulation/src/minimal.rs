//! The least that has to happen for a world to fail as it does.
//!
//! Owns the search (delta debugging: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002);
//! must not know what a thing is or does.

use crate::plan::{Plan, Step};
use std::collections::BTreeSet;

/// How a world lived under a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// What befell it.
    pub taken: Vec<Step>,
    /// What was wrong, if anything.
    pub wrong: Option<String>,
}

/// A plan under which a world fails, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimal {
    /// What has to happen.
    pub plan: Plan,
    /// How many things that are.
    pub steps: usize,
    /// What is wrong then.
    pub wrong: String,
    /// Worlds lived for it.
    pub tries: usize,
}

/// Leaves out of `life` whatever it fails without, in the same way. `more` says whether there is time for another try.
pub fn minimize(life: Life, live: impl Fn(&Plan) -> Life, more: impl Fn(usize) -> bool) -> Option<Minimal> {
    let mut wrong = life.wrong?;
    let kind = kind(&wrong);
    let mut steps = life.taken;
    let (mut parts, mut tries) = (2, 0);
    // A whole client, or all that is of one kind, is often of no matter.
    let groups: BTreeSet<_> = steps.iter().map(|step| step.group()).collect();
    for group in groups {
        if steps.iter().any(|step| step.group() == group) && more(tries) {
            tries += 1;
            let life = live(&Plan::only(steps.iter().copied().filter(|step| step.group() != group)));
            if let Some(again) = life.wrong.filter(|again| self::kind(again) == kind) {
                (steps, wrong) = (life.taken, again);
            }
        }
    }
    'finer: while !steps.is_empty() {
        let pieces = parts.min(steps.len());
        for part in 0..pieces {
            if !more(tries) {
                break 'finer;
            }
            tries += 1;
            let out = steps.len() * part / pieces..steps.len() * (part + 1) / pieces;
            let kept = steps.iter().enumerate().filter(|(place, _)| !out.contains(place)).map(|(_, step)| *step);
            let life = live(&Plan::only(kept));
            if let Some(again) = life.wrong.filter(|again| self::kind(again) == kind) {
                (steps, wrong) = (life.taken, again);
                parts = (pieces - 1).max(2);
                continue 'finer;
            }
        }
        if pieces >= steps.len() {
            break;
        }
        parts = pieces * 2;
    }
    Some(Minimal { steps: steps.len(), plan: Plan::only(steps), wrong, tries })
}

/// What is wrong without its numbers: the same promise, broken by another message.
#[must_use]
pub fn kind(wrong: &str) -> String {
    let told = wrong.split(['{', '[', '(']).next().unwrap_or_default();
    told.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Kind;

    fn steps(of: impl IntoIterator<Item = u64>) -> Vec<Step> {
        of.into_iter().map(|nth| Step::of(Kind::Fault, 0, nth)).collect()
    }

    /// Fails one way where 17 and 61 happen, and another way where 3 does.
    fn live(plan: &Plan) -> Life {
        let taken: Vec<Step> = steps(0..100).into_iter().filter(|step| plan.has(*step)).collect();
        let has = |nth| taken.contains(&Step::of(Kind::Fault, 0, nth));
        let wrong = if has(17) && has(61) {
            Some(format!("17 and 61 of {}", taken.len()))
        } else {
            has(3).then(|| "three".to_owned())
        };
        Life { taken, wrong }
    }

    #[test]
    fn what_a_failure_does_not_need_is_left_out() {
        let found = minimize(live(&Plan::ALL), live, |_| true).expect("it fails");
        assert_eq!((found.steps, found.plan), (2, Plan::only(steps([17, 61]))));
        assert_eq!(found.wrong, "17 and 61 of 2");
    }

    #[test]
    fn a_search_without_time_keeps_everything() {
        let found = minimize(live(&Plan::ALL), live, |_| false).expect("it fails");
        assert_eq!((found.steps, found.tries), (100, 0));
        assert_eq!(minimize(Life { taken: Vec::new(), wrong: None }, live, |_| true), None);
    }
}
