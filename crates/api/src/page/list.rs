//! The list: how the sensor is, what nobody has looked at yet, and the rest.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use gridtap_model::{Severity, State as Stands, Timestamp};
use gridtap_store::{Filter, Page, Sort, Standpoint, Store, Tally};

use super::frame::Frame;
use super::names::Names;
use super::record::Record;
use super::visitor::Visitor;
use super::words::{self, Moment};
use super::{network, page};
use crate::listing::Given;
use crate::problem::Problem;
use crate::query::{FILTERS, Query};
use crate::routes::Shared;

/// Anomalies on one page.
const ROWS_MAX: u32 = 100;
/// Of what was acknowledged, below what was not.
const SEEN_MAX: u32 = 25;

const UNACKNOWLEDGED: [Stands; 2] = [Stands::UnacknowledgedActive, Stands::UnacknowledgedCleared];
const ACKNOWLEDGED: [Stands; 2] = [Stands::AcknowledgedActive, Stands::Cleared];

/// States to choose from, as the query has them.
const CHOICES: [(&str, &str); 5] = [
    ("unacknowledged-active,unacknowledged-cleared", "Unacknowledged"),
    ("acknowledged-active,cleared", "Acknowledged"),
    ("unacknowledged-active,acknowledged-active", "Active"),
    ("unacknowledged-cleared,cleared", "Over"),
    ("closed", "Closed"),
];

/// One anomaly in a list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) severity: &'static str,
    pub(super) state: &'static str,
    pub(super) mark: &'static str,
    pub(super) record: Record,
    pub(super) host: String,
    pub(super) device: String,
    pub(super) opened: Moment,
    pub(super) age: String,
    pub(super) shelved_until: Option<String>,
    pub(super) incident: String,
    pub(super) incident_short: String,
}

impl Row {
    pub(super) fn of(found: Standpoint, now: Timestamp, names: &Names<'_>) -> Self {
        let record = Record::of(&found.record);
        Self {
            severity: found.severity.name(),
            state: words::state(found.state),
            mark: words::mark(found.state),
            opened: Moment::of(found.opened),
            age: words::ago(now, found.opened),
            shelved_until: record.shelved_until.as_deref().and_then(clock),
            incident_short: found.incident.chars().take(8).collect(),
            incident: found.incident,
            id: found.id,
            host: names.host(record.host()),
            device: names.device(record.device()),
            record,
        }
    }
}

/// `10:12 UTC` of a moment as records have it.
fn clock(text: &str) -> Option<String> {
    crate::query::moment(text)?;
    let clock: String = text.chars().skip(11).take(5).collect();
    Some(format!("{clock} UTC"))
}

/// How many stand alike, the worst first.
struct Counts {
    state: &'static str,
    query: &'static str,
    is_open: bool,
    counts: Vec<u64>,
}

/// A severity by its name.
struct Level {
    name: &'static str,
}

/// The filter as it was set.
struct Set {
    state: String,
    severity_min: String,
    device: String,
    source: String,
    detection: String,
    sort: String,
    shelved: String,
}

#[derive(Template)]
#[template(path = "list.html")]
struct List {
    frame: Frame,
    summary: String,
    counts: Vec<Counts>,
    is_filtered: bool,
    set: Set,
    choices: [(&'static str, &'static str); 5],
    severities: [Level; 5],
    rows: Vec<Row>,
    /// The address of the page that follows.
    next: Option<String>,
    seen: Vec<Row>,
    has_more_seen: bool,
    total: u64,
    /// What was heard so far.
    heard: String,
    /// The commands that were heard last.
    commanded: Option<network::List>,
    /// Devices that answer no more, in a sentence each.
    quiet: Vec<String>,
}

pub(super) async fn show(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let visitor = Visitor::of(&desk, &request)?;
    let query = query(given)?;
    let (filter, asked) = (query.filter()?, query.page()?);
    let is_filtered = FILTERS.iter().any(|name| query.text(name).is_some() && *name != "after");
    let now = desk.now();
    let (filter, sort) = if is_filtered {
        (filter, asked.sort)
    } else {
        (Filter { states: UNACKNOWLEDGED.to_vec(), shelved: Some(false), ..filter }, Sort::Severity)
    };
    let wanted = Page { sort, after: asked.after, limit: ROWS_MAX + 1 };
    let first = !is_filtered && wanted.after.is_none();
    let (found, seen, tally, queues) = desk
        .readers
        .read(move |store| {
            let found = store.find(&filter, &wanted)?;
            let seen = if first { acknowledged(store)? } else { Vec::new() };
            Ok((found, seen, store.tally()?, store.queues()?))
        })
        .await?;
    let heard = desk.network.get();
    let names = Names::of(&heard);
    let (found, more) = rows(found, ROWS_MAX, now, &names);
    let (seen, has_more_seen) = rows(seen, SEEN_MAX, now, &names);
    let summary = summary(&tally, now);
    let unacknowledged = unacknowledged(&tally).map(|each| each.count).sum::<u64>();
    let title = if unacknowledged > 0 {
        format!("({unacknowledged}) Anomalies")
    } else {
        "Anomalies".to_owned()
    };
    let next = more.then(|| found.last().map(|row| query.followed_by(&row.id))).flatten();
    let list = List {
        frame: Frame::around(&desk, &visitor, &title, "anomalies", &queues),
        summary,
        counts: counts(&tally),
        is_filtered,
        set: Set::of(&query),
        choices: CHOICES,
        severities: ["critical", "high", "medium", "low", "info"].map(|name| Level { name }),
        rows: found,
        next,
        seen,
        has_more_seen,
        heard: network::totals(&heard),
        commanded: if first { network::commanded_last(&heard, now) } else { None },
        quiet: network::quiet(&heard, now),
        total: tally.iter().map(|each| each.count).sum(),
    };
    page(StatusCode::OK, &list)
}

/// The parameters; a form sends those that were left empty as well.
fn query(given: Given) -> Result<Query, Problem> {
    let given = given.map(|axum::extract::Query(mut given)| {
        given.retain(|(_, value)| !value.is_empty());
        axum::extract::Query(given)
    });
    crate::listing::query(given, &FILTERS)
}

fn acknowledged(store: &Store) -> Result<Vec<Standpoint>, gridtap_store::StoreError> {
    let filter =
        Filter { states: ACKNOWLEDGED.to_vec(), shelved: Some(false), ..Filter::default() };
    store.find(&filter, &Page { sort: Sort::Severity, after: None, limit: SEEN_MAX + 1 })
}

fn rows(found: Vec<Standpoint>, most: u32, now: Timestamp, names: &Names<'_>) -> (Vec<Row>, bool) {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let has_more = found.len() > most;
    (found.into_iter().take(most).map(|each| Row::of(each, now, names)).collect(), has_more)
}

fn unacknowledged(tally: &[Tally]) -> impl Iterator<Item = &Tally> {
    tally.iter().filter(|each| UNACKNOWLEDGED.contains(&each.state) && !each.is_shelved)
}

/// What nobody has looked at, in one sentence.
fn summary(tally: &[Tally], now: Timestamp) -> String {
    let counts: Vec<(Severity, u64)> =
        unacknowledged(tally).map(|each| (each.severity, each.count)).collect();
    let count: u64 = counts.iter().map(|(_, count)| count).sum();
    let Some(oldest) = unacknowledged(tally).map(|each| each.oldest).min() else {
        return "Nothing waits to be acknowledged.".to_owned();
    };
    let told = words::tally(&counts);
    let age = words::ago(now, oldest);
    let one = words::counted(count, "anomaly waits", "anomalies wait");
    match count {
        1 => format!("{one} to be acknowledged: {told}, for {age}."),
        _ => format!("{one} to be acknowledged: {told}; the oldest for {age}."),
    }
}

/// How many stand where; where none does is left out.
fn counts(tally: &[Tally]) -> Vec<Counts> {
    const SEEN: &str = "state=acknowledged-active%2Ccleared&shelved=false&sort=severity";
    let row = |state, query, is_open, of: &dyn Fn(&Tally) -> bool| {
        let sum = |severity: &Severity| {
            let alike = tally.iter().filter(|each| each.severity == *severity && of(each));
            alike.map(|each| each.count).sum()
        };
        Counts { state, query, is_open, counts: Severity::ALL.iter().rev().map(sum).collect() }
    };
    let rows = [
        row("Unacknowledged", "", true, &|each| {
            !each.is_shelved && UNACKNOWLEDGED.contains(&each.state)
        }),
        row("Acknowledged", SEEN, false, &|each| {
            !each.is_shelved && ACKNOWLEDGED.contains(&each.state)
        }),
        row("Shelved", "shelved=true&sort=severity", false, &|each| each.is_shelved),
        row("Closed", "state=closed", false, &|each| each.state == Stands::Closed),
    ];
    rows.into_iter()
        .filter(|row| row.is_open || row.counts.iter().any(|count| *count > 0))
        .collect()
}

impl Set {
    fn of(query: &Query) -> Self {
        let text = |name| query.owned(name).unwrap_or_default();
        Self {
            state: text("state"),
            severity_min: text("severity_min"),
            device: text("device"),
            source: text("source"),
            detection: text("detection"),
            sort: text("sort"),
            shelved: text("shelved"),
        }
    }
}
