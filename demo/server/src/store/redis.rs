//! The connection to Redis, for servers of more than one process.
//!
//! Owns connecting, time limits, and what counts as the connection's loss; must not know keys or what is kept under them.
//! The crate is redis-rs with its connection manager: it is kept by Redis' own people, shares one connection between all
//! commands, and makes a new one after a loss. No command waits for that: it fails with [`RedisError::Lost`], and who
//! asked decides whether to ask again.

use futures_util::StreamExt;
use redis::{
    Client, Cmd, ErrorKind, FromRedisValue, Pipeline, ScriptInvocation, ServerErrorKind,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use std::{fmt, future::Future, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::{sleep, timeout},
};

/// How long one command may take, the way there and back.
const ANSWER: Duration = Duration::from_secs(2);
/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(1);
/// How long a command may wait in all, for a connection that is being made too.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long after a loss a subscription is tried again.
const AGAIN: Duration = Duration::from_millis(300);
/// Messages of a subscription that may wait for who listens; beyond it, Redis is not read.
const HEARD: usize = 1_024;

/// A way to Redis. A clone is the same connection.
#[derive(Clone)]
pub struct Redis {
    client: Client,
    manager: ConnectionManager,
    up: watch::Sender<bool>,
}

/// What a subscription hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It listens from now on. What was said before, since the last word, was missed.
    Listening,
    /// Somebody published this.
    Message(String),
    /// It does not listen any more, and tries to.
    Lost,
}

/// Why Redis did not do something.
#[derive(Debug)]
pub enum RedisError {
    /// It cannot be reached or cannot serve now. Whether a command was carried out is not known. Later it may be.
    Lost(String),
    /// It was asked for something it does not do. Later it will not either.
    Refused(String),
}

impl Redis {
    /// Connects to `url` (`redis://[user:password@]host[:port][/database]`), which is not repeated in an error.
    ///
    /// # Errors
    /// [`RedisError::Refused`] for a URL that is none, [`RedisError::Lost`] if nobody answers there within seconds.
    pub async fn connect(url: &str) -> Result<Self, RedisError> {
        let client = Client::open(url)
            .map_err(|error| RedisError::Refused(format!("no URL of a Redis: {}", error.category())))?;
        let config = ConnectionManagerConfig::new()
            .set_response_timeout(Some(ANSWER))
            .set_connection_timeout(Some(CONNECT))
            .set_number_of_retries(2)
            .set_max_delay(AGAIN);
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config).map_err(RedisError::of)?;
        let redis = Self { client, manager, up: watch::Sender::new(true) };
        redis.command::<String>(&redis::cmd("PING")).await?;
        Ok(redis)
    }

    /// One command.
    ///
    /// # Errors
    /// [`RedisError`].
    pub async fn command<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, RedisError> {
        let mut manager = self.manager.clone();
        self.within(command.query_async(&mut manager)).await
    }

    /// Some commands in one go; an atomic pipeline is a transaction.
    ///
    /// # Errors
    /// [`RedisError`].
    pub async fn pipeline<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RedisError> {
        let mut manager = self.manager.clone();
        self.within(pipeline.query_async(&mut manager)).await
    }

    /// A script, which Redis carries out as one step. It is sent as its hash; a Redis that does not know it is given it.
    ///
    /// # Errors
    /// [`RedisError`].
    pub async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, RedisError> {
        let mut manager = self.manager.clone();
        self.within(script.invoke_async(&mut manager)).await
    }

    /// What a channel is called. All databases of a Redis have their channels in common, so the name says which one it is.
    #[must_use]
    pub fn channel(&self, name: &str) -> String {
        match self.client.get_connection_info().redis_settings().db() {
            0 => name.to_owned(),
            database => format!("{name}:{database}"),
        }
    }

    /// Listens to a channel until the receiver is dropped. After a loss it listens again by itself, and says so.
    #[must_use]
    pub fn listen(&self, channel: &str) -> mpsc::Receiver<Heard> {
        let (heard, receiver) = mpsc::channel(HEARD);
        let (client, channel) = (self.client.clone(), channel.to_owned());
        tokio::spawn(async move {
            let ended = heard.clone();
            let listening = async {
                loop {
                    // Who tried and could not has told before that it does not listen.
                    if hear(&client, &channel, &heard).await.is_ok() {
                        let _ = heard.send(Heard::Lost).await;
                    }
                    sleep(AGAIN).await;
                }
            };
            tokio::select! {
                () = listening => {}
                () = ended.closed() => {}
            }
        });
        receiver
    }

    /// Whether the last command was answered.
    #[must_use]
    pub fn is_up(&self) -> bool {
        *self.up.borrow()
    }

    /// Tells each time Redis is lost or is there again.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.up.subscribe()
    }

    async fn within<T>(&self, asked: impl Future<Output = redis::RedisResult<T>>) -> Result<T, RedisError> {
        let answer = match timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(RedisError::of),
            Err(_) => Err(RedisError::Lost("no answer".to_owned())),
        };
        let up = !matches!(answer, Err(RedisError::Lost(_)));
        self.up.send_if_modified(|was| std::mem::replace(was, up) != up);
        answer
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client knows the password.
        f.debug_struct("Redis").field("up", &self.is_up()).finish_non_exhaustive()
    }
}

/// One connection's worth of listening. An error is that it never came to it, or that nobody wants it any more.
async fn hear(client: &Client, channel: &str, heard: &mpsc::Sender<Heard>) -> Result<(), RedisError> {
    let lost = |_| RedisError::Lost("no connection in time".to_owned());
    let mut pubsub = timeout(CONNECT, client.get_async_pubsub()).await.map_err(lost)?.map_err(RedisError::of)?;
    timeout(ANSWER, pubsub.subscribe(channel)).await.map_err(lost)?.map_err(RedisError::of)?;
    let gone = |_| RedisError::Lost("nobody listens".to_owned());
    heard.send(Heard::Listening).await.map_err(gone)?;
    // The half that subscribes is kept: the crate's reader stops being woken without it.
    let mut messages = pubsub.on_message();
    while let Some(message) = messages.next().await {
        // What is no text was published by somebody else.
        if let Ok(text) = message.get_payload() {
            heard.send(Heard::Message(text)).await.map_err(gone)?;
        }
    }
    Ok(())
}

impl RedisError {
    fn of(error: redis::RedisError) -> Self {
        // A server that loads, has no master, no memory left or no disk to write to is one to come back to; so is one whose
        // answer was cut off.
        let refused = matches!(
            error.kind(),
            ErrorKind::Server(
                ServerErrorKind::ResponseError
                    | ServerErrorKind::ExecAbort
                    | ServerErrorKind::NoScript
                    | ServerErrorKind::CrossSlot
                    | ServerErrorKind::NotBusy
                    | ServerErrorKind::NoSub
                    | ServerErrorKind::NoPerm,
            ) | ErrorKind::UnexpectedReturnType
                | ErrorKind::InvalidClientConfig
                | ErrorKind::AuthenticationFailed
        );
        let text = error.to_string();
        if refused { Self::Refused(text) } else { Self::Lost(text) }
    }
}

impl fmt::Display for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(why) => write!(f, "Redis cannot be reached: {why}"),
            Self::Refused(why) => write!(f, "Redis: {why}"),
        }
    }
}

impl std::error::Error for RedisError {}
