//! What came of it, for a person or as JSON.

use std::io::{self, BufWriter, Write};

use anstyle::Style;
use gridtap_model::Timestamp;
use gridtap_notify::{EndpointStatus, Tested};
use gridtap_store::Delivery;
use serde::Serialize;
use serde_json::json;

use super::{Replayed, Switched};
use crate::failure::Failure;
use crate::knowledge::counted;
use crate::output::Voice;
use crate::report::{clean, moment};

const BOLD: Style = Style::new().bold();

fn line(value: &impl Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    Ok(())
}

fn at(time: Timestamp) -> String {
    format!("{} UTC", moment(time))
}

pub(super) fn endpoints(
    endpoints: &[EndpointStatus],
    json: bool,
    voice: Voice,
) -> Result<(), Failure> {
    if json {
        return line(&json!({ "endpoints": endpoints }));
    }
    let mut out = voice.prose();
    if endpoints.is_empty() {
        writeln!(out, "Nobody is told: there is no [[notify.endpoint]] in the settings.")?;
    }
    for each in endpoints {
        writeln!(
            out,
            "{BOLD}{}{BOLD:#}  {} to {}",
            clean(&each.name),
            clean(&each.format),
            clean(&each.target)
        )?;
        let standing = match &each.disabled {
            None => "enabled".to_owned(),
            Some(reason) => format!("DISABLED ({}): nothing is sent", clean(reason)),
        };
        let waiting = match (each.waiting, each.oldest) {
            (0, _) | (_, None) => "nothing waits".to_owned(),
            (count, Some(oldest)) => {
                format!("{} wait, the oldest since {}", counted(count), at(oldest))
            }
        };
        let next = each.next.filter(|_| each.enabled && each.waiting > 0);
        let next = next.map(|next| format!(", next try {}", at(next))).unwrap_or_default();
        let failed = match each.failed {
            0 => String::new(),
            count => format!(", {} given up (`gridtap webhook replay --failed`)", counted(count)),
        };
        writeln!(out, "    {standing}; {waiting}{next}{failed}")?;
        let success = each.last_success.map_or("never".to_owned(), at);
        writeln!(out, "    last taken: {success}")?;
        if let Some(error) = &each.last_error {
            writeln!(out, "    last error: {}", clean(error))?;
        }
    }
    out.flush()?;
    Ok(())
}

pub(super) fn deliveries(found: &[Delivery], json: bool, voice: Voice) -> Result<(), Failure> {
    if json {
        let mut out = BufWriter::new(io::stdout().lock());
        for each in found {
            let object = json!({
                "id": each.due.id,
                "endpoint": each.due.endpoint,
                "type": each.due.kind,
                "anomaly": each.due.anomaly,
                "state": each.state,
                "attempts": each.due.attempts,
                "created": each.due.created,
                "due": each.due_at,
                "digest": each.digest,
                "status": each.status,
                "error": each.error,
                "settled": each.settled,
            });
            serde_json::to_writer(&mut out, &object)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
        return Ok(());
    }
    let mut out = voice.prose();
    if found.is_empty() {
        writeln!(out, "Nothing was sent to anybody that is as asked for.")?;
    }
    for each in found {
        let status = each.status.map(|status| format!(" {status}")).unwrap_or_default();
        let tries = match each.due.attempts {
            1 => "1 try".to_owned(),
            many => format!("{many} tries"),
        };
        writeln!(
            out,
            "{}  {BOLD}{}{BOLD:#} {} to {}: {}{status}, {tries}",
            at(each.due.created),
            clean(&each.due.kind),
            each.due.anomaly.as_deref().map(clean).unwrap_or_default(),
            clean(&each.due.endpoint),
            each.state,
        )?;
        write!(out, "    {}", each.due.id)?;
        if each.state == "pending" {
            write!(out, "  next try {}", at(each.due_at))?;
        }
        if let Some(digest) = &each.digest {
            write!(out, "  in digest {digest}")?;
        }
        if let Some(error) = &each.error {
            write!(out, "  {}", clean(error))?;
        }
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}

pub(super) fn tested(tested: &Tested, json: bool, voice: Voice) -> Result<(), Failure> {
    if json {
        return line(tested);
    }
    let mut out = voice.prose();
    let word = if tested.accepted { "Delivered" } else { "Not delivered" };
    writeln!(out, "{BOLD}{word}{BOLD:#}: {}.", clean(&tested.message))?;
    writeln!(out, "webhook-id {}", tested.id)?;
    out.flush()?;
    Ok(())
}

pub(super) fn switched(switched: &Switched, json: bool, voice: Voice) -> Result<(), Failure> {
    if json {
        return line(switched);
    }
    let name = clean(&switched.endpoint);
    let mut out = voice.prose();
    match (switched.enabled, switched.changed) {
        (true, true) => writeln!(out, "{name} is enabled again: what it is owed is sent now.")?,
        (true, false) => writeln!(out, "{name} was enabled already.")?,
        (false, true) => {
            writeln!(out, "{name} is disabled: what it is owed waits until it is enabled again.")?;
        }
        (false, false) => writeln!(out, "{name} was disabled already; the reason is the new one.")?,
    }
    out.flush()?;
    Ok(())
}

pub(super) fn replayed(replayed: &[Replayed], json: bool, voice: Voice) -> Result<(), Failure> {
    if json {
        return replayed.iter().try_for_each(line);
    }
    let mut out = voice.prose();
    for each in replayed {
        let deliveries = match each.deliveries {
            0 => "nothing to send again".to_owned(),
            1 => "1 delivery is sent again".to_owned(),
            many => format!("{} deliveries are sent again", counted(many)),
        };
        writeln!(out, "{}: {deliveries}.", clean(&each.endpoint))?;
    }
    out.flush()?;
    Ok(())
}
