//! The frames of the y-sync protocol, as `y-websocket` and its like speak it: numbers of 7 bits a byte, the lowest first.
//!
//! Owns their shape; must not know what an update changes.

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Sync step 1: what its sender has, as a state vector. It asks for the rest.
    Ask(&'a [u8]),
    /// Sync step 2: the answer.
    Answer(&'a [u8]),
    /// A change.
    Update(&'a [u8]),
    /// What people say of themselves.
    Awareness(&'a [u8]),
    /// Asks for it.
    AskAwareness,
    /// Of a type that is not known here; it harms nobody.
    Foreign,
}

/// A frame that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

const SYNC: u8 = 0;
const AWARENESS: u8 = 1;
const ASK_AWARENESS: u64 = 3;

impl<'a> Frame<'a> {
    /// Reads a frame. What follows its end is ignored.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader(bytes);
        Ok(match reader.number()? {
            0 => match reader.number()? {
                0 => Self::Ask(reader.bytes()?),
                1 => Self::Answer(reader.bytes()?),
                2 => Self::Update(reader.bytes()?),
                _ => return Err(Malformed),
            },
            1 => Self::Awareness(reader.bytes()?),
            ASK_AWARENESS => Self::AskAwareness,
            _ => Self::Foreign,
        })
    }
}

/// Sync step 1.
#[must_use]
pub fn ask(vector: &[u8]) -> Vec<u8> {
    sealed(&[SYNC, 0], vector)
}

/// Sync step 2.
#[must_use]
pub fn answer(update: &[u8]) -> Vec<u8> {
    sealed(&[SYNC, 1], update)
}

/// A change.
#[must_use]
pub fn update(update: &[u8]) -> Vec<u8> {
    sealed(&[SYNC, 2], update)
}

/// What people say of themselves.
#[must_use]
pub fn awareness(entries: &[u8]) -> Vec<u8> {
    sealed(&[AWARENESS], entries)
}

fn sealed(head: &[u8], body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(head.len() + 5 + body.len());
    frame.extend(head);
    put_number(&mut frame, body.len() as u64);
    frame.extend(body);
    frame
}

/// Appends a number.
pub(super) fn put_number(to: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

/// What is still to be read.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    /// A number up to 2^53, which is as far as clients count.
    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for place in 0..8 {
            let (byte, rest) = self.0.split_first().ok_or(Malformed)?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                return if number < 1 << 53 { Ok(number) } else { Err(Malformed) };
            }
        }
        Err(Malformed)
    }

    /// Bytes after their number.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    /// Text, likewise.
    pub(super) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_are_those_of_the_javascript_packages() {
        assert_eq!(ask(&[0]), [0, 0, 1, 0]);
        assert_eq!(answer(&[0, 0]), [0, 1, 2, 0, 0]);
        assert_eq!(update(&[7; 130])[..4], [0, 2, 0x82, 0x01]);
        assert_eq!(Frame::read(&[3]), Ok(Frame::AskAwareness));
        assert_eq!(Frame::read(&[2, 0, 1, 65]), Ok(Frame::Foreign));
    }

    #[test]
    fn what_makes_no_sense_is_said_to() {
        for bytes in [
            &[][..],
            &[0],
            &[0, 3, 0],
            &[0, 0, 2, 1],
            &[1],
            &[1, 5, 0],
            &[0x80; 12],
            &[0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f],
        ] {
            assert_eq!(Frame::read(bytes), Err(Malformed), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let frames = [ask(&body), answer(&body), update(&body), awareness(&body)];
            let meant = [Frame::Ask(&body), Frame::Answer(&body), Frame::Update(&body), Frame::Awareness(&body)];
            for (frame, meant) in frames.iter().zip(meant) {
                prop_assert_eq!(Frame::read(frame), Ok(meant));
            }
        }

        #[test]
        fn numbers_come_back(number in 0..1_u64 << 53) {
            let mut bytes = Vec::new();
            put_number(&mut bytes, number);
            prop_assert_eq!(Reader(&bytes).number(), Ok(number));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Frame::read(&bytes);
        }
    }
}
