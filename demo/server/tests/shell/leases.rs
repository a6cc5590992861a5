//! What Redis lets whom write.

use crate::redis;
use everwire_server::{
    core::{
        journal::{Record, Table, Write},
        lease::Answer,
    },
    store::{
        Fault, Store,
        redis::Redis,
        room::{Held, Leases, RoomStore, Taken},
    },
};
use std::{net::Ipv4Addr, time::Duration};
use tokio::{task::spawn_blocking, time::sleep};

const LASTS: Duration = Duration::from_millis(300);

async fn process(url: &str, port: u16) -> Leases {
    let redis = Redis::connect(url).await.expect("connected");
    Leases::new(redis, &format!("process-{port}"), (Ipv4Addr::LOCALHOST, port).into(), LASTS)
}

async fn take(leases: &Leases) -> (Held, Box<RoomStore>, bool) {
    let Taken::Ours { held, store, doubtful } = leases.take("d").await.expect("an answer") else { panic!("taken") };
    (held, store, doubtful)
}

fn write(key: &str, value: Option<&str>) -> Write {
    Write { table: Table::Nodes, key: key.into(), value: value.map(Into::into) }
}

/// As the driver does it, on a thread that may wait.
async fn commit(mut store: Box<RoomStore>, writes: Vec<Write>) -> (Box<RoomStore>, Option<Fault>) {
    let kept = spawn_blocking(move || {
        let fault = store.commit(writes).err().map(|error| error.fault());
        (store, fault)
    });
    kept.await.expect("no panic")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_last_who_took_a_room_writes_it() {
    let Some(redis) = redis::Redis::start().await else { return };
    let url = redis.url();
    let (one, two) = (process(&url, 1).await, process(&url, 2).await);
    let (held, store, _) = take(&one).await;
    let (store, fault) = commit(store, vec![write("d/a", Some("1")), write("d/b", Some("1"))]).await;
    assert_eq!(fault, None);
    assert!(matches!(two.take("d").await, Ok(Taken::Theirs)));
    assert_eq!(two.holder("d").await.expect("an answer").expect("somebody").address.port(), 1);
    sleep(LASTS).await;
    // It slept past its lease, and nobody came: it goes on.
    assert_eq!(one.renew(&held).await, Answer::Kept);
    let (store, fault) = commit(store, vec![write("d/b", None)]).await;
    assert_eq!(fault, None);
    sleep(LASTS).await;
    let (_, mut theirs, doubtful) = take(&two).await;
    assert!(!doubtful);
    assert_eq!(theirs.load().expect("read"), [Record { table: Table::Nodes, key: "d/a".into(), value: "1".into() }]);
    assert_eq!(one.renew(&held).await, Answer::Lost);
    let (_, fault) = commit(store, vec![write("d/a", Some("old"))]).await;
    assert_eq!(fault, Some(Fault::Lost));
    one.release(&held).await;
    assert!(one.holder("d").await.expect("an answer").is_some(), "nobody gives back what is another's");
    let (_, fault) = commit(theirs, vec![write("d/a", Some("2"))]).await;
    assert_eq!(fault, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgot_is_told_everything_by_who_knows_it() {
    let Some(mut redis) = redis::Redis::start().await else { return };
    let url = redis.url();
    let (one, two) = (process(&url, 1).await, process(&url, 2).await);
    let (held, store, _) = take(&one).await;
    let (store, fault) = commit(store, vec![write("d/a", Some("1"))]).await;
    assert_eq!(fault, None);
    redis.stop();
    let (mut store, fault) = commit(store, vec![write("d/b", Some("1"))]).await;
    assert_eq!((fault, one.renew(&held).await), (Some(Fault::Away), Answer::Silence));
    redis.again().await;
    for _ in 0..50 {
        if one.renew(&held).await == Answer::Forgotten {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let everything = vec![write("d/a", Some("1")), write("d/b", Some("1"))];
    let store = spawn_blocking(move || {
        assert_eq!(store.retry().map_err(|error| error.fault()), Err(Fault::Forgotten));
        store.replace(everything).expect("kept");
        store
    });
    let store = store.await.expect("no panic");
    let (_, fault) = commit(store, vec![write("d/c", Some("1"))]).await;
    assert_eq!(fault, None);
    one.release(&held).await;
    let mut records = Vec::new();
    for _ in 0..50 {
        if let Ok(Taken::Ours { mut store, doubtful, .. }) = two.take("d").await {
            assert!(!doubtful, "who told it everything knew this Redis");
            records = store.load().expect("read");
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let keys: Vec<&str> = records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["d/a", "d/b", "d/c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_took_the_room_of_an_emptied_redis_keeps_it() {
    let Some(mut redis) = redis::Redis::start().await else { return };
    let url = redis.url();
    let one = process(&url, 1).await;
    let (held, store, _) = take(&one).await;
    redis.stop();
    redis.again().await;
    let two = process(&url, 2).await;
    // Its token begins with the same number: the rest of it tells them apart.
    let (_, theirs, _) = take(&two).await;
    for _ in 0..50 {
        if one.renew(&held).await == Answer::Lost {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let (_, fault) = commit(store, vec![write("d/a", Some("old"))]).await;
    assert_eq!(fault, Some(Fault::Lost));
    assert_eq!(commit(theirs, vec![write("d/a", Some("new"))]).await.1, None);
}
