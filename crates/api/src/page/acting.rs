//! What a person does by a form.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use gridtap_model::State as Stands;
use gridtap_store::{Act, Disposition, Person, Target};

use super::detail::Line;
use super::form::Form;
use super::visitor::Visitor;
use super::{detail, incident, see};
use crate::acting::perform;
use crate::action::Wanted;
use crate::desk::{Desk, Peer};
use crate::problem::Problem;
use crate::role::Role;
use crate::routes::{Named, Shared};

/// Nothing is shelved for longer.
const HOURS_MAX: u64 = 12;
const HOUR_NS: u64 = 3_600_000_000_000;

/// What can be done where it stands, by whoever looks.
pub(super) struct Acts {
    /// Whether they may do anything at all.
    pub(super) may: bool,
    pub(super) revision: u32,
    pub(super) acknowledge: bool,
    pub(super) unacknowledge: bool,
    pub(super) shelve: bool,
    pub(super) unshelve: bool,
    pub(super) close: bool,
    pub(super) hours: [u64; 6],
    pub(super) dispositions: [(&'static str, &'static str); 3],
}

impl Acts {
    /// With one anomaly.
    pub(super) fn of(visitor: &Visitor, state: Stands, is_shelved: bool, revision: u32) -> Self {
        let is_open = state != Stands::Closed;
        Self {
            shelve: is_open && !is_shelved,
            unshelve: is_open && is_shelved,
            ..Self::of_many(visitor, &[state], revision)
        }
    }

    /// With all anomalies of an incident that stand so.
    pub(super) fn of_many(visitor: &Visitor, states: &[Stands], revision: u32) -> Self {
        let any = |of: [Stands; 2]| states.iter().any(|state| of.contains(state));
        let is_acknowledged = any([Stands::AcknowledgedActive, Stands::Cleared]);
        let is_open = states.iter().any(|state| *state != Stands::Closed);
        Self {
            may: visitor.may_act(),
            revision,
            acknowledge: any([Stands::UnacknowledgedActive, Stands::UnacknowledgedCleared]),
            unacknowledge: is_acknowledged,
            shelve: is_open,
            unshelve: false,
            close: is_acknowledged,
            hours: [1, 2, 4, 6, 8, HOURS_MAX],
            dispositions: DISPOSITIONS.map(|(disposition, text)| (disposition.name(), text)),
        }
    }
}

const DISPOSITIONS: [(Disposition, &str); 3] = [
    (Disposition::TruePositive, "True positive: it was what it says"),
    (Disposition::ExpectedChange, "Expected change: it happened and was meant to"),
    (Disposition::FalsePositive, "False positive: it was not what it says"),
];

/// What the page says of what was just done, or not done.
pub(super) struct Said {
    pub(super) is_done: bool,
    pub(super) text: String,
    /// What a person wrote, so that they need not write it again.
    pub(super) comment: String,
    /// The revision that they saw.
    seen: Option<u32>,
    /// What happened since.
    pub(super) since: Vec<Line>,
}

impl Said {
    /// What was done, by the name of the action; nothing for a name that is none.
    pub(super) fn done(action: &str) -> Option<Self> {
        let text = match action {
            "acknowledge" => "Acknowledged. It is yours now: see what to do.",
            "unacknowledge" => "The acknowledgement was taken back.",
            "shelve" => "Shelved. It comes back by itself.",
            "unshelve" => "Brought back into the list.",
            "comment" => "The comment was added.",
            "close" => "Closed.",
            _ => return None,
        };
        let text = text.to_owned();
        Some(Self { is_done: true, text, comment: String::new(), seen: None, since: Vec::new() })
    }

    fn refused(problem: &Problem, form: &Form) -> Self {
        let text = if problem.code == "wrong_revision" {
            "Nothing was done: somebody was faster, or the anomaly was seen again, since you opened this page. Look at what is new, and repeat it if you still mean it.".to_owned()
        } else {
            format!("Nothing was done: {}.", problem.message.trim_end_matches('.'))
        };
        let seen = (problem.code == "wrong_revision")
            .then(|| form.text("revision").parse().ok())
            .flatten();
        let comment = form.text("comment").to_owned();
        Self { is_done: false, text, comment, seen, since: Vec::new() }
    }

    /// With what happened since, out of all that happened, the newest first.
    pub(super) fn with(mut self, lines: Vec<Line>) -> Self {
        if let Some(seen) = self.seen {
            self.since = lines.into_iter().filter(|line| line.revision > seen).collect();
        }
        self
    }
}

pub(super) async fn on_anomaly(
    State(desk): Shared,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (visitor, form) = sent(&desk, request).await?;
    match act(&desk, &visitor, &form, Target::Anomaly(id.clone())).await {
        Ok(action) => Ok(see(&format!("/anomalies/{id}?done={action}#said"))),
        Err(problem) if is_told_there(&problem) => {
            let found = detail::find(&desk, id).await?;
            let said = Said::refused(&problem, &form);
            detail::shown(&desk, &visitor, found, Some(said), problem.status)
        }
        Err(problem) => Err(problem),
    }
}

pub(super) async fn on_incident(
    State(desk): Shared,
    Named(id): Named,
    request: Request,
) -> Result<Response, Problem> {
    let (visitor, form) = sent(&desk, request).await?;
    match act(&desk, &visitor, &form, Target::Incident(id.clone())).await {
        Ok(action) => Ok(see(&format!("/incidents/{id}?done={action}#said"))),
        Err(problem) if is_told_there(&problem) => {
            let found = incident::find(&desk, id).await?;
            let said = Said::refused(&problem, &form);
            incident::shown(&desk, &visitor, found, Some(said), problem.status)
        }
        Err(problem) => Err(problem),
    }
}

/// What is said on the page that the form is of.
fn is_told_there(problem: &Problem) -> bool {
    [StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY].contains(&problem.status)
}

/// A form of somebody who may act.
async fn sent(desk: &Desk, request: Request) -> Result<(Visitor, Form), Problem> {
    let visitor = Visitor::of(desk, &request)?;
    let Some(person) = &visitor.person else {
        return Err(Problem::forbidden(
            "whoever acts on anomalies logs in first, and no [[api.user]] is configured: see /login",
        ));
    };
    if person.role < Role::Operator {
        desk.note_role("page", person, Role::Operator, &request);
        return Err(Problem::forbidden(format!(
            "acting on anomalies needs the role operator, and {} is a {}",
            person.name,
            person.role.name()
        )));
    }
    let peer = Peer::of(&request);
    let (head, body) = request.into_parts();
    let form = Form::read(&head.headers, body).await?;
    form.check(desk, &visitor, &head.headers, peer)?;
    Ok((visitor, form))
}

/// Does what a form says. The name of what was done.
async fn act(
    desk: &Desk,
    visitor: &Visitor,
    form: &Form,
    target: Target,
) -> Result<&'static str, Problem> {
    let person =
        visitor.person.as_ref().ok_or_else(|| Problem::forbidden("nobody is logged in"))?;
    let given = |name: &str| Some(form.text(name).to_owned()).filter(|text| !text.is_empty());
    let revision = form.text("revision").parse().map_err(|_| {
        Problem::malformed("the form has no revision: open the page again, and repeat it there")
    })?;
    let wanted = Wanted {
        action: form.text("action").to_owned(),
        disposition: given("disposition"),
        comment: given("comment"),
        until: given("hours").map(|hours| until(desk, &hours)).transpose()?,
        ..Wanted::default()
    };
    let act = Act {
        action: wanted.action()?,
        target,
        by: Person {
            name: person.name.clone(),
            role: person.role.name().to_owned(),
            via: "page".to_owned(),
        },
        comment: wanted.comment.unwrap_or_default(),
        expected_revision: Some(revision),
    };
    let action = act.action.name();
    let (done, found) = perform(desk, act).await?;
    done.map_err(|error| Problem::of_act(&error, found.as_ref()))?;
    Ok(action)
}

/// The end of shelving for so many hours.
fn until(desk: &Desk, hours: &str) -> Result<String, Problem> {
    let hours: u64 =
        hours.parse().ok().filter(|hours| (1..=HOURS_MAX).contains(hours)).ok_or_else(|| {
            Problem::unprocessable("nothing is shelved for less than 1 h or more than 12 h")
        })?;
    Ok(desk.now().plus_ns(hours.saturating_mul(HOUR_NS)).to_string())
}
