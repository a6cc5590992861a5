//! A server of the test's own, and a WebSocket client without any cleverness.
//!
//! Owns waiting; must not know what is tested. Every wait is for something and has an end.

use everwire_server::shell::{config::Config, server::Server};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, sync::Mutex, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A server in memory on any free port.
pub(crate) fn config() -> Config {
    Config {
        port: 0,
        data: None,
        dags: repository().join("demo/dags"),
        web: repository().join("no-such-folder"),
        root: repository(),
        redis: storage("memory"),
        ..Config::default()
    }
}

/// Where `EVERWIRE_TEST_REDIS` (`redis://host:port`) says that these tests have their storage: a database for each server
/// that has a `name` of its own. The Redis has to be an empty one, with a thousand databases.
pub(crate) fn storage(name: &str) -> Option<String> {
    static KNOWN: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());
    let url = std::env::var("EVERWIRE_TEST_REDIS").ok()?;
    let mut known = KNOWN.lock().expect("no panic");
    let next = known.len();
    // A server in memory is each time another.
    let name = if name == "memory" { format!("{name} {next}") } else { name.to_owned() };
    Some(format!("{url}/{}", known.entry(name).or_insert(next)))
}

pub(crate) async fn start(config: Config) -> Server {
    Server::start(config).await.expect("a server")
}

pub(crate) struct Peer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: Vec<Value>,
    /// Every frame as it came.
    pub(crate) frames: Vec<Value>,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Code(u16),
    Broken,
}

impl Peer {
    pub(crate) async fn try_connect(
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let (socket, _) = timeout(PATIENCE, connect_async(request)).await.expect("in time")?;
        Ok(Self { socket, waiting: Vec::new(), frames: Vec::new() })
    }

    pub(crate) async fn connect(address: SocketAddr, dag: &str) -> Self {
        Self::try_connect(address, &format!("/api/dags/{dag}/stream"), &[]).await.expect("connected")
    }

    /// Connects, reads the hello and answers it as `client`.
    pub(crate) async fn join(address: SocketAddr, dag: &str, client: &str) -> (Self, Value) {
        let mut peer = Self::connect(address, dag).await;
        let hello = peer.next_of("hello").await;
        peer.say(json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":client})).await;
        (peer, hello)
    }

    /// As a client that is told to come again, and does; its callers give it an end.
    pub(crate) async fn join_at_last(address: SocketAddr, dag: &str, client: &str) -> (Self, Value) {
        let path = format!("/api/dags/{dag}/stream");
        let ours = json!({"type":"hello","v":1,"features":["batch","ack","seq"],"client":client});
        loop {
            if let Ok(mut peer) = Self::try_connect(address, &path, &[]).await
                && let Ok(hello) = peer.next().await
                && hello["type"] == "hello"
                && peer.try_say(&ours).await.is_ok()
            {
                return (peer, hello);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn try_say(&mut self, message: &Value) -> Result<(), Error> {
        timeout(PATIENCE, self.socket.send(Message::text(message.to_string()))).await.expect("in time")
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message)).await.expect("in time").expect("sent");
    }

    /// Says something that the server may no longer take.
    pub(crate) async fn say_if_open(&mut self, message: Value) {
        let sent = self.socket.send(Message::text(message.to_string()));
        // The sockets are full, or closed: that is what is tested.
        let _ = timeout(Duration::from_millis(100), sent).await;
    }

    /// The next message, batches taken apart, or how the connection ended.
    pub(crate) async fn next(&mut self) -> Result<Value, Ended> {
        loop {
            if !self.waiting.is_empty() {
                return Ok(self.waiting.remove(0));
            }
            let message = timeout(PATIENCE, self.socket.next()).await.expect("in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("json");
                    self.waiting = frame.as_array().cloned().unwrap_or_else(|| vec![frame.clone()]);
                    self.frames.push(frame);
                }
                Some(Ok(Message::Close(Some(frame)))) => return Err(Ended::Code(frame.code.into())),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_))) => {}
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Err(Ended::Broken),
            }
        }
    }

    pub(crate) async fn next_of(&mut self, kind: &str) -> Value {
        self.next_that(|message| message["type"] == kind).await
    }

    pub(crate) async fn next_that(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await.expect("open");
            if wanted(&message) {
                return message;
            }
        }
    }

    pub(crate) async fn ended(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }

    /// The state, as the answer to a resync.
    pub(crate) async fn state(&mut self) -> Value {
        self.say(json!({"type":"resync_request","last_seen":null})).await;
        self.next_of("resync").await["state"].clone()
    }
}

/// One request over a connection of its own; the status and the rest.
pub(crate) async fn request(address: SocketAddr, head: &str, body: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(address).await.expect("connected");
    let text = format!("{head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(text.as_bytes()).await.expect("written");
    let mut answer = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut answer)).await.expect("in time").expect("read");
    let answer = String::from_utf8(answer).expect("text");
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (status, answer)
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    request(address, &format!("GET {path} HTTP/1.1\r\nhost: {address}"), "").await
}

pub(crate) async fn post(address: SocketAddr, path: &str, body: Value) -> (u16, String) {
    let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json");
    request(address, &head, &body.to_string()).await
}

pub(crate) async fn start_run(address: SocketAddr, dag: &str) {
    let (status, answer) = post(address, &format!("/api/dags/{dag}/start"), json!({})).await;
    assert_eq!(status, 200, "{answer}");
}

/// The value of a metric.
pub(crate) async fn metric(address: SocketAddr, name: &str) -> u64 {
    let (_, page) = get(address, "/metrics").await;
    let line =
        page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap_or_else(|| panic!("{name}"));
    line.parse().expect("a number")
}

/// Waits until a metric has a value.
pub(crate) async fn until_metric(address: SocketAddr, name: &str, value: u64) {
    let reached = async {
        while metric(address, name).await != value {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, reached).await.unwrap_or_else(|_| panic!("{name} is never {value}"));
}
