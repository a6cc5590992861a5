//! What the journal keeps of a room, there and back.
//!
//! Owns the records' shapes; must not know what changed them.

use super::{Dirty, Room};
use crate::core::{
    channels::Channels,
    client::Client,
    definition::Definition,
    journal::{Corrupt, Record, Table, Write, event_key, key_in, split_key},
    keys::Keys,
    limits::Limits,
    log::{Entry, Log},
    node::Node,
    presence::Rosters,
    run::{Run, RunHead},
    time::Now,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
struct RoomRecord {
    epoch: String,
    head: u64,
    criticals: u64,
}

impl Room {
    /// A room read back from its journal.
    ///
    /// # Errors
    /// [`Corrupt`] names the record that could not be read.
    pub fn restore(definition: Definition, records: &[Record], now: Now) -> Result<Option<Self>, Corrupt> {
        let of = |table| records.iter().filter(move |record| record.table == table);
        let Some(head) = of(Table::Rooms).next() else { return Ok(None) };
        let head: RoomRecord = parse(head)?;
        let entries = of(Table::Events).map(parse).collect::<Result<Vec<Entry>, _>>()?;
        let mut clients = BTreeMap::new();
        for record in of(Table::Clients) {
            // The time away while the server was down is not counted against the client.
            let mut client: Client = parse(record)?;
            client.seen = now.mono;
            clients.insert(split_key(&record.key).1.to_owned(), client);
        }
        let mut nodes = BTreeMap::new();
        for record in of(Table::Nodes) {
            nodes.insert(split_key(&record.key).1.to_owned(), parse::<Node>(record)?);
        }
        let mut keys = BTreeMap::new();
        for record in of(Table::Keys) {
            keys.insert(split_key(&record.key).1.to_owned(), parse(record)?);
        }
        let run = of(Table::Runs).next().map(parse::<RunHead>).transpose()?.map(|run| Run::restore(run, nodes));
        let log = Log::restore(head.epoch, head.head, entries);
        let kept = log.after(log.before_oldest()).into_iter().flatten();
        Ok(Some(Self {
            definition,
            channels: Channels::restore(kept.map(|entry| &*entry.text)),
            log,
            clients,
            run,
            keys: Keys::restore(keys),
            rosters: Rosters::restore(records, now)?,
            criticals: head.criticals,
            dirty: Dirty { journaled: head.head, ..Dirty::default() },
        }))
    }

    /// The journal lost what it was told: the next [`Room::take_writes`] tells it everything.
    pub fn journal_anew(&mut self) {
        // What it forgot need not be removed from it.
        self.dirty.writes.clear();
        self.dirty.head = true;
        self.dirty.journaled = self.log.before_oldest();
        self.dirty.clients = self.clients.keys().cloned().collect();
        self.keys.journal_anew();
        if let Some(run) = &mut self.run {
            self.dirty.run = true;
            run.dirty = run.nodes().map(|node| node.spec.id.clone()).collect();
        }
        self.rosters.journal_anew();
    }

    /// The log goes on under another epoch.
    pub fn renew(&mut self, epoch: String) {
        self.log.renew(epoch);
        self.dirty.head = true;
    }

    /// Everything the journal must know before anybody is told, and the bounds of the log.
    pub fn take_writes(&mut self, limits: &Limits, out: &mut Vec<Write>) {
        let room = self.definition.id.clone();
        out.append(&mut self.dirty.writes);
        let put =
            |table, key: String, value: Result<String, serde_json::Error>| Write { table, key, value: value.ok() };
        // More events in one tick than the log keeps: those that are trimmed below were never journaled.
        let first = self.log.after(self.dirty.journaled).into_iter().flatten();
        out.extend(first.map(|entry| put(Table::Events, event_key(&room, entry.seq), serde_json::to_string(entry))));
        self.dirty.journaled = self.log.head();
        for seq in self.log.trim(limits.log_events.get(), limits.log_bytes) {
            out.push(Write { table: Table::Events, key: event_key(&room, seq), value: None });
        }
        for id in std::mem::take(&mut self.dirty.clients) {
            let value = self.clients.get(&id).and_then(|client| serde_json::to_string(client).ok());
            out.push(Write { table: Table::Clients, key: key_in(&room, &id), value });
        }
        for (name, applied) in self.keys.take_dirty() {
            let value = applied.and_then(|applied| serde_json::to_string(&applied).ok());
            out.push(Write { table: Table::Keys, key: key_in(&room, &name), value });
        }
        if let Some(run) = &mut self.run
            && std::mem::take(&mut self.dirty.run)
        {
            let dirty = std::mem::take(&mut run.dirty);
            out.push(put(Table::Runs, room.clone(), serde_json::to_string(run.head())));
            out.extend(
                run.nodes()
                    .filter(|node| dirty.contains(&node.spec.id))
                    .map(|node| put(Table::Nodes, key_in(&room, &node.spec.id), serde_json::to_string(node))),
            );
        }
        self.rosters.take_writes(&room, out);
        if std::mem::take(&mut self.dirty.head) {
            let record =
                RoomRecord { epoch: self.log.epoch().to_owned(), head: self.log.head(), criticals: self.criticals };
            out.push(put(Table::Rooms, room, serde_json::to_string(&record)));
        }
    }
}

fn parse<T: DeserializeOwned>(record: &Record) -> Result<T, Corrupt> {
    serde_json::from_str(&record.value).map_err(|error| Corrupt {
        table: record.table,
        key: record.key.clone(),
        why: error.to_string(),
    })
}
