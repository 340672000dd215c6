//! Which anomalies there are.

use std::io::{self, BufWriter, Write};

use gridtap_baseline::Site;
use gridtap_model::State;
use gridtap_store::{Filter, Page, Store, Target};

use super::{OPEN, finding, layout, named};
use crate::arguments::List;
use crate::failure::Failure;
use crate::knowledge::counted;
use crate::output::Voice;
use crate::{person, report, state};

/// How many rows are shown where nobody says how many.
const ROWS: u32 = 100;

/// How many are read at once.
const PART: u32 = 1000;

pub(super) fn run(wanted: &List, site: &Site, voice: Voice) -> Result<(), Failure> {
    let store = state::read(&wanted.state.directory)?;
    let filter = filter(wanted, &store)?;
    if wanted.json {
        return records(&store, &filter, wanted);
    }
    let limit = wanted.limit.unwrap_or(ROWS);
    let page = Page { sort: wanted.sort.into(), after: None, limit };
    let found = store.find(&filter, &page)?;
    let all = store.count(&filter)?;
    let mut out = voice.prose();
    if all == 0 {
        let sentence = if store.count(&Filter::default())? == 0 {
            "No anomaly was found yet."
        } else {
            "No anomaly is as asked for."
        };
        writeln!(out, "{sentence}")?;
        tell_suppressed(&mut out, &store, &filter)?;
        return Ok(());
    }
    let findings = found.iter().map(|found| finding(&store, &found.record));
    let findings = findings.collect::<Result<Vec<_>, _>>()?;
    report::write_list(&mut out, &findings, &layout(site))?;
    let shown = u64::try_from(findings.len()).unwrap_or(u64::MAX);
    if all > shown {
        writeln!(
            out,
            "\n{} of {}: --limit shows more, the filters less.",
            counted(shown),
            counted(all)
        )?;
    }
    tell_suppressed(&mut out, &store, &filter)?;
    out.flush()?;
    Ok(())
}

/// How many more there are that were declared beforehand, where these are not shown.
fn tell_suppressed(out: &mut impl Write, store: &Store, filter: &Filter) -> Result<(), Failure> {
    if filter.suppressed != Some(false) {
        return Ok(());
    }
    let count = store.count(&Filter { suppressed: Some(true), ..filter.clone() })?;
    if count > 0 {
        let more = if count == 1 { "1 more is" } else { &*format!("{} more are", counted(count)) };
        writeln!(out, "\n{more} suppressed, declared beforehand: --suppressed shows what.")?;
    }
    Ok(())
}

/// The records as they are stored, read part by part.
fn records(store: &Store, filter: &Filter, wanted: &List) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let mut left = wanted.limit.unwrap_or(u32::MAX);
    let mut page = Page { sort: wanted.sort.into(), after: None, limit: 0 };
    while left > 0 {
        page.limit = left.min(PART);
        let found = store.find(filter, &page)?;
        for one in &found {
            out.write_all(one.record.as_bytes())?;
            out.write_all(b"\n")?;
        }
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        left = left.saturating_sub(count);
        match found.last() {
            Some(last) if count == page.limit => page.after = Some(last.id.clone()),
            _ => break,
        }
    }
    out.flush()?;
    Ok(())
}

fn filter(wanted: &List, store: &Store) -> Result<Filter, Failure> {
    let now = person::now();
    let incident = match &wanted.incident {
        Some(id) => Some(named(store, Target::Incident(id.clone()))?.id().to_owned()),
        None => None,
    };
    let states = match (wanted.open, wanted.unacknowledged) {
        (true, _) => OPEN.to_vec(),
        (_, true) => vec![State::UnacknowledgedActive, State::UnacknowledgedCleared],
        _ => wanted.states.clone(),
    };
    let at = |text: &Option<String>, read: fn(&str, _) -> _| {
        text.as_deref().map(|text| read(text, now)).transpose()
    };
    Ok(Filter {
        states,
        severity_min: wanted.severity,
        detection: wanted.detection.as_ref().map(|id| id.to_ascii_uppercase()),
        device: wanted.device.clone(),
        source: wanted.source.clone(),
        zone: wanted.zone.clone(),
        incident,
        since: at(&wanted.since, person::since)?,
        until: at(&wanted.until, person::before)?,
        shelved: match (wanted.shelved, wanted.not_shelved) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        suppressed: Some(wanted.suppressed),
    })
}
