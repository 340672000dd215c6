//! Who is told by web hooks: how it is with each, and what an operator does about it.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridtap_notify::EndpointStatus;
use gridtap_store::{Audit, Batch, Replay, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::Caller;
use crate::action::{strict, who};
use crate::body;
use crate::desk::{Desk, bounded};
use crate::listing::{Given, query};
use crate::problem::Problem;
use crate::query::moment;
use crate::role::Role;
use crate::routes::{Named, Shared};

#[derive(Serialize)]
struct Endpoints {
    endpoints: Vec<EndpointStatus>,
}

/// What is asked of an endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Who acts, where that is another than the token is named after.
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    comment: Option<String>,
}

/// Which deliveries are to be owed anew.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedReplay {
    #[serde(default)]
    actor: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    since: Option<String>,
    #[serde(default)]
    failed: bool,
}

#[derive(Serialize)]
struct Switched {
    endpoint: String,
    enabled: bool,
    /// Whether that is news.
    changed: bool,
}

#[derive(Serialize)]
struct Replayed {
    endpoint: String,
    deliveries: u64,
}

pub(crate) async fn list(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    let couriers = desk.couriers.clone();
    let endpoints = desk.readers.read(move |store| couriers.statuses(Some(store))).await?;
    Ok(Json(Endpoints { endpoints }).into_response())
}

/// Who asks, for what: the body is read once it is known that they may.
async fn asked<T: serde::de::DeserializeOwned>(
    desk: &Desk,
    given: Given,
    request: Request,
    needed: Role,
) -> Result<(Caller, T), Problem> {
    let caller = desk.caller(&request, needed)?;
    query(given, &[])?;
    let (head, body) = request.into_parts();
    let octets = body::read(body).await?;
    body::is_of(&head.headers, "application/json")?;
    Ok((caller, strict(&octets)?))
}

fn known(desk: &Desk, name: &str) -> Result<(), Problem> {
    match desk.couriers.named(name) {
        Some(_) => Ok(()),
        None => Err(no_endpoint(name)),
    }
}

fn no_endpoint(name: &str) -> Problem {
    Problem::unknown(format!("there is no endpoint {} in notify.endpoint", bounded(name)))
}

/// A row of the audit log about an endpoint.
fn row(caller: &Caller, actor: Option<&str>, action: &str, endpoint: &str) -> Audit {
    Audit {
        who: bounded(&who(actor, &caller.name)),
        role: caller.role.name().to_owned(),
        via: "api".to_owned(),
        action: format!("webhook {action}"),
        subject: format!("endpoint {endpoint}"),
        outcome: "done".to_owned(),
        detail: String::new(),
    }
}

pub(crate) async fn test(
    State(desk): Shared,
    Named(name): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, wanted) = asked::<Wanted>(&desk, given, request, Role::Operator).await?;
    let courier = desk.couriers.named(&name).ok_or_else(|| no_endpoint(&name))?;
    let actor = bounded(&who(wanted.actor.as_deref(), &caller.name));
    let data = json!({
        "endpoint": name,
        "message": format!("This is a test that {actor} asked for: nothing has happened."),
    });
    let message = desk.write(move |batch| Ok(batch.message("webhook.test", &data))).await?;
    let clock = std::sync::Arc::clone(&desk.clock);
    let (id, body) = message;
    let tested = tokio::task::spawn_blocking(move || courier.test(&id, &body, clock.as_ref()));
    let tested = tested.await.map_err(|_| Problem::store_down())?.map_err(|refused| {
        Problem::new(StatusCode::CONFLICT, "test_under_way", refused.to_string())
    })?;
    let outcome = if tested.accepted { "done".to_owned() } else { tested.message.clone() };
    let detail = format!("webhook-id {}", tested.id);
    let row = row(&caller, wanted.actor.as_deref(), "test", &name);
    desk.note_now(vec![Audit { outcome, detail, ..row }]).await;
    Ok(Json(tested).into_response())
}

pub(crate) async fn replay(
    State(desk): Shared,
    Named(name): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let (caller, wanted) = asked::<WantedReplay>(&desk, given, request, Role::Operator).await?;
    known(&desk, &name)?;
    let (which, detail) = match (wanted.id, wanted.since, wanted.failed) {
        (Some(id), None, false) => {
            let detail = format!("webhook-id {}", bounded(&id));
            (Replay::One(id), detail)
        }
        (None, Some(since), false) => {
            let moment = moment(&since).ok_or_else(|| {
                Problem::unprocessable(
                    "since is no time: write RFC 3339, such as 2024-05-01T10:00:00Z",
                )
            })?;
            (Replay::Since(moment), format!("since {moment}"))
        }
        (None, None, true) => (Replay::Failed, "failed ones".to_owned()),
        _ => {
            return Err(Problem::unprocessable("the body names one: id, since, or failed: true"));
        }
    };
    let row = row(&caller, wanted.actor.as_deref(), "replay", &name);
    let endpoint = name.clone();
    let deliveries = desk
        .write(move |batch| {
            let deliveries = batch.replay(&endpoint, &which)?;
            batch.audit(&Audit { detail: format!("{detail}: {deliveries} deliveries"), ..row })?;
            Ok(deliveries)
        })
        .await?;
    Ok(Json(Replayed { endpoint: name, deliveries }).into_response())
}

pub(crate) async fn enable(
    State(desk): Shared,
    Named(name): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    switch(&desk, name, given, request, true).await
}

pub(crate) async fn disable(
    State(desk): Shared,
    Named(name): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    switch(&desk, name, given, request, false).await
}

async fn switch(
    desk: &Desk,
    name: String,
    given: Given,
    request: Request,
    enabled: bool,
) -> Result<Response, Problem> {
    let (caller, wanted) = asked::<Wanted>(desk, given, request, Role::Admin).await?;
    known(desk, &name)?;
    let action = if enabled { "enable" } else { "disable" };
    let mut row = row(&caller, wanted.actor.as_deref(), action, &name);
    row.detail = bounded(&wanted.comment.unwrap_or_default());
    let endpoint = name.clone();
    let changed = desk.write(move |batch| switched(batch, &endpoint, enabled, &row)).await?;
    Ok(Json(Switched { endpoint: name, enabled, changed }).into_response())
}

/// Switches an endpoint, with the row about it. Whether that is news.
fn switched(
    batch: &mut Batch<'_>,
    endpoint: &str,
    enabled: bool,
    row: &Audit,
) -> Result<bool, StoreError> {
    let changed = if enabled {
        batch.enable_endpoint(endpoint)?
    } else {
        let reason = match row.detail.as_str() {
            "" => format!("disabled by {}", row.who),
            comment => format!("disabled by {}: {comment}", row.who),
        };
        batch.disable_endpoint(endpoint, &reason)?
    };
    batch.audit(row)?;
    Ok(changed)
}
