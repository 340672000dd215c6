//! What every page has around what it shows.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use gridtap_store::Queue;

use super::health::Health;
use super::html;
use super::visitor::Visitor;
use super::words::Moment;
use crate::desk::Desk;
use crate::problem::Problem;

/// What every page has around what it shows.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) title: String,
    /// Which page of the navigation this is; none for the rest.
    pub(super) here: &'static str,
    pub(super) site: String,
    pub(super) sensor: String,
    pub(super) version: String,
    pub(super) now: Moment,
    /// Name and role of who is logged in.
    pub(super) person: Option<(String, &'static str)>,
    /// Whether anybody could log in.
    pub(super) has_users: bool,
    pub(super) token: String,
    pub(super) health: Option<Health>,
}

impl Frame {
    /// Around a page that a visitor looks at.
    pub(super) fn around(
        desk: &Desk,
        visitor: &Visitor,
        title: &str,
        here: &'static str,
        queues: &[Queue],
    ) -> Self {
        let mut frame = Self::bare(desk, title);
        let person = visitor.person.as_ref();
        frame.person = person.map(|person| (person.name.clone(), person.role.name()));
        frame.token = visitor.token(desk);
        frame.here = here;
        frame.health = Some(Health::of(&desk.health.get(), queues, desk.now()));
        frame
    }

    /// Around what anybody may see.
    pub(super) fn bare(desk: &Desk, title: &str) -> Self {
        let condition = desk.health.get();
        Self {
            title: title.to_owned(),
            here: "",
            site: condition.site,
            sensor: condition.sensor,
            version: condition.version,
            now: Moment::of(desk.now()),
            person: None,
            has_users: !desk.gate.users.is_empty(),
            token: String::new(),
            health: None,
        }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Told<'a> {
    frame: Frame,
    message: &'a str,
    again: bool,
}

/// A problem as a page.
pub(super) fn problem(desk: &Desk, problem: &Problem) -> Result<Response, askama::Error> {
    let title = match problem.status {
        StatusCode::NOT_FOUND => "There is nothing here",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::CONFLICT => "Not possible now",
        StatusCode::TOO_MANY_REQUESTS => "Too many requests",
        status if status.is_server_error() => "The sensor cannot answer now",
        _ => "The request cannot be done",
    };
    let told = Told {
        frame: Frame::bare(desk, title),
        message: &problem.message,
        again: problem.retry_after.is_some(),
    };
    Ok(html(problem.status, told.render()?))
}

#[derive(Template)]
#[template(path = "again.html")]
struct Again<'a> {
    path: &'a str,
}

/// A page of ours that leads to another one by itself.
pub(super) fn again(_: &Desk, path: &str) -> Result<Response, askama::Error> {
    Ok(html(StatusCode::OK, Again { path }.render()?))
}
