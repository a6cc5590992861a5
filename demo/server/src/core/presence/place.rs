//! How far one connection was told a roster.
//!
//! Owns its place among the changes, and the list it is owed; must not know sockets, or who the others are. It holds
//! numbers, not messages: who reads slowly costs nothing.

use super::{Roster, stats::PresenceStats};
use serde_json::Value;
use std::sync::Arc;

/// A part of a list is not longer, in bytes, but for a member that is.
const PART_BYTES: usize = 16 << 10;

/// A connection's place in a roster.
#[derive(Clone, Debug)]
pub struct Place {
    user: Arc<str>,
    /// The last change it was told.
    at: u64,
    /// It was told all changes up to here: of what came after, it knows what it was told since, and no more.
    base: u64,
    /// The last move of a pointer.
    pointed: u64,
    list: Option<List>,
}

/// A list that is being told.
#[derive(Clone, Debug, Default)]
struct List {
    /// The last member told.
    after: Option<Arc<str>>,
    /// The last change before the first part.
    from: Option<u64>,
}

impl Place {
    /// A connection of `user` that is owed a list.
    #[must_use]
    pub fn new(user: Arc<str>) -> Self {
        Self { user, at: 0, base: 0, pointed: 0, list: Some(List::default()) }
    }

    /// Whose connection it is.
    #[must_use]
    pub const fn user(&self) -> &Arc<str> {
        &self.user
    }

    /// Whether there is something to be told.
    #[must_use]
    pub fn is_owed(&self, roster: &Roster) -> bool {
        let is_behind = self.at < roster.told() || self.pointed < roster.pointed() || roster.is_behind(self.at);
        is_behind || self.list.is_some()
    }

    /// Puts what is to be told into `out`, some `most` bytes of it at most. `name` is that of the roster.
    pub fn take(&mut self, name: &str, roster: &Roster, most: usize, out: &mut Vec<String>, stats: &mut PresenceStats) {
        let room = if name.is_empty() { String::new() } else { format!(",\"room\":{}", Value::from(name)) };
        let mut sink = Sink { out, bytes: 0, most };
        self.fill(&room, roster, &mut sink, stats);
        stats.bytes_out += sink.bytes as u64;
    }

    fn fill(&mut self, room: &str, roster: &Roster, sink: &mut Sink<'_>, stats: &mut PresenceStats) {
        loop {
            if self.list.is_none() && roster.is_behind(self.at) {
                self.list = Some(List::default());
            }
            let Some(list) = &mut self.list else { break };
            let from = *list.from.get_or_insert_with(|| roster.version());
            let (text, more) = part(room, &self.user, list, roster);
            let goes_on = sink.put(text);
            if !more {
                self.list = None;
                (self.at, self.base) = (from, from);
                stats.lists += 1;
            }
            if !goes_on {
                return;
            }
        }
        if self.at < roster.told() {
            for (version, text) in roster.changes(self.at, self.base, room) {
                self.at = version;
                stats.changes_out += 1;
                if !sink.put(text) {
                    return;
                }
            }
            (self.at, self.base) = (roster.version(), roster.version());
        }
        if self.pointed < roster.pointed() {
            for (version, user, text) in roster.moves(self.pointed) {
                self.pointed = version;
                if *user == self.user {
                    continue;
                }
                stats.cursors_out += 1;
                if !sink.put(text.as_ref().to_owned()) {
                    return;
                }
            }
            self.pointed = roster.pointed();
        }
    }
}

/// What is told, and how much of it there may be.
struct Sink<'a> {
    out: &'a mut Vec<String>,
    bytes: usize,
    most: usize,
}

impl Sink<'_> {
    /// Whether there may be more.
    fn put(&mut self, text: String) -> bool {
        self.bytes += text.len();
        self.out.push(text);
        self.bytes < self.most
    }
}

/// The next part of a list, and whether there is more.
fn part(room: &str, user: &Arc<str>, list: &mut List, roster: &Roster) -> (String, bool) {
    let mut text = format!("{{\"type\":\"presence_list\"{room},\"you\":{},\"members\":[", Value::from(&**user));
    let before = text.len();
    let mut more = false;
    let mut last = None;
    for (user, member) in roster.list(list.after.as_deref()) {
        if text.len() > before {
            if text.len() + member.len() > PART_BYTES {
                more = true;
                break;
            }
            text.push(',');
        }
        text.push_str(&member);
        last = Some(Arc::clone(user));
    }
    list.after = last;
    text.push_str(if more { "],\"more\":true}" } else { "]}" });
    (text, more)
}
