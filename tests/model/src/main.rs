//! Checks the models within the bounds that are worth a minute, and reports.
//!
//! Owns the table and the real clock; must not know the models.

use everwire_model::{Verdict, check, thorough};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    println!("{:<46} {:>10} {:>6} {:>7}", "model", "states", "depth", "s");
    let (sendings, receivings) = thorough();
    let mut failed = false;
    for (name, model) in sendings {
        failed |= report(&format!("sending: {name}"), || check(model, false));
    }
    for (name, model) in receivings {
        failed |= report(&format!("receiving: {name}"), || check(model, false));
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

#[expect(clippy::disallowed_methods, reason = "how long a check takes is real time; no model sees it")]
fn report(name: &str, run: impl FnOnce() -> Verdict) -> bool {
    let from = Instant::now();
    let Verdict { states, depth, wrong } = run();
    println!("{name:<46} {states:>10} {depth:>6} {:>7.1}", from.elapsed().as_secs_f64());
    for (property, steps) in &wrong {
        println!("  WRONG: {property}: {steps}");
    }
    !wrong.is_empty()
}
