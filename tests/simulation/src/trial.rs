//! One world, lived through; and if it fails, the least of it that does.
//!
//! Owns how a failure is told; must not know worlds' insides or real time.

use crate::minimal::{Life, Minimal, minimize};
use crate::plan::Plan;
use crate::report::Report;
use crate::world::World;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A world that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which.
    pub seed: u64,
    /// What is wrong with it as a whole, and how much befell it.
    pub whole: String,
    /// See there.
    pub things: usize,
    /// The least that fails in the same way.
    pub minimal: Minimal,
    /// What happened then.
    pub trace: String,
}

/// Lives through the world of `seed`. A panic is a broken promise like any other.
#[must_use]
pub fn live(seed: u64, plan: &Plan) -> (Life, Report) {
    let mut world = World::planned(seed, plan.clone(), false, 0);
    let wrong = run(&mut world);
    (Life { taken: world.taken(), wrong }, world.report)
}

/// Looks for the least of a world that fails as `life` did, while there may be `more` tries, and tells of it.
#[must_use]
pub fn explain(seed: u64, life: Life, lines: usize, more: impl Fn(usize) -> bool) -> Option<Failure> {
    let (whole, things) = (life.wrong.clone()?, life.taken.len());
    let minimal = minimize(life, |plan| live(seed, plan).0, more)?;
    let trace = trace(seed, &minimal.plan, lines);
    Some(Failure { seed, whole, things, minimal, trace })
}

/// What happens in a world, up to its end or its failure.
#[must_use]
pub fn trace(seed: u64, plan: &Plan, lines: usize) -> String {
    let mut world = World::planned(seed, plan.clone(), true, lines);
    run(&mut world);
    world.trace.lines()
}

fn run(world: &mut World) -> Option<String> {
    match catch_unwind(AssertUnwindSafe(|| world.run())) {
        Ok(verdict) => verdict.err(),
        Err(panic) => Some(format!("panic: {}", words(&*panic))),
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of no words")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, whole, things, minimal, trace } = self;
        let Minimal { plan, steps, wrong, tries } = minimal;
        writeln!(f, "{trace}SEED={seed} KEEP={plan}: {wrong}")?;
        writeln!(f, "  {steps} of the {things} things that befell this world are enough for that ({tries} tries)")?;
        write!(f, "SEED={seed}: {whole}")
    }
}
