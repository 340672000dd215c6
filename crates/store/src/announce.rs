//! To whom it is told what happened: each change writes what it owes to every receiver in its own transaction.
//!
//! A receiver that gets too much gets a digest: what is over its limit is *held*, named in the next digest by its id,
//! and never lost. Critical ones always pass, and take with them what was held of the same anomaly, so that each
//! anomaly is told in its order.

use gridtap_model::{Severity, Timestamp};
use rusqlite::params;
use serde_json::json;

use crate::announcement::Announcement;
use crate::batch::{rank, severity_of};
use crate::life::Event;
use crate::standpoint::Life;
use crate::{Batch, Store, StoreError};

/// One receiver, and what it wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its name in the configuration.
    pub endpoint: String,
    /// The types it wants, such as `anomaly.opened`; all of them where it names none.
    pub types: Vec<String>,
    /// What is less severe is not told.
    pub severity_min: Severity,
    /// How many messages in ten minutes before the rest is gathered in a digest; none for never.
    pub digest_above: Option<u32>,
}

impl Subscription {
    fn wants(&self, kind: &str, severity: Severity) -> bool {
        severity >= self.severity_min
            && (self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind))
    }
}

/// The time over which messages are counted, and after which what is held is told.
pub(crate) const DIGEST_NS: u64 = 600 * 1_000_000_000;

/// What is told of an anomaly that was declared beforehand.
const SUPPRESSED: &str = "anomaly.suppressed";

/// What a store needs to write what is owed.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    announcement: Announcement,
    subscriptions: Vec<Subscription>,
}

impl Store {
    /// From now on every change is told to these receivers.
    pub fn announce(&mut self, announcement: Announcement, subscriptions: Vec<Subscription>) {
        self.announcer = Some(Announcer { announcement, subscriptions });
    }
}

/// What is to be told.
struct News<'a> {
    kind: &'a str,
    severity: Severity,
    anomaly: Option<&'a str>,
    body: &'a str,
}

impl Batch<'_> {
    /// Owes everyone who wants it the news of an anomaly.
    pub(crate) fn announce(&mut self, life: &Life, event: Event) -> Result<(), StoreError> {
        // What a person put out of sight is not told again until it comes back, and what was declared beforehand only
        // that it was.
        let quiet = life.standing.shelved_until.is_some() && event == Event::Updated
            || life.suppressed.is_some() && event != Event::Suppressed;
        let kind = format!("anomaly.{}", event.name());
        let severity = severity_of(life.severity);
        if quiet || self.receivers(&kind, severity).is_empty() {
            return Ok(());
        }
        let told = self
            .announcement()
            .about(&kind, &self.now().to_string(), &life.id, &life.record)
            .map_err(|error| self.unreadable(&error))?;
        self.owe(&News { kind: &kind, severity, anomaly: Some(&life.id), body: &told })
    }

    /// Owes everyone who wants it the news of something else, such as `sensor.degraded`.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn announce_other(
        &mut self,
        kind: &str,
        severity: Severity,
        data: &serde_json::Value,
    ) -> Result<(), StoreError> {
        let body = self.envelope(kind, data);
        self.owe(&News { kind, severity, anomaly: None, body: &body })
    }

    /// Owes one receiver a message of its own, such as `webhook.test`. Its id.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn announce_to(
        &mut self,
        endpoint: &str,
        kind: &str,
        data: &serde_json::Value,
    ) -> Result<String, StoreError> {
        let body = self.envelope(kind, data);
        let news = News { kind, severity: Severity::Info, anomaly: None, body: &body };
        self.put(endpoint, &news, "pending")
    }

    /// A message of its own, such as `webhook.test`, which is owed to nobody: its id, and its body.
    #[must_use]
    pub fn message(&self, kind: &str, data: &serde_json::Value) -> (String, String) {
        (self.delivery_id(), self.envelope(kind, data))
    }

    fn envelope(&self, kind: &str, data: &serde_json::Value) -> String {
        self.announcement().message(kind, self.now(), data)
    }

    fn announcement(&self) -> &Announcement {
        const NONE: &Announcement = &Announcement::NONE;
        self.announcer().map_or(NONE, |announcer| &announcer.announcement)
    }

    fn receivers(&self, kind: &str, severity: Severity) -> Vec<Subscription> {
        let subscriptions = self.announcer().map(|announcer| announcer.subscriptions.iter());
        let wants = |each: &&Subscription| each.wants(kind, severity);
        subscriptions.into_iter().flatten().filter(wants).cloned().collect()
    }

    fn owe(&mut self, news: &News<'_>) -> Result<(), StoreError> {
        for subscription in self.receivers(news.kind, news.severity) {
            let state = self.pass_or_hold(&subscription, news)?;
            self.put(&subscription.endpoint, news, state)?;
        }
        Ok(())
    }

    fn pass_or_hold(
        &mut self,
        subscription: &Subscription,
        news: &News<'_>,
    ) -> Result<&'static str, StoreError> {
        let (Some(limit), Some(anomaly)) = (subscription.digest_above, news.anomaly) else {
            return Ok("pending");
        };
        // It alarms nobody, and takes no alarm's place.
        if news.kind == SUPPRESSED {
            return Ok("pending");
        }
        let endpoint = &subscription.endpoint;
        if news.severity == Severity::Critical {
            self.execute(
                "UPDATE outbox SET state = 'pending', due_ns = created_ns
                 WHERE endpoint = ?1 AND anomaly = ?2 AND state = 'held'",
                [endpoint, anomaly],
            )?;
            return Ok("pending");
        }
        let held = self.one(
            "SELECT 1 FROM outbox WHERE endpoint = ?1 AND anomaly = ?2 AND state = 'held' LIMIT 1",
            [endpoint, anomaly],
            |_| Ok(()),
        )?;
        if held.is_some() {
            return Ok("held");
        }
        let since = self.now().minus_ns(DIGEST_NS).nanos();
        let recent = self.one(
            "SELECT COUNT(*) FROM (SELECT 1 FROM outbox WHERE endpoint = ?1 AND created_ns > ?2
                 AND anomaly IS NOT NULL AND type <> ?4 AND state NOT IN ('held', 'digested') LIMIT ?3)",
            params![endpoint, since, limit, SUPPRESSED],
            |row| row.get::<_, u32>(0),
        )?;
        Ok(if recent.unwrap_or(0) >= limit { "held" } else { "pending" })
    }

    fn put(&mut self, endpoint: &str, news: &News<'_>, state: &str) -> Result<String, StoreError> {
        let id = self.delivery_id();
        self.execute(
            "INSERT INTO outbox (endpoint, id, type, anomaly, severity, body, created_ns, due_ns, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
            params![
                endpoint,
                id,
                news.kind,
                news.anomaly,
                rank(news.severity),
                news.body,
                self.now().nanos(),
                state
            ],
        )?;
        Ok(id)
    }

    /// The id of a delivery, the same on every retry (UUIDv7: it orders by time).
    fn delivery_id(&self) -> String {
        let seconds = u64::try_from(self.now().nanos().div_euclid(1_000_000_000)).unwrap_or(0);
        let nanos = u32::try_from(self.now().nanos().rem_euclid(1_000_000_000)).unwrap_or(0);
        let time = uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos);
        uuid::Uuid::new_v7(time).to_string()
    }

    /// Gathers what is held of a receiver into digests, once the oldest of it has waited for ten minutes. Every one
    /// is named by its id. How many digests it took.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn digest_due(&mut self, endpoint: &str) -> Result<u32, StoreError> {
        let before = self.now().minus_ns(DIGEST_NS).nanos();
        let oldest = self.one(
            "SELECT MIN(created_ns) FROM outbox WHERE endpoint = ?1 AND state = 'held'",
            [endpoint],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        if oldest.flatten().is_none_or(|oldest| oldest > before) {
            return Ok(0);
        }
        let mut digests = 0_u32;
        loop {
            let named = self.all(
                "SELECT DISTINCT a.id, a.severity, a.detection, a.state, a.revision, a.count, a.device
                 FROM outbox o JOIN anomaly a ON a.id = o.anomaly
                 WHERE o.endpoint = ?1 AND o.state = 'held' ORDER BY a.severity DESC, a.time_ns, a.id LIMIT ?2",
                params![endpoint, DIGEST_NAMES_MAX],
                |row| {
                    Ok(json!({
                        "id": row.get::<_, String>(0)?,
                        "severity": severity_of(row.get(1)?).name(),
                        "detection": row.get::<_, String>(2)?,
                        "state": row.get::<_, String>(3)?,
                        "revision": row.get::<_, i64>(4)?,
                        "count": row.get::<_, i64>(5)?,
                        "device": row.get::<_, String>(6)?,
                    }))
                },
            )?;
            if named.is_empty() {
                break;
            }
            let ids: Vec<String> = named
                .iter()
                .filter_map(|each| Some(each.get("id")?.as_str()?.to_owned()))
                .collect();
            let data = json!({ "count": named.len(), "anomalies": named });
            let id = self.announce_to(endpoint, "anomaly.digest", &data)?;
            for anomaly in ids {
                self.execute(
                    "UPDATE outbox SET state = 'digested', digest = ?3, settled_ns = ?4
                     WHERE endpoint = ?1 AND anomaly = ?2 AND state = 'held'",
                    params![endpoint, anomaly, id, self.now().nanos()],
                )?;
            }
            digests = digests.saturating_add(1);
        }
        Ok(digests)
    }
}

/// How many anomalies one digest names, so that it stays below the 20 kB of a message.
const DIGEST_NAMES_MAX: u32 = 60;

/// The time to wait before asking for a digest again, at the least.
#[must_use]
pub const fn digest_wait_ns() -> u64 {
    DIGEST_NS
}

/// A moment in the words of the database.
pub(crate) fn moment(nanos: Option<i64>) -> Option<Timestamp> {
    nanos.map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests;
