//! What people do with anomalies and incidents.

use gridtap_model::{Severity, State, Timestamp};

use crate::anomaly::Doing;
use crate::audit::Audit;
use crate::batch::severity_of;
use crate::life::{Action, Event, Refusal};
use crate::standpoint::{LIFE, Life, Standpoint, life};
use crate::{Batch, StoreError};

/// What is acted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One anomaly, by its id.
    Anomaly(String),
    /// Every anomaly of an incident with which the action is possible.
    Incident(String),
}

impl Target {
    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Anomaly(id) | Self::Incident(id) => id,
        }
    }

    /// What it is, in sentences.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Anomaly(_) => "anomaly",
            Self::Incident(_) => "incident",
        }
    }
}

/// Who acts, and by which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// As what.
    pub role: String,
    /// By which way: `cli`, `api`, `page`, `hook NAME`.
    pub via: String,
}

/// One deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// On what.
    pub target: Target,
    /// What.
    pub action: Action,
    /// By whom.
    pub by: Person,
    /// Why.
    pub comment: String,
    /// The revision that its author saw; another one is a conflict.
    pub expected_revision: Option<u32>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// There is none of that id.
    #[error("there is no {} {}", .0.kind(), .0.id())]
    Unknown(Target),
    /// Somebody was faster.
    #[error("{} {} is at revision {found}, not {expected}: look at it again", target.kind(), target.id())]
    Revision {
        /// Acted on.
        target: Target,
        /// The revision that was expected.
        expected: u32,
        /// The one there is.
        found: u32,
        /// Where it stands.
        state: State,
    },
    /// It is not possible where it stands.
    #[error("{} {}: {refusal}", target.kind(), target.id())]
    Refused {
        /// Acted on.
        target: Target,
        /// Where it stands.
        state: State,
        /// Why.
        refusal: Refusal,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is acted on, as it stands: an incident by its first anomaly, its worst and the sum of its revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Where it stands.
    pub state: State,
    /// How bad if true.
    pub severity: Severity,
    /// What to expect when acting on it.
    pub revision: u32,
}

/// The longest comment and name that are kept, in octets: the rest is cut off.
pub const COMMENT_MAX: usize = 4096;

impl Batch<'_> {
    /// Does it, with its history and its row in the audit log, or says why not. What is refused leaves an audit row
    /// too, which the caller's batch must commit.
    ///
    /// # Errors
    /// It is not possible, and nothing has changed.
    pub fn act(&mut self, act: &Act) -> Result<Vec<Standpoint>, ActError> {
        let done = self.whole(|batch| batch.act_on_all(act));
        let outcome = match &done {
            Ok(_) => "done".to_owned(),
            // A database that fails can't note that it failed.
            Err(ActError::Store(_)) => return done,
            Err(error) => error.to_string(),
        };
        let mut detail = cut(&act.comment);
        if let Action::Close { disposition } = act.action {
            detail = format!("{}: {detail}", disposition.name());
        }
        self.audit(&Audit {
            who: cut(&act.by.name),
            role: act.by.role.clone(),
            via: act.by.via.clone(),
            action: act.action.name().to_owned(),
            subject: format!("{} {}", act.target.kind(), cut(act.target.id())),
            outcome,
            detail,
        })?;
        done
    }

    /// What is acted on, as it stands; none where there is none of that id.
    ///
    /// # Errors
    /// The database cannot read.
    pub fn find_target(&self, target: &Target) -> Result<Option<Found>, StoreError> {
        let lives = self.lives_of(target)?;
        let revision = sum_of_revisions(&lives);
        let severity = lives.iter().map(|life| severity_of(life.severity)).max();
        let first = lives.first().map(|life| life.standing.state);
        Ok(first.zip(severity).map(|(state, severity)| Found { state, severity, revision }))
    }

    fn lives_of(&self, target: &Target) -> Result<Vec<Life>, StoreError> {
        let (column, id) = match target {
            Target::Anomaly(id) => ("id", id),
            Target::Incident(id) => ("incident", id),
        };
        let sql = format!("SELECT {LIFE} WHERE {column} = ?1 ORDER BY time_ns, id");
        self.all(&sql, [id], life)
    }

    fn act_on_all(&mut self, act: &Act) -> Result<Vec<Standpoint>, ActError> {
        let lives = self.lives_of(&act.target)?;
        let Some(first) = lives.first() else { return Err(ActError::Unknown(act.target.clone())) };
        let state = first.standing.state;
        let found = sum_of_revisions(&lives);
        if let Some(expected) = act.expected_revision
            && expected != found
        {
            return Err(ActError::Revision { target: act.target.clone(), expected, found, state });
        }
        let refused =
            |state, refusal| ActError::Refused { target: act.target.clone(), state, refusal };
        if act.action.needs_reason() && act.comment.trim().is_empty() {
            return Err(refused(state, Refusal::ReasonMissing));
        }
        let mut done = Vec::with_capacity(lives.len());
        let mut why_not = None;
        for mut life in lives {
            match life.standing.after(act.action, self.now()) {
                Ok(standing) => {
                    life.standing = standing;
                    self.do_one(&mut life, act)?;
                    done.push(life.standpoint());
                }
                Err(refusal) => {
                    why_not.get_or_insert((life.standing.state, refusal));
                }
            }
        }
        match (done.is_empty(), why_not) {
            (true, Some((state, refusal))) => Err(refused(state, refusal)),
            _ => Ok(done),
        }
    }

    fn do_one(&mut self, life: &mut Life, act: &Act) -> Result<(), StoreError> {
        let comment = cut(&act.comment);
        let name = cut(&act.by.name);
        let text = |text: &str| Some(text.to_owned());
        let mut fields: Vec<(&str, Option<String>)> = match act.action {
            Action::Acknowledge => vec![
                ("acknowledged_by", text(&name)),
                ("acknowledged_time", Some(self.now().to_string())),
            ],
            Action::Unacknowledge => vec![("acknowledged_by", None), ("acknowledged_time", None)],
            Action::Shelve { until } => {
                vec![("shelved_by", text(&name)), ("shelved_until", Some(until.to_string()))]
            }
            Action::Unshelve => vec![("shelved_by", None), ("shelved_until", None)],
            Action::Comment => Vec::new(),
            Action::Close { disposition } => vec![
                ("shelved_by", None),
                ("shelved_until", None),
                ("disposition", text(disposition.name())),
                ("closed_by", text(&name)),
            ],
        };
        if !comment.is_empty() {
            fields.push(("comment", text(&comment)));
        }
        let event = act.action.event();
        let doing = Doing { event, who: &name, via: &act.by.via, comment: &comment };
        self.live(life, &doing, &fields)
    }

    /// Brings back what was shelved until now, and says so.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn unshelve_due(&mut self) -> Result<Vec<Standpoint>, StoreError> {
        let sql =
            format!("SELECT {LIFE} WHERE shelved_until_ns <= ?1 ORDER BY shelved_until_ns, id");
        let due = self.all(&sql, [self.now().nanos()], life)?;
        let mut back = Vec::with_capacity(due.len());
        for mut life in due {
            life.standing.shelved_until = None;
            let doing = Doing {
                comment: "the time of shelving is over",
                ..Doing::of_sensor(Event::Unshelved)
            };
            self.live(&mut life, &doing, &[("shelved_by", None), ("shelved_until", None)])?;
            back.push(life.standpoint());
        }
        Ok(back)
    }

    /// Lets the condition be over of every anomaly that was last seen at `before` or earlier, in the time of the
    /// packets. At most `limit` at once: the rest is due the next time.
    ///
    /// # Errors
    /// The database cannot write.
    pub fn clear_quiet(
        &mut self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<Standpoint>, StoreError> {
        let sql = format!(
            "SELECT {LIFE} WHERE state IN ('unacknowledged-active', 'acknowledged-active') AND last_ns <= ?1
             ORDER BY last_ns, id LIMIT ?2"
        );
        let quiet = self.all(&sql, rusqlite::params![before.nanos(), limit], life)?;
        let mut over = Vec::with_capacity(quiet.len());
        for mut life in quiet {
            life.standing = life.standing.over();
            self.live(&mut life, &Doing::of_sensor(Event::Cleared), &[])?;
            over.push(life.standpoint());
        }
        Ok(over)
    }
}

fn sum_of_revisions(lives: &[Life]) -> u32 {
    lives.iter().fold(0, |sum, life| sum.saturating_add(life.revision))
}

/// Text of a person, as much of it as is kept, without what a terminal would obey.
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(COMMENT_MAX);
    let kept = text.get(..end).unwrap_or_default();
    kept.chars().filter(|letter| !letter.is_control() || *letter == '\n').collect()
}

#[cfg(test)]
mod tests;
