//! One document, as the updates so far make it.
//!
//! Owns the tree of the CRDT; must not know where updates come from. The crate is `yrs`, kept by Yjs' own people: it makes of
//! the same updates what Yjs does. What it reads comes from a network, so its panics are caught, and whatever went wrong
//! half way is made anew by who has the updates.

use super::{frame::Reader, shape::types_of};
use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};
use yrs::{
    ClientID, Doc, Options, ReadTxn, StateVector, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

/// Types in each other whose end every stack has room for.
const SHALLOW: u64 = 200;
/// Types of a document; and what one takes of a stack, where they all lie in each other and end at once.
const TYPES: u64 = 100_000;
const STACK: usize = 2 << 10;

/// A document.
pub struct Document {
    doc: Doc,
    changed: Arc<AtomicBool>,
    /// Types in it, at most.
    types: AtomicU64,
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
        Ok(Self { doc, changed, types: AtomicU64::new(0) })
    }

    /// Takes an update in. Whether it is worth keeping: what is there already is not.
    ///
    /// # Errors
    /// [`NoUpdate`].
    pub fn apply(&self, update: &[u8]) -> Result<bool, NoUpdate> {
        self.changed.store(false, Ordering::Relaxed);
        let more = types_of(update).map_err(|_| NoUpdate)?;
        let mut types = self.types.load(Ordering::Relaxed) + more;
        if types > TYPES {
            // What was counted is what came: some of it was there before.
            types = types_of(&self.whole()?).map_err(|_| NoUpdate)? + more;
        }
        if types > TYPES {
            return Err(NoUpdate);
        }
        self.types.store(types, Ordering::Relaxed);
        let waiting = with_room(types, update, || {
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

/// Does what reads `bytes`, on a stack on which so many types may end that lie in each other: each ends those in it.
fn with_room<T: Send>(
    types: u64,
    bytes: &[u8],
    act: impl FnOnce() -> Result<T, NoUpdate> + Send,
) -> Result<T, NoUpdate> {
    if types <= SHALLOW {
        return guarded(bytes, act);
    }
    let stack = usize::try_from(types).unwrap_or(usize::MAX).saturating_mul(STACK).max(2 << 20);
    thread::scope(|scope| {
        let done = thread::Builder::new().stack_size(stack).spawn_scoped(scope, || guarded(bytes, act));
        done.map_err(|_| NoUpdate)?.join().unwrap_or(Err(NoUpdate))
    })
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
    use super::{
        super::{frame::put_number, shape::tests::rich},
        *,
    };
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

    /// Lists in each other, and in the same update the end of the outermost.
    fn nested(depth: u64) -> Vec<u8> {
        let mut update = vec![1];
        put_number(&mut update, depth);
        update.extend([1, 0, 7, 1, 1, b't', 0]);
        for clock in 0..depth - 1 {
            update.extend([7, 0, 1]);
            put_number(&mut update, clock);
            update.push(0);
        }
        update.extend([1, 1, 1, 0, 1]);
        update
    }

    #[test]
    fn no_value_goes_so_deep_that_it_ends_the_process() {
        let document = Document::new().expect("new");
        let mut value = vec![1, 1, 1, 0, 8, 1, 1, b't', 1];
        value.extend([117, 1].repeat(1 << 20));
        value.extend([126, 0]);
        assert_eq!(document.apply(&value), Err(NoUpdate));
    }

    #[test]
    fn no_types_lie_so_deep_in_each_other_that_their_end_is_that_of_the_process() {
        let document = Document::new().expect("new");
        assert_eq!(document.apply(&nested(90_000)), Ok(true));
        assert_eq!(Document::new().expect("new").apply(&nested(TYPES + 1)), Err(NoUpdate));
        // The same over again are no more.
        let document = Document::new().expect("new");
        for _ in 0..3 {
            document.apply(&nested(60_000)).expect("applied");
        }
        assert!(document.whole().expect("whole").len() < 1_000);
    }

    proptest! {
        #[test]
        fn what_is_wrong_in_an_update_harms_nobody_else(wrong in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
            let document = Document::new().expect("new");
            document.apply(&typed(1, "hello")[0]).expect("applied");
            let mut update = rich();
            for (place, byte) in wrong {
                let at = usize::from(place) % update.len();
                update[at] = byte;
            }
            let _ = document.apply(&update);
            let _ = (document.vector(), document.whole(), document.apply(&rich()));
        }

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
