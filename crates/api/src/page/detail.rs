//! One anomaly: what it is, what shows it, what to do, and what was done.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use gridtap_model::State as Stands;
use gridtap_store::{Evidence, Happening, Queue, Standpoint};

use super::acting::{Acts, Said};
use super::frame::Frame;
use super::names::Names;
use super::page;
use super::record::Record;
use super::visitor::Visitor;
use super::words::{self, Moment};
use crate::desk::Desk;
use crate::listing::{Given, no_anomaly, query};
use crate::problem::Problem;
use crate::routes::{Named, Shared};

/// What the store has of an anomaly.
pub(super) struct Found {
    pub(super) standpoint: Standpoint,
    history: Vec<Happening>,
    evidence: Option<Evidence>,
    others: u64,
    queues: Vec<Queue>,
}

/// What happened, one line each.
pub(super) struct Line {
    pub(super) at: Moment,
    pub(super) what: String,
    pub(super) who: String,
    pub(super) comment: String,
    pub(super) revision: u32,
}

/// The frames that were kept.
struct Slice {
    frames: String,
    octets: String,
    missing: u32,
    note: String,
}

#[derive(Template)]
#[template(path = "anomaly.html")]
struct Detail {
    frame: Frame,
    id: String,
    path: String,
    incident: String,
    others: u64,
    severity: &'static str,
    state: &'static str,
    mark: &'static str,
    standing: String,
    age: String,
    opened: Moment,
    techniques: Vec<(String, String)>,
    record: Record,
    host: String,
    device: String,
    when: String,
    frames: String,
    slice: Option<Slice>,
    score: String,
    whole: String,
    history: Vec<Line>,
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

/// What the store has of an anomaly; an error where it has none.
pub(super) async fn find(desk: &Desk, id: String) -> Result<Found, Problem> {
    let asked = id.clone();
    let found = desk
        .readers
        .read(move |store| {
            let Some(standpoint) = store.anomaly(&asked)? else { return Ok(None) };
            let incident = Some(standpoint.incident.clone());
            let of_incident =
                gridtap_store::Filter { incident, ..gridtap_store::Filter::default() };
            Ok(Some(Found {
                history: store.history_of(&standpoint.id)?,
                evidence: store.evidence_of(&standpoint.id)?,
                others: store.count(&of_incident)?.saturating_sub(1),
                queues: store.queues()?,
                standpoint,
            }))
        })
        .await?;
    found.ok_or_else(|| no_anomaly(&id))
}

/// The page of an anomaly.
pub(super) fn shown(
    desk: &Desk,
    visitor: &Visitor,
    found: Found,
    said: Option<Said>,
    status: StatusCode,
) -> Result<Response, Problem> {
    let Found { standpoint, history, evidence, others, queues } = found;
    let record = Record::of(&standpoint.record);
    let heard = desk.network.get();
    let names = Names::of(&heard);
    let title = format!("{}: {}", standpoint.severity, record.name);
    let acts =
        Acts::of(visitor, standpoint.state, record.shelved_until.is_some(), standpoint.revision);
    let detail = Detail {
        frame: Frame::around(desk, visitor, &title, "", &queues),
        others,
        severity: standpoint.severity.name(),
        state: words::state(standpoint.state),
        mark: words::mark(standpoint.state),
        standing: standing(standpoint.state, &record),
        age: words::ago(desk.now(), standpoint.opened),
        opened: Moment::of(standpoint.opened),
        host: names.host(record.host()),
        device: names.device(record.device()),
        techniques: techniques(desk, &record),
        when: when(&record),
        frames: frames(&record),
        slice: evidence.map(Slice::of),
        score: format!("{:.1} of 9", record.score),
        whole: pretty(&standpoint.record),
        history: lines(&history),
        acts,
        said: said.map(|said| said.with(lines(&history))),
        record,
        path: format!("/anomalies/{}", standpoint.id),
        id: standpoint.id,
        incident: standpoint.incident,
    };
    page(status, &detail)
}

/// The frames of an anomaly as a file.
pub(super) async fn evidence(
    State(desk): Shared,
    Named(id): Named,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    Visitor::of(&desk, &request)?;
    query(given, &[])?;
    crate::evidence::slice(&desk, id).await
}

/// What people did about it, and whether it is over.
fn standing(state: Stands, record: &Record) -> String {
    let by = |who: &Option<String>| {
        who.as_ref().map_or_else(String::new, |who| format!(" by {}", words::clean(who)))
    };
    let mut text = match state {
        Stands::UnacknowledgedActive => "Nobody has acknowledged it yet.".to_owned(),
        Stands::UnacknowledgedCleared => {
            "It was not seen again for a while, and nobody has acknowledged it yet.".to_owned()
        }
        Stands::AcknowledgedActive => format!("Acknowledged{}.", by(&record.acknowledged_by)),
        Stands::Cleared => format!(
            "Acknowledged{}, and not seen again for a while: it can be closed.",
            by(&record.acknowledged_by)
        ),
        Stands::Closed => {
            let verdict = record.verdict().map_or_else(String::new, |is| format!(" as {is}"));
            format!("Closed{verdict}{}.", by(&record.closed_by))
        }
    };
    if let Some(until) = record.shelved_until.as_deref().and_then(crate::query::moment) {
        let until = Moment::of(until).text;
        text.push_str(&format!(" Shelved{} until {until}.", by(&record.shelved_by)));
    }
    text
}

/// When it was seen, in the time of its packets.
fn when(record: &Record) -> String {
    let moment = |text: &str| crate::query::moment(text).map(|time| Moment::precise(time).text);
    match (moment(&record.time), moment(&record.last_time), record.count) {
        (Some(first), _, 0 | 1) => first,
        (Some(first), Some(last), count) => format!("{first} to {last}, {count} times"),
        _ => record.time.clone(),
    }
}

/// The techniques by their ids and, as far as they are known here, their names.
fn techniques(desk: &Desk, record: &Record) -> Vec<(String, String)> {
    let known = || desk.guides.iter().flat_map(|guide| &guide.techniques);
    let name = |id: &String| known().find(|(known, _)| known == id).map(|(_, name)| name.clone());
    record.technique.iter().map(|id| (id.clone(), name(id).unwrap_or_default())).collect()
}

/// The frames by their numbers.
fn frames(record: &Record) -> String {
    let numbers: Vec<String> = record.frames.iter().map(u64::to_string).collect();
    let of = record.capture.as_deref().map_or_else(String::new, |name| format!(" of {name}"));
    match numbers.as_slice() {
        [] => "no single frame shows it".to_owned(),
        [one] => format!("frame {one}{of}"),
        many => format!("frames {}{of}", many.join(", ")),
    }
}

impl Slice {
    fn of(evidence: Evidence) -> Self {
        let octets = u64::try_from(evidence.pcap.len()).unwrap_or(u64::MAX);
        Self {
            frames: words::counted(evidence.frames.into(), "frame", "frames"),
            octets: if octets < 10_000 {
                format!("{octets} octets")
            } else {
                format!("{} kB", octets / 1000)
            },
            missing: evidence.missing,
            note: words::clean(&evidence.note),
        }
    }
}

/// The record as it is told, a line a field.
fn pretty(record: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(record).ok();
    let text = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    words::clean(&text.unwrap_or_else(|| record.to_owned()))
}

/// What happened, the newest first. What only counted on is told once for a row of them.
pub(super) fn lines(history: &[Happening]) -> Vec<Line> {
    let mut lines = Vec::with_capacity(history.len());
    let mut happenings = history.iter().peekable();
    while let Some(happening) = happenings.next() {
        let mut last = happening;
        let mut times = 1_u64;
        while counts_on(last)
            && let Some(next) = happenings.next_if(|next| counts_on(next))
        {
            last = next;
            times = times.saturating_add(1);
        }
        lines.push(Line::of(last, times));
    }
    lines.reverse();
    lines
}

/// Found again by the sensor, with nothing that a person did.
fn counts_on(happening: &Happening) -> bool {
    happening.via == "sensor" && happening.event == "updated"
}

impl Line {
    fn of(happening: &Happening, times: u64) -> Self {
        let is_of_sensor = happening.via == "sensor";
        let what = match (happening.event.as_str(), is_of_sensor, times) {
            ("updated", true, 1) => "seen again".to_owned(),
            ("updated", true, times) => format!("seen again, told {times} times"),
            ("updated", false, _) => "commented on".to_owned(),
            ("opened", ..) => "found".to_owned(),
            ("cleared", ..) => "over: not seen again for a while".to_owned(),
            (event, ..) => event.to_owned(),
        };
        let who = if is_of_sensor {
            "the sensor".to_owned()
        } else {
            words::clean(&format!("{} ({})", happening.who, happening.via))
        };
        Self {
            at: Moment::of(happening.at),
            what,
            who,
            comment: words::clean(&happening.comment),
            revision: happening.revision,
        }
    }
}
