//! How the callers of a hook prove who they are, and in which words they ask: one arm for each format.

use std::path::PathBuf;

use axum::http::HeaderMap;
use gridtap_model::Timestamp;
use gridtap_notify::signature::{Secret, SecretError};

use super::key::{Key, Token};
use super::message::Asked;
use super::{Authentic, alertmanager, grafana, mattermost, pagerduty, slack, standard};
use crate::access::content;
use crate::config::{Hook, HookFormat, Wrong};
use crate::problem::Problem;
use crate::server::Presented;

/// One call, before anybody knows whose it is.
pub(super) struct Call<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) octets: &'a [u8],
    /// The certificate that its caller has shown.
    pub(super) presented: &'a Presented,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    /// A header that is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// How its callers sign, and with what.
#[derive(Debug)]
pub(super) enum Scheme {
    Standard(Vec<Secret>),
    Slack(Vec<Key>),
    Pagerduty(Vec<Key>),
    Mattermost(Vec<Token>),
    Grafana(grafana::Access),
    Alertmanager(alertmanager::Access),
}

impl Scheme {
    /// Every file with a secret, read.
    pub(super) fn of(hook: &Hook) -> Result<Self, Vec<Wrong>> {
        let paths = &hook.secret_files;
        Ok(match hook.format {
            HookFormat::Standard => Self::Standard(each(paths, Secret::of_file)?),
            HookFormat::Slack => Self::Slack(each(paths, Key::of_file)?),
            HookFormat::Pagerduty => Self::Pagerduty(each(paths, Key::of_file)?),
            HookFormat::Mattermost => Self::Mattermost(each(paths, Token::of_file)?),
            HookFormat::Grafana => {
                Self::Grafana(grafana::Access::of(hook, each(paths, Key::of_file)?))
            }
            HookFormat::Alertmanager => {
                Self::Alertmanager(alertmanager::Access::of(hook, each(paths, Token::of_file)?))
            }
        })
    }

    /// What the signature vouches for; nothing where it is not one of ours, whatever the reason.
    pub(super) fn authentic(&self, call: &Call<'_>) -> Option<Authentic> {
        let (headers, octets) = (call.headers, call.octets);
        match self {
            Self::Standard(secrets) => standard::authentic(headers, octets, secrets),
            Self::Slack(keys) => slack::authentic(headers, octets, keys),
            Self::Pagerduty(keys) => pagerduty::authentic(headers, octets, keys),
            Self::Mattermost(tokens) => mattermost::authentic(call, tokens),
            Self::Grafana(access) => access.authentic(call),
            Self::Alertmanager(access) => access.authentic(call),
        }
    }

    /// One sentence for everything that is wrong with a signature.
    pub(super) const fn why_not(&self) -> &'static str {
        match self {
            Self::Standard(_) | Self::Slack(_) | Self::Pagerduty(_) | Self::Grafana(_) => {
                "the signature is not that of this hook: check the secret and the headers"
            }
            Self::Mattermost(_) => {
                "the token is not that of this hook: check its file and Mattermost"
            }
            Self::Alertmanager(_) => {
                "neither the bearer token nor the certificate is that of this hook: check http_config of the receiver"
            }
        }
    }

    /// What the message asks for.
    pub(super) fn read(
        &self,
        call: &Call<'_>,
        hook: &str,
        sent: Timestamp,
    ) -> Result<Asked, Problem> {
        let (headers, octets) = (call.headers, call.octets);
        match self {
            Self::Standard(_) => standard::message(headers, octets, hook).map(Asked::Deed),
            Self::Slack(_) => slack::message(headers, octets, sent).map(Asked::Deed),
            Self::Pagerduty(_) => pagerduty::message(headers, octets).map(Asked::Deed),
            Self::Mattermost(_) => mattermost::message(call, sent).map(Asked::Deed),
            Self::Grafana(access) => access.asked(call),
            Self::Alertmanager(_) => alertmanager::asked(call).map(Asked::Note),
        }
    }
}

fn each<T>(
    paths: &[PathBuf],
    read: impl Fn(&[u8]) -> Result<T, SecretError>,
) -> Result<Vec<T>, Vec<Wrong>> {
    let mut secrets = Vec::new();
    let mut wrong = Vec::new();
    for path in paths {
        let secret = content(path)
            .and_then(|content| read(&content).map_err(|error| Wrong::Secret(path.clone(), error)));
        match secret {
            Ok(secret) => secrets.push(secret),
            Err(error) => wrong.push(error),
        }
    }
    if wrong.is_empty() { Ok(secrets) } else { Err(wrong) }
}
