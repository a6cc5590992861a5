//! What a client says of presence.
//!
//! Owns its shapes and their bounds; must not know who is in a room.

use super::{GRACE_MS, MAX_GRACE_MS, NAME_BYTES, Point, STATE_BYTES};
use crate::core::command::Refusal;
use everwire::wire::frame::Object;
use serde_json::{Number, Value};
use std::sync::Arc;

/// A pointer is never farther away than this, either way.
const FAR: i64 = 1_000_000;

/// One message. The room of the URL is `""`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It wants to be a member, and the list.
    Join {
        /// Of which roster.
        room: String,
        /// Who it says it is, if that can be a name.
        user: Option<String>,
        /// As JSON text.
        state: Option<Arc<str>>,
        /// How long its loss is no leave, in milliseconds.
        grace: u64,
        /// Nobody looks at it.
        away: bool,
    },
    /// It is still there, and may have changed.
    Update {
        /// In which roster.
        room: String,
        /// As JSON text.
        state: Option<Arc<str>>,
        /// Whether nobody looks at it.
        away: Option<bool>,
    },
    /// It goes, for good.
    Leave {
        /// Which roster.
        room: String,
    },
    /// Its pointer moved.
    Cursor(Point),
    /// What makes no sense and is worth no answer.
    Nothing,
}

/// What is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The roster, where it has a name.
    pub room: String,
    /// Why.
    pub why: Refusal,
}

impl Said {
    /// Reads a message; nothing if it is none of presence.
    #[must_use]
    pub fn read(event: &Object) -> Option<Result<Self, Refused>> {
        let read = match event.get("type")?.as_str()? {
            "presence_join" => |event: &Object, room| {
                Ok(Self::Join {
                    user: event.get("userId").and_then(Value::as_str).filter(|user| is_name(user)).map(str::to_owned),
                    state: state_of(event)?,
                    grace: grace_of(event),
                    away: away_of(event).unwrap_or(false),
                    room,
                })
            },
            "presence_update" => {
                |event: &Object, room| Ok(Self::Update { state: state_of(event)?, away: away_of(event), room })
            }
            "presence_leave" => |_: &Object, room| Ok(Self::Leave { room }),
            "cursor" => return Some(Ok(point_of(event).map_or(Self::Nothing, Self::Cursor))),
            _ => return None,
        };
        let room = match event.get("room") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(room)) if is_name(room) => room.clone(),
            Some(_) => {
                let why = Refusal::new("bad_room", "a room has a name of 1 to 128 bytes");
                return Some(Err(Refused { room: String::new(), why }));
            }
        };
        Some(read(event, room.clone()).map_err(|why| Refused { room, why }))
    }
}

/// Whether a text may name a room or a user.
pub(in crate::core) fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES).contains(&text.len())
}

fn state_of(event: &Object) -> Result<Option<Arc<str>>, Refusal> {
    let bad = || Refusal::new("bad_state", "a state is a JSON object of at most 4096 bytes");
    match event.get("state") {
        None | Some(Value::Null) => Ok(None),
        Some(state @ Value::Object(_)) => {
            let text = state.to_string();
            if text.len() <= STATE_BYTES { Ok(Some(text.into())) } else { Err(bad()) }
        }
        Some(_) => Err(bad()),
    }
}

/// What is outside the range is forced into it; what is no number says nothing.
fn grace_of(event: &Object) -> u64 {
    let given = event.get("grace").and_then(Value::as_f64);
    // The range is one of small numbers: none is lost, and none is negative.
    given.map_or(GRACE_MS, |given| given.clamp(0.0, MAX_GRACE_MS as f64) as u64)
}

fn away_of(event: &Object) -> Option<bool> {
    event.get("away").and_then(Value::as_bool)
}

fn point_of(event: &Object) -> Option<Point> {
    let coordinate = |name| {
        let given = event.get(name)?;
        let Value::Number(number) = given else { return None };
        let value = number.as_f64()?;
        Some(if value.abs() <= FAR as f64 {
            number.clone()
        } else {
            Number::from(if value < 0.0 { -FAR } else { FAR })
        })
    };
    let node = event.get("node").and_then(Value::as_str).filter(|node| is_name(node));
    Some(Point { x: coordinate("x")?, y: coordinate("y")?, node: node.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Result<Said, Refused>> {
        Said::read(&serde_json::from_str(text).expect("an object"))
    }

    fn refused(text: &str) -> &'static str {
        read(text).expect("of presence").expect_err("refused").why.code
    }

    #[test]
    fn what_a_join_leaves_out_has_a_default() {
        let Some(Ok(Said::Join { room, user, state, grace, away })) = read(r#"{"type":"presence_join","userId":"a"}"#)
        else {
            panic!("a join")
        };
        assert_eq!((&*room, user.as_deref(), state, grace, away), ("", Some("a"), None, 5_000, false));
    }

    #[test]
    fn what_is_out_of_range_is_forced_into_it() {
        for (given, kept) in [("-1", 0), ("1e9", 60_000), ("0", 0), ("7.9", 7), ("\"x\"", 5_000), ("null", 5_000)] {
            let text = format!(r#"{{"type":"presence_join","userId":"a","grace":{given}}}"#);
            assert!(matches!(read(&text), Some(Ok(Said::Join { grace, .. })) if grace == kept), "{given}");
        }
        let Some(Ok(Said::Cursor(point))) = read(r#"{"type":"cursor","x":1e300,"y":-2000000,"node":7}"#) else {
            panic!("a cursor")
        };
        assert_eq!((point.x.as_i64(), point.y.as_i64(), point.node), (Some(1_000_000), Some(-1_000_000), None));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_and_named() {
        for state in ["7", "\"x\"", "[]", &format!(r#"{{"x":"{}"}}"#, "x".repeat(4_096))] {
            assert_eq!(refused(&format!(r#"{{"type":"presence_update","state":{state}}}"#)), "bad_state");
        }
        for room in ["7", "\"\"", "{}", &format!("{:?}", "x".repeat(129))] {
            assert_eq!(refused(&format!(r#"{{"type":"presence_join","userId":"a","room":{room}}}"#)), "bad_room");
        }
        assert_eq!(read(r#"{"type":"cursor","x":"1","y":2}"#), Some(Ok(Said::Nothing)));
        assert_eq!(read(r#"{"type":"presence_x"}"#), None);
    }

    #[test]
    fn what_is_no_name_is_nobody() {
        for user in ["7", "\"\"", "null", &format!("{:?}", "x".repeat(129))] {
            let text = format!(r#"{{"type":"presence_join","userId":{user}}}"#);
            assert!(matches!(read(&text), Some(Ok(Said::Join { user: None, .. }))), "{user}");
        }
    }
}
