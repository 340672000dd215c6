//! Keeping the database of a state: checks, copies, and what may be forgotten.

use std::io::{self, Write};

use gridtap_store::{Filter, Retention, Store};
use serde_json::json;

use crate::anomalies::OPEN;
use crate::arguments::Database;
use crate::failure::{Exit, Failure};
use crate::knowledge::counted;
use crate::output::{Voice, complain};
use crate::{audit, person, state};

/// Runs one of the commands.
pub(crate) fn run(command: &Database, voice: Voice) -> Result<Exit, Failure> {
    match command {
        Database::Check { state, seal, json } => {
            let store = state::read(&state.directory)?;
            check(&store, seal.as_deref(), *json, voice)
        }
        Database::Backup { file, state } => {
            let store = state::read(&state.directory)?;
            store.backup(file)?;
            let octets = std::fs::metadata(file)?.len();
            writeln!(
                voice.prose(),
                "Copied to {}: {} octets. To restore, put it as gridtap.db into an empty directory.",
                file.display(),
                counted(octets)
            )?;
            Ok(Exit::Done)
        }
        Database::Prune { keep, max_size, by, json, state } => {
            let now = person::now();
            let retention = Retention {
                before: now.minus_ns(keep.nanos()),
                octets_max: max_size.unwrap_or(u64::MAX),
                commands_max: u64::MAX,
            };
            let row = person::audited(&person::named(by.as_deref())?, "prune", "state", "");
            let mut store = state::existing(&state.directory)?;
            let pruned = store.prune(retention, now, &row)?;
            let open = Filter { states: OPEN.to_vec(), ..Filter::default() };
            let held = store.count(&open)?;
            if *json {
                return print(&json!({
                    "anomalies": pruned.anomalies,
                    "commands": pruned.commands,
                    "deliveries": pruned.deliveries,
                    "evidence": pruned.evidence,
                    "open": held,
                }));
            }
            writeln!(
                voice.prose(),
                "Forgotten: {} closed anomalies with their history and evidence, {} commands, {} deliveries, the evidence of {} more. Held: {} open anomalies.",
                counted(pruned.anomalies),
                counted(pruned.commands),
                counted(pruned.deliveries),
                counted(pruned.evidence),
                counted(held)
            )?;
            Ok(Exit::Done)
        }
    }
}

fn check(store: &Store, seal: Option<&str>, json: bool, voice: Voice) -> Result<Exit, Failure> {
    let found = store.check(seal)?;
    let is_sound = found.faults.is_empty() && audit::holds(&found.audit);
    let exit = if is_sound { Exit::Done } else { Exit::Store };
    if json {
        print(&json!({
            "sound": is_sound,
            "faults": found.faults,
            "schema": found.version,
            "octets": store.octets()?,
            "audit": audit::object(&found.audit),
        }))?;
        return Ok(exit);
    }
    found.faults.iter().for_each(complain);
    audit::faults(&found.audit).iter().for_each(complain);
    if is_sound {
        writeln!(
            voice.prose(),
            "Sound: schema {}, {} octets, {} anomalies, {} rows of the audit log.",
            found.version,
            counted(store.octets()?),
            counted(store.count(&Filter::default())?),
            counted(found.audit.rows)
        )?;
    }
    Ok(exit)
}

fn print(value: &serde_json::Value) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    Ok(Exit::Done)
}
