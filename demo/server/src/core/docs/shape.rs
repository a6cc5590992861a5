//! What an update is made of, looked at before it is read in earnest.
//!
//! Owns what `yrs` reads and undoes by recursion, and how far that may go: a stack that overflows ends the process, and
//! no panic says so before. Must not know what an update changes.

use super::frame::{Malformed, Reader};

/// Arrays and objects in each other, in one value. More no editor makes.
const DEEP: usize = 128;

/// Walks over an update; returns how many types (texts, lists, elements) it makes, which may lie in each other.
///
/// # Errors
/// [`Malformed`]: it is none, or a value in it goes too deep, or says that it has more than there can be.
pub fn types_of(update: &[u8]) -> Result<u64, Malformed> {
    let mut walk = Walk(Reader(update));
    let mut types = 0;
    for _ in 0..walk.count()? {
        let blocks = walk.count()?;
        walk.id()?;
        for _ in 0..blocks {
            types += u64::from(walk.block()?);
        }
    }
    Ok(types)
}

struct Walk<'a>(Reader<'a>);

impl Walk<'_> {
    /// Whether it is a type.
    fn block(&mut self) -> Result<bool, Malformed> {
        let info = self.byte()?;
        if matches!(info, 0 | 10) {
            // What is gone, and what is left out.
            self.0.number()?;
            return Ok(false);
        }
        let (after, before) = (info & 0x80 != 0, info & 0x40 != 0);
        for _ in 0..u8::from(after) + u8::from(before) {
            self.id()?;
        }
        if !after && !before {
            if self.0.number()? == 1 {
                self.skip()?
            } else {
                self.id()?
            }
            if info & 0x20 != 0 {
                self.skip()?;
            }
        }
        let content = info & 0x0f;
        match content {
            1 => drop(self.0.number()?),
            // JSON as Yjs wrote it years ago, of which `yrs` reads one value too many.
            2 => return Err(Malformed),
            3..=5 => self.skip()?,
            6 => {
                self.skip()?;
                self.skip()?;
            }
            7 => match self.byte()? {
                3 => self.skip()?,
                // Of which `yrs` leaves out the name.
                5 => return Err(Malformed),
                _ => {}
            },
            8 => {
                let count = self.count()?;
                self.values(count)?;
            }
            9 => {
                self.skip()?;
                self.values(1)?;
            }
            _ => return Err(Malformed),
        }
        Ok(content == 7)
    }

    /// Values, and what is in them.
    fn values(&mut self, count: u64) -> Result<(), Malformed> {
        // What is left to read at each depth, and whether it has keys.
        let mut open = vec![(count, false)];
        while let Some((left, keyed)) = open.last_mut() {
            if *left == 0 {
                open.pop();
                continue;
            }
            *left -= 1;
            if *keyed {
                self.skip()?;
            }
            match self.byte()? {
                126 | 127 | 121 | 120 => {}
                125 => while self.byte()? & 0x80 != 0 {},
                124 => self.bytes(4)?,
                122 | 123 => self.bytes(8)?,
                119 | 116 => self.skip()?,
                tag @ (117 | 118) if open.len() <= DEEP => open.push((self.count()?, tag == 118)),
                _ => return Err(Malformed),
            }
        }
        Ok(())
    }

    /// How many follow; each takes a byte at least.
    fn count(&mut self) -> Result<u64, Malformed> {
        let count = self.0.number()?;
        if count > self.0.0.len() as u64 { Err(Malformed) } else { Ok(count) }
    }

    fn id(&mut self) -> Result<(), Malformed> {
        self.0.number()?;
        self.0.number().map(drop)
    }

    fn skip(&mut self) -> Result<(), Malformed> {
        self.0.bytes().map(drop)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        let (byte, rest) = self.0.0.split_first().ok_or(Malformed)?;
        self.0.0 = rest;
        Ok(*byte)
    }

    fn bytes(&mut self, count: usize) -> Result<(), Malformed> {
        self.0.0 = self.0.0.get(count..).ok_or(Malformed)?;
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use yrs::{
        Any, Array, ArrayPrelim, Doc, Map, MapPrelim, ReadTxn, StateVector, Text, Transact, XmlElementPrelim,
        XmlFragment,
    };

    /// Something of everything.
    pub(in super::super) fn rich() -> Vec<u8> {
        let doc = Doc::with_client_id(7);
        let (text, list) = (doc.get_or_insert_text("t"), doc.get_or_insert_array("a"));
        let (map, page) = (doc.get_or_insert_map("m"), doc.get_or_insert_xml_fragment("x"));
        let mut transaction = doc.transact_mut();
        text.insert(&mut transaction, 0, "hauvu");
        text.insert_with_attributes(&mut transaction, 2, "bold", [("b".into(), Any::from(true))].into());
        text.insert_embed(&mut transaction, 1, Any::from("picture"));
        text.remove_range(&mut transaction, 0, 1);
        let values = [
            Any::Null,
            Any::from(7),
            Any::from(0.5),
            Any::from(1.1),
            Any::from(1_i64 << 40),
            Any::from(vec![0_u8, 255]),
        ];
        list.insert_range(&mut transaction, 0, values);
        map.insert(&mut transaction, "k", Any::from_json(r#"{"a":[1,{"b":[]}],"c":"vu"}"#).expect("json"));
        map.insert(&mut transaction, "list", ArrayPrelim::default());
        list.push_back(&mut transaction, MapPrelim::default());
        page.push_back(&mut transaction, XmlElementPrelim::empty("p"));
        drop(transaction);
        doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    #[test]
    fn what_clients_make_is_walked_over() {
        assert_eq!(types_of(&rich()), Ok(3));
        assert_eq!(types_of(&rich()[..20]), Err(Malformed));
    }

    #[test]
    fn what_goes_too_deep_is_none() {
        let nested = |depth: usize| {
            let mut update = vec![1, 1, 1, 0, 8, 1, 1, b't', 1];
            update.extend([117, 1].repeat(depth));
            update.extend([126, 0]);
            update
        };
        assert_eq!(types_of(&nested(DEEP)), Ok(0));
        assert_eq!(types_of(&nested(DEEP + 1)), Err(Malformed));
        assert_eq!(types_of(&nested(1_000_000)), Err(Malformed));
        assert_eq!(types_of(&[1, 1, 1, 0, 8, 1, 1, b't', 1, 118, 0xff, 0xff, 0xff, 0x7f, 0]), Err(Malformed));
    }
}
