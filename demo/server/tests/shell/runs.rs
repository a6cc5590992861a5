//! DAGs run for real.

use crate::peer::{Peer, config, request, start, start_run};
use everwire_server::{
    core::definition::Definition,
    shell::{config::Config, server::Server},
};
use serde_json::{Value, json};
use std::{fs, time::Duration};
use tokio::time::{sleep, timeout};

/// A server whose one DAG is `text`.
async fn start_with(id: &str, text: &str) -> Server {
    let dags = std::env::temp_dir().join(format!("everwire-{id}-{}", std::process::id()));
    fs::create_dir_all(&dags).expect("made");
    fs::write(dags.join(format!("{id}.json")), text).expect("written");
    let server = start(Config { dags: dags.clone(), ..config() }).await;
    fs::remove_dir_all(dags).expect("removed");
    server
}

#[tokio::test]
async fn a_run_is_told_from_its_start_to_its_end() {
    let server = start(config()).await;
    let (mut peer, _) = Peer::join(server.address(), "quick", "c").await;
    assert_eq!(peer.state().await["status"], "idle");
    start_run(server.address(), "quick").await;
    let started = peer.next_of("dag_mutated").await;
    assert_eq!(started["mutation"]["state"]["nodes"].as_array().map(Vec::len), Some(3));
    let done = peer.next_that(|message| message["node_id"] == "c" && message["status"] == "succeeded").await;
    assert_eq!(done["output"], "third\n");
    assert_eq!(done["metrics"]["exit_code"], 0);
    let results = peer.next_of("execution_complete").await["results"].clone();
    assert_eq!((&results["status"], &results["nodes"]["b"]), (&json!("succeeded"), &json!("succeeded")));
    let state = peer.state().await;
    assert_eq!(state["results"], results);
}

#[tokio::test]
async fn a_hook_without_everwire_sees_the_same_run() {
    let server = start(config()).await;
    let mut plain = Peer::connect(server.address(), "quick").await;
    plain.say(json!({"type":"resync_request"})).await;
    assert_eq!(plain.next_of("resync").await["state"]["nodes"][0]["id"], "a");
    start_run(server.address(), "quick").await;
    plain.next_of("execution_complete").await;
    assert!(plain.frames.iter().all(|frame| frame.is_object() && frame.get("$seq").is_none()));
}

#[tokio::test]
async fn only_one_run_at_a_time() {
    let server = start(config()).await;
    start_run(server.address(), "gate").await;
    let head = format!("POST /api/dags/gate/start HTTP/1.1\r\nhost: {}", server.address());
    let (status, answer) = request(server.address(), &head, "").await;
    assert_eq!(status, 409);
    assert!(answer.contains("\"code\":\"running\""), "{answer}");
}

#[tokio::test]
async fn words_at_a_gate_reach_a_command_and_never_a_shell() {
    let server = start(config()).await;
    let (mut peer, _) = Peer::join(server.address(), "gate", "c").await;
    start_run(server.address(), "gate").await;
    let gate = peer.next_of("human_gate_waiting").await;
    peer.say(json!({"type":"ack","id":gate["$id"]})).await;
    let words = "$(touch /tmp/x); `id` \"quoted\" --flag";
    peer.say(json!({"type":"human_decision","$id":"c.1","node_id":"ask","decision":"modify","feedback":words})).await;
    let done = peer.next_that(|message| message["node_id"] == "after" && message["output"].is_string()).await;
    assert_eq!(done["output"], format!("{words}\n"));
}

#[tokio::test]
async fn over_the_budget_a_run_is_stopped() {
    // Each command burns a little: where there is little processor time for this test, an end of one is still told in time.
    let mut nodes = vec![json!({"id":"burn-0","title":"t","run":["truncate","-s","16M","{scratch}/zeros"]})];
    nodes.extend((1..400).map(|n| {
        let before = format!("burn-{}", n - 1);
        json!({"id":format!("burn-{n}"),"title":"t","deps":[before],"run":["sha512sum","{scratch}/zeros"]})
    }));
    nodes.push(json!({"id":"never","title":"t","deps":["burn-399"],"run":["true"]}));
    let dag: Value = json!({"id":"budget","title":"t","budget":1,"parallel":1,"nodes":nodes});
    let server = start_with("budget", &dag.to_string()).await;
    let (mut peer, _) = Peer::join(server.address(), "budget", "c").await;
    start_run(server.address(), "budget").await;
    let results = peer.next_of("execution_complete").await["results"].clone();
    assert_eq!((&results["status"], &results["nodes"]["never"]), (&json!("over_budget"), &json!("cancelled")));
    let cost = peer.state().await["cost"].clone();
    assert!(cost["spent"].as_f64() > cost["budget"].as_f64() && cost["remaining"] == 0.0, "{cost}");
}

#[tokio::test]
async fn a_cancel_kills_what_runs() {
    // No other process has these words.
    let long = format!("60.{}", std::process::id());
    let dag = json!({"id":"cancel","title":"t","budget":60,"nodes":[{"id":"long","title":"t","run":["sleep",long]}]});
    let server = start_with("cancel", &dag.to_string()).await;
    let (mut peer, _) = Peer::join(server.address(), "cancel", "c").await;
    start_run(server.address(), "cancel").await;
    let words = format!("sleep\0{long}\0");
    until_running(&words, true).await;
    peer.say(json!({"type":"cancel_execution","$id":"c.1"})).await;
    let results = peer.next_of("execution_complete").await["results"].clone();
    assert_eq!((&results["status"], &results["nodes"]["long"]), (&json!("cancelled"), &json!("cancelled")));
    until_running(&words, false).await;
}

/// Waits until a process of these words is there, or is not.
async fn until_running(words: &str, wanted: bool) {
    let is_running = || {
        let entries = fs::read_dir("/proc").expect("processes").flatten();
        entries
            .into_iter()
            .any(|entry| fs::read(entry.path().join("cmdline")).is_ok_and(|line| line == words.as_bytes()))
    };
    let reached = async {
        while is_running() != wanted {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), reached).await.expect("in time");
}

#[tokio::test]
async fn the_default_dag_inspects_this_repository() {
    // All of it but the two hundred and fifty rounds of hashing.
    let text = fs::read_to_string(config().dags.join("default.json")).expect("read");
    let short = text.replace(r#""seq", "250""#, r#""seq", "2""#);
    assert_ne!(text, short);
    let server = start_with("default", &short).await;
    let (mut peer, _) = Peer::join(server.address(), "default", "c").await;
    start_run(server.address(), "default").await;
    let mut n = 0;
    let results = loop {
        let message = peer.next().await.expect("open");
        match message["type"].as_str() {
            Some("human_gate_waiting") => {
                n += 1;
                peer.say(json!({"type":"human_decision","$id":format!("c.{n}"),"node_id":message["node_id"],"decision":"approve"})).await;
            }
            Some("execution_complete") => break message["results"].clone(),
            _ => {}
        }
    };
    assert_eq!(n, 2, "one retry, one approval");
    assert_eq!(results["status"], "succeeded", "{results}");
    assert!(results["nodes"].as_object().expect("nodes").keys().any(|id| id.starts_with("lines-")));
}

#[test]
fn every_definition_in_the_repository_is_valid() {
    let folder = crate::peer::repository().join("demo/dags");
    let mut count = 0;
    for entry in fs::read_dir(folder)
        .expect("a folder")
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "json"))
    {
        let text = fs::read_to_string(entry.path()).expect("read");
        Definition::read(&text).unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
        count += 1;
    }
    assert!(count >= 2);
}
