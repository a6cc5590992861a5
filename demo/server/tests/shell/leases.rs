//! What Redis lets whom write.

use crate::redis;
use ::redis::{FromRedisValue, cmd};
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

/// Longer than a test: a lease ends by [`lapse`], never because the machine is busy.
const LASTS: Duration = Duration::from_secs(300);

async fn process(url: &str, port: u16) -> Leases {
    let redis = Redis::connect(url).await.expect("connected");
    Leases::new(redis, &format!("process-{port}"), (Ipv4Addr::LOCALHOST, port).into(), LASTS)
}

async fn take(leases: &Leases) -> (Held, Box<RoomStore>, bool) {
    let Taken::Ours { held, store, doubtful } = leases.take("d").await.expect("an answer") else { panic!("taken") };
    (held, store, doubtful)
}

/// What Redis answers to `words`.
async fn tell<T: FromRedisValue>(url: &str, words: &[&str]) -> T {
    let redis = Redis::connect(url).await.expect("connected");
    redis.command(cmd(words[0]).arg(&words[1..])).await.expect("an answer")
}

/// The lease of the room ends, as it does by itself.
async fn lapse(url: &str) {
    let life: i64 = tell(url, &["PTTL", "room:{d}:lease"]).await;
    assert!((1..=300_000).contains(&life), "{life}");
    assert_eq!(tell::<i64>(url, &["PEXPIRE", "room:{d}:lease", "0"]).await, 1);
}

/// It is a Redis that was started again and lost nothing, as far as a room can tell.
async fn restart_whole(url: &str) {
    let _: i64 = tell(url, &["HSET", "room:{d}:meta", "run", "another"]).await;
}

fn write(key: &str, value: Option<&str>) -> Write {
    Write { table: Table::Nodes, key: key.into(), value: value.map(Into::into) }
}

/// As the driver does it, on a thread that may wait.
async fn on_a_thread(
    mut store: Box<RoomStore>,
    act: impl FnOnce(&mut RoomStore) -> Result<(), everwire_server::store::StoreError> + Send + 'static,
) -> (Box<RoomStore>, Option<Fault>) {
    let kept = spawn_blocking(move || {
        let fault = act(&mut store).err().map(|error| error.fault());
        (store, fault)
    });
    kept.await.expect("no panic")
}

async fn commit(store: Box<RoomStore>, writes: Vec<Write>) -> (Box<RoomStore>, Option<Fault>) {
    on_a_thread(store, |store| store.commit(writes)).await
}

/// Waits until Redis is heard again: that a connection was lost is noticed by who uses it.
async fn hears(leases: &Leases) {
    for _ in 0..400 {
        if leases.holder("d").await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("Redis is not heard again");
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
    lapse(&url).await;
    // It slept past its lease, and nobody came: it goes on.
    assert_eq!(one.renew(&held).await, Answer::Kept);
    let (store, fault) = commit(store, vec![write("d/b", None)]).await;
    assert_eq!(fault, None);
    lapse(&url).await;
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
    let (store, fault) = commit(store, vec![write("d/b", Some("1"))]).await;
    assert_eq!((fault, one.renew(&held).await), (Some(Fault::Away), Answer::Silence));
    redis.again().await;
    hears(&one).await;
    assert_eq!(one.renew(&held).await, Answer::Forgotten);
    let (store, fault) = on_a_thread(store, Store::retry).await;
    assert_eq!(fault, Some(Fault::Forgotten));
    let everything = vec![write("d/a", Some("1")), write("d/b", Some("1"))];
    let (store, fault) = on_a_thread(store, |store| store.replace(everything)).await;
    assert_eq!(fault, None);
    let (_, fault) = commit(store, vec![write("d/c", Some("1"))]).await;
    assert_eq!(fault, None);
    one.release(&held).await;
    hears(&two).await;
    let (_, mut store, doubtful) = take(&two).await;
    assert!(!doubtful, "who told it everything knew this Redis");
    let records = store.load().expect("read");
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
    hears(&one).await;
    assert_eq!(one.renew(&held).await, Answer::Lost);
    let (_, fault) = commit(store, vec![write("d/a", Some("old"))]).await;
    assert_eq!(fault, Some(Fault::Lost));
    assert_eq!(commit(theirs, vec![write("d/a", Some("new"))]).await.1, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_in_an_emptied_redis_is_not_overwritten_by_who_slept_meanwhile() {
    let Some(mut redis) = redis::Redis::start().await else { return };
    let url = redis.url();
    let one = process(&url, 1).await;
    let (held, _, _) = take(&one).await;
    one.release(&held).await;
    // The number of its token is the greater one.
    let (held, store, _) = take(&one).await;
    let (store, fault) = commit(store, vec![write("d/a", Some("old"))]).await;
    assert_eq!(fault, None);
    redis.stop();
    redis.again().await;
    let two = process(&url, 2).await;
    let (theirs, store_of_two, _) = take(&two).await;
    assert_eq!(commit(store_of_two, vec![write("d/a", Some("new"))]).await.1, None);
    // It is gone, too: no lease tells that the room is another's.
    two.release(&theirs).await;
    hears(&one).await;
    assert_eq!(one.renew(&held).await, Answer::Lost);
    let (_, fault) = on_a_thread(store, |store| store.replace(vec![write("d/a", Some("old"))])).await;
    assert_eq!(fault, Some(Fault::Lost));
    assert_eq!(take(&two).await.1.load().expect("read")[0].value, "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_doubt_lasts_until_somebody_has_written() {
    let Some(redis) = redis::Redis::start().await else { return };
    let url = redis.url();
    let (one, two) = (process(&url, 1).await, process(&url, 2).await);
    assert_eq!(commit(take(&one).await.1, vec![write("d/a", Some("1"))]).await.1, None);
    restart_whole(&url).await;
    lapse(&url).await;
    assert!(take(&two).await.2);
    // It died before it could tell anybody of another epoch.
    lapse(&url).await;
    let (_, store, doubtful) = take(&one).await;
    assert!(doubtful);
    assert_eq!(commit(store, vec![write("d/a", Some("2"))]).await.1, None);
    lapse(&url).await;
    assert!(!take(&two).await.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_on_after_a_restart_vouches_for_what_is_kept() {
    let Some(redis) = redis::Redis::start().await else { return };
    let url = redis.url();
    let (one, two) = (process(&url, 1).await, process(&url, 2).await);
    let (store, fault) = commit(take(&one).await.1, vec![write("d/a", Some("1"))]).await;
    assert_eq!(fault, None);
    restart_whole(&url).await;
    assert_eq!(commit(store, vec![write("d/a", Some("2"))]).await.1, None);
    lapse(&url).await;
    assert!(!take(&two).await.2, "no epoch need change");
}
