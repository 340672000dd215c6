//! What a person does by the API.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use gridtap_store::{Act, ActError, Found, Person, Standpoint, Target};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::action::{Wanted, strict};
use crate::body;
use crate::desk::Desk;
use crate::listing::{Given, raw};
use crate::problem::Problem;
use crate::role::Role;
use crate::routes::{Named, Shared};

/// What came of acting on an anomaly.
#[derive(Serialize)]
struct OnAnomaly {
    anomaly_id: String,
    state: gridtap_model::State,
    revision: u32,
    anomaly: Box<RawValue>,
}

/// What came of acting on an incident: of those of its anomalies with which it was possible.
#[derive(Serialize)]
struct OnIncident {
    incident_id: String,
    state: gridtap_model::State,
    revision: u32,
    anomalies: Vec<OnAnomaly>,
}

pub(crate) async fn on_anomaly(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    act(&desk, Target::Anomaly(id), given, request).await
}

pub(crate) async fn on_incident(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    act(&desk, Target::Incident(id), given, request).await
}

async fn act(
    desk: &Desk,
    target: Target,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let caller = desk.caller(&request, Role::Operator)?;
    crate::listing::query(given, &[])?;
    let (head, body) = request.into_parts();
    let octets = body::read(body).await?;
    body::is_of(&head.headers, "application/json")?;
    let wanted: Wanted = strict(&octets)?;
    let act = Act {
        action: wanted.action()?,
        target,
        by: Person {
            name: wanted.who(&caller.name),
            role: caller.role.name().to_owned(),
            via: "api".to_owned(),
        },
        comment: wanted.comment.unwrap_or_default(),
        expected_revision: wanted.expected_revision,
    };
    let target = act.target.clone();
    let (done, found) = perform(desk, act).await?;
    let done = done.map_err(|error| Problem::of_act(&error, found.as_ref()))?;
    let mut acted = done.into_iter().map(on_one).collect::<Result<Vec<_>, _>>()?;
    match target {
        Target::Anomaly(_) => {
            let one = acted.pop().ok_or_else(Problem::store_down)?;
            Ok(Json(one).into_response())
        }
        Target::Incident(incident_id) => {
            let found = found.ok_or_else(Problem::store_down)?;
            let (state, revision) = (found.state, found.revision);
            Ok(Json(OnIncident { incident_id, state, revision, anomalies: acted }).into_response())
        }
    }
}

/// What came of a deed, and where its target stands now.
pub(crate) async fn perform(
    desk: &Desk,
    act: Act,
) -> Result<(Result<Vec<Standpoint>, ActError>, Option<Found>), Problem> {
    desk.write(move |batch| {
        let done = batch.act(&act);
        let found = batch.find_target(&act.target)?;
        Ok((done, found))
    })
    .await
}

fn on_one(done: Standpoint) -> Result<OnAnomaly, Problem> {
    Ok(OnAnomaly {
        anomaly_id: done.id,
        state: done.state,
        revision: done.revision,
        anomaly: raw(done.record)?,
    })
}
