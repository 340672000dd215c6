//! Every command that was heard, as the store has them.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use gridtap_store::CommandFilter;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::listing::{Given, query, raw};
use crate::problem::Problem;
use crate::role::Role;
use crate::routes::Shared;

/// A page of them, newest first. `next` goes into `after` for the page that follows.
#[derive(Serialize)]
struct Commands {
    commands: Vec<Row>,
    next: Option<u64>,
}

#[derive(Serialize)]
struct Row {
    sequence: u64,
    command: Box<RawValue>,
}

pub(crate) async fn list(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &["device", "master", "since", "until", "after", "limit"])?;
    let filter = CommandFilter {
        device: query.owned("device"),
        source: query.owned("master"),
        since: query.time("since")?,
        until: query.time("until")?,
        before: query.number("after")?,
    };
    let limit = query.limit()?;
    let mut found =
        desk.readers.read(move |store| store.commands(&filter, limit.saturating_add(1))).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| is_more).map(|last| last.sequence);
    let row = |row: gridtap_store::CommandRow| {
        Ok(Row { sequence: row.sequence, command: raw(row.command.record)? })
    };
    let commands = found.into_iter().map(row).collect::<Result<_, Problem>>()?;
    Ok(Json(Commands { commands, next }).into_response())
}
