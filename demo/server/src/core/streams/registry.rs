//! The streams of one process, in its memory.
//!
//! Owns who is registered, what was said, who is silent and what is left of what is over; must not know who asks. What
//! Redis does for several processes does the same by the same rules (`store/streams/redis.rs`).

use super::{
    record::{Alive, Completion, Ending, Entry, Page, Record, Status},
    terms::Terms,
};
use std::collections::BTreeMap;

/// Events that a reader is given at once.
pub const PAGE: usize = 512;

/// What became of something a producer wants kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// All of it is kept: the number of the last event.
    Kept(u64),
    /// Something before it is missing: the last number that is there.
    Gap(u64),
    /// The stream is over, maybe by this very ending: who said so first is right.
    Over(Status),
    /// The stream is not there.
    Unknown,
}

/// All streams.
#[derive(Debug, Default)]
pub struct Registry {
    streams: BTreeMap<String, Stream>,
}

#[derive(Debug)]
struct Stream {
    record: Record,
    status: Status,
    beat: u64,
    /// Events that were lost with an earlier life of the server.
    before: u64,
    entries: Vec<Entry>,
    /// How it ended, and when.
    over: Option<(Ending, u64)>,
}

impl Registry {
    /// Begins a stream. Whether it did: an identity is given once, and to say the same again is no second time.
    pub fn register(&mut self, record: &Record, now: u64) -> bool {
        if let Some(stream) = self.streams.get(&record.id) {
            return stream.record == *record && stream.status == Status::Active;
        }
        let (record, status, entries) = (record.clone(), Status::Active, Vec::new());
        let stream = Stream { record, status, beat: now, before: 0, entries, over: None };
        self.streams.insert(stream.record.id.clone(), stream);
        true
    }

    /// Keeps `entries`, numbered from `from`, and the ending if the last of them tells it. Numbers that are there are
    /// left as they are. To append nothing is to say that one lives.
    pub fn append(&mut self, id: &str, from: u64, entries: &[Entry], ending: Option<&Ending>, now: u64) -> Appended {
        let Some(stream) = self.streams.get_mut(id) else { return Appended::Unknown };
        if stream.status != Status::Active {
            return Appended::Over(stream.status);
        }
        let head = stream.head();
        if from > head + 1 {
            return Appended::Gap(head);
        }
        stream.beat = now;
        let known = usize::try_from(head + 1 - from).unwrap_or(usize::MAX);
        stream.entries.extend(entries.iter().skip(known).cloned());
        if let Some(ending) = ending {
            stream.end(ending.clone(), now);
        }
        Appended::Kept(stream.head())
    }

    /// What comes after event `after`.
    #[must_use]
    pub fn read(&self, id: &str, after: u64) -> Option<Page> {
        let stream = self.streams.get(id)?;
        let first = after.max(stream.before).saturating_add(1);
        let skipped = usize::try_from(first - 1 - stream.before).unwrap_or(usize::MAX);
        let entries = stream.entries.iter().skip(skipped).take(PAGE).cloned().collect();
        Some(Page { record: stream.record.clone(), status: stream.status, head: stream.head(), first, entries })
    }

    /// How a stream ended.
    #[must_use]
    pub fn completion(&self, id: &str) -> Option<Completion> {
        let stream = self.streams.get(id)?;
        let (ending, _) = stream.over.clone()?;
        Some(Completion { record: stream.record.clone(), ending, head: stream.head() })
    }

    /// The streams that are not over.
    #[must_use]
    pub fn alive(&self) -> Vec<Alive> {
        let active = self.streams.iter().filter(|(_, stream)| stream.status == Status::Active);
        active.map(|(id, stream)| Alive { id: id.clone(), beat: stream.beat }).collect()
    }

    /// Ends a stream in its producer's place, unless that said something after `beat`. Whether it did.
    pub fn orphan(&mut self, id: &str, beat: u64, now: u64) -> bool {
        let Some(stream) = self.streams.get_mut(id) else { return false };
        if stream.status != Status::Active || stream.beat != beat {
            return false;
        }
        let ending = Ending::orphaned();
        stream.entries.push(ending.entry(stream.record.format));
        stream.end(ending, now);
        true
    }

    /// Puts back what is left of a stream that ended in an earlier life of the server: its last event.
    pub fn restore(&mut self, completion: Completion, now: u64) {
        let Completion { record, ending, head } = completion;
        let (status, entries) = (ending.status, vec![ending.entry(record.format)]);
        let (before, over) = (head.saturating_sub(1), Some((ending, now)));
        self.streams.insert(record.id.clone(), Stream { record, status, beat: now, before, entries, over });
    }

    /// Forgets what has been over for long enough; returns whose it was.
    pub fn sweep(&mut self, now: u64, terms: &Terms) -> Vec<String> {
        let over = |stream: &Stream| stream.over.as_ref().is_some_and(|(_, at)| now.saturating_sub(*at) >= terms.keep);
        let gone: Vec<String> = self.streams.iter().filter(|(_, it)| over(it)).map(|(id, _)| id.clone()).collect();
        for id in &gone {
            self.streams.remove(id);
        }
        gone
    }
}

impl Stream {
    fn head(&self) -> u64 {
        self.before + self.entries.len() as u64
    }

    fn end(&mut self, ending: Ending, now: u64) {
        self.status = ending.status;
        self.over = Some((ending, now));
    }
}

/// Who of `alive` has been silent for too long by the storage's clock. One that was heard in the future was heard before
/// that clock was set back.
pub fn silent<'a>(alive: &'a [Alive], now: u64, terms: &Terms) -> impl Iterator<Item = &'a Alive> {
    let stale = terms.stale;
    alive.iter().filter(move |stream| now.abs_diff(stream.beat) >= stale)
}

/// In how many milliseconds to look again: when the one who has been silent for longest would be too silent, at the
/// latest after [`Terms::look`].
#[must_use]
pub fn next_look(alive: &[Alive], now: u64, terms: &Terms) -> u64 {
    let due = |stream: &Alive| stream.beat.saturating_add(terms.stale).saturating_sub(now);
    // One that could not be judged yet is no reason to look without a pause.
    let soonest = (terms.look / 10).max(1);
    alive.iter().map(due).min().unwrap_or(terms.look).clamp(soonest, terms.look.max(soonest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::streams::record::Format;
    use proptest::prelude::*;
    use serde_json::json;

    fn record(id: &str) -> Record {
        let text = |name: &str| format!("{name}-{id}");
        Record {
            id: id.into(),
            token: text("token"),
            client: text("client"),
            work: "answer".into(),
            format: Format::Events,
            node: "n".into(),
        }
    }

    fn entries(numbers: std::ops::RangeInclusive<u64>) -> Vec<Entry> {
        numbers.map(|n| Entry::new("delta", n.to_string())).collect()
    }

    fn told(registry: &Registry, id: &str, after: u64) -> Vec<String> {
        registry.read(id, after).expect("there").entries.iter().map(|entry| entry.data.to_string()).collect()
    }

    #[test]
    fn an_identity_is_given_once_and_a_repeated_request_is_no_second_time() {
        let mut registry = Registry::default();
        assert!(registry.register(&record("a"), 0) && registry.register(&record("a"), 1));
        assert!(!registry.register(&Record { token: "another".into(), ..record("a") }, 1));
        registry.append("a", 1, &entries(1..=1), Some(&Ending::completed(json!(1))), 2);
        assert!(!registry.register(&record("a"), 3), "what is over does not begin again");
    }

    #[test]
    fn what_is_over_takes_nothing_more() {
        let mut registry = Registry::default();
        registry.register(&record("a"), 0);
        assert!(registry.orphan("a", 0, 1));
        assert_eq!(registry.append("a", 1, &entries(1..=3), None, 2), Appended::Over(Status::Orphaned));
        assert!(!registry.orphan("a", 0, 3), "nobody is orphaned twice");
        assert_eq!(registry.read("a", 0).expect("there").head, 1);
        assert_eq!(registry.completion("a").expect("over").ending, Ending::orphaned());
    }

    #[test]
    fn a_producer_that_was_heard_meanwhile_is_no_orphan() {
        let terms = Terms::default();
        let mut registry = Registry::default();
        registry.register(&record("a"), 0);
        let alive = registry.alive();
        assert_eq!(silent(&alive, terms.stale - 1, &terms).count(), 0);
        assert_eq!(silent(&alive, terms.stale, &terms).count(), 1);
        let ahead = [Alive { id: "a".into(), beat: 2 * terms.stale }];
        assert_eq!(silent(&ahead, terms.stale, &terms).count(), 1, "nobody says so while a clock is set back");
        assert_eq!(silent(&ahead, terms.stale + 1, &terms).count(), 0, "a clock is slowed at most");
        assert_eq!(registry.append("a", 1, &[], None, terms.stale), Appended::Kept(0));
        assert!(!registry.orphan("a", 0, terms.stale));
    }

    #[test]
    fn the_guardian_looks_when_somebody_is_due_and_every_half_minute() {
        let terms = Terms::default();
        let alive = |beat| Alive { id: "a".into(), beat };
        assert_eq!(next_look(&[], 0, &terms), 30_000);
        assert_eq!(next_look(&[alive(5_000), alive(8_000)], 9_000, &terms), 26_000);
        assert_eq!(next_look(&[alive(0)], 90_000, &terms), 3_000, "one that could not be judged is no reason to spin");
        assert_eq!(next_look(&[alive(9_000)], 0, &terms), 30_000);
    }

    #[test]
    fn work_that_nobody_watches_is_no_orphan_while_its_producer_beats() {
        let terms = Terms::default();
        let mut registry = Registry::default();
        registry.register(&record("a"), 0);
        for n in 1..=360 {
            registry.append("a", 1, &[], None, n * terms.beat);
            assert_eq!(silent(&registry.alive(), n * terms.beat, &terms).count(), 0);
        }
    }

    #[test]
    fn an_ending_is_kept_for_five_minutes() {
        let terms = Terms::default();
        let mut registry = Registry::default();
        registry.register(&record("a"), 0);
        registry.append("a", 1, &entries(1..=1), Some(&Ending::completed(json!("x"))), 7);
        assert!(registry.sweep(7 + terms.keep - 1, &terms).is_empty());
        assert!(registry.completion("a").is_some());
        assert_eq!(registry.sweep(7 + terms.keep, &terms), ["a"]);
        assert!(registry.completion("a").is_none() && registry.read("a", 0).is_none());
    }

    #[test]
    fn of_an_earlier_life_the_last_event_is_left_under_its_number() {
        let mut registry = Registry::default();
        let (record, ending) = (record("a"), Ending::completed(json!("x")));
        registry.restore(Completion { record, ending: ending.clone(), head: 9 }, 0);
        for (after, number, count) in [(0, 9, 1), (5, 9, 1), (8, 9, 1), (9, 10, 0), (u64::MAX, u64::MAX, 0)] {
            let page = registry.read("a", after).expect("there");
            assert_eq!((page.first, page.entries.len(), page.head), (number, count, 9), "after {after}");
        }
        assert_eq!(registry.completion("a").expect("over").ending, ending);
    }

    #[test]
    fn a_producer_is_told_where_to_go_on() {
        let mut registry = Registry::default();
        assert_eq!(registry.append("a", 1, &[], None, 0), Appended::Unknown);
        registry.register(&record("a"), 0);
        assert_eq!(registry.append("a", 3, &entries(3..=4), None, 0), Appended::Gap(0));
        assert_eq!(registry.append("a", 1, &entries(1..=4), None, 0), Appended::Kept(4));
    }

    proptest! {
        #[test]
        fn repeats_of_any_part_change_nothing(parts in prop::collection::vec((1..30_u64, 0..12_u64), 1..40)) {
            let mut registry = Registry::default();
            registry.register(&record("a"), 0);
            let mut head = 0;
            for (from, count) in parts {
                let said = entries(from..=from + count);
                match registry.append("a", from, &said, None, 0) {
                    Appended::Kept(now) => {
                        prop_assert_eq!(now, head.max(from + count));
                        head = now;
                    }
                    Appended::Gap(at) => prop_assert!(at == head && from > head + 1),
                    Appended::Over(_) | Appended::Unknown => prop_assert!(false),
                }
                let expected: Vec<String> = (1..=head).map(|n| n.to_string()).collect();
                prop_assert_eq!(told(&registry, "a", 0), expected);
            }
            for after in 0..=head {
                prop_assert_eq!(told(&registry, "a", after).len() as u64, head - after);
            }
        }
    }
}
