//! What must hold whatever happens.
//!
//! Each property runs `EVERWIRE_CASES` sequences (10,000 by default) of 200 to 240 inputs, chosen the same way
//! in every run; `EVERWIRE_SEED` chooses others. A sequence that fails is made small and printed.

// A host program: the tests in browsers are built for wasm, all targets at once.
#![cfg(not(target_arch = "wasm32"))]

mod ledger;
mod lives;
mod operation;
mod presence;
mod server;
mod world;

use operation::Operation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use world::World;

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn hold(salt: u8, focus: &'static [u8], property: impl Fn(u64, &[Operation])) {
    let config = Config {
        cases: number("EVERWIRE_CASES", 10_000),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let mut seed = [salt; 32];
    seed[..4].copy_from_slice(&number("EVERWIRE_SEED", 1).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let operations = vec(any::<u64>().prop_map(|word| Operation::of(focused(word, focus))), 200..=240);
    let outcome = runner.run(&(any::<u64>(), operations), |(seed, operations)| {
        property(seed, &operations);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Abort(reason)) => panic!("{reason}"),
        Err(TestError::Fail(reason, (seed, mut operations))) => {
            prune(&mut operations, |operations| {
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| property(seed, operations))).is_err()
            });
            panic!("{reason}\nseed {seed}, {} operations: {operations:?}", operations.len());
        }
    }
}

/// Half of all words are about what is in focus.
fn focused(word: u64, focus: &[u8]) -> u64 {
    if focus.is_empty() || word & 0xff == 0 || word >> 63 == 0 {
        return word;
    }
    let kind = focus[(word >> 40) as usize % focus.len()];
    word & !0xff | u64::from(kind)
}

/// Takes out, one by one, the operations without which `fails` still does.
fn prune(operations: &mut Vec<Operation>, fails: impl Fn(&[Operation]) -> bool) {
    operations.retain(|operation| *operation != Operation::Rest);
    let mut index = 0;
    while index < operations.len() {
        let operation = operations.remove(index);
        if fails(operations) {
            index = 0;
        } else {
            operations.insert(index, operation);
            index += 1;
        }
    }
}

/// Runs `operations` on a machine of its own, closes it, and looks back. The world checks everything after every input,
/// so the properties differ in what their sequences are made of.
fn live(seed: u64, operations: &[Operation]) {
    let mut world = World::new(seed);
    world.run(operations);
    world.end();
}

#[test]
fn no_sequence_of_inputs_panics_or_is_answered_without_bound() {
    hold(1, &[], live);
}

#[test]
fn a_deadline_is_never_past_and_a_tick_leaves_nothing_due() {
    hold(2, operation::CLOCKS, live);
}

#[test]
fn the_outbox_neither_loses_nor_doubles() {
    hold(3, operation::MESSAGES, live);
}

#[test]
fn there_is_one_socket_and_none_before_its_time() {
    hold(4, operation::SOCKETS, live);
}

#[test]
fn numbered_events_come_in_order_once_and_a_hole_is_never_called_kept() {
    hold(5, operation::EVENTS, live);
}

#[test]
fn the_same_seed_and_inputs_give_the_same_actions() {
    hold(6, &[], |seed, operations| {
        let run = || {
            let mut world = World::new(seed);
            world.trace = Some(Vec::new());
            world.run(operations);
            world.trace
        };
        assert_eq!(run(), run());
    });
}
