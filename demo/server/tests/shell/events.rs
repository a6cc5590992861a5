//! A reader of event streams without any cleverness, and a Redis of the test's own.
//!
//! Owns waiting; must not know what is tested. Every wait is for something and has an end.

use crate::{
    peer::{post, repository, request},
    redis::free_port,
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One event as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: String,
}

impl Event {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("json")
    }
}

/// A connection that reads events.
pub(crate) struct Reader {
    socket: TcpStream,
    waiting: String,
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) comments: usize,
    /// The id of the last block, also of one without data.
    pub(crate) last: String,
}

impl Reader {
    /// Asks with `head` (a request line and headers) and reads the answer's.
    pub(crate) async fn ask(address: SocketAddr, head: &str, body: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // What a reader does not read should soon be noticed.
        socket.set_recv_buffer_size(4_096).expect("set");
        let mut socket = timeout(PATIENCE, socket.connect(address)).await.expect("in time").expect("connected");
        // An answer to HTTP/1.0 comes without chunks, and ends with the connection.
        let text = format!("{head}\r\nhost: {address}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        socket.write_all(text.as_bytes()).await.expect("written");
        let mut reader =
            Self { socket, waiting: String::new(), status: 0, head: String::new(), comments: 0, last: String::new() };
        while !reader.waiting.contains("\r\n\r\n") {
            assert!(reader.more().await, "an answer has a head: {:?}", reader.waiting);
        }
        let (head, rest) = reader.waiting.split_once("\r\n\r\n").expect("there");
        reader.head = head.to_ascii_lowercase();
        reader.status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        reader.waiting = rest.to_owned();
        reader
    }

    /// Looks at a stream, after an event if there is one.
    pub(crate) async fn open(address: SocketAddr, stream: &str, last: &str) -> Self {
        let after = if last.is_empty() { String::new() } else { format!("\r\nlast-event-id: {last}") };
        Self::ask(address, &format!("GET /api/stream/{stream} HTTP/1.0{after}"), "").await
    }

    /// The next event, or none where the answer ends.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.waiting.split_once("\n\n") {
                let mut event = Event { id: self.last.clone(), kind: String::new(), data: String::new() };
                let mut data = Vec::new();
                for line in block.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => event.id = id.to_owned(),
                        Some(("event", kind)) => event.kind = kind.to_owned(),
                        Some(("data", text)) => data.push(text),
                        Some(("", _)) => self.comments += 1,
                        Some((_, _)) | None => {}
                    }
                }
                event.data = data.join("\n");
                let is_event = !data.is_empty();
                self.last = event.id.clone();
                self.waiting = rest.to_owned();
                if is_event {
                    return Some(event);
                }
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// All numbered events until the answer ends.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            if event.kind != "connected" && event.kind != "interrupted" {
                events.push(event);
            }
        }
        events
    }

    async fn more(&mut self) -> bool {
        let mut bytes = [0; 8_192];
        let mut whole = Vec::new();
        loop {
            match timeout(PATIENCE, self.socket.read(&mut bytes)).await.expect("in time") {
                Ok(0) | Err(_) => return false,
                Ok(count) => whole.extend_from_slice(&bytes[..count]),
            }
            // A character may be cut in two.
            if let Ok(text) = std::str::from_utf8(&whole) {
                self.waiting.push_str(text);
                return true;
            }
        }
    }
}

/// Reads a stream to its end over as many connections as it takes, from one server after the other.
pub(crate) async fn follow(servers: &[SocketAddr], stream: &str) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut last = String::new();
    let all = async {
        for turn in 0.. {
            let address = servers[turn % servers.len()];
            if TcpStream::connect(address).await.is_err() {
                sleep(Duration::from_millis(50)).await;
                continue;
            }
            let mut reader = Reader::open(address, stream, &last).await;
            match reader.status {
                200 => events.extend(reader.rest().await),
                503 => sleep(Duration::from_millis(100)).await,
                status => panic!("{status}: {}", reader.waiting),
            }
            if let Some(event) = events.last() {
                last.clone_from(&event.id);
                if event.kind == "completed" || event.kind == "failed" || event.data == "[DONE]" {
                    return;
                }
            }
        }
    };
    timeout(PATIENCE * 2, all).await.expect("it ends in time");
    events
}

/// Asserts that these are all events of a stream, each once.
pub(crate) fn assert_whole(events: &[Event]) {
    let numbers = events.iter().map(|event| {
        let (_, number) = event.id.rsplit_once(':').expect("a position");
        number.parse::<usize>().expect("a number")
    });
    let numbers: Vec<usize> = numbers.collect();
    assert_eq!(numbers, (1..=events.len()).collect::<Vec<_>>());
}

/// Starts a stream: its identity and its token.
pub(crate) async fn begin(address: SocketAddr, order: Value) -> (String, String) {
    let (status, answer) = post(address, "/api/stream", order).await;
    assert_eq!(status, 201, "{answer}");
    let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("json");
    let text = |name: &str| body[name].as_str().expect("text").to_owned();
    (text("streamId"), text("token"))
}

/// Asks how a stream ended.
pub(crate) async fn recover(address: SocketAddr, stream: &str, header: &str) -> (u16, Value) {
    let head = format!("GET /api/stream/{stream}/recover HTTP/1.1\r\nhost: {address}{header}");
    let (status, answer) = request(address, &head, "").await;
    (status, serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).unwrap_or(Value::Null))
}

/// Asks, as its owner, until it ended.
pub(crate) async fn ended(address: SocketAddr, stream: &str, token: &str) -> Value {
    let asking = async {
        loop {
            let (status, ending) = recover(address, stream, &format!("\r\nauthorization: Bearer {token}")).await;
            if status == 200 && ending["status"] != "active" {
                return ending;
            }
            assert!(status == 200 || status == 503, "{status} {ending}");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, asking).await.expect("it ends in time")
}

/// An order for words.
pub(crate) fn words(count: usize, interval: u64) -> Value {
    json!({ "work": "answer", "words": count, "interval": interval })
}

/// A server in a process of its own.
pub(crate) struct Node {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Node {
    /// With `terms`, and where it keeps what it keeps.
    pub(crate) fn start(terms: &str, redis: Option<&Redis>, data: Option<&Path>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_everwire-server"));
        command.args(["--port", "0", "--stream-terms", terms]).current_dir(repository()).stdout(Stdio::piped());
        match data {
            Some(data) => command.arg("--data").arg(data),
            None => command.arg("--memory"),
        };
        match redis {
            Some(redis) => command.env("REDIS_URL", redis.url()),
            None => command.env_remove("REDIS_URL"),
        };
        let mut child = command.spawn().expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("http://")?.parse().ok());
        Self { child, address: address.expect("an address") }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).expect("sent");
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(mut self) {
        assert!(self.child.wait().expect("ended").success());
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

/// A Redis that keeps nothing on disk.
pub(crate) struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    pub(crate) fn start() -> Self {
        let port = free_port();
        let redis = Self { child: serve(port), port };
        redis.wait();
        redis
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it; what it had is lost.
    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again where it was, empty.
    pub(crate) fn again(&mut self) {
        self.child = serve(self.port);
        self.wait();
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).expect("sent");
    }

    /// One command of plain words; the answer as it came, and how many bytes of it.
    pub(crate) fn say(&self, words: &str) -> Option<String> {
        let mut socket = std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok()?;
        socket.set_read_timeout(Some(PATIENCE)).ok()?;
        socket.write_all(format!("{words}\r\nQUIT\r\n").as_bytes()).ok()?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer).ok()?;
        Some(answer)
    }

    /// The keys of streams there are.
    pub(crate) fn keys(&self) -> Vec<String> {
        let answer = self.say("KEYS sse:*").expect("an answer");
        answer.lines().filter(|line| line.starts_with("sse:")).map(|line| line.trim().to_owned()).collect()
    }

    fn wait(&self) {
        let mut tries = 0;
        while !self.say("PING").is_some_and(|answer| answer.starts_with("+PONG")) {
            tries += 1;
            assert!(tries < 1_000, "redis-server does not answer");
            // It listens a moment after it was started; this is the test's own thread.
            let _ = Command::new("sleep").arg("0.01").status();
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(port: u16) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server: `make test` installs it, and so does tools/install.sh redis")
}

/// The fields of an answer's head.
pub(crate) fn fields(answer: &str) -> BTreeMap<String, String> {
    let head = answer.split_once("\r\n\r\n").map_or(answer, |(head, _)| head);
    let pairs = head.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect()
}
