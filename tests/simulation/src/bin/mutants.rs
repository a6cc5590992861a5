//! Puts each deliberate bug of `everwire::core::mutant` into the core, and says how soon the simulation finds it.
//!
//! Owns the arguments (`MUTANT`, for one of them and the least of a world that shows it; `DURATION` in seconds for each)
//! and the real clock; must not know worlds. There are bugs only in a build with `--cfg everwire_mutants`.

use std::process::ExitCode;

#[cfg(not(everwire_mutants))]
fn main() -> ExitCode {
    println!("this build has no deliberate bugs: make sim-mutants");
    ExitCode::FAILURE
}

#[cfg(everwire_mutants)]
fn main() -> ExitCode {
    hunt::main()
}

#[cfg(everwire_mutants)]
mod hunt {
    use everwire::core::mutant::{Mutant, choose};
    use everwire_simulation::chance::Chance;
    use everwire_simulation::minimal::Life;
    use everwire_simulation::plan::Plan;
    use everwire_simulation::trace::LINES;
    use everwire_simulation::trial;
    use std::process::ExitCode;
    use std::sync::Mutex;
    use std::time::{Duration, Instant};
    use std::{env, panic, thread};

    /// How long the least of a failure is looked for.
    const PATIENCE: Duration = Duration::from_secs(30);

    struct Caught {
        seed: u64,
        worlds: usize,
        life: Life,
    }

    pub(super) fn main() -> ExitCode {
        panic::set_hook(Box::new(|_| ()));
        let one = env::var("MUTANT").ok();
        let mutants: Vec<Mutant> =
            Mutant::ALL.iter().copied().filter(|own| one.as_deref().is_none_or(|name| name == own.name())).collect();
        let threads = thread::available_parallelism().map_or(1, usize::from).min(2);
        let queue = Mutex::new(mutants.iter());
        let escaped = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(mutant) = next(&queue) {
                        if !look_for(mutant, one.is_some())
                            && let Ok(mut escaped) = escaped.lock()
                        {
                            escaped.push(mutant.name());
                        }
                    }
                });
            }
        });
        let escaped = escaped.into_inner().unwrap_or_default();
        println!("{} of {} deliberate bugs were caught", mutants.len() - escaped.len(), mutants.len());
        if escaped.is_empty() && !mutants.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn next(queue: &Mutex<std::slice::Iter<'_, Mutant>>) -> Option<Mutant> {
        queue.lock().ok()?.next().copied()
    }

    fn look_for(mutant: Mutant, closely: bool) -> bool {
        choose(Some(mutant));
        let began = now();
        let found = hunt(began + Duration::from_secs(number("DURATION").unwrap_or(60)));
        let took = now().duration_since(began).as_secs_f32();
        let Some(Caught { seed, worlds, life }) = found else {
            println!("NOT CAUGHT  {}: {} ({took:.1} s)", mutant.name(), mutant.breaks());
            return false;
        };
        let wrong = life.wrong.clone().unwrap_or_default();
        let wrong: String = wrong.chars().take(160).collect();
        println!("caught  {:<20} SEED={seed:<16} {worlds:>3} worlds {took:>5.1} s  {wrong}", mutant.name());
        if closely {
            let until = now() + PATIENCE;
            if let Some(failure) = trial::explain(seed, life, LINES, |_| now() < until) {
                println!("{failure}");
            }
        }
        true
    }

    fn hunt(until: Instant) -> Option<Caught> {
        let mut seeds = Chance::new(0);
        let given = number("SEED");
        for worlds in 1.. {
            let seed = given.unwrap_or_else(|| seeds.bits() >> 16);
            let kept = env::var("KEEP").map_or(Plan::ALL, |text| Plan::read(&text));
            let life = trial::live(seed, &kept).0;
            if life.wrong.is_some() {
                return Some(Caught { seed, worlds, life });
            }
            if given.is_some() || now() > until {
                break;
            }
        }
        None
    }

    fn number(name: &str) -> Option<u64> {
        env::var(name).ok()?.parse().ok()
    }

    #[expect(clippy::disallowed_methods, reason = "how long to look is real time; no world sees it")]
    fn now() -> Instant {
        Instant::now()
    }
}
