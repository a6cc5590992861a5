//! A web page of another origin can neither connect nor start nor decide.

use crate::peer::{Peer, config, get, metric, request, start};
use everwire_server::shell::config::Config;

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
async fn a_page_that_may_connect_may_do_so_over_http_and_read_the_answers() {
    let server = start(Config { allow_origins: vec!["http://app.example".into()], ..config() }).await;
    let address = server.address();
    let path = "/api/dags/gate/stream";
    let ask = |method: &str, origin: &str, more: &str| {
        let head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\norigin: {origin}\r\n{more}");
        async move { request(address, &head, "").await }
    };
    let preflight = "access-control-request-method: POST\r\naccess-control-request-headers: everwire-client";
    for origin in ["http://app.example", &*format!("http://localhost:{}", address.port())] {
        let (status, answer) = ask("OPTIONS", origin, preflight).await;
        assert_eq!(status, 204, "{answer}");
        for expected in [
            &*format!("access-control-allow-origin: {origin}\r\n"),
            "access-control-allow-credentials: true\r\n",
            "access-control-allow-methods: GET, POST\r\n",
            "everwire-client, everwire-connection",
        ] {
            assert!(answer.contains(expected), "{expected}: {answer}");
        }
        // Also what is refused: the page is to know why.
        let (status, answer) = ask("POST", origin, "everwire-client: c").await;
        assert_eq!(status, 410, "{answer}");
        assert!(
            answer.contains("access-control-allow-origin:") && answer.contains("expose-headers: everwire-connection")
        );
        assert!(answer.contains("vary: origin"));
    }
    for (method, status) in [("OPTIONS", 403), ("POST", 403)] {
        let answer = ask(method, "http://evil.example", preflight).await;
        assert!(answer.0 == status && !answer.1.contains("access-control"), "{answer:?}");
    }
    let head = format!("GET /api/config HTTP/1.1\r\nhost: {address}\r\norigin: http://evil.example");
    let (status, answer) = request(address, &head, "").await;
    assert!(status == 200 && !answer.contains("access-control"), "{answer}");
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
