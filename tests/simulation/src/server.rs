//! The server's process: the real hub, its journal and its clocks.
//!
//! Owns the tick (inputs, decisions, commit, and only then outputs), crashes and restarts; must not know the network.

use crate::chance::Chance;
use everwire_server::core::definition::Definition;
use everwire_server::core::hub::{Hub, Input, Output};
use everwire_server::core::limits::Limits;
use everwire_server::core::node::TaskKey;
use everwire_server::core::room::{Room, Work};
use everwire_server::core::time::Now;
use everwire_server::store::Store;
use everwire_server::store::memory::MemoryStore;

/// The one room.
pub const ROOM: &str = "d";
/// Where the wall stands at the beginning.
pub const WALL: u64 = 1_700_000_000_000;

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Death {
    /// Its last tick was not kept, and nobody was told of it.
    BeforeCommit,
    /// Its last tick was kept, and nobody was told of it.
    AfterCommit,
}

/// A process, if one runs, and what it leaves.
#[derive(Debug)]
pub struct Server {
    hub: Option<Hub>,
    store: MemoryStore,
    definition: Definition,
    /// Its bounds.
    pub limits: Limits,
    began: u64,
    /// How far its wall is off.
    pub wall: i64,
    seeds: Chance,
    /// The commands under way.
    pub tasks: Vec<TaskKey>,
}

impl Server {
    /// A server that does not run yet.
    ///
    /// # Panics
    /// If the definition below is no definition.
    #[must_use]
    pub fn new(nodes: usize, limits: Limits, seeds: Chance) -> Self {
        let definition = Definition::read(&definition(nodes)).unwrap_or_else(|wrong| panic!("{wrong}"));
        Self {
            hub: None,
            store: MemoryStore::default(),
            definition,
            limits,
            began: 0,
            wall: 0,
            seeds,
            tasks: Vec::new(),
        }
    }

    /// A process begins, with the journal of the last or with none.
    ///
    /// # Panics
    /// If it cannot read what the last one wrote.
    pub fn start(&mut self, t: u64, keeps_journal: bool) {
        if !keeps_journal {
            self.store = MemoryStore::default();
        }
        self.began = t;
        self.tasks.clear();
        let mut hub = Hub::new(vec![self.definition.clone()], self.limits, self.seeds.bits());
        let records = self.store.load().unwrap_or_default();
        hub.restore(records, self.now(t)).unwrap_or_else(|corrupt| panic!("{corrupt}"));
        self.hub = Some(hub);
    }

    /// Whether a process runs.
    #[must_use]
    pub const fn runs(&self) -> bool {
        self.hub.is_some()
    }

    /// The hub of the process that runs.
    #[must_use]
    pub const fn hub(&self) -> Option<&Hub> {
        self.hub.as_ref()
    }

    /// The one room of the process that runs.
    #[must_use]
    pub fn room(&self) -> Option<&Room> {
        self.hub.as_ref()?.rooms().get(ROOM)
    }

    /// Something happened.
    pub fn input(&mut self, t: u64, input: Input) {
        let now = self.now(t);
        if let Some(hub) = &mut self.hub {
            hub.handle(now, input);
        }
    }

    /// The first half of a tick: decisions.
    pub fn decide(&mut self, t: u64) {
        let now = self.now(t);
        if let Some(hub) = &mut self.hub {
            hub.end_tick(now);
        }
    }

    /// The second half: the commit, and what is to be done then.
    pub fn commit(&mut self) -> Vec<Output> {
        let Some(hub) = &mut self.hub else { return Vec::new() };
        // Memory does not fail.
        let _ = self.store.commit(hub.take_writes());
        let outputs: Vec<Output> = std::iter::from_fn(|| hub.poll()).collect();
        for output in &outputs {
            match output {
                Output::Work(Work::Spawn(task)) => self.tasks.push(task.key.clone()),
                Output::Work(Work::Kill(key)) => self.tasks.retain(|own| own != key),
                Output::Send { .. } | Output::Ping { .. } | Output::Close { .. } | Output::Started { .. } => {}
            }
        }
        outputs
    }

    /// The process is gone.
    pub fn die(&mut self, death: Death) {
        if let Some(mut hub) = self.hub.take()
            && death == Death::AfterCommit
        {
            let _ = self.store.commit(hub.take_writes());
        }
        self.tasks.clear();
    }

    /// In how many milliseconds it has something to do.
    #[must_use]
    pub fn due_in(&self, t: u64) -> Option<u64> {
        // The driver sleeps 5 ms at least.
        Some(self.hub.as_ref()?.due_in(self.now(t))?.max(5))
    }

    /// What its clocks say.
    #[must_use]
    pub const fn now(&self, t: u64) -> Now {
        Now { mono: t - self.began, wall: (WALL + t).saturating_add_signed(self.wall) }
    }
}

/// A gate that always waits, so that a run is never over on its own, and commands that make events when they end.
fn definition(nodes: usize) -> String {
    let command = |node| format!(r#"{{"id":"n{node}","title":"N{node}","run":["n"],"on_failure":"ignore"}}"#);
    let commands: Vec<String> = (0..nodes).map(command).collect();
    format!(
        r#"{{"id":"{ROOM}","title":"D","budget":100000,"parallel":16,"nodes":[
        {{"id":"gate","title":"G","gate":{{"expires":3600}}}},
        {{"id":"ask","title":"A","run":["a"],"on_failure":"ask"}},{}]}}"#,
        commands.join(",")
    )
}
