//! Documents in Redis, for several processes.
//!
//! Owns keys and scripts; must not know connections. The rules are those of `core/docs/ledger.rs`, and a test holds one
//! against the other. Each change is one script, so that no two processes see it half done.
//!
//! | key | type | what | how long |
//! | --- | --- | --- | --- |
//! | `doc:{<id>}` | hash | `born`, `head`, `base`, `bytes`, `state` | 90 days after the last change |
//! | `doc:{<id>}:updates` | stream | `u` an update, under its number | the same |
//! | `doc:known` | sorted set | the documents there are, by their last change | the same |
//! | `doc:wake` | channel | `new <id> <head>`; `ask <process> <id>`; `say <process> <id> <hex>`, which is awareness | |
//!
//! The channel of another database than 0 has its number behind its name.

use super::{Answer, DocStore, NEWS, News, Unavailable};
use crate::{
    core::docs::{
        ledger::{Appended, Page},
        terms::Terms,
    },
    store::redis::{Heard, Redis, RedisError},
};
use ::redis::{FromRedisValue, Script, ScriptInvocation};
use std::{
    fmt::{self, Write},
    time::Duration,
};
use tokio::{sync::broadcast, time::sleep};

const KNOWN: &str = "doc:known";
const WAKE: &str = "doc:wake";
/// How soon a lost connection is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// The storage's time: that of several machines would differ.
const NOW: &str = "local t = redis.call('TIME')\nlocal now = t[1] * 1000 + math.floor(t[2] / 1000)\n";

/// `wake`: the channel. `KEYS`: document, updates, known. `ARGV`: id, time to live, most bytes, most documents, the updates.
const APPEND: &str = "
local known = redis.call('HMGET', KEYS[1], 'head', 'bytes', 'born')
local born = tonumber(known[3] or now)
if not known[1] then
  redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[2])
  if redis.call('ZCARD', KEYS[3]) >= tonumber(ARGV[4]) and not redis.call('ZSCORE', KEYS[3], ARGV[1]) then return {'full', 0, 0} end
end
local head, bytes = tonumber(known[1] or 0), tonumber(known[2] or 0)
for i = 5, #ARGV do bytes = bytes + #ARGV[i] end
if bytes > tonumber(ARGV[3]) then return {'large', 0, 0} end
if not known[1] then redis.call('DEL', KEYS[2]) end
for i = 5, #ARGV do
  head = head + 1
  redis.call('XADD', KEYS[2], string.format('%d-0', head), 'u', ARGV[i])
end
redis.call('HSET', KEYS[1], 'head', head, 'bytes', bytes, 'born', string.format('%.0f', born))
redis.call('ZADD', KEYS[3], now, ARGV[1])
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
redis.call('PUBLISH', wake, 'new ' .. ARGV[1] .. ' ' .. head)
return {'kept', head, born}
";

/// `KEYS`: document, updates. `ARGV`: the number after which.
const READ: &str = "
local known = redis.call('HMGET', KEYS[1], 'head', 'base', 'born')
if not known[1] then return {} end
local head, base, after = tonumber(known[1]), tonumber(known[2] or 0), tonumber(ARGV[1])
if after > head then after = 0 end
local page = {known[3], known[1], tostring(base), after < base and '1' or '0', after < base and redis.call('HGET', KEYS[1], 'state') or ''}
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], string.format('%d-0', math.max(after, base) + 1), '+')) do
  page[#page + 1] = entry[2][2]
end
return page
";

/// `KEYS`: document, updates. `ARGV`: state, its last number, the base that was.
const COMPACT: &str = "
local known = redis.call('HMGET', KEYS[1], 'head', 'base')
if not known[1] then return 0 end
local head, base, upto = tonumber(known[1]), tonumber(known[2] or 0), tonumber(ARGV[2])
if base ~= tonumber(ARGV[3]) or upto < base or upto > head then return 0 end
redis.call('XTRIM', KEYS[2], 'MINID', string.format('%d-0', upto + 1))
local bytes = #ARGV[1]
for _, entry in ipairs(redis.call('XRANGE', KEYS[2], '-', '+')) do bytes = bytes + #entry[2][2] end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'base', upto, 'bytes', bytes)
return 1
";

/// Documents that several processes share.
pub struct RedisDocs {
    redis: Redis,
    terms: Terms,
    /// The name of this process, by which it knows its own words.
    name: String,
    wake: String,
    news: broadcast::Sender<News>,
    append: Script,
    read: Script,
    compact: Script,
}

impl RedisDocs {
    /// The documents there are, and ears for what other processes than `name` do.
    #[must_use]
    pub fn new(redis: Redis, terms: Terms, name: String) -> Self {
        let news = broadcast::Sender::new(NEWS);
        let wake = redis.channel(WAKE);
        let (said, mut heard, ours) = (news.clone(), redis.listen(&wake), name.clone());
        tokio::spawn(async move {
            while let Some(heard) = heard.recv().await {
                let told = match heard {
                    Heard::Message(text) => understood(&text, &ours),
                    Heard::Listening => Some(News::Back),
                    // What cannot be kept meanwhile says so itself.
                    Heard::Lost => None,
                };
                // Nobody may be listening.
                let _ = told.map(|news| said.send(news));
            }
        });
        let append = Script::new(&format!("local wake = '{wake}'\n{NOW}{APPEND}"));
        Self { redis, terms, name, wake, news, append, read: Script::new(READ), compact: Script::new(COMPACT) }
    }

    /// After a loss the first command fails, and a new connection is made. An update that is kept twice changes nothing.
    async fn script<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> Result<T, RedisError> {
        match self.redis.script(call).await {
            Err(RedisError::Lost(_)) => {
                sleep(AGAIN).await;
                self.redis.script(call).await
            }
            answer => answer,
        }
    }
}

fn call<'a>(script: &'a Script, id: &str) -> ScriptInvocation<'a> {
    // The braces keep them on one shard.
    let mut call = script.key(format!("doc:{{{id}}}"));
    call.key(format!("doc:{{{id}}}:updates"));
    call
}

fn understood(text: &str, ours: &str) -> Option<News> {
    let words: Vec<_> = text.split(' ').collect();
    match words[..] {
        ["new", id, head] => Some(News::Document(id.to_owned(), head.parse().ok()?)),
        ["ask", process, id] if process != ours => Some(News::Asked(id.to_owned())),
        ["say", process, id, hex] if process != ours => Some(News::Awareness(id.to_owned(), bytes_of(hex)?)),
        _ => None,
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

impl DocStore for RedisDocs {
    fn read<'a>(&'a self, id: &'a str, after: u64) -> Answer<'a, Option<Page>> {
        Box::pin(async move {
            let mut call = call(&self.read, id);
            call.arg(after);
            let page: Vec<Vec<u8>> = self.script(&call).await?;
            let [born, head, base, with, state, updates @ ..] = page.as_slice() else { return Ok(None) };
            let number =
                |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).ok_or_else(foreign);
            let (born, head, base) = (number(born)?, number(head)?, number(base)?);
            let first = if after > head { base } else { after.max(base) };
            let state = (with == b"1").then(|| state.clone());
            Ok(Some(Page { born, head, base, state, updates: (first + 1..).zip(updates.iter().cloned()).collect() }))
        })
    }

    fn append<'a>(&'a self, id: &'a str, updates: &'a [Vec<u8>]) -> Answer<'a, Appended> {
        Box::pin(async move {
            let mut call = call(&self.append, id);
            call.key(KNOWN).arg(id).arg(self.terms.keep).arg(self.terms.document * 2).arg(self.terms.documents);
            for update in updates {
                call.arg(update.as_slice());
            }
            let (what, head, born): (String, u64, u64) = self.script(&call).await?;
            Ok(match what.as_str() {
                "kept" => Appended::Kept { head, born },
                "large" => Appended::TooLarge,
                _ => Appended::Full,
            })
        })
    }

    fn compact<'a>(&'a self, id: &'a str, state: &'a [u8], upto: u64, base: u64) -> Answer<'a, bool> {
        Box::pin(async move {
            let mut call = call(&self.compact, id);
            call.arg(state).arg(upto).arg(base);
            Ok(self.script::<u8>(&call).await? == 1)
        })
    }

    fn say<'a>(&'a self, id: &'a str, awareness: Option<&'a [u8]>) -> Answer<'a, ()> {
        Box::pin(async move {
            let mut text = format!("{} {} {id}", if awareness.is_some() { "say" } else { "ask" }, self.name);
            if let Some(bytes) = awareness {
                text.push(' ');
                for byte in bytes {
                    // A text takes everything.
                    let _ = write!(text, "{byte:02x}");
                }
            }
            self.redis.command::<i64>(::redis::cmd("PUBLISH").arg(&self.wake).arg(text)).await?;
            Ok(())
        })
    }

    fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    fn is_shared(&self) -> bool {
        true
    }
}

impl fmt::Debug for RedisDocs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisDocs").field("redis", &self.redis).finish_non_exhaustive()
    }
}

fn foreign() -> Unavailable {
    Unavailable::Refused("what is kept in Redis for a document is not what this server writes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_said_itself_is_no_news() {
        assert_eq!(understood("new notes 7", "a"), Some(News::Document("notes".into(), 7)));
        assert_eq!(understood("ask b notes", "a"), Some(News::Asked("notes".into())));
        assert_eq!(understood("say b notes 00ff", "a"), Some(News::Awareness("notes".into(), vec![0, 255])));
        for other in ["say a notes 00ff", "ask a notes", "say b notes 0x", "", "new notes", "new notes x"] {
            assert_eq!(understood(other, "a"), None, "{other}");
        }
    }
}
