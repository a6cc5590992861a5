//! Several processes on one Redis, which die, sleep and lose it.

use crate::{
    peer::{Ended, Peer, get, metric, start_run, until_metric},
    redis::{Nodes, Redis},
    walker::{Walk, Walker},
};
use rustix::process::Signal;
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
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

const LEASE: u64 = 1_500;
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

fn long() -> bool {
    std::env::var_os("EVERWIRE_LONG").is_some()
}

/// Chance that can be had again.
struct Luck(u64);

impl Luck {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most.max(1)
    }
}

struct Crowd {
    over: Arc<AtomicBool>,
    /// Commands that were acknowledged so far.
    acked: Arc<AtomicU64>,
    walks: Vec<JoinHandle<Walk>>,
}

/// One who commands and three who listen, on any of the nodes.
fn crowd(nodes: &Nodes) -> Crowd {
    let (over, acked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let walk = |n: u64| {
        let walker = Walker {
            client: format!("w{n}"),
            dag: "gate",
            addresses: nodes.addresses.clone(),
            commands: n == 0,
            over: Arc::clone(&over),
            acked: Arc::clone(&acked),
            luck: n,
        };
        tokio::spawn(walker.walk())
    };
    Crowd { walks: (0..4).map(walk).collect(), over, acked }
}

impl Crowd {
    /// Waits until so many more commands were acknowledged.
    async fn goes_on(&self, commands: u64) {
        let most = self.acked.load(Ordering::Relaxed) + commands;
        let reached = async {
            while self.acked.load(Ordering::Relaxed) < most {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, reached).await.expect("commands are acknowledged");
    }

    /// Ends it, and checks that everybody was told the same, everything, once and in order.
    async fn agrees(self) -> Walk {
        self.over.store(true, Ordering::Relaxed);
        let mut walks = Vec::new();
        for walk in self.walks {
            walks.push(timeout(PATIENCE, walk).await.expect("in time").expect("no panic"));
        }
        let mut first = walks.remove(0);
        assert_eq!(first.faults, Vec::<String>::new());
        for walk in walks {
            assert_eq!(walk.faults, Vec::<String>::new());
            assert_eq!(walk.events, first.events);
            first.connections += walk.connections;
            first.codes.extend(walk.codes);
        }
        let told: Vec<&Value> = first.events.iter().filter(|event| event["type"] == "run_state").collect();
        // Each command that was acknowledged took effect once.
        assert_eq!(told.len() as u64, first.acked);
        for (index, event) in told.iter().enumerate() {
            assert_eq!(event["status"], if index % 2 == 0 { "paused" } else { "running" }, "{event}");
        }
        first
    }
}

async fn join_at_last(address: SocketAddr, client: &str) -> (Peer, Value) {
    timeout(PATIENCE, Peer::join_at_last(address, "gate", client)).await.expect("joined")
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_move_between_dying_processes_lose_nothing_and_get_nothing_twice() {
    let Some(redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(3, redis.url(), LEASE);
    start_run(nodes.addresses[0], "gate").await;
    let crowd = crowd(&nodes);
    let seed = std::env::var("EVERWIRE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    eprintln!("EVERWIRE_SEED={seed}");
    let mut luck = Luck(seed);
    let (mut kills, mut of_owners, mut naps) = (0, 0, 0);
    for _ in 0..if long() { 50 } else { 7 } {
        // They are in the middle of something each time, however slow the machine is.
        crowd.goes_on(6).await;
        sleep(Duration::from_millis(300 + luck.below(700))).await;
        // The one that matters, most of the time.
        let owner = nodes.owner("gate").await.filter(|_| luck.below(3) > 0);
        of_owners += u32::from(owner.is_some());
        let victim = owner.unwrap_or_else(|| usize::try_from(luck.below(3)).expect("small"));
        // Long enough for others to have its rooms, or not.
        let away = Duration::from_millis(luck.below(2 * LEASE + 500));
        if luck.below(4) == 0 {
            naps += 1;
            nodes.pause(victim).await;
            sleep(away).await;
            nodes.signal(victim, Signal::CONT);
        } else {
            kills += 1;
            nodes.kill(victim);
            sleep(away).await;
            nodes.begin(victim);
        }
    }
    let walk = crowd.agrees().await;
    eprintln!(
        "{kills} kills, {naps} naps, {of_owners} of the room's process; {} commands, {} events, {} connections; longest {:?}",
        walk.acked,
        walk.events.len(),
        walk.connections,
        walk.longest
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_slept_past_its_lease_cannot_write() {
    let Some(redis) = Redis::start().await else { return };
    let nodes = Nodes::start(2, redis.url(), LEASE);
    let [old, new] = [nodes.addresses[0], nodes.addresses[1]];
    start_run(old, "gate").await;
    assert_eq!(nodes.owner("gate").await, Some(0));
    let (mut direct, hello) = Peer::join(old, "gate", "a").await;
    direct.state().await;
    nodes.pause(0).await;
    // It is in the sockets of the sleeper, which reads it when it wakes.
    direct.say(json!({"type":"cancel_execution","$id":"a.1"})).await;
    let (mut moved, again) = Peer::join(new, "gate", "b").await;
    assert_eq!((&again["epoch"], &again["seq"]), (&hello["epoch"], &hello["seq"]));
    moved.say(json!({"type":"pause_execution","$id":"b.1"})).await;
    moved.next_that(|message| message["type"] == "ack").await;
    nodes.signal(0, Signal::CONT);
    let ended = loop {
        match direct.next().await {
            Ok(message) => assert_ne!(message["type"], "ack", "{message}"),
            Err(ended) => break ended,
        }
    };
    assert!(matches!(ended, Ended::Code(1012 | 1013)), "{ended:?}");
    assert_eq!(moved.state().await["status"], "paused");
    until_metric(old, "everwire_connections", 0).await;
    // By way of the sleeper to the one that has the room now.
    let (mut piped, hello) = join_at_last(old, "a").await;
    assert_eq!(hello["epoch"], again["epoch"]);
    assert_eq!(metric(new, "everwire_connections").await, 2);
    piped.say(json!({"type":"cancel_execution","$id":"a.1"})).await;
    piped.next_of("ack").await;
    moved.next_of("execution_complete").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_go_away_and_come_back_empty() {
    let Some(mut redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), LEASE);
    start_run(nodes.addresses[0], "gate").await;
    let crowd = crowd(&nodes);
    crowd.goes_on(10).await;
    redis.stop();
    // Whoever comes is told, from when it was noticed.
    for address in nodes.addresses.clone() {
        let refused = async {
            loop {
                let mut refused = Peer::connect(address, "gate").await;
                if refused.next().await.is_ok_and(|first| first["type"] == "goaway") {
                    return refused.ended().await;
                }
            }
        };
        assert_eq!(timeout(PATIENCE, refused).await.expect("told"), Ended::Code(1013));
        assert_eq!(crate::peer::post(address, "/api/dags/gate/start", json!({})).await.0, 503);
        assert_eq!(get(address, "/healthz").await.0, 200);
    }
    sleep(Duration::from_secs(if long() { 18 } else { 3 })).await;
    redis.again().await;
    let back = Instant::now();
    let (mut peer, _) = join_at_last(nodes.addresses[1], "z").await;
    eprintln!("served again {:?} after Redis was back", back.elapsed());
    peer.state().await;
    crowd.goes_on(10).await;
    assert!(nodes.runs(0) && nodes.runs(1));
    let walk = crowd.agrees().await;
    assert!(walk.codes.contains(&1013), "{:?}", walk.codes);
    eprintln!("{} commands, {} events; longest {:?}", walk.acked, walk.events.len(), walk.longest);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_redis_is_left_to_who_has_the_room_whoever_noticed_its_absence() {
    let Some(mut redis) = Redis::start().await else { return };
    // So that none of it happens by the clock: the other one looks at the leases every second at most.
    let nodes = Nodes::start(2, redis.url(), 4 * LEASE);
    let [owner, other] = [nodes.addresses[0], nodes.addresses[1]];
    start_run(owner, "gate").await;
    let (peer, hello) = Peer::join(owner, "gate", "a").await;
    drop(peer);
    nodes.pause(0).await;
    redis.stop();
    redis.again().await;
    // A request that is about no room finds the connection lost, and makes it anew.
    let noticed = async {
        while get(other, "/api/stream/0123456789abcdef0123456789abcdef").await.0 == 503 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, noticed).await.expect("Redis is back");
    let joined = tokio::spawn(async move { join_at_last(other, "b").await });
    sleep(Duration::from_millis(300)).await;
    nodes.signal(0, Signal::CONT);
    let (mut peer, again) = joined.await.expect("no panic");
    assert_eq!(again["epoch"], hello["epoch"]);
    assert_eq!(peer.state().await["status"], "running");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_may_stop_answering_for_longer_than_a_lease() {
    let Some(redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), LEASE);
    start_run(nodes.addresses[0], "gate").await;
    let crowd = crowd(&nodes);
    for _ in 0..2 {
        crowd.goes_on(10).await;
        redis.hang(true);
        sleep(Duration::from_secs(5)).await;
        redis.hang(false);
    }
    crowd.goes_on(10).await;
    assert!(nodes.runs(0) && nodes.runs(1));
    let walk = crowd.agrees().await;
    eprintln!("{} commands, {} events; longest {:?}", walk.acked, walk.events.len(), walk.longest);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_asked_to_end_gives_its_rooms_back_at_once() {
    let Some(redis) = Redis::start().await else { return };
    let lease = 30_000;
    let mut nodes = Nodes::start(2, redis.url(), lease);
    let (mut peer, hello) = Peer::join(nodes.addresses[0], "gate", "a").await;
    peer.state().await;
    start_run(nodes.addresses[1], "gate").await;
    let gate = peer.next_of("human_gate_waiting").await;
    peer.say(json!({"type":"human_decision","$id":"a.1","node_id":"ask","decision":"approve"})).await;
    peer.next_of("ack").await;
    let mut piped = Peer::join(nodes.addresses[1], "gate", "b").await.0;
    piped.state().await;
    nodes.stop(0).await;
    piped.next_of("goaway").await;
    assert_eq!(piped.ended().await, Ended::Code(1012));
    let begun = Instant::now();
    let (mut peer, again) = Peer::join(nodes.addresses[1], "gate", "a").await;
    assert!(begun.elapsed() < Duration::from_millis(lease / 2), "{:?}", begun.elapsed());
    assert_eq!(again["epoch"], hello["epoch"]);
    peer.say(json!({"type":"resync_request","last_seen":gate["$seq"],"epoch":hello["epoch"]})).await;
    assert_eq!(peer.next_of("resync").await["kept"], true);
    // One that does not have the room is asked to end.
    nodes.begin(0);
    let mut piped = Peer::join(nodes.addresses[0], "gate", "b").await.0;
    piped.state().await;
    nodes.stop(0).await;
    assert_eq!(piped.ended().await, Ended::Code(1012));
    // The outcome moved with the room.
    peer.say(json!({"type":"human_decision","$id":"a.1","node_id":"ask","decision":"approve"})).await;
    peer.next_of("ack").await;
    assert_eq!(metric(nodes.addresses[1], "everwire_repeated_total").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_on_a_process_that_died_is_run_again_on_another() {
    let Some(redis) = Redis::start().await else { return };
    let mut nodes = Nodes::start(2, redis.url(), LEASE);
    start_run(nodes.addresses[0], "steps").await;
    let (mut peer, hello) = Peer::join(nodes.addresses[1], "steps", "a").await;
    peer.state().await;
    let seen = peer.next_that(|event| event["node_id"] == "step-02" && event["status"] == "running").await;
    nodes.kill(0);
    // By the one it is connected to, which lives.
    assert_eq!(peer.ended().await, Ended::Code(1012));
    // Nobody asks for the room: it is taken because it lost its process.
    let taken = async {
        while nodes.owner("steps").await != Some(1) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, taken).await.expect("taken");
    let (mut peer, again) = Peer::join(nodes.addresses[1], "steps", "a").await;
    assert_eq!(again["epoch"], hello["epoch"]);
    peer.say(json!({"type":"resync_request","last_seen":seen["$seq"],"epoch":hello["epoch"]})).await;
    let resync = peer.next_of("resync").await;
    assert_eq!(resync["kept"], true);
    let attempt = |event: &Value| event["node_id"] == "step-02" && event["metrics"]["attempt"] == 2;
    if !resync["events"].as_array().expect("events").iter().any(attempt) {
        peer.next_that(attempt).await;
    }
}
