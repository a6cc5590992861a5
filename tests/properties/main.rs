//! What must hold whatever happens.
//!
//! Each property runs `EVERWIRE_CASES` sequences (a few thousand by default) of 200 to 240 inputs, chosen the same way
//! in every run; `EVERWIRE_SEED` chooses others. A sequence that fails is made small and printed.

// A host program: the tests in browsers are built for wasm, all targets at once.
#![cfg(not(target_arch = "wasm32"))]

mod ledger;
mod operation;
mod world;

use operation::Operation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use world::World;

fn number(name: &str, default: u32) -> u32 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

fn hold(salt: u8, property: impl Fn(u64, &[Operation])) {
    let config = Config {
        cases: number("EVERWIRE_CASES", 2_000),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let mut seed = [salt; 32];
    seed[..4].copy_from_slice(&number("EVERWIRE_SEED", 1).to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let operations = vec(any::<u64>().prop_map(Operation::of), 200..=240);
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

#[test]
fn anything() {
    hold(1, |seed, operations| {
        let mut world = World::new(seed);
        world.run(operations);
        world.end();
    });
}

#[test]
fn debug() {
    use Operation::*;
    let mut world = World::new(3308849861455259516);
    world.trace = Some(Vec::new());
    for op in [
        Proceed(45655436843151388),
        Closed { back: 0, code: 4401, overrule: None },
        Late(17643055),
        Proceed(42068044744855930),
        Proceed(24956176192548602),
        Proceed(51832324581106027),
        Resync(16407595007207712),
        Closed { back: 0, code: 1002, overrule: Some(false) },
        Proceed(16543400496796335),
        Proceed(49431305134187029),
        Proceed(16120242068301856),
        Proceed(5890344040687878),
        Resync(53869667105923625),
        Event { back: 0, seq: 153006712415323, how: 597682470372 },
        Proceed(31518316959761861),
        Proceed(55346008020482083),
    ] {
        println!("{op:?}");
        world.step(op);
        for action in world.trace.as_mut().expect("on").drain(..) {
            println!("    {action:?}");
        }
    }
    world.end();
}
