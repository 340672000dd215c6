//! One anomaly in full: what it is, what was done about it, what shows it.

use std::io::{self, Write};
use std::path::Path;

use gridtap_baseline::Site;
use gridtap_model::Timestamp;
use gridtap_store::{Evidence, Filter, Happening, Page, Store, Target, write_whole};
use serde_json::json;
use serde_json::value::RawValue;

use super::{at, finding, layout, named, refused};
use crate::failure::{Exit, Failure};
use crate::knowledge::counted;
use crate::output::Voice;
use crate::report::{self, Finding, moment};
use crate::state;

/// Of an incident so many others are gathered at most.
const OTHERS_MAX: u32 = 1000;

/// What a person asked for.
pub(super) struct Wanted<'a> {
    pub id: &'a str,
    pub pcap: Option<&'a Path>,
    pub json: bool,
}

pub(super) fn run(
    directory: &Path,
    wanted: &Wanted<'_>,
    site: &Site,
    voice: Voice,
) -> Result<(), Failure> {
    let store = state::read(directory)?;
    let target = named(&store, Target::Anomaly(wanted.id.to_owned()))?;
    let Some(found) = store.anomaly(target.id())? else {
        return Err(refused(format_args!("anomaly {} has gone just now", target.id())));
    };
    let evidence = store.evidence_of(&found.id)?;
    if let Some(file) = wanted.pcap {
        write_slice(file, evidence.as_ref(), &found.id, voice)?;
    }
    let history = store.history_of(&found.id)?;
    if wanted.json {
        let record = RawValue::from_string(found.record)?;
        return print(&record, &history, evidence.as_ref());
    }
    let anomaly = finding(&store, &found.record)?;
    let others = others(&store, &anomaly)?;
    let layout = layout(site);
    let mut out = voice.prose();
    report::write_one(&mut out, &anomaly, &others, &layout)?;
    let incident = format!("incident {}", anomaly.incident);
    report::write_paragraph(&mut out, "Belongs to", &incident, &layout)?;
    if let Some(earlier) = &anomaly.continues {
        let text = format!("anomaly {earlier}, which was closed and was found again");
        report::write_paragraph(&mut out, "Continues", &text, &layout)?;
    }
    report::write_paragraph(&mut out, "Slice", &slice(evidence.as_ref()), &layout)?;
    for (nth, line) in lines(&history).iter().enumerate() {
        let label = if nth == 0 { "History" } else { "" };
        report::write_paragraph(&mut out, label, line, &layout)?;
    }
    out.flush()?;
    Ok(())
}

fn write_slice(
    file: &Path,
    evidence: Option<&Evidence>,
    id: &str,
    voice: Voice,
) -> Result<(), Failure> {
    let Some(evidence) = evidence else {
        return Err(refused(format_args!(
            "no frames were kept of anomaly {id}: its record names them where its capture still has them"
        )));
    };
    write_whole(file, &evidence.pcap).map_err(|error| Failure {
        exit: Exit::Failure,
        error: anyhow::anyhow!("--pcap {}: cannot be written: {error}", file.display()),
    })?;
    voice.say(format_args!("{} frames are written to {}", evidence.frames, file.display()));
    Ok(())
}

/// The other anomalies of its incident, the earliest first.
fn others(store: &Store, anomaly: &Finding) -> Result<Vec<Finding>, Failure> {
    let filter = Filter { incident: Some(anomaly.incident.clone()), ..Filter::default() };
    let page = Page { sort: gridtap_store::Sort::Severity, after: None, limit: OTHERS_MAX };
    let found = store.find(&filter, &page)?;
    let others = found.iter().filter(|other| other.id != anomaly.id);
    others.map(|other| finding(store, &other.record)).collect()
}

fn slice(evidence: Option<&Evidence>) -> String {
    let Some(kept) = evidence else { return "no frames are kept in the state".to_owned() };
    let mut text = format!(
        "{} frames, {} octets: --pcap FILE writes them",
        kept.frames,
        counted(u64::try_from(kept.pcap.len()).unwrap_or(u64::MAX))
    );
    if kept.missing > 0 {
        text.push_str(&format!("; {} could not be had any more", kept.missing));
    }
    if !kept.note.is_empty() {
        text.push_str(&format!(" ({})", report::clean(&kept.note)));
    }
    text
}

/// What happened, one line each. What only counted on is told once for a row of them.
fn lines(history: &[Happening]) -> Vec<String> {
    let mut lines = Vec::with_capacity(history.len());
    let mut happenings = history.iter().peekable();
    while let Some(happening) = happenings.next() {
        let mut last = happening;
        let mut times = 1_u64;
        while is_of_sensor(last)
            && let Some(next) = happenings.next_if(|next| is_of_sensor(next))
        {
            last = next;
            times = times.saturating_add(1);
        }
        lines.push(line(last, times));
    }
    lines
}

/// Found again by the sensor, with nothing that a person did.
fn is_of_sensor(happening: &Happening) -> bool {
    happening.via == "sensor" && happening.event == "updated"
}

fn line(happening: &Happening, times: u64) -> String {
    let when =
        at(happening.at).map_or_else(|| "earlier".to_owned(), |at| format!("{} UTC", moment(at)));
    let mut text = format!("{when}, revision {}: ", happening.revision);
    match (happening.via.as_str(), times) {
        ("sensor", 1) => text.push_str(&happening.event),
        ("sensor", times) => text.push_str(&format!("{}, {times} times", happening.event)),
        (via, _) => {
            text.push_str(&format!("{} by {} ({via})", deed(&happening.event), happening.who))
        }
    }
    if !happening.comment.is_empty() {
        text.push_str(&format!(": {}", happening.comment));
    }
    report::clean(&text)
}

/// An update by a person is a remark.
fn deed(event: &str) -> &str {
    if event == "updated" { "commented on" } else { event }
}

fn print(
    record: &RawValue,
    history: &[Happening],
    evidence: Option<&Evidence>,
) -> Result<(), Failure> {
    #[derive(serde::Serialize)]
    struct Whole<'a> {
        record: &'a RawValue,
        history: Vec<serde_json::Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        evidence: Option<serde_json::Value>,
    }
    let history = history.iter().map(|happening| {
        json!({
            "sequence": happening.sequence,
            "revision": happening.revision,
            "at": at(happening.at).map(|at: Timestamp| at.to_string()),
            "event": happening.event,
            "who": happening.who,
            "via": happening.via,
            "comment": happening.comment,
        })
    });
    let evidence = evidence.map(|kept| {
        json!({
            "frames": kept.frames,
            "missing": kept.missing,
            "octets": kept.pcap.len(),
            "note": kept.note,
            "at": kept.at.to_string(),
        })
    });
    let whole = Whole { record, history: history.collect(), evidence };
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &whole)?;
    out.write_all(b"\n")?;
    Ok(())
}
