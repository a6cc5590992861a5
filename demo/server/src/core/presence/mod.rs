//! Who is here: the rosters of a room, and what each connection was told of them.
//!
//! Owns the bounds; must not know sockets, hellos or the log. Presence is told like other events, without a number: what
//! counts of a member is the newest, and a clock for each member says which that is.
//!
//! ```text
//!   Rosters ── Roster      one list of members: changes numbered, a member's last one counts
//!                ├─ Member   its connections, its status, its state
//!                ├─ Leaves   who left, for a while
//!                └─ Points   where pointers are
//!   Place      how far one connection was told a roster
//! ```

mod journal;
mod leaves;
mod member;
mod place;
mod points;
mod roster;
mod rosters;
mod said;
mod stats;

pub use member::{Arrival, Status};
pub use place::Place;
pub use points::Point;
pub use roster::Roster;
pub use rosters::Rosters;
pub(super) use said::is_name;
pub use said::{Refused, Said};
pub use stats::PresenceStats;

/// The longest name of a room or a user, in bytes.
pub const NAME_BYTES: usize = 128;
/// The largest state of a member, in bytes of its JSON.
pub const STATE_BYTES: usize = 4_096;
/// Rooms that one connection may be in.
pub const ROOMS: usize = 16;
/// Rosters of one URL.
pub const ROSTERS: usize = 1_024;
/// How long a member whose connections were lost is kept, where its join does not say, in milliseconds.
pub const GRACE_MS: u64 = 5_000;
/// The longest such time.
pub const MAX_GRACE_MS: u64 = 60_000;
/// A member that was not renewed for so long is stale, in milliseconds.
pub const STALE_MS: u64 = 30_000;
/// The same where it says that nobody looks: browsers run the clocks of a hidden page once a minute.
pub const STALE_AWAY_MS: u64 = 90_000;
/// The longest that a member of a process that died is waited for, in milliseconds.
pub const EXPIRY_MS: u64 = 30_000;
