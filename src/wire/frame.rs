//! Frames of JSON text: one object, or a batch of them.
//!
//! Owns the batch rule for programs that hold JSON; must not know what the messages mean.

use super::{
    limits,
    message::{ClientMessage, Event, RESERVED_TYPES},
};
use serde_json::{Map, Value};

/// A JSON object: what an application's event is to the server.
pub type Object = Map<String, Value>;

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FromClient {
    /// Of the protocol.
    Control(ClientMessage),
    /// A `ping`, whose `ts` goes back as it came, whatever it is.
    Ping(Option<Value>),
    /// A `pong`, an answer to the server's ping.
    Pong,
    /// Of the application.
    Event(Event<Object>),
}

/// Why a frame, or an element of one, was not understood. The text says what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// The messages of a client's frame. A bad element harms itself only.
///
/// # Errors
/// [`Malformed`] if the frame as a whole is not an object or a batch of at most [`limits::BATCH_ELEMENTS`].
pub fn from_client(text: &str) -> Result<Vec<Result<FromClient, Malformed>>, Malformed> {
    let value = serde_json::from_str(text).map_err(|_| Malformed("a frame is JSON text"))?;
    match value {
        Value::Object(object) => Ok(vec![element(object)]),
        Value::Array(elements) if is_batch(&elements) => {
            if elements.len() > limits::BATCH_ELEMENTS {
                return Err(Malformed("a batch has at most 1,000 elements"));
            }
            Ok(elements
                .into_iter()
                .map(|value| match value {
                    Value::Object(object) => element(object),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                        Err(Malformed("an element of a batch is an object"))
                    }
                })
                .collect())
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Malformed("a frame is an object or a batch of objects with a string \"type\""))
        }
    }
}

/// Texts of messages joined into one frame; a lone one stays as it is.
#[must_use]
pub fn join(messages: &[impl AsRef<str>]) -> String {
    if let [only] = messages {
        return only.as_ref().to_owned();
    }
    let mut frame = String::with_capacity(messages.iter().map(|m| m.as_ref().len() + 1).sum::<usize>() + 1);
    frame.push('[');
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            frame.push(',');
        }
        frame.push_str(message.as_ref());
    }
    frame.push(']');
    frame
}

/// An array is a batch if its first element is an object with a string `type`.
fn is_batch(elements: &[Value]) -> bool {
    elements.first().and_then(|first| first.get("type")).is_some_and(Value::is_string)
}

fn element(mut object: Object) -> Result<FromClient, Malformed> {
    let Some(kind) = object.get("type").and_then(Value::as_str) else {
        return Err(Malformed("a message has a string \"type\""));
    };
    match kind {
        "ping" => Ok(FromClient::Ping(object.remove("ts"))),
        "pong" => Ok(FromClient::Pong),
        kind if RESERVED_TYPES.contains(&kind) => serde_json::from_value(Value::Object(object))
            .map(FromClient::Control)
            .map_err(|_| Malformed("a message of the protocol does not have its shape")),
        _ => serde_json::from_value(Value::Object(object))
            .map(FromClient::Event)
            .map_err(|_| Malformed("\"$id\" is a string, \"$seq\" a count, \"$again\" a boolean")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_whose_first_element_has_no_type_is_no_batch() {
        assert!(from_client(r#"["1","2","topic","phx_join",{}]"#).is_err());
        assert!(from_client("[]").is_err());
        assert_eq!(from_client(r#"[{"type":"a"},{"type":"b"}]"#).map(|v| v.len()), Ok(2));
    }

    #[test]
    fn a_bad_element_harms_itself_only() {
        let elements = from_client(r#"[{"type":"a"},7,{"type":"hello"},{"type":"b","$id":5},[],{"type":"c"}]"#);
        let good: Vec<bool> = elements.expect("a batch").iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, false, false, false, true]);
    }

    #[test]
    fn a_ping_keeps_its_ts_whatever_it_is() {
        for ts in ["1.5", "\"x\"", "null", "[1]"] {
            let elements = from_client(&format!(r#"{{"type":"ping","ts":{ts}}}"#)).expect("an object");
            let expected = serde_json::from_str(ts).expect("json");
            assert_eq!(elements, [Ok(FromClient::Ping(Some(expected)))]);
        }
    }

    #[test]
    fn hostile_types_are_only_names() {
        let elements = from_client(r#"{"type":"__proto__","constructor":1}"#).expect("an object");
        assert!(matches!(&elements[..], [Ok(FromClient::Event(_))]));
    }

    #[test]
    fn the_envelope_is_taken_off_and_put_on() {
        let text = r#"{"$id":"c.1","$again":true,"type":"x","id":9}"#;
        let elements = from_client(text).expect("an object");
        let [Ok(FromClient::Event(event))] = &elements[..] else { panic!("an event") };
        assert_eq!(event.id.as_deref(), Some("c.1"));
        assert!(event.again && event.event.get("$id").is_none() && event.event["id"] == 9);
        assert_eq!(serde_json::to_value(event).expect("json"), serde_json::from_str::<Value>(text).expect("json"));
    }

    #[test]
    fn joined_messages_are_one_batch_and_a_lone_one_stays_alone() {
        assert_eq!(join(&["{}"]), "{}");
        assert_eq!(join(&["{\"a\":1}", "{}"]), "[{\"a\":1},{}]");
    }
}
