//! One document, as the updates so far make it.
//!
//! Owns the tree of the CRDT; must not know where updates come from. The crate is `yrs`, kept by Yjs' own people: it makes of
//! the same updates what Yjs does. What it reads comes from a network, so its panics are caught, and whatever went wrong
//! half way is made anew by who has the updates.

use super::frame::Reader;
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use yrs::{
    ClientID, Doc, Options, ReadTxn, StateVector, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

/// A document.
pub struct Document {
    doc: Doc,
    changed: Arc<AtomicBool>,
}

/// An update or a state vector that is none; the document may be half changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoUpdate;

impl Document {
    /// The empty document.
    ///
    /// # Errors
    /// [`NoUpdate`], never.
    pub fn new() -> Result<Self, NoUpdate> {
        // It writes nothing, so it needs no name of its own; and what others wrote it does not tidy.
        let options =
            Options { guid: "".into(), cleanup_formatting: false, ..Options::with_client_id(ClientID::new(1)) };
        let doc = Doc::with_options(options);
        let changed = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&changed);
        doc.observe_update_v1("kept", move |_, _| seen.store(true, Ordering::Relaxed)).map_err(|_| NoUpdate)?;
        Ok(Self { doc, changed })
    }

    /// Takes an update in. Whether it is worth keeping: what is there already is not.
    ///
    /// # Errors
    /// [`NoUpdate`].
    pub fn apply(&self, update: &[u8]) -> Result<bool, NoUpdate> {
        self.changed.store(false, Ordering::Relaxed);
        let waiting = guarded(update, || {
            let update = Update::decode_v1(update).map_err(|_| NoUpdate)?;
            self.doc.transact_mut().apply_update(update).map_err(|_| NoUpdate)?;
            let transaction = self.doc.transact();
            let store = transaction.store();
            Ok(store.pending_update().is_some() || store.pending_ds().is_some())
        })?;
        // What waits for something that comes before it is said to have changed nothing.
        Ok(waiting || self.changed.load(Ordering::Relaxed))
    }

    /// What is there, as a state vector.
    ///
    /// # Errors
    /// [`NoUpdate`].
    pub fn vector(&self) -> Result<Vec<u8>, NoUpdate> {
        guarded(&[0], || Ok(self.doc.transact().state_vector().encode_v1()))
    }

    /// What who has `vector` does not have; of an empty one, everything.
    ///
    /// # Errors
    /// [`NoUpdate`].
    pub fn since(&self, vector: &[u8]) -> Result<Vec<u8>, NoUpdate> {
        guarded(vector, || {
            let vector = StateVector::decode_v1(vector).map_err(|_| NoUpdate)?;
            Ok(self.doc.transact().encode_state_as_update_v1(&vector))
        })
    }

    /// Everything, as one update.
    ///
    /// # Errors
    /// [`NoUpdate`].
    pub fn whole(&self) -> Result<Vec<u8>, NoUpdate> {
        self.since(&[0])
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").finish_non_exhaustive()
    }
}

/// Does what reads `bytes`. They begin with how many clients there are in them, for which room is made before they are read.
fn guarded<T>(bytes: &[u8], act: impl FnOnce() -> Result<T, NoUpdate>) -> Result<T, NoUpdate> {
    let count = Reader(bytes).number().map_err(|_| NoUpdate)?;
    if count > bytes.len() as u64 {
        return Err(NoUpdate);
    }
    catch_unwind(AssertUnwindSafe(act)).unwrap_or(Err(NoUpdate))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use yrs::{GetString, Text};

    /// Somebody types; the updates, one for each letter.
    fn typed(client: u64, letters: &str) -> Vec<Vec<u8>> {
        let doc = Doc::with_client_id(client);
        let text = doc.get_or_insert_text("t");
        let update = |(place, letter): (usize, char)| {
            let mut transaction = doc.transact_mut();
            text.insert(&mut transaction, u32::try_from(place).expect("short"), &letter.to_string());
            transaction.encode_update_v1()
        };
        letters.chars().enumerate().map(update).collect()
    }

    fn text(update: &[u8]) -> String {
        let doc = Doc::new();
        let text = doc.get_or_insert_text("t");
        doc.transact_mut().apply_update(Update::decode_v1(update).expect("an update")).expect("applied");
        text.get_string(&doc.transact())
    }

    #[test]
    fn what_is_there_already_is_not_worth_keeping() {
        let document = Document::new().expect("new");
        let update = &typed(1, "a")[0];
        assert_eq!(document.apply(update), Ok(true));
        assert_eq!(document.apply(update), Ok(false));
        assert_eq!(document.apply(&document.whole().expect("whole")), Ok(false));
        assert_eq!(text(&document.whole().expect("whole")), "a");
    }

    #[test]
    fn an_update_that_waits_for_another_is_kept_and_told_on() {
        let document = Document::new().expect("new");
        let updates = typed(1, "ab");
        assert_eq!(document.apply(&updates[1]), Ok(true));
        let kept = Document::new().expect("new");
        assert_eq!(kept.apply(&document.whole().expect("whole")), Ok(true));
        assert_eq!(kept.apply(&updates[0]), Ok(true));
        assert_eq!(text(&kept.whole().expect("whole")), "ab");
    }

    #[test]
    fn of_what_somebody_has_only_the_rest_is_told() {
        let document = Document::new().expect("new");
        for update in typed(1, "ab") {
            document.apply(&update).expect("applied");
        }
        let vector = document.vector().expect("a vector");
        for update in typed(2, "c") {
            document.apply(&update).expect("applied");
        }
        assert!(document.since(&vector).expect("the rest").len() < document.whole().expect("whole").len());
        assert_eq!(document.since(&[0xff]), Err(NoUpdate));
        let many = [0xff, 0xff, 0xff, 0x7f, 1, 1];
        assert_eq!((document.since(&many), document.apply(&many)), (Err(NoUpdate), Err(NoUpdate)));
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let document = Document::new().expect("new");
            let _ = document.apply(&bytes);
            let _ = document.since(&bytes);
            let _ = document.whole();
        }

        #[test]
        fn an_update_with_a_wrong_byte_harms_nobody_else(place in 0..40_usize, byte in any::<u8>()) {
            let document = Document::new().expect("new");
            let mut update = typed(1, "hello")[0].clone();
            if let Some(at) = update.get_mut(place) { *at = byte; }
            let _ = document.apply(&update);
            let _ = document.whole();
        }
    }
}
