//! What is told of devices and of the baseline, each once: also by a service that was started again, and never so
//! much that the rest drowns in it.

mod kept;

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use gridtap_baseline::{Baseline, LevelArmed};
use gridtap_model::{Device, Severity, Timestamp};
use gridtap_sensor::DeviceStanding;
use gridtap_telemetry::DeviceState;
use serde_json::{Value, json};

use kept::Kept;

/// Where the state keeps what was told.
pub(crate) const META: &str = "devices";

/// So many messages about single devices in this time; what is more is gathered into one.
const SINGLE_MAX: usize = 10;
const SINGLE_TIME: Duration = Duration::from_secs(600);

/// While a zone still learns, its devices are gathered for so long before the first message names them.
const LESSON: Duration = Duration::from_secs(60);

/// How many devices a message names; it counts all of them.
const NAMES_MAX: usize = 50;

/// One thing to be told beside anomalies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    /// Its type, such as `device.new`.
    pub kind: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it says.
    pub data: Value,
}

/// What becomes of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// It is there for the first time.
    New,
    /// The same, while its zone learns: no news yet.
    Learned,
    Silent,
    Returned,
}

impl Change {
    const fn kind(self) -> &'static str {
        match self {
            Self::New | Self::Learned => "device.new",
            Self::Silent => "device.silent",
            Self::Returned => "device.returned",
        }
    }

    /// Whoever is told of the beginning is told of the end.
    const fn severity(self) -> Severity {
        match self {
            Self::Learned => Severity::Info,
            Self::New | Self::Silent | Self::Returned => Severity::Medium,
        }
    }

    fn says(self, what: &str, count: usize) -> String {
        let (have, is, answers) =
            if count == 1 { ("has", "is", "answers") } else { ("have", "are", "answer") };
        match self {
            Self::New => format!("{what} {have} been heard for the first time"),
            Self::Learned => format!("{what} {is} there; the baseline still learns"),
            Self::Silent => format!("{what} {have} not answered for much longer than usual"),
            Self::Returned => format!("{what} {answers} again"),
        }
    }
}

/// What was told, and what is to be.
#[derive(Debug)]
pub(crate) struct News {
    told: BTreeMap<Device, Kept>,
    /// When single devices were told of.
    singles: VecDeque<Instant>,
    /// Not before this is more than fits told of in one message.
    gather_at: Option<Instant>,
    learned_at: Option<Instant>,
}

impl News {
    /// Goes on after what was told before; `text` is what [`Self::text`] gave. A state that has none knows the devices
    /// of its baseline.
    pub(crate) fn of(text: Option<&str>, baseline: &Baseline) -> serde_json::Result<Self> {
        let told = match text {
            Some(text) => kept::read(text)?,
            None => kept::known(baseline),
        };
        Ok(Self { told, singles: VecDeque::new(), gather_at: None, learned_at: None })
    }

    /// The devices that are missed where they do not speak.
    pub(crate) fn missed(&self) -> impl Iterator<Item = DeviceStanding> + '_ {
        kept::missed(&self.told)
    }

    /// What was told, to go on from there.
    pub(crate) fn text(
        &mut self,
        standings: impl Iterator<Item = DeviceStanding>,
    ) -> serde_json::Result<String> {
        for standing in standings {
            if let Some(kept) = self.told.get_mut(&standing.device) {
                kept.heard(&standing);
            }
        }
        kept::text(&self.told)
    }

    /// What is new of devices, and is to be told now. At the `end` nothing waits for more.
    pub(crate) fn look(
        &mut self,
        standings: impl Iterator<Item = DeviceStanding>,
        baseline: &Baseline,
        now: Instant,
        end: bool,
    ) -> Vec<Event> {
        let mut changes: BTreeMap<Change, Vec<DeviceStanding>> = BTreeMap::new();
        for standing in standings {
            if let Some(change) = self.change(&standing, baseline) {
                changes.entry(change).or_default().push(standing);
            }
        }
        let mut events = Vec::new();
        let learned = changes.remove(&Change::Learned).unwrap_or_default();
        if !learned.is_empty() {
            let due = *self.learned_at.get_or_insert_with(|| later(now, LESSON));
            if end || now >= due {
                self.learned_at = Some(later(now, SINGLE_TIME));
                events.push(self.together(Change::Learned, &learned, baseline));
            }
        }
        while self.singles.front().is_some_and(|told| later(*told, SINGLE_TIME) <= now) {
            self.singles.pop_front();
        }
        let count: usize = changes.values().map(Vec::len).sum();
        if count <= SINGLE_MAX.saturating_sub(self.singles.len()) {
            for (change, standings) in &changes {
                for standing in standings {
                    self.singles.push_back(now);
                    events.push(self.together(*change, std::slice::from_ref(standing), baseline));
                }
            }
        } else if end || self.gather_at.is_none_or(|due| now >= due) {
            self.gather_at = Some(later(now, SINGLE_TIME));
            for (change, standings) in &changes {
                events.push(self.together(*change, standings, baseline));
            }
        }
        events
    }

    fn change(&self, standing: &DeviceStanding, baseline: &Baseline) -> Option<Change> {
        let told = self.told.get(&standing.device).map(|kept| kept.silent);
        match (told, standing.state) {
            (None, DeviceState::Active | DeviceState::Silent) => {
                let judges = baseline.armed_in(standing.device.zone);
                Some(if judges { Change::New } else { Change::Learned })
            }
            (Some(false), DeviceState::Silent) => Some(Change::Silent),
            (Some(true), DeviceState::Active) => Some(Change::Returned),
            _ => None,
        }
    }

    /// The news of these devices in one message; from now on they are told.
    fn together(
        &mut self,
        change: Change,
        standings: &[DeviceStanding],
        baseline: &Baseline,
    ) -> Event {
        for standing in standings {
            self.told.insert(standing.device, Kept::of(standing, change == Change::Silent));
        }
        let severity = change.severity();
        let mut data = match standings {
            [one] => about(&one.device, baseline),
            many => {
                let named = many.iter().take(NAMES_MAX).map(|one| about(&one.device, baseline));
                json!({ "devices": named.collect::<Vec<_>>() })
            }
        };
        let what = match data.get("device").and_then(Value::as_str) {
            Some(device) => device.to_owned(),
            None => format!("{} devices", standings.len()),
        };
        if let Some(fields) = data.as_object_mut() {
            fields.insert("severity".to_owned(), severity.name().into());
            fields.insert("message".to_owned(), change.says(&what, standings.len()).into());
            fields.insert("count".to_owned(), standings.len().into());
            fields.insert("learning".to_owned(), (change == Change::Learned).into());
            if let [DeviceStanding { last: Some(last), .. }] = standings {
                fields.insert("last".to_owned(), last.to_string().into());
            }
        }
        Event { kind: change.kind(), severity, data }
    }
}

/// A device as messages name it.
fn about(device: &Device, baseline: &Baseline) -> Value {
    let site = baseline.site();
    let text = match site.device_name(device) {
        Some(name) => format!("{name} ({device})"),
        None => device.to_string(),
    };
    json!({
        "device": text,
        "device_id": crate::network::id(device),
        "protocol": device.protocol.name(),
        "zone": site.zone_name(device.zone),
    })
}

/// A level of the baseline judges from now on.
pub(crate) fn activated(armed: &LevelArmed, baseline: &Baseline) -> Event {
    let zone = baseline.site().zone_name(armed.zone);
    let level = crate::knowledge::level_name(armed.level);
    let time: Timestamp = armed.time;
    Event {
        kind: "baseline.activated",
        severity: Severity::Info,
        data: json!({
            "severity": Severity::Info.name(),
            "zone": zone,
            "level": level,
            "time": time.to_string(),
            "message": format!(
                "the level {level} of the baseline judges in the zone {zone}: read what it learned with `gridtap baseline ledger` and sign off what is right"
            ),
        }),
    }
}

fn later(moment: Instant, time: Duration) -> Instant {
    moment.checked_add(time).unwrap_or(moment)
}

#[cfg(test)]
mod tests;
