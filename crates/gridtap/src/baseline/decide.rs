//! Decisions about keys, each an audited row in the same breath as its effect.

use std::io::Write;
use std::path::Path;

use gridtap_baseline::{Acceptance, Baseline};
use gridtap_model::Timestamp;
use gridtap_store::{Approval, Decision as Decided, Store, StoreError};

use super::restored;
use crate::failure::{Exit, Failure};
use crate::output::Voice;
use crate::settings::Settings;
use crate::{person, state};

/// What a person decided, as it was typed.
pub(super) struct Decision<'a> {
    pub key: &'a str,
    pub reason: &'a str,
    pub by: Option<&'a str>,
}

impl Decision<'_> {
    fn row(
        &self,
        action: Decided,
        at: Timestamp,
        until: Option<Timestamp>,
    ) -> Result<Approval, Failure> {
        Ok(Approval {
            action,
            key: self.key.to_owned(),
            who: person::named(self.by)?,
            at,
            reason: self.reason.to_owned(),
            until,
        })
    }
}

/// Accepts one exact key. A key that commands or diagnoses is accepted once two people have
/// said so.
pub(super) fn accept(
    directory: &Path,
    settings: &Settings,
    decision: &Decision<'_>,
    until: &str,
    voice: Voice,
) -> Result<(), Failure> {
    if decision.reason.trim().is_empty() {
        return Err(Failure::usage(
            "--reason is empty: say why this is normal, for whoever reads it later",
        ));
    }
    no_fact(decision.key)?;
    let now = person::now();
    let until = person::until(until, now)?;
    let row = decision.row(Decided::Accept, now, Some(until))?;
    let mut store = existing(directory)?;
    let mut baseline = restored(&store, settings)?;
    heard(&store, &baseline, decision.key)?;
    let first = store.approvals()?.into_iter().rfind(|earlier| seconds(earlier, &row, now));
    let mut acceptance = Acceptance {
        reason: row.reason.clone(),
        by: row.who.clone(),
        second: None,
        at_ns: now.nanos(),
        until_ns: Some(until.nanos()),
    };
    if let Some(first) = &first {
        // It holds for what both have said.
        acceptance.by.clone_from(&first.who);
        acceptance.second = Some(row.who.clone());
        acceptance.until_ns =
            first.until.map(Timestamp::nanos).into_iter().chain(acceptance.until_ns).min();
    }
    let whole = first.is_some() || !commands(decision.key);
    let held_until = acceptance.until_ns.map_or(until, Timestamp::from_nanos);
    // Also where it waits for a second person: what is not a key is refused at once.
    let coarser = baseline.coarser_held(decision.key, now).map_err(|error| refused(&error))?;
    baseline.accept(decision.key, acceptance.clone()).map_err(|error| refused(&error))?;
    let mut batch = store.batch(person::now())?;
    batch.approval(&row)?;
    let detail = format!("until {until}: {}", row.reason);
    batch.audit(&person::audited(&row.who, "baseline accept", &row.key, &detail))?;
    if whole {
        for key in &coarser {
            baseline.accept(key, acceptance.clone()).map_err(|error| refused(&error))?;
            batch.approval(&Approval { key: key.clone(), ..row.clone() })?;
        }
        state::keep(&mut batch, &mut baseline)?;
    }
    batch.commit()?;
    let mut out = voice.prose();
    if whole {
        writeln!(out, "Accepted until {held_until} by {}: {}", row.who, row.key)?;
        for key in &coarser {
            writeln!(out, "  and what alarmed above it, of the same parties: {key}")?;
        }
    } else {
        writeln!(
            out,
            "Recorded for {}. It commands or diagnoses a device: it holds once a second person accepts it too (the same command line, another user or --by).",
            row.who
        )?;
    }
    Ok(())
}

/// Confirms that a key was learned rightly.
pub(super) fn sign_off(
    directory: &Path,
    settings: &Settings,
    decision: &Decision<'_>,
    voice: Voice,
) -> Result<(), Failure> {
    no_fact(decision.key)?;
    let row = decision.row(Decided::SignOff, person::now(), None)?;
    let mut store = existing(directory)?;
    let mut baseline = restored(&store, settings)?;
    baseline.sign_off(decision.key).map_err(|error| refused(&error))?;
    let mut batch = store.batch(person::now())?;
    batch.approval(&row)?;
    batch.audit(&person::audited(&row.who, "baseline sign-off", &row.key, &row.reason))?;
    state::keep(&mut batch, &mut baseline)?;
    batch.commit()?;
    writeln!(voice.prose(), "Signed off by {}: {}", row.who, row.key)?;
    Ok(())
}

/// Opens the state for a decision. What a running service knows is in its memory, and it would write over it.
fn existing(directory: &Path) -> Result<Store, Failure> {
    state::existing(directory).map_err(|error| match error {
        StoreError::InUse { process, .. } => Failure {
            exit: Exit::Store,
            error: anyhow::anyhow!(
                "a running gridtap (process {process}) has the state in {} and its baseline in memory: stop it (`systemctl stop gridtap`), run this again, and start it",
                directory.display()
            ),
        },
        other => other.into(),
    })
}

/// Refuses a key that was never heard: a slip of the pen would be recorded, and what alarms would go on alarming.
fn heard(store: &Store, baseline: &Baseline, key: &str) -> Result<(), Failure> {
    if baseline.has_heard(key).map_err(|error| refused(&error))? {
        return Ok(());
    }
    // What alarms in a flood is not remembered by the baseline, but told.
    let mut told = Vec::new();
    for stored in store.anomalies()? {
        let record: serde_json::Value = serde_json::from_str(&stored.record)?;
        told.extend(record.get("key").and_then(|key| key.as_str()).map(str::to_owned));
    }
    if told.iter().any(|told| told == key) {
        return Ok(());
    }
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    let meant = match baseline.nearest_key(key, &told) {
        Some(nearest) => format!("the nearest that was is {nearest}"),
        None => "`gridtap baseline export` lists what was".to_owned(),
    };
    Err(refused(&format_args!(
        "{key} was never heard: {meant}; what is yet to come is declared in the site file (--site)"
    )))
}

/// Facts are listed in exports beside the keys, and nothing alarms for them alone.
fn no_fact(key: &str) -> Result<(), Failure> {
    if !key.starts_with("fact|") {
        return Ok(());
    }
    Err(Failure::usage(
        "a fact is what a detection has counted for itself, and nothing alarms by it alone: name the key of the \
         anomaly instead (`key` in its record, \"Known as\" in the report)",
    ))
}

/// Whether an earlier acceptance of another person stands beside this one.
fn seconds(earlier: &Approval, row: &Approval, now: Timestamp) -> bool {
    earlier.action == Decided::Accept
        && earlier.key == row.key
        && earlier.who != row.who
        && earlier.until.is_none_or(|until| until > now)
}

/// Whether a key takes two people: its class moves, changes or silences the device. Diagnostics restart devices and
/// make them listen only.
fn commands(key: &str) -> bool {
    const CLASSES: [&str; 6] =
        ["command", "configuration", "program", "time", "file", "diagnostic"];
    key.split('|').any(|part| CLASSES.contains(&part))
}

fn refused(error: &dyn std::fmt::Display) -> Failure {
    Failure { exit: Exit::Usage, error: anyhow::anyhow!("{error}") }
}
