//! A page that reads a stream: what `src/shell/event_stream.js` does with records and text, and the decoder beside it.
//!
//! Owns the strings; must not know the grammar.

use crate::reference::{Said, decoded};
use everwire::wire::sse::{MOST, Record, Records, Sse, What};

/// When a decoder gives what it could give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoder {
    AtOnce,
    /// Of what a chunk ends with, what is not ASCII comes with the next.
    Late,
}

/// What a page hears of the chunks.
pub(crate) fn heard<'a>(chunks: impl Iterator<Item = &'a [u8]>, limit: u32, decoder: Decoder) -> Vec<Said> {
    let mut page = Page::default();
    let mut sse = Sse::new(limit);
    let mut stream = Vec::new();
    let mut records = Records::default();
    let (mut given, mut lag) = (0, 0);
    for chunk in chunks {
        stream.extend_from_slice(chunk);
        let all: Vec<u16> = decoded(&stream).encode_utf16().collect();
        let late = match decoder {
            Decoder::AtOnce => 0,
            Decoder::Late => all[given..].iter().rev().take_while(|unit| **unit >= 0x80).count(),
        };
        let text = &all[given..all.len() - late];
        given += text.len();
        sse.begin(lag);
        let mut left = chunk;
        loop {
            let taken = sse.scan(left, &mut records);
            left = &left[taken..];
            let found = records.found();
            assert!(!found.is_empty() && found.len() < MOST, "{} records", found.len());
            for record in found {
                page.take(*record, text);
            }
            if let Some(Record { what: What::End, from, .. }) = found.last() {
                lag = from.cast_signed() - text.len() as i32;
                break;
            }
        }
        assert!(left.is_empty(), "a chunk is taken as a whole");
        if page.said.last() == Some(&Said::TooLong) {
            break;
        }
    }
    page.said
}

#[derive(Default)]
struct Page {
    said: Vec<Said>,
    part: String,
    data: Option<String>,
    kind: String,
    id: String,
}

impl Page {
    fn take(&mut self, Record { what, from, to }: Record, text: &[u16]) {
        match what {
            What::Part => self.part += &slice(text, from, u32::MAX),
            What::Data => self.add(text, from, to),
            What::Type => self.kind = self.value(text, from, to),
            What::Id => self.id = self.value(text, from, to),
            What::Event => {
                self.add(text, from, to);
                self.dispatch();
            }
            What::Dispatch => self.dispatch(),
            What::Commit => {
                self.kind.clear();
                self.said.push(Said::Id(self.id.clone()));
            }
            What::Clear => self.kind.clear(),
            What::Forget => self.part.clear(),
            What::Retry => self.said.push(Said::Retry(from)),
            What::Comment => self.said.push(Said::Comment),
            What::TooLong => self.said.push(Said::TooLong),
            What::End => {}
        }
    }

    fn value(&mut self, text: &[u16], from: u32, to: u32) -> String {
        std::mem::take(&mut self.part) + &slice(text, from, to)
    }

    fn add(&mut self, text: &[u16], from: u32, to: u32) {
        let value = self.value(text, from, to);
        self.data = Some(self.data.take().map_or_else(|| value.clone(), |data| data + "\n" + &value));
    }

    fn dispatch(&mut self) {
        let kind = std::mem::take(&mut self.kind);
        let kind = if kind.is_empty() { "message".to_owned() } else { kind };
        let data = self.data.take().expect("data");
        self.said.push(Said::Event(kind, data, self.id.clone()));
    }
}

/// As JavaScript does it: what is outside is not there.
fn slice(text: &[u16], from: u32, to: u32) -> String {
    let to = text.len().min(to as usize);
    let from = to.min(from as usize);
    String::from_utf16(&text[from..to]).expect("no character is cut")
}
