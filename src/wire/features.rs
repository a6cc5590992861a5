//! What a peer understands beyond the smallest rules, as its `hello` names it.
//!
//! Owns the names and the set; must not know what follows from a feature. Names that are not known are passed over.

/// A set of features. In JSON it is an array of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Vec<String>", into = "Vec<&'static str>"))]
pub struct Features(u8);

impl Features {
    /// A frame may be an array of messages.
    pub const BATCH: Self = Self(1);
    /// Messages with an `$id` are answered with `ack` or `nack`.
    pub const ACK: Self = Self(2);
    /// Events carry a `$seq`, and a gap can be resynced.
    pub const SEQ: Self = Self(4);
    /// A request is answered with `reply`.
    pub const REPLY: Self = Self(8);

    /// The names, from the lowest bit.
    pub const NAMES: [&str; 4] = ["batch", "ack", "seq", "reply"];

    /// The features of this one and of another set.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of another set are in this one.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set as bits, in the order of [`Self::NAMES`].
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of these bits.
    #[must_use]
    pub const fn of_bits(bits: u8) -> Self {
        Self(bits)
    }
}

#[cfg(feature = "serde")]
impl From<Vec<String>> for Features {
    fn from(names: Vec<String>) -> Self {
        let bit = |name: &String| Self::NAMES.iter().position(|own| own == name).map_or(0, |place| 1 << place);
        Self(names.iter().map(bit).fold(0, |all, bit| all | bit))
    }
}

#[cfg(feature = "serde")]
impl From<Features> for Vec<&'static str> {
    fn from(features: Features) -> Self {
        let named = Features::NAMES.iter().enumerate();
        named.filter(|(place, _)| features.0 >> place & 1 == 1).map(|(_, name)| *name).collect()
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;

    #[test]
    fn in_json_it_is_the_names_and_unknown_ones_are_passed_over() {
        let read: Features = serde_json::from_str(r#"["seq","teleport","batch","seq"]"#).expect("an array of names");
        assert_eq!(read, Features::BATCH.and(Features::SEQ));
        assert_eq!(serde_json::to_string(&read).expect("json"), r#"["batch","seq"]"#);
    }
}
