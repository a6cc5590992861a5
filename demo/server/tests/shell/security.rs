//! A web page of another origin can neither connect nor start nor decide.

use crate::peer::{Peer, config, get, metric, request, start};

#[tokio::test]
async fn a_page_of_another_origin_cannot_connect() {
    let server = start(config()).await;
    let path = "/api/dags/gate/stream";
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        assert!(Peer::try_connect(server.address(), path, &[("origin", origin)]).await.is_err(), "{origin}");
    }
    let own = format!("http://{}", server.address());
    assert!(Peer::try_connect(server.address(), path, &[("origin", &own)]).await.is_ok());
    let other_name = format!("http://localhost:{}", server.address().port());
    assert!(Peer::try_connect(server.address(), path, &[("origin", &other_name)]).await.is_ok());
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_start_or_break_anything() {
    let server = start(config()).await;
    let address = server.address();
    for (path, body) in [("/api/dags/gate/start", ""), ("/api/network", r#"{"link":"a","action":"cut"}"#)] {
        for origin in ["origin: http://evil.example", "origin: null", "sec-fetch-site: cross-site"] {
            let head = format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{origin}");
            assert_eq!(request(address, &head, body).await.0, 403, "{path} {origin}");
        }
    }
    assert_eq!(metric(address, "everwire_node_starts_total").await, 0);
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_take_a_place_over_http() {
    let server = start(config()).await;
    let address = server.address();
    for origin in ["origin: http://evil.example", "origin: null", "sec-fetch-site: cross-site"] {
        for method in ["GET", "POST"] {
            let head = format!(
                "{method} /api/dags/gate/stream HTTP/1.1\r\nhost: {address}\r\naccept: text/event-stream\r\n{origin}"
            );
            assert_eq!(request(address, &head, "").await.0, 403, "{method} {origin}");
        }
    }
    assert_eq!(metric(address, "everwire_connections").await, 0);
}

#[tokio::test]
async fn a_foreign_name_that_points_here_is_refused() {
    let server = start(config()).await;
    let address = server.address();
    for path in ["/", "/api/config", "/api/dags/gate", "/metrics"] {
        let head = format!("GET {path} HTTP/1.1\r\nhost: evil.example:{}", address.port());
        assert_eq!(request(address, &head, "").await.0, 403, "{path}");
    }
}

#[tokio::test]
async fn pages_are_bound_by_a_policy() {
    let server = start(config()).await;
    let (_, answer) = get(server.address(), "/").await;
    let answer = answer.to_lowercase();
    for expected in [
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "x-content-type-options: nosniff",
        "frame-ancestors 'none'",
    ] {
        assert!(answer.contains(expected), "{expected}: {answer}");
    }
    assert!(answer.contains(&format!("ws://127.0.0.1:{}", server.proxy_address().port())));
}
