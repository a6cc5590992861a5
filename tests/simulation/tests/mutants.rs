//! A failure is told by the least of its world that fails. Built with deliberate bugs alone (`make sim-mutants`).

#![cfg(everwire_mutants)]

use everwire::core::mutant::{Mutant, choose};
use everwire_simulation::minimal::kind;
use everwire_simulation::plan::Plan;
use everwire_simulation::trial::{self, Failure};

/// The first world that fails with `mutant`, in so many tries at most.
fn failure(mutant: Mutant, tries: usize) -> Failure {
    choose(Some(mutant));
    let failed = (1..100).map(|seed| (seed, trial::live(seed, &Plan::ALL).0)).find(|(_, life)| life.wrong.is_some());
    let (seed, life) = failed.expect("a world that fails");
    trial::explain(seed, life, usize::MAX, |tried| tried < tries).expect("it fails")
}

#[test]
fn a_failure_needs_little_of_its_world_and_replays_exactly() {
    let failure = failure(Mutant::NumberGivenTwice, 2_000);
    let Failure { seed, things, minimal, trace, whole } = &failure;
    assert!(minimal.steps <= 5 && *things >= 3 * minimal.steps, "{} of {things} things", minimal.steps);
    assert_eq!(kind(&minimal.wrong), kind(whole));
    assert!(trace.lines().count() < 200, "{trace}");

    let plan = Plan::read(&minimal.plan.to_string());
    let (again, _) = trial::live(*seed, &plan);
    assert_eq!(again.wrong.as_ref(), Some(&minimal.wrong));
    assert_eq!(&trial::trace(*seed, &plan, usize::MAX), trace);

    let printed = failure.to_string();
    assert!(printed.contains(&format!("SEED={seed} KEEP={plan}: {}", minimal.wrong)), "{printed}");
}

#[test]
fn without_the_bug_the_same_world_is_whole() {
    let failure = failure(Mutant::AckSettlesAnother, 50);
    choose(None);
    assert_eq!(trial::live(failure.seed, &failure.minimal.plan).0.wrong, None);
    assert_eq!(trial::live(failure.seed, &Plan::ALL).0.wrong, None);
}
