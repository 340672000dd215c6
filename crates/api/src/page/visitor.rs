//! Who looks at a page.

use axum::http::Request;

use super::gate::Cookie;
use crate::access::Caller;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::role::Role;

/// Who looks at a page.
#[derive(Debug, Clone)]
pub(crate) struct Visitor {
    /// Who is logged in; nobody where reading is open to this machine.
    pub(super) person: Option<Caller>,
    /// The id of the session.
    session: Option<String>,
}

impl Visitor {
    /// Who asks, if they may look.
    pub(crate) fn of<B>(desk: &Desk, request: &Request<B>) -> Result<Self, Problem> {
        if let Some(visitor) = Self::logged_in(desk, request) {
            return Ok(visitor);
        }
        if desk.access.is_open() {
            return Ok(Self { person: None, session: None });
        }
        Err(Problem::unauthorized("this page needs a login: see /login"))
    }

    /// Who is logged in.
    pub(super) fn logged_in<B>(desk: &Desk, request: &Request<B>) -> Option<Self> {
        let id = Cookie::session(request).value(request)?;
        let is_by_person = !request.headers().contains_key("gridtap-refresh");
        let person = desk.gate.find(&id, desk.now(), is_by_person)?;
        Some(Self { person: Some(person), session: Some(id) })
    }

    /// What the forms of this visitor's pages carry.
    pub(super) fn token(&self, desk: &Desk) -> String {
        self.session.as_deref().map(|id| desk.gate.seal().token(id)).unwrap_or_default()
    }

    /// Whether a form is of this visitor's pages.
    pub(super) fn sent(&self, desk: &Desk, token: &str) -> bool {
        self.session.as_deref().is_some_and(|id| desk.gate.seal().fits(id, token))
    }

    /// Logs them out.
    pub(super) fn leave(&self, desk: &Desk) {
        if let Some(id) = &self.session {
            desk.gate.end(id);
        }
    }

    /// Whether they may act on anomalies.
    pub(super) fn may_act(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.role >= Role::Operator)
    }
}
