//! One incident: the anomalies that belong together, and what can be done with all of them at once.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use gridtap_model::State as Stands;
use gridtap_store::{Filter, Page, Queue, Sort, Standpoint};

use super::acting::{Acts, Said};
use super::frame::Frame;
use super::list::Row;
use super::names::Names;
use super::page;
use super::record::Record;
use super::visitor::Visitor;
use super::words::{Moment, counted};
use crate::desk::Desk;
use crate::listing::{Given, query};
use crate::problem::Problem;
use crate::query::LIMIT_MAX;
use crate::routes::{Named, Shared};

/// What the store has of an incident.
pub(super) struct Found {
    incident: gridtap_store::Incident,
    anomalies: Vec<Standpoint>,
    queues: Vec<Queue>,
}

#[derive(Template)]
#[template(path = "incident.html")]
struct Incident {
    frame: Frame,
    id: String,
    path: String,
    severity: &'static str,
    record: Record,
    first: Moment,
    last: Moment,
    count: String,
    open: u32,
    unacknowledged: u32,
    rows: Vec<Row>,
    has_more: bool,
    acts: Acts,
    said: Option<Said>,
}

pub(super) async fn show(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let visitor = Visitor::of(&desk, &request)?;
    let query = query(given, &["done"])?;
    let found = find(&desk, id).await?;
    let said = query.text("done").and_then(Said::done);
    shown(&desk, &visitor, found, said, StatusCode::OK)
}

/// What the store has of an incident; an error where it has none.
pub(super) async fn find(desk: &Desk, id: String) -> Result<Found, Problem> {
    let asked = id.clone();
    let found = desk
        .readers
        .read(move |store| {
            let filter = Filter { incident: Some(asked), ..Filter::default() };
            let one = Page { limit: 1, ..Page::default() };
            let Some(incident) = store.incidents(&filter, &one)?.pop() else { return Ok(None) };
            let page = Page { sort: Sort::Severity, after: None, limit: LIMIT_MAX };
            let (anomalies, queues) = (store.find(&filter, &page)?, store.queues()?);
            Ok(Some(Found { incident, anomalies, queues }))
        })
        .await?;
    found.ok_or_else(|| {
        Problem::unknown(format!("there is no incident {}", crate::desk::bounded(&id)))
    })
}

/// The page of an incident.
pub(super) fn shown(
    desk: &Desk,
    visitor: &Visitor,
    found: Found,
    said: Option<Said>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let Found { incident, anomalies, queues } = found;
    let record = Record::of(&incident.record);
    let title = format!("{} incident: {}", incident.severity, record.name);
    let states: Vec<Stands> = anomalies.iter().map(|each| each.state).collect();
    let now = desk.now();
    let heard = desk.network.get();
    let names = Names::of(&heard);
    let has_more = usize::try_from(incident.anomalies).is_ok_and(|all| all > anomalies.len());
    let page_of = Incident {
        frame: Frame::around(desk, visitor, &title, "", &queues),
        severity: incident.severity.name(),
        first: Moment::precise(incident.time),
        last: Moment::precise(incident.last_time),
        count: counted(incident.count, "time", "times"),
        open: incident.open,
        unacknowledged: incident.unacknowledged,
        rows: anomalies.into_iter().map(|each| Row::of(each, now, &names)).collect(),
        has_more,
        acts: Acts::of_many(visitor, &states, incident.revision),
        said,
        record,
        path: format!("/incidents/{}", incident.id),
        id: incident.id,
    };
    page(status, &page_of)
}
