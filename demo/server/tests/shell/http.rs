//! Pages and small answers.

use crate::peer::{config, get, post, start};
use everwire_server::shell::config::Config;
use serde_json::json;
use std::fs;

#[tokio::test]
async fn pages_are_served_and_cached_by_their_kind() {
    let web = std::env::temp_dir().join(format!("everwire-web-{}", std::process::id()));
    fs::create_dir_all(web.join("assets")).expect("made");
    fs::write(web.join("index.html"), "<p>page").expect("written");
    fs::write(web.join("assets/a-1f2e.js"), "1").expect("written");
    let server = start(Config { web: web.clone(), ..config() }).await;
    let (status, page) = get(server.address(), "/").await;
    assert!(status == 200 && page.contains("<p>page") && page.contains("no-cache"), "{page}");
    let (status, script) = get(server.address(), "/assets/a-1f2e.js").await;
    assert!(status == 200 && script.contains("immutable") && script.contains("text/javascript"), "{script}");
    let (status, missing) = get(server.address(), "/assets/none.js").await;
    assert!(status == 404 && !missing.contains("immutable"), "{missing}");
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/assets/..%2f..%2fCargo.toml"] {
        let (status, answer) = get(server.address(), path).await;
        assert!(status >= 400 && !answer.contains("[package]"), "{path}");
    }
    fs::remove_dir_all(web).expect("removed");
}

#[tokio::test]
async fn without_pages_it_says_what_to_do() {
    let server = start(config()).await;
    let (status, page) = get(server.address(), "/").await;
    assert!(status == 404 && page.contains("make demo"));
}

#[tokio::test]
async fn it_tells_what_there_is() {
    let server = start(config()).await;
    let (_, answer) = get(server.address(), "/api/config").await;
    assert!(
        answer.contains(r#""dag":"default""#)
            && answer.contains(&format!(r#""port":{}"#, server.proxy_address().port()))
    );
    assert_eq!(get(server.address(), "/healthz").await.0, 200);
    assert_eq!(get(server.address(), "/api/none").await.0, 404);
    assert_eq!(post(server.address(), "/api/dags/none/start", json!({})).await.0, 404);
    assert!(post(server.address(), "/api/network", json!({"link":"a b","action":"cut"})).await.0 == 400);
    assert!(post(server.address(), "/api/network", json!({"link":"a","action":"melt"})).await.0 >= 400);
}
