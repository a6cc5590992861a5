//! A client that goes from one process to another, and writes down what it was told.
//!
//! Owns the client's half of the protocol, as little of it as is needed to lose nothing; must not know what fails.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

/// After this silence it pings, and after as much again it gives a connection up.
const SILENCE: Duration = Duration::from_millis(1_500);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// What a walk brought.
#[derive(Debug, Default)]
pub(crate) struct Walk {
    /// The numbered events, as they were first told; the first has the number 1.
    pub(crate) events: Vec<Value>,
    /// Commands that were acknowledged.
    pub(crate) acked: u64,
    /// What must not happen.
    pub(crate) faults: Vec<String>,
    /// Connections that were opened.
    pub(crate) connections: u64,
    /// The longest time from a command to its acknowledgement.
    pub(crate) longest: Duration,
    /// The close codes it met.
    pub(crate) codes: Vec<u16>,
}

pub(crate) struct Walker {
    pub(crate) client: String,
    pub(crate) dag: &'static str,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Pauses and resumes the run by turns, each time once the last was acknowledged.
    pub(crate) commands: bool,
    /// Counts what is acknowledged.
    pub(crate) acked: Arc<AtomicU64>,
    /// Set: it sends no other command, and ends when it has been told everything.
    pub(crate) over: Arc<AtomicBool>,
    pub(crate) luck: u64,
}

struct Way {
    walk: Walk,
    epoch: Option<String>,
    sent: Option<(u64, Instant)>,
}

impl Walker {
    pub(crate) async fn walk(mut self) -> Walk {
        let mut way = Way { walk: Walk::default(), epoch: None, sent: None };
        loop {
            if let Some(socket) = self.connect().await {
                way.walk.connections += 1;
                if self.stay(socket, &mut way).await.is_some() {
                    return way.walk;
                }
            }
            sleep(Duration::from_millis(20 + self.chance(60))).await;
        }
    }

    async fn connect(&mut self) -> Option<Socket> {
        let one = usize::try_from(self.chance(self.addresses.len() as u64)).expect("small");
        let address = self.addresses[one];
        let url = format!("ws://{address}/api/dags/{}/stream", self.dag);
        Some(timeout(Duration::from_secs(8), connect_async(url)).await.ok()?.ok()?.0)
    }

    /// On one connection; something if the walk is over.
    async fn stay(&mut self, mut socket: Socket, way: &mut Way) -> Option<()> {
        let mut pinged = false;
        let (mut greeted, mut asked) = (false, false);
        let mut last_words = None;
        loop {
            let message = match timeout(SILENCE / 5, socket.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(_) => return None,
                Err(_) if self.over.load(Ordering::Relaxed) && asked && way.sent.is_none() => {
                    // Whatever was said before the answer to this has been heard with it.
                    if last_words.is_none() {
                        last_words = Some(way.walk.events.len());
                        self.say(&mut socket, json!({"type":"ping","ts":"last"})).await?;
                    }
                    continue;
                }
                Err(_) if pinged => return None,
                Err(_) => {
                    pinged = true;
                    // What comes before a hello is a plain peer's.
                    if !greeted {
                        sleep(SILENCE).await;
                        continue;
                    }
                    self.say(&mut socket, json!({"type":"ping","ts":1})).await?;
                    sleep(SILENCE / 5).await;
                    continue;
                }
            };
            pinged = false;
            let text = match message {
                Message::Text(text) => text,
                Message::Close(Some(frame)) => {
                    way.walk.codes.push(frame.code.into());
                    return None;
                }
                Message::Close(None) => return None,
                Message::Ping(_) | Message::Pong(_) | Message::Binary(_) | Message::Frame(_) => continue,
            };
            let frame: Value = serde_json::from_str(&text).expect("json");
            for message in frame.as_array().cloned().unwrap_or_else(|| vec![frame]) {
                match message["type"].as_str().expect("a type") {
                    "hello" => {
                        greeted = true;
                        way.meet(&message["epoch"]);
                        let features = json!(["batch", "ack", "seq"]);
                        let hello = json!({"type":"hello","v":1,"features":features,"client":self.client});
                        self.say(&mut socket, hello).await?;
                        let resync = json!({"type":"resync_request","last_seen":way.last(),"epoch":way.epoch});
                        self.say(&mut socket, resync).await?;
                    }
                    "resync" => {
                        if message["kept"] != true {
                            let last = way.last();
                            way.walk.faults.push(format!("state instead of events after {last}"));
                            return Some(());
                        }
                        message["events"].as_array().into_iter().flatten().for_each(|event| way.tell(event));
                        if message["more"] != true {
                            asked = true;
                            match way.sent {
                                Some((n, _)) => self.command(&mut socket, n).await?,
                                None => self.next(&mut socket, way).await?,
                            }
                        }
                    }
                    "ack" => {
                        if let Some((_, when)) =
                            way.sent.take_if(|(n, _)| message["id"] == format!("{}.{n}", self.client))
                        {
                            way.walk.acked += 1;
                            self.acked.fetch_add(1, Ordering::Relaxed);
                            way.walk.longest = way.walk.longest.max(when.elapsed());
                            sleep(Duration::from_millis(self.chance(20))).await;
                            self.next(&mut socket, way).await?;
                        }
                    }
                    "nack" => way.walk.faults.push(format!("refused: {message}")),
                    "pong" if message["ts"] == "last" && last_words.take() == Some(way.walk.events.len()) => {
                        return Some(());
                    }
                    "goaway" | "pong" | "error" => {}
                    _ => way.tell(&message),
                }
            }
        }
    }

    async fn next(&mut self, socket: &mut Socket, way: &mut Way) -> Option<()> {
        if !self.commands || self.over.load(Ordering::Relaxed) {
            return Some(());
        }
        let n = way.walk.acked + 1;
        way.sent = Some((n, Instant::now()));
        self.command(socket, n).await
    }

    async fn command(&mut self, socket: &mut Socket, n: u64) -> Option<()> {
        let kind = if n % 2 == 1 { "pause_execution" } else { "resume_execution" };
        self.say(socket, json!({"type":kind,"$id":format!("{}.{n}", self.client)})).await
    }

    async fn say(&mut self, socket: &mut Socket, message: Value) -> Option<()> {
        timeout(SILENCE, socket.send(Message::text(message.to_string()))).await.ok()?.ok()
    }

    /// A number below `most`.
    fn chance(&mut self, most: u64) -> u64 {
        self.luck = self.luck.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.luck >> 33) % most.max(1)
    }
}

impl Way {
    fn meet(&mut self, epoch: &Value) {
        let epoch = epoch.as_str().expect("an epoch");
        if *self.epoch.get_or_insert_with(|| epoch.to_owned()) != epoch {
            self.walk.faults.push("another epoch".to_owned());
        }
    }

    fn last(&self) -> u64 {
        self.walk.events.len() as u64
    }

    fn tell(&mut self, event: &Value) {
        // A repeat of a critical event has no number.
        let Some(seq) = event["$seq"].as_u64() else { return };
        if seq == self.last() + 1 {
            self.walk.events.push(event.clone());
        } else if let Some(known) = usize::try_from(seq - 1).ok().and_then(|index| self.walk.events.get(index))
            && known != event
        {
            self.walk.faults.push(format!("number {seq} was {known}, is {event}"));
        }
    }
}
