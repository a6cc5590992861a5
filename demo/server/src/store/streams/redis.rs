//! Streams in Redis, for several processes.
//!
//! Owns keys and scripts; must not know connections. The rules are those of `core/streams/registry.rs`, and a test holds
//! one against the other. Each change is one script, so that no two processes see it half done.
//!
//! | key | type | what | how long |
//! | --- | --- | --- | --- |
//! | `sse:stream:<id>` | hash | `record`, `status`, `head` | an hour and the keeping time; once over, the keeping time |
//! | `sse:stream:<id>:events` | stream | `k` type, `d` data, under the event's number | the same |
//! | `sse:active` | sorted set | the streams that are not over, by when their producer last said so | with its members |
//! | `sse:completion:<id>` | string | the ending as JSON | the keeping time |
//! | `sse:wake` | channel | the id of a stream with something new | |
//!
//! The channel of another database than 0 has its number behind its name.

use super::{Answer, News, StreamStore, Unavailable};
use crate::{
    core::streams::{
        record::{Alive, Completion, Ending, Entry, Page, Record, Status},
        registry::{Appended, PAGE},
        terms::Terms,
    },
    store::redis::{Heard, Redis, RedisError},
};
use ::redis::{Script, ScriptInvocation};
use std::fmt;
use tokio::sync::broadcast;

/// News that may wait for a listener; one that is further behind looks at everything.
const NEWS: usize = 1_024;
const ACTIVE: &str = "sse:active";
const WAKE: &str = "sse:wake";

/// The storage's time: that of several machines would differ.
const NOW: &str = "local t = redis.call('TIME')\nlocal now = t[1] * 1000 + math.floor(t[2] / 1000)\n";

/// `KEYS`: stream, completion, active. `ARGV`: id, record, time to live.
const REGISTER: &str = "
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local known = redis.call('HMGET', KEYS[1], 'record', 'status')
if known[1] then
  if known[1] == ARGV[2] and known[2] == 'active' then return 1 end
  return 0
end
redis.call('HSET', KEYS[1], 'record', ARGV[2], 'status', 'active', 'head', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return 1
";

/// `wake`: the channel. `KEYS`: stream, events, completion, active. `ARGV`: id, number of the first event, bound of the log, time to live,
/// keeping time, status and completion (both empty while it goes on), then type and data of each event.
const APPEND: &str = "
local known = redis.call('HMGET', KEYS[1], 'status', 'head')
if not known[1] then return {'unknown', 0} end
local head = tonumber(known[2])
if known[1] ~= 'active' then return {known[1], head} end
-- Events that somebody removed are asked for again.
if redis.call('EXISTS', KEYS[2]) == 0 then head = 0 end
local from = tonumber(ARGV[2])
if from > head + 1 then return {'gap', head} end
local new = false
for i = 8, #ARGV, 2 do
  local number = from + (i - 8) / 2
  if number > head then
    redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[3], string.format('%d-0', number), 'k', ARGV[i], 'd', ARGV[i + 1])
    head = number
    new = true
  end
end
redis.call('HSET', KEYS[1], 'head', head)
local ttl = ARGV[4]
if ARGV[6] == '' then
  redis.call('ZADD', KEYS[4], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[4], ARGV[4])
else
  ttl = ARGV[5]
  redis.call('HSET', KEYS[1], 'status', ARGV[6])
  redis.call('SET', KEYS[3], ARGV[7], 'PX', ARGV[5])
  redis.call('ZREM', KEYS[4], ARGV[1])
  new = true
end
redis.call('PEXPIRE', KEYS[1], ttl)
redis.call('PEXPIRE', KEYS[2], ttl)
if new then redis.call('PUBLISH', wake, ARGV[1]) end
return {'kept', head}
";

/// `KEYS`: stream, events. `ARGV`: number of the first event wanted, how many.
const READ: &str = "
local known = redis.call('HMGET', KEYS[1], 'record', 'status', 'head')
if not known[1] then return {} end
local page = {known[1], known[2], known[3]}
local range = redis.call('XRANGE', KEYS[2], string.format('%d-0', tonumber(ARGV[1])), '+', 'COUNT', ARGV[2])
for _, entry in ipairs(range) do
  page[#page + 1] = entry[1]
  page[#page + 1] = entry[2][2]
  page[#page + 1] = entry[2][4]
end
return page
";

/// `KEYS`: active. Members whose stream is gone go too: nothing else would remove them.
const ALIVE: &str = "
local members = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
local alive = {tostring(now)}
for i = 1, #members, 2 do
  if redis.call('EXISTS', 'sse:stream:' .. members[i]) == 1 then
    alive[#alive + 1] = members[i]
    alive[#alive + 1] = members[i + 1]
  else
    redis.call('ZREM', KEYS[1], members[i])
  end
end
return alive
";

/// `wake`: the channel. `KEYS`: stream, events, completion, active. `ARGV`: id, the beat that was seen, keeping time, completion, type and data
/// of the last event.
const ORPHAN: &str = "
local known = redis.call('HMGET', KEYS[1], 'status', 'head')
local beat = redis.call('ZSCORE', KEYS[4], ARGV[1])
if known[1] ~= 'active' or not beat or tonumber(beat) ~= tonumber(ARGV[2]) then return 0 end
local number = tonumber(known[2]) + 1
redis.call('XADD', KEYS[2], string.format('%d-0', number), 'k', ARGV[5], 'd', ARGV[6])
redis.call('HSET', KEYS[1], 'status', 'orphaned', 'head', number)
redis.call('SET', KEYS[3], ARGV[4], 'PX', ARGV[3])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
redis.call('PUBLISH', wake, ARGV[1])
return 1
";

/// Streams that several processes share.
pub struct RedisStreams {
    redis: Redis,
    terms: Terms,
    news: broadcast::Sender<News>,
    register: Script,
    append: Script,
    read: Script,
    alive: Script,
    orphan: Script,
}

impl RedisStreams {
    /// The streams there are, and ears for what others do to them.
    #[must_use]
    pub fn new(redis: Redis, terms: Terms) -> Self {
        let news = broadcast::Sender::new(NEWS);
        let wake = redis.channel(WAKE);
        let (said, mut heard) = (news.clone(), redis.listen(&wake));
        tokio::spawn(async move {
            while let Some(heard) = heard.recv().await {
                let news = match heard {
                    Heard::Listening => News::Back,
                    Heard::Message(id) => News::Stream(id),
                    Heard::Lost => News::Away,
                };
                // Nobody may be listening.
                let _ = said.send(news);
            }
        });
        let timed = |code: &str| Script::new(&format!("{NOW}{code}"));
        let wake = format!("local wake = '{wake}'\n");
        Self {
            redis,
            terms,
            news,
            register: timed(REGISTER),
            append: timed(&format!("{wake}{APPEND}")),
            read: Script::new(READ),
            alive: timed(ALIVE),
            orphan: Script::new(&format!("{wake}{ORPHAN}")),
        }
    }

    async fn run<T: ::redis::FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Unavailable> {
        Ok(self.redis.script(script).await?)
    }

    /// How long what goes on is kept, should all processes be lost.
    const fn life(&self) -> u64 {
        self.terms.most.saturating_add(self.terms.keep)
    }
}

impl StreamStore for RedisStreams {
    fn register<'a>(&'a self, record: &'a Record) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut script = self.register.prepare_invoke();
            script.key(stream(&record.id)).key(completion(&record.id)).key(ACTIVE);
            script.arg(&record.id).arg(json(record)?).arg(self.life());
            Ok(self.run::<u8>(&script).await? == 1)
        })
    }

    fn append<'a>(
        &'a self,
        id: &'a str,
        from: u64,
        entries: &'a [Entry],
        ending: Option<&'a Ending>,
    ) -> Answer<'a, Appended> {
        Box::pin(async move {
            let mut script = self.append.prepare_invoke();
            script.key(stream(id)).key(events(id)).key(completion(id)).key(ACTIVE);
            script.arg(id).arg(from).arg(self.terms.events.saturating_add(1)).arg(self.life()).arg(self.terms.keep);
            match ending {
                Some(ending) => script.arg(ending.status.name()).arg(json(ending)?),
                None => script.arg("").arg(""),
            };
            for entry in entries {
                script.arg(&*entry.kind).arg(&*entry.data);
            }
            let (word, head): (String, u64) = self.run(&script).await?;
            match word.as_str() {
                "kept" => Ok(Appended::Kept(head)),
                "gap" => Ok(Appended::Gap(head)),
                "unknown" => Ok(Appended::Unknown),
                status => Ok(Appended::Over(Status::read(status).ok_or_else(foreign)?)),
            }
        })
    }

    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>> {
        Box::pin(async move {
            let mut script = self.read.prepare_invoke();
            script.key(stream(id)).key(events(id)).arg(after.saturating_add(1)).arg(PAGE);
            let page: Vec<String> = self.run(&script).await?;
            let [record, status, head, entries @ ..] = page.as_slice() else { return Ok(None) };
            let head: u64 = head.parse().map_err(|_| foreign())?;
            let first = after.saturating_add(1);
            let mut read = Vec::new();
            for (number, entry) in (first..).zip(entries.chunks_exact(3)) {
                if entry[0] != format!("{number}-0") {
                    return Err(foreign());
                }
                read.push(Entry::new(&entry[1], entry[2].as_str()));
            }
            // Somebody removed events: what is left is no log.
            if read.len() < PAGE && after.saturating_add(read.len() as u64) < head {
                return Err(foreign());
            }
            Ok(Some(Page {
                record: serde_json::from_str(record).map_err(|_| foreign())?,
                status: Status::read(status).ok_or_else(foreign)?,
                head,
                first,
                entries: read,
            }))
        })
    }

    fn completion<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Completion>> {
        Box::pin(async move {
            let mut both = ::redis::pipe();
            both.atomic().get(completion(id)).cmd("HMGET").arg(stream(id)).arg(&["record", "head"]);
            let (ending, (record, head)): (Option<String>, (Option<String>, Option<u64>)) =
                self.redis.pipeline(&both).await?;
            let (Some(ending), Some(record), Some(head)) = (ending, record, head) else { return Ok(None) };
            let ending = serde_json::from_str(&ending).map_err(|_| foreign())?;
            let record = serde_json::from_str(&record).map_err(|_| foreign())?;
            Ok(Some(Completion { record, ending, head }))
        })
    }

    fn alive(&self) -> Answer<'_, (u64, Vec<Alive>)> {
        Box::pin(async move {
            let mut script = self.alive.prepare_invoke();
            script.key(ACTIVE);
            let said: Vec<String> = self.run(&script).await?;
            let [now, members @ ..] = said.as_slice() else { return Err(foreign()) };
            let alive = members
                .chunks_exact(2)
                .map(|pair| Ok(Alive { id: pair[0].clone(), beat: pair[1].parse().map_err(|_| foreign())? }));
            Ok((now.parse().map_err(|_| foreign())?, alive.collect::<Result<_, Unavailable>>()?))
        })
    }

    fn orphan<'a>(&'a self, id: &'a str, beat: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            let Some(page) = self.read(id, u64::from(u32::MAX)).await? else { return Ok(false) };
            let ending = Ending::orphaned();
            let last = ending.entry(page.record.format);
            let mut script = self.orphan.prepare_invoke();
            script.key(stream(id)).key(events(id)).key(completion(id)).key(ACTIVE);
            script.arg(id).arg(beat).arg(self.terms.keep).arg(json(&ending)?).arg(&*last.kind).arg(&*last.data);
            Ok(self.run::<u8>(&script).await? == 1)
        })
    }

    fn sweep(&self) -> Answer<'_, ()> {
        // Redis forgets by itself.
        Box::pin(async { Ok(()) })
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn is_up(&self) -> bool {
        self.redis.is_up()
    }
}

impl fmt::Debug for RedisStreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStreams").field("redis", &self.redis).finish_non_exhaustive()
    }
}

impl From<RedisError> for Unavailable {
    fn from(error: RedisError) -> Self {
        match error {
            RedisError::Lost(_) => Self::away(error),
            RedisError::Refused(_) => Self::Refused(error.to_string()),
        }
    }
}

fn stream(id: &str) -> String {
    format!("sse:stream:{id}")
}

fn events(id: &str) -> String {
    format!("sse:stream:{id}:events")
}

fn completion(id: &str) -> String {
    format!("sse:completion:{id}")
}

fn json(value: &impl serde::Serialize) -> Result<String, Unavailable> {
    serde_json::to_string(value).map_err(|error| Unavailable::Refused(error.to_string()))
}

fn foreign() -> Unavailable {
    Unavailable::Refused("what is kept in Redis for a stream is not what this server writes".to_owned())
}
