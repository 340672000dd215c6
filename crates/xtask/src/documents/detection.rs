//! `docs/detection.md`: every detection, what it needs, says and does not say, and what tests it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, bail};
use gridtap_detect::catalogue::behaviour::{Behaviour, NEEDS, uncovered};
use gridtap_detect::catalogue::{ATTACK_VERSION, Detection, Kind, all, technique_name};

use super::evidence::{Evidence, gather};
use super::layer::techniques;

const LIMITS: &str = include_str!("../../data/cannot-see.md");
const HEADING: &str = "\
# What gridtap detects, and what it does not

Made by `cargo xtask docs` out of the catalogue (`crates/detect/data`), the defaults in the code, the lab's scenarios and
the tests: change those, not this file.

Every detection has an id that stays, a severity for each way in which it can be true, and words for the operator; what to
do first stands in its record and in its runbook. One message is one anomaly: the most severe detection, of those the most
specific; others that fit it are its `also`. Severity says how bad it is if true; the score, 0 to 9, how unlikely it is
under what was learned. No setting lowers a severity. What a declared window names is stored with its severity, marked,
and alarms nobody. What the site file allows, or a person accepted for a time, is no news to any rule. Findings of one
source, target and cause within `detect.join` are one incident.

What a detection **needs** is said in these words:

";
const AFTER_NEEDS: &str = "
The baseline learns in blocks (`baseline.block`); its flow level arms after `baseline.flow_blocks_min` of them, its function
level after `baseline.function_blocks_min`, when news comes no faster than was foretold. Until then what needs them is
written to the ledger, or learned. What comes within one block is one piece of news. It is *common here* when, with 95 %
confidence, a day brings at least `baseline.common_per_day` of its kind; once a day was heard, when more than one in two
days is expected and it did not cease. A command is none of what is common where it comes in another conversation than
the one in which its master polls the device, as far as that was heard since the start, or brings the third newly commanded
point within a quarter of an hour (a value of up to four registers is one).
";

/// The whole document.
pub(super) fn text(root: &Path) -> Result<String> {
    let defaults = Defaults::read()?;
    let ids: Vec<&'static str> = all().map(|detection| detection.id).collect();
    let evidence = gather(root, &ids)?;
    let mut text = HEADING.to_owned();
    for (word, means) in NEEDS {
        writeln!(text, "- *{word}*: {means}")?;
    }
    text.push_str(AFTER_NEEDS);
    write!(text, "\n{}\n", defaults.list(&GENERAL)?)?;
    for (heading, prefix) in [("Modbus", "MB-"), ("DNP3", "DN-"), ("Network and sensor", "OT-")] {
        write!(text, "\n## {heading}\n")?;
        let mut entries: Vec<&Detection> =
            all().filter(|entry| entry.id.starts_with(prefix)).collect();
        entries.sort_by_key(|entry| entry.id);
        for entry in entries {
            let behaviour = entry
                .behaviour()
                .with_context(|| format!("detections.tsv has no whole row for {}", entry.id))?;
            let evidence = evidence.get(entry.id).context("evidence was gathered for all")?;
            text.push_str(&section(entry, &behaviour, &defaults, evidence)?);
        }
    }
    text.push_str(&closing()?);
    Ok(text)
}

/// Settings that concern all.
const GENERAL: [&str; 9] = [
    "baseline.block",
    "baseline.flow_blocks_min",
    "baseline.function_blocks_min",
    "baseline.address_blocks_min",
    "baseline.point_blocks_min",
    "baseline.timing_blocks_min",
    "baseline.common_per_day",
    "detect.join",
    "detect.budget_high_per_day",
];

fn section(
    entry: &Detection,
    behaviour: &Behaviour,
    defaults: &Defaults,
    evidence: &Evidence,
) -> Result<String> {
    let mut text = format!("\n### {} {}\n\n", entry.id, entry.name);
    let needs: Vec<&str> = behaviour.needs().collect();
    writeln!(text, "- **Needs** {}", needs.join(", "))?;
    let severities: Vec<String> = behaviour
        .severities()
        .map(|(severity, when)| match severity {
            "" => when.to_owned(),
            severity => format!("*{severity}*: {when}"),
        })
        .collect();
    writeln!(text, "- **Severity** {}", severities.join("; "))?;
    let settings: Vec<&str> = behaviour.settings().collect();
    if !settings.is_empty() {
        writeln!(text, "- **Settings** {}", defaults.list(&settings)?)?;
    }
    let techniques: Vec<String> = entry
        .techniques()
        .map(|id| format!("{id} {}", technique_name(id).unwrap_or_default()))
        .collect();
    writeln!(text, "- **ATT&CK** {}", techniques.join(", "))?;
    writeln!(text, "- **Does not say** {}", behaviour.blind_spots)?;
    writeln!(text, "- **Tested by** {}", tested(evidence))?;
    if entry.kind == Kind::Health {
        writeln!(
            text,
            "- Concerns the sensor's own ability to hear; never counted as a false alarm"
        )?;
    }
    Ok(text)
}

/// What tests a detection, in a line.
fn tested(evidence: &Evidence) -> String {
    let mut parts = Vec::new();
    if !evidence.scenarios.is_empty() {
        parts.push(format!("the lab's {}", listed(&evidence.scenarios)));
    }
    if !evidence.fixtures.is_empty() {
        let fixtures = evidence.fixtures.iter().map(|(name, count)| match count {
            1 => format!("`{name}`"),
            count => format!("`{name}` ({count} seeds)"),
        });
        parts.push(format!("fixtures {}", fixtures.collect::<Vec<_>>().join(", ")));
    }
    if !evidence.public.is_empty() {
        parts.push(format!("labelled public captures in {}", quoted(&evidence.public)));
    }
    if !evidence.tests.is_empty() {
        parts.push(quoted(&evidence.tests));
    }
    if parts.is_empty() { "no test that names it yet".to_owned() } else { parts.join("; ") }
}

fn listed(names: &std::collections::BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}

fn quoted(names: &std::collections::BTreeSet<String>) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Techniques, limits, and what is not covered.
fn closing() -> Result<String> {
    let mut text = format!(
        "\n## Techniques of ATT&CK for ICS\n\nVersion {ATTACK_VERSION}. The same as a layer for the ATT&CK Navigator \
         (format 4.5): [deploy/attack/gridtap-ics-layer.json](../deploy/attack/gridtap-ics-layer.json).\n\n\
         | technique | detections |\n|---|---|\n"
    );
    for (technique, detections) in techniques() {
        let name = technique_name(technique).unwrap_or_default();
        writeln!(text, "| {technique} {name} | {} |", detections.join(" "))?;
    }
    write!(text, "\n## What a passive monitor cannot see\n\n{LIMITS}")?;
    text.push_str(
        "\n## Planned and not covered\n\nWhat could be said of Modbus, DNP3 and their networks and is not, with the \
         reason.\n\n| id | what | why not |\n|---|---|---|\n",
    );
    for (id, name, reason) in uncovered() {
        writeln!(text, "| {id} | {name} | {reason} |")?;
    }
    Ok(text)
}

/// The defaults of settings, out of the code.
struct Defaults(BTreeMap<&'static str, serde_json::Value>);

impl Defaults {
    fn read() -> Result<Self> {
        let detect = serde_json::to_value(gridtap_detect::Config::default())?;
        let baseline = serde_json::to_value(gridtap_baseline::Config::default())?;
        Ok(Self([("detect", detect), ("baseline", baseline)].into()))
    }

    /// Settings with their defaults: `` `detect.scan_units` (5) ``.
    fn list(&self, keys: &[&str]) -> Result<String> {
        let one = |key: &&str| Ok(format!("`{key}` ({})", self.value(key)?));
        Ok(keys.iter().map(one).collect::<Result<Vec<String>>>()?.join(", "))
    }

    fn value(&self, key: &str) -> Result<String> {
        let (section, name) = key.split_once('.').unwrap_or((key, ""));
        let value = self.0.get(section).and_then(|section| section.get(name));
        match value {
            Some(serde_json::Value::String(text)) => Ok(text.clone()),
            Some(serde_json::Value::Number(number)) => Ok(number.to_string()),
            Some(other) => Ok(other.to_string()),
            None => bail!(
                "crates/detect/data/detections.tsv names the setting {key}, which does not exist in `detect.` or `baseline.`"
            ),
        }
    }
}
