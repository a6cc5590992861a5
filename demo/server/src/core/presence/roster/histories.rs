//! Rosters under everything at random, with readers that read when they like.

use super::*;
use crate::core::{
    journal::{Record, Table},
    presence::{Place, PresenceStats, Rosters},
};
use proptest::prelude::*;
use serde_json::Value;

const GRACE: u64 = 5_000;

/// A connection with the page behind it, which has heard what it has read.
#[derive(Debug)]
struct Page {
    conn: u64,
    user: Arc<str>,
    place: Place,
    list: BTreeMap<String, (u64, Value, Value)>,
    /// Clocks of members that are gone.
    gone: BTreeMap<String, u64>,
    parts: Vec<Value>,
}

impl Page {
    fn read(&mut self, rosters: &Rosters, most: usize) {
        let mut texts = Vec::new();
        let Some(roster) = rosters.get("") else { return };
        self.place.take("", roster, most, &mut texts, &mut PresenceStats::default());
        for text in texts {
            let message: Value = serde_json::from_str(&text).expect("json");
            match message["type"].as_str().expect("a type") {
                "presence_list" => {
                    assert_eq!(message["you"], *self.user);
                    self.parts.extend(message["members"].as_array().expect("members").clone());
                    if message["more"] != true {
                        // What is missing is gone: nobody here forgets and takes over within a connection's life.
                        let parts = std::mem::take(&mut self.parts);
                        self.list.retain(|user, _| parts.iter().any(|member| member["userId"] == *user));
                        parts.iter().for_each(|member| self.heed(member, true));
                    }
                }
                "presence_leave" => {
                    let user = message["userId"].as_str().expect("a user").to_owned();
                    let clock = message["clock"].as_u64().expect("a clock");
                    if self.list.get(&user).is_none_or(|known| known.0 < clock) {
                        self.list.remove(&user);
                        self.gone.insert(user, clock);
                    }
                }
                kind @ ("presence_join" | "presence_update") => self.heed(&message, kind == "presence_join"),
                "cursor" => assert_ne!(message["userId"], *self.user),
                other => panic!("{other}"),
            }
        }
    }

    /// `whole`: what is not said is not there.
    fn heed(&mut self, member: &Value, whole: bool) {
        let user = member["userId"].as_str().expect("a user").to_owned();
        let clock = member["clock"].as_u64().expect("a clock");
        let known = self.list.get(&user);
        let newest = known.map_or(0, |known| known.0).max(self.gone.get(&user).copied().unwrap_or(0));
        if clock <= newest {
            return;
        }
        let before = known.filter(|_| !whole && member["state"].is_null());
        let state = before.map_or_else(|| member["state"].clone(), |known| known.1.clone());
        self.list.insert(user, (clock, state, member["status"].clone()));
    }
}

#[derive(Clone, Debug)]
enum Act {
    Join { user: u8, grace: u64, state: Option<u8> },
    Rejoin { page: u8 },
    Lose { page: u8 },
    Leave { page: u8 },
    Update { page: u8, state: Option<u8>, away: Option<bool> },
    Point { page: u8 },
    Read { page: u8, most: usize },
    Pass { ms: u64 },
    Jump { back: u64 },
    Takeover,
}

fn act() -> impl Strategy<Value = Act> {
    let grace = prop_oneof![Just(0), Just(1_000), Just(GRACE), Just(60_000)];
    prop_oneof![
        4 => (0..6_u8, grace, prop::option::of(0..3_u8)).prop_map(|(user, grace, state)| Act::Join { user, grace, state }),
        1 => any::<u8>().prop_map(|page| Act::Rejoin { page }),
        3 => any::<u8>().prop_map(|page| Act::Lose { page }),
        1 => any::<u8>().prop_map(|page| Act::Leave { page }),
        4 => (any::<u8>(), prop::option::of(0..3_u8), prop::option::of(any::<bool>()))
            .prop_map(|(page, state, away)| Act::Update { page, state, away }),
        2 => any::<u8>().prop_map(|page| Act::Point { page }),
        4 => (any::<u8>(), prop_oneof![Just(1), Just(200), Just(1 << 20)]).prop_map(|(page, most)| Act::Read { page, most }),
        4 => prop_oneof![0..100_u64, 100..7_000_u64, 20_000..70_000_u64].prop_map(|ms| Act::Pass { ms }),
        1 => (0..500_000_u64).prop_map(|back| Act::Jump { back }),
        1 => Just(Act::Takeover),
    ]
}

/// What is true of one user, as the test sees it.
#[derive(Debug, Default)]
struct Truth {
    /// Since when it has no connection, and how long it is waited for.
    alone: Option<(u64, u64)>,
    grace: u64,
    clock: u64,
}

struct World {
    rosters: Rosters,
    pages: Vec<Page>,
    truths: BTreeMap<Arc<str>, Truth>,
    journal: BTreeMap<(Table, String), String>,
    now: Now,
    conns: u64,
}

impl World {
    fn pick(&self, page: u8) -> Option<usize> {
        (!self.pages.is_empty()).then(|| usize::from(page) % self.pages.len())
    }

    fn join(&mut self, user: &Arc<str>, grace: u64, state: Option<u8>) {
        self.conns += 1;
        let state = state.map(|n| format!("{{\"n\":{n}}}").into());
        let arrival = Arrival { state, grace, away: false };
        let place = self.rosters.join("", self.conns, Arc::clone(user), arrival, 100, self.now).expect("there is room");
        let (list, gone) = Default::default();
        self.pages.push(Page { conn: self.conns, user: Arc::clone(user), place, list, gone, parts: Vec::new() });
        let truth = self.truths.entry(Arc::clone(user)).or_default();
        (truth.alone, truth.grace) = (None, grace);
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Join { user, grace, state } => self.join(&format!("u{user}").into(), grace, state),
            Act::Rejoin { page } => {
                let Some(page) = self.pick(page) else { return };
                let Page { conn, user, .. } = &self.pages[page];
                let arrival = Arrival { grace: GRACE, ..Arrival::default() };
                let place = self.rosters.join("", *conn, Arc::clone(user), arrival, 100, self.now);
                self.truths.get_mut(user).expect("known").grace = GRACE;
                self.pages[page].place = place.expect("there is room");
                self.pages[page].parts.clear();
            }
            Act::Lose { page } => {
                let Some(page) = self.pick(page) else { return };
                let Page { conn, user, .. } = self.pages.remove(page);
                self.rosters.lose("", conn, &user, self.now);
                let truth = self.truths.get_mut(&user).expect("known");
                if self.pages.iter().all(|page| page.user != user) {
                    truth.alone = Some((self.now.mono, truth.grace));
                }
            }
            Act::Leave { page } => {
                let Some(page) = self.pick(page) else { return };
                let Page { conn, user, .. } = self.pages.remove(page);
                self.rosters.leave("", conn, &user, self.now);
                let is_alone = self.pages.iter().all(|page| page.user != user);
                assert_eq!(self.has(&user), !is_alone, "a leave is at once, and for who is alone");
                if is_alone {
                    self.truths.get_mut(&user).expect("known").alone = Some((self.now.mono, 0));
                }
            }
            Act::Update { page, state, away } => {
                let Some(page) = self.pick(page) else { return };
                let state = state.map(|n| format!("{{\"n\":{n}}}").into());
                let Page { conn, user, .. } = &self.pages[page];
                self.rosters.update("", *conn, user, state, away, self.now);
            }
            Act::Point { page } => {
                let Some(page) = self.pick(page) else { return };
                let Page { conn, user, .. } = &self.pages[page];
                let point = Point { x: 1.into(), y: 2.into(), node: None };
                self.rosters.point("", *conn, user, &point, self.now);
            }
            Act::Read { page, most } => {
                let Some(page) = self.pick(page) else { return };
                self.pages[page].read(&self.rosters, most);
            }
            Act::Pass { ms } => {
                // Time is looked at when something is due, as the driver does.
                let end = self.now.mono + ms;
                while let Some(due) = self.rosters.deadline().filter(|due| *due <= end) {
                    self.go_to(due.max(self.now.mono));
                    self.tick();
                }
                self.go_to(end);
            }
            Act::Jump { back } => self.now.wall -= back,
            Act::Takeover => self.takeover(),
        }
        self.tick();
    }

    fn go_to(&mut self, mono: u64) {
        self.now.wall += mono - self.now.mono;
        self.now.mono = mono;
    }

    fn takeover(&mut self) {
        self.pages.clear();
        let records: Vec<Record> = self
            .journal
            .iter()
            .map(|((table, key), value)| Record { table: *table, key: key.clone(), value: value.clone() })
            .collect();
        let before: Vec<Arc<str>> = self.members().into_keys().collect();
        self.rosters = Rosters::restore(&records, self.now).expect("readable");
        assert_eq!(self.members().into_keys().collect::<Vec<_>>(), before, "it knows the members");
        for user in before {
            let truth = self.truths.get_mut(&user).expect("known");
            let (since, grace) = truth.alone.unwrap_or((self.now.mono, truth.grace));
            truth.alone = Some((since, grace.min(self.now.mono - since + 30_000)));
        }
    }

    fn has(&self, user: &str) -> bool {
        self.rosters.get("").is_some_and(|roster| roster.has(user))
    }

    fn members(&self) -> BTreeMap<Arc<str>, (u64, Value, Value)> {
        let Some(roster) = self.rosters.get("") else { return BTreeMap::new() };
        let member = |(user, text): (&Arc<str>, String)| {
            let member: Value = serde_json::from_str(&text).expect("json");
            let clock = member["clock"].as_u64().expect("a clock");
            (Arc::clone(user), (clock, member["state"].clone(), member["status"].clone()))
        };
        roster.list(None).map(member).collect()
    }

    fn tick(&mut self) {
        let before = self.members();
        self.rosters.on_time(self.now);
        for user in before.keys().filter(|user| !self.has(user)) {
            let (since, grace) = self.truths[user].alone.expect("nobody with a connection leaves");
            assert!(self.now.mono >= since + grace, "{user} left {} ms after its loss", self.now.mono - since);
        }
        for (user, (clock, ..)) in self.members() {
            let truth = self.truths.get_mut(&user).expect("known");
            assert!(clock >= truth.clock, "the clock of {user} steps back: {clock} after {}", truth.clock);
            truth.clock = clock;
        }
        let mut writes = Vec::new();
        self.rosters.take_writes("d", &mut writes);
        for write in writes {
            match write.value {
                Some(value) => self.journal.insert((write.table, write.key), value),
                None => self.journal.remove(&(write.table, write.key)),
            };
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(2_000), ..ProptestConfig::default() })]

    #[test]
    fn who_has_read_everything_has_the_list_and_nobody_leaves_before_the_grace(
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let mut world = World {
            rosters: Rosters::default(),
            pages: Vec::new(),
            truths: BTreeMap::new(),
            journal: BTreeMap::new(),
            now: Now { mono: 0, wall: 1_700_000_000_000 },
            conns: 0,
        };
        let jumps = acts.iter().any(|act| matches!(act, Act::Jump { .. }));
        for act in acts {
            // Across a takeover the grace is measured by the wall.
            if jumps && matches!(act, Act::Takeover) {
                continue;
            }
            world.act(act);
        }
        world.act(Act::Pass { ms: 1_000 });
        let truth: BTreeMap<String, _> =
            world.members().into_iter().map(|(user, member)| (user.to_string(), member)).collect();
        for page in &mut world.pages {
            while page.place.is_owed(world.rosters.get("").expect("it is in it")) {
                page.read(&world.rosters, 300);
            }
            prop_assert_eq!(&page.list, &truth, "{}", page.conn);
        }
        // Everybody goes, and nothing is left of it.
        world.pages.clear();
        let users: Vec<(u64, Arc<str>)> = (1..=world.conns).flat_map(|conn| world.truths.keys().map(move |user| (conn, Arc::clone(user)))).collect();
        for (conn, user) in users {
            world.rosters.lose("", conn, &user, world.now);
        }
        world.truths.values_mut().for_each(|truth| truth.alone = Some((0, 0)));
        for _ in 0..1_000 {
            if world.rosters.get("").is_none() && world.journal.is_empty() {
                break;
            }
            world.act(Act::Pass { ms: 60_001 });
            world.act(Act::Pass { ms: 1 });
        }
        prop_assert!(world.rosters.get("").is_none() && world.journal.is_empty(), "{:?}", world.journal);
    }
}
