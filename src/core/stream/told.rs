//! What a stream's facts mean to the states.
//!
//! Owns the transitions that only a stream has; must not know those that it shares with a socket.

use super::{Answer, Ending, Event, RetryAfter};
use crate::core::connection::Connection;
use crate::core::context::Context;
use crate::core::error::Reason;
use crate::core::input::Generation;
use crate::core::loss::{self, Loss};
use crate::core::snapshot::PeerKind;
use crate::core::state::{Open, State};
use crate::core::time::Millis;
use crate::wire::close_code::{self, CloseRule};
use crate::wire::limits::MAX_WAIT_MS;

/// A server may not ask for less between two attempts, in milliseconds.
const LEAST_RETRY_MS: Millis = 100;

/// Something happened to a stream. The next state, if there is another one.
pub(in crate::core) fn told<P>(state: &State, cx: &mut Context<P>, number: u32, event: Event) -> Option<State> {
    match (state, event) {
        (State::Stopped { reason: Reason::ByApplication }, _) => None,
        // In any other state: the attempt that asked may be over, and what is known now is told to the handlers.
        (_, Event::Recovered { failed }) if cx.providers.ended(number) => Some(State::ended(cx, Ending::told(failed))),
        (State::Connecting(attempt), Event::Answered(answer)) if attempt.generation == number => {
            Some(answered(cx, number, answer))
        }
        (State::Connecting(attempt), Event::Unseen { overrule }) if attempt.generation == number => {
            cx.stream.is_in_the_dark = true;
            Some(State::lost(cx, Loss::closed(close_code::ABNORMAL, overrule), None))
        }
        (State::Connecting(attempt), Event::Impossible) if attempt.generation == number => {
            Some(State::lost(cx, Loss::of(Reason::Stream(Ending::Impossible)), None))
        }
        (State::Open(open), event) if open.connection.generation == number => heard(open, cx, event),
        // Old news, or none of this state's business.
        _ => None,
    }
}

fn answered<P>(cx: &mut Context<P>, generation: Generation, answer: Answer) -> State {
    cx.stream.is_in_the_dark = false;
    let Some(ending) = Ending::of(&answer) else {
        return State::Open(Open::new(Connection::open(cx, generation)));
    };
    loss::abandon(cx, generation);
    // It means nothing with what no time can mend: who signs in and calls `retry()` would wait for it.
    if ending.rule() == CloseRule::Retry
        && let Some(after) = answer.retry_after
    {
        hold(cx, after);
    }
    State::lost(cx, Loss { overrule: answer.overrule, ..Loss::of(Reason::Stream(ending)) }, None)
}

/// The server's word: not before then.
fn hold<P>(cx: &mut Context<P>, after: RetryAfter) {
    let wait = match after {
        RetryAfter::Delay(delay) => delay,
        RetryAfter::Date(date) => date.saturating_sub(cx.clock.to_wall(cx.at())),
    };
    cx.note_not_before(wait);
}

fn heard<P>(open: &Open, cx: &mut Context<P>, event: Event) -> Option<State> {
    match event {
        Event::Retry(delay) => {
            cx.backoff.begin_at(delay.clamp(LEAST_RETRY_MS, MAX_WAIT_MS), cx.options.backoff_cap);
        }
        Event::Comment => {
            cx.stream.silence.is_broken = true;
            cx.peer = PeerKind::Simple;
        }
        Event::TooLong => {
            open.abandon(cx);
            return Some(State::lost(cx, Loss::of(Reason::Stream(Ending::TooLong)), Some(&open.connection)));
        }
        Event::Terminal { failed } => {
            loss::leave(cx, &open.connection);
            open.abandon(cx);
            return Some(State::ended(cx, Ending::told(failed)));
        }
        Event::Answered(_) | Event::Impossible | Event::Unseen { .. } | Event::Recovered { .. } => {}
    }
    None
}
