//! Notices in Redis, for several processes.
//!
//! Owns keys and scripts; must not know connections. The rules are those of `core/notices/board.rs`. Each change is one
//! script, so that no two processes see it half done.
//!
//! | key | type | what | how long |
//! | --- | --- | --- | --- |
//! | `notices:{log}` | hash | `epoch`, `head`, `run` (which Redis that was) | a week after the last notice |
//! | `notices:{log}:order` | sorted set | keys of notices by number | the same |
//! | `notices:{log}:text` | hash | key to JSON | the same |
//! | `notices:wake` | channel | there is a new one | |
//!
//! The channel of another database than 0 has its number behind its name.

use super::{Answer, NoticeStore, Unavailable, epoch};
use crate::{
    core::notices::{
        board::{KEPT, NoticePage},
        notice::Notice,
    },
    store::redis::Redis,
};
use ::redis::{Script, ScriptInvocation};
use std::fmt;
use tokio::sync::watch;

// The braces keep them on one shard.
const KEYS: [&str; 3] = ["notices:{log}", "notices:{log}:order", "notices:{log}:text"];
const WAKE: &str = "notices:wake";
/// A week.
const LIFE_MS: u64 = 604_800_000;

/// `ARGV`: epoch of a log that begins, and more. A storage that was restarted may have lost the last of what was told:
/// the log goes on under another name, since its next numbers may mean something else to who heard those.
const LOG: &str = "
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local log = redis.call('HMGET', KEYS[1], 'epoch', 'run')
if log[1] and log[2] ~= run then redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'run', run) end
";

/// `wake`: the channel. `ARGV`: the epoch, key, text, time, how many are kept, time to live.
const APPEND: &str = "
if redis.call('ZSCORE', KEYS[2], ARGV[2]) then return 0 end
local most = tonumber(ARGV[5])
if redis.call('ZCARD', KEYS[2]) >= most then
  local oldest = redis.call('ZRANGE', KEYS[2], 0, 0)[1]
  if cjson.decode(redis.call('HGET', KEYS[3], oldest)).at > tonumber(ARGV[4]) then return 0 end
end
if not log[1] then redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'run', run) end
local number = redis.call('HINCRBY', KEYS[1], 'head', 1)
redis.call('ZADD', KEYS[2], number, ARGV[2])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[3])
for _, old in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1 - most)) do
  redis.call('ZREM', KEYS[2], old)
  redis.call('HDEL', KEYS[3], old)
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[6]) end
redis.call('PUBLISH', wake, number)
return 1
";

/// `ARGV`: the epoch, the number after which.
const READ: &str = "
local known = redis.call('HMGET', KEYS[1], 'epoch', 'head')
if not known[1] then return {} end
local page = {known[1], known[2]}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[2], '+inf')) do
  page[#page + 1] = redis.call('HGET', KEYS[3], key)
end
return page
";

/// Notices that several processes share.
pub struct RedisNotices {
    redis: Redis,
    news: watch::Sender<u64>,
    append: Script,
    read: Script,
}

impl RedisNotices {
    /// The notices there are, and ears for those of others.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        let news = watch::Sender::new(0);
        let wake = redis.channel(WAKE);
        let (said, mut heard) = (news.clone(), redis.listen(&wake));
        tokio::spawn(async move {
            // Whatever is heard, a loss included: who reads learns what it was.
            while heard.recv().await.is_some() {
                said.send_modify(|times| *times += 1);
            }
        });
        let of_log = |code: &str| Script::new(&format!("{LOG}{code}"));
        let append = of_log(&format!("local wake = '{wake}'\n{APPEND}"));
        Self { redis, news, append, read: of_log(READ) }
    }

    fn call<'a>(script: &'a Script) -> Result<ScriptInvocation<'a>, Unavailable> {
        let mut call = script.prepare_invoke();
        for key in KEYS {
            call.key(key);
        }
        call.arg(epoch()?);
        Ok(call)
    }
}

impl NoticeStore for RedisNotices {
    fn append<'a>(&'a self, notice: &'a Notice) -> Answer<'a, ()> {
        Box::pin(async move {
            let text = serde_json::to_string(notice).map_err(|error| Unavailable::Refused(error.to_string()))?;
            let mut call = Self::call(&self.append)?;
            call.arg(&notice.key).arg(text).arg(notice.at).arg(KEPT).arg(LIFE_MS);
            self.redis.script::<u8>(&call).await?;
            Ok(())
        })
    }

    fn read(&self, after: u64) -> Answer<'_, Option<NoticePage>> {
        Box::pin(async move {
            let mut call = Self::call(&self.read)?;
            call.arg(after);
            let page: Vec<String> = self.redis.script(&call).await?;
            let [epoch, head, texts @ ..] = page.as_slice() else { return Ok(None) };
            let notices = texts.iter().map(|text| serde_json::from_str(text)).collect::<Result<Vec<Notice>, _>>();
            Ok(Some(NoticePage {
                epoch: epoch.clone(),
                head: head.parse().map_err(|_| foreign())?,
                notices: notices.map_err(|_| foreign())?,
            }))
        })
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }
}

impl fmt::Debug for RedisNotices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisNotices").field("redis", &self.redis).finish_non_exhaustive()
    }
}

fn foreign() -> Unavailable {
    Unavailable::Refused("what is kept in Redis for notices is not what this server writes".to_owned())
}
