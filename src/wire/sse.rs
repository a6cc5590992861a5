//! Event streams (`text/event-stream`; HTML standard, "Server-sent events", §9.2.5 and §9.2.6), scanned where they lie.
//!
//! Owns the grammar and the bound of what one event may take; must not know the strings. Their bytes stay where they are:
//! what is found is told as places in the text that a streaming `TextDecoder` makes of the same bytes, in UTF-16 units,
//! as JavaScript slices it. A chunk may end anywhere: within a line, a CRLF, a character, a byte order mark.

mod record;
mod utf8;

pub use record::{Record, What};
use utf8::Utf8;

/// The longest line, and the most that the data of one event may take, where nobody says: in UTF-16 units.
pub const LIMIT: u32 = 1 << 20;
/// Records of one scan, at most.
pub const MOST: usize = 512;
/// What one line makes, and what the end of the chunk makes after it.
const SPARE: usize = 5;

const BOM: [u8; 3] = [0xef, 0xbb, 0xbf];
const LF: u8 = b'\n';
const CR: u8 = b'\r';

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Data,
    Event,
    Id,
    Retry,
}

impl Field {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Data => b"data",
            Self::Event => b"event",
            Self::Id => b"id",
            Self::Retry => b"retry",
        }
    }
}

/// Where in its line the scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Start,
    /// So many bytes of a name were there.
    Name(Field, u8),
    /// A space may follow.
    Colon(Field),
    Value(Field),
    Comment,
    /// In a line that says nothing.
    Nothing,
}

/// The scan of one stream.
#[derive(Debug)]
pub struct Sse {
    limit: u32,
    place: Place,
    utf8: Utf8,
    /// Bytes of a byte order mark that were there; 3 once there can be none.
    bom: u8,
    /// A CR ended the last line: a LF belongs to it.
    after_cr: bool,
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
            place: Place::Start,
            utf8: Utf8::new(),
            bom: 0,
            after_cr: false,
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
    pub fn scan(&mut self, bytes: &[u8], records: &mut Vec<Record>) -> usize {
        records.clear();
        let mut taken = 0;
        while taken < bytes.len() && !self.failed {
            if records.len() + SPARE > MOST {
                return taken;
            }
            taken = self.scan_line(bytes, taken, records);
        }
        self.end_chunk(records);
        bytes.len()
    }

    /// Goes on in the line from `next` to its end or that of the bytes. Returns what is to come then.
    fn scan_line(&mut self, bytes: &[u8], mut next: usize, records: &mut Vec<Record>) -> usize {
        while let Some(&byte) = bytes.get(next) {
            if self.place == Place::Start {
                if self.bom < 3 {
                    next += self.mark(byte);
                    continue;
                }
                if self.after_cr {
                    self.after_cr = false;
                    if byte == LF {
                        self.at = self.at.wrapping_add(1);
                        self.line = self.at;
                        return next + 1;
                    }
                }
                // The head of nearly every line, at once.
                if bytes[next..].starts_with(b"data: ") {
                    self.at = self.at.wrapping_add(6);
                    next += 6;
                    self.begin_value(Field::Data);
                    continue;
                }
            }
            if matches!(
                self.place,
                Place::Comment | Place::Nothing | Place::Value(Field::Data | Field::Event | Field::Id)
            ) {
                next = self.run(bytes, next);
                if next == bytes.len() {
                    break;
                }
                self.end_line(bytes[next], records);
                return next + 1;
            }
            if byte == LF || byte == CR {
                self.end_line(byte, records);
                return next + 1;
            }
            if self.step(byte) {
                self.at = self.at.wrapping_add(1);
                next += 1;
            }
        }
        next
    }

    /// The first bytes of a stream: how many were taken, of one. A mark has no place in the text.
    const fn mark(&mut self, byte: u8) -> usize {
        if BOM[self.bom as usize] == byte {
            self.bom += 1;
            return 1;
        }
        if self.bom > 0 {
            self.utf8.begin(&BOM, self.bom);
            self.place = Place::Nothing;
        }
        self.bom = 3;
        0
    }

    /// A byte of the head of a line, or of a `retry`. Whether it was taken.
    fn step(&mut self, byte: u8) -> bool {
        match self.place {
            Place::Start => {
                self.place = match byte {
                    b':' => Place::Comment,
                    b'd' => Place::Name(Field::Data, 1),
                    b'e' => Place::Name(Field::Event, 1),
                    b'i' => Place::Name(Field::Id, 1),
                    b'r' => Place::Name(Field::Retry, 1),
                    _ => Place::Nothing,
                };
                self.place != Place::Nothing
            }
            Place::Name(field, length) => {
                self.place = match field.name().get(usize::from(length)) {
                    Some(expected) if *expected == byte => Place::Name(field, length + 1),
                    None if byte == b':' => Place::Colon(field),
                    _ => Place::Nothing,
                };
                self.place != Place::Nothing
            }
            Place::Colon(field) => {
                let is_space = byte == b' ';
                self.begin_value(field);
                self.from = self.from.wrapping_add(u32::from(is_space));
                is_space
            }
            Place::Value(_) if byte.is_ascii_digit() => {
                let digit = u32::from(byte - b'0');
                self.retry = Some(self.retry.unwrap_or(0).saturating_mul(10).saturating_add(digit));
                true
            }
            Place::Value(_) | Place::Comment | Place::Nothing => {
                self.place = Place::Nothing;
                false
            }
        }
    }

    const fn begin_value(&mut self, field: Field) {
        self.place = Place::Value(field);
        self.from = self.at;
        self.has_nul = false;
        self.retry = None;
    }

    /// To the end of the line, or of the bytes.
    fn run(&mut self, bytes: &[u8], mut next: usize) -> usize {
        loop {
            if self.utf8.is_between() {
                let plain = plain(&bytes[next..]);
                self.at = self.at.wrapping_add(plain as u32);
                next += plain;
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

    fn end_line(&mut self, end: u8, records: &mut Vec<Record>) {
        let length = self.length();
        if self.held.saturating_add(length) > self.limit {
            self.failed = true;
            return;
        }
        match self.place {
            Place::Start => self.end_block(records),
            Place::Comment => self.tell(What::Comment, 0, 0, records),
            Place::Nothing => {}
            Place::Name(field, name) if usize::from(name) < field.name().len() => {}
            Place::Name(field, _) | Place::Colon(field) => {
                self.begin_value(field);
                self.end_value(field, length, records);
            }
            Place::Value(field) => self.end_value(field, length, records),
        }
        self.place = Place::Start;
        self.after_cr = end == CR;
        self.in_parts = false;
        self.at = self.at.wrapping_add(1);
        self.line = self.at;
        self.carried = 0;
    }

    fn end_value(&mut self, field: Field, length: u32, records: &mut Vec<Record>) {
        match field {
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

    fn end_block(&mut self, records: &mut Vec<Record>) {
        if let Some((from, to)) = self.data.take() {
            records.push(Record { what: What::Event, from, to });
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

    fn end_chunk(&mut self, records: &mut Vec<Record>) {
        self.tell_data(records);
        self.carried = self.length();
        self.line = self.at;
        if self.failed || self.held.saturating_add(self.carried) > self.limit {
            self.failed = true;
            self.tell(What::TooLong, 0, 0, records);
        } else if let Place::Value(Field::Data | Field::Event | Field::Id) = self.place {
            self.in_parts = true;
            self.tell(What::Part, self.from, self.at, records);
        }
        self.tell(What::End, self.at, 0, records);
    }

    /// Units of the line so far.
    const fn length(&self) -> u32 {
        self.carried.saturating_add(self.at.wrapping_sub(self.line))
    }

    fn tell(&mut self, what: What, from: u32, to: u32, records: &mut Vec<Record>) {
        self.tell_data(records);
        records.push(Record { what, from, to });
    }

    fn tell_data(&mut self, records: &mut Vec<Record>) {
        if let Some((from, to)) = self.data.take() {
            records.push(Record { what: What::Data, from, to });
        }
    }
}

/// How many bytes at the front neither end a line, nor are NUL, nor belong to a character of several: eight at a time.
fn plain(bytes: &[u8]) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    while let Some(word) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is below 14, which all of those are, or above 127; and of some after the first.
        let odd = (word.wrapping_sub(EACH * 14) | word) & (EACH << 7);
        if odd != 0 {
            return at + odd.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|byte| (14..128).contains(*byte)).count()
}
