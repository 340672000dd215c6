//! What is read: records as they were told, octet for octet, and what is known around them.

use axum::Json;
use axum::extract::{Query as Parameters, Request, State};
use axum::response::{IntoResponse, Response};
use gridtap_model::{Severity, Timestamp};
use gridtap_store::{Filter, Happening, Page, StoreError};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::problem::Problem;
use crate::query::{FILTERS, Query};
use crate::role::Role;
use crate::routes::{Named, Shared};

pub(crate) type Given =
    Result<Parameters<Vec<(String, String)>>, axum::extract::rejection::QueryRejection>;

/// The parameters of a request, of those that are known.
pub(crate) fn query(given: Given, known: &[&str]) -> Result<Query, Problem> {
    let Parameters(given) = given
        .map_err(|_| Problem::malformed("the query cannot be read: write name=value&name=value"))?;
    Query::of(given, known)
}

/// A page of a list. `next` goes into `after` for the page that follows.
#[derive(Serialize)]
struct Anomalies {
    anomalies: Vec<Box<RawValue>>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Incidents {
    incidents: Vec<Incident>,
    next: Option<String>,
}

/// An incident, and the record of the anomaly that stands for it.
#[derive(Serialize)]
struct Incident {
    id: String,
    revision: u32,
    anomalies: u32,
    open: u32,
    unacknowledged: u32,
    count: u64,
    severity: Severity,
    time: Timestamp,
    last_time: Timestamp,
    record: Box<RawValue>,
}

#[derive(Serialize)]
struct OneAnomaly {
    anomaly: Box<RawValue>,
    history: Vec<Happened>,
    evidence: Option<Evidence>,
}

#[derive(Serialize)]
struct OneIncident {
    incident: Incident,
    anomalies: Vec<Box<RawValue>>,
    /// Whether there are more anomalies than are listed here.
    more: bool,
}

#[derive(Serialize)]
struct Happened {
    sequence: u64,
    revision: u32,
    at: Timestamp,
    event: String,
    who: String,
    via: String,
    comment: String,
}

#[derive(Serialize)]
struct Evidence {
    frames: u32,
    missing: u32,
    note: String,
    at: Timestamp,
    octets: usize,
}

#[derive(Serialize)]
struct AuditRows {
    rows: Vec<AuditRow>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct AuditRow {
    sequence: u64,
    at: Timestamp,
    who: String,
    role: String,
    via: String,
    action: String,
    subject: String,
    outcome: String,
    detail: String,
    hash: String,
}

#[derive(Serialize)]
struct Deliveries {
    deliveries: Vec<Delivery>,
}

#[derive(Serialize)]
struct Delivery {
    id: String,
    endpoint: String,
    #[serde(rename = "type")]
    kind: String,
    anomaly: Option<String>,
    state: String,
    attempts: u32,
    created: Timestamp,
    due: Timestamp,
    digest: Option<String>,
    status: Option<u16>,
    error: Option<String>,
    settled: Option<Timestamp>,
}

/// A record as it stands in the store. One that is no JSON can't be passed on as if it were.
pub(crate) fn raw(record: String) -> Result<Box<RawValue>, Problem> {
    RawValue::from_string(record).map_err(|error| {
        tracing::error!(%error, "a record in the store is no JSON");
        Problem::store_down()
    })
}

pub(crate) fn no_cursor(after: &str) -> Problem {
    Problem::malformed(format!("after={after:?} is none of this list: begin again without it"))
}

/// What a page does not hold of what was found, and the id that leads on.
fn cut<T>(found: &mut Vec<T>, page: &Page, id: impl Fn(&T) -> String) -> Option<String> {
    let limit = usize::try_from(page.limit.saturating_sub(1)).unwrap_or(usize::MAX);
    let is_more = found.len() > limit;
    found.truncate(limit);
    found.last().filter(|_| is_more).map(id)
}

pub(crate) async fn anomalies(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &FILTERS)?;
    let (filter, page) = (query.filter()?, query.page()?);
    let asked = page.clone();
    let found = desk
        .readers
        .read(move |store| {
            if let Some(after) = &asked.after
                && store.anomaly(after)?.is_none_or(|found| found.id != *after)
            {
                return Ok(None);
            }
            store.find(&filter, &asked).map(Some)
        })
        .await?;
    let mut found = found.ok_or_else(|| no_cursor(page.after.as_deref().unwrap_or_default()))?;
    let next = cut(&mut found, &page, |last| last.id.clone());
    let anomalies = found.into_iter().map(|each| raw(each.record)).collect::<Result<_, _>>()?;
    Ok(Json(Anomalies { anomalies, next }).into_response())
}

pub(crate) async fn incidents(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &FILTERS)?;
    let (filter, page) = (query.filter()?, query.page()?);
    let asked = page.clone();
    let found = desk
        .readers
        .read(move |store| {
            if let Some(after) = &asked.after
                && incident_of(store, after)?.is_none()
            {
                return Ok(None);
            }
            store.incidents(&filter, &asked).map(Some)
        })
        .await?;
    let mut found = found.ok_or_else(|| no_cursor(page.after.as_deref().unwrap_or_default()))?;
    let next = cut(&mut found, &page, |last| last.id.clone());
    let incidents = found.into_iter().map(told).collect::<Result<_, _>>()?;
    Ok(Json(Incidents { incidents, next }).into_response())
}

fn incident_of(
    store: &gridtap_store::Store,
    id: &str,
) -> Result<Option<gridtap_store::Incident>, StoreError> {
    let filter = Filter { incident: Some(id.to_owned()), ..Filter::default() };
    Ok(store.incidents(&filter, &Page { limit: 1, ..Page::default() })?.pop())
}

fn told(incident: gridtap_store::Incident) -> Result<Incident, Problem> {
    Ok(Incident {
        id: incident.id,
        revision: incident.revision,
        anomalies: incident.anomalies,
        open: incident.open,
        unacknowledged: incident.unacknowledged,
        count: incident.count,
        severity: incident.severity,
        time: incident.time,
        last_time: incident.last_time,
        record: raw(incident.record)?,
    })
}

fn happened(happening: Happening) -> Happened {
    Happened {
        sequence: happening.sequence,
        revision: happening.revision,
        at: happening.at,
        event: happening.event,
        who: happening.who,
        via: happening.via,
        comment: happening.comment,
    }
}

pub(crate) fn no_anomaly(id: &str) -> Problem {
    Problem::unknown(format!("there is no anomaly {}", crate::desk::bounded(id)))
}

pub(crate) async fn anomaly(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    let asked = id.clone();
    let found = desk
        .readers
        .read(move |store| {
            let Some(found) = store.anomaly(&asked)? else { return Ok(None) };
            let history = store.history_of(&found.id)?;
            let evidence = store.evidence_of(&found.id)?;
            Ok(Some((found, history, evidence)))
        })
        .await?;
    let (found, history, evidence) = found.ok_or_else(|| no_anomaly(&id))?;
    let evidence = evidence.map(|evidence| Evidence {
        frames: evidence.frames,
        missing: evidence.missing,
        note: evidence.note,
        at: evidence.at,
        octets: evidence.pcap.len(),
    });
    let history = history.into_iter().map(happened).collect();
    Ok(Json(OneAnomaly { anomaly: raw(found.record)?, history, evidence }).into_response())
}

pub(crate) async fn incident(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    let asked = id.clone();
    let page = Page { limit: crate::query::LIMIT_MAX.saturating_add(1), ..Page::default() };
    let listed = page.clone();
    let found = desk
        .readers
        .read(move |store| {
            let Some(incident) = incident_of(store, &asked)? else { return Ok(None) };
            let filter = Filter { incident: Some(asked), ..Filter::default() };
            Ok(Some((incident, store.find(&filter, &listed)?)))
        })
        .await?;
    let Some((incident, mut anomalies)) = found else {
        let id = crate::desk::bounded(&id);
        return Err(Problem::unknown(format!("there is no incident {id}")));
    };
    let more = cut(&mut anomalies, &page, |last| last.id.clone()).is_some();
    let anomalies = anomalies.into_iter().map(|each| raw(each.record)).collect::<Result<_, _>>()?;
    Ok(Json(OneIncident { incident: told(incident)?, anomalies, more }).into_response())
}

pub(crate) async fn audit(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Admin)?;
    let query = query(given, &["after", "limit"])?;
    let (after, limit) = (query.number("after")?.unwrap_or(0), query.limit()?);
    let mut found =
        desk.readers.read(move |store| store.audit_log(after, limit.saturating_add(1))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|last| last.sequence);
    let rows = found
        .into_iter()
        .map(|each| AuditRow {
            sequence: each.sequence,
            at: each.at,
            who: each.row.who,
            role: each.row.role,
            via: each.row.via,
            action: each.row.action,
            subject: each.row.subject,
            outcome: each.row.outcome,
            detail: each.row.detail,
            hash: each.hash,
        })
        .collect();
    Ok(Json(AuditRows { rows, next }).into_response())
}

pub(crate) async fn deliveries(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &["endpoint", "state", "limit"])?;
    let states = ["pending", "held", "digested", "delivered", "failed"].map(|each| (each, each));
    let (endpoint, state) = (query.owned("endpoint"), query.one_of("state", &states)?);
    let state = state.map(str::to_owned);
    let limit = query.limit()?;
    let found = desk
        .readers
        .read(move |store| store.deliveries(endpoint.as_deref(), state.as_deref(), limit))
        .await?;
    let deliveries = found
        .into_iter()
        .map(|each| Delivery {
            id: each.due.id,
            endpoint: each.due.endpoint,
            kind: each.due.kind,
            anomaly: each.due.anomaly,
            state: each.state,
            attempts: each.due.attempts,
            created: each.due.created,
            due: each.due_at,
            digest: each.digest,
            status: each.status,
            error: each.error,
            settled: each.settled,
        })
        .collect();
    Ok(Json(Deliveries { deliveries }).into_response())
}
