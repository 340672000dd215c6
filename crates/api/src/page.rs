//! The page: what operators see and act by, made here as text and complete without scripts.
//!
//! Reading changes nothing: every deed is a form that is sent, by somebody who is logged in, with a token that no
//! other site has. Whatever came from the network or from people is text and stays text.

mod acting;
mod detail;
mod entry;
mod form;
mod frame;
mod gate;
mod health;
mod incident;
mod list;
mod names;
mod network;
mod record;
pub(crate) mod runbook;
mod session;
mod user;
mod visitor;
mod words;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

pub(crate) use gate::{Door, Gate};
pub(crate) use user::Users;

use crate::desk::Desk;
use crate::problem::Problem;
use crate::routes::Shared;

/// Each path of the page, with what it takes. They are no part of the documented interface.
pub(crate) fn routes() -> Vec<(&'static str, &'static str, MethodRouter<Arc<Desk>>)> {
    const READ: &str = "GET, HEAD";
    const BOTH: &str = "GET, HEAD, POST";
    vec![
        ("/", READ, get(list::show)),
        ("/anomalies/{id}", BOTH, get(detail::show).post(acting::on_anomaly)),
        ("/anomalies/{id}/evidence", READ, get(detail::evidence)),
        ("/incidents/{id}", BOTH, get(incident::show).post(acting::on_incident)),
        ("/network", READ, get(network::show)),
        ("/network/site.toml", READ, get(network::draft)),
        ("/runbooks", READ, get(runbook::list)),
        ("/runbooks/{name}", READ, get(runbook::show)),
        ("/login", BOTH, get(entry::form).post(entry::log_in)),
        ("/logout", "POST", axum::routing::post(entry::log_out)),
        ("/page/style.css", READ, get(style)),
        ("/page/page.js", READ, get(script)),
        ("/page/icon.svg", READ, get(icon)),
    ]
}

/// Whether a path is one for programs, which are answered in JSON whatever they accept.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || ["/healthz", "/readyz", "/metrics"].contains(&path)
}

/// What a browser is allowed to do with a page: nothing that does not come from here.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// A page.
fn html(status: StatusCode, text: String) -> Response {
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    // Without one, a browser does not say either from which page a form was sent.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// A page made of a template.
fn page(status: StatusCode, template: &impl askama::Template) -> Result<Response, Problem> {
    let text = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be made");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the page cannot be made")
    })?;
    Ok(html(status, text))
}

/// On to another page, which is asked for with GET.
fn see(path: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(path) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, path);
    }
    response
}

async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page/style.css")).into_response()
}

async fn script() -> Response {
    let kind = [(CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("page/page.js")).into_response()
}

async fn icon() -> Response {
    ([(CONTENT_TYPE, "image/svg+xml")], include_str!("page/icon.svg")).into_response()
}

/// Says to a person in a browser as a page what is said to programs as JSON, and leads to the login.
pub(crate) async fn dress(State(desk): Shared, request: Request, next: Next) -> Response {
    let asked = Asked::of(&request);
    let response = next.run(request).await;
    let Some(asked) = asked else { return response };
    let Some(problem) = response.extensions().get::<Problem>().cloned() else { return response };
    if problem.status == StatusCode::UNAUTHORIZED {
        return asked.to_login(&desk);
    }
    let Ok(mut page) = frame::problem(&desk, &problem) else { return response };
    if let Some(seconds) = problem.retry_after {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allowed) = response.headers().get(axum::http::header::ALLOW) {
        page.headers_mut().insert(axum::http::header::ALLOW, allowed.clone());
    }
    page
}

/// What a browser asked for.
struct Asked {
    /// Where to return to: what was sent is not sent again.
    path: String,
    /// Whether a page of somewhere else led here.
    is_from_elsewhere: bool,
}

impl Asked {
    fn of(request: &Request) -> Option<Self> {
        let accepted = request.headers().get(ACCEPT)?.to_str().ok()?;
        if is_for_programs(request.uri().path()) || !accepted.contains("text/html") {
            return None;
        }
        let is_reading = [Method::GET, Method::HEAD].contains(request.method());
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let path = if is_reading { target } else { request.uri().path() };
        let is_from_elsewhere = is_reading && comes_from_elsewhere(request.headers());
        Some(Self { path: path.to_owned(), is_from_elsewhere })
    }

    /// A link in a message leads here without the cookie, which goes along from our own pages only: the first answer
    /// is a page of ours that leads to the same place.
    fn to_login(&self, desk: &Desk) -> Response {
        if self.is_from_elsewhere
            && let Ok(page) = frame::again(desk, &self.path)
        {
            return page;
        }
        see(&format!("/login?next={}", words::encoded(&self.path)))
    }
}

fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_some_and(|site| ["cross-site", "same-site"].contains(&site))
}
