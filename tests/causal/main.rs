//! Causal order against a brute-force happens-before, on random histories.
//!
//! Members send, receive in any order, twice, or not at all; each message carries, beside its clock, the set of all
//! messages in its past. The set is the oracle: it is carried and joined, and knows no clocks. `EVERWIRE_SEED` chooses
//! other histories; one that fails names its seed.

// A host program: the tests in browsers are built for wasm, all targets at once.
#![cfg(not(target_arch = "wasm32"))]

mod hostile;
mod world;

use everwire::core::rng::Rng;
use hostile::Hostile;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use world::{Weather, World};

fn seed() -> u64 {
    std::env::var("EVERWIRE_SEED").map_or(1, |text| text.parse().expect("a number"))
}

/// Histories until `deliveries` messages were handed over in all.
fn histories(name: &str, deliveries: u64, history: impl Fn(&mut Rng) -> World) {
    let (mut total, mut asked, mut last) = (0, 0, seed());
    while total < deliveries {
        last += 1;
        let world = catch_unwind(AssertUnwindSafe(|| history(&mut Rng::new(last)))).unwrap_or_else(|panic| {
            eprintln!("{name}: EVERWIRE_SEED={} fails", last - 1);
            resume_unwind(panic)
        });
        total += world.delivered;
        asked += world.asked;
    }
    println!("{name}: {total} deliveries in {} histories from seed {}, {asked} gaps", last - seed(), seed());
}

#[test]
fn no_effect_comes_before_its_cause_and_everything_comes() {
    histories("in any order", 500_000, |rng| {
        let mut world = World::new(rng, Weather { loss: 0, twice: 10, room: 1_000 });
        world.live(rng, 100, 1_000);
        world.deliver_all(rng);
        world.assert_all_know_all();
        assert_eq!(world.asked, 0, "nothing is missing, so nothing is asked for");
        world
    });
}

#[test]
fn clocks_say_what_the_histories_say() {
    histories("clocks", 50_000, |rng| {
        let mut world = World::new(rng, Weather { loss: 0, twice: 0, room: 1_000 });
        world.live(rng, 60, 1_000);
        world.assert_clocks_agree();
        world
    });
}

#[test]
fn a_lost_cause_is_told_and_the_messages_come_again_or_a_state_stands_for_them() {
    histories("lossy", 400_000, |rng| {
        let mut world = World::new(rng, Weather { loss: 10, twice: 5, room: 1_000 });
        world.live(rng, 100, 20);
        world.recover(rng);
        world.assert_all_know_all();
        world
    });
}

#[test]
fn a_small_buffer_holds_no_more_than_it_may_and_loses_nothing() {
    histories("no room", 100_000, |rng| {
        let mut world = World::new(rng, Weather { loss: 5, twice: 5, room: 3 });
        world.live(rng, 60, 20);
        world.recover(rng);
        world.assert_all_know_all();
        world
    });
}

#[test]
fn who_left_is_taken_out_of_the_clocks_one_by_one_and_nothing_comes_too_early() {
    histories("departed", 100_000, |rng| {
        let mut world = World::new(rng, Weather { loss: 0, twice: 5, room: 1_000 });
        world.live(rng, 40, 1_000);
        world.deliver_all(rng);
        world.leave(0);
        world.live(rng, 40, 1_000);
        world.deliver_all(rng);
        world.assert_all_know_all();
        assert_eq!(world.asked, 0);
        world
    });
}

#[test]
fn whatever_members_say_and_applications_do_bounds_and_order_hold() {
    let (mut delivered, lives) = (0, 3_000);
    for life in 0..lives {
        let seed = seed() + life;
        let lived = catch_unwind(|| {
            let mut rng = Rng::new(seed);
            let mut hostile = Hostile::new(&mut rng);
            hostile.live(&mut rng, 300);
            hostile.delivered
        });
        delivered += lived.unwrap_or_else(|panic| {
            eprintln!("hostile: EVERWIRE_SEED={seed} fails");
            resume_unwind(panic)
        });
    }
    println!("hostile: {delivered} deliveries in {lives} lives from seed {}", seed());
}
