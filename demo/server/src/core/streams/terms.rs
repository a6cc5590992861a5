//! The times and bounds of streams.
//!
//! Owns numbers and their reasons; must not know what is done when one is exceeded. Times are in milliseconds.

/// What a server does when. [`Terms::default`] is what the reference server runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// A viewer hears a comment at least this often: most proxies cut what is silent for a minute, some after 30 s.
    pub comment: u64,
    /// A producer says at least this often that it lives. Two may be lost before it counts as silent.
    pub beat: u64,
    /// A producer silent for longer is gone.
    pub stale: u64,
    /// How often the guardian looks.
    pub look: u64,
    /// No stream goes on for longer.
    pub most: u64,
    /// What is over is kept this long, its events and its ending.
    pub keep: u64,
    /// How long after a loss of storage a stream that is not there may still be put back by its producer.
    pub settle: u64,
    /// How long any socket may refuse to take a byte: longer than what the hub allows, which says goodbye first.
    pub stuck: u64,
    /// Events of one stream.
    pub events: usize,
    /// Bytes of one stream.
    pub bytes: usize,
    /// Bytes of one event's data.
    pub event: usize,
    /// Streams that one process makes at a time.
    pub streams: usize,
    /// Bytes of what a process made that is over and still kept, what it costs to keep it included. With more, nothing
    /// begins.
    pub kept: usize,
    /// Streams that one client has at a time, at one process.
    pub per_client: usize,
    /// Streams that one client starts at once, at one process; after that, [`Terms::rate`].
    pub burst: u32,
    /// Streams that one client starts a second.
    pub rate: u32,
    /// Viewers of one process.
    pub viewers: usize,
    /// Viewers of one stream at one process.
    pub per_stream: usize,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            comment: 15_000,
            beat: 10_000,
            stale: 30_000,
            look: 30_000,
            most: 3_600_000,
            keep: 300_000,
            settle: 5_000,
            stuck: 40_000,
            events: 5_000,
            bytes: 2 << 20,
            event: 64 << 10,
            streams: 256,
            kept: 256 << 20,
            per_client: 16,
            burst: 16,
            rate: 2,
            viewers: 4_096,
            per_stream: 2_048,
        }
    }
}

impl Terms {
    /// How much the storage's clock may be off between two looks before silence by it proves nothing: half of what a
    /// producer has beyond its beat.
    #[must_use]
    pub const fn slack(&self) -> u64 {
        self.stale.saturating_sub(self.beat) / 2
    }

    /// Words of an answer: each is an event, and there are two after them.
    #[must_use]
    pub const fn words(&self) -> usize {
        self.events.saturating_sub(2)
    }

    /// Sets some by name: `comment=200,stale=1000`.
    ///
    /// # Errors
    /// A text that names what is wrong.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        for pair in text.split(',') {
            let (name, value) = pair.split_once('=').ok_or_else(|| format!("name=milliseconds, not {pair:?}"))?;
            let value: u64 = value.parse().map_err(|_| format!("{name} is a whole number, not {value:?}"))?;
            if value == 0 {
                return Err(format!("{name} is at least 1"));
            }
            let count = usize::try_from(value).unwrap_or(usize::MAX);
            match name {
                "comment" => self.comment = value,
                "beat" => self.beat = value,
                "stale" => self.stale = value,
                "look" => self.look = value,
                "most" => self.most = value,
                "keep" => self.keep = value,
                "settle" => self.settle = value,
                "stuck" => self.stuck = value,
                "events" => self.events = count,
                "bytes" => self.bytes = count,
                "streams" => self.streams = count,
                "kept-bytes" => self.kept = count,
                "per-client" => self.per_client = count,
                "viewers" => self.viewers = count,
                "per-stream" => self.per_stream = count,
                _ => return Err(format!("no time or bound of streams is called {name:?}")),
            }
        }
        if self.stale <= self.beat {
            return Err("stale is more than beat: a producer that lives would count as gone".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_set_by_name_and_what_is_none_is_named() {
        let mut terms = Terms::default();
        terms.set("comment=200,beat=300,stale=1000,per-client=3").expect("set");
        assert_eq!((terms.comment, terms.stale, terms.per_client, terms.look), (200, 1_000, 3, 30_000));
        for (text, named) in
            [("x=1", "\"x\""), ("stale", "stale"), ("stale=soon", "soon"), ("stale=0", "stale"), ("beat=2000", "gone")]
        {
            assert!(terms.set(text).expect_err("refused").contains(named));
        }
    }
}
