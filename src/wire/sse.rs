//! Event streams (`text/event-stream`; HTML standard, "Server-sent events", §9.2.5 and §9.2.6), scanned where they lie.
//!
//! Owns the grammar and the bound of what one event may take; must not know the strings. Their bytes stay where they are:
//! what is found is told as places in the text that a streaming `TextDecoder` makes of the same bytes, in UTF-16 units,
//! as JavaScript slices it. A chunk may end anywhere: within a line, a CRLF, a character, a byte order mark.

mod field;
mod lines;
mod plain;
mod record;
mod utf8;

use field::Field;
use plain::plain;
pub use record::{MOST, Record, Records, What};
use utf8::Utf8;

/// The longest line, and the most that the data of one event may take, where nobody says: in UTF-16 units.
pub const LIMIT: u32 = 1 << 20;
/// Two lines make as many at most, and the end of the chunk after them.
const SPARE: usize = 8;

const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
const LF: u8 = b'\n';
const CR: u8 = b'\r';

/// Where in its line the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Place {
    /// At the start of the stream, with so many bytes of a byte order mark as `length` says.
    Mark,
    /// At the start of a line, to the end before which a LF still belongs.
    AfterCr,
    Start,
    /// In the name of `field`, `length` bytes of which were there.
    Name,
    /// A space may follow.
    Colon,
    /// In the value of `field`.
    Value,
    /// In the value of a `retry`.
    Digits,
    Comment,
    /// In a line that says nothing.
    Nothing,
}

/// The scan of one stream.
#[derive(Debug)]
pub struct Sse {
    limit: u32,
    place: Place,
    field: Field,
    length: u8,
    utf8: Utf8,
    failed: bool,
    /// Units of the chunk's text before here.
    at: u32,
    /// Where the line began in this chunk, and its units in those before.
    line: u32,
    carried: u32,
    /// Where the value began in this chunk, and whether parts of it were told.
    from: u32,
    in_parts: bool,
    has_nul: bool,
    retry: Option<u32>,
    /// Of the block: units of its lines of data, and what it has.
    held: u32,
    has_data: bool,
    has_id: bool,
    has_type: bool,
    /// A line of data that is not told yet: it may turn out to be the last.
    data: Option<(u32, u32)>,
}

impl Sse {
    /// A stream whose lines, and the lines of data of each event together, take at most `limit` UTF-16 units.
    #[must_use]
    pub const fn new(limit: u32) -> Self {
        Self {
            limit,
            place: Place::Mark,
            field: Field::Data,
            length: 0,
            utf8: Utf8::new(),
            failed: false,
            at: 0,
            line: 0,
            carried: 0,
            from: 0,
            in_parts: false,
            has_nul: false,
            retry: None,
            held: 0,
            has_data: false,
            has_id: false,
            has_type: false,
            data: None,
        }
    }

    /// A chunk comes. Its text begins with `lag` units of the chunk before, which the decoder held back (below 0: it gave
    /// some early): decoders differ in when they tell of a sequence that is cut.
    pub const fn begin(&mut self, lag: i32) {
        self.at = lag.cast_unsigned();
        self.line = self.at;
        self.from = 0;
    }

    /// Scans what is left of the chunk, in place of what `records` held. Returns how many bytes were taken: all of them,
    /// and then [`What::End`] is the last record, or as many as [`MOST`] records took.
    pub fn scan(&mut self, bytes: &[u8], records: &mut Records) -> usize {
        records.clear();
        let mut taken = 0;
        while taken < bytes.len() && !self.failed {
            if !records.has_room_for(SPARE) {
                return taken;
            }
            taken = self.scan_lines(bytes, taken, records);
            taken = self.scan_line(bytes, taken, records);
        }
        self.end_chunk(records);
        bytes.len()
    }

    /// Goes on in the line from `next` to its end or that of the bytes. Returns what is to come then.
    fn scan_line(&mut self, bytes: &[u8], mut next: usize, records: &mut Records) -> usize {
        while let Some(&byte) = bytes.get(next) {
            if matches!(self.place, Place::Value | Place::Comment | Place::Nothing) {
                next = self.run(bytes, next);
                let Some(&end) = bytes.get(next) else { break };
                self.end_line(end, records);
                return next + 1;
            }
            if (byte == LF || byte == CR) && !matches!(self.place, Place::Mark | Place::AfterCr) {
                self.end_line(byte, records);
                return next + 1;
            }
            next += usize::from(self.step(byte));
            if matches!(self.place, Place::Start) {
                break;
            }
        }
        next
    }

    /// A byte of the head of a line, or of a `retry`. Whether it was taken.
    fn step(&mut self, byte: u8) -> bool {
        let place = match self.place {
            Place::Mark => return self.mark(byte),
            Place::AfterCr => {
                self.place = Place::Start;
                let is_end = byte == LF;
                self.at = self.at.wrapping_add(u32::from(is_end));
                self.line = self.at;
                return is_end;
            }
            Place::Start => {
                self.length = 1;
                let field = match byte {
                    b'd' => Some(Field::Data),
                    b'e' => Some(Field::Event),
                    b'i' => Some(Field::Id),
                    b'r' => Some(Field::Retry),
                    _ => None,
                };
                self.field = field.unwrap_or(Field::Data);
                if byte == b':' {
                    Place::Comment
                } else if field.is_some() {
                    Place::Name
                } else {
                    Place::Nothing
                }
            }
            Place::Name => match self.field.name().get(usize::from(self.length)) {
                Some(expected) if *expected == byte => {
                    self.length += 1;
                    Place::Name
                }
                None if byte == b':' => Place::Colon,
                _ => Place::Nothing,
            },
            Place::Colon => {
                let is_space = byte == b' ';
                self.at = self.at.wrapping_add(u32::from(is_space));
                self.begin_value();
                return is_space;
            }
            Place::Digits if byte.is_ascii_digit() => {
                let digit = u32::from(byte - b'0');
                self.retry = Some(self.retry.unwrap_or(0).saturating_mul(10).saturating_add(digit));
                Place::Digits
            }
            Place::Digits | Place::Value | Place::Comment | Place::Nothing => Place::Nothing,
        };
        self.place = place;
        let was_taken = !matches!(place, Place::Nothing);
        self.at = self.at.wrapping_add(u32::from(was_taken));
        was_taken
    }

    /// One of the first bytes of a stream: whether it was taken. A mark has no place in the text.
    fn mark(&mut self, byte: u8) -> bool {
        let is_mark = BOM.get(usize::from(self.length)) == Some(&byte);
        if is_mark {
            self.length += 1;
        } else if matches!(self.length, 1 | 2) {
            self.utf8.begin(&BOM, self.length);
            self.place = Place::Nothing;
        } else {
            self.place = Place::Start;
        }
        is_mark
    }

    const fn begin_value(&mut self) {
        self.place = if matches!(self.field, Field::Retry) { Place::Digits } else { Place::Value };
        self.from = self.at;
        self.has_nul = false;
        self.retry = None;
    }

    /// To the end of the line, or of the bytes.
    fn run(&mut self, bytes: &[u8], mut next: usize) -> usize {
        loop {
            if self.utf8.is_between() {
                let plain = plain(bytes, next);
                self.at = self.at.wrapping_add((plain - next) as u32);
                next = plain;
                let (after, units) = utf8::characters(bytes, next);
                self.at = self.at.wrapping_add(units);
                next = after;
            }
            let Some(&byte) = bytes.get(next) else { return next };
            if byte == LF || byte == CR {
                self.at = self.at.wrapping_add(self.utf8.cut());
                return next;
            }
            self.has_nul |= byte == 0;
            self.at = self.at.wrapping_add(self.utf8.take(byte));
            next += 1;
        }
    }

    fn end_line(&mut self, end: u8, records: &mut Records) {
        let length = self.length();
        if self.held.saturating_add(length) > self.limit {
            self.failed = true;
            return;
        }
        match self.place {
            Place::Start => self.end_block(records),
            Place::Comment => self.tell(What::Comment, 0, 0, records),
            Place::Name if usize::from(self.length) < self.field.name().len() => {}
            Place::Name | Place::Colon => {
                self.begin_value();
                self.end_value(length, records);
            }
            Place::Value | Place::Digits => self.end_value(length, records),
            Place::Nothing | Place::Mark | Place::AfterCr => {}
        }
        self.place = if end == CR { Place::AfterCr } else { Place::Start };
        self.in_parts = false;
        self.at = self.at.wrapping_add(1);
        self.line = self.at;
        self.carried = 0;
    }

    fn end_value(&mut self, length: u32, records: &mut Records) {
        match self.field {
            Field::Data => {
                self.tell_data(records);
                self.data = Some((self.from, self.at));
                self.has_data = true;
                self.held += length;
            }
            Field::Event => {
                self.has_type = true;
                self.tell(What::Type, self.from, self.at, records);
            }
            Field::Id if !self.has_nul => {
                self.has_id = true;
                self.tell(What::Id, self.from, self.at, records);
            }
            Field::Id if self.in_parts => self.tell(What::Forget, 0, 0, records),
            Field::Id => {}
            Field::Retry => {
                if let Some(retry) = self.retry {
                    self.tell(What::Retry, retry, 0, records);
                }
            }
        }
    }

    fn end_block(&mut self, records: &mut Records) {
        if let Some((from, to)) = self.data.take() {
            records.push(What::Event, from, to);
        } else if self.has_data {
            self.tell(What::Dispatch, 0, 0, records);
        } else if self.has_id {
            self.tell(What::Commit, 0, 0, records);
        } else if self.has_type {
            self.tell(What::Clear, 0, 0, records);
        }
        self.held = 0;
        (self.has_data, self.has_id, self.has_type) = (false, false, false);
    }

    fn end_chunk(&mut self, records: &mut Records) {
        self.tell_data(records);
        self.carried = self.length();
        self.line = self.at;
        if self.failed || self.held.saturating_add(self.carried) > self.limit {
            self.failed = true;
            self.tell(What::TooLong, 0, 0, records);
        } else if matches!(self.place, Place::Value) {
            self.in_parts = true;
            self.tell(What::Part, self.from, self.at, records);
        }
        records.push(What::End, self.at, 0);
    }

    /// Units of the line so far.
    const fn length(&self) -> u32 {
        self.carried.saturating_add(self.at.wrapping_sub(self.line))
    }

    fn tell(&mut self, what: What, from: u32, to: u32, records: &mut Records) {
        self.tell_data(records);
        records.push(what, from, to);
    }

    #[inline(always)]
    fn tell_data(&mut self, records: &mut Records) {
        if let Some((from, to)) = self.data.take() {
            records.push(What::Data, from, to);
        }
    }
}
