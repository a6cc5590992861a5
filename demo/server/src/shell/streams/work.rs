//! The work behind a stream.
//!
//! Owns doing it; must not know who looks on or where it is written down. Whoever drops it stops it, commands included.

use super::{Streams, Workshop, millis, producer::Said};
use crate::{
    core::{
        event::RunStatus,
        node::{End, TaskKey},
        room::{Room, Work},
        streams::{
            answer::Answer,
            order::Order,
            record::{Ending, Entry},
        },
    },
    shell::{clock::Clock, executor::Executor},
};
use serde_json::Value;
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until},
};

/// Nobody listens any more: the stream is over.
struct Hushed;

/// Does the work of stream `id` and says what happens. Its last word is the ending.
pub(super) async fn perform(streams: Streams, id: String, order: Order, say: mpsc::Sender<Said>) {
    let (workshop, clock) = (&streams.0.workshop, streams.0.clock);
    let ended = match order {
        Order::Answer { about, format, interval, words } => {
            let dag = about.and_then(|id| workshop.dags.iter().find(|dag| dag.id == id));
            answer(&Answer::new(dag, words, format), &id, millis(interval), &say).await
        }
        Order::Dag { dag } => run(workshop, clock, &dag, &id, &say).await,
    };
    if let Ok(ending) = ended {
        // One who stopped listening knows how it ended.
        let _ = say.send(Said::End(ending)).await;
    }
}

async fn answer(answer: &Answer, id: &str, interval: Duration, say: &mpsc::Sender<Said>) -> Result<Ending, Hushed> {
    // By the clock, so that the pauses do not add up.
    let begin = Instant::now();
    for index in 0..answer.len() {
        sleep_until(begin + interval.saturating_mul(u32::try_from(index).unwrap_or(u32::MAX))).await;
        tell(say, answer.event(index, id)).await?;
    }
    if let Some(last) = answer.last(id) {
        tell(say, last).await?;
    }
    Ok(Ending::completed(answer.result()))
}

/// Stops the commands of a run that is not looked after any more.
struct Crew(Executor);

impl Drop for Crew {
    fn drop(&mut self) {
        self.0.stop();
    }
}

async fn run(
    workshop: &Workshop,
    clock: Clock,
    dag: &str,
    id: &str,
    say: &mpsc::Sender<Said>,
) -> Result<Ending, Hushed> {
    let Some(definition) = workshop.dags.iter().find(|known| known.id == dag) else {
        return Ok(Ending::failed("unknown_dag", "there is no such DAG"));
    };
    let scratch = workshop.scratch.join(id);
    let crew = Crew(Executor::new(workshop.root.clone(), scratch, false, workshop.journal.clone()));
    // At most one end for each command under way, which the core bounds.
    let (ends, mut ended) = mpsc::unbounded_channel::<(TaskKey, End)>();
    crew.0.report_to(ends);
    // A room of its own: the run, and the log that numbers what it tells.
    let mut room = Room::new(definition.clone(), id.to_owned());
    let limits = &workshop.limits;
    let (mut todo, mut told) = (Vec::new(), 0);
    if let Err(refusal) = room.start(id.to_owned(), clock.now(), limits, &mut todo) {
        return Ok(Ending::failed(refusal.code, &refusal.message));
    }
    loop {
        for work in todo.drain(..) {
            match work {
                Work::Spawn(task) => crew.0.spawn(*task),
                Work::Kill(key) => crew.0.kill(&key),
            }
        }
        let Some(new) = room.log.after(told) else {
            return Ok(Ending::failed("too_long", "the run said more at once than its log holds"));
        };
        let events: Vec<Entry> = new.map(|entry| event(&entry.text)).collect();
        told = room.log.head();
        for entry in events {
            tell(say, entry).await?;
        }
        if let Some(ending) = ending(&room) {
            return Ok(ending);
        }
        // It is written down as a stream; nobody reads a journal of it.
        room.take_writes(limits, &mut Vec::new());
        let due = room.deadline().map(|at| millis(at.saturating_sub(clock.now().wall)));
        tokio::select! {
            Some((key, end)) = ended.recv() => room.ended(&key, end, clock.now(), limits, &mut todo),
            () = sleep(due.unwrap_or(Duration::MAX)), if due.is_some() => {}
        }
        room.on_time(clock.now(), limits, &mut todo);
    }
}

/// A DAG's event under its own type.
fn event(text: &str) -> Entry {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    Entry::new(value["type"].as_str().unwrap_or_default(), text)
}

/// How the run ended, if it did.
fn ending(room: &Room) -> Option<Ending> {
    let run = room.run()?;
    let results = run.results()?;
    let data = serde_json::to_value(&results).unwrap_or_default();
    if results.status == RunStatus::Succeeded {
        return Some(Ending::completed(data));
    }
    let mut ending = Ending::failed("run_failed", results.reason.as_deref().unwrap_or("the run did not succeed"));
    if let Some(fields) = ending.terminal_event_data.as_object_mut() {
        fields.insert("results".to_owned(), data);
    }
    Some(ending)
}

async fn tell(say: &mpsc::Sender<Said>, entry: Entry) -> Result<(), Hushed> {
    say.send(Said::Event(entry)).await.map_err(|_| Hushed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_of_a_dag_is_known_by_its_type() {
        let entry = event(&json!({ "type": "node_state", "node_id": "a" }).to_string());
        assert_eq!(&*entry.kind, "node_state");
        assert_eq!(Entry::new("", "x").kind, event("x").kind);
    }
}
