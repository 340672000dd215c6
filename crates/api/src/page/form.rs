//! What a form sends.

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

use super::visitor::Visitor;
use crate::desk::{Desk, Peer};
use crate::problem::Problem;

/// The field with the token of the session.
pub(super) const TOKEN: &str = "token";
/// A form has not more fields.
const FIELDS_MAX: usize = 16;

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads it, each field once.
    pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let octets = crate::body::read(body).await?;
        crate::body::is_of(headers, "application/x-www-form-urlencoded")?;
        let fields: Vec<(String, String)> = serde_urlencoded::from_bytes(&octets)
            .map_err(|_| Problem::malformed("the form cannot be read"))?;
        let is_twice = |(nth, (name, _)): (usize, &(String, String))| {
            fields.iter().take(nth).any(|(other, _)| other == name)
        };
        if fields.len() > FIELDS_MAX || fields.iter().enumerate().any(is_twice) {
            return Err(Problem::malformed("the form has a field twice, or too many of them"));
        }
        Ok(Self(fields))
    }

    /// A field; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// That it was sent from a page of ours, as its browser and its token say; an error that is counted where not.
    pub(super) fn check(
        &self,
        desk: &Desk,
        visitor: &Visitor,
        headers: &HeaderMap,
        peer: Peer,
    ) -> Result<(), Problem> {
        if !is_of_here(headers) {
            return Err(foreign(desk, peer, "origin"));
        }
        if !visitor.sent(desk, self.text(TOKEN)) {
            return Err(foreign(desk, peer, "form_token"));
        }
        Ok(())
    }
}

/// That a form is none of ours, with its row in the audit log.
pub(super) fn foreign(desk: &Desk, peer: Peer, reason: &'static str) -> Problem {
    desk.note(desk.refused.count("page", peer.source(), reason, desk.now()));
    Problem::forbidden(
        "this form was not sent from a page of this session: open the page again, and repeat there what you meant to do",
    )
}

/// Whether a browser says that a request comes from our own pages, as far as it says anything.
pub(super) fn is_of_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return false;
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return true };
    let (Some((scheme, origin)), Some(host)) = (origin.split_once("://"), text(HOST.as_str()))
    else {
        return false;
    };
    ["http", "https"].contains(&scheme) && origin.eq_ignore_ascii_case(host)
}
