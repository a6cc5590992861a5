//! What a connection is told, as an event stream: for a client whose WebSocket is blocked.
//!
//! Owns the blocks in which frames are written; must not know who reads them. Frames hold no line breaks, being JSON of this
//! server's making, so each message is one `data:` line. The type of a message is its own member: `event:` is used for the
//! close alone, which no message can be taken for.

use serde_json::{Value, json};

/// What says that the connection is closed, in the place of a close frame.
const CLOSE: &str = "everwire_close";
/// What keeps the connection open, and tells that it is.
pub const COMMENT: &str = ": here\n\n";

/// One connection's way from frames to blocks.
#[derive(Debug)]
pub struct SseLink {
    every: u64,
    epoch: Option<String>,
}

impl SseLink {
    /// A link on which something is said at least every `every` milliseconds.
    #[must_use]
    pub const fn new(every: u64) -> Self {
        Self { every, epoch: None }
    }

    /// A frame: each of its messages in a block of its own.
    #[must_use]
    pub fn frame(&mut self, frame: &str) -> String {
        let mut out = String::with_capacity(frame.len() + 64);
        for message in elements(frame) {
            match self.hello(message) {
                Some(hello) => block(&mut out, None, &hello),
                None => {
                    let id = seq_of(message).zip(self.epoch.as_ref()).map(|(seq, epoch)| format!("{epoch}:{seq}"));
                    block(&mut out, id.as_deref(), message);
                }
            }
        }
        out
    }

    /// The end of the connection.
    #[must_use]
    pub fn close(code: u16, reason: &str) -> String {
        format!("event: {CLOSE}\ndata: {}\n\n", json!({ "code": code, "reason": reason }))
    }

    /// The server's hello as it is on such a link: nobody pings a stream, the server says that it is there.
    fn hello(&mut self, message: &str) -> Option<String> {
        if self.epoch.is_some() || !message.contains("\"hello\"") {
            return None;
        }
        let mut hello: Value = serde_json::from_str(message).ok()?;
        if hello["type"] != "hello" {
            return None;
        }
        self.epoch = hello["epoch"].as_str().map(str::to_owned);
        hello["heartbeat"] = json!({ "by": "server", "every": self.every });
        Some(hello.to_string())
    }
}

fn block(out: &mut String, id: Option<&str>, data: &str) {
    if let Some(id) = id {
        out.push_str("id: ");
        out.push_str(id);
        out.push('\n');
    }
    out.push_str("data: ");
    out.push_str(data);
    out.push_str("\n\n");
}

/// The number of a message, which is the first of its members where it has one.
fn seq_of(message: &str) -> Option<u64> {
    let digits = message.strip_prefix("{\"$seq\":")?;
    digits[..digits.find([',', '}'])?].parse().ok()
}

/// The messages of a frame: its elements if it is a batch.
fn elements(frame: &str) -> Vec<&str> {
    let Some(inner) = frame.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return vec![frame] };
    let (mut found, mut from, mut depth) = (Vec::new(), 0, 0_usize);
    let (mut is_text, mut is_escaped) = (false, false);
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            _ if is_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                found.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inner[from..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HELLO: &str = r#"{"type":"hello","v":1,"epoch":"e","seq":4,"heartbeat":{"by":"client","every":15000}}"#;

    #[test]
    fn the_hello_says_that_the_server_keeps_the_connection_alive() {
        let text = SseLink::new(10_000).frame(HELLO);
        let data = text.strip_prefix("data: ").and_then(|rest| rest.strip_suffix("\n\n")).expect("one block, no id");
        let hello: Value = serde_json::from_str(data).expect("json");
        assert_eq!((&hello["heartbeat"], &hello["seq"]), (&json!({"by":"server","every":10_000}), &json!(4)));
    }

    #[test]
    fn numbered_events_alone_have_ids_and_each_message_has_a_block() {
        let mut link = SseLink::new(1);
        let _ = link.frame(HELLO);
        let text = link.frame(
            r#"[{"$seq":5,"type":"a","t":"],{\"x\""},{"type":"ack","id":"c.1"},{"$seq":6,"$id":"e.1","type":"hello"}]"#,
        );
        let blocks: Vec<_> = text.trim_end().split("\n\n").collect();
        assert_eq!(
            blocks,
            [
                "id: e:5\ndata: {\"$seq\":5,\"type\":\"a\",\"t\":\"],{\\\"x\\\"\"}",
                "data: {\"type\":\"ack\",\"id\":\"c.1\"}",
                "id: e:6\ndata: {\"$seq\":6,\"$id\":\"e.1\",\"type\":\"hello\"}",
            ]
        );
    }

    #[test]
    fn the_close_is_an_event_of_a_type_that_no_message_has() {
        assert_eq!(SseLink::close(4409, "so"), "event: everwire_close\ndata: {\"code\":4409,\"reason\":\"so\"}\n\n");
    }

    proptest! {
        #[test]
        fn the_elements_of_a_batch_are_those_that_json_has(texts in prop::collection::vec(".{0,12}", 1..6)) {
            let values: Vec<Value> = texts.iter().map(|text| json!({ "type": text, "list": [text, { "x": text }] })).collect();
            let frame = Value::from(values.clone()).to_string();
            let found: Vec<Value> = elements(&frame).iter().map(|text| serde_json::from_str(text).expect("json")).collect();
            prop_assert_eq!(found, values);
        }
    }
}
