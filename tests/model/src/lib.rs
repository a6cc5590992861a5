//! `PROTOCOL.md` as two small models that are checked exhaustively: every order in which what can happen does happen,
//! within small bounds.
//!
//! Owns the models and how they are checked; must not know any code of the project. A model says what the document says,
//! so what is found is a hole in the document. The two halves of the protocol share connections and epochs and nothing
//! else, so each is checked with everything that concerns it.

pub mod receiving;
pub mod sending;

mod bounds;

pub use bounds::{Receivings, Sendings, small, thorough};

use stateright::{Checker, Expectation, HasDiscoveries, Model};
use std::fmt::Debug;
use std::hash::Hash;

/// What a check found.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// States that can be reached.
    pub states: usize,
    /// Steps to the farthest of them.
    pub depth: usize,
    /// What does not hold, and the fewest steps that show it; or what was to be reached, and never is.
    pub wrong: Vec<(&'static str, String)>,
}

/// Looks at every state that can be reached; with `first`, at no more once something does not hold.
pub fn check<M>(model: M, first: bool) -> Verdict
where
    M: Model + Copy + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
{
    let until = if first { HasDiscoveries::AnyFailures } else { HasDiscoveries::All };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    let checker = model.checker().finish_when(until).threads(threads).spawn_bfs().join();
    let discoveries = checker.discoveries();
    let mut wrong = Vec::new();
    for property in checker.model().properties() {
        let found = discoveries.get(property.name);
        let sometimes = property.expectation == Expectation::Sometimes;
        match found {
            Some(path) if !sometimes => {
                let steps = shortest(model, property.name, path.clone().into_actions());
                wrong
                    .push((property.name, steps.iter().map(|step| format!("{step:?}")).collect::<Vec<_>>().join(", ")));
            }
            None if sometimes && !first => wrong.push((property.name, "never".to_owned())),
            Some(_) | None => {}
        }
    }
    Verdict { states: checker.unique_state_count(), depth: checker.max_depth(), wrong }
}

/// The checker reports the last of the violations that it came upon: as long as there is a shorter one, that.
fn shortest<M>(model: M, property: &'static str, mut steps: Vec<M::Action>) -> Vec<M::Action>
where
    M: Model + Copy + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
{
    loop {
        let only = HasDiscoveries::AnyOf(std::iter::once(property).collect());
        let checker = model.checker().finish_when(only).target_max_depth(steps.len() + 1).spawn_bfs().join();
        match checker.discovery(property) {
            Some(path) => steps = path.into_actions(),
            None => return steps,
        }
    }
}
