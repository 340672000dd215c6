//! Decisions about keys of the baseline: what is refused, what one comes to, and what is stored of it. The same for the
//! command line over a state that nobody has, and for a service beside the packets.

use gridtap_api::{Decided, Decision, Undecided};
use gridtap_baseline::{AcceptError, Acceptance, Baseline, SignOffError, is_same_key, nearest_key};
use gridtap_model::Timestamp;
use gridtap_store::{Approval, Audit, Batch, Decision as Action, Store, StoreError};

use crate::serve::interface::LOCAL;

/// What the store knows of the key.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// An acceptance of it by somebody else, which stands.
    pub first: Option<Approval>,
    /// Whether an anomaly names it: what alarms in a flood is not remembered by the baseline, but told.
    pub is_told: bool,
}

impl Known {
    /// Without what is told: that is looked for where the baseline has not heard the key.
    pub(crate) fn of(
        store: &Store,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let first = match decision.action {
            Action::Accept => first_of_two(store.approvals()?, &decision.key),
            Action::SignOff => None,
        };
        Ok(Self { first: first.filter(|first| joins(first, &decision.who, now)), is_told: false })
    }
}

/// A decision that may be made.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    approvals: Vec<Approval>,
    audit: Audit,
    /// Rows of the baseline as they are when it holds.
    rows: Vec<(String, String)>,
    change: Change,
    /// What came of it, once it is stored and holds.
    pub decided: Decided,
}

/// What changes in the baseline.
#[derive(Debug, Clone)]
enum Change {
    /// It waits for a second person.
    Nothing,
    Accept(Vec<String>, Acceptance),
    SignOff(String),
}

/// Why there is nothing to make.
#[derive(Debug, Clone)]
pub(crate) enum Refusal {
    /// The baseline has not heard the key: perhaps it was told.
    Unheard,
    Because(Undecided),
}

impl Planned {
    /// Checks a decision against what is known, and changes nothing.
    pub(crate) fn of(
        decision: &Decision,
        known: &Known,
        baseline: &Baseline,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        no_fact(&decision.key)?;
        let key = baseline.spelling(&decision.key).map_err(|error| wrong(&error.to_string()))?;
        let decision = &Decision { key, ..decision.clone() };
        match decision.action {
            Action::Accept => Self::accepted(decision, known, baseline, now),
            Action::SignOff => {
                let row =
                    baseline.row_signed_off(&decision.key).map_err(|error| not_signed(&error))?;
                let message = format!("signed off by {}", decision.who);
                Ok(Self {
                    approvals: vec![approval(decision, &decision.key, now)],
                    audit: audited(decision, "done", &decision.reason),
                    rows: texts(&[row])?,
                    change: Change::SignOff(decision.key.clone()),
                    decided: decided(decision, true, None, Vec::new(), message),
                })
            }
        }
    }

    fn accepted(
        decision: &Decision,
        known: &Known,
        baseline: &Baseline,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let Decision { key, reason, until, .. } = decision;
        if reason.trim().is_empty() {
            return Err(wrong(
                "the reason is empty: say why this is normal, for whoever reads it later",
            ));
        }
        let Some(until) = until.filter(|until| *until > now) else {
            return Err(wrong(
                "the time until which it holds is over: name a moment in the future",
            ));
        };
        let is_heard = baseline.has_heard(key).map_err(|error| wrong(&error.to_string()))?;
        if !is_heard && !known.is_told {
            return Err(Refusal::Unheard);
        }
        let acceptance = acceptance(decision, known, until, now);
        // Also where it waits for a second person: what may not be is refused at once.
        let row = baseline.row_accepted(key, &acceptance).map_err(|error| not_accepted(&error))?;
        let audit = audited(decision, "done", &format!("until {until}: {reason}"));
        let mut approvals = vec![approval(decision, key, now)];
        if known.first.is_none() && commands(key) {
            let message = "recorded: it commands or diagnoses a device, and holds once a second person accepts it too";
            return Ok(Self {
                approvals,
                audit,
                rows: Vec::new(),
                change: Change::Nothing,
                decided: decided(decision, false, Some(until), Vec::new(), message.to_owned()),
            });
        }
        let also = baseline.coarser_held(key, now).map_err(|error| wrong(&error.to_string()))?;
        let mut rows = vec![row];
        for key in &also {
            rows.push(
                baseline.row_accepted(key, &acceptance).map_err(|error| not_accepted(&error))?,
            );
            // What stands above the key was decided by whoever decided about the key: nobody's first is left open.
            approvals
                .extend(known.first.clone().map(|first| Approval { key: key.clone(), ..first }));
            approvals.push(approval(decision, key, now));
        }
        let held_until = acceptance.until_ns.map_or(until, Timestamp::from_nanos);
        let message = format!("accepted until {held_until} by {}", decision.who);
        let keys = std::iter::once(key.clone()).chain(also.iter().cloned()).collect();
        Ok(Self {
            approvals,
            audit,
            rows: texts(&rows)?,
            change: Change::Accept(keys, acceptance),
            decided: decided(decision, true, Some(held_until), also, message),
        })
    }

    /// Stores everything of it.
    pub(crate) fn store(&self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        for approval in &self.approvals {
            batch.approval(approval)?;
        }
        for (key, row) in &self.rows {
            batch.baseline_row(key, row)?;
        }
        batch.audit(&self.audit)
    }

    /// Lets it hold. It was checked; what has changed since, such as the site file, may forbid it all the same.
    pub(crate) fn apply(self, baseline: &mut Baseline) -> Result<Decided, Undecided> {
        match &self.change {
            Change::Nothing => {}
            Change::Accept(keys, acceptance) => {
                for key in keys {
                    let accepted = baseline.accept(key, acceptance.clone());
                    accepted.map_err(|error| Undecided::Forbidden(error.to_string()))?;
                }
            }
            Change::SignOff(key) => {
                let signed = baseline.sign_off(key);
                signed.map_err(|error| Undecided::Forbidden(error.to_string()))?;
            }
        }
        Ok(self.decided)
    }
}

fn decided(
    decision: &Decision,
    in_force: bool,
    until: Option<Timestamp>,
    also: Vec<String>,
    message: String,
) -> Decided {
    Decided {
        action: decision.action.name().replace('-', "_"),
        key: decision.key.clone(),
        by: decision.who.clone(),
        in_force,
        until,
        also,
        message,
    }
}

/// A row of the audit log about a decision.
pub(crate) fn audited(decision: &Decision, outcome: &str, detail: &str) -> Audit {
    Audit {
        who: decision.who.clone(),
        role: decision.role.clone(),
        via: decision.via.clone(),
        action: format!("baseline {}", decision.action.name()),
        subject: decision.key.clone(),
        outcome: outcome.to_owned(),
        detail: detail.to_owned(),
    }
}

/// Looks for a key that the baseline has not heard among the anomalies; an error names the nearest there is: a slip of
/// the pen would be recorded, and what alarms would go on alarming.
pub(crate) fn told(store: &Store, key: &str) -> Result<(), Undecided> {
    let fails = |error: &dyn std::fmt::Display| Undecided::Unavailable(error.to_string());
    let mut told = Vec::new();
    for stored in store.anomalies().map_err(|error| fails(&error))? {
        let record: serde_json::Value =
            serde_json::from_str(&stored.record).map_err(|error| fails(&error))?;
        told.extend(record.get("key").and_then(|key| key.as_str()).map(str::to_owned));
    }
    if told.iter().any(|told| told == key) {
        return Ok(());
    }
    let rows = store.baseline_rows().map_err(|error| fails(&error))?;
    let known = rows.iter().map(|(key, _)| key.as_str()).chain(told.iter().map(String::as_str));
    let meant = match nearest_key(key, known) {
        Some(nearest) => format!("the nearest that was is {nearest}"),
        None => "`gridtap baseline export` lists what was".to_owned(),
    };
    Err(Undecided::Unknown(format!(
        "{key} was never heard: {meant}; what is yet to come is declared in the site file (--site)"
    )))
}

fn acceptance(decision: &Decision, known: &Known, until: Timestamp, now: Timestamp) -> Acceptance {
    let alone = Acceptance {
        reason: decision.reason.clone(),
        by: decision.who.clone(),
        second: None,
        at_ns: now.nanos(),
        until_ns: Some(until.nanos()),
    };
    let Some(first) = &known.first else { return alone };
    // It holds for what both have said.
    let shorter = first.until.map_or(until, |earlier| earlier.min(until));
    Acceptance {
        by: first.who.clone(),
        second: Some(decision.who.clone()),
        until_ns: Some(shorter.nanos()),
        ..alone
    }
}

fn approval(decision: &Decision, key: &str, now: Timestamp) -> Approval {
    Approval {
        action: decision.action,
        key: key.to_owned(),
        who: decision.who.clone(),
        at: now,
        reason: decision.reason.clone(),
        until: decision.until,
    }
}

fn texts(rows: &[gridtap_baseline::Row]) -> Result<Vec<(String, String)>, Refusal> {
    let text = |row: &gridtap_baseline::Row| Ok((row.key.clone(), serde_json::to_string(row)?));
    let texts: serde_json::Result<_> = rows.iter().map(text).collect();
    texts.map_err(|error| Refusal::Because(Undecided::Unavailable(error.to_string())))
}

/// Facts are listed in exports beside the keys, and nothing alarms for them alone.
fn no_fact(key: &str) -> Result<(), Refusal> {
    if !key.starts_with("fact|") {
        return Ok(());
    }
    Err(wrong(
        "a fact is what a detection has counted for itself, and nothing alarms by it alone: name the key of the \
         anomaly instead (`key` in its record, \"Known as\" in the report)",
    ))
}

/// The acceptance of this key that waits for a second person: one that a second has joined is used up.
fn first_of_two(approvals: Vec<Approval>, key: &str) -> Option<Approval> {
    let of_key = approvals
        .into_iter()
        .filter(|each| each.action == Action::Accept && is_same_key(&each.key, key));
    of_key.fold(None, |first: Option<Approval>, next| match first {
        Some(first) if joins(&first, &next.who, next.at) => None,
        _ => Some(next),
    })
}

/// Whether somebody makes two with whoever accepted first, while that still holds.
fn joins(first: &Approval, who: &str, at: Timestamp) -> bool {
    person(&first.who) != person(who) && first.until.is_none_or(|until| until > at)
}

/// Who answers for what `who` decided. A token is one person, whomever it names: that stands before it in brackets.
/// Only the command line's token speaks for many, as the command line does by itself: for those that it names.
fn person(who: &str) -> String {
    let bracketed = |who: &str| {
        let (name, beside) = who.strip_suffix(')')?.rsplit_once(" (")?;
        Some((name.to_owned(), beside.to_owned()))
    };
    let named = match bracketed(who) {
        // The names of tokens have no spaces: no other token ends so.
        Some((name, token)) if token == LOCAL => match bracketed(&name) {
            Some((name, session)) if session.starts_with(crate::person::SESSION) => name,
            _ => name,
        },
        Some((name, session)) if session.starts_with(crate::person::SESSION) => name,
        Some((_, token)) => token,
        None => who.to_owned(),
    };
    named.trim().to_lowercase()
}

/// Whether a key takes two people: its class moves, changes or silences the device. Diagnostics restart devices and
/// make them listen only.
fn commands(key: &str) -> bool {
    const CLASSES: [&str; 6] =
        ["command", "configuration", "program", "time", "file", "diagnostic"];
    key.split('|').any(|part| CLASSES.contains(&part))
}

fn wrong(sentence: &str) -> Refusal {
    Refusal::Because(Undecided::Wrong(sentence.to_owned()))
}

fn not_accepted(error: &AcceptError) -> Refusal {
    let sentence = error.to_string();
    Refusal::Because(match error {
        AcceptError::Key(_) => Undecided::Wrong(sentence),
        AcceptError::Forbidden(_) => Undecided::Forbidden(sentence),
    })
}

fn not_signed(error: &SignOffError) -> Refusal {
    let sentence = error.to_string();
    Refusal::Because(match error {
        SignOffError::Key(_) => Undecided::Wrong(sentence),
        SignOffError::NotLearned(_) => Undecided::Unknown(sentence),
        SignOffError::Held => Undecided::Forbidden(sentence),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(who: &str, key: &str, second: i64) -> Approval {
        Approval {
            action: Action::Accept,
            key: key.to_owned(),
            who: who.to_owned(),
            at: Timestamp::from_parts(second, 0),
            reason: "plan 17".to_owned(),
            until: Some(Timestamp::from_parts(1_000, 0)),
        }
    }

    #[test]
    fn a_first_acceptance_waits_for_one_second_person_however_the_key_is_spelt() {
        let key = "function|zone0|modbus|10.0.0.21#1|10.0.0.7|command|5:write_single_coil";
        let bare = "function|zone0|modbus|10.0.0.21#01|10.0.0.7|command|5";
        let other = "function|zone0|modbus|10.0.0.21#1|10.0.0.7|command|6";
        let first = |approvals: &[Approval]| {
            first_of_two(approvals.to_vec(), key).map(|first| (first.who, first.at.nanos()))
        };
        let (meyer, kim) = (accepted("meyer", bare, 1), accepted("kim", key, 2));
        let waits = Some(("meyer".to_owned(), 1_000_000_000));
        assert_eq!(first(&[meyer.clone(), accepted("kim", other, 2)]), waits);
        assert_eq!(first(&[meyer.clone(), kim.clone()]), None, "it was joined, and is used up");
        let again = accepted("kim", key, 3);
        let waits = Some(("kim".to_owned(), 3_000_000_000));
        assert_eq!(first(&[meyer.clone(), kim.clone(), again]), waits);
        let late = accepted("kim", key, 2_000);
        let waits = Some(("kim".to_owned(), 2_000_000_000_000));
        assert_eq!(first(&[meyer, late]), waits, "what is over is joined by nobody");
    }

    #[test]
    fn a_token_is_one_person_whomever_it_names_and_the_command_line_tells_people_apart() {
        let same = |a: &str, b: &str| person(a) == person(b);
        assert!(same("meyer", "kim (meyer)"), "whom a token names is no second person");
        assert!(same("anna (meyer)", "kim (meyer)"));
        assert!(same("x (command line) (meyer)", "meyer"), "nor is what a token calls itself");
        assert!(same("x (session of root) (meyer)", "Meyer"));
        assert!(same("meyer (command line)", "meyer"), "one person by two ways");
        assert!(same("kim (session of root) (command line)", "kim (session of meyer)"));
        assert!(!same("meyer", "kim"));
        assert!(!same("meyer (command line)", "kim (command line)"));
        assert!(!same("kim (session of root)", "root"));
        assert!(!same("anna (meyer)", "anna (kim)"), "two tokens are two");
    }
}
