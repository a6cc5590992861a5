//! Channels: events of clients in causal order, which the server passes on and does not read any further.
//!
//! Owns which events are such, and the last of them for whoever misses one; must not know connections, or what is told
//! by the log.

use super::command::Refusal;
use everwire::wire::frame::Object;
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

/// What the types of channels begin with. No event of the server's own does, so that nobody speaks in its name.
pub const PREFIX: &str = "channel:";
/// The type of the event that asks for what is missing.
pub const RESYNC: &str = "causal_resync";
/// The longest message, in bytes.
const MESSAGE_BYTES: usize = 16 << 10;
/// Messages of a room that are kept for who misses one, and their bytes.
const KEPT: usize = 1_000;
const KEPT_BYTES: usize = 1 << 20;
/// The longest name of an actor, in bytes.
const NAME_BYTES: usize = 128;
/// Actors of one clock.
const ACTORS: usize = 1_000;
/// Counts go up to this.
const MOST: u64 = (1 << 53) - 1;

/// A message of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    channel: String,
    from: String,
    /// Of the sender's messages, this is the one with this number.
    number: u64,
    text: Arc<str>,
}

impl Message {
    /// Reads a message; nothing if the event is none.
    ///
    /// # Errors
    /// `bad_clock`, `too_long`.
    pub fn read(event: &Object) -> Result<Option<Self>, Refusal> {
        let Some(channel) = event.get("type").and_then(Value::as_str).filter(|kind| kind.starts_with(PREFIX)) else {
            return Ok(None);
        };
        let bad = || Refusal::new("bad_clock", "a message of a channel has \"from\" and a \"clock\" that counts it");
        let clock = event.get("clock").and_then(Value::as_array).filter(|flat| flat.len() <= 2 * ACTORS);
        let clock = clock.and_then(|flat| counts(flat)).ok_or_else(bad)?;
        let from = event.get("from").and_then(Value::as_str).ok_or_else(bad)?;
        let number = *clock.get(from).ok_or_else(bad)?;
        let text = Value::Object(event.clone()).to_string();
        if text.len() > MESSAGE_BYTES {
            return Err(Refusal::new("too_long", format!("a message of a channel is at most {MESSAGE_BYTES} bytes")));
        }
        Ok(Some(Self { channel: channel.to_owned(), from: from.to_owned(), number, text: text.into() }))
    }

    /// As it is told to everybody.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }
}

/// What somebody misses of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    channel: String,
    /// Of an actor, the messages after the first number and up to the second.
    of: BTreeMap<String, (u64, u64)>,
}

impl Missing {
    /// Reads what is asked for; nothing if nothing is.
    ///
    /// # Errors
    /// `bad_resync`.
    pub fn read(event: &Object) -> Result<Option<Self>, Refusal> {
        if event.get("type").and_then(Value::as_str) != Some(RESYNC) {
            return Ok(None);
        }
        let bad = |what: &str| Refusal::new("bad_resync", what);
        let channel = event.get("channel").and_then(Value::as_str).filter(|channel| channel.starts_with(PREFIX));
        let channel = channel.ok_or_else(|| bad("\"channel\" is a type that begins with \"channel:\""))?;
        let missing = event.get("missing").and_then(Value::as_array).and_then(|flat| ranges(flat));
        let of = missing.ok_or_else(|| bad("\"missing\" is actor, after, until, three by three"))?;
        Ok(Some(Self { channel: channel.to_owned(), of }))
    }

    fn has(&self, message: &Message) -> bool {
        let range = self.of.get(&message.from).filter(|_| self.channel == message.channel);
        range.is_some_and(|(after, until)| *after < message.number && message.number <= *until)
    }
}

/// The last messages of a room.
#[derive(Clone, Debug, Default)]
pub struct Channels {
    last: VecDeque<Message>,
    bytes: usize,
}

impl Channels {
    /// Those among the events of a log, in order.
    pub fn restore<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut channels = Self::default();
        for text in texts.filter(|text| text.contains(PREFIX)) {
            let event = serde_json::from_str(text).unwrap_or_default();
            if let Ok(Some(message)) = Message::read(&event) {
                channels.keep(message);
            }
        }
        channels
    }

    /// One more, and the oldest no more beyond the bounds.
    pub fn keep(&mut self, message: Message) {
        self.bytes += message.text.len();
        self.last.push_back(message);
        while self.last.len() > KEPT || self.bytes > KEPT_BYTES {
            let Some(oldest) = self.last.pop_front() else { break };
            self.bytes -= oldest.text.len();
        }
    }

    /// What of `missing` is still kept, in the order in which it came, as far as `most` bytes go: who misses more asks again.
    pub fn answer(&self, missing: &Missing, most: usize) -> impl Iterator<Item = &Arc<str>> {
        let found = self.last.iter().filter(|message| missing.has(message)).map(Message::text);
        found.scan(0, move |bytes, text| {
            *bytes += text.len();
            (*bytes <= most).then_some(text)
        })
    }
}

/// A clock's compact form.
fn counts(flat: &[Value]) -> Option<BTreeMap<&str, u64>> {
    let (pairs, []) = flat.as_chunks() else { return None };
    let pairs = pairs.iter().map(|[actor, count]| Some((name(actor)?, number(count).filter(|count| *count > 0)?)));
    let clock: BTreeMap<&str, u64> = pairs.collect::<Option<_>>()?;
    (2 * clock.len() == flat.len()).then_some(clock)
}

fn ranges(flat: &[Value]) -> Option<BTreeMap<String, (u64, u64)>> {
    let (triples, []) = flat.as_chunks() else { return None };
    triples
        .iter()
        .map(|[actor, after, until]| Some((name(actor)?.to_owned(), (number(after)?, number(until)?))))
        .collect()
}

fn name(actor: &Value) -> Option<&str> {
    actor.as_str().filter(|actor| !actor.is_empty() && actor.len() <= NAME_BYTES)
}

fn number(count: &Value) -> Option<u64> {
    count.as_u64().filter(|count| *count <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        serde_json::from_value(value).expect("an object")
    }

    fn said(from: &str, number: u64, text: &str) -> Message {
        let event = json!({"type":"channel:a","from":from,"clock":[from,number],"text":text});
        Message::read(&object(event)).expect("in order").expect("a message")
    }

    fn answer(channels: &Channels, missing: Value, most: usize) -> Vec<u64> {
        let missing = json!({"type":"causal_resync","channel":"channel:a","clock":[],"missing":missing});
        let missing = Missing::read(&object(missing)).expect("in order").expect("a question");
        let texts = channels.answer(&missing, most).map(|text| object(serde_json::from_str(text).expect("json")));
        texts.map(|message| message["clock"][1].as_u64().expect("a count")).collect()
    }

    #[test]
    fn a_message_counts_its_sender_and_is_short_enough() {
        assert_eq!(Message::read(&object(json!({"type":"node_state","from":"a","clock":["a",1]}))), Ok(None));
        let clocks = [
            json!(null),
            json!(["a"]),
            json!(["b", 1]),
            json!(["a", 0]),
            json!(["a", 1, "a", 2]),
            json!(["a", 1.5]),
            json!(["", 1, "a", 1]),
        ];
        for clock in clocks {
            let event = json!({"type":"channel:a","from":"a","clock":clock});
            assert_eq!(Message::read(&object(event.clone())).expect_err("refused").code, "bad_clock", "{event}");
        }
        let long = json!({"type":"channel:a","from":"a","clock":["a",1],"text":"x".repeat(MESSAGE_BYTES)});
        assert_eq!(Message::read(&object(long)).expect_err("refused").code, "too_long");
    }

    #[test]
    fn what_is_asked_for_is_told_as_far_as_it_is_kept_and_the_answer_goes() {
        let mut channels = Channels::default();
        for number in 1..=5 {
            channels.keep(said("a", number, "x"));
            channels.keep(said("b", number, "x"));
        }
        assert_eq!(answer(&channels, json!(["a", 1, 3, "c", 0, 9]), 10_000), [2, 3]);
        let one = said("a", 1, "x").text().len();
        assert_eq!(answer(&channels, json!(["a", 0, 5]), 2 * one), [1, 2]);
        for number in 6..=6 + KEPT as u64 {
            channels.keep(said("a", number, "x"));
        }
        assert_eq!((answer(&channels, json!(["a", 0, 7]), 10_000), channels.last.len()), (vec![7], KEPT));
        for number in 0..200 {
            channels.keep(said("b", 100 + number, &"x".repeat(MESSAGE_BYTES / 2)));
        }
        assert!(channels.bytes <= KEPT_BYTES);
        assert_eq!(channels.bytes, channels.last.iter().map(|message| message.text.len()).sum::<usize>());
    }

    #[test]
    fn what_makes_no_sense_as_a_question_is_refused() {
        for (channel, missing) in [("edit", json!([])), ("channel:a", json!(["a", 1])), ("channel:a", json!([1, 1, 1]))]
        {
            let event = json!({"type":"causal_resync","channel":channel,"missing":missing});
            assert_eq!(Missing::read(&object(event)).expect_err("refused").code, "bad_resync");
        }
        assert_eq!(Missing::read(&object(json!({"type":"x"}))), Ok(None));
    }

    #[test]
    fn those_of_a_log_are_found_again() {
        let other = json!({"type":"node_state","text":"channel:a"}).to_string();
        let (one, two) = (said("a", 1, "x"), said("a", 2, "x"));
        let channels = Channels::restore([&*one.text, &*other, &*two.text].into_iter());
        assert_eq!(answer(&channels, json!(["a", 0, 9]), 10_000), [1, 2]);
    }
}
