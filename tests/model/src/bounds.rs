//! How much may happen in the worlds that are looked through.
//!
//! Owns the bounds; must not know what is checked.

use crate::receiving::{Budget as Received, Receiving};
use crate::sending::{Budget as Sent, OnDoubt, Sending};

/// Models of what is sent, by name.
pub type Sendings = Vec<(&'static str, Sending)>;
/// Models of what is received, by name.
pub type Receivings = Vec<(&'static str, Receiving)>;

const SENT: Sent = Sent { messages: 2, cuts: 1, crashes: 1, nudges: 1, ..Sent::NONE };
const RECEIVED: Received = Received { events: 2, critical: 1, cuts: 1, crashes: 1, repeats: 1, ..Received::NONE };

/// Seconds, for every run of the tests.
#[must_use]
pub fn small() -> (Sendings, Receivings) {
    let sending = Sending { budget: SENT, window: 2, on_doubt: OnDoubt::Resend, flaw: None };
    let narrow = Sending { window: 1, ..sending };
    let away = Sent { messages: 1, cuts: 2, crashes: 0, ticks: 2, ..SENT };
    let receiving = Receiving { budget: RECEIVED, wants_state: true, has_state: true, bare: true, flaw: None };
    let trimmed = Received { events: 3, critical: 0, trims: 1, skips: 1, silences: 1, repeats: 0, ..RECEIVED };
    (
        vec![
            ("two messages, a crash", sending),
            ("a window of one", narrow),
            ("an absence", Sending { budget: away, ..sending }),
            ("failing in doubt", Sending { on_doubt: OnDoubt::Fail, ..sending }),
        ],
        vec![
            ("a critical event, a crash", receiving),
            ("numbered again, no states", Receiving { bare: false, wants_state: false, has_state: false, ..receiving }),
            ("holes", Receiving { budget: trimmed, ..receiving }),
        ],
    )
}

/// The bounds that are worth a minute: two messages, two crashes, two cuts, two duplicates, a window of two; and more of
/// one thing where there is less of another.
#[must_use]
pub fn thorough() -> (Sendings, Receivings) {
    let two = Sent { cuts: 2, crashes: 2, nudges: 2, ..SENT };
    let sending = Sending { budget: two, window: 2, on_doubt: OnDoubt::Resend, flaw: None };
    let three = Sent { messages: 3, busy: 1, ..SENT };
    let away = Sent { cuts: 2, ticks: 3, nudges: 0, ..SENT };
    let asked = Sent { refusals: 1, lost_replies: 1, reloads: 1, ..SENT };
    let received = Received { events: 3, cuts: 2, ..RECEIVED };
    let receiving = Receiving { budget: received, wants_state: true, has_state: true, bare: true, flaw: None };
    let crashes = Received { crashes: 2, cuts: 2, repeats: 2, ..RECEIVED };
    let holes = Received { events: 4, critical: 0, trims: 1, skips: 1, silences: 2, repeats: 0, ..RECEIVED };
    let reloads = Received { reloads: 1, ..RECEIVED };
    (
        vec![
            ("two of everything", sending),
            ("failing in doubt", Sending { on_doubt: OnDoubt::Fail, ..sending }),
            ("three messages, busy", Sending { budget: three, ..sending }),
            ("absences", Sending { budget: away, ..sending }),
            ("refusals, lost replies, a reload", Sending { budget: asked, ..sending }),
        ],
        vec![
            ("three events, two cuts", receiving),
            ("two crashes, numbered again", Receiving { budget: crashes, bare: false, ..receiving }),
            ("holes and silence", Receiving { budget: holes, ..receiving }),
            ("no states", Receiving { wants_state: false, has_state: false, budget: holes, ..receiving }),
            ("a reload", Receiving { budget: reloads, ..receiving }),
        ],
    )
}
