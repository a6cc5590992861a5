//! What the journal keeps of rosters, there and back.
//!
//! Owns the records' shapes; must not know what changed them. Renewals and pointers are not kept, and a state that
//! changes all the time is kept now and then.

use super::{Roster, Rosters, member::Member};
use crate::core::{
    journal::{Corrupt, Record, Table, Write, key_in, split_key},
    time::Now,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};

#[derive(Serialize, Deserialize)]
struct MemberRecord {
    room: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    state: Option<Map<String, Value>>,
    seen: u64,
    grace: u64,
    /// When that is over, by the wall, for one that has no connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct RosterRecord {
    ceiling: u64,
}

impl Rosters {
    /// The rosters of a room, read back from its journal.
    ///
    /// # Errors
    /// [`Corrupt`] names the record that could not be read.
    pub fn restore(records: &[Record], now: Now) -> Result<Self, Corrupt> {
        let of = |table| records.iter().filter(move |record| record.table == table);
        let mut ceilings = BTreeMap::new();
        for record in of(Table::Rosters) {
            let RosterRecord { ceiling } = parse(record)?;
            ceilings.insert(split_key(&record.key).1.to_owned(), ceiling);
        }
        let mut members: BTreeMap<String, Vec<(Arc<str>, Member)>> = BTreeMap::new();
        for record in of(Table::Members) {
            let MemberRecord { room, user, state, seen, grace, until } = parse(record)?;
            let state = state.map(|state| Value::Object(state).to_string().into());
            members.entry(room).or_default().push((user.into(), Member::restored(state, seen, grace, until, now)));
        }
        let mut rosters = Self::default();
        for (name, ceiling) in &ceilings {
            let members = members.remove(name).unwrap_or_default();
            rosters.by_name.insert(name.clone(), Roster::restored(members, *ceiling, now));
        }
        Ok(rosters)
    }

    /// The journal lost what it was told: the next [`Rosters::take_writes`] tells it everything.
    pub fn journal_anew(&mut self) {
        self.over.clear();
        self.by_name.values_mut().for_each(Roster::journal_anew);
    }

    /// Everything the journal must know before anybody is told. `room` is that of the URL.
    pub fn take_writes(&mut self, room: &str, out: &mut Vec<Write>) {
        for name in std::mem::take(&mut self.over) {
            if !self.by_name.contains_key(&name) {
                out.push(Write { table: Table::Rosters, key: key_in(room, &name), value: None });
            }
        }
        for (name, roster) in &mut self.by_name {
            if std::mem::take(&mut roster.dirty.head) {
                let value = serde_json::to_string(&RosterRecord { ceiling: roster.dirty.ceiling }).ok();
                out.push(Write { table: Table::Rosters, key: key_in(room, name), value });
            }
            for user in std::mem::take(&mut roster.dirty.now) {
                let value = roster.members.get(&user).and_then(|member| record(name, &user, member));
                // Of two names, neither of which may be taken for the other's beginning.
                let key = key_in(room, &Value::from(vec![name.as_str(), &user]).to_string());
                out.push(Write { table: Table::Members, key, value });
            }
        }
    }
}

fn record(room: &str, user: &str, member: &Member) -> Option<String> {
    let state = member.state.as_deref().and_then(|state| serde_json::from_str(state).ok());
    let (seen, grace, until) = (member.seen, member.grace, member.until.map(|until| until.wall));
    let record = MemberRecord { room: room.to_owned(), user: user.to_owned(), state, seen, grace, until };
    serde_json::to_string(&record).ok()
}

fn parse<T: DeserializeOwned>(record: &Record) -> Result<T, Corrupt> {
    serde_json::from_str(&record.value).map_err(|error| Corrupt {
        table: record.table,
        key: record.key.clone(),
        why: error.to_string(),
    })
}
