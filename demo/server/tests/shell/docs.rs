//! Shared documents over real sockets: clients of `yrs`, hostile ones, slow ones, kills.

use crate::{
    peer::{config, metric, start, until_metric},
    redis::{Nodes, Redis},
    survival::{Process, folder},
};
use everwire_server::{
    core::docs::{
        frame::{self, Frame},
        ledger::{Appended, Page},
        terms::Terms,
    },
    shell::config::Config,
    store::{
        docs::{DocStore, memory::MemoryDocs, redis::RedisDocs},
        redis::Redis as Connection,
    },
};
use futures_util::{SinkExt, StreamExt};
use std::{net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};
use yrs::{
    Doc, GetString, ReadTxn, StateVector, Text, TextRef, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody at a document: a client of `yrs` and nothing else.
struct Writer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    doc: Doc,
    text: TextRef,
    /// Questions that were answered.
    answers: usize,
    /// What was last said of people.
    people: Vec<u8>,
}

impl Writer {
    async fn sit(address: SocketAddr, name: &str, id: u64) -> Self {
        let (socket, _) = timeout(PATIENCE, connect_async(format!("ws://{address}/api/docs/{name}")))
            .await
            .expect("in time")
            .expect("connected");
        let doc = Doc::with_client_id(id);
        let text = doc.get_or_insert_text("t");
        let mut writer = Self { socket, doc, text, answers: 0, people: Vec::new() };
        writer.ask().await;
        writer
    }

    async fn say(&mut self, bytes: Vec<u8>) {
        timeout(PATIENCE, self.socket.send(Message::binary(bytes))).await.expect("in time").expect("sent");
    }

    async fn ask(&mut self) {
        let vector = self.doc.transact().state_vector().encode_v1();
        self.say(frame::ask(&vector)).await;
    }

    /// Writes at a place, and returns what is to be said of it.
    fn write(&self, place: u32, what: &str) -> Vec<u8> {
        let mut transaction = self.doc.transact_mut();
        self.text.insert(&mut transaction, place, what);
        frame::update(&transaction.encode_update_v1())
    }

    async fn type_in(&mut self, place: u32, what: &str) {
        let update = self.write(place, what);
        self.say(update).await;
    }

    /// Heeds the next frame, or says with which code the connection ended.
    async fn hear(&mut self) -> Result<(), u16> {
        let bytes = match timeout(PATIENCE, self.socket.next()).await.expect("in time") {
            Some(Ok(Message::Binary(bytes))) => bytes,
            Some(Ok(Message::Close(Some(close)))) => return Err(close.code.into()),
            Some(Ok(_)) => return Ok(()),
            None | Some(Err(_)) => return Err(0),
        };
        match Frame::read(&bytes).expect("a frame") {
            Frame::Ask(vector) => {
                let vector = StateVector::decode_v1(vector).expect("a vector");
                let update = self.doc.transact().encode_state_as_update_v1(&vector);
                // It may be closing.
                let _ = self.socket.send(Message::binary(frame::answer(&update))).await;
            }
            Frame::Answer(update) => {
                self.take(update);
                self.answers += 1;
            }
            Frame::Update(update) => self.take(update),
            Frame::Awareness(people) => self.people = people.to_vec(),
            Frame::AskAwareness | Frame::Foreign => panic!("nobody says that"),
        }
        Ok(())
    }

    fn take(&self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("an update");
        self.doc.transact_mut().apply_update(update).expect("applied");
    }

    fn read(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    async fn until(&mut self, what: impl Fn(&Self) -> bool) {
        let done = async {
            while !what(self) {
                self.hear().await.expect("open");
            }
        };
        timeout(PATIENCE, done).await.expect("in time");
    }

    async fn reads(&mut self, what: &str) {
        self.until(|writer| writer.read() == what).await;
    }

    /// Waits for the answer to a question: what was said before it is kept.
    async fn is_kept(&mut self) {
        let answers = self.answers + 1;
        self.ask().await;
        self.until(|writer| writer.answers >= answers).await;
    }

    async fn ended(&mut self) -> u16 {
        let ended = async {
            loop {
                if let Err(code) = self.hear().await {
                    return code;
                }
            }
        };
        timeout(PATIENCE, ended).await.expect("in time")
    }
}

fn bounded(docs: Terms) -> Config {
    Config { docs, ..config() }
}

#[tokio::test]
async fn what_one_writes_all_have_and_who_comes_later_has_it_too() {
    let server = start(config()).await;
    let mut one = Writer::sit(server.address(), "notes", 1).await;
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    let mut elsewhere = Writer::sit(server.address(), "other", 3).await;
    one.type_in(0, "hello").await;
    two.reads("hello").await;
    two.type_in(5, " world").await;
    one.reads("hello world").await;
    let mut later = Writer::sit(server.address(), "notes", 4).await;
    later.reads("hello world").await;
    elsewhere.is_kept().await;
    assert_eq!(elsewhere.read(), "");
    server.stop().await.expect("stopped");
    assert_eq!(one.ended().await, 1012);
}

#[tokio::test]
async fn what_was_written_without_a_connection_is_asked_for() {
    let server = start(config()).await;
    let mut one = Writer::sit(server.address(), "notes", 1).await;
    let _ = one.write(0, "offline");
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    one.hear().await.expect("asked");
    two.reads("offline").await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_frame_that_makes_no_sense_ends_its_connection_and_loses_nothing() {
    let server = start(config()).await;
    let mut good = Writer::sit(server.address(), "notes", 1).await;
    good.type_in(0, "good").await;
    good.is_kept().await;
    let whole = good.doc.transact().encode_state_as_update_v1(&StateVector::default());
    let mut cut = frame::update(&whole);
    cut.truncate(cut.len() - 3);
    let torn = frame::update(&whole[..whole.len() / 2]);
    let huge = [vec![0, 2, 0xff, 0xff, 0xff, 0xff, 0x0f], vec![1; 20]].concat();
    for (frame, code) in [
        (vec![], 4400),
        (vec![0, 9, 0], 4400),
        (cut, 4400),
        (torn, 4400),
        (huge, 4400),
        (frame::update(&[0xff; 40]), 4400),
        (frame::update(&[1, 1, 1]), 4400),
        (frame::ask(&[0xff]), 4400),
        (frame::awareness(&[1, 7, 0, 1, b'{']), 4400),
        (frame::awareness(&[0xff]), 4400),
        (vec![0; 5 << 20], 4413),
    ] {
        let mut bad = Writer::sit(server.address(), "notes", 666).await;
        let what = frame[..frame.len().min(20)].to_vec();
        // A frame that is too large is not read to its end.
        let _ = bad.socket.send(Message::binary(frame)).await;
        let ended = bad.ended().await;
        assert!(ended == code || code == 4413 && ended == 0, "{what:?}: {ended}");
    }
    let mut texter = Writer::sit(server.address(), "notes", 667).await;
    texter.socket.send(Message::text("hello")).await.expect("sent");
    assert_eq!(texter.ended().await, 1003);
    good.type_in(4, " still").await;
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    two.reads("good still").await;
    let mut unnamed = Writer::sit(server.address(), "%7Bx%7D", 3).await;
    assert_eq!(unnamed.ended().await, 4404);
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn no_mutation_of_an_update_ends_the_document() {
    let server = start(config()).await;
    let mut good = Writer::sit(server.address(), "notes", 1).await;
    good.type_in(0, "good").await;
    good.is_kept().await;
    let source = Writer::sit(server.address(), "elsewhere", 5).await;
    let update = source.write(0, "mutant");
    for place in 3..update.len() {
        for byte in [0, 0x7f, 0x80, 0xff] {
            let mut mutant = update.clone();
            mutant[place] = byte;
            let mut bad = Writer::sit(server.address(), "notes", 6).await;
            bad.say(mutant).await;
            // It may make sense by chance.
            let _ = bad.hear().await;
        }
    }
    good.type_in(4, "!").await;
    good.is_kept().await;
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    two.until(|writer| writer.read().contains("good!")).await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn who_is_there_is_told_to_all_and_gone_with_the_connection() {
    let server = start(config()).await;
    let mut one = Writer::sit(server.address(), "notes", 1).await;
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    one.say(frame::awareness(&[1, 1, 0, 2, b'{', b'}'])).await;
    let there = |writer: &Writer| writer.people == [1, 1, 0, 2, b'{', b'}'];
    two.until(there).await;
    // Its own words are what a client of y-websocket takes for a sign of life.
    one.until(there).await;
    let mut later = Writer::sit(server.address(), "notes", 3).await;
    later.until(there).await;
    drop(one);
    let gone = |writer: &Writer| writer.people == [1, 1, 0, 4, b'n', b'u', b'l', b'l'];
    two.until(gone).await;
    later.until(gone).await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn documents_and_connections_are_only_so_many_and_so_large() {
    let docs = Terms {
        documents: 1,
        per_document: 2,
        connections: 8,
        document: 1_000,
        burst: 50,
        rate: 1,
        ..Terms::default()
    };
    let server = start(bounded(docs)).await;
    let address = server.address();
    let mut one = Writer::sit(address, "notes", 1).await;
    one.type_in(0, &"x".repeat(900)).await;
    one.is_kept().await;
    let mut two = Writer::sit(address, "notes", 2).await;
    two.until(|writer| writer.answers == 1).await;
    let mut third = Writer::sit(address, "notes", 3).await;
    assert_eq!(third.ended().await, 1013);
    let mut other = Writer::sit(address, "other", 4).await;
    other.until(|writer| writer.answers == 1).await;
    other.type_in(0, "x").await;
    assert_eq!(other.ended().await, 1013, "there is one document");
    two.type_in(0, &"y".repeat(900)).await;
    assert_eq!(two.ended().await, 4413);
    one.is_kept().await;
    assert_eq!(one.read(), "x".repeat(900));
    let mut back = Writer::sit(address, "notes", 2).await;
    back.reads(&"x".repeat(900)).await;
    for _ in 0..60 {
        let _ = back.socket.send(Message::binary(vec![3])).await;
    }
    assert_eq!(back.ended().await, 4429);
    // One that is closed has its seat until its peer has gone too.
    drop((two, third, other, back));
    until_metric(address, "everwire_document_connections", 1).await;
    let mut many = Vec::new();
    for id in 10..18 {
        many.push(Writer::sit(address, &format!("other-{id}"), id).await);
    }
    assert_eq!(many.pop().expect("the last").ended().await, 1013, "there are eight connections");
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn what_was_deleted_makes_room() {
    let server = start(bounded(Terms { document: 20_000, updates: 20, ..Terms::default() })).await;
    let mut one = Writer::sit(server.address(), "notes", 1).await;
    for _ in 0..50 {
        one.type_in(0, &"x".repeat(1_000)).await;
        let update = {
            let mut transaction = one.doc.transact_mut();
            one.text.remove_range(&mut transaction, 0, 1_000);
            frame::update(&transaction.encode_update_v1())
        };
        one.say(update).await;
    }
    for _ in 0..30 {
        one.type_in(0, ".").await;
        one.is_kept().await;
    }
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    two.reads(&".".repeat(30)).await;
    assert!(metric(server.address(), "everwire_document_compactions_total").await > 0);
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_slow_reader_holds_nobody_up_and_has_everything_in_the_end() {
    let server = start(bounded(Terms { queue: 64 << 10, ..Terms::default() })).await;
    let mut fast = Writer::sit(server.address(), "notes", 1).await;
    let mut slow = Writer::sit(server.address(), "notes", 2).await;
    slow.until(|writer| writer.answers == 1).await;
    for round in 0..200 {
        fast.type_in(0, &"x".repeat(100_000)).await;
        let update = {
            let mut transaction = fast.doc.transact_mut();
            fast.text.remove_range(&mut transaction, 0, 100_000);
            frame::update(&transaction.encode_update_v1())
        };
        fast.say(update).await;
        fast.type_in(round, ".").await;
    }
    fast.is_kept().await;
    assert!(metric(server.address(), "everwire_document_slow_total").await > 0);
    slow.reads(&".".repeat(200)).await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_stop_keeps_what_came_and_a_start_has_it() {
    let data = folder("docs-stopped");
    let mut text = String::new();
    for life in 0..3 {
        let process = Process::start(&data);
        let mut one = Writer::sit(process.address, "notes", 100 + life).await;
        one.until(|writer| writer.answers == 1).await;
        assert_eq!(one.read(), text);
        for _ in 0..300 {
            let end = u32::try_from(text.len()).expect("short");
            one.type_in(end, "x").await;
            text.push('x');
        }
        one.is_kept().await;
        process.stop();
        assert_eq!(one.ended().await, 1012);
    }
    std::fs::remove_dir_all(data).expect("removed");
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_told_on() {
    let data = folder("docs-killed");
    let process = Process::start(&data);
    let mut one = Writer::sit(process.address, "notes", 1).await;
    let mut two = Writer::sit(process.address, "notes", 2).await;
    for place in 0..50 {
        one.type_in(place, "x").await;
    }
    two.reads(&"x".repeat(50)).await;
    process.kill();
    let process = Process::start(&data);
    let mut later = Writer::sit(process.address, "notes", 3).await;
    later.reads(&"x".repeat(50)).await;
    process.kill();
    std::fs::remove_dir_all(data).expect("removed");
}

#[tokio::test]
async fn pages_of_other_origins_are_refused() {
    let server = start(config()).await;
    let mut request = format!("ws://{}/api/docs/notes", server.address()).into_client_request().expect("a request");
    request.headers_mut().insert("origin", "http://evil.example".parse().expect("a header"));
    assert!(connect_async(request).await.is_err());
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn several_processes_apply_every_update_and_none_is_lost_to_compaction() {
    let Some(redis) = Redis::start().await else { return };
    let url = redis.url();
    let config = || Config { redis: Some(url.clone()), docs: Terms { updates: 7, ..Terms::default() }, ..config() };
    let servers = [start(config()).await, start(config()).await, start(config()).await];
    let mut writers = Vec::new();
    for (id, server) in (1..).zip(&servers) {
        writers.push(Writer::sit(server.address(), "notes", id).await);
    }
    let mut seed = 1_u32;
    for round in 0..120 {
        for writer in &mut writers {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let length = u32::try_from(writer.read().len()).expect("short");
            let letter = char::from(b'a' + u8::try_from(round % 26).expect("a letter"));
            writer.type_in((seed >> 8) % (length + 1), &letter.to_string()).await;
        }
        // By turns one of them waits, so that each process writes a few at a time.
        writers[round as usize % 3].is_kept().await;
    }
    for writer in &mut writers {
        writer.until(|writer| writer.read().len() == 360).await;
    }
    assert!(writers.iter().all(|writer| writer.read() == writers[0].read()));
    let mut compactions = 0;
    for server in &servers {
        compactions += metric(server.address(), "everwire_document_compactions_total").await;
    }
    assert!(compactions > 10, "{compactions}");
    for server in servers {
        server.stop().await.expect("stopped");
    }
    let server = start(config()).await;
    let mut later = Writer::sit(server.address(), "notes", 9).await;
    later.reads(&writers[0].read()).await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn people_are_seen_across_processes() {
    let Some(redis) = Redis::start().await else { return };
    let url = redis.url();
    let config = || Config { redis: Some(url.clone()), ..config() };
    let (here, there) = (start(config()).await, start(config()).await);
    let mut one = Writer::sit(here.address(), "notes", 1).await;
    one.say(frame::awareness(&[1, 1, 0, 2, b'{', b'}'])).await;
    one.until(|writer| !writer.people.is_empty()).await;
    // Who opens the document after that asks.
    let mut two = Writer::sit(there.address(), "notes", 2).await;
    two.until(|writer| writer.people == [1, 1, 0, 2, b'{', b'}']).await;
    drop(one);
    two.until(|writer| writer.people == [1, 1, 0, 4, b'n', b'u', b'l', b'l']).await;
    here.stop().await.expect("stopped");
    there.stop().await.expect("stopped");
}

#[tokio::test]
async fn two_databases_of_one_redis_know_nothing_of_each_other() {
    let Some(redis) = Redis::start().await else { return };
    let of = |database| Config { redis: Some(redis.database(database)), ..config() };
    let (here, near) = (start(of(0)).await, start(of(0)).await);
    let (there, beyond) = (start(of(1)).await, start(of(1)).await);
    let mut witness = Writer::sit(near.address(), "notes", 1).await;
    let mut one = Writer::sit(here.address(), "notes", 2).await;
    let mut elsewhere = Writer::sit(there.address(), "notes", 3).await;
    for writer in [&mut witness, &mut one, &mut elsewhere] {
        writer.until(|writer| writer.answers == 1).await;
    }
    one.say(frame::awareness(&[1, 2, 0, 2, b'{', b'}'])).await;
    witness.until(|writer| writer.people == [1, 2, 0, 2, b'{', b'}']).await;
    // Redis has told that by now. What it tells next comes after it.
    let mut last = Writer::sit(beyond.address(), "notes", 4).await;
    last.say(frame::awareness(&[1, 4, 0, 2, b'{', b'}'])).await;
    elsewhere.until(|writer| writer.people.len() > 1).await;
    let mut later = Writer::sit(there.address(), "notes", 5).await;
    later.until(|writer| writer.people.len() > 1).await;
    for writer in [&elsewhere, &later] {
        assert_eq!(writer.people, [1, 4, 0, 2, b'{', b'}']);
    }
    for server in [here, near, there, beyond] {
        server.stop().await.expect("stopped");
    }
}

#[tokio::test]
async fn without_the_storage_nothing_is_told_on_and_one_that_forgot_is_told_again() {
    let Some(mut redis) = Redis::start().await else { return };
    let server = start(Config { redis: Some(redis.url()), ..config() }).await;
    let mut one = Writer::sit(server.address(), "notes", 1).await;
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    one.type_in(0, "a").await;
    two.reads("a").await;
    redis.stop();
    redis.again().await;
    // What is left of the document is here, and goes back with whatever comes next.
    two.is_kept().await;
    one.type_in(1, "b").await;
    two.reads("ab").await;
    two.is_kept().await;
    until_metric(server.address(), "everwire_document_connections", 2).await;
    redis.stop();
    one.type_in(2, "c").await;
    assert_eq!(one.ended().await, 1013);
    assert_eq!(two.ended().await, 1013);
    assert_eq!(two.read(), "ab", "what is not kept is not told");
    redis.again().await;
    until_metric(server.address(), "everwire_documents", 0).await;
    let mut again = Writer::sit(server.address(), "notes", 1).await;
    let update = one.doc.transact().encode_state_as_update_v1(&StateVector::default());
    again.say(frame::update(&update)).await;
    let mut two = Writer::sit(server.address(), "notes", 2).await;
    two.reads("abc").await;
    server.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_told_on() {
    let Some(redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), 1_000);
    let mut one = Writer::sit(nodes.addresses[0], "notes", 1).await;
    let mut two = Writer::sit(nodes.addresses[1], "notes", 2).await;
    for place in 0..50 {
        one.type_in(place, "x").await;
    }
    two.reads(&"x".repeat(50)).await;
    nodes.kill(0);
    let mut back = Writer::sit(nodes.addresses[1], "notes", 1).await;
    back.reads(&"x".repeat(50)).await;
    back.type_in(50, "y").await;
    two.reads(&format!("{}y", "x".repeat(50))).await;
}

#[tokio::test]
async fn redis_keeps_what_memory_keeps() {
    let Some(redis) = Redis::start().await else { return };
    let terms = Terms { documents: 2, document: 40, ..Terms::default() };
    let connection = Connection::connect(&redis.url()).await.expect("connected");
    let (shared, memory) = (RedisDocs::new(connection, terms, "here".to_owned()), MemoryDocs::new(terms));
    let mut seed = 7_u32;
    let mut random = |below: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 10) % below
    };
    for step in 0..400 {
        let id = ["a", "b", "c"][random(3) as usize];
        match random(3) {
            0 => {
                let bytes = |_| vec![random(256).to_le_bytes()[0]; random(6) as usize + 1];
                let updates: Vec<_> = (0..2).map(bytes).collect();
                let known = memory.append(id, &updates).await.expect("kept");
                let kept = match shared.append(id, &updates).await.expect("kept") {
                    Appended::Kept { head, .. } => Appended::Kept { head, born: 0 },
                    other @ (Appended::Full | Appended::TooLarge) => other,
                };
                assert_eq!(kept, known, "step {step}");
            }
            1 => {
                let (upto, base) = (u64::from(random(60)), u64::from(random(40)));
                let base = memory
                    .read(id, 0)
                    .await
                    .expect("read")
                    .map_or(base, |page| if base % 3 == 0 { base } else { page.base });
                let state = vec![1; random(10) as usize];
                let done = memory.compact(id, &state, upto, base).await;
                assert_eq!(shared.compact(id, &state, upto, base).await, done, "step {step}");
            }
            _ => {
                let after = u64::from(random(60));
                let known = memory.read(id, after).await.expect("read");
                let kept = shared.read(id, after).await.expect("read").map(|page| Page { born: 0, ..page });
                assert_eq!(kept, known, "step {step}: {id} after {after}");
            }
        }
    }
}
