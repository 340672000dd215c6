//! What a proposed change would have kept from alarming: past anomalies of a state, held against acceptances, windows and
//! lines of the site file. Nothing is changed.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use gridtap_baseline::{Baseline, Declared, Site, is_same_key};
use gridtap_detect::{Named, Party, Recorded, Window, catalogue};
use gridtap_model::{Device, Severity, Zone};
use gridtap_store::Store;
use serde::{Deserialize, Serialize};

use super::restored;
use super::show::{BOLD, line};
use crate::failure::Failure;
use crate::output::Voice;
use crate::planned;
use crate::report::{Finding, clean, moment};
use crate::settings::Settings;

/// A proposed change, as its file has it: keys to accept, windows, and anything that a site file may have.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Change {
    accept: Vec<Accept>,
    window: Vec<planned::Window>,
    #[serde(flatten)]
    site: toml::Table,
}

/// A key that is to be accepted, as `baseline accept` would.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Accept {
    key: String,
    /// For whoever reads the file; nothing hangs on it here.
    #[serde(default, rename = "reason")]
    _reason: String,
    #[serde(default, rename = "until")]
    _until: Option<toml::Value>,
}

/// A change that can be held against records.
struct Proposed {
    keys: Vec<String>,
    windows: Vec<Window>,
    site: Option<Site>,
}

/// What a change would have made of an anomaly, the strongest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    /// Nothing.
    Told,
    /// The record does not say enough.
    Perhaps,
    /// A part of it: of its time, or of its points.
    InPart,
    /// It would have been for the record only.
    Recorded,
    /// It would not have alarmed.
    Silenced,
}

/// One anomaly, and what would have become of it.
struct Judged {
    finding: Finding,
    outcome: Outcome,
    /// By what of the change.
    by: String,
}

/// Reads the change and the state, and tells.
pub(super) fn replay(
    directory: &Path,
    settings: &Settings,
    change: &Path,
    json: bool,
    voice: Voice,
) -> Result<(), Failure> {
    let proposed = Proposed::read(change, settings)?;
    let store = Store::read(directory)?;
    let baseline = restored(&store, settings)?;
    let site = settings.site()?;
    let mut judged = Vec::new();
    for stored in store.anomalies()? {
        let finding =
            Finding::of(&stored.record).map_err(|error| crate::state::damaged(&store, error))?;
        // What alarms nobody as it is has nothing to be silenced.
        if finding.suppressed.is_none() && finding.severity > Severity::Info {
            let (outcome, by) = proposed.judge(&finding, &baseline, &site);
            judged.push(Judged { finding, outcome, by });
        }
    }
    if json {
        let mut out = BufWriter::new(io::stdout().lock());
        for each in judged.iter().filter(|each| each.outcome != Outcome::Told) {
            line(
                &mut out,
                &serde_json::json!({
                    "id": each.finding.id,
                    "incident": each.finding.incident,
                    "outcome": each.outcome,
                    "by": each.by,
                    "time": each.finding.time,
                    "detection": each.finding.detection,
                    "severity": each.finding.severity,
                    "source": each.finding.source.to_string(),
                    "device": each.finding.device,
                }),
            )?;
        }
        out.flush()?;
        return Ok(());
    }
    told(&judged, &mut voice.prose())
}

impl Proposed {
    fn read(path: &Path, settings: &Settings) -> Result<Self, Failure> {
        let wrong = |cause: &dyn std::fmt::Display| {
            Failure::configuration(format!("{}: {cause}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        let change: Change =
            toml::from_str(&text).map_err(|error| wrong(&error.to_string().trim_end()))?;
        if change.accept.is_empty() && change.window.is_empty() && change.site.is_empty() {
            return Err(wrong(
                &"proposes nothing: write [[accept]] with a key, [[window]], or tables of a site file such as [[access]]",
            ));
        }
        let site = match change.site.is_empty() {
            true => None,
            false => {
                let more = toml::to_string(&change.site).map_err(|error| wrong(&error))?;
                Some(settings.declared_with(&more).map_err(|fault| wrong(&fault))?)
            }
        };
        let names = match &site {
            Some(site) => site.clone(),
            None => settings.site()?,
        };
        let mut faults = Vec::new();
        let windows = change.window.iter().filter_map(|window| {
            let mut sentences = Vec::new();
            let resolved = window.resolve(&names, &mut sentences);
            let named = |sentence| format!("window {:?}: {sentence}", window.name);
            faults.extend(sentences.into_iter().map(named));
            resolved
        });
        let windows: Vec<Window> = windows.collect();
        let probe = Baseline::new(settings.baseline.clone(), Site::default());
        let keys: Vec<String> = change.accept.into_iter().map(|accept| accept.key).collect();
        for key in &keys {
            if let Err(error) = probe.spelling(key) {
                faults.push(format!("accept: {error}"));
            }
        }
        match faults.as_slice() {
            [] => Ok(Self { keys, windows, site }),
            some => Err(wrong(&some.join("\n"))),
        }
    }

    /// What the change would have made of a finding, and by what.
    fn judge(&self, finding: &Finding, baseline: &Baseline, site: &Site) -> (Outcome, String) {
        let windows = self.windows.iter().map(|window| {
            let outcome = match window.would_name(&recorded(finding, site)) {
                Named::Whole => Outcome::Silenced,
                Named::Part => Outcome::InPart,
                Named::Perhaps => Outcome::Perhaps,
                Named::Not => Outcome::Told,
            };
            (outcome, format!("window {:?}", window.name))
        });
        let key = finding.key.as_deref().unwrap_or_default();
        let accepted = self.keys.iter().filter(|accepted| is_same_key(accepted, key));
        // Of several points the record names the key of the first: the others were not accepted.
        let whole = if finding.points.len() > 1 { Outcome::InPart } else { Outcome::Silenced };
        let accepted = accepted.map(|key| (whole, format!("acceptance of {key}")));
        let declared = self.site.iter().filter(|_| !key.is_empty()).map(|site| {
            let outcome = match baseline.declared_by(site, key) {
                Ok(Declared::Allowed) if is_always_told(&finding.detection) => Outcome::Recorded,
                Ok(Declared::Allowed) => Outcome::Silenced,
                _ => Outcome::Told,
            };
            (outcome, "the site file".to_owned())
        });
        let all = windows.chain(accepted).chain(declared);
        all.max_by_key(|(outcome, _)| *outcome).unwrap_or((Outcome::Told, String::new()))
    }
}

/// Whether a detection tells also of what the site file allows.
fn is_always_told(detection: &str) -> bool {
    let behaviour = catalogue::detection(detection).and_then(catalogue::Detection::behaviour);
    behaviour.is_some_and(|behaviour| {
        behaviour.severities().any(|(_, when)| when.contains("where the site file allows it"))
    })
}

/// A record as a window can name it.
fn recorded<'a>(finding: &'a Finding, site: &Site) -> Recorded<'a> {
    let device = planned::party(&finding.device, site).into_iter().find_map(|party| match party {
        Party::Device { protocol, address, sub } => {
            Some(Device { zone: Zone(0), protocol, address, sub })
        }
        Party::Net(_) => None,
    });
    Recorded {
        time: finding.time,
        last_time: finding.last_time,
        detection: &finding.detection,
        also: &finding.also,
        source: finding.source.ip(),
        destination: finding.destination.ip(),
        device,
        points: &finding.points,
    }
}

fn told(judged: &[Judged], out: &mut impl Write) -> Result<(), Failure> {
    let mut incidents: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
    for each in judged {
        incidents.entry(&each.finding.incident).or_default().push(each);
    }
    let is_quiet = |each: &&&Judged| each.outcome >= Outcome::Recorded;
    let (mut whole, mut part) = (0_usize, 0_usize);
    for anomalies in incidents.values() {
        let quiet = anomalies.iter().filter(is_quiet).count();
        let touched = anomalies.iter().any(|each| each.outcome != Outcome::Told);
        whole += usize::from(quiet == anomalies.len());
        part += usize::from(touched && quiet < anomalies.len());
    }
    let worst = judged.iter().filter(|each| each.outcome >= Outcome::Recorded);
    let worst = worst.map(|each| each.finding.severity).max();
    writeln!(
        out,
        "{BOLD}Of {} past incidents the change would have silenced {whole}, and {part} in part.{BOLD:#}",
        incidents.len()
    )?;
    if let Some(worst) = worst.filter(|worst| *worst >= Severity::High) {
        writeln!(out, "The worst that would not have alarmed is {}.", worst.name())?;
    }
    for each in judged.iter().filter(|each| each.outcome != Outcome::Told) {
        let Judged { finding, outcome, by } = each;
        let word = match outcome {
            Outcome::Silenced => "SILENCED",
            Outcome::Recorded => "RECORDED",
            Outcome::InPart => "IN PART",
            Outcome::Perhaps | Outcome::Told => "PERHAPS",
        };
        writeln!(
            out,
            "\n{word:<8}  {}  {} {}: {}",
            moment(finding.time),
            finding.severity.name().to_uppercase(),
            finding.detection,
            clean(&finding.observed)
        )?;
        writeln!(out, "          by {by}; anomaly {}", finding.id)?;
    }
    if judged.iter().any(|each| each.outcome == Outcome::Perhaps) {
        writeln!(
            out,
            "\nPERHAPS: the window names classes, which records do not keep; name the detection to be sure."
        )?;
    }
    writeln!(out, "\nNothing was changed.")?;
    Ok(())
}
