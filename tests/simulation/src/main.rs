//! Simulates worlds for a while and reports.
//!
//! Owns the arguments (`SEED`, `KEEP`, `DURATION` in seconds, `LINES` of a failure's trace) and the real clock; must not
//! know worlds.

use everwire_simulation::chance::Chance;
use everwire_simulation::coverage;
use everwire_simulation::plan::Plan;
use everwire_simulation::report::Report;
use everwire_simulation::trace::LINES;
use everwire_simulation::trial;
use std::env;
use std::panic;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// How long the least of a failure is looked for.
const PATIENCE: Duration = Duration::from_secs(30);
/// A run of so many seconds has to see every pair of state and input that can occur.
const LONG: u64 = 60;

fn main() -> ExitCode {
    // What is said of a panic is said of its world.
    panic::set_hook(Box::new(|_| ()));
    let duration = number("DURATION").unwrap_or(60);
    let until = now() + Duration::from_secs(duration);
    // A seed that was given is the world's own, so that a failure is replayed by it alone.
    if let Some(seed) = number("SEED") {
        return finish(live(seed), false);
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
            Ok(Err(failure)) => return finish(Err(failure), false),
            Err(_) => return ExitCode::FAILURE,
        }
    }
    finish(Ok(all), duration >= LONG)
}

/// One world; if it fails, the least of it that does, with words.
fn live(seed: u64) -> Result<Report, String> {
    let kept = env::var("KEEP").ok().map(|text| Plan::read(&text));
    let (life, report) = trial::live(seed, kept.as_ref().unwrap_or(&Plan::ALL));
    let Some(wrong) = life.wrong.clone() else { return Ok(report) };
    let lines = number("LINES").map_or(LINES, |lines| lines as usize);
    if let Some(plan) = kept {
        return Err(format!("{}SEED={seed} KEEP={plan}: {wrong}", trial::trace(seed, &plan, lines)));
    }
    let until = now() + PATIENCE;
    let failure = trial::explain(seed, life, lines, |_| now() < until);
    Err(failure.map_or_else(|| format!("SEED={seed}: {wrong}"), |failure| failure.to_string()))
}

fn finish(outcome: Result<Report, String>, long: bool) -> ExitCode {
    let report = match outcome {
        Ok(report) => report,
        Err(failure) => {
            println!("{failure}");
            return ExitCode::FAILURE;
        }
    };
    let miracles = coverage::miracles(&report);
    let holes = if long { coverage::unseen(&report) } else { Vec::new() };
    println!("{report}no violation");
    if !miracles.is_empty() {
        println!("but these pairs of state and input were thought to be impossible: {miracles:?}");
    }
    if !holes.is_empty() {
        println!("but these pairs of state and input were not seen: {holes:?}");
    }
    if miracles.is_empty() && holes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "how long to simulate is real time; no world sees it")]
fn now() -> Instant {
    Instant::now()
}
