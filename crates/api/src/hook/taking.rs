//! An authentic message, from its being new to its being done, in one transaction.

use std::sync::Arc;

use gridtap_store::{Act, ActError, Audit, Batch, Person, Seen, StoreError, Target};
use gridtap_telemetry::InboundResult;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::message::{Asked, Message};
use super::{Authentic, Hook, Refusal};
use crate::desk::{Desk, Peer};
use crate::problem::Problem;
use crate::refused::Refused;

/// What is answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
    pub(super) result: InboundResult,
}

/// An authentic message.
pub(super) struct Taken {
    pub(super) hook: Arc<Hook>,
    pub(super) authentic: Authentic,
    pub(super) octets: Vec<u8>,
    pub(super) asked: Result<Asked, Problem>,
    pub(super) peer: Peer,
}

impl Taken {
    /// A row of the audit log about this message.
    fn row(&self, outcome: &str) -> Audit {
        let (who, action, subject) = match &self.asked {
            Ok(Asked::Note(note)) => (note.who.clone(), "notice", note.said.clone()),
            Ok(Asked::Deed(message)) => {
                let target = &message.target;
                let subject = format!("{} {}", target.kind(), crate::desk::bounded(target.id()));
                (message.actor.clone(), message.action.name(), subject)
            }
            Err(_) => (self.hook.name.clone(), "request", String::new()),
        };
        Audit {
            who,
            role: "operator".to_owned(),
            via: self.hook.via.clone(),
            action: action.to_owned(),
            subject,
            outcome: outcome.to_owned(),
            detail: format!("webhook-id {}", crate::desk::bounded(&self.authentic.id)),
        }
    }

    /// Writes it down that this message came to nothing, or counts it: whoever recorded it can send it any number of
    /// times.
    fn note(
        &self,
        batch: &mut Batch<'_>,
        refused: &Refused,
        reason: &'static str,
    ) -> Result<(), StoreError> {
        let source = self.peer.source();
        let (is_single, rows) = refused.is_single(&self.hook.via, source, reason, batch.now());
        rows.iter().try_for_each(|row| batch.audit(row))?;
        if is_single { batch.audit(&self.row(reason)) } else { Ok(()) }
    }
}

/// What was signed too long ago, or for a time to come, does nothing but leave its row.
pub(super) async fn refuse_stale(desk: &Desk, taken: &Taken, problem: Problem) -> Refusal {
    let (via, source) = (&taken.hook.via, taken.peer.source());
    let (is_single, mut rows) = desk.refused.is_single(via, source, "stale_timestamp", desk.now());
    if is_single {
        rows.push(taken.row("refused: stale_timestamp"));
    }
    desk.note_now(rows).await;
    Refusal::new(problem, InboundResult::Stale)
}

/// Does what a message asks for, unless it did so before.
pub(super) async fn take(desk: &Desk, taken: Taken) -> Result<Answer, Refusal> {
    let refused = Arc::clone(&desk.refused);
    Ok(desk.write(move |batch| once(batch, &taken, &refused)).await?)
}

fn once(batch: &mut Batch<'_>, taken: &Taken, refused: &Refused) -> Result<Answer, StoreError> {
    let digest: [u8; 32] = Sha256::digest(&taken.octets).into();
    let (hook, id) = (&taken.hook.name, &taken.authentic.id);
    match batch.hook_seen(hook, id, &digest)? {
        Seen::New => {}
        Seen::Same { status, answer } => {
            taken.note(batch, refused, "duplicate")?;
            let mut body: Value = serde_json::from_str(&answer).unwrap_or_default();
            if let Some(fields) = body.as_object_mut() {
                fields.insert("duplicate".to_owned(), true.into());
            }
            return Ok(Answer { status, body, result: InboundResult::Duplicate });
        }
        Seen::Other => {
            taken.note(batch, refused, "reused_id")?;
            let problem = Problem::new(
                axum::http::StatusCode::CONFLICT,
                "reused_id",
                "this webhook-id came before with another body: every message needs its own",
            );
            let (status, body) = (problem.status.as_u16(), problem.body());
            return Ok(Answer { status, body, result: InboundResult::Replayed });
        }
    }
    let answer = match done(batch, taken)? {
        Ok(body) => Answer { status: 200, body, result: InboundResult::Accepted },
        Err(refusal) => Answer {
            status: refusal.problem.status.as_u16(),
            body: refusal.problem.body(),
            result: refusal.result,
        },
    };
    batch.note_hook(hook, id, &digest, answer.status, &answer.body.to_string())?;
    Ok(answer)
}

/// The rest of the checks, and the deed. Each way out leaves its row in the audit log.
fn done(batch: &mut Batch<'_>, taken: &Taken) -> Result<Result<Value, Refusal>, StoreError> {
    let message = match &taken.asked {
        Ok(Asked::Deed(message)) => message,
        Ok(Asked::Note(note)) => {
            batch.audit(&taken.row("recorded: nothing changed"))?;
            let body = json!({ "recorded": true, "message": note.answer, "duplicate": false });
            return Ok(Ok(body));
        }
        Err(problem) => {
            batch.audit(&taken.row(&format!("refused: {}", problem.message)))?;
            return Ok(Err(problem.clone().into()));
        }
    };
    if let Some(problem) = forbidden(batch, &taken.hook, message)? {
        batch.audit(&taken.row(&format!("refused: {}", problem.message)))?;
        return Ok(Err(problem.into()));
    }
    let act = Act {
        target: message.target.clone(),
        action: message.action,
        by: Person {
            name: message.actor.clone(),
            role: "operator".to_owned(),
            via: taken.hook.via.clone(),
        },
        comment: message.comment.clone(),
        expected_revision: message.expected_revision,
    };
    let acted = batch.act(&act);
    let found = batch.find_target(&act.target)?;
    let acted = match acted {
        Ok(acted) => acted,
        Err(ActError::Store(error)) => return Err(error),
        Err(error) => return Ok(Err(Problem::of_act(&error, found.as_ref()).into())),
    };
    let each = |each: &gridtap_store::Standpoint| json!({ "anomaly_id": each.id, "state": each.state, "revision": each.revision });
    let mut body = match (&act.target, found) {
        (Target::Incident(id), Some(found)) => json!({
            "incident_id": id,
            "state": found.state,
            "revision": found.revision,
            "anomalies": acted.iter().map(each).collect::<Vec<_>>(),
        }),
        _ => acted.first().map(each).unwrap_or_default(),
    };
    if let Some(fields) = body.as_object_mut() {
        fields.insert("duplicate".to_owned(), false.into());
    }
    Ok(Ok(body))
}

/// Whether the hook's key may not do this.
fn forbidden(
    batch: &Batch<'_>,
    hook: &Hook,
    message: &Message,
) -> Result<Option<Problem>, StoreError> {
    let action = message.action.name();
    if !hook.actions.is_empty() && !hook.actions.iter().any(|allowed| allowed == action) {
        return Ok(Some(Problem::forbidden(format!("this hook may not {action}"))));
    }
    let found = batch.find_target(&message.target)?;
    let is_too_bad = found.is_some_and(|found| found.severity > hook.severity_max);
    Ok(is_too_bad.then(|| {
        let most = hook.severity_max.name();
        Problem::forbidden(format!("this hook may act on anomalies up to {most} only"))
    }))
}
