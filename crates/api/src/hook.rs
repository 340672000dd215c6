//! Web hooks that others call: `POST /api/v1/hooks/NAME`.
//!
//! Everything is checked in one order, the cheap and the anonymous first: length, network, signature, time, whether the
//! message is new, its text, what its key may do, and last where the anomaly stands. Whether it is new is asked, noted
//! and answered in the transaction of the act itself, so that no restart lets a message act twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use gridtap_model::{Severity, Timestamp};
use gridtap_telemetry::{InboundAnswered, InboundResult};
use ipnet::IpNet;

use crate::body;
use crate::config::{Config, Fault, network};
use crate::desk::{Desk, Peer, bounded};
use crate::problem::Problem;
use crate::routes::{Named, Shared};
use crate::server::Presented;
use scheme::{Call, Scheme};

mod alertmanager;
mod grafana;
mod key;
mod mattermost;
mod message;
mod pagerduty;
mod scheme;
mod slack;
mod standard;
mod taking;

/// The time of a message may differ from ours by so much.
const APART_MAX_NS: u64 = 300 * 1_000_000_000;
/// The path of every hook begins with this.
const PATH: &str = "/api/v1/hooks/";
/// What a form is said to be.
const FORM: &str = "application/x-www-form-urlencoded";
/// What stands in the audit log for a hook that is not there.
const NO_HOOK: &str = "hook (unknown)";

/// All hooks, by their names.
#[derive(Debug, Default)]
pub(crate) struct Hooks(BTreeMap<String, Arc<Hook>>);

/// One hook, its secrets read.
#[derive(Debug)]
pub(crate) struct Hook {
    name: String,
    /// As the audit log calls it.
    via: String,
    scheme: Scheme,
    networks: Vec<IpNet>,
    actions: Vec<String>,
    severity_max: Severity,
}

/// What a signature vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Authentic {
    /// The message's own id: no other has it.
    id: String,
    /// When it was sent.
    sent: Timestamp,
}

/// A refusal, and what it is counted as.
#[derive(Debug)]
struct Refusal {
    problem: Problem,
    result: InboundResult,
}

impl Refusal {
    const fn new(problem: Problem, result: InboundResult) -> Self {
        Self { problem, result }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let result = match problem.status {
            StatusCode::FORBIDDEN => InboundResult::Forbidden,
            StatusCode::NOT_FOUND => InboundResult::Unknown,
            StatusCode::CONFLICT => InboundResult::Conflict,
            StatusCode::PAYLOAD_TOO_LARGE => InboundResult::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => InboundResult::MediaType,
            StatusCode::UNPROCESSABLE_ENTITY => InboundResult::Unprocessable,
            StatusCode::TOO_MANY_REQUESTS => InboundResult::Limited,
            StatusCode::SERVICE_UNAVAILABLE => InboundResult::Unavailable,
            _ => InboundResult::Malformed,
        };
        Self { problem, result }
    }
}

impl Hooks {
    /// Those of the configuration.
    pub(crate) fn of(config: &Config) -> Result<Self, Vec<Fault>> {
        let mut hooks = BTreeMap::new();
        let mut faults = Vec::new();
        for hook in &config.hook {
            let scheme = match Scheme::of(hook) {
                Ok(scheme) => scheme,
                Err(wrong) => {
                    let of = |wrong| Fault::of("hook", &hook.name, wrong);
                    faults.extend(wrong.into_iter().map(of));
                    continue;
                }
            };
            let ready = Hook {
                name: hook.name.clone(),
                via: format!("hook {}", hook.name),
                scheme,
                networks: hook.networks.iter().filter_map(|text| network(text)).collect(),
                actions: hook.actions.clone(),
                severity_max: hook.severity_max,
            };
            hooks.insert(hook.name.clone(), Arc::new(ready));
        }
        if faults.is_empty() { Ok(Self(hooks)) } else { Err(faults) }
    }

    fn get(&self, name: &str) -> Option<&Arc<Hook>> {
        self.0.get(name)
    }
}

/// As the audit log calls the way that a path leads.
pub(crate) fn via_of(desk: &Desk, path: &str) -> String {
    match path.strip_prefix(PATH) {
        Some(name) => desk.hooks.get(name).map_or(NO_HOOK, |hook| &hook.via).to_owned(),
        None => "api".to_owned(),
    }
}

/// Counts a call that was not let in, where it was one.
pub(crate) fn count_limited(desk: &Desk, path: &str) {
    if let Some(hook) = path.strip_prefix(PATH) {
        desk.metrics.record(&InboundAnswered { hook, result: InboundResult::Limited });
    }
}

/// Somebody calls.
pub(crate) async fn called(State(desk): Shared, Named(name): Named, request: Request) -> Response {
    let is_form = body::is_of(request.headers(), FORM).is_ok();
    let (result, response) = match answer(&desk, &name, request).await {
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status);
            let status = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let scheme = desk.hooks.get(&name).map(|hook| &hook.scheme);
            // A chat shows its user what is answered with 200, and of anything else that it failed.
            let (status, body) = match scheme {
                Some(Scheme::Slack(_)) => (StatusCode::OK, slack::told(&answer.body)),
                Some(Scheme::Mattermost(_)) => {
                    (StatusCode::OK, mattermost::told(&answer.body, is_form))
                }
                _ => (status, answer.body),
            };
            (answer.result, (status, Json(body)).into_response())
        }
        Err(refusal) => (refusal.result, refusal.problem.into_response()),
    };
    desk.metrics.record(&InboundAnswered { hook: &name, result });
    response
}

/// What is checked before the store is asked.
async fn answer(desk: &Desk, name: &str, request: Request) -> Result<taking::Answer, Refusal> {
    let peer = Peer::of(&request);
    let presented = Presented::of(&request);
    let (head, body) = request.into_parts();
    let anonymous = |via: &str, reason, refusal: Refusal| {
        desk.note(desk.refused.count(via, peer.source(), reason, desk.now()));
        refusal
    };
    let hook = desk.hooks.get(name);
    let via = hook.map_or(NO_HOOK, |hook| &hook.via);
    let octets = body::read(body).await.map_err(|problem| {
        let reason =
            if problem.status == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "broke_off" };
        anonymous(via, reason, problem.into())
    })?;
    let Some(hook) = hook else {
        let problem = Problem::unknown(format!("there is no hook {}", bounded(name)));
        return Err(anonymous(via, "unknown_hook", problem.into()));
    };
    if !hook.admits(peer) {
        let problem = Problem::forbidden("this network may not call this hook");
        return Err(anonymous(via, "network", Refusal::new(problem, InboundResult::Network)));
    }
    let now = desk.now();
    let call = Call { headers: &head.headers, octets: &octets, presented: &presented, now };
    let Some(authentic) = hook.scheme.authentic(&call) else {
        let problem = Problem::unauthorized(hook.scheme.why_not());
        return Err(anonymous(via, "signature", Refusal::new(problem, InboundResult::Signature)));
    };
    let asked = hook.scheme.read(&call, &hook.name, authentic.sent);
    let taken = taking::Taken { hook: Arc::clone(hook), authentic, octets, asked, peer };
    let apart = now.since_ns(taken.authentic.sent).max(taken.authentic.sent.since_ns(now));
    if apart > APART_MAX_NS {
        let problem = Problem::new(
            StatusCode::UNAUTHORIZED,
            "stale_timestamp",
            format!(
                "the message was signed {} s from our time, more than 300: sign it anew, and check both clocks",
                apart / 1_000_000_000
            ),
        );
        return Err(taking::refuse_stale(desk, &taken, problem).await);
    }
    taking::take(desk, taken).await
}

impl Hook {
    fn admits(&self, peer: Peer) -> bool {
        let address = peer.0.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
pub(crate) fn key_of(secret: &str) -> key::Key {
    key::Key::of_file(secret.as_bytes()).unwrap()
}
