//! The life of an anomaly in the words of ISA-18.2 / IEC 62682: where it stands, what may be done with it, and where
//! that leads.
//!
//! A state machine without a database: everything that acts on an anomaly goes through [`Standing`].

use std::fmt;

use gridtap_model::{State, Timestamp};
use serde::{Deserialize, Serialize};

/// How long an anomaly may be shelved at most: one shift with its handing over (12 h).
pub const SHELVED_MAX_NS: u64 = 12 * 3600 * 1_000_000_000;

/// What it turned out to be. Apart from the acknowledgement: that somebody looked says nothing of what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It was what it said.
    TruePositive,
    /// It happened, and was meant to.
    ExpectedChange,
    /// It was wrong.
    FalsePositive,
}

impl Disposition {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TruePositive, Self::ExpectedChange, Self::FalsePositive];

    /// The name in records and requests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TruePositive => "true_positive",
            Self::ExpectedChange => "expected_change",
            Self::FalsePositive => "false_positive",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|disposition| disposition.name() == name)
    }
}

/// What a person does with an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// I have seen it and take it on.
    Acknowledge,
    /// Not seen after all.
    Unacknowledge,
    /// Out of sight for a while; it comes back by itself.
    Shelve {
        /// Until when.
        until: Timestamp,
    },
    /// Back into sight before its time.
    Unshelve,
    /// A remark.
    Comment,
    /// Done with: what it was.
    Close {
        /// What it turned out to be.
        disposition: Disposition,
    },
}

impl Action {
    /// The names of all actions.
    pub const NAMES: [&'static str; 6] =
        ["acknowledge", "unacknowledge", "shelve", "unshelve", "comment", "close"];

    /// The name in requests, on the command line and in the audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Unacknowledge => "unacknowledge",
            Self::Shelve { .. } => "shelve",
            Self::Unshelve => "unshelve",
            Self::Comment => "comment",
            Self::Close { .. } => "close",
        }
    }

    /// What is told when it has been done: the second half of `anomaly.acknowledged`.
    #[must_use]
    pub(crate) const fn event(self) -> Event {
        match self {
            Self::Acknowledge => Event::Acknowledged,
            Self::Unacknowledge => Event::Unacknowledged,
            Self::Shelve { .. } => Event::Shelved,
            Self::Unshelve => Event::Unshelved,
            Self::Comment => Event::Updated,
            Self::Close { .. } => Event::Closed,
        }
    }

    /// Whether it needs to say why.
    #[must_use]
    pub const fn needs_reason(self) -> bool {
        matches!(self, Self::Shelve { .. } | Self::Comment)
    }
}

/// What happened to an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// It was found.
    Opened,
    /// It was found again, became worse, or was commented on.
    Updated,
    /// A person has seen it.
    Acknowledged,
    /// A person took that back.
    Unacknowledged,
    /// A person put it out of sight.
    Shelved,
    /// It is back in sight.
    Unshelved,
    /// Its condition is over.
    Cleared,
    /// A person is done with it.
    Closed,
    /// It fell into a window that was declared beforehand.
    Suppressed,
}

impl Event {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Opened,
        Self::Updated,
        Self::Acknowledged,
        Self::Unacknowledged,
        Self::Shelved,
        Self::Unshelved,
        Self::Cleared,
        Self::Closed,
        Self::Suppressed,
    ];

    /// The name in the history.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Acknowledged => "acknowledged",
            Self::Unacknowledged => "unacknowledged",
            Self::Shelved => "shelved",
            Self::Unshelved => "unshelved",
            Self::Cleared => "cleared",
            Self::Closed => "closed",
            Self::Suppressed => "suppressed",
        }
    }
}

/// Why an action is not possible now, in one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It is closed, which is final.
    Closed,
    /// Somebody has acknowledged it already.
    Acknowledged,
    /// Nobody has acknowledged it yet.
    NotAcknowledged,
    /// It is shelved already.
    Shelved,
    /// It is not shelved.
    NotShelved,
    /// The end of shelving has passed.
    ShelvedInPast,
    /// Longer than anything may be shelved.
    ShelvedTooLong,
    /// It has to say why.
    ReasonMissing,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "it is closed, which is final; the next occurrence opens a new anomaly",
            Self::Acknowledged => "it is acknowledged already",
            Self::NotAcknowledged => "it is not acknowledged yet: acknowledge it first",
            Self::Shelved => "it is shelved already: unshelve it first",
            Self::NotShelved => "it is not shelved",
            Self::ShelvedInPast => "the end of shelving has passed: name a moment to come",
            Self::ShelvedTooLong => "nothing is shelved for longer than 12 h: name an earlier end",
            Self::ReasonMissing => "it needs a comment that says why",
        })
    }
}

/// Where an anomaly stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Seen or not, over or not.
    pub state: State,
    /// Until when it is out of sight; none where it is not.
    pub shelved_until: Option<Timestamp>,
    /// What it turned out to be, where it is closed.
    pub disposition: Option<Disposition>,
}

impl Standing {
    /// That of an anomaly just found.
    pub const NEW: Self =
        Self { state: State::UnacknowledgedActive, shelved_until: None, disposition: None };

    /// Where an action leads.
    ///
    /// # Errors
    /// The action is not possible where it stands.
    pub fn after(self, action: Action, now: Timestamp) -> Result<Self, Refusal> {
        use State::{
            AcknowledgedActive, Cleared, Closed, UnacknowledgedActive, UnacknowledgedCleared,
        };
        if self.state == Closed && action != Action::Comment {
            return Err(Refusal::Closed);
        }
        match action {
            Action::Comment => Ok(self),
            Action::Acknowledge => match self.state {
                UnacknowledgedActive => Ok(Self { state: AcknowledgedActive, ..self }),
                UnacknowledgedCleared => Ok(Self { state: Cleared, ..self }),
                _ => Err(Refusal::Acknowledged),
            },
            Action::Unacknowledge => match self.state {
                AcknowledgedActive => Ok(Self { state: UnacknowledgedActive, ..self }),
                Cleared => Ok(Self { state: UnacknowledgedCleared, ..self }),
                _ => Err(Refusal::NotAcknowledged),
            },
            Action::Shelve { until } if self.shelved_until.is_none() => {
                if until <= now {
                    Err(Refusal::ShelvedInPast)
                } else if until.since_ns(now) > SHELVED_MAX_NS {
                    Err(Refusal::ShelvedTooLong)
                } else {
                    Ok(Self { shelved_until: Some(until), ..self })
                }
            }
            Action::Shelve { .. } => Err(Refusal::Shelved),
            Action::Unshelve if self.shelved_until.is_some() => {
                Ok(Self { shelved_until: None, ..self })
            }
            Action::Unshelve => Err(Refusal::NotShelved),
            Action::Close { disposition } => match self.state {
                AcknowledgedActive | Cleared => {
                    Ok(Self { state: Closed, shelved_until: None, disposition: Some(disposition) })
                }
                _ => Err(Refusal::NotAcknowledged),
            },
        }
    }

    /// Its condition holds again. What was over is active and wants to be seen anew; what a person has seen stays
    /// seen, unless it became more severe since.
    #[must_use]
    pub fn seen_again(self, is_worse: bool) -> Self {
        let state = match self.state {
            State::AcknowledgedActive if !is_worse => State::AcknowledgedActive,
            State::Closed => State::Closed,
            _ => State::UnacknowledgedActive,
        };
        Self { state, ..self }
    }

    /// Its condition is over. It latches: nobody having looked, it stays to be looked at.
    #[must_use]
    pub fn over(self) -> Self {
        let state = match self.state {
            State::UnacknowledgedActive => State::UnacknowledgedCleared,
            State::AcknowledgedActive => State::Cleared,
            other => other,
        };
        Self { state, ..self }
    }
}

/// The name of a state in the database, as records have it.
pub(crate) const fn state_name(state: State) -> &'static str {
    match state {
        State::UnacknowledgedActive => "unacknowledged-active",
        State::AcknowledgedActive => "acknowledged-active",
        State::UnacknowledgedCleared => "unacknowledged-cleared",
        State::Cleared => "cleared",
        State::Closed => "closed",
    }
}

/// The state of a name; what is none of ours was written by nobody we know, and wants to be looked at.
pub(crate) fn state_of(name: &str) -> State {
    match name {
        "acknowledged-active" => State::AcknowledgedActive,
        "unacknowledged-cleared" => State::UnacknowledgedCleared,
        "cleared" => State::Cleared,
        "closed" => State::Closed,
        _ => State::UnacknowledgedActive,
    }
}

#[cfg(test)]
mod tests;
