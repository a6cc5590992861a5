//! What a scan finds.
//!
//! Owns how it is told, in numbers that JavaScript reads where they lie; must not know how it is found.

/// What was found. Where it has a value, that is what [`Part`](What::Part)s before it said, and then its own.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A value that goes on in the next chunk, from `from` to the end of the text.
    Part,
    /// A line of data.
    Data,
    /// The type of the event.
    Type,
    /// What the last event id will be at the end of the block.
    Id,
    /// A line of data that is the last, and the end of its block: an event.
    Event,
    /// The end of a block with data: an event.
    Dispatch,
    /// The end of a block without data that had an id, which counts.
    Commit,
    /// The end of a block with nothing but a type, which is forgotten.
    Clear,
    /// A value was none; its parts are forgotten.
    Forget,
    /// The server's reconnection time is `from` milliseconds.
    Retry,
    /// A comment.
    Comment,
    /// A line or an event is longer than the limit. Nothing more will be found.
    TooLong,
    /// The end of the chunk, whose text ends at `from` unless the decoder holds some of it back.
    End,
}

/// Something that was found, from one place to another.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What.
    pub what: What,
    /// Where its value begins.
    pub from: u32,
    /// Where its value ends.
    pub to: u32,
}

/// Records of one scan, at most.
pub const MOST: usize = 512;

/// What one scan found. It stays where it is in memory.
#[derive(Debug)]
pub struct Records {
    all: Box<[Record]>,
    count: usize,
}

impl Default for Records {
    fn default() -> Self {
        Self { all: vec![Record { what: What::End, from: 0, to: 0 }; MOST].into(), count: 0 }
    }
}

impl Records {
    /// The records, in their order.
    #[must_use]
    pub fn found(&self) -> &[Record] {
        &self.all[..self.count]
    }

    pub(super) const fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) const fn has_room_for(&self, more: usize) -> bool {
        self.count + more <= MOST
    }

    #[inline(always)]
    pub(super) fn push(&mut self, what: What, from: u32, to: u32) {
        if let Some(place) = self.all.get_mut(self.count) {
            *place = Record { what, from, to };
            self.count += 1;
        }
    }
}
