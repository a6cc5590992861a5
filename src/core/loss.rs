//! What follows the end of an attempt or a connection.
//!
//! Owns the rules by which a loss becomes a wait or a stop; must not know sockets. A failure is an attempt that ends
//! before it was stable, unless the server sent it away on purpose (goaway, 1001, 1012).

use super::SOCKET;
use super::action::{Action, Fate, Outcome};
use super::connection::Connection;
use super::context::Context;
use super::error::{Cause, Reason, Warning};
use super::input::Generation;
use super::mutant::{Mutant, broken};
use super::not_before::NotBefore;
use super::time::{Instant, Millis};
use crate::wire::close_code::{self, CloseRule};

/// A server that goes away on purpose is returned to within this, spread evenly, the first time.
const FAST_MS: Millis = 5_000;
/// A server in trouble is left alone for at least this.
const SLOW_MS: Millis = 8_000;

/// The end of an attempt or a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Why.
    pub reason: Reason,
    /// What `shouldReconnect` said, if anything.
    pub overrule: Option<bool>,
    /// The server had asked us to leave, and the next attempt was to be made then; else never.
    pub sent_away: Instant,
}

impl Loss {
    /// A socket closed.
    #[must_use]
    pub const fn closed(code: u16, overrule: Option<bool>) -> Self {
        Self { overrule, ..Self::of(Reason::Closed { code }) }
    }

    /// An end that nobody overruled.
    #[must_use]
    pub const fn of(reason: Reason) -> Self {
        Self { reason, overrule: None, sent_away: Instant::NEVER }
    }
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt, not before the floors of the context.
    Wait,
    /// None, until the application asks.
    Stop(Reason),
}

/// Takes note that `connection` is lost: what was in flight is sent again on the next one. Whether it had lasted.
pub fn leave<P>(cx: &mut Context<P>, connection: &Connection) -> bool {
    let stable = connection.has_lasted(cx);
    if connection.was_heard() {
        cx.heard = connection.heard();
    }
    if let Some(terms) = connection.terms().filter(|_| broken(Mutant::HeardIsSeen)) {
        cx.flight.heard(connection.heard().after(terms.keep));
    }
    if SOCKET {
        cx.position.forget_outstanding();
    }
    stable
}

/// What follows the loss of an attempt, or of `connection` if it had opened.
pub fn after<P>(cx: &mut Context<P>, loss: Loss, connection: Option<&Connection>) -> Verdict {
    let rule = rule(cx, &loss);
    let sent_away = loss.sent_away < Instant::NEVER;
    let stable = connection.is_some_and(|connection| leave(cx, connection));
    cx.reason = Some(loss.reason);
    if connection.is_some() && !sent_away && cx.thrash.connection_lost(cx.clock.at()) {
        cx.warn_once(Warning::Thrashing);
    }
    if SOCKET
        && rule == CloseRule::TooBig
        && let Some(Connection { generation, .. }) = connection
        && let Some(receipt) = cx.flight.too_big(*generation)
    {
        cx.end(receipt, Outcome::because(Fate::Rejected, Cause::TooBig));
    }
    let excused = sent_away || rule == CloseRule::Fast;
    if !stable && !excused && cx.breaker.fail() {
        cx.warn_once(Warning::BreakerOpened);
    }
    match rule {
        CloseRule::Stop => return stop(cx, loss.reason),
        CloseRule::Unauthorized if cx.token_renewed || !cx.options.renewable => {
            let code = loss.reason.close_code().unwrap_or(close_code::UNAUTHORIZED);
            return stop(cx, Reason::Unauthorized { code });
        }
        CloseRule::Unauthorized => cx.token_renewed = true,
        CloseRule::Retry | CloseRule::Fast | CloseRule::Slow | CloseRule::TooBig => {}
    }
    if let Some(ending) = cx.stream.used_up(&cx.options.stream, loss.reason.close_code()) {
        return stop(cx, Reason::Stream(ending));
    }
    let backoff = if sent_away { loss.sent_away } else { cx.at().after(delay(cx, rule)) };
    let (at, server) = (cx.at(), word(cx));
    cx.floors = NotBefore {
        server,
        thrash: cx.thrash.not_before(at, &mut cx.rng),
        breaker: cx.breaker.not_before(at, &mut cx.rng),
        backoff,
    };
    if cx.breaker.is_open() {
        let code = loss.reason.close_code().unwrap_or(close_code::ABNORMAL);
        cx.reason = Some(Reason::BreakerOpen { code });
    }
    Verdict::Wait
}

/// The floors under an attempt that good news or the application brings about.
pub fn unscheduled<P>(cx: &mut Context<P>) -> NotBefore {
    if cx.thrash.unscheduled_attempt(cx.clock.at()) {
        cx.warn_once(Warning::Thrashing);
    }
    let at = cx.at();
    NotBefore { server: word(cx), thrash: cx.thrash.not_before(at, &mut cx.rng), ..NotBefore::default() }
}

fn rule<P>(cx: &Context<P>, loss: &Loss) -> CloseRule {
    let by_code = match loss.reason {
        Reason::Closed { code } => close_code::rule(code),
        Reason::Stream(ending) => ending.rule(),
        Reason::InvalidUrl if !cx.options.renewable => CloseRule::Stop,
        Reason::ConnectTimeout
        | Reason::ProviderFailed
        | Reason::ProviderTimeout
        | Reason::InvalidUrl
        | Reason::HeartbeatLost
        | Reason::Goaway
        | Reason::Suspended
        | Reason::BreakerOpen { .. }
        | Reason::Unauthorized { .. }
        | Reason::Refused { .. }
        | Reason::ByApplication => CloseRule::Retry,
    };
    match (loss.overrule, by_code) {
        (Some(false), _) if !broken(Mutant::OverruleIgnored) => CloseRule::Stop,
        (Some(true), CloseRule::Stop | CloseRule::Unauthorized) => CloseRule::Retry,
        _ => by_code,
    }
}

/// The delay of backoff.
fn delay<P>(cx: &mut Context<P>, rule: CloseRule) -> Millis {
    match rule {
        CloseRule::Fast if !cx.returned_fast => {
            cx.returned_fast = true;
            cx.rng.up_to(FAST_MS)
        }
        _ if cx.page.is_in_no_hurry() => cx.backoff.at_cap(&mut cx.rng),
        CloseRule::Slow => cx.backoff.next_from(&mut cx.rng, SLOW_MS),
        CloseRule::Fast | CloseRule::Retry | CloseRule::Unauthorized | CloseRule::TooBig | CloseRule::Stop => {
            cx.backoff.next(&mut cx.rng)
        }
    }
}

/// The server's word, while it holds.
pub fn word<P>(cx: &Context<P>) -> Instant {
    if cx.server_word > cx.at() && !broken(Mutant::WordIgnored) { cx.server_word } else { Instant::default() }
}

fn stop<P>(cx: &mut Context<P>, reason: Reason) -> Verdict {
    let reason = if let Reason::Closed { code } = reason { Reason::Refused { code } } else { reason };
    cx.reason = Some(reason);
    Verdict::Stop(reason)
}

/// Gives up a socket: its late events are ignored.
pub fn abandon<P>(cx: &mut Context<P>, generation: Generation) {
    cx.act(Action::Abandon(generation));
}
