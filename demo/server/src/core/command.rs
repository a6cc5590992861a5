//! What a client may ask of a run.
//!
//! Owns shapes and their bounds; must not know what a run makes of them.

use everwire::wire::frame::Object;
use serde::Deserialize;

/// The longest feedback, in bytes; what is longer is refused.
pub const MAX_FEEDBACK: usize = 4_096;

/// A command of the application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// The answer to a gate.
    HumanDecision {
        /// The node that waits.
        node_id: String,
        /// What was decided.
        decision: Decision,
        /// What the person wrote. It reaches later commands as the environment variable `EVERWIRE_FEEDBACK` and never
        /// becomes a program, an argument or shell text.
        #[serde(default)]
        feedback: Option<String>,
    },
    /// No further node starts.
    PauseExecution,
    /// Nodes start again.
    ResumeExecution,
    /// What runs is killed and the run ends.
    CancelExecution,
}

/// A question of the application, which changes nothing: a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// What a node's command printed, all of it that is kept. A state shows the beginning.
    NodeOutput {
        /// Which.
        node_id: String,
    },
}

impl Question {
    /// Reads a question; nothing if the event is none.
    #[must_use]
    pub fn read(event: &Object) -> Option<Self> {
        serde_json::from_value(event.clone().into()).ok()
    }
}

/// A person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No.
    Reject,
    /// Yes, with words that later nodes get.
    Modify,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A stable word, the `code` of a `nack`.
    pub code: &'static str,
    /// For a person.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl Command {
    /// Reads a command, and cleans what a person wrote.
    ///
    /// # Errors
    /// `unknown_command` or `too_long`.
    pub fn read(event: Object) -> Result<Self, Refusal> {
        let mut command: Self = serde_json::from_value(event.into())
            .map_err(|error| Refusal::new("unknown_command", format!("not a command of a DAG: {error}")))?;
        if let Self::HumanDecision { feedback: Some(text), .. } = &mut command {
            if text.len() > MAX_FEEDBACK {
                return Err(Refusal::new("too_long", format!("feedback is at most {MAX_FEEDBACK} bytes")));
            }
            // An environment variable cannot hold NUL, and a terminal should not get escapes from a web page.
            text.retain(|c| c == '\n' || c == '\t' || !c.is_control());
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Command, Refusal> {
        Command::read(serde_json::from_str(text).expect("an object"))
    }

    #[test]
    fn commands_are_read_by_their_type() {
        assert_eq!(read(r#"{"type":"pause_execution"}"#), Ok(Command::PauseExecution));
        assert!(matches!(
            read(r#"{"type":"human_decision","node_id":"a","decision":"modify","feedback":"x"}"#),
            Ok(Command::HumanDecision { decision: Decision::Modify, .. })
        ));
    }

    #[test]
    fn what_is_no_command_is_refused_and_named() {
        for text in [r#"{"type":"rm"}"#, r#"{"type":"human_decision","node_id":7,"decision":"approve"}"#] {
            assert_eq!(read(text).expect_err("refused").code, "unknown_command");
        }
    }

    #[test]
    fn feedback_is_bounded_and_holds_no_control_characters() {
        let long = format!(
            r#"{{"type":"human_decision","node_id":"a","decision":"approve","feedback":"{}"}}"#,
            "x".repeat(5_000)
        );
        assert_eq!(read(&long).expect_err("refused").code, "too_long");
        let escapes =
            r#"{"type":"human_decision","node_id":"a","decision":"approve","feedback":"a\u0000\u001b[1mb\nc"}"#;
        let Ok(Command::HumanDecision { feedback: Some(text), .. }) = read(escapes) else { panic!("a decision") };
        assert_eq!(text, "a[1mb\nc");
    }
}
