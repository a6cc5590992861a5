//! Commands that outlived a server that was killed.
//!
//! Owns finding and killing them; must not know what they did. Every command carries the journal it belongs to in its
//! environment, and so does whatever it started; `/proc` shows it. Where there is no `/proc`, an orphan ends on its own.

use rustix::process::{Pid, Signal, kill_process};
use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt};

/// The variable that names the journal.
pub const VARIABLE: &str = "EVERWIRE_JOURNAL";

/// Kills every process whose environment names `journal`; returns how many.
pub fn kill(journal: &OsStr) -> usize {
    let mark = [VARIABLE.as_bytes(), b"=", journal.as_bytes()].concat();
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let mut killed = 0;
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        // A process of somebody else cannot be read, and is not ours.
        let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|byte| *byte == 0).any(|variable| variable == mark)
            && kill_process(pid, Signal::KILL).is_ok()
        {
            killed += 1;
        }
    }
    killed
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
}
