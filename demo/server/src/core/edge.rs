//! Where one frame of a WebSocket ends and the next may begin (RFC 6455, section 5.2).
//!
//! Owns counting; must not know what frames say. Between two frames, those of one message included, a close may be said.

/// A place in the bytes that one side sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edge {
    /// The header so far, as much of it as there can be.
    header: [u8; 10],
    filled: usize,
    /// Bytes of the payload, and of its mask, that are still to come.
    left: u64,
    closed: bool,
}

impl Edge {
    /// Goes past `bytes`.
    pub fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let here = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= here as u64;
                bytes = &bytes[here..];
                continue;
            }
            self.header[self.filled] = bytes[0];
            self.filled += 1;
            bytes = &bytes[1..];
            if self.filled == self.length() {
                self.closed |= self.header[0] & 0x0f == 8;
                self.left = self.payload();
                self.filled = 0;
            }
        }
    }

    /// Whether a close may be said here, and was not.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.filled == 0 && self.left == 0 && !self.closed
    }

    /// Bytes of the header without its mask, as far as is known.
    const fn length(&self) -> usize {
        if self.filled < 2 {
            return 2;
        }
        match self.header[1] & 0x7f {
            126 => 4,
            127 => 10,
            _ => 2,
        }
    }

    fn payload(&self) -> u64 {
        let mask = if self.header[1] & 0x80 == 0 { 0 } else { 4 };
        let bytes = match self.header[1] & 0x7f {
            126 | 127 => self.header[2..self.filled].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
            short => u64::from(short),
        };
        bytes.saturating_add(mask)
    }
}

/// The frame of a server that closes with `code`; of `reason` as much as fits.
#[must_use]
pub fn close_frame(code: u16, reason: &str) -> Vec<u8> {
    let reason = super::node::head(reason, 123);
    let mut frame = vec![0x88, 2 + u8::try_from(reason.len()).unwrap_or(0)];
    frame.extend(code.to_be_bytes());
    frame.extend(reason.as_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(opcode: u8, masked: bool, length: usize) -> Vec<u8> {
        let bit = if masked { 0x80 } else { 0 };
        let mut frame = vec![0x80 | opcode];
        match length {
            0..=125 => frame.push(bit | u8::try_from(length).expect("short")),
            126..=0xffff => {
                frame.push(bit | 126);
                frame.extend(u16::try_from(length).expect("two bytes").to_be_bytes());
            }
            _ => {
                frame.push(bit | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(vec![0x88; length + if masked { 4 } else { 0 }]);
        frame
    }

    #[test]
    fn after_a_close_there_is_no_other() {
        let mut edge = Edge::default();
        edge.pass(&frame(1, false, 5));
        assert!(edge.is_open());
        edge.pass(&close_frame(1012, "moved"));
        assert!(!edge.is_open());
    }

    #[test]
    fn a_long_reason_is_cut() {
        let frame = close_frame(1012, &"é".repeat(100));
        assert_eq!((frame.len(), frame[1]), (2 + 2 + 122, 124));
    }

    #[test]
    fn a_length_that_is_no_length_counts_down_and_overflows_nothing() {
        let mut edge = Edge::default();
        edge.pass(&[0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3]);
        assert!(!edge.is_open());
    }

    proptest! {
        #[test]
        fn however_the_bytes_are_cut_it_is_open_between_frames_alone(
            frames in prop::collection::vec((prop_oneof![Just(0_u8), Just(1), Just(2), Just(9), Just(10)], any::<bool>(),
                prop_oneof![0..200_usize, 65_500..65_600_usize]), 1..6),
            cuts in prop::collection::vec(1..400_usize, 1..40),
        ) {
            let mut ends = vec![0];
            let mut bytes = Vec::new();
            for (opcode, masked, length) in frames {
                bytes.extend(frame(opcode, masked, length));
                ends.push(bytes.len());
            }
            let mut edge = Edge::default();
            let (mut at, mut next) = (0, cuts.iter().cycle());
            while at < bytes.len() {
                let end = (at + next.next().expect("endless")).min(bytes.len());
                edge.pass(&bytes[at..end]);
                at = end;
                prop_assert_eq!(edge.is_open(), ends.contains(&at), "at {}", at);
            }
        }
    }
}
