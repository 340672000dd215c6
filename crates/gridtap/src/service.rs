//! Acting through the service that has the state: by its HTTP interface, with the token that it left beside the state.

mod pinned;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use gridtap_api::{Decided, Decision};
use gridtap_model::Timestamp;
use gridtap_store::{Act, Action, Store, StoreError, Target};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::unversioned::resolver::DefaultResolver;

use crate::failure::{Exit, Failure};
use crate::serve::interface::NOTE;
use crate::state;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The same, where the service waits for somebody else.
pub(crate) const LONG_PATIENCE: Duration = Duration::from_secs(150);
/// Octets of an answer.
const ANSWER_OCTETS_MAX: u64 = 64 * 1024 * 1024;

/// Where the service of a state listens.
#[derive(Debug, Deserialize)]
pub(crate) struct Service {
    address: String,
    token: String,
    /// Of the certificate that it shows; without one it speaks no TLS.
    #[serde(default)]
    certificate_sha256: Option<String>,
}

/// Who has a state.
pub(crate) enum Keeper {
    /// A service, which can be asked.
    Service(Service),
    /// Nobody but us, from now on.
    Us(Box<Store>),
}

#[derive(Serialize)]
struct Request<'a> {
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<&'a str>,
    comment: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_revision: Option<u32>,
    actor: &'a str,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Incident { anomalies: Vec<Done> },
    Anomaly(Done),
}

#[derive(Deserialize)]
struct Done {
    anomaly_id: String,
}

#[derive(Deserialize)]
struct Refused {
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    message: String,
}

#[derive(Serialize)]
struct ToDecide<'a> {
    action: &'a str,
    key: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    actor: &'a str,
}

impl Keeper {
    /// Who has this state. It is opened for writing where nobody has it.
    pub(crate) fn of(directory: &Path) -> Result<Self, Failure> {
        match state::existing(directory) {
            Ok(store) => Ok(Self::Us(Box::new(store))),
            Err(error @ StoreError::InUse { .. }) => match Service::of(directory)? {
                Some(service) => Ok(Self::Service(service)),
                None => Err(error.into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

impl Service {
    /// The service of a state; none where it has left no word of itself.
    pub(crate) fn of(directory: &Path) -> Result<Option<Self>, Failure> {
        let file = directory.join(NOTE);
        let told = |cause: &dyn std::fmt::Display| Failure {
            exit: Exit::Store,
            error: anyhow::anyhow!("{}: {cause}", file.display()),
        };
        match fs::read_to_string(&file) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| told(&error)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    /// Has the service do it. The anomalies that it did it with, or the sentence why not.
    pub(crate) fn act(&self, act: &Act) -> Result<Result<Vec<String>, String>, Failure> {
        let (kind, id) = match &act.target {
            Target::Anomaly(id) => ("anomalies", id),
            Target::Incident(id) => ("incidents", id),
        };
        let request = Request {
            action: act.action.name(),
            disposition: match act.action {
                Action::Close { disposition } => Some(disposition.name()),
                _ => None,
            },
            comment: &act.comment,
            until: match act.action {
                Action::Shelve { until } => Some(until),
                _ => None,
            },
            expected_revision: act.expected_revision,
            actor: &act.by.name,
        };
        let answer = self.post(&format!("/api/v1/{kind}/{id}/actions"), &request, PATIENCE)?;
        Ok(answer.map(|answer| match answer {
            Answer::Anomaly(done) => vec![done.anomaly_id],
            Answer::Incident { anomalies } => {
                anomalies.into_iter().map(|done| done.anomaly_id).collect()
            }
        }))
    }

    /// Has the service decide. What came of it, or whether asking again is useless and the sentence why.
    pub(crate) fn decide(
        &self,
        decision: &Decision,
    ) -> Result<Result<Decided, (bool, String)>, Failure> {
        let request = ToDecide {
            action: &decision.action.name().replace('-', "_"),
            key: &decision.key,
            reason: &decision.reason,
            until: decision.until,
            actor: &decision.who,
        };
        let answer = self.sent("/api/v1/baseline/decisions", &request, PATIENCE)?;
        Ok(answer.map_err(|problem| {
            let is_wrong = ["malformed", "not_found", "not_allowed", "unprocessable"]
                .contains(&problem.code.as_str());
            (is_wrong, problem.message)
        }))
    }

    /// What stands at a path, or the sentence why not.
    pub(crate) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Result<T, String>, Failure> {
        let request = self.agent(PATIENCE)?.get(self.url(path));
        let sent = request.header("authorization", format!("Bearer {}", self.token)).call();
        Ok(self.answer(sent)?.map_err(|problem| problem.message))
    }

    /// Asks for something to be done; what came of it, or the sentence why not.
    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        patience: Duration,
    ) -> Result<Result<T, String>, Failure> {
        Ok(self.sent(path, body, patience)?.map_err(|problem| problem.message))
    }

    fn sent<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        patience: Duration,
    ) -> Result<Result<T, Problem>, Failure> {
        let request = self.agent(patience)?.post(self.url(path));
        let sent = request
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .send(serde_json::to_vec(body)?);
        self.answer(sent)
    }

    fn answer<T: DeserializeOwned>(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Result<T, Problem>, Failure> {
        let mut answer = sent.map_err(|error| self.failed(&pinned::told(&error)))?;
        let is_done = answer.status().is_success();
        let text = answer.body_mut().with_config().limit(ANSWER_OCTETS_MAX).read_to_string();
        let text = text.map_err(|error| self.failed(&error))?;
        if is_done {
            return serde_json::from_str(&text).map(Ok).map_err(|error| self.failed(&error));
        }
        let refused: Refused = serde_json::from_str(&text).map_err(|error| self.failed(&error))?;
        Ok(Err(refused.error))
    }

    fn failed(&self, cause: &dyn std::fmt::Display) -> Failure {
        Failure {
            exit: Exit::Failure,
            error: anyhow::anyhow!("the service at {} did not answer: {cause}", self.address),
        }
    }

    fn url(&self, path: &str) -> String {
        let scheme = if self.certificate_sha256.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    fn agent(&self, patience: Duration) -> Result<Agent, Failure> {
        let config = Agent::config_builder()
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build();
        let connector = pinned::connector(self.certificate_sha256.as_deref())
            .map_err(|error| self.failed(&error))?;
        Ok(Agent::with_parts(config, connector, DefaultResolver::default()))
    }
}
