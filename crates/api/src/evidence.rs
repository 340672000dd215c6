//! The frames that show an anomaly, as a file.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

use crate::desk::Desk;
use crate::listing::{Given, no_anomaly, query};
use crate::problem::Problem;
use crate::role::Role;
use crate::routes::{Named, Shared};

pub(crate) async fn evidence(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    slice(&desk, id).await
}

/// The frames that show an anomaly, as a file.
pub(crate) async fn slice(desk: &Desk, id: String) -> Result<Response, Problem> {
    let asked = id.clone();
    let found = desk
        .readers
        .read(move |store| {
            let Some(found) = store.anomaly(&asked)? else { return Ok(None) };
            Ok(Some((store.evidence_of(&found.id)?, found.id)))
        })
        .await?;
    let (evidence, id) = found.ok_or_else(|| no_anomaly(&id))?;
    let Some(evidence) = evidence else {
        let message = format!("no frames were kept of anomaly {id}");
        return Err(Problem::new(StatusCode::NOT_FOUND, "no_evidence", message));
    };
    let headers = [
        (CONTENT_TYPE, "application/x-pcapng".to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.pcapng\"")),
    ];
    Ok((headers, evidence.pcap).into_response())
}
