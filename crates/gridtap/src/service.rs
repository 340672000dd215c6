//! Acting through the service that has the state: by its HTTP interface, with the token that it left beside the state.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use gridtap_model::Timestamp;
use gridtap_store::{Act, Action, Target};
use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure};
use crate::serve::interface::NOTE;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where the service of a state listens.
#[derive(Debug, Deserialize)]
pub(crate) struct Service {
    address: String,
    token: String,
    #[serde(default)]
    tls: bool,
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
    message: String,
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
        if self.tls {
            return Err(Failure::usage(format!(
                "the service at {} speaks TLS, which this command does not yet: act through its API with a token of yours",
                self.address
            )));
        }
        let (kind, id) = match &act.target {
            Target::Anomaly(id) => ("anomalies", id),
            Target::Incident(id) => ("incidents", id),
        };
        let url = format!("http://{}/api/v1/{kind}/{id}/actions", self.address);
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
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .build()
            .into();
        let failed = |cause: &dyn std::fmt::Display| Failure {
            exit: Exit::Failure,
            error: anyhow::anyhow!("the service at {} did not answer: {cause}", self.address),
        };
        let mut answer = agent
            .post(&url)
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json")
            .send(serde_json::to_vec(&request)?)
            .map_err(|error| failed(&error))?;
        let is_done = answer.status().is_success();
        let text = answer.body_mut().read_to_string().map_err(|error| failed(&error))?;
        if is_done {
            return match serde_json::from_str(&text).map_err(|error| failed(&error))? {
                Answer::Anomaly(done) => Ok(Ok(vec![done.anomaly_id])),
                Answer::Incident { anomalies } => {
                    Ok(Ok(anomalies.into_iter().map(|done| done.anomaly_id).collect()))
                }
            };
        }
        let refused: Refused = serde_json::from_str(&text).map_err(|error| failed(&error))?;
        Ok(Err(refused.error.message))
    }
}
