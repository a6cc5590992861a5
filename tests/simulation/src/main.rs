//! Simulates worlds for a while and reports.
//!
//! Owns the arguments (`SEED`, `DURATION` in seconds, `LINES` of a failure's trace) and the real clock; must not know worlds.

use everwire_simulation::chance::Chance;
use everwire_simulation::report::Report;
use everwire_simulation::trace::LINES;
use everwire_simulation::world::World;
use std::env;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let seed = number("SEED");
    let until = now() + Duration::from_secs(number("DURATION").unwrap_or(60));
    // A seed that was given is the world's own, so that a failure is replayed by it alone.
    if let Some(seed) = seed {
        return finish(live(seed));
    }
    let threads = thread::available_parallelism().map_or(1, usize::from).min(2) as u64;
    let parts: Vec<_> = (0..threads)
        .map(|part| {
            thread::spawn(move || {
                let mut seeds = Chance::new(part);
                let mut all = Report::default();
                loop {
                    match live(seeds.bits() >> 16) {
                        Ok(report) => all.add(&report),
                        Err(failure) => return Err(failure),
                    }
                    if now() > until {
                        break;
                    }
                }
                Ok(all)
            })
        })
        .collect();
    let mut all = Report::default();
    for part in parts {
        match part.join() {
            Ok(Ok(report)) => all.add(&report),
            Ok(Err(failure)) => return finish(Err(failure)),
            Err(_) => return ExitCode::FAILURE,
        }
    }
    finish(Ok(all))
}

/// One world; if it fails, once more with words.
fn live(seed: u64) -> Result<Report, String> {
    let mut world = World::new(seed, false);
    if world.run().is_ok() {
        return Ok(world.report);
    }
    let lines = number("LINES").map_or(LINES, |lines| lines as usize);
    let mut world = World::with_lines(seed, true, lines);
    let wrong = world.run().err().unwrap_or_default();
    Err(format!("{}\nSEED={seed} step {}: {wrong}", world.trace.lines(), world.trace.steps()))
}

fn finish(outcome: Result<Report, String>) -> ExitCode {
    match outcome {
        Ok(report) => {
            println!("{report}no violation");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "how long to simulate is real time; no world sees it")]
fn now() -> Instant {
    Instant::now()
}
