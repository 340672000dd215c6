//! The audit log: who did what, and whether anybody has meddled with it.

use std::io::{self, BufWriter, Write};

use anstyle::Style;
use gridtap_store::{AuditVerdict, Audited};
use serde_json::json;

use crate::arguments;
use crate::failure::{Exit, Failure};
use crate::knowledge::counted;
use crate::output::{Voice, complain};
use crate::report::{clean, moment};
use crate::state;

const BOLD: Style = Style::new().bold();

/// How many rows are read at once.
const PART: u32 = 1000;

/// Runs one of the commands.
pub(crate) fn run(command: &arguments::Audit, voice: Voice) -> Result<Exit, Failure> {
    match command {
        arguments::Audit::List { state, after, limit, json } => {
            let store = state::read(&state.directory)?;
            let mut after = *after;
            let mut left = limit.unwrap_or(u64::MAX);
            let mut out = BufWriter::new(voice.prose());
            while left > 0 {
                let part = u32::try_from(left).unwrap_or(PART).min(PART);
                let rows = store.audit_log(after, part)?;
                let Some(last) = rows.last() else { break };
                after = last.sequence;
                left = left.saturating_sub(u64::try_from(rows.len()).unwrap_or(left));
                for row in &rows {
                    if *json { record(&mut out, row)? } else { line(&mut out, row)? }
                }
            }
            out.flush()?;
            Ok(Exit::Done)
        }
        arguments::Audit::Verify { state, seal, json } => {
            let store = state::read(&state.directory)?;
            let verdict = store.verify_audit(seal.as_deref())?;
            tell(&verdict, *json, voice)?;
            Ok(if holds(&verdict) { Exit::Done } else { Exit::Failure })
        }
    }
}

/// Whether every row is as it was written, and a seal that was noted is still there.
pub(crate) fn holds(verdict: &AuditVerdict) -> bool {
    verdict.broken_at.is_none() && verdict.holds_seal != Some(false)
}

/// What is wrong with the log, in a sentence each.
pub(crate) fn faults(verdict: &AuditVerdict) -> Vec<String> {
    let broken = verdict.broken_at.map(|row| {
        format!(
            "the audit log does not hold from row {row} on: that row was changed, taken out, or another was put in before it"
        )
    });
    let gone = (verdict.holds_seal == Some(false)).then(|| {
        "the audit log does not have the seal that was noted: rows were cut off at its end, or it is another log"
            .to_owned()
    });
    broken.into_iter().chain(gone).collect()
}

fn tell(verdict: &AuditVerdict, json: bool, voice: Voice) -> Result<(), Failure> {
    if json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &object(verdict))?;
        out.write_all(b"\n")?;
        return Ok(());
    }
    faults(verdict).iter().for_each(complain);
    let mut out = voice.prose();
    let rows = counted(verdict.rows);
    match (verdict.broken_at, verdict.holds_seal) {
        (Some(_), _) => writeln!(out, "{rows} rows.")?,
        (None, Some(true)) => writeln!(
            out,
            "{rows} rows: every seal holds, and the seal that was noted is one of them."
        )?,
        (None, _) => writeln!(out, "{rows} rows: every seal holds.")?,
    }
    writeln!(out, "Last seal: {}", verdict.head)?;
    if holds(verdict) {
        writeln!(
            out,
            "Note it somewhere else: `gridtap audit verify --seal …` then shows that nothing was cut off."
        )?;
    }
    Ok(())
}

/// The verdict as JSON.
pub(crate) fn object(verdict: &AuditVerdict) -> serde_json::Value {
    json!({
        "rows": verdict.rows,
        "holds": holds(verdict),
        "broken_at": verdict.broken_at,
        "last_seal": verdict.head,
        "seal_found": verdict.holds_seal,
    })
}

fn record(out: &mut impl Write, audited: &Audited) -> Result<(), Failure> {
    let row = &audited.row;
    let record = json!({
        "row": audited.sequence,
        "at": audited.at.to_string(),
        "who": row.who,
        "role": row.role,
        "via": row.via,
        "action": row.action,
        "subject": row.subject,
        "outcome": row.outcome,
        "detail": row.detail,
        "seal": audited.hash,
    });
    serde_json::to_writer(&mut *out, &record)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn line(out: &mut impl Write, audited: &Audited) -> Result<(), Failure> {
    let row = &audited.row;
    let way = [row.role.as_str(), row.via.as_str()];
    let way: Vec<&str> = way.into_iter().filter(|word| !word.is_empty()).collect();
    writeln!(
        out,
        "{:>6}  {} UTC  {BOLD}{}{BOLD:#} by {} ({})",
        audited.sequence,
        moment(audited.at),
        clean(format!("{} {}", row.action, row.subject).trim_end()),
        clean(&row.who),
        clean(&way.join(", "))
    )?;
    let mut rest: Vec<String> = outcome(&row.outcome).into_iter().collect();
    if !row.detail.is_empty() {
        rest.push(row.detail.clone());
    }
    if !rest.is_empty() {
        writeln!(out, "        {}", clean(&rest.join("; ")))?;
    }
    Ok(())
}

/// What came of it, where it was not simply done. Some say by themselves what it was.
fn outcome(text: &str) -> Option<String> {
    let is_said = ["refused: ", "recorded: "].iter().any(|word| text.starts_with(word));
    match text {
        "done" => None,
        said if is_said => Some(said.to_owned()),
        reason => Some(format!("refused: {reason}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_recorded_is_not_told_as_refused_and_a_refusal_once() {
        assert_eq!(outcome("done"), None);
        assert_eq!(outcome("login_refused").unwrap(), "refused: login_refused");
        for said in ["recorded: nothing changed", "refused: needs the role admin"] {
            assert_eq!(outcome(said).as_deref(), Some(said));
        }
    }
}
