//! Who may talk to this server.
//!
//! Owns the check of `Host` and `Origin`, and the headers that bind a page; must not know routes.
//!
//! The server listens on this machine only, but every page in this machine's browsers can reach it. So:
//! - `Host` must be one of ours, on every request: a foreign name that was made to point here (DNS rebinding) is refused.
//! - On a WebSocket, on a stream of events and on everything but GET and HEAD, an `Origin` must be ours. Browsers always send it there, and a
//!   page cannot forge it. A request without `Origin` comes from no page (`curl`, a test, a program of this machine's
//!   user) and is allowed, unless `Sec-Fetch-Site`, which no page can forge either, says otherwise.
//! - Whoever may open a WebSocket may do the same over HTTP: such pages are allowed by CORS to read what they are answered,
//!   and no others are.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::{collections::BTreeSet, sync::Arc};

/// The names by which a browser reaches this machine.
const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

/// Headers of requests that need to be allowed, as far as there are any here.
const SENT: &str = "authorization, content-type, everwire-client, everwire-connection, last-event-id";
/// Headers of answers that a page is to read.
const READ: &str = "everwire-connection, retry-after, x-stream-id, x-stream-token";

/// The hosts and origins that are ours.
#[derive(Clone, Debug)]
pub struct Guard {
    hosts: Arc<BTreeSet<String>>,
    origins: Arc<BTreeSet<String>>,
    policy: HeaderValue,
}

impl Guard {
    /// A guard of the ports of this server, and of further origins whose pages are trusted.
    #[must_use]
    pub fn new(ports: &[u16], allow_origins: &[String]) -> Self {
        let hosts: BTreeSet<String> =
            ports.iter().flat_map(|port| NAMES.map(|name| format!("{name}:{port}"))).collect();
        let mut origins: BTreeSet<String> = hosts.iter().map(|host| format!("http://{host}")).collect();
        origins.extend(allow_origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()));
        // A policy cannot name an IPv6 address: browsers leave it out and complain.
        let nameable = hosts.iter().filter(|host| !host.starts_with('['));
        let sockets: Vec<String> = nameable.map(|host| format!("ws://{host}")).collect();
        let policy = format!(
            "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; connect-src 'self' {}; object-src 'none'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
            sockets.join(" ")
        );
        // Hosts and ports are ASCII, so the policy is a valid header.
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'self'"));
        Self { hosts: Arc::new(hosts), origins: Arc::new(origins), policy }
    }

    fn refusal(&self, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("").to_ascii_lowercase());
        if !text(header::HOST).is_some_and(|host| self.hosts.contains(&host)) {
            return Some("this server does not answer to that Host");
        }
        // A stream of events takes a place, as a WebSocket does, if only until its page sees that it may not read it.
        let stays = headers.contains_key(header::UPGRADE)
            || text(header::ACCEPT).is_some_and(|kinds| kinds.contains("text/event-stream"));
        if (method == Method::GET || method == Method::HEAD) && !stays {
            return None;
        }
        match text(header::ORIGIN) {
            Some(_) if self.trusted(headers).is_some() => None,
            Some(_) => Some("pages of that Origin may not connect, start or decide here"),
            None => text(HeaderName::from_static("sec-fetch-site"))
                .is_some_and(|site| site != "same-origin" && site != "none")
                .then_some("a page of another site may not do that"),
        }
    }

    /// The `Origin`, if its pages are trusted.
    fn trusted<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let is_ours = |origin: &&HeaderValue| {
            origin.to_str().is_ok_and(|origin| self.origins.contains(&origin.to_ascii_lowercase()))
        };
        headers.get(header::ORIGIN).filter(is_ours)
    }
}

/// The layer: refuses, or lets pass and binds the answer.
pub async fn check(State(guard): State<Guard>, request: Request<Body>, next: Next) -> Response {
    let refusal = guard.refusal(request.method(), request.headers());
    let reader = guard.trusted(request.headers()).filter(|_| refusal.is_none()).cloned();
    let asks_first = request.method() == Method::OPTIONS
        && reader.is_some()
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match refusal {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None if asks_first => StatusCode::NO_CONTENT.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = reader {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(READ));
    }
    if asks_first {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(SENT));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, guard.policy.clone());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(method: &Method, headers: &[(&'static str, &str)]) -> bool {
        let guard = Guard::new(&[8_787, 8_788], &["http://localhost:5173/".into()]);
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header")));
        guard.refusal(method, &headers.collect()).is_some()
    }

    #[test]
    fn a_foreign_host_is_refused_whatever_it_asks() {
        for host in ["evil.example:8787", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8787", ""] {
            assert!(refused(&Method::GET, &[("host", host)]), "{host}");
        }
        assert!(refused(&Method::GET, &[]));
        assert!(!refused(&Method::GET, &[("host", "LocalHost:8787")]));
    }

    #[test]
    fn a_page_of_another_origin_can_neither_start_nor_connect() {
        let host = ("host", "127.0.0.1:8787");
        for origin in [
            "http://evil.example",
            "null",
            "https://127.0.0.1:8787",
            "http://127.0.0.1:9999",
            "http://127.0.0.1:8787.evil.example",
        ] {
            assert!(refused(&Method::POST, &[host, ("origin", origin)]), "{origin}");
            assert!(refused(&Method::GET, &[host, ("upgrade", "websocket"), ("origin", origin)]), "{origin}");
        }
        assert!(refused(&Method::POST, &[host, ("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn our_own_pages_and_programs_may() {
        let host = ("host", "127.0.0.1:8788");
        for origin in ["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787", "http://localhost:5173"] {
            assert!(!refused(&Method::POST, &[host, ("origin", origin)]), "{origin}");
        }
        assert!(!refused(&Method::GET, &[host, ("upgrade", "websocket")]));
    }
}
