//! The way from what is received to its handlers.
//!
//! Owns that a critical event is handled once; must not know numbers, or whether anything was missed.

use super::action::Action;
use super::continuity::Continuity;
use super::heard::Event;
use super::inbox::{Inbox, Seen};
use super::input::Generation;
use super::mutant::{Mutant, broken};

/// The way to the handlers, for what one input brings.
#[derive(Debug)]
pub struct Delivery<'a, P> {
    inbox: &'a mut Inbox,
    actions: &'a mut Vec<Action<P>>,
    /// Where critical events are acknowledged.
    generation: Generation,
    /// What came brought something: an event, which may be known already, or another position.
    pub progressed: bool,
}

impl<'a, P> Delivery<'a, P> {
    /// What is delivered goes to `actions`.
    pub const fn new(inbox: &'a mut Inbox, actions: &'a mut Vec<Action<P>>, generation: Generation) -> Self {
        Self { inbox, actions, generation, progressed: false }
    }

    /// An event; a critical one that was handled is acknowledged once more instead.
    pub fn event(&mut self, Event { id, event, .. }: Event<P>) {
        self.progressed = true;
        let seen = id.map_or(Seen::New, |id| self.inbox.look_up(id));
        let seen = if id.is_some() && broken(Mutant::AckUnhandled) { Seen::Acknowledged } else { seen };
        match seen {
            Seen::New => {
                if let Some(id) = id {
                    self.inbox.begin(id);
                }
                self.actions.push(Action::Deliver { payload: event, id });
            }
            Seen::Pending => {}
            Seen::Acknowledged if broken(Mutant::AckNotRepeated) => {}
            Seen::Acknowledged => self.actions.push(Action::Acknowledge { generation: self.generation, event }),
        }
    }

    /// Whether an event is a critical one that came before.
    #[must_use]
    pub fn knows(&self, event: &Event<P>) -> bool {
        event.id.is_some_and(|id| self.inbox.look_up(id) != Seen::New)
    }

    /// A state that stands for what was missed in `(from, to]`, or the news that nothing does.
    pub fn resync(&mut self, state: Option<P>, continuity: Continuity, from: Option<u64>, to: Option<u64>) {
        self.actions.push(Action::DeliverResync { state, continuity, from, to });
    }
}
