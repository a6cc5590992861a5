//! What one client's handlers see.
//!
//! Owns where it stands in the server's log, by what was delivered alone; must not know requests or what is held.

use super::{Verdict, must};
use crate::payload::Told;
use everwire::core::continuity::Continuity;
use std::collections::BTreeSet;

/// The account of one life of a client.
#[derive(Clone, Debug, Default)]
pub struct Events {
    log: Option<String>,
    last: u64,
    /// Something is missing between where it began, or the last state, and `last`.
    hole: bool,
    /// Another log began, and handlers were not told since.
    untold: bool,
    handled: BTreeSet<String>,
    /// Numbers beyond `last` of critical events that were handled before, when they came without their numbers.
    known: BTreeSet<u64>,
    /// Numbers mean something: the connection's hello was seen.
    numbered: bool,
    /// What was told without its number on this connection since the last state, where it can be told from everything else.
    plain: BTreeSet<u64>,
    /// Numbers that came on this connection and are not delivered yet.
    heard: BTreeSet<u64>,
}

impl Events {
    /// A connection opened: nothing is known of its numbers.
    ///
    /// What was told plain on the one before may come again: a server that has not read the client's hello for two
    /// seconds cannot know that it reads numbers, and the state that makes up for it may be lost with the connection.
    pub fn opened(&mut self) {
        self.numbered = false;
        self.plain.clear();
        self.heard.clear();
    }

    /// The hello of the current connection.
    pub fn hello(&mut self, epoch: &str, seq: u64) {
        self.numbered = true;
        match &self.log {
            None => (self.last, self.hole) = (seq, false),
            Some(own) if own != epoch => (self.last, self.hole, self.untold) = (seq, true, true),
            Some(_) => {}
        }
        if self.log.as_deref() != Some(epoch) {
            self.known.clear();
        }
        self.log = Some(epoch.to_owned());
    }

    /// Critical events that were handled.
    #[must_use]
    pub fn handled(&self) -> usize {
        self.handled.len()
    }

    /// Whether another log began and handlers were not told since.
    #[must_use]
    pub const fn is_untold(&self) -> bool {
        self.untold
    }

    /// The log it is in.
    #[must_use]
    pub fn log(&self) -> Option<&str> {
        self.log.as_deref()
    }

    /// The last number it has.
    #[must_use]
    pub const fn last(&self) -> u64 {
        self.last
    }

    /// A numbered event came, and the core has it.
    pub fn heard(&mut self, told: &Told) {
        let handled = told.id.as_ref().is_some_and(|id| self.handled.contains(id));
        if let Some(seq) = told.seq.filter(|seq| self.numbered && *seq > self.last && !handled) {
            self.heard.insert(seq);
        }
    }

    /// Handlers see an event. Its place in the log, if it has one and is new.
    ///
    /// # Errors
    /// What is wrong.
    pub fn delivered(&mut self, told: &Told, critical: bool) -> Result<Option<u64>, String> {
        if critical && let Some(id) = &told.id {
            must(self.handled.insert(id.clone()), || format!("critical event {id} is delivered twice"))?;
        }
        let Some(seq) = told.seq.filter(|_| self.numbered) else {
            // A proxy may say it twice, and nobody can tell.
            if told.unique && !critical {
                self.plain.insert(told.print);
            }
            return Ok(None);
        };
        if critical && seq <= self.last {
            return Ok(None);
        }
        must(seq > self.last, || format!("event {seq} is delivered after {}", self.last))?;
        must(!self.plain.contains(&told.print), || format!("event {seq} was delivered before, without its number"))?;
        let before = self.heard.range(..seq).next().copied();
        must(before.is_none(), || format!("event {seq} is delivered, and {before:?} was passed over"))?;
        self.heard.remove(&seq);
        self.go_on();
        self.hole |= seq > self.last + 1;
        self.last = seq;
        Ok(Some(seq))
    }

    /// Passes over what was handled before.
    fn go_on(&mut self) {
        while self.known.remove(&(self.last + 1)) {
            self.last += 1;
        }
    }

    /// Handlers see that something was missed, and perhaps the state that stands for it, of the log `epoch`.
    pub fn resynced(&mut self, state: bool, to: Option<u64>, epoch: Option<&str>) {
        let to = to.unwrap_or(self.last);
        self.hole = !state && (self.hole || to != self.last);
        self.last = to;
        self.untold = false;
        self.known.retain(|seq| *seq > to);
        self.heard.retain(|seq| *seq > to);
        // What was told without its number lies before.
        self.plain.clear();
        if let (Some(_), Some(epoch)) = (&self.log, epoch) {
            self.log = Some(epoch.to_owned());
        }
    }

    /// A critical event is acknowledged.
    ///
    /// # Errors
    /// If no handler saw it.
    pub fn acknowledged(&mut self, told: &Told) -> Verdict {
        self.heard.retain(|seq| Some(*seq) != told.seq);
        if let Some(seq) = told.seq.filter(|seq| self.numbered && *seq > self.last) {
            self.known.insert(seq);
        }
        let id = told.id.as_deref().unwrap_or_default();
        must(self.handled.contains(id), || format!("critical event {id} is acknowledged unhandled"))
    }

    /// What the client claims, and the number the data plane lets pass next (0 for none).
    ///
    /// # Errors
    /// What is wrong.
    pub fn claimed(&self, continuity: Continuity, next: u64) -> Verdict {
        let kept = self.numbered && continuity == Continuity::Kept;
        must(!(kept && self.hole), || "continuity is said to be kept over a hole".to_owned())?;
        // Where numbers were passed over, nothing may be said to be kept from that moment on. What was handled before may
        // be passed over at once or with the next answer.
        let mut most = self.last + 1;
        while self.known.contains(&most) {
            most += 1;
        }
        must(!kept || next == 0 || (self.last + 1..=most).contains(&next), || {
            format!("{next} is expected after {}, and nothing is said to be missing", self.last)
        })
    }
}
