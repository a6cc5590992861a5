//! What is told of a roster.
//!
//! Owns the texts, and from where to where they go; must not know who is told, or what changed it.

use super::{Member, Roster};
use serde_json::Value;
use std::{ops::Bound, sync::Arc};

impl Roster {
    /// The number of the last change.
    pub(in crate::core::presence) const fn version(&self) -> u64 {
        self.version
    }

    /// Who was told less than this is to be told now, and all there is: up to a change that another one took the place of, nobody
    /// could say what he knows.
    pub(in crate::core::presence) const fn told(&self) -> u64 {
        self.told
    }

    /// That of the last move that others may be told.
    pub(in crate::core::presence) const fn pointed(&self) -> u64 {
        self.pointed
    }

    /// Whether who was told the changes up to `place` may have missed a leave that nobody remembers.
    pub(in crate::core::presence) const fn is_behind(&self, place: u64) -> bool {
        place < self.forgotten
    }

    /// The members after `user`, in order, as they are told in a list.
    pub(in crate::core::presence) fn list(&self, after: Option<&str>) -> impl Iterator<Item = (&Arc<str>, String)> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rest = self.members.range::<str, _>((from, Bound::Unbounded));
        rest.map(|(user, member)| (user, format!("{{{},\"lastSeen\":{}}}", member.text, member.seen)))
    }

    /// What others are told who were told the changes up to `place`, all of them up to `base`: number and text of each, in
    /// order. `room` is the field that names the roster, with its comma, or nothing.
    pub(in crate::core::presence) fn changes(
        &self,
        place: u64,
        base: u64,
        room: &str,
    ) -> impl Iterator<Item = (u64, String)> {
        let range = self.changes.range((Bound::Excluded(place), Bound::Unbounded));
        range.filter_map(move |(version, user)| {
            let text = match self.members.get(user) {
                Some(member) => {
                    let seen = member.seen;
                    if member.joined > base {
                        format!("{{\"type\":\"presence_join\"{room},{},\"lastSeen\":{seen}}}", member.text)
                    } else {
                        let unstated;
                        let text = if member.stated > base {
                            &member.text
                        } else {
                            unstated = described(user, member, false);
                            &unstated
                        };
                        format!("{{\"type\":\"presence_update\"{room},{text},\"lastSeen\":{seen}}}")
                    }
                }
                None => {
                    let (user, clock) = (Value::from(&**user), self.leaves.get(user)?.clock);
                    format!("{{\"type\":\"presence_leave\"{room},\"userId\":{user},\"clock\":{clock}}}")
                }
            };
            Some((*version, text))
        })
    }

    /// The pointers that moved since `place`: number, whose, text.
    pub(in crate::core::presence) fn moves(&self, place: u64) -> impl Iterator<Item = (u64, &Arc<str>, &Arc<str>)> {
        self.points.after(place, self.pointed)
    }
}

/// The fields of a member, without the braces and without what changes with every renewal.
pub(super) fn described(user: &str, member: &Member, whole: bool) -> String {
    let mut text = format!("\"userId\":{},\"clock\":{}", Value::from(user), member.clock);
    if let Some(state) = member.state.as_ref().filter(|_| whole) {
        text.push_str(",\"state\":");
        text.push_str(state);
    }
    if let Some(word) = member.status.word() {
        text.push_str(",\"status\":\"");
        text.push_str(word);
        text.push('"');
    }
    text
}
