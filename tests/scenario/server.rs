//! What a server that does everything says.

use everwire::wire::features::Features;
use everwire::wire::message::{Event, Resync, ServerHello, ServerMessage};

/// The hello of a server that does everything.
pub(crate) fn greeting(epoch: &str, seq: u64) -> ServerHello {
    ServerHello {
        v: 1,
        features: Features::BATCH.and(Features::ACK).and(Features::SEQ).and(Features::REPLY),
        epoch: Some(epoch.to_owned()),
        seq: Some(seq),
        ..ServerHello::default()
    }
}

/// An answer that holds everything in `(from, to]`.
pub(crate) fn kept(epoch: &str, from: u64, to: u64) -> ServerMessage<u32> {
    let event = |seq: u64| Event { id: None, seq: Some(seq), again: false, event: seq as u32 };
    ServerMessage::Resync(Resync {
        epoch: Some(epoch.to_owned()),
        from: Some(from),
        to: Some(to),
        kept: true,
        events: (from + 1..=to).map(event).collect(),
        state: None,
        more: false,
    })
}

/// An answer that is the state at `to`.
pub(crate) fn state_at(epoch: &str, to: u64) -> ServerMessage<u32> {
    ServerMessage::Resync(Resync {
        epoch: Some(epoch.to_owned()),
        from: None,
        to: Some(to),
        kept: false,
        events: Vec::new(),
        state: Some(99),
        more: false,
    })
}
