//! Presence: whatever a network and a server do to the words about a room, every page ends with the same one.
//!
//! Owns a server that forgets, connections that lose, repeat and shuffle, and a shell that gives out slots; must not know
//! how the core decides. A case that fails prints its seed; `EVERWIRE_SEED` chooses others.

use everwire::core::presence::{
    Action, Input, MOST_MEMBERS, MOST_REMEMBERED, Origin, Presence, Settings, Slot, Status, Word,
};
use everwire::core::rng::Rng;
use everwire::core::time::{Instant, Now};
use std::collections::{BTreeMap, BTreeSet};

const GRACE: u64 = 5_000;
const WALL: u64 = 1_700_000_000_000;
const ME: u32 = 0;

/// A member as the server has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Member {
    clock: u64,
    status: Status,
    state: u64,
}

/// What the server says.
#[derive(Clone, Copy, Debug)]
enum Said {
    Member { id: u32, member: Member, state: bool },
    Left { id: u32, clock: u64 },
}

struct Server {
    members: BTreeMap<u32, Member>,
    /// Of all that ever were, as the wall clock would have it.
    clock: u64,
    states: u64,
}

impl Server {
    fn change(&mut self, rng: &mut Rng, people: u32) -> Option<Said> {
        self.clock += 1 + rng.up_to(3);
        let (id, clock) = (1 + rng.up_to(u64::from(people) - 1) as u32, self.clock);
        let Some(member) = self.members.get_mut(&id) else {
            self.states += 1;
            let member = Member { clock, status: Status::Here, state: self.states };
            self.members.insert(id, member);
            return Some(Said::Member { id, member, state: true });
        };
        match rng.up_to(9) {
            0..=2 => {
                self.members.remove(&id);
                Some(Said::Left { id, clock })
            }
            // A server that was started anew: nobody hears of it.
            3 => {
                self.members.remove(&id);
                None
            }
            4..=6 => {
                self.states += 1;
                *member = Member { clock, state: self.states, ..*member };
                Some(Said::Member { id, member: *member, state: true })
            }
            other => {
                *member = Member { clock, status: Status::ALL[other as usize - 7], ..*member };
                Some(Said::Member { id, member: *member, state: false })
            }
        }
    }
}

/// The shell: names, and what a page shows.
struct Page {
    presence: Presence,
    at: u64,
    slots: BTreeMap<u32, Slot>,
    names: Vec<Option<u32>>,
    free: Vec<Slot>,
    shown: BTreeMap<u32, (Status, u64)>,
    /// What was said is on its way into the core: the state.
    word: u64,
    /// Who left, by whose word: of the server's, or of nobody's, when.
    leaves: Vec<(u64, u32)>,
    told_leaves: BTreeSet<u32>,
    joins: usize,
    /// When a list without somebody came to its end.
    missing_since: BTreeMap<u32, u64>,
}

impl Page {
    fn new() -> Self {
        let settings = Settings { throttle: 100, grace: GRACE, idle: 300_000, state: true };
        Self {
            presence: Presence::new(Now { mono: Instant(0), wall: WALL }, settings),
            at: 0,
            slots: BTreeMap::new(),
            names: Vec::new(),
            free: Vec::new(),
            shown: BTreeMap::new(),
            word: 0,
            leaves: Vec::new(),
            told_leaves: BTreeSet::new(),
            joins: 0,
            missing_since: BTreeMap::new(),
        }
    }

    fn slot(&mut self, id: u32) -> Slot {
        if let Some(slot) = self.slots.get(&id) {
            return *slot;
        }
        let slot = self.free.pop().unwrap_or(self.names.len() as Slot);
        if slot as usize == self.names.len() {
            self.names.push(None);
        }
        self.names[slot as usize] = Some(id);
        self.slots.insert(id, slot);
        slot
    }

    fn tell(&mut self, input: Input) {
        self.presence.handle(Now { mono: Instant(self.at), wall: WALL + self.at }, input);
        while let Some(action) = self.presence.poll() {
            match action {
                Action::Show { slot, status, state, .. } => {
                    let id = self.names[slot as usize].expect("a slot that is in use");
                    let before = self.shown.get(&id).map_or(0, |(_, state)| *state);
                    self.shown.insert(id, (status, if state { self.word } else { before }));
                }
                Action::Gone { slot } => {
                    let id = self.names[slot as usize].expect("a slot that is in use");
                    assert!(self.shown.remove(&id).is_some(), "{id} leaves and was not there");
                    if !self.told_leaves.remove(&id) {
                        let since = self.missing_since.get(&id).expect("nobody said that it left, nor left it out");
                        assert!(
                            self.at >= since + GRACE.min(self.at),
                            "{id} left {} ms after the list",
                            self.at - since
                        );
                    }
                    self.leaves.push((self.at, id));
                }
                Action::Forget { slot } => {
                    let id = self.names[slot as usize].take().expect("a slot that is in use");
                    assert!(!self.shown.contains_key(&id), "{id} is forgotten and shown");
                    self.slots.remove(&id);
                    self.free.push(slot);
                }
                Action::Join { .. } => self.joins += 1,
                Action::Update { .. } | Action::Leave | Action::Adopt | Action::Me | Action::Warn(_) => {}
            }
        }
    }

    fn hear(&mut self, said: Said, in_list: bool) {
        match said {
            Said::Member { id, member: Member { clock, status, state }, state: told } => {
                self.missing_since.remove(&id);
                self.word = state;
                let word = Word { slot: self.slot(id), clock, status, state: told };
                let origin = if told { Origin::Other } else { Origin::Unsaid };
                self.tell(if in_list { Input::Listed(word, origin) } else { Input::Heard(word, origin) });
            }
            Said::Left { id, clock } => {
                self.told_leaves.insert(id);
                let slot = self.slot(id);
                self.tell(Input::Gone { slot, clock });
                self.told_leaves.remove(&id);
            }
        }
    }

    /// In parts, whose number is chance's.
    fn list(&mut self, server: &Server, rng: &mut Rng) {
        // Of a list that nobody asked for, who is missing has left.
        let since = if self.presence.is_live() { self.at.saturating_sub(GRACE) } else { self.at };
        let mut all: Vec<_> = server.members.iter().map(|(id, member)| (*id, *member)).collect();
        shuffle(&mut all, rng);
        let parts: Vec<_> = all.chunks(1 + rng.up_to(9) as usize).map(<[_]>::to_vec).collect();
        let missing: Vec<u32> = self.shown.keys().filter(|id| !server.members.contains_key(id)).copied().collect();
        for (place, part) in parts.iter().enumerate() {
            let me = self.slot(ME);
            self.tell(Input::List(me));
            for (id, member) in part {
                self.hear(Said::Member { id: *id, member: *member, state: true }, true);
            }
            for id in missing.iter().filter(|_| place + 1 == parts.len()) {
                self.missing_since.entry(*id).or_insert(since);
            }
            self.tell(Input::ListEnd { more: place + 1 < parts.len() });
        }
        assert!(self.presence.is_live());
    }

    fn wait(&mut self, ms: u64) {
        let until = self.at + ms;
        let mut ticks = 0;
        while let Some(due) = self.presence.deadline().filter(|due| due.0 <= until) {
            self.at = self.at.max(due.0);
            self.tell(Input::Tick);
            ticks += 1;
            assert!(ticks < 10_000, "a deadline that does not move");
        }
        self.at = until;
    }

    /// Nothing but what is promised is kept.
    fn is_bounded(&self) {
        let roster = self.presence.roster();
        assert!(roster.used() <= MOST_MEMBERS + MOST_REMEMBERED);
        // One's own name is kept although nobody may have said anything of it.
        assert!(self.slots.len() <= roster.used() + 1, "{} names, {} in use", self.slots.len(), roster.used());
        assert_eq!(self.names.len(), self.slots.len() + self.free.len());
    }
}

fn shuffle<T>(all: &mut [T], rng: &mut Rng) {
    for place in (1..all.len()).rev() {
        all.swap(place, rng.up_to(place as u64) as usize);
    }
}

/// Words of a time in which the server changed, in any order, some more than once, and some not at all.
fn mangled(server: &mut Server, rng: &mut Rng, people: u32, may_lose: bool) -> Vec<Said> {
    let mut words: Vec<Said> = (0..rng.up_to(30)).filter_map(|_| server.change(rng, people)).collect();
    if may_lose {
        words.retain(|_| rng.up_to(3) > 0);
    }
    for _ in 0..rng.up_to(10) {
        if !words.is_empty() {
            words.push(words[rng.up_to(words.len() as u64 - 1) as usize]);
        }
    }
    if rng.up_to(2) > 0 {
        shuffle(&mut words, rng);
    }
    words
}

fn run(seed: u64) {
    let mut rng = Rng::new(seed);
    let people = 1 + rng.up_to(20) as u32;
    let me = Member { clock: 1, status: Status::Here, state: 0 };
    let mut server = Server { members: BTreeMap::from([(ME, me)]), clock: 10, states: 0 };
    let mut page = Page::new();
    let connections = 1 + rng.up_to(6) as u32;
    for connection in 1..=connections {
        page.tell(Input::Connection(Some(connection)));
        assert_eq!(page.joins, connection as usize, "one join a connection");
        for _ in 0..rng.up_to(20) {
            server.change(&mut rng, people);
        }
        page.list(&server, &mut rng);
        let is_last = connection == connections;
        for _ in 0..rng.up_to(4) {
            for said in mangled(&mut server, &mut rng, people, !is_last) {
                page.hear(said, false);
                let ms = rng.up_to(50);
                page.wait(ms);
            }
            page.is_bounded();
            if rng.up_to(5) == 0 {
                page.list(&server, &mut rng);
            }
            let ms = rng.up_to(3) * rng.up_to(4_000);
            page.wait(ms);
        }
        if !is_last {
            let (before, ms) = (page.shown.len(), rng.up_to(90_000));
            page.tell(Input::Connection(None));
            page.wait(ms);
            assert_eq!(page.shown.len(), before, "our own loss made somebody leave");
            assert!(page.shown.iter().all(|(id, (status, _))| *id == ME || *status == Status::Stale));
        }
    }
    // Nothing says that a server forgot but the next list.
    let (ms, times) = (rng.up_to(10_000), page.joins);
    page.wait(ms);
    page.tell(Input::Connection(None));
    page.tell(Input::Connection(Some(connections + 1)));
    assert_eq!(page.joins, times + 1);
    page.list(&server, &mut rng);
    page.wait(GRACE);
    let expected: BTreeMap<u32, (Status, u64)> =
        server.members.iter().map(|(id, member)| (*id, (member.status, member.state))).collect();
    assert_eq!(page.shown, expected);
    page.is_bounded();
}

#[test]
fn words_in_any_order_repeated_and_lost_end_in_the_servers_list_and_nobody_leaves_before_the_grace() {
    let first = u64::from(crate::number("EVERWIRE_SEED", 1)) << 32;
    for seed in first..first + u64::from(crate::number("EVERWIRE_CASES", 10_000)) {
        if let Err(cause) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(cause);
        }
    }
}

/// Of one connection every word comes, in any order and more than once, and nobody is forgotten.
#[test]
fn on_one_connection_no_list_is_needed() {
    for seed in 0..u64::from(crate::number("EVERWIRE_CASES", 10_000)) {
        let mut rng = Rng::new(seed);
        let me = Member { clock: 1, status: Status::Here, state: 0 };
        let mut server = Server { members: BTreeMap::from([(ME, me)]), clock: 10, states: 0 };
        let mut page = Page::new();
        page.tell(Input::Connection(Some(1)));
        page.list(&server, &mut rng);
        let mut words = Vec::new();
        for _ in 0..rng.up_to(60) {
            let before = server.members.clone();
            match server.change(&mut rng, 6) {
                Some(said) => words.push(said),
                None => server.members = before,
            }
        }
        words.extend(words.clone().into_iter().filter(|_| rng.up_to(1) > 0).collect::<Vec<_>>());
        shuffle(&mut words, &mut rng);
        for said in words {
            page.hear(said, false);
        }
        let status = |(id, member): (&u32, &Member)| (*id, (member.status, member.state));
        assert_eq!(page.shown, server.members.iter().map(status).collect(), "seed {seed}");
    }
}

#[test]
fn a_server_that_invents_people_without_end_is_not_kept_in_memory() {
    let mut rng = Rng::new(7);
    let mut page = Page::new();
    page.tell(Input::Connection(Some(1)));
    let me = Member { clock: 1, status: Status::Here, state: 0 };
    page.list(&Server { members: BTreeMap::from([(ME, me)]), clock: 10, states: 0 }, &mut rng);
    for id in 1..60_000 {
        let member = Member { clock: 5, status: Status::Here, state: 1 };
        match id % 3 {
            0 => page.hear(Said::Left { id, clock: 5 }, false),
            1 => {
                page.hear(Said::Member { id, member, state: true }, false);
                page.hear(Said::Left { id, clock: 6 }, false);
            }
            _ => page.hear(Said::Member { id, member, state: true }, false),
        }
        if id % 1_000 == 0 {
            page.is_bounded();
            page.wait(100);
        }
    }
    assert!(page.names.len() <= MOST_MEMBERS + MOST_REMEMBERED + 2, "{} slots", page.names.len());
    page.wait(120_000);
    assert_eq!(page.presence.roster().used(), MOST_MEMBERS);
}
