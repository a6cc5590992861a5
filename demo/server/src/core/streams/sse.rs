//! The text of an event stream (HTML standard, 9.2.6).
//!
//! Owns the lines of one block; must not know which events there are.

use super::{
    position::Position,
    record::{Entry, Format, Status},
};
use serde_json::{Value, json};

/// What is said to keep a connection open. It is no event.
pub const COMMENT: &str = ": here\n\n";
/// How long a browser waits before it comes back on its own, in milliseconds.
const RETRY: u64 = 1_000;

/// Appends one event with its number.
pub fn event(out: &mut String, position: &Position, entry: &Entry) {
    if !entry.kind.is_empty() {
        line(out, "event", &entry.kind);
    }
    // The last id is what a client has heard in full: a browser takes it when the block ends.
    line(out, "id", &position.to_string());
    // `lines` of the standard: a lone CR ends a line too, so that none may be left in the data.
    for part in entry.data.replace("\r\n", "\n").split(['\n', '\r']) {
        line(out, "data", part);
    }
    out.push('\n');
}

/// The beginning of an answer: where this connection goes on from.
#[must_use]
pub fn connected(position: &Position, format: Format, status: Status, work: &str) -> String {
    let mut out = String::new();
    line(&mut out, "retry", &RETRY.to_string());
    line(&mut out, "id", &position.to_string());
    match format {
        Format::Events => {
            let data = json!({
                "streamId": position.stream,
                "status": status.name(),
                "work": work,
                "from": position.number,
            });
            line(&mut out, "event", "connected");
            line(&mut out, "data", &data.to_string());
        }
        // Readers of that format take every data line for a part of the answer: the id alone is enough.
        Format::OpenAi => out.push_str(": connected\n"),
    }
    out.push('\n');
    out
}

/// The beginning of an answer that tells a log: where it goes on from, once there is a log.
#[must_use]
pub fn beginning(position: Option<&Position>, data: &Value) -> String {
    let mut out = String::new();
    line(&mut out, "retry", &RETRY.to_string());
    if let Some(position) = position {
        line(&mut out, "id", &position.to_string());
    }
    line(&mut out, "event", "connected");
    line(&mut out, "data", &data.to_string());
    out.push('\n');
    out
}

/// The end of an answer whose stream goes on, but not here and now. It has no number.
#[must_use]
pub fn interrupted(code: &str, message: &str, format: Format) -> String {
    let mut out = String::new();
    line(&mut out, "retry", &(2 * RETRY).to_string());
    match format {
        Format::Events => {
            line(&mut out, "event", "interrupted");
            line(&mut out, "data", &json!({ "code": code, "message": message }).to_string());
        }
        Format::OpenAi => {
            out.push_str(": interrupted ");
            out.push_str(code);
            out.push('\n');
        }
    }
    out.push('\n');
    out
}

fn line(out: &mut String, field: &str, value: &str) {
    out.push_str(field);
    out.push_str(": ");
    out.push_str(value);
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Position {
        Position { stream: "a".repeat(32), number }
    }

    #[test]
    fn data_of_many_lines_has_a_field_for_each() {
        let mut out = String::new();
        event(&mut out, &at(3), &Entry::new("delta", "one\ntwo\r\nthree\rfour"));
        assert_eq!(out, format!("event: delta\nid: {}\ndata: one\ndata: two\ndata: three\ndata: four\n\n", at(3)));
    }

    #[test]
    fn an_event_without_type_has_no_field_for_it() {
        let mut out = String::new();
        event(&mut out, &at(1), &Entry::new("", "[DONE]"));
        assert!(out.starts_with("id: ") && out.ends_with("\ndata: [DONE]\n\n"));
    }

    #[test]
    fn a_reader_of_the_other_format_sees_no_data_that_is_not_the_answers() {
        let said = connected(&at(0), Format::OpenAi, Status::Active, "answer")
            + &interrupted("storage_lost", "soon", Format::OpenAi);
        assert!(!said.contains("data:") && !said.contains("event:"), "{said}");
        assert!(connected(&at(0), Format::Events, Status::Active, "dag").contains("event: connected\ndata: {"));
    }
}
