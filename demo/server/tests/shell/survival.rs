//! `kill -9` in mid-run.

use crate::peer::{Ended, Peer, repository, start_run, storage};
use serde_json::json;
use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_everwire-server"))
            .args(["--port", "0", "--data"])
            .arg(data)
            .env("REDIS_URL", storage(&data.to_string_lossy()).unwrap_or_default())
            .current_dir(repository())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("http://")?.parse().ok());
        Self { child, address: address.expect("an address") }
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        assert!(self.child.wait().expect("ended").success());
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("ended");
    }
}

pub(crate) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("everwire-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    folder
}

/// The numbers of the processes that belong to the journal in `data`.
pub(crate) fn children(data: &Path) -> BTreeSet<OsString> {
    let mark = format!("EVERWIRE_JOURNAL={}", data.display()).into_bytes();
    let Ok(entries) = fs::read_dir("/proc") else { return BTreeSet::new() };
    let ours = |entry: &fs::DirEntry| {
        fs::read(entry.path().join("environ"))
            .is_ok_and(|env| env.split(|byte| *byte == 0).any(|variable| variable == mark))
    };
    entries.flatten().filter(ours).map(|entry| entry.file_name()).collect()
}

#[tokio::test]
async fn a_killed_server_goes_on_where_it_was() {
    let data = folder("survival");
    let process = Process::start(&data);
    let (mut peer, hello) = Peer::join(process.address, "steps", "c").await;
    start_run(process.address, "steps").await;
    let done = peer.next_that(|message| message["node_id"] == "step-01" && message["status"] == "succeeded").await;
    let seen = peer.next_that(|message| message["node_id"] == "step-02" && message["status"] == "running").await;
    let before = children(&data);
    process.kill();
    assert_eq!(peer.ended().await, Ended::Broken);

    let process = Process::start(&data);
    assert!(children(&data).is_disjoint(&before), "what ran before was killed before it is run again");
    let (mut peer, again) = Peer::join(process.address, "steps", "c").await;
    assert_eq!(again["epoch"], hello["epoch"]);
    assert!(again["seq"].as_u64() > seen["$seq"].as_u64());
    peer.say(json!({"type":"resync_request","last_seen":done["$seq"],"epoch":hello["epoch"]})).await;
    let resync = peer.next_of("resync").await;
    assert_eq!(resync["kept"], true);
    let events = resync["events"].as_array().expect("events");
    assert!(events.iter().all(|event| event["node_id"] != "step-01"), "what is finished stays finished");
    let attempt = |event: &&serde_json::Value| event["node_id"] == "step-02" && event["metrics"]["attempt"] == 2;
    assert!(events.iter().any(|event| attempt(&event)), "what was running is run again: {events:?}");
    let done = |event: &serde_json::Value| event["node_id"] == "step-02" && event["status"] == "succeeded";
    if !events.iter().any(done) {
        peer.next_that(done).await;
    }
    process.kill();
    let _ = fs::remove_dir_all(data);
}

#[tokio::test]
async fn a_decision_that_was_acknowledged_survives_and_is_not_applied_again() {
    let data = folder("decision");
    let process = Process::start(&data);
    let (mut peer, _) = Peer::join(process.address, "gate", "c").await;
    start_run(process.address, "gate").await;
    peer.next_of("human_gate_waiting").await;
    let decision = json!({"type":"human_decision","$id":"c.1","node_id":"ask","decision":"approve"});
    peer.say(decision.clone()).await;
    peer.next_of("ack").await;
    process.kill();

    let process = Process::start(&data);
    let (mut peer, _) = Peer::join(process.address, "gate", "c").await;
    peer.say(decision).await;
    assert_eq!(peer.next_of("ack").await["id"], "c.1");
    assert_eq!(crate::peer::metric(process.address, "everwire_commands_total").await, 0);
    assert_eq!(crate::peer::metric(process.address, "everwire_repeated_total").await, 1);
    process.kill();
    let _ = fs::remove_dir_all(data);
}

#[tokio::test]
async fn asked_to_end_it_ends_by_itself_and_leaves_no_command() {
    let data = folder("stop");
    let mut process = Process::start(&data);
    let (mut peer, _) = Peer::join(process.address, "steps", "c").await;
    start_run(process.address, "steps").await;
    peer.next_that(|message| message["status"] == "running").await;
    let pid = rustix::process::Pid::from_child(&process.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("asked");
    peer.next_of("goaway").await;
    let status = tokio::task::spawn_blocking(move || process.child.wait()).await.expect("no panic").expect("ended");
    assert!(status.success(), "{status}");
    assert_eq!(children(&data), BTreeSet::new());
    let _ = fs::remove_dir_all(data);
}
