//! What a person does with anomalies.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use gridtap_model::State;
use gridtap_store::{Act, ActError, Action, Disposition, Person, Standpoint, Store, Target};
use serde_json::json;

use super::{named, quoted};
use crate::arguments::Deed;
use crate::failure::{Exit, Failure};
use crate::output::{Voice, complain};
use crate::report::{Finding, clean, moment};
use crate::service::{Keeper, Service};
use crate::{person, state};

/// What a person wants done, and how it is to be told.
#[derive(Debug)]
pub(super) struct Wish {
    directory: PathBuf,
    targets: Vec<Target>,
    action: Action,
    who: String,
    comment: String,
    expected_revision: Option<u32>,
    json: bool,
}

impl Wish {
    /// What was typed, where it makes sense.
    pub(super) fn of(deed: &Deed, action: Action) -> Result<Self, Failure> {
        let comment = deed.comment.clone().unwrap_or_default();
        if action.needs_reason() && comment.trim().is_empty() {
            return Err(Failure::usage(
                "--comment is missing: say why, for whoever reads it later",
            ));
        }
        let mut seen = BTreeSet::new();
        let targets: Vec<Target> = match &deed.incident {
            Some(id) => vec![Target::Incident(id.clone())],
            // Who names one twice means it once.
            None => {
                let ids = deed.ids.iter().filter(|id| seen.insert(id.as_str()));
                ids.map(|id| Target::Anomaly(id.clone())).collect()
            }
        };
        if deed.expect_revision.is_some() && targets.len() > 1 {
            return Err(Failure::usage(
                "--expect-revision is of one anomaly: name one, or leave it out",
            ));
        }
        Ok(Self {
            directory: deed.state.directory.clone(),
            targets,
            action,
            who: person::named(deed.by.as_deref())?,
            comment,
            expected_revision: deed.expect_revision,
            json: deed.json,
        })
    }

    fn act(&self, target: Target) -> Act {
        Act {
            target,
            action: self.action,
            by: Person {
                name: self.who.clone(),
                role: person::ROLE.to_owned(),
                via: person::VIA.to_owned(),
            },
            comment: self.comment.clone(),
            expected_revision: self.expected_revision,
        }
    }
}

/// Does it with each, and tells what came of it: one that is refused keeps no other from it.
pub(super) fn run(wish: &Wish, voice: Voice) -> Result<Exit, Failure> {
    let store = state::read(&wish.directory)?;
    let mut acts = Vec::with_capacity(wish.targets.len());
    let mut exit = Exit::Done;
    for target in &wish.targets {
        match named(&store, target.clone()) {
            Ok(target) => acts.push(wish.act(target)),
            Err(failure) if failure.exit == Exit::Failure => {
                complain(&failure.error);
                exit = Exit::Failure;
            }
            Err(failure) => return Err(failure),
        }
    }
    drop(store);
    if acts.is_empty() {
        return Ok(exit);
    }
    let answers = match Keeper::of(&wish.directory)? {
        Keeper::Us(store) => locally(*store, &acts)?,
        Keeper::Service(service) => through(&service, wish, &acts)?,
    };
    let mut done = Vec::new();
    for answer in answers {
        match answer {
            Ok(standpoints) => done.extend(standpoints),
            Err(refusal) => {
                complain(refusal);
                exit = Exit::Failure;
            }
        }
    }
    match tell(wish, &done, voice) {
        // It is done, whoever reads that or not.
        Err(failure) if failure.is_broken_pipe() => {}
        told => told?,
    }
    Ok(exit)
}

/// What came of each act: where the anomalies stand, or the sentence why not.
type Answers = Vec<Result<Vec<Standpoint>, String>>;

/// The service that has the state does it.
fn through(service: &Service, wish: &Wish, acts: &[Act]) -> Result<Answers, Failure> {
    let store = state::read(&wish.directory)?;
    let mut answers = Vec::with_capacity(acts.len());
    for act in acts {
        answers.push(match service.act(act)? {
            Ok(ids) => {
                let mut stand = Vec::with_capacity(ids.len());
                for id in ids {
                    stand.extend(store.anomaly(&id)?);
                }
                Ok(stand)
            }
            Err(refusal) => Err(refusal),
        });
    }
    Ok(answers)
}

fn locally(mut store: Store, acts: &[Act]) -> Result<Answers, Failure> {
    let mut batch = store.batch(person::now())?;
    let mut answers = Vec::with_capacity(acts.len());
    for act in acts {
        match batch.act(act) {
            Ok(standpoints) => answers.push(Ok(standpoints)),
            Err(ActError::Store(error)) => return Err(error.into()),
            Err(refusal) => answers.push(Err(refusal.to_string())),
        }
    }
    // With what was refused: that too is in the audit log.
    batch.commit()?;
    Ok(answers)
}

fn tell(wish: &Wish, done: &[Standpoint], voice: Voice) -> Result<(), Failure> {
    if wish.json {
        let mut out = io::stdout().lock();
        for standpoint in done {
            let line = json!({
                "anomaly_id": standpoint.id,
                "incident_id": standpoint.incident,
                "state": standpoint.state,
                "revision": standpoint.revision,
            });
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
        return Ok(());
    }
    let mut out = voice.prose();
    let mut keys = BTreeSet::new();
    for standpoint in done {
        let anomaly = Finding::of(&standpoint.record)?;
        writeln!(
            out,
            "{} {} {}, {} → {}: {}, revision {}",
            verb(wish.action),
            anomaly.short(),
            clean(&anomaly.name),
            anomaly.source.ip(),
            clean(&anomaly.device),
            stands(standpoint.state),
            standpoint.revision
        )?;
        keys.extend(anomaly.key);
    }
    if let Action::Close { disposition: Disposition::ExpectedChange } = wish.action
        && !keys.is_empty()
    {
        writeln!(
            out,
            "\nThat it was expected is not learned: it alarms again. To make it normal:"
        )?;
        let reason = match wish.comment.trim() {
            "" => "why it is normal",
            comment => comment,
        };
        for key in &keys {
            writeln!(
                out,
                "  gridtap baseline accept {} --reason {} --until 30d --state {}",
                quoted(&clean(key)),
                quoted(&clean(reason)),
                quoted(&wish.directory.display().to_string())
            )?;
        }
    }
    out.flush()?;
    Ok(())
}

fn verb(action: Action) -> String {
    match action {
        Action::Acknowledge => "Acknowledged".to_owned(),
        Action::Unacknowledge => "Not acknowledged any more:".to_owned(),
        Action::Shelve { until } => {
            format!("Shelved until {} UTC:", moment(until))
        }
        Action::Unshelve => "Unshelved".to_owned(),
        Action::Comment => "Commented on".to_owned(),
        Action::Close { disposition } => {
            format!("Closed as {}:", disposition.name().replace('_', " "))
        }
    }
}

/// The name of a state in records.
fn stands(state: State) -> String {
    serde_json::to_value(state)
        .ok()
        .and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
