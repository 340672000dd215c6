//! Looking for anomalies and incidents: filtered, sorted, page by page.

use gridtap_model::{Severity, State, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, params_from_iter};

use crate::batch::{rank, severity_of};
use crate::life::state_name;
use crate::standpoint::{LIFE, Standpoint, life};
use crate::{Store, StoreError, Target};

/// Which anomalies are wanted; what is left open does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In one of these states; empty for any.
    pub states: Vec<State>,
    /// At least this bad.
    pub severity_min: Option<Severity>,
    /// Of this detection, such as `MB-29`.
    pub detection: Option<String>,
    /// About this device, by the name that records have.
    pub device: Option<String>,
    /// By this host: an address, or `address:port`.
    pub source: Option<String>,
    /// In this zone.
    pub zone: Option<String>,
    /// Of this incident.
    pub incident: Option<String>,
    /// Last seen at this moment or later.
    pub since: Option<Timestamp>,
    /// First seen before this moment.
    pub until: Option<Timestamp>,
    /// Shelved or not.
    pub shelved: Option<bool>,
    /// Suppressed, because it was declared beforehand, or not.
    pub suppressed: Option<bool>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// First seen last.
    #[default]
    Newest,
    /// First seen first.
    Oldest,
    /// The worst first, of those the newest.
    Severity,
}

/// Which part of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In which order.
    pub sort: Sort,
    /// After this anomaly (its id), which the page before ended with.
    pub after: Option<String>,
    /// How many at most.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { sort: Sort::Newest, after: None, limit: 100 }
    }
}

/// An incident as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Identifies it.
    pub id: String,
    /// How many anomalies it gathers.
    pub anomalies: u32,
    /// How many of them are not closed.
    pub open: u32,
    /// How many of them nobody has acknowledged.
    pub unacknowledged: u32,
    /// How often they were seen, together.
    pub count: u64,
    /// The worst of them.
    pub severity: Severity,
    /// When the first of them was first seen.
    pub time: Timestamp,
    /// When one of them was last seen.
    pub last_time: Timestamp,
    /// The sum of their revisions.
    pub revision: u32,
    /// The record of the one that stands for them: the worst, of those the surest, then the earliest.
    pub record: String,
}

/// One line of an anomaly's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// Orders everything that happened, from 1.
    pub sequence: u64,
    /// The revision that came of it.
    pub revision: u32,
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// What: `opened`, `acknowledged`, and so on.
    pub event: String,
    /// Who did it.
    pub who: String,
    /// By which way.
    pub via: String,
    /// Why.
    pub comment: String,
    /// The record that was told: one JSON object.
    pub record: String,
}

/// How many anomalies stand alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// In this state.
    pub state: State,
    /// This bad.
    pub severity: Severity,
    /// Shelved or not.
    pub is_shelved: bool,
    /// How many.
    pub count: u64,
    /// When the first of them was found.
    pub oldest: Timestamp,
}

struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    fn of(filter: &Filter) -> Self {
        let mut query = Self { sql: "1".to_owned(), values: Vec::new() };
        if !filter.states.is_empty() {
            let marks = vec!["?"; filter.states.len()].join(", ");
            query.sql.push_str(&format!(" AND state IN ({marks})"));
            let names =
                filter.states.iter().map(|state| Value::from(state_name(*state).to_owned()));
            query.values.extend(names);
        }
        let severity = filter.severity_min.map(rank);
        query.also("severity >= ?", severity);
        query.also("detection = ?", filter.detection.clone());
        query.also("device = ?", filter.device.clone());
        query.also("zone = ?", filter.zone.clone());
        query.also("incident = ?", filter.incident.clone());
        query.also("last_ns >= ?", filter.since.map(Timestamp::nanos));
        query.also("time_ns < ?", filter.until.map(Timestamp::nanos));
        if let Some(source) = &filter.source {
            query.sql.push_str(
                " AND (source = ? OR source LIKE ? ESCAPE '\\' OR source LIKE ? ESCAPE '\\')",
            );
            let plain = source.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            query.values.extend([
                source.clone().into(),
                format!("{plain}:%").into(),
                format!("[{plain}]:%").into(),
            ]);
        }
        match filter.shelved {
            Some(true) => query.sql.push_str(" AND shelved_until_ns IS NOT NULL"),
            Some(false) => query.sql.push_str(" AND shelved_until_ns IS NULL"),
            None => {}
        }
        match filter.suppressed {
            Some(true) => query.sql.push_str(" AND suppressed IS NOT NULL"),
            Some(false) => query.sql.push_str(" AND suppressed IS NULL"),
            None => {}
        }
        query
    }

    fn also(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.sql.push_str(" AND ");
            self.sql.push_str(condition);
            self.values.push(value.into());
        }
    }
}

impl Store {
    /// The anomalies that were asked for. A page that is full is followed by another, after its last one.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn find(&self, filter: &Filter, page: &Page) -> Result<Vec<Standpoint>, StoreError> {
        let mut query = Query::of(filter);
        if let Some(after) = &page.after {
            query.sql.push_str(match page.sort {
                Sort::Newest => {
                    " AND (time_ns, id) < (SELECT time_ns, id FROM anomaly WHERE id = ?)"
                }
                Sort::Oldest => {
                    " AND (time_ns, id) > (SELECT time_ns, id FROM anomaly WHERE id = ?)"
                }
                Sort::Severity => {
                    " AND (severity, time_ns, id) < (SELECT severity, time_ns, id FROM anomaly WHERE id = ?)"
                }
            });
            query.values.push(after.clone().into());
        }
        let order = match page.sort {
            Sort::Newest => "time_ns DESC, id DESC",
            Sort::Oldest => "time_ns, id",
            Sort::Severity => "severity DESC, time_ns DESC, id DESC",
        };
        let sql =
            format!("SELECT {LIFE} WHERE {} ORDER BY {order} LIMIT {}", query.sql, page.limit);
        self.collect(&sql, params_from_iter(query.values), |row| Ok(life(row)?.standpoint()))
    }

    /// How many anomalies there are of what was asked for.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn count(&self, filter: &Filter) -> Result<u64, StoreError> {
        let query = Query::of(filter);
        let sql = format!("SELECT COUNT(*) FROM anomaly WHERE {}", query.sql);
        let found: Vec<i64> =
            self.collect(&sql, params_from_iter(query.values), |row| row.get(0))?;
        Ok(found.first().and_then(|count| u64::try_from(*count).ok()).unwrap_or(0))
    }

    /// One anomaly. Part of an id will do, from eight characters on, where it is that of one only.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn anomaly(&self, id: &str) -> Result<Option<Standpoint>, StoreError> {
        let sql = format!("SELECT {LIFE} WHERE id = ?1");
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row([id], life).optional())
            .map_err(|error| self.failed(&error))?;
        if found.is_some() || id.len() < ABBREVIATED_MIN {
            return Ok(found.map(crate::standpoint::Life::standpoint));
        }
        let sql = format!("SELECT {LIFE} WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2");
        let mut like = self.collect(&sql, [id], |row| Ok(life(row)?.standpoint()))?;
        Ok(if like.len() == 1 { like.pop() } else { None })
    }

    /// The whole ids of what begins with an id: two at most, more are not told apart. From eight characters on.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn ids_like(&self, target: &Target) -> Result<Vec<String>, StoreError> {
        let (column, id) = match target {
            Target::Anomaly(id) => ("id", id),
            Target::Incident(id) => ("incident", id),
        };
        if id.len() < ABBREVIATED_MIN {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT DISTINCT {column} FROM anomaly WHERE substr({column}, 1, length(?1)) = ?1 LIMIT 2"
        );
        self.collect(&sql, [id], |row| row.get(0))
    }

    /// The incidents with an anomaly that was asked for, in the order of the page.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn incidents(&self, filter: &Filter, page: &Page) -> Result<Vec<Incident>, StoreError> {
        let mut query = Query::of(filter);
        let mut having = String::from("1");
        let key = match page.sort {
            Sort::Severity => "severity, time_ns, id",
            Sort::Newest | Sort::Oldest => "time_ns, id",
        };
        if let Some(after) = &page.after {
            let sign = if page.sort == Sort::Oldest { '>' } else { '<' };
            having = format!("({key}) {sign} (SELECT {key} FROM incident WHERE id = ?)");
            query.values.push(after.clone().into());
        }
        let order = match page.sort {
            Sort::Newest => "time_ns DESC, id DESC",
            Sort::Oldest => "time_ns, id",
            Sort::Severity => "severity DESC, time_ns DESC, id DESC",
        };
        let sql = format!(
            "SELECT id, anomalies, open, unacknowledged, count, severity, time_ns, last_ns, revision,
                 (SELECT record FROM anomaly a WHERE a.incident = i.id
                  ORDER BY a.severity DESC, a.record ->> '$.score' DESC, a.time_ns, a.id LIMIT 1)
             FROM incident i
             WHERE id IN (SELECT incident FROM anomaly WHERE {}) AND {having}
             ORDER BY {order} LIMIT {}",
            query.sql, page.limit
        );
        self.collect(&sql, params_from_iter(query.values), |row| {
            let count: i64 = row.get(4)?;
            Ok(Incident {
                id: row.get(0)?,
                anomalies: row.get(1)?,
                open: row.get(2)?,
                unacknowledged: row.get(3)?,
                count: u64::try_from(count).unwrap_or(0),
                severity: severity_of(row.get(5)?),
                time: Timestamp::from_nanos(row.get(6)?),
                last_time: Timestamp::from_nanos(row.get(7)?),
                revision: row.get(8)?,
                record: row.get(9)?,
            })
        })
    }

    /// What happened to an anomaly, in its order.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn history_of(&self, anomaly: &str) -> Result<Vec<Happening>, StoreError> {
        self.collect(
            "SELECT sequence, revision, at_ns, event, who, via, comment, record FROM anomaly_history
             WHERE anomaly = ?1 ORDER BY sequence",
            [anomaly],
            |row| {
                Ok(Happening {
                    sequence: u64::try_from(row.get::<_, i64>(0)?).unwrap_or(0),
                    revision: row.get(1)?,
                    at: Timestamp::from_nanos(row.get(2)?),
                    event: row.get(3)?,
                    who: row.get(4)?,
                    via: row.get(5)?,
                    comment: row.get(6)?,
                    record: row.get(7)?,
                })
            },
        )
    }

    /// How many anomalies there are in each state and severity, and since when the oldest of them stands there, by
    /// the time of the packets. Those that are suppressed are not among them.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn standings(&self) -> Result<Vec<(State, Severity, u64, Timestamp)>, StoreError> {
        self.collect(
            "SELECT state, severity, COUNT(*), MIN(opened_at_ns) FROM anomaly WHERE suppressed IS NULL
             GROUP BY state, severity",
            [],
            |row| {
                Ok((
                    crate::life::state_of(&row.get::<_, String>(0)?),
                    severity_of(row.get(1)?),
                    u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                    Timestamp::from_nanos(row.get(3)?),
                ))
            },
        )
    }

    /// How many anomalies there are in each state and severity, apart by whether they are shelved, and since when the
    /// oldest of them stands there, by the clock of whoever stored it.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn tally(&self) -> Result<Vec<Tally>, StoreError> {
        self.collect(
            "SELECT state, severity, shelved_until_ns IS NOT NULL AS shelved, COUNT(*), MIN(opened_at_ns)
             FROM anomaly GROUP BY state, severity, shelved",
            [],
            |row| {
                Ok(Tally {
                    state: crate::life::state_of(&row.get::<_, String>(0)?),
                    severity: severity_of(row.get(1)?),
                    is_shelved: row.get(2)?,
                    count: u64::try_from(row.get::<_, i64>(3)?).unwrap_or(0),
                    oldest: Timestamp::from_nanos(row.get(4)?),
                })
            },
        )
    }
}

/// How much of an id is enough to look for.
const ABBREVIATED_MIN: usize = 8;

#[cfg(test)]
mod tests;
