//! What the applications do.
//!
//! Owns the kinds of messages and how often each is sent; must not know what becomes of them.

use super::faults::EXTRA;
use super::{Happening, Word, World};
use crate::model::messages::Parcel;
use crate::payload::MOST_WEIGHT;
use crate::plan::{Kind, Step};
use everwire::core::input::{Input, PageEvent};

/// What an application does.
#[derive(Clone, Copy)]
enum Act {
    Send,
    Retry,
    Close,
    WantState(bool),
    Page(PageEvent),
    Ghost,
    Abort,
}

impl World {
    pub(super) fn act(&mut self, index: usize, nth: u64) {
        if self.calm {
            return;
        }
        let step = Step::of(Kind::Act, index as u64, nth);
        self.chance = self.steps.chance(step);
        let pause = self.chance.skewed(self.nature.act_every * 4);
        self.later(pause, Happening::Act(index, nth + 1));
        if self.sleeps(index).is_some() {
            return;
        }
        if self.clients[index].is_final() && self.chance.one_in(4) {
            if !self.steps.takes(step) {
                return;
            }
            self.report.fault("retry()");
            self.with(index, |client, around| client.retry(around));
            return;
        }
        let act = self.chance.weighted(&[
            (60, Act::Send),
            (1, Act::Retry),
            (1, Act::Close),
            (1, Act::WantState(true)),
            (1, Act::WantState(false)),
            (1, Act::Page(PageEvent::Focus)),
            (1, Act::Page(PageEvent::NetworkChanged)),
            (3, Act::Ghost),
            (6, Act::Abort),
        ]);
        if !matches!(act, Act::Send) && !self.steps.takes(step) {
            return;
        }
        match act {
            Act::Send => self.send_some(index, step),
            // Somebody hits the button again and again.
            Act::Retry => {
                for second in 0..self.chance.weighted(&[(3, 1), (1, 40)]) {
                    self.later(second * 1_000, Happening::Told(index, Word::Retry));
                }
            }
            Act::Close => self.shut(index, step),
            Act::Ghost => self.ghost(index, step),
            Act::Abort => {
                let nth = self.chance.bits() >> 1;
                self.with(index, |client, around| client.abort(nth, around));
            }
            Act::WantState(wants) => {
                self.report.count("wishes for a state");
                self.with(index, |client, around| {
                    client.wants_state = wants;
                    client.tell(Input::WantState(wants), around);
                });
            }
            Act::Page(event) => self.page(index, event),
        }
    }

    /// The application closes, often with something on its way; and things go on happening.
    pub(super) fn shut(&mut self, index: usize, step: Step) {
        if self.calm || self.sleeps(index).is_some() {
            return;
        }
        self.report.fault("close()");
        let mut chance = self.steps.chance(step);
        if self.clients[index].state() == "open" && !chance.one_in(4) {
            match chance.below(4) {
                0 => self.told(index, Word::Retry),
                1 => self.with(index, |client, around| client.tell(Input::WantState(true), around)),
                _ => {}
            }
            for more in 0..chance.weighted(&[(6, 1), (1, 4)]) {
                self.send_some(index, step.part(100_000 * (more + 1)));
            }
        }
        let drain = (!chance.one_in(3)).then(|| chance.skewed(5_000));
        self.with(index, |client, around| client.close(drain, around));
        for part in 0..3 {
            let soon = chance.skewed(400);
            self.later(soon, Happening::Fault(EXTRA + (chance.bits() >> 24)));
            self.later(soon / 2, Happening::Ghost(index, step.part(1_000 + part)));
        }
        let soon = chance.skewed(200);
        let word = if chance.one_in(2) { Word::Retry } else { Word::Network };
        self.later(soon, Happening::Told(index, word));
    }

    /// A client is told something, if it is awake.
    pub(super) fn told(&mut self, index: usize, word: Word) {
        if self.calm || self.sleeps(index).is_some() {
            return;
        }
        match word {
            Word::Hide => self.page(index, PageEvent::PageHide),
            Word::Network => self.page(index, PageEvent::NetworkChanged),
            Word::Retry => {
                self.report.fault("retry()");
                self.with(index, |client, around| client.retry(around));
            }
        }
    }

    /// A socket speaks that was left.
    pub(super) fn ghost(&mut self, index: usize, step: Step) {
        if !self.calm && self.sleeps(index).is_none() && self.steps.takes(step) {
            let mut chance = self.steps.chance(step);
            self.with(index, |client, around| client.ghost(&mut chance, around));
        }
    }

    /// The browser tells of the page, if anybody listens.
    pub(super) fn page(&mut self, index: usize, event: PageEvent) {
        self.with(index, |client, around| {
            match event {
                PageEvent::Hidden => client.visible = false,
                PageEvent::Visible => client.visible = true,
                PageEvent::Online
                | PageEvent::Offline
                | PageEvent::Frozen
                | PageEvent::Resumed
                | PageEvent::PageHide
                | PageEvent::PageShow
                | PageEvent::Focus
                | PageEvent::NetworkChanged => {}
            }
            client.tell(Input::Page(event), around);
        });
        if event == PageEvent::Visible {
            self.hurry(index);
        }
    }

    pub(super) fn send_some(&mut self, index: usize, step: Step) {
        // Full queues are soon seen enough of.
        let open = self.clients[index].state() == "open";
        let burst = if open || self.chance.one_in(6) { self.nature.burst } else { 2 };
        for part in 1..=self.chance.between(1, burst) {
            let step = step.within(part);
            self.chance = self.steps.chance(step);
            if !self.steps.takes(step) {
                continue;
            }
            self.marks += 1;
            let mark = self.marks;
            let (high, ack) = (self.chance.one_in(4), !self.chance.one_in(5));
            let kind = self.chance.below(40);
            let (volatile, awaited, request) = (kind < 3, kind == 3, matches!(kind, 4..8));
            let ttl = (!volatile && self.chance.one_in(6)).then(|| self.chance.skewed(60_000) + 1);
            let high_word = if high { r#","high":1"# } else { "" };
            self.paused = self.paused != self.chance.one_in(8);
            let (high, ack) = (high && !volatile && !awaited, ack && !volatile && !awaited);
            let what = match self.chance.below(40) {
                _ if request => format!(r#"{{"type":"node_output","node_id":"n{}""#, self.chance.below(8)),
                0..37 if self.paused => r#"{"type":"resume_execution""#.to_owned(),
                0..37 => r#"{"type":"pause_execution""#.to_owned(),
                37 => format!(r#"{{"type":"unheard_of_{mark}""#),
                38 => r#"{"type":"cancel_execution""#.to_owned(),
                _ => {
                    let node = self.clients[index].asked.pop().unwrap_or_else(|| "nobody".to_owned());
                    let decision = if self.chance.one_in(4) { "reject" } else { "approve" };
                    format!(r#"{{"type":"human_decision","node_id":"{node}","decision":"{decision}""#)
                }
            };
            self.paused = !self.paused;
            let text = format!(r#"{what},"m":{mark}{high_word}}}"#);
            self.report.count("messages sent by applications");
            let heavy = self.chance.one_in(self.nature.heavy);
            let bytes = if heavy { self.chance.between(10_000, MOST_WEIGHT) as usize } else { text.len() };
            let persist = ack && !request && self.chance.one_in(2);
            let what = Parcel { mark, high, ack, request, persist, volatile, awaited, bytes, ttl, until: None };
            self.with(index, |client, around| client.send(what, text, around));
        }
    }
}
