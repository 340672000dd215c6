//! Every way in, in one table: the document of the interface is compared with it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};

use crate::desk::{Desk, Peer};
use crate::network::lists;
use crate::problem::Problem;
use crate::server::Place;
use crate::{acting, commands, decide, evidence, hook, listing, page, standing, webhook};

/// What a request is answered by.
pub(crate) type Shared = State<Arc<Desk>>;

/// The name or id that a path holds.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        named.map(|Path(name)| Self(name)).map_err(|_| {
            Problem::malformed("the path is no text: write what is no letter as %XX of UTF-8")
        })
    }
}

/// The interface's document.
pub(crate) const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// Each path with what is done there. The document of the interface names each of them.
pub(crate) fn routes() -> Vec<(&'static str, Method, MethodRouter<Arc<Desk>>)> {
    vec![
        ("/healthz", Method::GET, get(standing::alive)),
        ("/readyz", Method::GET, get(standing::ready)),
        ("/metrics", Method::GET, get(standing::metrics)),
        ("/api/v1/openapi.json", Method::GET, get(document)),
        ("/api/v1/health", Method::GET, get(standing::health)),
        ("/api/v1/anomalies", Method::GET, get(listing::anomalies)),
        ("/api/v1/anomalies/{id}", Method::GET, get(listing::anomaly)),
        ("/api/v1/anomalies/{id}/evidence", Method::GET, get(evidence::evidence)),
        ("/api/v1/anomalies/{id}/actions", Method::POST, post(acting::on_anomaly)),
        ("/api/v1/incidents", Method::GET, get(listing::incidents)),
        ("/api/v1/incidents/{id}", Method::GET, get(listing::incident)),
        ("/api/v1/incidents/{id}/actions", Method::POST, post(acting::on_incident)),
        ("/api/v1/hosts", Method::GET, get(lists::hosts)),
        ("/api/v1/devices", Method::GET, get(lists::devices)),
        ("/api/v1/devices/{id}", Method::GET, get(lists::device)),
        ("/api/v1/conversations", Method::GET, get(lists::conversations)),
        ("/api/v1/baseline", Method::GET, get(lists::baseline)),
        ("/api/v1/baseline/ledger", Method::GET, get(lists::ledger)),
        ("/api/v1/baseline/draft", Method::GET, get(lists::draft)),
        ("/api/v1/baseline/decisions", Method::POST, post(decide::decide)),
        ("/api/v1/commands", Method::GET, get(commands::list)),
        ("/api/v1/audit", Method::GET, get(listing::audit)),
        ("/api/v1/deliveries", Method::GET, get(listing::deliveries)),
        ("/api/v1/webhooks", Method::GET, get(webhook::list)),
        ("/api/v1/webhooks/{name}/test", Method::POST, post(webhook::test)),
        ("/api/v1/webhooks/{name}/replay", Method::POST, post(webhook::replay)),
        ("/api/v1/webhooks/{name}/enable", Method::POST, post(webhook::enable)),
        ("/api/v1/webhooks/{name}/disable", Method::POST, post(webhook::disable)),
        ("/api/v1/hooks/{name}", Method::POST, post(hook::called)),
    ]
}

/// All of it, with what is done to every request.
pub(crate) fn router(desk: &Arc<Desk>) -> Router {
    let all = routes().into_iter().fold(Router::new(), |router, (path, method, answer)| {
        // Said here, so that it is said the same of every path.
        let allowed = if method == Method::GET { "GET, HEAD" } else { "POST" };
        router.route(path, answer.fallback(move || refuse_method(allowed)))
    });
    let all = page::routes().into_iter().fold(all, |router, (path, allowed, answer)| {
        router.route(path, answer.fallback(move || refuse_method(allowed)))
    });
    all.fallback(nothing_there)
        .layer(from_fn_with_state(Arc::clone(desk), guard))
        .layer(from_fn_with_state(Arc::clone(desk), page::dress))
        .layer(from_fn_with_state(Arc::clone(desk), seal))
        .with_state(Arc::clone(desk))
}

async fn refuse_method(allowed: &'static str) -> Response {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("this path takes {allowed} only"),
    );
    ([(ALLOW, allowed)], problem).into_response()
}

async fn nothing_there(request: Request) -> Problem {
    let path = crate::desk::bounded(request.uri().path());
    Problem::unknown(format!("there is nothing at {path}: see /api/v1/openapi.json"))
}

async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

/// How much may be asked, and how long it may take.
async fn guard(State(desk): Shared, request: Request, next: Next) -> Result<Response, Problem> {
    let peer = Peer::of(&request);
    if !desk.limit.allows(peer.source(), desk.now()) {
        let via = hook::via_of(&desk, request.uri().path());
        desk.note(desk.refused.count(&via, peer.source(), "rate_limited", desk.now()));
        hook::count_limited(&desk, request.uri().path());
        return Err(Problem::limited());
    }
    if desk.access.is_open() && !is_named_safely(&request) {
        return Err(Problem::forbidden(
            "the Host header names neither this machine nor an address: without tokens nothing else is answered, so that no web page reads along",
        ));
    }
    let Ok(_turn) = Arc::clone(&desk.working).try_acquire_owned() else {
        return Err(Problem::busy());
    };
    // Whoever sends slowly holds a turn for as long as a request may take: all turns of one source are a quarter.
    let Some(_place) = Place::of(&desk.working_of, peer.source(), desk.working_of_one) else {
        return Err(Problem::busy());
    };
    tokio::time::timeout(desk.timeout, next.run(request)).await.map_err(|_| Problem::late())
}

/// A page of somebody else's site could have its name lead here and read what is open to this machine: a browser says
/// by which name it came.
fn is_named_safely(request: &Request) -> bool {
    let Some(host) = request.headers().get(HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok()
}

/// What every answer says to a browser.
async fn seal(State(_): Shared, request: Request, next: Next) -> Response {
    const SAID: [(HeaderName, &str); 6] = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let is_encrypted = request.extensions().get::<crate::server::Encrypted>().is_some();
    let mut response = next.run(request).await;
    for (name, value) in SAID {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_encrypted {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, year);
    }
    response
}
