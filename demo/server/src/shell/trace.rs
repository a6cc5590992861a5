//! What a connection said, in the words of a log.
//!
//! Owns the words; must not know what a message does. A log may be shown to anybody: it has types and identities, and
//! nothing of what an application or a person said.

use serde_json::Value;

/// Of a type or an identity, as many characters are shown.
const SHOWN: usize = 96;

/// The messages of a frame in their order, as `hello, say c.1 again, say c.2`.
#[must_use]
pub fn said(frame: &str) -> String {
    let messages = match serde_json::from_str(frame) {
        Ok(Value::Array(messages)) => messages,
        Ok(message) => vec![message],
        Err(_) => return "no JSON".to_owned(),
    };
    messages.iter().map(words).collect::<Vec<_>>().join(", ")
}

fn words(message: &Value) -> String {
    let mut words = message["type"].as_str().map_or_else(|| "no message".to_owned(), shown);
    // An acknowledgement names what it is of.
    for identity in ["$id", "id"].iter().filter_map(|field| message[field].as_str()).take(1) {
        words.push(' ');
        words.push_str(&shown(identity));
    }
    if message["$again"] == true {
        words.push_str(" again");
    }
    words
}

/// Nothing that comes from a client can begin a line of its own.
fn shown(text: &str) -> String {
    text.chars().take(SHOWN).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_named_in_their_order_and_payloads_are_not_shown() {
        let batch =
            r#"[{"type":"resync_request","last_seen":3},{"type":"say","$id":"c.1","$again":true,"text":"secret"},7]"#;
        assert_eq!(said(batch), "resync_request, say c.1 again, no message");
        assert_eq!(said(r#"{"type":"ack","id":"e.9"}"#), "ack e.9");
        assert_eq!(said("{"), "no JSON");
    }

    #[test]
    fn a_type_cannot_write_lines_of_its_own() {
        assert_eq!(said(r#"{"type":"a\nb"}"#), "a\\nb");
        assert!(said(&format!(r#"{{"type":"{}"}}"#, "x".repeat(10_000))).len() < 100);
    }
}
