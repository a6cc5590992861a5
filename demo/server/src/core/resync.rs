//! The answer to a `resync_request`.
//!
//! Owns the choice between what happened and how things stand, and the size of either; must not know who asks.

use super::room::Room;
use everwire::wire::{
    frame::Object,
    message::{Event, Resync, ServerMessage},
};

/// One `resync`, and where it leaves the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The message.
    pub text: String,
    /// The number up to which the reader is in sync.
    pub to: u64,
    /// Whether it holds every event, rather than the state.
    pub kept: bool,
    /// Whether another has to follow.
    pub more: bool,
}

/// What a reader that has everything up to `from` is told, in at most about `max` bytes. A number that the log does not
/// cover is answered by the state; so is everything for a reader without numbers.
#[must_use]
pub fn answer(room: &Room, from: u64, numbered: bool, max: usize) -> Answer {
    let head = room.log.head();
    let epoch = Some(room.log.epoch().to_owned());
    // Room for the fields around, and for the envelope of each event.
    let max = max.saturating_sub(512);
    if let Some(entries) = room.log.after(from).filter(|_| numbered) {
        let (mut to, mut bytes) = (from, 0);
        let mut events: Vec<Event<Object>> = Vec::new();
        for entry in entries {
            bytes += entry.text.len() + 192;
            if bytes > max && !events.is_empty() {
                break;
            }
            // The log holds only objects that this server wrote.
            let event = serde_json::from_str(&entry.text).unwrap_or_default();
            events.push(Event { id: entry.id.clone(), seq: Some(entry.seq), again: false, event });
            to = entry.seq;
        }
        let more = to < head;
        let resync = Resync { epoch, from: Some(from), to: Some(to), kept: true, events, state: None, more };
        return Answer { text: text_of(resync), to, kept: true, more };
    }
    let state = serde_json::to_value(room.state_within(max)).ok();
    let state = state.and_then(|value| if let serde_json::Value::Object(state) = value { Some(state) } else { None });
    let from = (from <= head).then_some(from);
    let resync = Resync { epoch, from, to: Some(head), kept: false, events: Vec::new(), state, more: false };
    Answer { text: text_of(resync), to: head, kept: false, more: false }
}

fn text_of(resync: Resync<Object>) -> String {
    // Serialising JSON values into memory cannot fail.
    serde_json::to_string(&ServerMessage::Resync(resync)).unwrap_or_default()
}
