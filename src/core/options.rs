//! What an application can choose, with defaults and ranges.
//!
//! Owns names, defaults, ranges and the errors for what is outside them; must not know where values come from.

use super::backoff::Jitter;
use super::error::OptionError;
use super::time::Millis;
use crate::wire::message::RESERVED_TYPES;
use crate::wire::text::{decimal, joined};

/// A value as the application wrote it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// A number.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// A string.
    Text(&'a str),
    /// A function.
    Function,
    /// An array of strings.
    Texts,
    /// Anything else.
    Other,
}

impl<'a> Value<'a> {
    const fn text(self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    const fn is_function(self) -> bool {
        matches!(self, Self::Function)
    }
}

/// What becomes of a message that was sent and whose end cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDoubt {
    /// It is sent again, marked `$again`.
    #[default]
    Resend,
    /// It ends `unknown`.
    Fail,
}

/// The choices of one client. Times in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Providers and handshake together: 100 to 300,000; 10,000.
    pub connect_timeout: Millis,
    /// An open connection counts as a success after: 0 to 600,000; 5,000.
    pub stable_after: Millis,
    /// The first delay: 1 to 3,600,000; 1,000.
    pub backoff_base: Millis,
    /// The longest delay before jitter: 1 to 3,600,000; 30,000.
    pub backoff_cap: Millis,
    /// How delays are spread; `additive`.
    pub jitter: Jitter,
    /// Whether there is a circuit breaker; true.
    pub breaker: bool,
    /// Failures in a row that open the breaker: 1 to 1,000; 10.
    pub breaker_failures: u64,
    /// The breaker's wait before each probe: 1,000 to 3,600,000; 60,000.
    pub breaker_probe: Millis,
    /// Whether there is a heartbeat; true.
    pub heartbeat: bool,
    /// A ping after so long without receiving: 100 to 3,600,000; 15,000.
    pub heartbeat_idle: Millis,
    /// A ping after so long without a confirmed exchange: 100 to 3,600,000; 30,000.
    pub heartbeat_confirm: Millis,
    /// An answer is due within: 50 to 600,000; 5,000.
    pub heartbeat_timeout: Millis,
    /// Dead after so many misses: 1 to 100; 3.
    pub heartbeat_misses: u64,
    /// Messages of high priority that may wait: 1 to 100,000; 50.
    pub queue_high: u64,
    /// Messages of normal priority that may wait: 1 to 100,000; 200.
    pub queue_normal: u64,
    /// Bytes of both that may wait: 1,024 to 268,435,456; 4 MiB.
    pub queue_bytes: u64,
    /// How long `close()` waits for what was accepted: 0 to 60,000; 1,000.
    pub drain: Millis,
    /// What becomes of messages in doubt; `resend`.
    pub on_doubt: OnDoubt,
    /// A gap after which a peer without numbers is asked for what was missed: 0 to 86,400,000; 30,000.
    pub resync_gap: Millis,
    /// Other names for reserved types: type and name.
    pub reserved: Vec<(&'static str, String)>,
    /// Whether a url, protocols or token function can give new credentials. The shell sets it for the url.
    pub renewable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: 10_000,
            stable_after: 5_000,
            backoff_base: 1_000,
            backoff_cap: 30_000,
            jitter: Jitter::Additive,
            breaker: true,
            breaker_failures: 10,
            breaker_probe: 60_000,
            heartbeat: true,
            heartbeat_idle: 15_000,
            heartbeat_confirm: 30_000,
            heartbeat_timeout: 5_000,
            heartbeat_misses: 3,
            queue_high: 50,
            queue_normal: 200,
            queue_bytes: 4 << 20,
            drain: 1_000,
            on_doubt: OnDoubt::Resend,
            resync_gap: 30_000,
            reserved: Vec::new(),
            renewable: false,
        }
    }
}

/// Every name an option can have, as an error lists them.
const NAMES: &str = "connectTimeout, stableAfter, backoff.base, backoff.cap, backoff.jitter, breaker (false), breaker.failures, breaker.probe, heartbeat (false), heartbeat.idle, heartbeat.confirm, heartbeat.timeout, heartbeat.misses, queue.high, queue.normal, queue.bytes, drain, onDoubt, resyncGap, reserved.<type>, protocols, token, shouldReconnect, onWarning";

impl Options {
    /// Sets one option; a member of a group is named `group.member`.
    ///
    /// # Errors
    /// [`OptionError`], naming the option and what is allowed, if there is no such option or the value makes no sense.
    pub fn set(&mut self, name: &str, value: Value<'_>) -> Result<(), OptionError> {
        if let Some((number, range)) = self.number(name) {
            *number = whole(name, value, range)?;
            return Ok(());
        }
        match name {
            "backoff.jitter" => {
                let jitter = value.text().and_then(Jitter::named);
                self.jitter = jitter.ok_or_else(|| {
                    OptionError::new(name, "one of \"additive\", \"full\", \"equal\", \"decorrelated\"")
                })?;
            }
            "onDoubt" => {
                self.on_doubt = match value.text() {
                    Some("resend") => OnDoubt::Resend,
                    Some("fail") => OnDoubt::Fail,
                    _ => return Err(OptionError::new(name, "one of \"resend\", \"fail\"")),
                }
            }
            "breaker" => self.breaker = switch(name, value)?,
            "heartbeat" => self.heartbeat = switch(name, value)?,
            "protocols" | "token" => {
                let list = name == "protocols" && value == Value::Texts;
                if !(list || value.is_function() || value.text().is_some()) {
                    return Err(OptionError::new(
                        name,
                        if name == "token" {
                            "a string, or a function that returns one or promises it"
                        } else {
                            "a string, an array of strings, or a function that returns one or promises it"
                        },
                    ));
                }
                self.renewable |= value.is_function();
            }
            "shouldReconnect" | "onWarning" => {
                if !value.is_function() {
                    return Err(OptionError::new(name, "a function"));
                }
            }
            _ => return self.set_reserved(name, value),
        }
        Ok(())
    }

    /// The options that are whole numbers, and their ranges.
    fn number(&mut self, name: &str) -> Option<(&mut u64, (u32, u32))> {
        Some(match name {
            "connectTimeout" => (&mut self.connect_timeout, (100, 300_000)),
            "stableAfter" => (&mut self.stable_after, (0, 600_000)),
            "backoff.base" => (&mut self.backoff_base, (1, 3_600_000)),
            "backoff.cap" => (&mut self.backoff_cap, (1, 3_600_000)),
            "breaker.failures" => (&mut self.breaker_failures, (1, 1_000)),
            "breaker.probe" => (&mut self.breaker_probe, (1_000, 3_600_000)),
            "heartbeat.idle" => (&mut self.heartbeat_idle, (100, 3_600_000)),
            "heartbeat.confirm" => (&mut self.heartbeat_confirm, (100, 3_600_000)),
            "heartbeat.timeout" => (&mut self.heartbeat_timeout, (50, 600_000)),
            "heartbeat.misses" => (&mut self.heartbeat_misses, (1, 100)),
            "queue.high" => (&mut self.queue_high, (1, 100_000)),
            "queue.normal" => (&mut self.queue_normal, (1, 100_000)),
            "queue.bytes" => (&mut self.queue_bytes, (1_024, 268_435_456)),
            "drain" => (&mut self.drain, (0, 60_000)),
            "resyncGap" => (&mut self.resync_gap, (0, 86_400_000)),
            _ => return None,
        })
    }

    /// Checks what concerns several options at once.
    ///
    /// # Errors
    /// [`OptionError`] if they contradict one another.
    pub fn check(&self) -> Result<(), OptionError> {
        if self.backoff_cap < self.backoff_base {
            return Err(OptionError::new("backoff.cap", "must not be below backoff.base"));
        }
        for (index, (kind, name)) in self.reserved.iter().enumerate() {
            let taken = RESERVED_TYPES.iter().any(|other| other != kind && self.reserved_name(other) == name)
                || self.reserved[..index].iter().any(|(other, _)| other == kind);
            if taken {
                return Err(OptionError::new(&joined(&["reserved.", kind]), "two reserved types cannot have one name"));
            }
        }
        Ok(())
    }

    /// The name on the wire of a reserved type.
    #[must_use]
    pub fn reserved_name<'a>(&'a self, kind: &'a str) -> &'a str {
        self.reserved.iter().find(|(own, _)| *own == kind).map_or(kind, |(_, name)| name)
    }

    fn set_reserved(&mut self, name: &str, value: Value<'_>) -> Result<(), OptionError> {
        let Some(kind) = name.strip_prefix("reserved.") else {
            return Err(OptionError::new(name, &joined(&["is not known; there are ", NAMES])));
        };
        let Some(kind) = RESERVED_TYPES.iter().find(|own| **own == kind) else {
            return Err(OptionError::new(name, "is not a reserved type of the protocol"));
        };
        let Some(text) = value.text().filter(|text| (1..=64).contains(&text.len())) else {
            return Err(OptionError::new(name, "a string of 1 to 64 bytes"));
        };
        self.reserved.push((kind, text.to_owned()));
        Ok(())
    }
}

fn whole(name: &str, value: Value<'_>, (least, most): (u32, u32)) -> Result<u64, OptionError> {
    if let Value::Number(number) = value
        && number >= f64::from(least)
        && number <= f64::from(most)
        && f64::from(number as u32) == number
    {
        return Ok(u64::from(number as u32));
    }
    let range = [decimal(u64::from(least)), decimal(u64::from(most))];
    Err(OptionError::new(name, &joined(&["a whole number from ", &range[0], " to ", &range[1]])))
}

fn switch(name: &str, value: Value<'_>) -> Result<bool, OptionError> {
    if let Value::Bool(value) = value { Ok(value) } else { Err(OptionError::new(name, "false, true or an object")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str, value: Value<'_>) -> String {
        Options::default().set(name, value).expect_err("refused").message()
    }

    #[test]
    fn an_unknown_option_is_named_with_those_there_are() {
        let message = refused("conectTimeout", Value::Number(1.0));
        assert!(message.contains("\"conectTimeout\"") && message.contains("connectTimeout,"), "{message}");
    }

    #[test]
    fn a_senseless_value_is_named_with_what_is_allowed() {
        for value in [f64::NAN, -1.0, 1e300, 1.5, f64::INFINITY] {
            assert_eq!(
                refused("connectTimeout", Value::Number(value)),
                "option \"connectTimeout\": a whole number from 100 to 300000"
            );
        }
        assert!(refused("backoff.jitter", Value::Text("none")).contains("decorrelated"));
        assert!(refused("breaker", Value::Number(3.0)).contains("false"));
        assert!(refused("token", Value::Bool(true)).contains("function"));
        assert!(refused("reserved.pang", Value::Text("x")).contains("reserved type"));
        assert!(refused("reserved.__proto__", Value::Text("x")).contains("reserved type"));
    }

    #[test]
    fn options_that_contradict_one_another_are_refused() {
        let mut options = Options::default();
        options.set("backoff.cap", Value::Number(10.0)).expect("allowed alone");
        assert_eq!(options.check().expect_err("refused").name, "backoff.cap");
        let mut options = Options::default();
        options.set("reserved.ping", Value::Text("pong")).expect("allowed alone");
        assert_eq!(options.check().expect_err("refused").name, "reserved.ping");
    }

    #[test]
    fn a_reserved_type_can_be_renamed() {
        let mut options = Options::default();
        options.set("reserved.ping", Value::Text("hb")).expect("allowed");
        options.check().expect("consistent");
        assert_eq!((options.reserved_name("ping"), options.reserved_name("pong")), ("hb", "pong"));
    }
}
