//! Lines that are whole and plain.
//!
//! Owns the short way through them; must not know other ones: the scan of the stream goes on where the first begins.

use super::field::{Field, field_of};
use super::plain::{plain, word};
use super::record::{Records, What};
use super::{LF, Place, SPARE, Sse, utf8};

impl Sse {
    /// What nearly every line is, at once: data, a type or an id with a LF at its end, or that alone. Returns where the first
    /// other one begins, or the part of it that is other.
    pub(super) fn scan_lines(&mut self, bytes: &[u8], mut next: usize, records: &mut Records) -> usize {
        if !matches!(self.place, Place::Start) {
            return next;
        }
        // From a place in the bytes to one in the text.
        let mut shift = self.at.wrapping_sub(next as u32);
        while records.has_room_for(SPARE) {
            let Some(head) = bytes[next..].first_chunk::<8>() else { break };
            let (field, length) = field_of(word(head));
            if length == 0 {
                if head[0] != LF {
                    break;
                }
                self.end_block(records);
                next += 1;
                continue;
            }
            let line = shift.wrapping_add(next as u32);
            let from = line.wrapping_add(length as u32);
            let mut end = plain(bytes, next + length);
            while bytes.get(end).is_some_and(|byte| *byte > 0x7f) {
                let (after, units) = utf8::characters(bytes, end);
                if after == end {
                    break;
                }
                shift = shift.wrapping_sub((after - end) as u32).wrapping_add(units);
                end = plain(bytes, after);
            }
            let to = shift.wrapping_add(end as u32);
            let units = to.wrapping_sub(line);
            if bytes.get(end) != Some(&LF) || self.held.saturating_add(units) > self.limit {
                self.place = Place::Value;
                self.field = field;
                self.has_nul = false;
                self.line = line;
                (self.from, self.at) = (from, to);
                return end;
            }
            next = end + 1;
            match field {
                Field::Data if !self.has_data && bytes.get(next) == Some(&LF) => {
                    records.push(What::Event, from, to);
                    (self.has_id, self.has_type) = (false, false);
                    next += 1;
                }
                Field::Data => {
                    self.tell_data(records);
                    self.data = Some((from, to));
                    self.has_data = true;
                    self.held += units;
                }
                Field::Event => {
                    self.tell(What::Type, from, to, records);
                    self.has_type = true;
                }
                Field::Id | Field::Retry => {
                    self.tell(What::Id, from, to, records);
                    self.has_id = true;
                }
            }
        }
        self.at = shift.wrapping_add(next as u32);
        self.line = self.at;
        next
    }
}
