//! The task that owns the hub and the store.
//!
//! Owns the tick: what came in, the decisions, the commit, and only then the doing; must not decide.

mod outage;

use super::{clock::Clock, desk::Desk, executor::Executor};
use crate::{
    core::{
        command::Refusal,
        event::DagState,
        hub::{Hub, Input, Output, Parting},
        journal::{Table, Write},
        lease::Step,
        notices::notice,
        room::Work,
        stats::Stats,
    },
    store::{Fault, Store, StoreError},
};
use outage::{decline, refuse};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, oneshot},
    time::sleep,
};

/// What may wait for the driver; beyond it, sockets are not read.
const INBOX: usize = 1_024;
/// A clock that is asked for "now" again and again does not spin.
const LEAST_SLEEP: Duration = Duration::from_millis(5);

/// What a socket is to do.
#[derive(Debug)]
pub enum ToSocket {
    /// Send a text frame.
    Frame(String),
    /// Send a ping frame.
    Ping,
    /// Send a close frame, and end.
    Close {
        /// The code.
        code: u16,
        /// For a person.
        reason: &'static str,
    },
}

/// A socket's end of its connection to the driver.
#[derive(Debug)]
pub struct Outbox {
    /// What to do. The hub bounds what waits here, in bytes.
    pub messages: mpsc::UnboundedReceiver<ToSocket>,
    /// Told when the connection is to end, for a socket that is stuck in a write.
    pub closing: Arc<Notify>,
}

/// What the driver is told.
#[derive(Debug)]
pub(super) enum Message {
    Input(Input),
    Open { conn: u64, dag_id: String, socket: mpsc::UnboundedSender<ToSocket>, closing: Arc<Notify> },
    Start { dag_id: String, reply: oneshot::Sender<Result<String, Refusal>> },
    State { dag_id: String, reply: oneshot::Sender<Option<DagState>> },
    Stats(oneshot::Sender<Stats>),
    Lease(Step),
    Stop { grace: Duration, spread: Duration, reply: oneshot::Sender<()> },
}

/// A way to the driver.
#[derive(Clone, Debug)]
pub struct Driver {
    inbox: mpsc::Sender<Message>,
    conns: Arc<AtomicU64>,
}

/// The driver is gone: the server is stopping.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

impl Driver {
    /// Starts the task. Its future ends when the server is to end: after a stop, or on a journal that cannot be kept.
    pub fn start(
        hub: Hub,
        store: Box<dyn Store>,
        clock: Clock,
        executor: Executor,
        desk: Desk,
    ) -> (Self, impl Future<Output = Result<(), StoreError>>) {
        let (inbox, messages) = mpsc::channel(INBOX);
        let driver = Self { inbox, conns: Arc::new(AtomicU64::new(1)) };
        // At most one end for each command under way, which the core bounds.
        let (ends, mut ended) = mpsc::unbounded_channel();
        executor.report_to(ends);
        let reporter = driver.clone();
        tokio::spawn(async move {
            while let Some((key, end)) = ended.recv().await {
                if reporter.input(Input::Ended { key, end }).await.is_err() {
                    return;
                }
            }
        });
        let task = Task {
            hub,
            store: Some(store),
            clock,
            executor,
            messages,
            sockets: BTreeMap::new(),
            desk,
            told: BTreeSet::new(),
            starts: BTreeMap::new(),
            requests: 0,
            lapsed: false,
            away: false,
            yielded: false,
        };
        (driver, task.run())
    }

    /// A new connection, and what it is to do.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn open(&self, dag_id: String) -> Result<(u64, Outbox), Stopped> {
        let conn = self.conns.fetch_add(1, Ordering::Relaxed);
        let (socket, messages) = mpsc::unbounded_channel();
        let closing = Arc::new(Notify::new());
        self.tell(Message::Open { conn, dag_id, socket, closing: Arc::clone(&closing) }).await?;
        Ok((conn, Outbox { messages, closing }))
    }

    /// Something happened. Waits while the driver is behind.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn input(&self, input: Input) -> Result<(), Stopped> {
        self.tell(Message::Input(input)).await
    }

    /// Starts a run; the answer comes after the journal has it.
    ///
    /// # Errors
    /// [`Stopped`], or why it was not started.
    pub async fn start_run(&self, dag_id: String) -> Result<Result<String, Refusal>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.tell(Message::Start { dag_id, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// How a DAG stands.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn state(&self, dag_id: String) -> Result<Option<DagState>, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.tell(Message::State { dag_id, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// The numbers of this moment.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn stats(&self) -> Result<Stats, Stopped> {
        let (reply, answer) = oneshot::channel();
        self.tell(Message::Stats(reply)).await?;
        answer.await.map_err(|_| Stopped)
    }

    /// What the lease asks for.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn lease(&self, step: Step) -> Result<(), Stopped> {
        self.tell(Message::Lease(step)).await
    }

    /// Says goodbye to everybody, and ends `grace` later.
    ///
    /// # Errors
    /// [`Stopped`] already.
    pub async fn stop(&self, grace: Duration, spread: Duration) -> Result<(), Stopped> {
        let (reply, answer) = oneshot::channel();
        self.tell(Message::Stop { grace, spread, reply }).await?;
        answer.await.map_err(|_| Stopped)
    }

    async fn tell(&self, message: Message) -> Result<(), Stopped> {
        self.inbox.send(message).await.map_err(|_| Stopped)
    }
}

struct Task {
    hub: Hub,
    // Lent to a blocking thread during a commit.
    store: Option<Box<dyn Store>>,
    clock: Clock,
    executor: Executor,
    messages: mpsc::Receiver<Message>,
    sockets: BTreeMap<u64, (mpsc::UnboundedSender<ToSocket>, Arc<Notify>)>,
    desk: Desk,
    /// The keys of what there is to tell of the runs as they stand: that was told.
    told: BTreeSet<String>,
    starts: BTreeMap<u64, oneshot::Sender<Result<String, Refusal>>>,
    requests: u64,
    /// The lease is over, as far as is known: nobody is served.
    lapsed: bool,
    /// The storage is out of reach: nobody is served.
    away: bool,
    /// Another process has the room.
    yielded: bool,
}

impl Task {
    async fn run(mut self) -> Result<(), StoreError> {
        let ended = self.serve().await;
        // However it ends, a journal that cannot be written included: no command outlives the server.
        self.executor.stop();
        // After a stop nobody is left.
        self.dismiss(&Parting::MOVED);
        ended
    }

    async fn serve(&mut self) -> Result<(), StoreError> {
        let mut batch = Vec::new();
        // A restart has runs to go on with.
        self.tick().await?;
        self.announce();
        loop {
            let due = self.hub.due_in(self.clock.now()).map(Duration::from_millis);
            tokio::select! {
                count = self.messages.recv_many(&mut batch, INBOX) => if count == 0 { return Ok(()) },
                () = sleep(due.unwrap_or(Duration::MAX).max(LEAST_SLEEP)), if due.is_some() => {}
            }
            let mut stop = None;
            for message in batch.drain(..) {
                if let Message::Stop { grace, spread, reply } = message {
                    stop = Some((grace, spread, reply));
                } else {
                    self.take(message);
                }
            }
            if let Some((grace, spread, reply)) = stop {
                return self.stop(grace, spread, reply).await;
            }
            self.tick().await?;
        }
    }

    fn take(&mut self, message: Message) {
        let now = self.clock.now();
        match message {
            Message::Input(input) => {
                if let Input::Disconnected { conn } = input {
                    self.sockets.remove(&conn);
                }
                self.hub.handle(now, input);
            }
            Message::Open { socket, .. } if self.is_suspended() => refuse(&socket),
            Message::Open { conn, dag_id, socket, closing } => {
                self.sockets.insert(conn, (socket, closing));
                self.hub.handle(now, Input::Connected { conn, dag_id });
            }
            Message::Start { reply, .. } if self.is_suspended() => decline(reply),
            Message::Start { dag_id, reply } => {
                self.requests += 1;
                self.starts.insert(self.requests, reply);
                self.hub.handle(now, Input::Start { request: self.requests, dag_id });
            }
            // It may be another process's by now. Whoever asked is told that there is no answer.
            Message::State { .. } if self.is_suspended() => {}
            // Whoever asked may have gone: then nobody needs the answer.
            Message::State { dag_id, reply } => {
                let state = self.hub.rooms().get(&dag_id).map(|room| room.state_within(usize::MAX));
                let _ = reply.send(state);
            }
            Message::Stats(reply) => {
                let _ = reply.send(self.hub.stats());
            }
            Message::Lease(step) => self.heed(step),
            Message::Stop { .. } => {}
        }
    }

    async fn tick(&mut self) -> Result<(), StoreError> {
        if self.yielded {
            return Err(StoreError::of(Fault::Lost, "another process has the room"));
        }
        self.hub.end_tick(self.clock.now());
        let writes = self.hub.take_writes();
        if !writes.is_empty() {
            let of_runs = writes.iter().any(is_of_a_run);
            self.keep(writes).await?;
            if of_runs {
                self.announce();
            }
        }
        while let Some(output) = self.hub.poll() {
            self.perform(output);
        }
        Ok(())
    }

    /// Puts down what is new to tell of the runs. After a restart that is all of it: what was told before is known by its
    /// key.
    fn announce(&mut self) {
        let standing = |(room, run)| notice::of(room, run);
        let runs = self.hub.rooms().values().filter_map(|room| Some((&room.definition, room.run()?)));
        let notices: Vec<_> = runs.flat_map(standing).collect();
        let before = std::mem::take(&mut self.told);
        self.told = notices.iter().map(|notice| notice.key.clone()).collect();
        for notice in notices.into_iter().filter(|notice| !before.contains(&notice.key)) {
            self.desk.put(notice);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Send { conn, text } => self.send(conn, ToSocket::Frame(text)),
            Output::Ping { conn } => self.send(conn, ToSocket::Ping),
            Output::Close { conn, code, reason } => {
                self.send(conn, ToSocket::Close { code, reason });
                if let Some((_, closing)) = self.sockets.remove(&conn) {
                    closing.notify_one();
                }
            }
            Output::Work(Work::Spawn(task)) => self.executor.spawn(*task),
            Output::Work(Work::Kill(key)) => self.executor.kill(&key),
            Output::Started { request, result } => {
                if result.is_ok() {
                    let current = self.hub.rooms().values().filter_map(|room| Some(room.run()?.head().id.clone()));
                    self.executor.tidy(&current.collect::<BTreeSet<_>>());
                }
                if let Some(reply) = self.starts.remove(&request) {
                    let _ = reply.send(result);
                }
            }
        }
    }

    fn send(&self, conn: u64, message: ToSocket) {
        if let Some((socket, _)) = self.sockets.get(&conn) {
            // A socket that is gone tells so itself.
            let _ = socket.send(message);
        }
    }

    /// The connections serve until the grace is over; no command outlives the server.
    async fn stop(&mut self, grace: Duration, spread: Duration, reply: oneshot::Sender<()>) -> Result<(), StoreError> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let now = self.clock.now();
        self.hub.handle(now, Input::Shutdown { grace: millis(grace), spread: millis(spread) });
        self.tick().await?;
        // What runs is run again by the next process; its end by our hand is nobody's failure and is not journaled.
        self.executor.stop();
        let over = sleep(grace);
        tokio::pin!(over);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                () = &mut over => break,
                count = self.messages.recv_many(&mut batch, INBOX) => if count == 0 { break },
            }
            for message in batch.drain(..) {
                if !matches!(message, Message::Input(Input::Ended { .. })) {
                    self.take(message);
                }
            }
            self.tick().await?;
        }
        for (conn, (socket, closing)) in std::mem::take(&mut self.sockets) {
            tracing::debug!(conn, "closed for the stop");
            let _ =
                socket.send(ToSocket::Close { code: everwire::wire::close_code::RESTART, reason: "the server stops" });
            closing.notify_one();
        }
        let _ = reply.send(());
        Ok(())
    }
}

const fn is_of_a_run(write: &Write) -> bool {
    matches!(write.table, Table::Runs | Table::Nodes)
}
