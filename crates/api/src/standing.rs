//! How the sensor is: for people, for what watches over processes, and for Prometheus.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use gridtap_model::{Severity, Timestamp};
use gridtap_store::Store;
use gridtap_telemetry::Metrics;
use serde::Serialize;

use crate::health::Condition;
use crate::problem::Problem;
use crate::role::Role;
use crate::routes::Shared;

/// The answer to how the sensor is.
#[derive(Serialize)]
struct Health {
    time: Timestamp,
    #[serde(flatten)]
    condition: Condition,
    anomalies: Vec<Standing>,
    deliveries: Vec<Queue>,
}

/// How many anomalies stand where.
#[derive(Serialize)]
struct Standing {
    state: gridtap_model::State,
    severity: Severity,
    count: u64,
    oldest: Timestamp,
}

/// What is owed to a receiver.
#[derive(Serialize)]
struct Queue {
    endpoint: String,
    waiting: u64,
    oldest: Option<Timestamp>,
    disabled: Option<String>,
}

/// The process answers.
pub(crate) async fn alive() -> &'static str {
    "ok\n"
}

/// The sensor can do its work: its store answers, and nothing is known to be wrong.
pub(crate) async fn ready(State(desk): Shared) -> Result<Response, Problem> {
    desk.readers.read(Store::queues).await?;
    let degraded = desk.health.get().degraded;
    if degraded.is_empty() {
        return Ok("ready\n".into_response());
    }
    Err(Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "degraded",
        // Anyone may ask here: what is wrong in detail stands in /api/v1/health.
        "the sensor does not work as it should: see /api/v1/health",
    ))
}

/// What Prometheus reads.
pub(crate) async fn metrics(State(desk): Shared, request: Request) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    Ok(([(CONTENT_TYPE, Metrics::CONTENT_TYPE)], desk.metrics.text()).into_response())
}

/// How the sensor is, in detail.
pub(crate) async fn health(State(desk): Shared, request: Request) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let (standings, queues) =
        desk.readers.read(|store| Ok((store.standings()?, store.queues()?))).await?;
    let anomalies = standings
        .into_iter()
        .map(|(state, severity, count, oldest)| Standing { state, severity, count, oldest })
        .collect();
    let deliveries = queues
        .into_iter()
        .map(|queue| Queue {
            endpoint: queue.endpoint,
            waiting: queue.waiting,
            oldest: queue.oldest,
            disabled: queue.disabled,
        })
        .collect();
    let condition = desk.health.get();
    Ok(Json(Health { time: desk.now(), condition, anomalies, deliveries }).into_response())
}
