//! What a driver does while its journal is out of reach, or its lease over.

use crate::peer::repository;
use everwire_server::{
    core::{
        definition::Definition,
        hub::Hub,
        journal::{Record, Write},
        lease::Step,
        limits::Limits,
    },
    shell::{
        clock::Clock,
        desk::Desk,
        driver::{Driver, ToSocket},
        executor::Executor,
    },
    store::{Fault, Store, StoreError},
};
use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

/// A journal that is out of reach as long as it is told so.
struct Distant(Arc<AtomicBool>);

impl Store for Distant {
    fn load(&mut self) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }

    fn commit(&mut self, _: Vec<Write>) -> Result<(), StoreError> {
        self.retry()
    }

    fn retry(&mut self) -> Result<(), StoreError> {
        if self.0.load(Ordering::Relaxed) { Err(StoreError::of(Fault::Away, "away")) } else { Ok(()) }
    }

    fn is_durable(&self) -> bool {
        true
    }
}

/// A driver of a room, and whether its journal is away.
fn start() -> (Driver, Arc<AtomicBool>) {
    let text = fs::read_to_string(repository().join("demo/dags/gate.json")).expect("a definition");
    let hub = Hub::new(vec![Definition::read(&text).expect("valid")], Limits::default(), 1);
    let scratch = std::env::temp_dir().join(format!("everwire-outage-{}", std::process::id()));
    let executor = Executor::new(repository(), scratch, false, "everwire-outage".into());
    let away = Arc::new(AtomicBool::new(false));
    let (driver, life) =
        Driver::start(hub, Box::new(Distant(Arc::clone(&away))), Clock::start(), executor, Desk::default());
    tokio::spawn(life);
    (driver, away)
}

/// What somebody who comes now hears first.
async fn greeting(driver: &Driver) -> String {
    let (_, mut outbox) = driver.open("gate".to_owned()).await.expect("it runs");
    let first = timeout(Duration::from_secs(20), outbox.messages.recv()).await.expect("in time");
    let Some(ToSocket::Frame(text)) = first else { panic!("{first:?}") };
    text
}

#[tokio::test]
async fn past_its_lease_nobody_is_served_and_nothing_begun() {
    let (driver, _) = start();
    assert!(greeting(&driver).await.contains("hello"));
    driver.lease(Step::Suspend).await.expect("it runs");
    assert!(greeting(&driver).await.contains("goaway"));
    let refusal = driver.start_run("gate".to_owned()).await.expect("it runs").expect_err("refused");
    assert_eq!(refusal.code, "unavailable");
    assert!(driver.state("gate".to_owned()).await.is_err(), "another process may know better");
    driver.lease(Step::Resume).await.expect("it runs");
    assert!(greeting(&driver).await.contains("hello"));
    assert!(driver.start_run("gate".to_owned()).await.expect("it runs").is_ok());
}

#[tokio::test]
async fn a_journal_that_is_back_makes_no_lease_good() {
    let (driver, away) = start();
    // What it has to keep at its beginning is kept.
    assert!(driver.state("gate".to_owned()).await.is_ok());
    away.store(true, Ordering::Relaxed);
    let (started, ()) = tokio::join!(driver.start_run("gate".to_owned()), async {
        driver.lease(Step::Suspend).await.expect("it runs");
        away.store(false, Ordering::Relaxed);
    });
    assert!(started.expect("it runs").is_ok(), "it was asked for before");
    assert!(greeting(&driver).await.contains("goaway"));
    driver.lease(Step::Resume).await.expect("it runs");
    assert!(greeting(&driver).await.contains("hello"));
}
