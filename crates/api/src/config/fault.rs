//! What can be wrong with the settings: one sentence each, with what would be right.

use core::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use gridtap_model::Span;
use gridtap_notify::signature::SecretError;

use super::{NAME_OCTETS_MAX, NAMED_MAX};
use crate::password::PasswordError;

/// Something wrong with the settings, and with which token, user or hook.
#[derive(Debug)]
pub struct Fault {
    /// Of which token, user or hook; `None` where it is none's alone.
    pub of: Option<(&'static str, String)>,
    /// What.
    pub wrong: Wrong,
}

impl Fault {
    pub(crate) const fn general(wrong: Wrong) -> Self {
        Self { of: None, wrong }
    }

    pub(crate) fn of(what: &'static str, name: &str, wrong: Wrong) -> Self {
        Self { of: Some((what, name.to_owned())), wrong }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some((what, name)) => write!(f, "api.{what} {name:?}: {}", self.wrong),
            None => write!(f, "api: {}", self.wrong),
        }
    }
}

impl core::error::Error for Fault {}

/// What is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Wrong {
    /// One half of TLS.
    #[error("certificate_file and key_file belong together: name both, or neither")]
    HalfTls,
    /// Callers can show a certificate by TLS only.
    #[error("client_ca_file needs TLS: name certificate_file and key_file, or leave it out")]
    ClientsWithoutTls,
    /// Nobody vouches for the callers.
    #[error("client_names needs api.client_ca_file, which vouches for its callers' certificates")]
    NamesWithoutAuthority,
    /// They are looked at in one format.
    #[error("client_names is of the format alertmanager: leave it out")]
    UnusedNames,
    /// No name of a certificate.
    #[error("client_names: {0:?} is neither a host name nor an address")]
    ClientName(String),
    /// No name of a header.
    #[error("{0:?} is no name of a header: write one such as X-Grafana-Alerting-Signature")]
    Header(String),
    /// Open to others, and anyone on the way reads along.
    #[error(
        "listen = \"{0}\" is reachable from other machines and has no TLS: name certificate_file and key_file, or listen on 127.0.0.1"
    )]
    OpenWithoutTls(SocketAddr),
    /// Open to everyone.
    #[error(
        "listen = \"{0}\" is reachable from other machines and has neither a token nor a user: add an [[api.token]] or an [[api.user]], or listen on 127.0.0.1"
    )]
    OpenWithoutToken(SocketAddr),
    /// A limit that is none.
    #[error("{0} = {1}, expected 1 to 100000")]
    Number(&'static str, u32),
    /// A time that is none.
    #[error("{0} = \"{1}\", expected 1s to 5m")]
    Time(&'static str, Span),
    /// No name that can stand in a path, a label and the audit log.
    #[error("the name is 1 to {NAME_OCTETS_MAX} letters, digits, dots, hyphens and underscores")]
    Name,
    /// The name of another.
    #[error("the name is given twice: each needs its own")]
    Twice,
    /// Far too many.
    #[error("{1} {0}s, expected at most {NAMED_MAX}")]
    TooMany(&'static str, usize),
    /// No way to know it.
    #[error(
        "it has neither sha256 nor token_file: name one (`printf %s TOKEN | sha256sum` gives the first)"
    )]
    NoToken,
    /// No way to log in.
    #[error(
        "it has neither password_hash nor password_hash_file: name one (`gridtap hash-password` makes the first)"
    )]
    NoPassword,
    /// Two ways to log in.
    #[error("it has password_hash and password_hash_file: keep one of them")]
    TwoPasswords,
    /// No hash of a password.
    #[error("password_hash: {0}: `gridtap hash-password` makes one")]
    PasswordHash(&'static str),
    /// What no password could be compared with.
    #[error("passwords cannot be compared: {0}")]
    Password(PasswordError),
    /// A time that is none.
    #[error("{0} = \"{1}\", expected 1m to 7d")]
    SessionTime(&'static str, Span),
    /// Two ways.
    #[error("it has sha256 and token_file: keep one of them")]
    TwoTokens,
    /// No SHA-256.
    #[error("sha256 is 64 hexadecimal digits: `printf %s TOKEN | sha256sum` gives them")]
    Digest,
    /// Guessed in no time.
    #[error("the token in {0} has {1} octets, expected {min} to {max}", min = crate::access::TOKEN_OCTETS_MIN, max = crate::access::TOKEN_OCTETS_MAX)]
    ShortToken(PathBuf, usize),
    /// Nobody could sign, or more than an old and a new one.
    #[error("{0} secret_files, expected 1, or 2 while changing over")]
    Secrets(usize),
    /// No secret.
    #[error("{0}: {1}")]
    Secret(PathBuf, SecretError),
    /// No address and no network.
    #[error("{0:?} is neither an address nor a network: write one such as \"10.20.0.0/16\"")]
    Network(String),
    /// Not an action.
    #[error(
        "{0:?} is no action: write acknowledge, unacknowledge, shelve, unshelve, comment or close"
    )]
    Action(String),
    /// A file cannot be read.
    #[error("{path} cannot be read: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {reason}")]
    Content {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}
