//! A Redis of the test's own, and server processes that share it.
//!
//! Owns their lives; must not know what is tested. Where there is no `redis-server`, tests that want one are skipped.

use crate::peer::{get, repository};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// A Redis that keeps nothing on disk.
pub(crate) struct Redis {
    port: u16,
    child: Option<Child>,
}

impl Redis {
    pub(crate) async fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_err() {
            eprintln!("skipped: there is no redis-server");
            return None;
        }
        let mut redis = Self { port: free_port(), child: None };
        redis.again().await;
        Some(redis)
    }

    /// Starts it on the port it had. It has forgotten everything.
    pub(crate) async fn again(&mut self) {
        let port = self.port.to_string();
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--databases", "64"])
            .stdout(Stdio::null())
            .spawn();
        self.child = Some(child.expect("started"));
        for _ in 0..200 {
            if self.answers() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("redis-server does not answer");
    }

    /// It accepts, and does not answer.
    pub(crate) fn hang(&self, hangs: bool) {
        let signal = if hangs { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        let child = self.child.as_ref().expect("running");
        rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).expect("signalled");
    }

    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("ended");
        }
    }

    /// A database that nobody else here uses.
    pub(crate) fn url(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        self.database(NEXT.fetch_add(1, Ordering::Relaxed) % 64)
    }

    pub(crate) fn database(&self, number: u32) -> String {
        format!("redis://127.0.0.1:{}/{number}", self.port)
    }

    fn answers(&self) -> bool {
        let Ok(mut socket) = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)) else { return false };
        let mut answer = [0; 5];
        socket.write_all(b"PING\r\n").is_ok() && socket.read_exact(&mut answer).is_ok() && answer == *b"+PONG"
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Server processes on one Redis, each with a port of its own for good.
pub(crate) struct Nodes {
    url: String,
    lease: u64,
    data: PathBuf,
    pub(crate) addresses: Vec<SocketAddr>,
    children: Vec<Option<Child>>,
}

impl Nodes {
    pub(crate) fn start(count: usize, url: String, lease: u64) -> Self {
        let data = std::env::temp_dir().join(format!("everwire-nodes-{}-{}", std::process::id(), free_port()));
        let addresses = (0..count).map(|_| (Ipv4Addr::LOCALHOST, free_port()).into()).collect();
        let mut nodes = Self { url, lease, data, addresses, children: Vec::new() };
        for node in 0..count {
            nodes.children.push(None);
            nodes.begin(node);
        }
        nodes
    }

    pub(crate) fn begin(&mut self, node: usize) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_everwire-server"))
            .args(["--port", &self.addresses[node].port().to_string(), "--proxy-port", "0"])
            .args(["--lease", &self.lease.to_string()])
            .arg("--data")
            .arg(&self.data)
            .env("REDIS_URL", &self.url)
            .current_dir(repository())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let ready = lines.map_while(Result::ok).any(|line| line.starts_with("http://"));
        assert!(ready, "the server does not start");
        self.children[node] = Some(child);
    }

    pub(crate) fn kill(&mut self, node: usize) {
        let mut child = self.children[node].take().expect("running");
        child.kill().expect("killed");
        child.wait().expect("ended");
    }

    pub(crate) fn runs(&mut self, node: usize) -> bool {
        self.children[node].as_mut().is_some_and(|child| child.try_wait().expect("asked").is_none())
    }

    pub(crate) fn signal(&self, node: usize, signal: rustix::process::Signal) {
        let child = self.children[node].as_ref().expect("running");
        rustix::process::kill_process(rustix::process::Pid::from_child(child), signal).expect("signalled");
    }

    /// Stops it where it is, and waits until all of its threads have noticed.
    pub(crate) async fn pause(&self, node: usize) {
        self.signal(node, rustix::process::Signal::STOP);
        let pid = self.children[node].as_ref().expect("running").id();
        let moves = || {
            let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("threads").flatten();
            threads
                .filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok())
                .any(|status| !status.contains("State:\tT"))
        };
        while moves() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Asks it to end, and waits for that.
    pub(crate) async fn stop(&mut self, node: usize) {
        self.signal(node, rustix::process::Signal::TERM);
        let mut child = self.children[node].take().expect("running");
        let status = tokio::task::spawn_blocking(move || child.wait()).await.expect("no panic").expect("ended");
        assert!(status.success(), "{status}");
    }

    /// Which of them has the room.
    pub(crate) async fn owner(&self, dag: &str) -> Option<usize> {
        let line = format!("everwire_log_head{{dag=\"{dag}\"}}");
        for (node, address) in self.addresses.iter().enumerate() {
            if self.children[node].is_some() && get(*address, "/metrics").await.1.contains(&line) {
                return Some(node);
            }
        }
        None
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for mut child in self.children.drain(..).flatten() {
            // One that is stopped dies of this too.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = fs::remove_dir_all(&self.data);
    }
}

/// A port that nobody has. It is below those that the system gives to connections: one that is not listened on for a
/// while, because its process was killed, would be taken by any of them.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(61);
    let free = || {
        let port = 10_000 + (first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000) as u16;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(port)
    };
    (0..1_000).find_map(|_| free()).expect("a port")
}
