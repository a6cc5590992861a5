//! Whether events were missed.
//!
//! Owns the four answers; must not know how they are found.

/// Whether events were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Continuity {
    /// Nothing was missed.
    Kept,
    /// Something was, and the state stands for it.
    Restored,
    /// Something was, for good.
    Lost,
    /// Nobody can say.
    #[default]
    Unknown,
}

impl Continuity {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Restored => "restored",
            Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }
}
