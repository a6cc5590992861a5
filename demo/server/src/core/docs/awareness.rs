//! Who is at a document, and what they say of themselves.
//!
//! Owns the table of people; must not know who is told. Clients count what they say: of one of them, what counts higher
//! is newer. What is remembered of who left keeps an echo from bringing a ghost back.

use super::{
    frame::{Malformed, Reader, put_number},
    terms::Terms,
};
use serde::de::IgnoredAny;
use std::collections::{BTreeMap, BTreeSet};

/// People that are remembered after they left.
const GONE: usize = 1_000;

/// People in one frame.
const AT_ONCE: u64 = 1_000;

/// Who said something: a connection of this process, or another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A connection.
    Here(u64),
    /// Another process has the connection.
    Elsewhere,
}

#[derive(Clone, Debug)]
struct Member {
    clock: u64,
    /// Nothing of who left.
    state: Option<String>,
    source: Source,
    heard: u64,
}

/// The people at one document.
#[derive(Clone, Debug, Default)]
pub struct Roster {
    members: BTreeMap<u64, Member>,
    /// Whom each connection is there for: the first that it told of.
    selves: BTreeMap<u64, u64>,
    bytes: usize,
    present: usize,
}

/// Why people are not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It makes no sense.
    Malformed,
    /// They are too many, or say too much.
    Full,
}

impl From<Malformed> for NotTaken {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl Roster {
    /// Takes in what `source` says; returns who changed or was renewed.
    ///
    /// # Errors
    /// [`NotTaken`]; then nothing was.
    pub fn take(&mut self, source: Source, bytes: &[u8], terms: &Terms, mono: u64) -> Result<Vec<u64>, NotTaken> {
        let entries = read(bytes)?;
        if let (Source::Here(conn), Some((client, ..))) = (source, entries.first()) {
            self.selves.entry(conn).or_insert(*client);
        }
        let own = if let Source::Here(conn) = source { self.selves.get(&conn).copied() } else { None };
        let newer: Vec<_> = entries
            .into_iter()
            .filter(|(client, clock, state)| {
                self.members.get(client).is_none_or(|known| match (&known.state, state) {
                    _ if known.clock != *clock => known.clock < *clock,
                    // It left, by the same count.
                    (Some(_), None) => true,
                    // Who was lost and is back does not always count on.
                    (None, Some(_)) => own == Some(*client),
                    _ => false,
                })
            })
            .collect();
        let more: usize = newer.iter().filter_map(|(_, _, state)| state.map(str::len)).sum();
        // What somebody says takes the place of what they said before; whoever is named twice said that once.
        let renewed: BTreeSet<_> = newer.iter().map(|(client, ..)| client).collect();
        let states = renewed.into_iter().filter_map(|client| self.members.get(client)?.state.as_ref());
        let less: usize = states.map(String::len).sum();
        let joining = newer.iter().filter(|(client, _, state)| state.is_some() && !self.is_present(*client)).count();
        if self.bytes + more - less > terms.states || self.present + joining > terms.people {
            return Err(NotTaken::Full);
        }
        for (client, clock, state) in &newer {
            self.put(*client, Member { clock: *clock, state: state.map(str::to_owned), source, heard: mono });
        }
        self.bound_the_gone();
        Ok(newer.into_iter().map(|(client, ..)| client).collect())
    }

    /// A connection ended; returns who left with it.
    pub fn leave(&mut self, conn: u64) -> Vec<u64> {
        self.selves.remove(&conn);
        self.end(|member| member.source == Source::Here(conn))
    }

    /// Ends who has said nothing since `before`; returns them.
    pub fn expire(&mut self, before: u64) -> Vec<u64> {
        self.end(|member| member.heard < before)
    }

    /// Everybody who is there.
    #[must_use]
    pub fn present(&self) -> Vec<u64> {
        self.members.iter().filter(|(_, member)| member.state.is_some()).map(|(client, _)| *client).collect()
    }

    /// Everybody who is known, those who left among them.
    #[must_use]
    pub fn known(&self) -> Vec<u64> {
        self.members.keys().copied().collect()
    }

    /// Those who are there and whose connection is here.
    #[must_use]
    pub fn here(&self) -> Vec<u64> {
        let here = |client: &u64| self.members.get(client).is_some_and(|member| member.source != Source::Elsewhere);
        self.present().into_iter().filter(here).collect()
    }

    /// What is known of `clients`, as it is said.
    #[must_use]
    pub fn tell(&self, clients: &[u64]) -> Vec<u8> {
        let known: Vec<_> =
            clients.iter().filter_map(|client| self.members.get(client).map(|member| (*client, member))).collect();
        let mut bytes = Vec::new();
        put_number(&mut bytes, known.len() as u64);
        for (client, Member { clock, state, .. }) in known {
            let state = state.as_deref().unwrap_or("null");
            put_number(&mut bytes, client);
            put_number(&mut bytes, *clock);
            put_number(&mut bytes, state.len() as u64);
            bytes.extend(state.as_bytes());
        }
        bytes
    }

    fn is_present(&self, client: u64) -> bool {
        self.members.get(&client).is_some_and(|member| member.state.is_some())
    }

    fn end(&mut self, ends: impl Fn(&Member) -> bool) -> Vec<u64> {
        let ended: Vec<_> =
            self.present().into_iter().filter(|client| self.members.get(client).is_some_and(&ends)).collect();
        for client in &ended {
            if let Some(member) = self.members.get(client).cloned() {
                self.put(*client, Member { state: None, ..member });
            }
        }
        ended
    }

    fn put(&mut self, client: u64, member: Member) {
        self.bytes += member.state.as_ref().map_or(0, String::len);
        self.present += usize::from(member.state.is_some());
        if let Some(Member { state: Some(state), .. }) = self.members.insert(client, member) {
            self.bytes -= state.len();
            self.present -= 1;
        }
    }

    fn bound_the_gone(&mut self) {
        while self.members.len() - self.present > GONE {
            let gone = self.members.iter().filter(|(_, member)| member.state.is_none());
            let Some(oldest) = gone.min_by_key(|(_, member)| member.heard).map(|(client, _)| *client) else { return };
            self.members.remove(&oldest);
        }
    }
}

type Entry<'a> = (u64, u64, Option<&'a str>);

/// Client, count and state of each. A state has to be JSON: who is told of it may not look before it reads.
fn read(bytes: &[u8]) -> Result<Vec<Entry<'_>>, NotTaken> {
    let mut reader = Reader(bytes);
    let count = reader.number()?;
    if count > AT_ONCE {
        return Err(NotTaken::Full);
    }
    let mut entries = Vec::new();
    for _ in 0..count {
        let (client, clock, state) = (reader.number()?, reader.number()?, reader.text()?);
        serde_json::from_str::<IgnoredAny>(state).map_err(|_| Malformed)?;
        entries.push((client, clock, (state.trim() != "null").then_some(state)));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(entries: &[(u64, u64, &str)]) -> Vec<u8> {
        let mut bytes = vec![u8::try_from(entries.len()).expect("few")];
        for (client, clock, state) in entries {
            put_number(&mut bytes, *client);
            put_number(&mut bytes, *clock);
            put_number(&mut bytes, state.len() as u64);
            bytes.extend(state.as_bytes());
        }
        bytes
    }

    fn take(roster: &mut Roster, conn: u64, entries: &[(u64, u64, &str)]) -> Result<Vec<u64>, NotTaken> {
        roster.take(Source::Here(conn), &said(entries), &Terms::default(), 0)
    }

    #[test]
    fn only_what_is_newer_counts_and_who_leaves_leaves_with_the_connection() {
        let mut roster = Roster::default();
        assert_eq!(take(&mut roster, 1, &[(7, 2, r#"{"name":"a"}"#)]), Ok(vec![7]));
        assert_eq!(take(&mut roster, 1, &[(7, 1, r#"{"name":"b"}"#)]), Ok(vec![]));
        assert_eq!(roster.tell(&[7]), said(&[(7, 2, r#"{"name":"a"}"#)]));
        assert_eq!(roster.leave(1), [7]);
        assert_eq!(roster.tell(&[7]), said(&[(7, 2, "null")]));
        assert!(roster.present().is_empty());
    }

    #[test]
    fn an_echo_of_who_left_brings_no_ghost_and_a_return_by_the_same_count_is_one() {
        let mut roster = Roster::default();
        assert_eq!(take(&mut roster, 1, &[(7, 2, "{}")]), Ok(vec![7]));
        assert_eq!(take(&mut roster, 2, &[(8, 0, "{}")]), Ok(vec![8]));
        assert_eq!(roster.leave(1), [7]);
        assert_eq!(take(&mut roster, 2, &[(7, 2, "{}")]), Ok(vec![]));
        assert_eq!(take(&mut roster, 3, &[(7, 2, "{}")]), Ok(vec![7]));
    }

    #[test]
    fn who_is_on_another_connection_already_does_not_leave_with_the_old_one() {
        let mut roster = Roster::default();
        assert_eq!(take(&mut roster, 1, &[(7, 2, "{}")]), Ok(vec![7]));
        assert_eq!(take(&mut roster, 2, &[(7, 3, "{}")]), Ok(vec![7]));
        assert!(roster.leave(1).is_empty());
    }

    #[test]
    fn silence_ends_and_what_is_remembered_is_bounded() {
        let mut roster = Roster::default();
        for client in 0..3_000 {
            assert_eq!(take(&mut roster, client, &[(client, 0, "{}")]), Ok(vec![client]));
            assert_eq!(roster.leave(client), [client]);
        }
        assert!(roster.members.len() <= GONE + 1);
        assert_eq!(take(&mut roster, 1, &[(9_999, 0, "{}")]), Ok(vec![9_999]));
        assert!(roster.expire(0).is_empty());
        assert_eq!(roster.expire(1), [9_999]);
        assert_eq!((roster.bytes, roster.present), (0, 0));
    }

    #[test]
    fn what_is_no_json_or_too_much_is_not_taken() {
        let mut roster = Roster::default();
        for bytes in [&[][..], &[1], &[1, 7], &[1, 7, 0, 1, b'{'], &[1, 7, 0, 1, 0xff]] {
            assert_eq!(
                roster.take(Source::Here(1), bytes, &Terms::default(), 0),
                Err(NotTaken::Malformed),
                "{bytes:?}"
            );
        }
        let terms = Terms { people: 1, states: 10, ..Terms::default() };
        let mut take = |entries: &[(u64, u64, &str)]| roster.take(Source::Here(1), &said(entries), &terms, 0);
        assert_eq!(take(&[(1, 0, "{}"), (2, 0, "{}")]), Err(NotTaken::Full));
        assert_eq!(take(&[(1, 0, "\"0123456789\"")]), Err(NotTaken::Full));
        assert_eq!(take(&[(1, 0, "\"123456\"")]), Ok(vec![1]));
        assert_eq!(take(&[(1, 1, "\"123456\"")]), Ok(vec![1]), "a renewal takes no more room");
        assert_eq!(take(&[(1, 2, "\"123\""), (1, 3, "\"12345678\"")]), Err(NotTaken::Full));
    }
}
