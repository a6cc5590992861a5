//! What scanning event streams costs on the host (`make bench`).
//!
//! Owns the streams that are measured; must not know what is a good figure.

use everwire::wire::sse::{Records, Sse, What};
use std::time::Instant;

const CHUNK: usize = 16_384;
const STREAM: usize = 8 << 20;
const ROUNDS: usize = 9;

fn main() {
    let json = |n: usize, word: &str| {
        format!(
            "data: {{\"type\":\"node_state\",\"node_id\":\"node-{}\",\"status\":\"running\",\"output\":\"{}\",\"seq\":{n}}}\n\n",
            n % 50,
            word.repeat(10)
        )
    };
    measure("events of about 150 bytes", CHUNK, &|n| json(n, "xxxxxxx"));
    measure("the same, one a chunk", 0, &|n| json(n, "xxxxxxx"));
    measure("with type and id", CHUNK, &|n| format!("event: progress\nid: {n}\n{}", json(n, "xxxxx")));
    measure("tokens of 20 bytes", CHUNK, &|n| format!("data: token {}\n\n", n % 100));
    measure("Chinese", CHUNK, &|n| json(n, "\u{6f22}\u{5b57}"));
}

/// Prints the best of some rounds. A chunk of 0 bytes stands for one an event.
#[allow(clippy::disallowed_methods, reason = "a clock is what a measure takes")]
fn measure(what: &str, chunk: usize, event: &dyn Fn(usize) -> String) {
    let mut stream = Vec::new();
    let mut ends = Vec::new();
    for n in 0.. {
        if stream.len() >= STREAM {
            break;
        }
        stream.extend_from_slice(event(n).as_bytes());
        ends.push(stream.len());
    }
    let chunks: Vec<&[u8]> = if chunk == 0 {
        let starts = std::iter::once(0).chain(ends.iter().copied());
        starts.zip(&ends).map(|(start, end)| &stream[start..*end]).collect()
    } else {
        stream.chunks(chunk).collect()
    };
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let from = Instant::now();
        let events = scan(&chunks);
        best = best.min(from.elapsed().as_secs_f64());
        assert_eq!(events, ends.len());
    }
    println!(
        "{:>6.0} MB/s, {:>4.0} ns an event: {what}",
        stream.len() as f64 / best / 1e6,
        best * 1e9 / ends.len() as f64
    );
}

fn scan(chunks: &[&[u8]]) -> usize {
    let mut sse = Sse::new(1 << 20);
    let mut records = Records::default();
    let mut events = 0;
    for chunk in chunks {
        sse.begin(0);
        let mut left = *chunk;
        loop {
            left = &left[sse.scan(left, &mut records)..];
            events +=
                records.found().iter().filter(|record| matches!(record.what, What::Event | What::Dispatch)).count();
            if records.found().last().is_some_and(|record| record.what == What::End) {
                break;
            }
        }
    }
    events
}
