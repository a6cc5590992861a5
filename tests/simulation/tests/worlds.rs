//! Some worlds, always the same, and that a seed is all there is to one. `make sim` lives through many more.

use everwire_simulation::report::Report;
use everwire_simulation::world::World;

#[test]
fn what_was_promised_holds_whatever_happens() {
    let mut all = Report::default();
    for seed in 1..=30 {
        let mut world = World::new(seed, false);
        if let Err(wrong) = world.run() {
            panic!("{wrong}; SEED={seed} make sim shows what happened");
        }
        all.add(&world.report);
    }
    assert!(all.counted("attempts") > 300 && all.counted("ends: acked") > 3_000, "too little happened:\n{all}");
}

#[test]
fn the_same_seed_is_the_same_trace() {
    let live = || {
        let mut world = World::with_lines(7, true, usize::MAX);
        assert_eq!(world.run(), Ok(()));
        (world.trace.sum(), world.trace.lines())
    };
    let (first, second) = (live(), live());
    assert!(first.1.len() > 10_000 && first == second, "two lives of one seed differ");
}
