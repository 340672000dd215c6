//! What engineers decide about keys of the baseline. The baseline is elsewhere: whoever has it checks a decision,
//! stores it and lets it hold; here it is asked for and answered.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridtap_model::Timestamp;
use gridtap_store::Decision as Action;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::sync::Semaphore;

use crate::access::Caller;
use crate::action::{strict, who};
use crate::body;
use crate::desk::bounded;
use crate::listing::{Given, query};
use crate::problem::Problem;
use crate::query::moment;
use crate::role::Role;
use crate::routes::Shared;

/// Decisions that wait for each other at once: they are made one by one.
const WAITING_MAX: usize = 8;
/// Octets of a key: none is so long.
const KEY_OCTETS_MAX: usize = 1024;
/// Octets of a reason.
const REASON_OCTETS_MAX: usize = 4096;

/// What somebody who may has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What.
    pub action: Action,
    /// About which key.
    pub key: String,
    /// Why.
    pub reason: String,
    /// Until when it holds; none where it holds for good.
    pub until: Option<Timestamp>,
    /// By whom: a token's name, after the name of the person it speaks for where that is another.
    pub who: String,
    /// As what.
    pub role: String,
    /// By which way: `cli`, `api`.
    pub via: String,
}

/// What came of a decision, on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// `accept` or `sign_off`.
    pub action: String,
    /// The key.
    pub key: String,
    /// Who decided.
    pub by: String,
    /// Whether it holds now; if not, it waits for a second person.
    pub in_force: bool,
    /// Until when it holds, or will.
    #[serde(deserialize_with = "read_moment")]
    pub until: Option<Timestamp>,
    /// The keys above it, of the same parties, that alarmed as well and are accepted with it.
    pub also: Vec<String>,
    /// The same in a sentence.
    pub message: String,
}

fn read_moment<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let wrong = |text| D::Error::custom(format_args!("{text:?} is no time"));
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| moment(&text).ok_or_else(|| wrong(text))).transpose()
}

/// Why nothing was decided, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undecided {
    /// There is no such key.
    Unknown(String),
    /// What there is forbids it: the site file, or where the key stands.
    Forbidden(String),
    /// It can't be decided so.
    Wrong(String),
    /// It cannot be decided now.
    Unavailable(String),
}

impl std::fmt::Display for Undecided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Unknown(text)
        | Self::Forbidden(text)
        | Self::Wrong(text)
        | Self::Unavailable(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for Undecided {}

/// Makes decisions. It may take a while, and returns once a decision is on the disk and holds.
pub type Decide = Arc<dyn Fn(Decision) -> Result<Decided, Undecided> + Send + Sync>;

/// The way to whoever makes decisions.
#[derive(Clone)]
pub(crate) struct Decisions {
    decide: Decide,
    turns: Arc<Semaphore>,
}

impl Decisions {
    pub(crate) fn new(decide: Decide) -> Self {
        Self { decide, turns: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    async fn make(&self, decision: Decision) -> Result<Decided, Problem> {
        // The turn goes along: whoever stops waiting does not free the thread that still waits.
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            return Err(Problem::busy());
        };
        let decide = Arc::clone(&self.decide);
        let made = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            decide(decision)
        });
        made.await.map_err(|_| Problem::store_down())?.map_err(|undecided| {
            let message = undecided.to_string();
            match undecided {
                Undecided::Unknown(_) => Problem::unknown(message),
                Undecided::Forbidden(_) => {
                    Problem::new(StatusCode::CONFLICT, "not_allowed", message)
                }
                Undecided::Wrong(_) => Problem::unprocessable(message),
                Undecided::Unavailable(_) => {
                    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "undecided", message).after(5)
                }
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    action: String,
    key: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    until: Option<String>,
    /// The person that the token speaks for.
    #[serde(default)]
    actor: Option<String>,
}

impl Wanted {
    fn decision(self, caller: &Caller) -> Result<Decision, Problem> {
        let wrong = |message: String| Err(Problem::unprocessable(message));
        let action = match self.action.as_str() {
            "accept" => Action::Accept,
            "sign_off" => Action::SignOff,
            other => return wrong(format!("{:?} is no action: accept, sign_off", bounded(other))),
        };
        if self.key.len() > KEY_OCTETS_MAX || self.key.chars().any(char::is_control) {
            return wrong(
                "key is not a key: copy it from an anomaly, or from the ledger".to_owned(),
            );
        }
        if self.reason.len() > REASON_OCTETS_MAX {
            return wrong(format!(
                "reason is longer than {REASON_OCTETS_MAX} octets: say it shorter"
            ));
        }
        let until = match (action, self.until) {
            (Action::SignOff, Some(_)) => {
                return wrong("until belongs to accept: leave it out of sign_off".to_owned());
            }
            (Action::SignOff, None) => None,
            (Action::Accept, None) => {
                return wrong("accept needs until: a time in RFC 3339 at which it ends".to_owned());
            }
            (Action::Accept, Some(text)) => match moment(&text) {
                Some(until) => Some(until),
                None => {
                    let text = bounded(&text);
                    return wrong(format!(
                        "until {text:?} is no time: write RFC 3339, such as 2027-01-31T10:00:00Z"
                    ));
                }
            },
        };
        let reason = self.reason.chars().filter(|letter| !letter.is_control() || *letter == '\n');
        let actor = self.actor.as_deref().map(bounded);
        Ok(Decision {
            action,
            reason: reason.collect(),
            key: self.key,
            until,
            who: who(actor.as_deref(), &caller.name),
            role: caller.role.name().to_owned(),
            via: "api".to_owned(),
        })
    }
}

/// Answers 200 where it holds, and 202 where it waits for a second person.
pub(crate) async fn decide(
    State(desk): Shared,
    given: Given,
    request: Request,
) -> Result<Response, Problem> {
    let caller = desk.caller(&request, Role::Engineer)?;
    query(given, &[])?;
    let (head, body) = request.into_parts();
    let octets = body::read(body).await?;
    body::is_of(&head.headers, "application/json")?;
    let wanted: Wanted = strict(&octets)?;
    let decided = desk.decisions.make(wanted.decision(&caller)?).await?;
    let status = if decided.in_force { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(decided)).into_response())
}
