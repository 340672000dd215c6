//! What an operator can set about deliveries.

mod fault;

use std::path::PathBuf;

use gridtap_model::{Severity, Span};

use crate::event;
use crate::targets::{Targets, Url};
pub use fault::{Fault, Wrong};

/// Endpoints that one sensor may have; each is a thread.
const ENDPOINTS_MAX: usize = 32;
/// Attempts that a schedule may hold.
const ATTEMPTS_MAX: usize = 50;
/// Octets of an endpoint's name: it is a metric's label and a word on the command line.
const NAME_OCTETS_MAX: usize = 64;
/// Exchanges take at least this long before they are given up.
const TIMEOUT_MIN: Span = Span::from_secs(1);
/// A thread waits no longer than this for one receiver.
const TIMEOUT_MAX: Span = Span::from_secs(120);

/// Settings of deliveries.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where deliveries may go: host names, with or without a port (`alarms.example.org:443`), addresses and networks
    /// (`10.20.0.0/16`). A name in the list is trusted wherever it leads; any other has to lead into a listed network.
    pub targets: Vec<String>,
    /// Waits before the first attempt, the second, and so on; after the last a delivery has failed and waits to be
    /// replayed. Each gets up to a fifth more, by the delivery's identifier, so that what failed together does not come
    /// back together.
    pub retry: Vec<Span>,
    /// How often alerts that still stand are sent again to an Alertmanager, which forgets what it does not hear of.
    pub resend: Span,
    /// Who is told.
    pub endpoint: Vec<Endpoint>,
}

impl Default for Config {
    fn default() -> Self {
        let minutes = |count: u64| Span::from_secs(count.saturating_mul(60));
        Self {
            targets: Vec::new(),
            retry: vec![
                Span::default(),
                Span::from_secs(5),
                minutes(5),
                minutes(30),
                minutes(2 * 60),
                minutes(5 * 60),
                minutes(10 * 60),
                minutes(14 * 60),
                minutes(20 * 60),
                minutes(24 * 60),
            ],
            resend: minutes(1),
            endpoint: Vec::new(),
        }
    }
}

/// One receiver.
#[derive(Debug, Clone, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Endpoint {
    /// Its name, in lists, metrics and the log.
    pub name: String,
    /// Where to: `https://…`, of an Alertmanager without `/api/v2/alerts`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A file that holds the URL, where the URL itself lets anyone post (Slack, Mattermost, Teams).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_file: Option<PathBuf>,
    /// What the receiver understands.
    pub format: Format,
    /// Files with the secrets that sign: one, or two while changing over.
    pub secret_files: Vec<PathBuf>,
    /// The least severity that is told.
    pub severity_min: Severity,
    /// Types that are told, `anomaly.opened` or `anomaly.*`; all where none is named.
    pub types: Vec<String>,
    /// Whether more than ten anomalies in ten minutes are told as one digest (critical ones pass); absent, it is so but
    /// for an Alertmanager, which gathers by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<bool>,
    /// Certificates (PEM) that may vouch for the receiver; absent, those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Our certificate chain (PEM), for receivers that ask for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_file: Option<PathBuf>,
    /// The key of our certificate (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key_file: Option<PathBuf>,
    /// A file with the token for `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// For a whole exchange, from the name's lookup to the answer's last header.
    pub timeout: Span,
    /// Whether `http://` may leave this machine: anyone on the way reads along.
    pub plain_http: bool,
    /// How often an Alertmanager is asked for its silences; absent, it is not. One whose matchers name a single anomaly
    /// acknowledges it, by the name of whoever its creator said to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silences_every: Option<Span>,
    /// The worst anomalies that a silence may acknowledge.
    pub silences_severity_max: Severity,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self {
            name: String::new(),
            url: None,
            url_file: None,
            format: Format::Standard,
            secret_files: Vec::new(),
            severity_min: Severity::Info,
            types: Vec::new(),
            digest: None,
            ca_file: None,
            client_certificate_file: None,
            client_key_file: None,
            bearer_token_file: None,
            timeout: Span::from_secs(15),
            plain_http: false,
            silences_every: None,
            silences_severity_max: Severity::Critical,
        }
    }
}

/// What a receiver understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The body as it is, signed by Standard Webhooks.
    Standard,
    /// CloudEvents 1.0, structured mode; signed where there is a secret.
    CloudEvents,
    /// Prometheus Alertmanager's `POST /api/v2/alerts`.
    Alertmanager,
    /// An incoming web hook of Slack.
    Slack,
    /// An incoming web hook of Mattermost.
    Mattermost,
    /// A workflow's web hook of Teams: a text and links.
    Teams,
}

impl Format {
    /// Its name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::CloudEvents => "cloudevents",
            Self::Alertmanager => "alertmanager",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Teams => "teams",
        }
    }

    /// Whether a signature means something to the receiver.
    #[must_use]
    pub const fn is_signed(self) -> bool {
        matches!(self, Self::Standard | Self::CloudEvents)
    }
}

impl Endpoint {
    /// Whether anomalies beyond ten in ten minutes are gathered.
    #[must_use]
    pub fn gathers(&self) -> bool {
        self.digest.unwrap_or(self.format != Format::Alertmanager)
    }

    /// Everything wrong with it, as far as it can be told without opening a file.
    fn wrong(&self, targets: Option<&Targets>) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        match (&self.url, &self.url_file) {
            (None, None) => wrong.push(Wrong::NoUrl),
            (Some(_), Some(_)) => wrong.push(Wrong::TwoUrls),
            (Some(url), None) => match Url::parse(url, self.plain_http) {
                Ok(url) => {
                    if targets.is_some_and(|targets| !targets.may_allow(&url)) {
                        wrong.push(Wrong::Target(url.place()));
                    }
                }
                Err(error) => wrong.push(Wrong::Url(error)),
            },
            (None, Some(_)) => {}
        }
        match (self.format, self.secret_files.len()) {
            (Format::Standard, 0) => wrong.push(Wrong::NoSecret),
            (format, count) if count > 0 && !format.is_signed() => {
                wrong.push(Wrong::UnusedSecret(format));
            }
            (_, count) if count > 2 => wrong.push(Wrong::Secrets(count)),
            _ => {}
        }
        wrong.extend(
            self.types
                .iter()
                .filter(|each| !event::is_pattern(each))
                .map(|each| Wrong::Type(each.clone())),
        );
        if self.digest == Some(true) && self.format == Format::Alertmanager {
            wrong.push(Wrong::Digest);
        }
        match self.silences_every {
            Some(_) if self.format != Format::Alertmanager => wrong.push(Wrong::NoSilences),
            Some(every) if !(Span::from_secs(1)..=Span::from_secs(3600)).contains(&every) => {
                wrong.push(Wrong::SilencesEvery(every));
            }
            _ => {}
        }
        if self.client_certificate_file.is_some() != self.client_key_file.is_some() {
            wrong.push(Wrong::HalfCertificate);
        }
        if !(TIMEOUT_MIN..=TIMEOUT_MAX).contains(&self.timeout) {
            wrong.push(Wrong::Timeout(self.timeout));
        }
        wrong
    }
}

impl Config {
    /// Everything wrong with the settings, as far as it can be told without opening a file.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let targets = match Targets::parse(&self.targets) {
            Ok(targets) => Some(targets),
            Err(error) => {
                faults.push(Fault::general(Wrong::Targets(error)));
                None
            }
        };
        if self.targets.is_empty() && !self.endpoint.is_empty() {
            faults.push(Fault::general(Wrong::NoTargets));
        }
        if self.retry.is_empty() || self.retry.len() > ATTEMPTS_MAX {
            faults.push(Fault::general(Wrong::Retry(self.retry.len())));
        }
        if self.resend < Span::from_secs(1) || self.resend > Span::from_secs(3600) {
            faults.push(Fault::general(Wrong::Resend(self.resend)));
        }
        if self.endpoint.len() > ENDPOINTS_MAX {
            faults.push(Fault::general(Wrong::Endpoints(self.endpoint.len())));
        }
        let mut names = std::collections::BTreeSet::new();
        for (nth, endpoint) in (1..).zip(&self.endpoint) {
            let mut wrong = endpoint.wrong(targets.as_ref().filter(|_| !self.targets.is_empty()));
            if !is_name(&endpoint.name) {
                wrong.push(Wrong::Name);
            } else if !names.insert(&endpoint.name) {
                wrong.push(Wrong::NameTwice);
            }
            faults.extend(wrong.into_iter().map(|wrong| Fault::of(&endpoint.name, nth, wrong)));
        }
        faults
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_OCTETS_MAX).contains(&name.len())
        && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_.".contains(&octet))
}

#[cfg(test)]
mod tests;
