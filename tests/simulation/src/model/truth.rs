//! What the server did: its logs, and which messages it applied.
//!
//! Owns the logs as they were kept and a memory of outcomes of its own; must not know the hub's. Told what went into the
//! hub and what it counted, it says whether a message was applied that should not have been, or the other way round.

use super::messages::{End, Mark};
use super::{Verdict, must};
use everwire::core::action::Fate;
use everwire_server::core::outcomes::KEPT_REPLY;
use std::collections::{BTreeMap, BTreeSet};

/// What became of a message at the server.
#[derive(Clone, Debug, Default)]
struct Applied {
    done: u32,
    refused: u32,
    /// It was told that the server is busy, which lets it fall behind.
    busy: bool,
}

#[derive(Clone, Debug, Default)]
struct Memory {
    settled: BTreeSet<u64>,
    /// The last mark applied, by priority.
    last: [Mark; 2],
    seen: u64,
}

/// A message with a number, as the server got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// Its number.
    pub n: u64,
    /// Which message.
    pub mark: Mark,
    /// In which queue it was.
    pub high: bool,
    /// Whether it is marked as sent before.
    pub again: bool,
    /// Whether it asks for something.
    pub request: bool,
}

/// What the hub made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// It was applied.
    Done,
    /// It was refused for good.
    Refused,
    /// It was not looked at.
    Nothing,
}

/// What is known of the server.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    logs: BTreeMap<String, Vec<u64>>,
    /// The log of the process that runs, and what it added in this tick.
    epoch: String,
    added: Vec<u64>,
    memories: BTreeMap<String, Memory>,
    applied: BTreeMap<Mark, Applied>,
    /// What requests were answered with.
    replies: BTreeMap<Mark, BTreeSet<String>>,
    /// What was applied since the last tick was kept.
    undone: Vec<Undone>,
    /// Clients that may not know how long they were away, and clients that were forgotten for being away.
    excused: BTreeSet<String>,
    strangers: BTreeSet<String>,
    /// Who was forgotten since then.
    forgotten: Vec<(String, Memory)>,
}

#[derive(Clone, Debug)]
struct Undone {
    client: String,
    message: Numbered,
    made: Made,
    /// The last mark of its queue before.
    last: Mark,
}

impl Truth {
    /// A process begins, whose log is `epoch`; `keeps` the journal of the one before.
    pub fn began(&mut self, epoch: &str, keeps: bool) {
        if !keeps {
            self.memories.clear();
            self.strangers.clear();
        }
        self.epoch = epoch.to_owned();
        self.logs.entry(epoch.to_owned()).or_default();
    }

    /// The logs there have been.
    pub fn epochs(&self) -> impl Iterator<Item = &str> {
        self.logs.keys().map(String::as_str)
    }

    /// The numbers of the current log that are known.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.logs.get(&self.epoch).map_or(0, |log| log.len() as u64) + self.added.len() as u64
    }

    /// The log gets another event.
    pub fn adds(&mut self, print: u64) {
        self.added.push(print);
    }

    /// Whether message `n` of `client` is settled, as far as a server must know.
    #[must_use]
    pub fn knows(&self, client: &str, n: u64) -> bool {
        self.memories.get(client).is_some_and(|memory| memory.settled.contains(&n))
    }

    /// The hub got a message with a number that it did not know. What its client has `given_up` may come behind those that
    /// took its place on another connection.
    ///
    /// # Errors
    /// What is wrong.
    pub fn applies(
        &mut self,
        client: &str,
        message: Numbered,
        made: Made,
        given_up: impl FnOnce() -> bool,
        t: u64,
    ) -> Verdict {
        let Numbered { n, mark, high, again, .. } = message;
        let applied = self.applied.entry(mark).or_default();
        if made == Made::Nothing {
            applied.busy = true;
            return Ok(());
        }
        let before = applied.done + applied.refused;
        let excused = self.excused.contains(client) && self.strangers.contains(client);
        must(before == 0 || again || excused, || {
            format!("message {mark} is applied twice, and not marked as sent before")
        })?;
        match made {
            Made::Done => applied.done += 1,
            Made::Refused | Made::Nothing => applied.refused += 1,
        }
        let memory = self.memories.entry(client.to_owned()).or_default();
        memory.seen = t;
        memory.settled.insert(n);
        let last = &mut memory.last[usize::from(high)];
        self.undone.push(Undone { client: client.to_owned(), message, made, last: *last });
        let in_order = *last < mark || applied.busy || before > 0 || given_up();
        must(in_order, || format!("message {mark} is applied after {last} of its queue"))?;
        *last = (*last).max(mark);
        Ok(())
    }

    /// A client may not know how long it was away, and so not that it was forgotten: its clocks hid a sleep.
    pub fn excuses(&mut self, client: &str) {
        self.excused.insert(client.to_owned());
    }

    /// The server hears of a client.
    pub fn sees(&mut self, client: &str, t: u64) {
        if let Some(memory) = self.memories.get_mut(client) {
            memory.seen = t;
        }
    }

    /// The clients that the server remembers, of those that it should.
    ///
    /// # Errors
    /// If it forgot one too soon.
    pub fn remembers(&mut self, remembered: impl Fn(&str) -> bool, t: u64, keep: u64) -> Verdict {
        let gone: Vec<String> = self.memories.keys().filter(|client| !remembered(client)).cloned().collect();
        for client in gone {
            let Some(memory) = self.memories.remove(&client) else { continue };
            let away = t.saturating_sub(memory.seen);
            self.strangers.insert(client.clone());
            self.forgotten.push((client.clone(), memory));
            must(away > keep, || format!("client {client} is forgotten after {away} ms"))?;
        }
        Ok(())
    }

    /// The tick was kept: from now on it holds.
    pub fn commits(&mut self) {
        self.undone.clear();
        self.forgotten.clear();
        let added = std::mem::take(&mut self.added);
        self.logs.entry(self.epoch.clone()).or_default().extend(added);
    }

    /// The process died before that: nothing of it happened.
    pub fn reverts(&mut self) {
        self.added.clear();
        self.memories.extend(std::mem::take(&mut self.forgotten));
        for Undone { client, message, made, last } in std::mem::take(&mut self.undone).into_iter().rev() {
            let applied = self.applied.entry(message.mark).or_default();
            match made {
                Made::Done => applied.done -= 1,
                Made::Refused | Made::Nothing => applied.refused -= 1,
            }
            if let Some(memory) = self.memories.get_mut(&client) {
                memory.settled.remove(&message.n);
                memory.last[usize::from(message.high)] = last;
            }
        }
    }

    /// A handler saw event `seq` of log `epoch`.
    ///
    /// # Errors
    /// If that is another event.
    pub fn told(&self, epoch: &str, seq: u64, print: u64) -> Verdict {
        let own = self.logs.get(epoch).and_then(|log| log.get(usize::try_from(seq).ok()?.checked_sub(1)?));
        must(own == Some(&print), || format!("event {seq} of log {epoch} is another, or none"))
    }

    /// The hub answered a request; with nothing where that is longer than it remembers.
    pub fn replies(&mut self, mark: Mark, data: &str) {
        self.replies.entry(mark).or_default().insert(data.to_owned());
    }

    /// Whether a message was applied.
    #[must_use]
    pub fn has_applied(&self, mark: Mark) -> bool {
        self.applied.get(&mark).is_some_and(|applied| applied.done > 0)
    }

    /// A client was told what a request was answered with.
    ///
    /// # Errors
    /// If it was not.
    pub fn replied(&self, mark: Mark, data: &str) -> Verdict {
        let own = self.replies.get(&mark);
        let long = |own: &BTreeSet<String>| own.contains("") && data.len() > KEPT_REPLY;
        must(own.is_some_and(|own| own.contains(data) || long(own)), || {
            format!("request {mark} is answered {data}, not {own:?}")
        })
    }

    /// A client was told the end of a message.
    ///
    /// # Errors
    /// If it is not so.
    pub fn ended(&self, end: End, refused_by_server: bool) -> Verdict {
        let End { mark, fate, .. } = end;
        let applied = self.applied.get(&mark).cloned().unwrap_or_default();
        match fate {
            Fate::Acked => must(applied.done >= 1, || format!("message {mark} is acked and was never applied")),
            Fate::Rejected if refused_by_server => {
                must(applied.refused >= 1, || format!("message {mark} is refused, and the server never did"))
            }
            Fate::Rejected | Fate::Expired | Fate::Dropped | Fate::Aborted => {
                must(applied.done == 0, || format!("message {mark} is {fate:?} and was applied"))
            }
            Fate::Sent | Fate::Unknown => Ok(()),
        }
    }
}
