//! Where pointers are: the newest of each member.
//!
//! Owns their numbers; must not know whether a member is there, or who is told. Nothing of this is kept anywhere.

use serde_json::{Number, Value};
use std::{collections::BTreeMap, sync::Arc};

/// Where a pointer is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// From -1,000,000 to 1,000,000.
    pub x: Number,
    /// As `x`.
    pub y: Number,
    /// What it is on.
    pub node: Option<String>,
}

/// The pointers of a roster.
#[derive(Clone, Debug, Default)]
pub(super) struct Points {
    by_user: BTreeMap<Arc<str>, (u64, Arc<str>)>,
    by_version: BTreeMap<u64, Arc<str>>,
    version: u64,
}

impl Points {
    /// The number of the last move.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn put(&mut self, user: Arc<str>, point: &Point) {
        self.remove(&user);
        self.version += 1;
        self.by_version.insert(self.version, Arc::clone(&user));
        let text = told(&user, point).into();
        self.by_user.insert(user, (self.version, text));
    }

    pub(super) fn remove(&mut self, user: &str) {
        if let Some((version, _)) = self.by_user.remove(user) {
            self.by_version.remove(&version);
        }
    }

    /// Whose pointer moved since `from`, the last move of each, by number.
    pub(super) fn after(&self, from: u64, to: u64) -> impl Iterator<Item = (u64, &Arc<str>, &Arc<str>)> {
        let moved = self.by_version.range(from.saturating_add(1).min(to)..=to);
        // The one before is asked for where there is nothing after it.
        let moved = moved.filter(move |(version, _)| **version > from);
        moved.filter_map(|(version, user)| Some((*version, user, &self.by_user.get(user)?.1)))
    }
}

fn told(user: &str, Point { x, y, node }: &Point) -> String {
    let user = Value::from(user);
    let node = node.as_ref().map_or_else(String::new, |node| format!(",\"node\":{}", Value::from(node.as_str())));
    format!("{{\"type\":\"cursor\",\"userId\":{user},\"x\":{x},\"y\":{y}{node}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_pointer_only_the_last_move_is_told() {
        let mut points = Points::default();
        let point = |x: i64| Point { x: x.into(), y: 0.into(), node: None };
        points.put("a".into(), &point(1));
        points.put("b".into(), &point(2));
        points.put("a".into(), &point(3));
        let told: Vec<_> = points.after(0, 3).map(|(version, _, text)| (version, &**text)).collect();
        let expected = [
            (2, r#"{"type":"cursor","userId":"b","x":2,"y":0}"#),
            (3, r#"{"type":"cursor","userId":"a","x":3,"y":0}"#),
        ];
        assert_eq!(told, expected);
        assert_eq!((points.after(3, 3).count(), points.after(2, 3).count(), points.after(0, 2).count()), (0, 1, 1));
        points.remove("a");
        assert_eq!(points.after(0, 3).count(), 1);
    }
}
