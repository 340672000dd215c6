//! What can be wrong with the settings: one sentence each, with what would be right.

use core::fmt;
use std::path::PathBuf;

use gridtap_model::Span;

use super::{ATTEMPTS_MAX, ENDPOINTS_MAX, Format, NAME_OCTETS_MAX, TIMEOUT_MAX, TIMEOUT_MIN};
use crate::signature::SecretError;
use crate::targets::{TargetError, UrlError};

/// Something wrong with the settings, and with which endpoint.
#[derive(Debug)]
pub struct Fault {
    /// Of which endpoint; `None` where it is none's alone.
    pub endpoint: Option<String>,
    /// What.
    pub wrong: Wrong,
}

impl Fault {
    pub(crate) fn general(wrong: Wrong) -> Self {
        Self { endpoint: None, wrong }
    }

    /// Of an endpoint, by its place in the list (from 1) where it has no name.
    pub(crate) fn of(name: &str, nth: usize, wrong: Wrong) -> Self {
        let endpoint = if name.is_empty() { format!("number {nth}") } else { format!("{name:?}") };
        Self { endpoint: Some(endpoint), wrong }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Some(endpoint) => write!(f, "notify.endpoint {endpoint}: {}", self.wrong),
            None => write!(f, "notify: {}", self.wrong),
        }
    }
}

impl core::error::Error for Fault {}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// No place to deliver to.
    #[error("it has no url: write url = \"https://…\", or url_file where the URL is a secret")]
    NoUrl,
    /// Two places.
    #[error("it has a url and a url_file: keep one of them")]
    TwoUrls,
    /// No URL that can be used.
    #[error("its URL {0}")]
    Url(#[from] UrlError),
    /// Not on the list.
    #[error("{0} is not among notify.targets: add it there if deliveries may go to it")]
    Target(String),
    /// An entry of the list cannot be read.
    #[error("targets: {0}")]
    Targets(#[from] TargetError),
    /// Endpoints and no list.
    #[error(
        "targets is empty, so nothing may be delivered: list the hosts or networks of the endpoints"
    )]
    NoTargets,
    /// The standard format is signed.
    #[error(
        "the standard format is signed: name one file in secret_files, or two while changing over"
    )]
    NoSecret,
    /// Nobody would look at the signature.
    #[error("deliveries as {} are not signed: remove secret_files", .0.name())]
    UnusedSecret(Format),
    /// More than one old and one new.
    #[error("{0} secret_files, expected 1, or 2 while changing over")]
    Secrets(usize),
    /// No such type.
    #[error("{0:?} is no type of event: write one such as \"anomaly.opened\", or \"anomaly.*\"")]
    Type(String),
    /// An Alertmanager groups by itself.
    #[error(
        "an Alertmanager gathers alerts by itself, so digest = true would hide them from it: remove it"
    )]
    Digest,
    /// A certificate without key or a key without certificate.
    #[error("client_certificate_file and client_key_file belong together: name both or none")]
    HalfCertificate,
    /// Only an Alertmanager has silences.
    #[error("silences_every is of the format alertmanager: remove it")]
    NoSilences,
    /// Too often or too seldom.
    #[error("silences_every {0}, expected 1s to 1h")]
    SilencesEvery(Span),
    /// Too short or too long.
    #[error("timeout {0}, expected {TIMEOUT_MIN} to {TIMEOUT_MAX}")]
    Timeout(Span),
    /// Not a name.
    #[error(
        "a name is 1 to {NAME_OCTETS_MAX} letters, digits, hyphens, underscores and full stops"
    )]
    Name,
    /// Taken.
    #[error("another endpoint has this name")]
    NameTwice,
    /// Too many.
    #[error("{0} endpoints, expected at most {ENDPOINTS_MAX}")]
    Endpoints(usize),
    /// No attempt at all, or without end.
    #[error("retry has {0} waits, expected 1 to {ATTEMPTS_MAX}")]
    Retry(usize),
    /// Too often or too seldom.
    #[error("resend {0}, expected 1s to 1h")]
    Resend(Span),
    /// A file that cannot be read.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file without a secret.
    #[error("{}: not a secret: {error}", path.display())]
    Secret {
        /// Which.
        path: PathBuf,
        /// Why.
        error: SecretError,
    },
    /// A file that is not what it should be.
    #[error("{}: {reason}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// `https` and nobody to vouch for the receiver.
    #[error("no certificates to check the receiver by: name a ca_file (there is no {0} either)")]
    NoAuthorities(&'static str),
}
