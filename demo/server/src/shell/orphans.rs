//! Commands that outlived a server that was killed.
//!
//! Owns finding and killing them; must not know what they did. Every command carries the journal it belongs to in its
//! environment, and so does whatever it started; `/proc` shows it. Where there is no `/proc`, an orphan ends on its own.

use rustix::process::{Pid, Signal, kill_process};
use std::{collections::BTreeSet, ffi::OsStr, fs, os::unix::ffi::OsStrExt, thread, time::Duration};

/// The variable that names the journal.
pub const VARIABLE: &str = "EVERWIRE_JOURNAL";
/// How often it is looked for what is left, and how long after the last time: for a second in all.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(10);

/// Kills every process whose environment names `journal`, and waits until they are dead, for about a second; returns how
/// many they were. Blocks.
pub fn kill(journal: &OsStr) -> usize {
    kill_within(LOOKS, journal)
}

#[expect(clippy::disallowed_methods, reason = "its callers have nothing else to do, or a thread of their own for it")]
fn kill_within(looks: u32, journal: &OsStr) -> usize {
    let mut killed = BTreeSet::new();
    for _ in 0..looks {
        // One that was signalled works on until it is its turn, and may have begun others that nobody saw yet.
        let found = marked(journal);
        if found.is_empty() {
            break;
        }
        for pid in found {
            if kill_process(pid, Signal::KILL).is_ok() {
                killed.insert(pid.as_raw_nonzero());
            }
        }
        thread::sleep(PAUSE);
    }
    killed.len()
}

/// Those that live: of a dead one that nobody has waited for, there is no environment.
fn marked(journal: &OsStr) -> Vec<Pid> {
    let mark = [VARIABLE.as_bytes(), b"=", journal.as_bytes()].concat();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| {
        let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
        // A process of somebody else cannot be read, and is not ours.
        let environment = fs::read(entry.path().join("environ")).ok()?;
        environment.split(|byte| *byte == 0).any(|variable| variable == mark).then_some(pid)
    });
    pids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{os::unix::process::ExitStatusExt, process::Command};

    #[test]
    fn only_the_processes_of_the_journal_are_killed() {
        let name = format!("test-{}", std::process::id());
        let sleep = |journal: &str| Command::new("sleep").arg("30").env(VARIABLE, journal).spawn().expect("started");
        let (mut ours, mut theirs) = (sleep(&name), sleep("another"));
        // The environment shows once the program has replaced the forked copy of this one.
        while kill(OsStr::new(&name)) == 0 {
            std::thread::yield_now();
        }
        assert_eq!(ours.wait().expect("ended").signal(), Some(9));
        assert!(theirs.try_wait().expect("asked").is_none());
        theirs.kill().expect("killed");
        theirs.wait().expect("ended");
    }

    #[test]
    fn nothing_of_the_journal_lives_when_it_returns() {
        let name = format!("forks-{}", std::process::id());
        let journal = OsStr::new(&name);
        let forks = "for n in 1 2 3 4 5 6 7 8; do sleep 60 & done; wait";
        let mut shell = Command::new("sh").args(["-c", forks]).env(VARIABLE, journal).spawn().expect("started");
        // While a program is replaced by another, its environment is not to be seen.
        let sleeps = |pid: &Pid| {
            fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).is_ok_and(|line| line == b"sleep\x0060\x00")
        };
        while marked(journal).iter().filter(|pid| sleeps(pid)).count() < 8 || marked(journal).len() < 9 {
            thread::yield_now();
        }
        // However long it takes here.
        assert_eq!(kill_within(u32::MAX, journal), 9);
        assert!(marked(journal).is_empty());
        assert_eq!(shell.wait().expect("ended").signal(), Some(9));
    }
}
