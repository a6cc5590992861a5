//! Who may start a stream, and who may look on.
//!
//! Owns the counts and rates of one process; must not know what is started. A client is the cookie of a browser; programs
//! that keep none are one client together.

use super::terms::Terms;
use crate::core::bucket::Bucket;
use std::collections::{BTreeMap, VecDeque};

/// Clients whose rate is remembered. Of more, those who are at rest are forgotten.
const CLIENTS: usize = 10_000;
/// What it costs to keep a stream, beside what its events say, and each of them, in bytes.
const STREAM: usize = 1_024;
const EVENT: usize = 96;

/// Who is here.
#[derive(Debug, Default)]
pub struct Admission {
    clients: BTreeMap<String, Client>,
    streams: usize,
    /// What is over and still kept: until when, and its bytes; and the bytes of all.
    over: VecDeque<(u64, usize)>,
    kept: usize,
    viewers: BTreeMap<String, usize>,
    watching: usize,
}

#[derive(Debug)]
struct Client {
    streams: usize,
    bucket: Bucket,
}

/// Why not, and after how many milliseconds it may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The process has as much as it takes.
    Full(u64),
    /// This client, or this stream, has as much as it may.
    TooMany(u64),
    /// This client is too quick.
    TooFast(u64),
}

/// After which time a place may be free.
const LATER: u64 = 5_000;

impl Admission {
    /// A client wants to start a stream.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn start(&mut self, client: &str, mono: u64, terms: &Terms) -> Result<(), Denied> {
        while let Some((_, bytes)) = self.over.pop_front_if(|(until, _)| *until <= mono) {
            self.kept -= bytes;
        }
        if self.streams >= terms.streams || self.kept >= terms.kept {
            return Err(Denied::Full(LATER));
        }
        if !self.clients.contains_key(client) && self.clients.len() >= CLIENTS {
            self.clients.retain(|_, known| known.streams > 0);
            if self.clients.len() >= CLIENTS {
                return Err(Denied::Full(LATER));
            }
        }
        let fresh = || Client { streams: 0, bucket: Bucket::new(terms.burst, terms.rate, mono) };
        let known = self.clients.entry(client.to_owned()).or_insert_with(fresh);
        if known.streams >= terms.per_client {
            return Err(Denied::TooMany(LATER));
        }
        known.bucket.take(mono, 1).map_err(Denied::TooFast)?;
        known.streams += 1;
        self.streams += 1;
        Ok(())
    }

    /// A stream of so many events and bytes is over, and kept for a while.
    pub fn keep(&mut self, events: usize, bytes: usize, mono: u64, terms: &Terms) {
        let cost = STREAM + events * EVENT + bytes;
        self.over.push_back((mono.saturating_add(terms.keep), cost));
        self.kept += cost;
    }

    /// A client has one stream less.
    pub fn ended(&mut self, client: &str) {
        if let Some(known) = self.clients.get_mut(client) {
            known.streams = known.streams.saturating_sub(1);
        }
        self.streams = self.streams.saturating_sub(1);
    }

    /// Somebody wants to look on.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn watch(&mut self, stream: &str, terms: &Terms) -> Result<(), Denied> {
        if self.watching >= terms.viewers {
            return Err(Denied::Full(LATER));
        }
        let here = self.viewers.entry(stream.to_owned()).or_default();
        if *here >= terms.per_stream {
            return Err(Denied::TooMany(LATER));
        }
        *here += 1;
        self.watching += 1;
        Ok(())
    }

    /// Somebody looks away.
    pub fn left(&mut self, stream: &str) {
        if let Some(here) = self.viewers.get_mut(stream) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                self.viewers.remove(stream);
            }
            self.watching = self.watching.saturating_sub(1);
        }
    }

    /// Streams that this process makes, and viewers that it has.
    #[must_use]
    pub const fn gauges(&self) -> (usize, usize) {
        (self.streams, self.watching)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_streams_and_others_have_theirs() {
        let terms = Terms { per_client: 2, ..Terms::default() };
        let mut admission = Admission::default();
        assert!(admission.start("a", 0, &terms).is_ok() && admission.start("a", 0, &terms).is_ok());
        assert_eq!(admission.start("a", 0, &terms), Err(Denied::TooMany(LATER)));
        assert!(admission.start("b", 0, &terms).is_ok());
        admission.ended("a");
        assert!(admission.start("a", 0, &terms).is_ok());
        assert_eq!(admission.gauges().0, 3);
    }

    #[test]
    fn one_who_is_too_quick_is_told_when_to_come_back() {
        let terms = Terms { burst: 2, rate: 2, ..Terms::default() };
        let mut admission = Admission::default();
        for _ in 0..2 {
            admission.start("a", 0, &terms).expect("admitted");
            admission.ended("a");
        }
        assert_eq!(admission.start("a", 0, &terms), Err(Denied::TooFast(500)));
        assert!(admission.start("a", 500, &terms).is_ok());
    }

    #[test]
    fn viewers_are_counted_apart_and_a_process_has_an_end() {
        let terms = Terms { viewers: 3, per_stream: 2, streams: 1, ..Terms::default() };
        let mut admission = Admission::default();
        assert!(admission.watch("x", &terms).is_ok() && admission.watch("x", &terms).is_ok());
        assert_eq!(admission.watch("x", &terms), Err(Denied::TooMany(LATER)));
        assert!(admission.watch("y", &terms).is_ok());
        assert_eq!(admission.watch("z", &terms), Err(Denied::Full(LATER)));
        admission.left("x");
        assert_eq!(admission.gauges(), (0, 2));
        assert!(admission.start("a", 0, &terms).is_ok());
        assert_eq!(admission.start("b", 0, &terms), Err(Denied::Full(LATER)));
    }

    #[test]
    fn what_is_over_takes_its_place_until_it_is_forgotten() {
        let terms = Terms { kept: 5_000, keep: 1_000, ..Terms::default() };
        let mut admission = Admission::default();
        for (mono, bytes) in [(0, 1_000), (500, 3_000)] {
            admission.start("a", mono, &terms).expect("admitted");
            admission.ended("a");
            admission.keep(0, bytes, mono, &terms);
        }
        assert_eq!(admission.start("b", 999, &terms), Err(Denied::Full(LATER)), "whoever asks");
        assert!(admission.start("b", 1_000, &terms).is_ok());
        admission.start("b", 1_500, &terms).expect("admitted");
        assert_eq!((admission.kept, admission.over.len()), (0, 0));
    }

    #[test]
    fn clients_at_rest_make_room_for_others() {
        let terms = Terms::default();
        let mut admission = Admission::default();
        for n in 0..CLIENTS + 5 {
            let client = n.to_string();
            admission.start(&client, 0, &terms).expect("admitted");
            admission.ended(&client);
        }
        assert!(admission.clients.len() <= CLIENTS);
    }
}
