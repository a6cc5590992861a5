//! What PROTOCOL.md promises, within bounds of seconds. `make model` looks further.

use everwire_model::{check, small};
use stateright::Model;
use std::fmt::Debug;
use std::hash::Hash;

fn holds<M>(name: &str, model: M)
where
    M: Model + Copy + Send + Sync + 'static,
    M::State: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
    M::Action: Clone + Debug + Hash + PartialEq + Send + Sync + 'static,
{
    let verdict = check(model, false);
    assert!(verdict.wrong.is_empty(), "{name}: {:#?}", verdict.wrong);
}

#[test]
fn what_is_sent_is_applied_once_and_settles() {
    small().0.into_iter().for_each(|(name, model)| holds(name, model));
}

#[test]
fn what_is_received_is_delivered_once_in_order_and_what_is_missing_is_known() {
    small().1.into_iter().for_each(|(name, model)| holds(name, model));
}
