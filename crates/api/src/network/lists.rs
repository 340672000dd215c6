//! The lists of what is heard, page by page, off the board.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use gridtap_model::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{Command, Conversation, Cut, Device, Host, Learning, Level, Overview, ZoneLevels};
use crate::listing::{Given, no_cursor, query};
use crate::problem::Problem;
use crate::query::Query;
use crate::role::Role;
use crate::routes::{Named, Shared};

/// How certain something is.
const STANDINGS: [&str; 7] =
    ["attempted", "held", "provisional", "learned", "signed_off", "accepted", "declared"];
const STATES: [&str; 4] = ["active", "silent", "unanswered", "unheard"];
const ROLES: [&str; 6] = ["master", "standby", "engineering", "historian", "server", "other"];
const PROTOCOLS: [&str; 5] = ["modbus", "dnp3", "iec104", "tls", "unknown"];
const CLASSES: [&str; 6] = ["command", "configuration", "program", "time", "file", "diagnostic"];

/// How far learning is, and how much is known.
#[derive(Serialize)]
struct Baseline<'a> {
    time: Option<Timestamp>,
    learning: &'a Learning,
    levels: &'a [Level],
    zones: &'a [ZoneLevels],
    counts: Counts,
    left_out: Cut,
}

/// How many rows the lists have.
#[derive(Serialize)]
struct Counts {
    hosts: usize,
    devices: usize,
    conversations: usize,
    commands: usize,
    /// Commands that were heard in one block only and wait for a look.
    commands_provisional: usize,
    /// Commands that alarmed and are held back.
    commands_held: usize,
}

/// One device, and who speaks with it about what.
#[derive(Serialize)]
struct OneDevice<'a> {
    time: Option<Timestamp>,
    device: &'a Device,
    conversations: Vec<&'a Conversation>,
    commands: Vec<&'a Command>,
}

/// A part of a list, from the one after the cursor on, and the cursor that leads on.
fn page<'a, T>(
    all: &'a [T],
    query: &Query,
    id: impl Fn(&T) -> &str,
    fits: impl Fn(&T) -> bool,
) -> Result<(Vec<&'a T>, Option<String>), Problem> {
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let rest = match query.text("after") {
        None => all,
        Some(after) => {
            let place = all.iter().position(|row| id(row) == after);
            place.and_then(|place| all.get(place..)?.get(1..)).ok_or_else(|| no_cursor(after))?
        }
    };
    let mut fitting = rest.iter().filter(|row| fits(row));
    let rows: Vec<&T> = fitting.by_ref().take(limit).collect();
    let next = fitting.next().and_then(|_| rows.last().map(|row| id(row).to_owned()));
    Ok((rows, next))
}

/// A list with the time up to which was heard, and how many rows had no room on the board.
fn listed<T: Serialize>(
    name: &str,
    overview: &Overview,
    (rows, next): (Vec<&T>, Option<String>),
    left_out: u64,
) -> Response {
    Json(json!({ (name): rows, "next": next, "time": overview.time, "left_out": left_out }))
        .into_response()
}

/// Whether a value is the one that was asked for.
fn is_asked(asked: Option<&str>, value: &str) -> bool {
    asked.is_none_or(|asked| asked == value)
}

/// A parameter whose values are listed.
fn choice(
    query: &Query,
    name: &str,
    values: &[&'static str],
) -> Result<Option<&'static str>, Problem> {
    let values: Vec<_> = values.iter().map(|value| (*value, *value)).collect();
    query.one_of(name, &values)
}

pub(crate) const HOSTS: [&str; 5] = ["zone", "role", "standing", "after", "limit"];

pub(crate) async fn hosts(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &HOSTS)?;
    let zone = query.text("zone");
    let (role, standing) =
        (choice(&query, "role", &ROLES)?, choice(&query, "standing", &STANDINGS)?);
    let overview = desk.network.get();
    let fits = |host: &Host| {
        is_asked(zone, &host.zone) && is_asked(role, host.role) && is_asked(standing, host.standing)
    };
    let page = page(&overview.hosts, &query, |host| &host.id, fits)?;
    Ok(listed("hosts", &overview, page, overview.cut.hosts))
}

pub(crate) const DEVICES: [&str; 6] = ["zone", "protocol", "state", "standing", "after", "limit"];

pub(crate) async fn devices(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &DEVICES)?;
    let zone = query.text("zone");
    let protocol = choice(&query, "protocol", &PROTOCOLS)?;
    let (state, standing) =
        (choice(&query, "state", &STATES)?, choice(&query, "standing", &STANDINGS)?);
    let overview = desk.network.get();
    let fits = |device: &Device| {
        is_asked(zone, &device.zone)
            && is_asked(protocol, device.protocol)
            && is_asked(state, device.state)
            && is_asked(standing, device.standing)
    };
    let page = page(&overview.devices, &query, |device| &device.id, fits)?;
    Ok(listed("devices", &overview, page, overview.cut.devices))
}

pub(crate) async fn device(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    let overview = desk.network.get();
    let Some(device) = overview.devices.iter().find(|device| device.id == id) else {
        let id = crate::desk::bounded(&id);
        return Err(Problem::unknown(format!("there is no device {id}: see /api/v1/devices")));
    };
    let spoken = overview.conversations.iter();
    let answer = OneDevice {
        time: overview.time,
        device,
        conversations: spoken.filter(|row| row.device_id.as_ref() == Some(&id)).collect(),
        commands: overview.commands.iter().filter(|row| row.device_id == id).collect(),
    };
    Ok(Json(answer).into_response())
}

pub(crate) const CONVERSATIONS: [&str; 7] =
    ["zone", "protocol", "master", "device", "standing", "after", "limit"];

pub(crate) async fn conversations(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &CONVERSATIONS)?;
    let (zone, master, device) = (query.text("zone"), query.text("master"), query.text("device"));
    let protocol = choice(&query, "protocol", &PROTOCOLS)?;
    let standing = choice(&query, "standing", &STANDINGS)?;
    let overview = desk.network.get();
    let fits = |row: &Conversation| {
        is_asked(zone, &row.zone)
            && is_asked(protocol, row.protocol)
            && is_asked(master, &row.master)
            && device.is_none_or(|device| row.device.as_deref() == Some(device))
            && is_asked(standing, row.standing)
    };
    let page = page(&overview.conversations, &query, |row| &row.id, fits)?;
    Ok(listed("conversations", &overview, page, overview.cut.conversations))
}

pub(crate) const LEDGER: [&str; 7] =
    ["zone", "master", "device", "class", "standing", "after", "limit"];

pub(crate) async fn ledger(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    let query = query(given, &LEDGER)?;
    let (zone, master, device) = (query.text("zone"), query.text("master"), query.text("device"));
    let class = choice(&query, "class", &CLASSES)?;
    let standing = choice(&query, "standing", &STANDINGS)?;
    let overview = desk.network.get();
    let fits = |row: &Command| {
        is_asked(zone, &row.zone)
            && is_asked(master, &row.master)
            && is_asked(device, &row.device)
            && is_asked(class, row.class)
            && is_asked(standing, row.standing)
    };
    let page = page(&overview.commands, &query, |row| &row.key, fits)?;
    Ok(listed("commands", &overview, page, overview.cut.commands))
}

pub(crate) async fn baseline(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    let overview = desk.network.get();
    let standing = |name: &str| overview.commands.iter().filter(|row| row.standing == name).count();
    let answer = Baseline {
        time: overview.time,
        learning: &overview.learning,
        levels: &overview.levels,
        zones: &overview.zones,
        counts: Counts {
            hosts: overview.hosts.len(),
            devices: overview.devices.len(),
            conversations: overview.conversations.len(),
            commands: overview.commands.len(),
            commands_provisional: standing("provisional"),
            commands_held: standing("held"),
        },
        left_out: overview.cut,
    };
    Ok(Json(answer).into_response())
}

pub(crate) async fn draft(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    desk.caller(&request, Role::Viewer)?;
    query(given, &[])?;
    let headers = [
        (CONTENT_TYPE, "application/toml"),
        (CONTENT_DISPOSITION, "attachment; filename=\"site.toml\""),
    ];
    Ok((headers, desk.network.get().draft.clone()).into_response())
}
