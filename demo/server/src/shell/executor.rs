//! Runs the commands the core asks for, and reports their ends.
//!
//! Owns the commands that run, their environment and the scratch folders of runs; must not know what depends on them.

use super::{
    orphans,
    process::{Killer, OUTPUT_BYTES, Order, Report},
};
use crate::core::node::{End, Exit, Task, TaskKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{sync::mpsc, task::spawn_blocking, time::timeout};

/// The variables that a command gets from the server's own environment; the rest is not its business.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "USER"];

/// The end of a command, and whose it is.
pub(super) type Ended = (TaskKey, End);

/// Runs commands.
#[derive(Clone, Debug)]
pub struct Executor(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Where commands run.
    root: PathBuf,
    /// Where each run has an empty folder of its own.
    scratch: PathBuf,
    /// Whether a later life of the server goes on with those folders.
    lasting: bool,
    /// What marks the commands of this journal.
    journal: OsString,
    ends: OnceLock<mpsc::UnboundedSender<Ended>>,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    killers: BTreeMap<TaskKey, Killer>,
    stopped: bool,
}

impl Executor {
    /// An executor of commands in `root`, with scratch folders in `scratch`; unless they are `lasting`, they go with it.
    #[must_use]
    pub fn new(root: PathBuf, scratch: PathBuf, lasting: bool, journal: OsString) -> Self {
        Self(Arc::new(Inner { root, scratch, lasting, journal, ends: OnceLock::new(), running: Mutex::default() }))
    }

    /// Where ends are reported. The first call counts.
    pub(super) fn report_to(&self, ends: mpsc::UnboundedSender<Ended>) {
        let _ = self.0.ends.set(ends);
    }

    /// Starts a command. Its end is reported in any case.
    pub(super) fn spawn(&self, task: Task) {
        let killer = Killer::default();
        let mut running = self.running();
        if running.stopped {
            return;
        }
        running.killers.insert(task.key.clone(), killer.clone());
        drop(running);
        let executor = self.clone();
        tokio::spawn(async move {
            let key = task.key.clone();
            let limit = Duration::from_millis(task.timeout);
            let (worker, hands) = (executor.clone(), killer.clone());
            let mut work = spawn_blocking(move || worker.run(task, &hands));
            let (ended, late) = match timeout(limit, &mut work).await {
                Ok(ended) => (ended, false),
                Err(_) => {
                    killer.kill();
                    (work.await, true)
                }
            };
            executor.running().killers.remove(&key);
            let mut end = ended.unwrap_or_else(|error| not_started(error.to_string()));
            if late {
                end.exit = Exit::TimedOut;
            }
            if let Some(ends) = executor.0.ends.get() {
                // A server that is stopping runs it again in its next life.
                let _ = ends.send((key, end));
            }
        });
    }

    /// Kills a command and all it started.
    pub(super) fn kill(&self, key: &TaskKey) {
        let killer = self.running().killers.get(key).cloned();
        if let Some(killer) = killer {
            killer.kill();
        }
    }

    /// Kills all commands and starts no other.
    pub(super) fn stop(&self) {
        let mut running = self.running();
        running.stopped = true;
        running.killers.values().for_each(Killer::kill);
    }

    /// Removes the scratch folders of all runs but `current`.
    pub(super) fn tidy(&self, current: &BTreeSet<String>) {
        let Ok(entries) = fs::read_dir(&self.0.scratch) else { return };
        for entry in entries.flatten() {
            if entry.file_name().to_str().is_some_and(|name| !current.contains(name)) {
                // What cannot be removed now is tried again with the next run.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn run(&self, task: Task, killer: &Killer) -> End {
        let scratch = self.0.scratch.join(&task.key.run_id);
        if let Err(error) = fs::create_dir_all(&scratch) {
            return not_started(error.to_string());
        }
        let env = self.environment(&task, &scratch);
        let mut total = End { exit: Exit::Code(0), output: String::new(), output_bytes: 0, wall_ms: 0, cpu_ms: 0 };
        for words in [&task.run, &task.otherwise] {
            if words.is_empty() {
                continue;
            }
            let words = words.iter().map(|word| word.replace("{scratch}", &scratch.to_string_lossy())).collect();
            let order = Order { words, root: self.0.root.clone(), env: env.clone(), stdin: task.stdin.clone() };
            match order.run(killer) {
                Ok(report) => add(&mut total, &report),
                Err(error) => total.exit = Exit::NotStarted(error.to_string()),
            }
            if total.exit == Exit::Code(0) || killer.is_killed() {
                break;
            }
        }
        total
    }

    fn environment(&self, task: &Task, scratch: &Path) -> Vec<(OsString, OsString)> {
        let mut env: Vec<(OsString, OsString)> =
            INHERITED.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?))).collect();
        env.push((orphans::VARIABLE.into(), self.0.journal.clone()));
        env.push(("EVERWIRE_SCRATCH".into(), scratch.into()));
        env.push(("EVERWIRE_ATTEMPT".into(), task.key.attempt.to_string().into()));
        env.push(("EVERWIRE_FEEDBACK".into(), task.feedback.clone().unwrap_or_default().into()));
        // The same words on every machine, no pager and no question on a terminal that is not there.
        for (name, value) in
            [("LC_ALL", "C"), ("GIT_PAGER", "cat"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_OPTIONAL_LOCKS", "0")]
        {
            env.push((name.into(), value.into()));
        }
        env
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        // Plain values: a panic elsewhere cannot leave them half changed.
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !self.lasting {
            // A folder that was never made, or that something still writes into, is the system's to clean up.
            let _ = fs::remove_dir_all(&self.scratch);
        }
    }
}

/// Adds what one command of a node did to what the node did: the last exit counts, the cost is of both.
fn add(total: &mut End, report: &Report) {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    total.exit = match (report.code, report.signal) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::NotStarted("the system told no exit status".to_owned()),
    };
    // Bytes that are no text grow when they are made readable: the cap holds for what is shown.
    let text = String::from_utf8_lossy(&report.output);
    let room = OUTPUT_BYTES.saturating_sub(total.output.len());
    total.output.push_str(crate::core::node::head(&text, room));
    total.output_bytes += report.output_bytes;
    total.wall_ms += millis(report.wall);
    total.cpu_ms += millis(report.cpu);
}

fn not_started(why: String) -> End {
    End { exit: Exit::NotStarted(why), output: String::new(), output_bytes: 0, wall_ms: 0, cpu_ms: 0 }
}
