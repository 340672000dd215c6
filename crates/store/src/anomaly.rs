//! Anomalies as the detector tells them, joined with what people did about them.
//!
//! The detector knows facts: what, how often, how bad. The store knows the life: seen, over, closed. A record that
//! nobody has acted on is the detector's own text, octet for octet; one that somebody has acted on carries a revision
//! of the store's, its state, and who did what.

use gridtap_model::{Anomaly, State, Timestamp};
use rusqlite::params;

use crate::batch::rank;
use crate::life::{Disposition, Event, Standing, state_name};
use crate::record::Record;
use crate::standpoint::{BY_PEOPLE, LIFE, Life, Told, life, successor};
use crate::{Batch, StoreError};

/// Who did it, and why: one line of the history.
pub(crate) struct Doing<'a> {
    pub(crate) event: Event,
    pub(crate) who: &'a str,
    pub(crate) via: &'a str,
    pub(crate) comment: &'a str,
}

impl Doing<'_> {
    pub(crate) const fn of_sensor(event: Event) -> Doing<'static> {
        Doing { event, who: "gridtap", via: "sensor", comment: "" }
    }
}

impl Batch<'_> {
    /// Stores what the detector says of an anomaly. What the same text said before is stored once; what people did
    /// about it stays. One that was closed is final: found again, it opens its successor.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn anomaly(&mut self, anomaly: &Anomaly) -> Result<Told, StoreError> {
        let facts = serde_json::to_string(anomaly).map_err(|error| self.unreadable(&error))?;
        let origin = anomaly.id.to_string();
        let known = self.one(
            &format!("SELECT {LIFE} WHERE origin = ?1 ORDER BY generation DESC LIMIT 1"),
            [&origin],
            life,
        )?;
        let Some(known) = known else {
            let new = Life {
                id: origin.clone(),
                incident: anomaly.incident.to_string(),
                revision: anomaly.revision,
                standing: Standing::NEW,
                severity: rank(anomaly.severity),
                record: facts.clone(),
                generation: 0,
                told: anomaly.revision,
                count: i64::try_from(anomaly.count).unwrap_or(i64::MAX),
                base_count: 0,
                facts,
                time: anomaly.time,
                opened: self.now(),
                suppressed: anomaly.suppressed.clone(),
            };
            return self.open(new, anomaly, &origin);
        };
        let is_news = anomaly.revision > known.told
            || (anomaly.revision == known.told && facts != known.facts);
        match (is_news, known.standing.state) {
            (true, State::Closed) if self.was_heard(&origin, anomaly)? => {
                self.recall(known, anomaly, facts)
            }
            (true, State::Closed) => self.succeed(known, anomaly, &origin, facts),
            (true, _) => self.update(known, anomaly, facts),
            (false, _) => self.recall(known, anomaly, facts),
        }
    }

    /// Whether a finding is about no other time than what was told of it before: the same packets, heard again by a
    /// baseline that has learned since, are told in other words.
    fn was_heard(&self, origin: &str, anomaly: &Anomaly) -> Result<bool, StoreError> {
        let heard = self.one(
            "SELECT MIN(time_ns) <= ?2 AND MAX(last_ns) >= ?3 FROM anomaly WHERE origin = ?1",
            params![origin, anomaly.time.nanos(), anomaly.last_time.nanos()],
            |row| row.get(0),
        )?;
        Ok(heard.unwrap_or(false))
    }

    fn open(&mut self, new: Life, anomaly: &Anomaly, origin: &str) -> Result<Told, StoreError> {
        let now = self.now().nanos();
        self.execute(
            "INSERT INTO anomaly (id, incident, revision, state, severity, time_ns, last_ns, count, detection,
                 record, origin, generation, told, base_count, facts, zone, device, source, opened_at_ns,
                 changed_at_ns, suppressed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?19, ?20)",
            params![
                new.id,
                new.incident,
                new.revision,
                state_name(new.standing.state),
                new.severity,
                new.time.nanos(),
                anomaly.last_time.nanos(),
                new.count,
                anomaly.detection,
                new.record,
                origin,
                new.generation,
                new.told,
                new.base_count,
                new.facts_apart(),
                anomaly.zone,
                anomaly.device,
                anomaly.source.to_string(),
                now,
                new.suppressed
            ],
        )?;
        let event = if new.suppressed.is_some() { Event::Suppressed } else { Event::Opened };
        self.happened(&new, &Doing::of_sensor(event))?;
        Ok(Told { standpoint: new.standpoint(), event: Some(event) })
    }

    /// The successor of one that was closed: it counts from there on.
    fn succeed(
        &mut self,
        closed: Life,
        anomaly: &Anomaly,
        origin: &str,
        facts: String,
    ) -> Result<Told, StoreError> {
        let generation = closed.generation.saturating_add(1);
        let base_count = closed.base_count.saturating_add(closed.count);
        let all = i64::try_from(anomaly.count).unwrap_or(i64::MAX);
        let mut next = Life {
            id: successor(origin, generation),
            incident: closed.incident,
            revision: 1,
            standing: Standing::NEW,
            severity: rank(anomaly.severity),
            record: String::new(),
            generation,
            told: anomaly.revision,
            count: all.saturating_sub(base_count).max(1),
            base_count,
            facts,
            time: anomaly.last_time,
            opened: self.now(),
            suppressed: anomaly.suppressed.clone(),
        };
        let mut record = Record::parse(&next.facts).map_err(|error| self.unreadable(&error))?;
        next.write_into(&mut record).map_err(|error| self.unreadable(&error))?;
        record.set("continues", &closed.id).map_err(|error| self.unreadable(&error))?;
        next.record = record.to_text().map_err(|error| self.unreadable(&error))?;
        self.open(next, anomaly, origin)
    }

    fn update(
        &mut self,
        known: Life,
        anomaly: &Anomaly,
        facts: String,
    ) -> Result<Told, StoreError> {
        let severity = rank(anomaly.severity);
        let again = anomaly.revision > known.told;
        let is_over = anomaly.state == State::UnacknowledgedCleared;
        let standing = match again {
            true if is_over => known.standing.over(),
            true => known.standing.seen_again(severity > known.severity),
            false => known.standing,
        };
        let acted = known.is_acted_on() || standing != known.standing;
        let revision = match (acted, again) {
            // The same packets again, in other words: whoever knows this revision misses nothing.
            (_, false) => known.revision,
            (true, true) => known.revision.saturating_add(1),
            (false, true) => anomaly.revision,
        };
        let all = i64::try_from(anomaly.count).unwrap_or(i64::MAX);
        let before = known.record.clone();
        let mut next = Life {
            revision,
            standing,
            severity,
            told: anomaly.revision,
            count: all.saturating_sub(known.base_count).max(1),
            facts,
            ..known
        };
        next.record = if acted { self.joined(&next, &before)? } else { next.facts.clone() };
        let now = self.now().nanos();
        self.execute(
            "UPDATE anomaly SET revision = ?2, state = ?3, severity = ?4, last_ns = ?5, count = ?6, record = ?7,
                 told = ?8, facts = ?9, zone = ?10, device = ?11, source = ?12, changed_at_ns = ?13
             WHERE id = ?1",
            params![
                next.id,
                next.revision,
                state_name(next.standing.state),
                next.severity,
                anomaly.last_time.nanos(),
                next.count,
                next.record,
                next.told,
                next.facts_apart(),
                anomaly.zone,
                anomaly.device,
                anomaly.source.to_string(),
                now
            ],
        )?;
        let event = if is_over { Event::Cleared } else { Event::Updated };
        let doing = Doing::of_sensor(event);
        if again {
            self.happened(&next, &doing)?;
        } else {
            self.write_history(&next, &doing)?;
        }
        Ok(Told { standpoint: next.standpoint(), event: again.then_some(event) })
    }

    /// What was told before. A run over the same capture tells it again: it is history where it is not yet.
    fn recall(
        &mut self,
        known: Life,
        anomaly: &Anomaly,
        facts: String,
    ) -> Result<Told, StoreError> {
        if known.is_acted_on() {
            return Ok(Told { standpoint: known.standpoint(), event: None });
        }
        let earlier = Life { revision: anomaly.revision, record: facts, ..known };
        let told = self.one(
            "SELECT 1 FROM anomaly_history WHERE anomaly = ?1 AND revision = ?2 AND record = ?3",
            params![earlier.id, earlier.revision, earlier.record],
            |_| Ok(()),
        )?;
        if told.is_none() {
            self.write_history(&earlier, &Doing::of_sensor(Event::Updated))?;
        }
        Ok(Told { standpoint: earlier.standpoint(), event: None })
    }

    /// The detector's newest words with what people did, which stood in the record before.
    fn joined(&self, next: &Life, before: &str) -> Result<String, StoreError> {
        let join = || {
            let old = Record::parse(before)?;
            let mut record = Record::parse(&next.facts)?;
            record.take_from(&old, BY_PEOPLE);
            next.write_into(&mut record)?;
            record.to_text()
        };
        join().map_err(|error| self.unreadable(&error))
    }

    /// Writes a change of life: the row, its history, and to whom it is to be told.
    pub(crate) fn live(
        &mut self,
        next: &mut Life,
        doing: &Doing<'_>,
        fields: &[(&str, Option<String>)],
    ) -> Result<(), StoreError> {
        next.revision = next.revision.saturating_add(1);
        let rewrite = |next: &Life| {
            let mut record = Record::parse(&next.record)?;
            next.write_into(&mut record)?;
            for (name, value) in fields {
                record.set_or_remove(name, value.as_ref())?;
            }
            record.to_text()
        };
        next.record = rewrite(next).map_err(|error| self.unreadable(&error))?;
        let now = self.now().nanos();
        self.execute(
            "UPDATE anomaly SET revision = ?2, state = ?3, shelved_until_ns = ?4, disposition = ?5, record = ?6,
                 changed_at_ns = ?7, facts = ?8
             WHERE id = ?1",
            params![
                next.id,
                next.revision,
                state_name(next.standing.state),
                next.standing.shelved_until.map(Timestamp::nanos),
                next.standing.disposition.map(Disposition::name),
                next.record,
                now,
                next.facts_apart()
            ],
        )?;
        self.happened(next, doing)
    }

    /// What happened goes into the history, and into the outbox of everyone who wants to know.
    fn happened(&mut self, life: &Life, doing: &Doing<'_>) -> Result<(), StoreError> {
        self.write_history(life, doing)?;
        self.announce(life, doing.event)
    }

    fn write_history(&mut self, life: &Life, doing: &Doing<'_>) -> Result<(), StoreError> {
        let now = self.now().nanos();
        self.execute(
            "INSERT INTO anomaly_history (anomaly, revision, record, at_ns, event, who, via, comment)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                life.id,
                life.revision,
                life.record,
                now,
                doing.event.name(),
                doing.who,
                doing.via,
                doing.comment
            ],
        )
    }
}
