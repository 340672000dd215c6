//! Silences of an Alertmanager: whoever silences one anomaly there has seen it, so it is acknowledged here.
//!
//! No web hook tells of a silence, so the Alertmanager is asked for them, by the same client and the same list of
//! targets as alerts are sent to it. Each silence acts once, by its id: that it did is kept in the state while it stands,
//! and what it did is in the anomaly's history with its id. When it ends, nothing is undone. Its creator is whatever name
//! the Alertmanager was told: who may reach that, may acknowledge.

use std::collections::BTreeMap;

use gridtap_model::{Severity, Span, Timestamp};
use gridtap_store::{Act, ActError, Action, Audit, Batch, Person, Seen, StoreError, Target};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{REST_MAX, Told, Worker, waits};

/// Where an Alertmanager lists them.
const SILENCES: &str = "/api/v2/silences";
/// Octets of that list; it holds ended ones for days.
const LIST_OCTETS_MAX: u64 = 8 * 1024 * 1024;
/// Silences that are looked at; the rest waits until some have ended.
const STANDING_MAX: usize = 1_000;
/// Silences that act in one round.
const ROUND_MAX: usize = 64;
/// Octets of a silence's id; an Alertmanager's has 36.
const ID_OCTETS_MAX: usize = 128;
/// Letters of its creator's name and of its comment that are kept: each ends in the audit log, which keeps it for good.
const NAME_LETTERS_MAX: usize = 128;
const COMMENT_LETTERS_MAX: usize = 1024;
/// How often it is noted again that one still stands: what is not noted for a day is forgotten.
const NOTE_EVERY: Span = Span::from_secs(6 * 3600);
/// Names of the label that holds an anomaly's id: ours, and what people write.
const NAMES: [&str; 2] = ["anomaly", "anomaly_id"];

/// A silence, as far as it matters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Silence {
    id: String,
    status: Status,
    matchers: Vec<Matcher>,
    #[serde(default)]
    created_by: String,
    #[serde(default)]
    comment: String,
}

#[derive(Debug, Deserialize)]
struct Status {
    state: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Matcher {
    name: String,
    value: String,
    is_regex: bool,
    #[serde(default = "equal")]
    is_equal: bool,
}

/// Before version 0.22 there was nothing else.
const fn equal() -> bool {
    true
}

impl Silence {
    /// The one anomaly that it names; other matchers only narrow it.
    fn anomaly(&self) -> Option<&str> {
        if self.status.state != "active" {
            return None;
        }
        let mut named = self.matchers.iter().filter(|each| NAMES.contains(&each.name.as_str()));
        let (matcher, None) = (named.next()?, named.next()) else { return None };
        (matcher.is_equal && !matcher.is_regex).then_some(matcher.value.trim())
    }
}

/// Those of a list that name one anomaly each.
fn standing(list: &[u8]) -> serde_json::Result<Vec<Silence>> {
    let mut silences: Vec<Silence> = serde_json::from_slice(list)?;
    silences.retain(|silence| {
        silence.anomaly().is_some() && (1..=ID_OCTETS_MAX).contains(&silence.id.len())
    });
    silences.sort_by(|one, other| one.id.cmp(&other.id));
    silences.truncate(STANDING_MAX);
    for silence in &mut silences {
        silence.created_by = kept(&silence.created_by, NAME_LETTERS_MAX);
        silence.comment = kept(&silence.comment, COMMENT_LETTERS_MAX);
    }
    Ok(silences)
}

/// Text of the other side, as much of it as is kept, without what a terminal would obey.
fn kept(text: &str, letters_max: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(letters_max).collect()
}

/// What one silence does.
struct Deed {
    /// As the store calls the way that it came by.
    via: String,
    silence: String,
    anomaly: String,
    by: String,
    comment: String,
    severity_max: Severity,
}

impl Worker {
    /// Looks at the silences where it is time; when to do so next.
    pub(super) fn ask_silences(&mut self, now: Timestamp) -> Result<Timestamp, StoreError> {
        let endpoint = self.courier.endpoint();
        let Some(every) = endpoint.silences_every else { return Ok(Timestamp::MAX) };
        if waits(now, self.silences_at, every) {
            return Ok(self.silences_at);
        }
        let (name, severity_max) = (endpoint.name.clone(), endpoint.silences_severity_max);
        self.silences_at = now.plus_ns(every.nanos());
        if waits(now, self.rest_until, REST_MAX) {
            return Ok(self.silences_at);
        }
        let list = self.courier.client().read(SILENCES, LIST_OCTETS_MAX);
        let read = list.map_err(|error| error.to_string()).and_then(|list| {
            standing(&list).map_err(|error| format!("no list of silences: {error}"))
        });
        let (acknowledged, error) = match read {
            Ok(standing) => (self.heed(&name, standing, severity_max, now)?, None),
            Err(error) => (0, Some(error)),
        };
        if acknowledged > 0 || error.is_some() {
            (self.world.tell)(&Told::Silences { endpoint: &name, acknowledged, error });
        }
        Ok(self.silences_at)
    }

    /// Does what silences ask for that were not looked at before. How many anomalies they acknowledged.
    fn heed(
        &mut self,
        name: &str,
        standing: Vec<Silence>,
        severity_max: Severity,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let via = format!("silences {name}");
        let mut known = BTreeMap::new();
        let mut deeds = Vec::new();
        let mut lasting = Vec::new();
        for silence in standing {
            let Some(anomaly) = silence.anomaly().map(str::to_ascii_lowercase) else { continue };
            if let Some(noted) = self.silences.get(&silence.id).copied() {
                let is_old = now.since_ns(noted) >= NOTE_EVERY.nanos();
                if is_old {
                    lasting.push(silence.id.clone());
                }
                known.insert(silence.id, if is_old { now } else { noted });
                continue;
            }
            // One of another sensor, or of what retention has taken away.
            if self.store()?.anomaly(&anomaly)?.is_none_or(|found| found.id != anomaly) {
                continue;
            }
            if deeds.len() >= ROUND_MAX {
                continue;
            }
            known.insert(silence.id.clone(), now);
            let mark = mark(&silence.id);
            let mut history = self.store()?.history_of(&anomaly)?.into_iter();
            if history.any(|each| each.via == via && each.comment.starts_with(&mark)) {
                continue;
            }
            deeds.push(Deed {
                via: via.clone(),
                silence: silence.id,
                anomaly,
                by: silence.created_by,
                comment: format!("{mark}{}", silence.comment),
                severity_max,
            });
        }
        let mut acknowledged = 0_usize;
        if !deeds.is_empty() || !lasting.is_empty() {
            acknowledged = self.world.handle.run(move |batch| {
                for silence in &lasting {
                    batch.keep_hook(&via, silence)?;
                }
                let mut done = 0_usize;
                for deed in &deeds {
                    done = done.saturating_add(usize::from(deed.once(batch)?));
                }
                Ok::<_, StoreError>(done)
            })?;
        }
        self.silences = known;
        Ok(acknowledged)
    }
}

/// What the comment of its deed begins with.
fn mark(silence: &str) -> String {
    format!("silence {silence}: ")
}

impl Deed {
    /// Acknowledges, unless this silence was looked at before. Whether it did.
    fn once(&self, batch: &mut Batch<'_>) -> Result<bool, StoreError> {
        let digest: [u8; 32] = Sha256::digest(&self.anomaly).into();
        if batch.hook_seen(&self.via, &self.silence, &digest)? != Seen::New {
            batch.keep_hook(&self.via, &self.silence)?;
            return Ok(false);
        }
        batch.note_hook(&self.via, &self.silence, &digest, 200, "")?;
        let target = Target::Anomaly(self.anomaly.clone());
        let found = batch.find_target(&target)?;
        let name = if self.by.trim().is_empty() { "Alertmanager" } else { self.by.trim() };
        let by =
            Person { name: name.to_owned(), role: "operator".to_owned(), via: self.via.clone() };
        if found.is_some_and(|found| found.severity > self.severity_max) {
            batch.audit(&Audit {
                who: by.name,
                role: by.role,
                via: by.via,
                action: Action::Acknowledge.name().to_owned(),
                subject: format!("anomaly {}", self.anomaly),
                outcome: format!(
                    "refused: a silence may acknowledge anomalies up to {} only",
                    self.severity_max.name()
                ),
                detail: self.comment.clone(),
            })?;
            return Ok(false);
        }
        let act = Act {
            target,
            action: Action::Acknowledge,
            by,
            comment: self.comment.clone(),
            expected_revision: None,
        };
        match batch.act(&act) {
            Ok(_) => Ok(true),
            Err(ActError::Store(error)) => Err(error),
            // Why is in the audit log by now: somebody was faster, or it is closed.
            Err(_) => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
