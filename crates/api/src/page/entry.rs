//! Logging in and out.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{self, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use gridtap_store::Audit;

use super::form::{Form, TOKEN, foreign, is_of_here};
use super::frame::Frame;
use super::gate::Cookie;
use super::session::random_id;
use super::visitor::Visitor;
use super::{page, see};
use crate::access::Caller;
use crate::desk::{Desk, Peer};
use crate::listing::{Given, query};
use crate::problem::Problem;
use crate::routes::Shared;

/// Octets of a path to return to.
const NEXT_OCTETS_MAX: usize = 2048;

#[derive(Template)]
#[template(path = "login.html")]
struct Login<'a> {
    frame: Frame,
    token: String,
    next: &'a str,
    name: &'a str,
    refused: &'a str,
}

pub(super) async fn form(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let query = query(given, &["next"])?;
    let next = query.text("next").filter(|next| is_path(next)).unwrap_or("/");
    if Visitor::logged_in(&desk, &request).is_some() {
        return Ok(see(next));
    }
    shown(&desk, &request, next, "", "", StatusCode::OK)
}

/// The form, tied to a cookie that its browser keeps.
fn shown<B>(
    desk: &Desk,
    request: &http::Request<B>,
    next: &str,
    name: &str,
    refused: &str,
    status: StatusCode,
) -> Result<Response, Problem> {
    let cookie = Cookie::entry(request);
    // Forms in several tabs stay good.
    let known = cookie.value(request);
    let id = match &known {
        Some(id) => id.clone(),
        None => random_id().map_err(|_| Problem::busy())?,
    };
    let token = desk.gate.seal().token(&id);
    let login = Login { frame: Frame::bare(desk, "Log in"), token, next, name, refused };
    let mut response = page(status, &login)?;
    if known.is_none() {
        set(&mut response, &cookie.set(&id));
    }
    Ok(response)
}

fn set(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

/// A path of this page, and nothing that leads elsewhere.
fn is_path(text: &str) -> bool {
    text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= NEXT_OCTETS_MAX
        && text.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\')
}

pub(super) async fn log_in(State(desk): Shared, request: Request) -> Result<Response, Problem> {
    let peer = Peer::of(&request);
    let (head, body) = request.into_parts();
    let form = Form::read(&head.headers, body).await?;
    let request = http::Request::from_parts(head, ());
    check(&desk, &request, &form, peer)?;
    let (name, password) = (form.text("name").trim(), form.text("password"));
    let next = Some(form.text("next")).filter(|next| is_path(next)).unwrap_or("/");
    let again = |refused, status| shown(&desk, &request, next, name, refused, status);
    let (users, source, now) = (&desk.gate.users, peer.source(), desk.now());
    let role = users.role_of(name);
    // Of what is typed where a name belongs only names are written down: it could be a password.
    let who = role.map_or("unknown", |_| name);
    if !desk.gate.allows(source, name, now) {
        desk.note(desk.refused.count_as(who, "page", source, "login_limited", now));
        let text = "There were too many logins from here or by this name: wait half a minute and try again.";
        return again(text, StatusCode::TOO_MANY_REQUESTS);
    }
    let fits = desk.gate.fits(name.to_owned(), password.to_owned()).await?;
    let Some(role) = role.filter(|_| fits) else {
        desk.note(desk.refused.count_as(who, "page", source, "login_refused", now));
        return again("The name or the password is wrong.", StatusCode::FORBIDDEN);
    };
    let caller = Caller { name: name.to_owned(), role };
    note(&desk, &caller, "login", peer).await?;
    // Whoever was logged in with this browser before is no more, and no id from before the login is good after it.
    if let Some(earlier) = Visitor::logged_in(&desk, &request) {
        earlier.leave(&desk);
    }
    let id = desk.gate.begin(name, source, now)?;
    let mut response = see(next);
    set(&mut response, &Cookie::session(&request).set(&id));
    set(&mut response, &Cookie::entry(&request).clear());
    Ok(response)
}

/// That the form was asked for by the browser that sends it.
fn check<B>(
    desk: &Desk,
    request: &http::Request<B>,
    form: &Form,
    peer: Peer,
) -> Result<(), Problem> {
    if !is_of_here(request.headers()) {
        return Err(foreign(desk, peer, "origin"));
    }
    let id = Cookie::entry(request).value(request);
    if id.is_some_and(|id| desk.gate.seal().fits(&id, form.text(TOKEN))) {
        return Ok(());
    }
    Err(foreign(desk, peer, "form_token"))
}

pub(super) async fn log_out(State(desk): Shared, request: Request) -> Result<Response, Problem> {
    let Some(visitor) = Visitor::logged_in(&desk, &request) else { return Ok(see("/login")) };
    let peer = Peer::of(&request);
    let cookie = Cookie::session(&request);
    let (head, body) = request.into_parts();
    let headers: &HeaderMap = &head.headers;
    let form = Form::read(headers, body).await?;
    form.check(&desk, &visitor, headers, peer)?;
    visitor.leave(&desk);
    if let Some(person) = &visitor.person {
        note(&desk, person, "logout", peer).await?;
    }
    let mut response = see("/login");
    set(&mut response, &cookie.clear());
    Ok(response)
}

/// Writes down who came or went.
async fn note(desk: &Desk, caller: &Caller, action: &str, peer: Peer) -> Result<(), Problem> {
    let row = Audit {
        who: caller.name.clone(),
        role: caller.role.name().to_owned(),
        via: "page".to_owned(),
        action: action.to_owned(),
        subject: peer.source().to_string(),
        outcome: "done".to_owned(),
        detail: String::new(),
    };
    desk.write(move |batch| batch.audit(&row)).await
}
