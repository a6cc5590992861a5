//! One command of the system, from its start to the end of everything it started.
//!
//! Owns a process group, its output and what it cost; must not know DAGs. No shell is involved: the words of a command
//! are handed to the system as they are.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::{
    ffi::OsString,
    io::{self, Read, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};
use wait4::Wait4;

/// Bytes of output kept; more is counted and thrown away.
pub const OUTPUT_BYTES: usize = 64 << 10;
/// How long a reader may wait for the end of the output after the group was killed: a descendant may have left it.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// What to run.
#[derive(Clone, Debug)]
pub struct Order {
    /// The words.
    pub words: Vec<String>,
    /// The folder.
    pub root: PathBuf,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Standard input; nothing where absent.
    pub stdin: Option<String>,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The exit status, if it exited on its own.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What was printed, standard output and error as they came, up to [`OUTPUT_BYTES`].
    pub output: Vec<u8>,
    /// Bytes printed in all.
    pub output_bytes: u64,
    /// By the wall.
    pub wall: Duration,
    /// Processor time, user and system, of it and its children.
    pub cpu: Duration,
}

/// Kills a command from elsewhere, at any time: before, during or after it runs.
#[derive(Clone, Debug, Default)]
pub struct Killer(Arc<Mutex<Target>>);

#[derive(Debug, Default)]
struct Target {
    group: Option<Pid>,
    killed: bool,
}

impl Killer {
    /// Kills what runs, and whatever would be started later under this killer.
    pub fn kill(&self) {
        let mut target = self.target();
        target.killed = true;
        // The group is only set while its leader is not reaped, so the number cannot be another's.
        if let Some(group) = target.group {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Whether [`Killer::kill`] was called.
    #[must_use]
    pub fn is_killed(&self) -> bool {
        self.target().killed
    }

    fn target(&self) -> std::sync::MutexGuard<'_, Target> {
        // The lock holds two plain values: a panic elsewhere cannot leave them half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Order {
    /// Runs the command and waits for its end. Blocks.
    ///
    /// # Errors
    /// The command could not be started, or was killed before it was.
    #[expect(clippy::disallowed_methods, reason = "what is measured here decides nothing")]
    pub fn run(self, killer: &Killer) -> io::Result<Report> {
        let begun = Instant::now();
        let (reader, mut child) = self.spawn(killer)?;
        let output = Output::default();
        let (done, finished) = mpsc::channel();
        let collected = output.clone();
        thread::spawn(move || {
            collected.collect(reader);
            // Nobody may be waiting any more.
            let _ = done.send(());
        });
        if let (Some(text), Some(mut stdin)) = (self.stdin, child.stdin.take()) {
            // A command may end without reading all of its input.
            thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
        }
        let usage = reap(child, killer)?;
        let _ = finished.recv_timeout(LAST_OUTPUT);
        let (bytes, total) = output.take();
        Ok(Report {
            code: usage.status.code(),
            signal: usage.status.signal(),
            output: bytes,
            output_bytes: total,
            wall: begun.elapsed(),
            cpu: usage.rusage.utime + usage.rusage.stime,
        })
    }

    fn spawn(&self, killer: &Killer) -> io::Result<(io::PipeReader, Child)> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(io::Error::other("there is no program to run"));
        };
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.root)
            .env_clear()
            .envs(self.env.iter().cloned())
            .stdin(if self.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        // Held over the start, so that a kill falls before it or finds the group.
        let mut target = killer.target();
        if target.killed {
            return Err(io::Error::other("the run ended first"));
        }
        let child = command.spawn()?;
        target.group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok((reader, child))
    }
}

/// Waits for the leader, kills what is left of its group while the leader's number still names it, and only then lets
/// the system forget it.
fn reap(child: Child, killer: &Killer) -> io::Result<wait4::ResUse> {
    let group = killer.target().group;
    if let Some(leader) = group {
        while let Err(error) = waitid(WaitId::Pid(leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            if error != rustix::io::Errno::INTR {
                return Err(error.into());
            }
        }
        let mut target = killer.target();
        let _ = kill_process_group(leader, Signal::KILL);
        target.group = None;
    }
    child.wait4()
}

/// The beginning of an output, and how long all of it was.
#[derive(Clone, Debug, Default)]
struct Output(Arc<Mutex<(Vec<u8>, u64)>>);

impl Output {
    fn collect(&self, mut reader: impl Read) {
        let mut buffer = [0; 8 << 10];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    let room = OUTPUT_BYTES.saturating_sub(kept.0.len());
                    kept.0.extend_from_slice(&buffer[..count.min(room)]);
                    kept.1 += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    fn take(&self) -> (Vec<u8>, u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut kept.0), kept.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &[&str], stdin: Option<&str>) -> Order {
        Order {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            root: ".".into(),
            env: vec![("PATH".into(), std::env::var_os("PATH").unwrap_or_default())],
            stdin: stdin.map(Into::into),
        }
    }

    #[test]
    fn words_reach_the_program_as_they_are() {
        let report = order(&["printf", "%s|", "$(id)", "a b", ";true"], None).run(&Killer::default()).expect("ran");
        assert_eq!(report.output, b"$(id)|a b|;true|");
        assert_eq!(report.code, Some(0));
    }

    #[test]
    fn input_and_exit_status_pass() {
        let report = order(&["grep", "-c", "x"], Some("x\ny\nx\n")).run(&Killer::default()).expect("ran");
        assert_eq!((report.output.as_slice(), report.code), (&b"2\n"[..], Some(0)));
        assert_eq!(order(&["false"], None).run(&Killer::default()).expect("ran").code, Some(1));
        assert!(order(&["no-such-program-here"], None).run(&Killer::default()).is_err());
    }

    #[test]
    fn output_is_capped_and_counted() {
        let report = order(&["head", "-c", "300000", "/dev/zero"], None).run(&Killer::default()).expect("ran");
        assert_eq!((report.output.len(), report.output_bytes), (OUTPUT_BYTES, 300_000));
    }

    #[test]
    fn processor_time_is_counted() {
        let report = order(&["sha256sum"], Some(&"x".repeat(20 << 20))).run(&Killer::default()).expect("ran");
        assert!(report.cpu > Duration::ZERO && report.cpu <= report.wall * 4);
    }

    #[test]
    fn a_kill_reaches_the_whole_group_and_comes_too_early_or_too_late_without_harm() {
        let killer = Killer::default();
        let running = killer.clone();
        let thread = thread::spawn(move || order(&["env", "sleep", "30"], None).run(&running));
        while killer.target().group.is_none() {
            thread::yield_now();
        }
        killer.kill();
        let report = thread.join().expect("no panic").expect("ran");
        assert_eq!(report.signal, Some(9));
        assert!(report.wall < Duration::from_secs(10));
        killer.kill();
        assert!(order(&["true"], None).run(&killer).is_err(), "killed before it began");
    }

    #[test]
    fn what_a_command_leaves_behind_is_killed() {
        let report =
            order(&["timeout", "--foreground", "0.1", "sleep", "30"], None).run(&Killer::default()).expect("ran");
        assert_eq!(report.code, Some(124));
        assert!(report.wall < Duration::from_secs(10));
    }
}
