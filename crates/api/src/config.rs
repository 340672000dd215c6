//! What an operator can set about the API.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use gridtap_model::{Severity, Span};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::password::Hash;
use crate::role::Role;

mod fault;

pub use fault::{Fault, Wrong};

/// Tokens, users and hooks that one sensor may have.
const NAMED_MAX: usize = 64;
/// Octets of a name: it stands in the audit log and in the labels of metrics.
const NAME_OCTETS_MAX: usize = 64;

/// Settings of the API.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where it listens, `127.0.0.1:9417`; absent, there is no API. Any other address than that of this machine alone
    /// needs TLS and a token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Our certificate chain (PEM): with it and its key, the API speaks TLS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_file: Option<PathBuf>,
    /// The key of our certificate (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// Certificates (PEM) that vouch for callers: with it a caller may show its own, and a hook may ask for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
    /// Who may read and act. Without any, everyone on this machine may read, and nobody may act.
    pub token: Vec<Token>,
    /// Who may log in to the page. With any, reading needs a login or a token as well.
    pub user: Vec<User>,
    /// Web hooks that others may call.
    pub hook: Vec<Hook>,
    /// After how long without a person's doing the page wants a new login.
    pub session_idle: Span,
    /// After how long it does in any case.
    pub session_max: Span,
    /// Requests that one source (an address, of IPv6 a /64) may make in a second.
    pub rate_per_second: u32,
    /// Requests that one source may make at once, having made none for a while.
    pub rate_burst: u32,
    /// Requests that are worked on at once; one source may have a quarter of them.
    pub requests_max: usize,
    /// Connections that are open at once; one source may have a quarter of them.
    pub connections_max: usize,
    /// For a request's headers, and for the next request of a connection that is kept.
    pub header_timeout: Span,
    /// For a request as a whole.
    pub timeout: Span,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: None,
            certificate_file: None,
            key_file: None,
            client_ca_file: None,
            token: Vec::new(),
            user: Vec::new(),
            hook: Vec::new(),
            session_idle: Span::from_secs(3600),
            session_max: Span::from_secs(12 * 3600),
            rate_per_second: 100,
            rate_burst: 200,
            requests_max: 64,
            connections_max: 256,
            header_timeout: Span::from_secs(10),
            timeout: Span::from_secs(30),
        }
    }
}

/// Who may read or act.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Token {
    /// Whose it is, in the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// SHA-256 of the token, in hexadecimal: `printf %s TOKEN | sha256sum`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// A file that holds the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

impl Token {
    /// One whose text is known, such as that of the command line on the same machine.
    #[must_use]
    pub fn of_text(name: &str, role: Role, text: &str) -> Self {
        let sha256 = Sha256::digest(text).iter().map(|octet| format!("{octet:02x}")).collect();
        Self { name: name.to_owned(), role, sha256: Some(sha256), token_file: None }
    }
}

/// A person who may log in to the page.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    /// The name to log in with, and in the audit log.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The hash of the password (argon2id, as a PHC string): `gridtap hash-password` makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// A file that holds that hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash_file: Option<PathBuf>,
}

/// A web hook that others may call: `POST /api/v1/hooks/NAME`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hook {
    /// Its name, in its path, in the audit log and in metrics.
    pub name: String,
    /// How its callers sign and write.
    pub format: HookFormat,
    /// Files with the secrets that sign: one, or two while changing over.
    pub secret_files: Vec<PathBuf>,
    /// Addresses and networks (`10.20.0.0/16`) that may call it; any may where none is named.
    pub networks: Vec<String>,
    /// What may be done by it, such as `acknowledge`; everything where nothing is named.
    pub actions: Vec<String>,
    /// The worst anomalies that may be acted on by it.
    pub severity_max: Severity,
    /// Of an Alertmanager: names of which the caller's certificate has one, which `api.client_ca_file` vouches for.
    pub client_names: Vec<String>,
    /// Of Grafana: the header with the signature.
    pub signature_header: String,
    /// Of Grafana: the header with the time that is signed along.
    pub timestamp_header: String,
}

impl Default for Hook {
    fn default() -> Self {
        Self {
            name: String::new(),
            format: HookFormat::Standard,
            secret_files: Vec::new(),
            networks: Vec::new(),
            actions: Vec::new(),
            severity_max: Severity::Critical,
            client_names: Vec::new(),
            signature_header: "X-Grafana-Alerting-Signature".to_owned(),
            timestamp_header: "X-Grafana-Alerting-Timestamp".to_owned(),
        }
    }
}

/// How the callers of a hook sign and write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HookFormat {
    /// Standard Webhooks 1.0.0.
    #[default]
    Standard,
    /// A Slack app: its slash command, or a button.
    Slack,
    /// A subscription of PagerDuty (version 3).
    Pagerduty,
    /// Mattermost: a slash command, or a button.
    Mattermost,
    /// A contact point of Grafana's alerting (webhook).
    Grafana,
    /// A receiver of a Prometheus Alertmanager (webhook).
    Alertmanager,
}

impl Config {
    /// Everything that is wrong with it, as far as that can be told without opening a file.
    #[must_use]
    pub fn check(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut general = |wrong| faults.push(Fault::general(wrong));
        if self.certificate_file.is_some() != self.key_file.is_some() {
            general(Wrong::HalfTls);
        }
        if self.client_ca_file.is_some() && self.certificate_file.is_none() {
            general(Wrong::ClientsWithoutTls);
        }
        if let Some(listen) = self.listen.filter(|listen| !listen.ip().to_canonical().is_loopback())
        {
            if self.certificate_file.is_none() || self.key_file.is_none() {
                general(Wrong::OpenWithoutTls(listen));
            }
            if self.token.is_empty() && self.user.is_empty() {
                general(Wrong::OpenWithoutToken(listen));
            }
        }
        for (name, number) in [
            ("rate_per_second", self.rate_per_second),
            ("rate_burst", self.rate_burst),
            ("requests_max", u32::try_from(self.requests_max).unwrap_or(u32::MAX)),
            ("connections_max", u32::try_from(self.connections_max).unwrap_or(u32::MAX)),
        ] {
            if !(1..=100_000).contains(&number) {
                general(Wrong::Number(name, number));
            }
        }
        for (name, span) in [("header_timeout", self.header_timeout), ("timeout", self.timeout)] {
            if !(Span::from_secs(1)..=Span::from_secs(300)).contains(&span) {
                general(Wrong::Time(name, span));
            }
        }
        for (name, span) in [("session_idle", self.session_idle), ("session_max", self.session_max)]
        {
            if !(Span::from_secs(60)..=Span::from_secs(7 * 24 * 3600)).contains(&span) {
                general(Wrong::SessionTime(name, span));
            }
        }
        faults.extend(names("user", self.user.iter().map(|user| user.name.as_str())));
        faults.extend(names("token", self.token.iter().map(|token| token.name.as_str())));
        faults.extend(names("hook", self.hook.iter().map(|hook| hook.name.as_str())));
        for user in &self.user {
            if let Some(wrong) = user.wrong() {
                faults.push(Fault::of("user", &user.name, wrong));
            }
        }
        for token in &self.token {
            if let Some(wrong) = token.wrong() {
                faults.push(Fault::of("token", &token.name, wrong));
            }
        }
        for hook in &self.hook {
            let mut wrong = hook.wrong();
            if !hook.client_names.is_empty() && self.client_ca_file.is_none() {
                wrong.push(Wrong::NamesWithoutAuthority);
            }
            faults.extend(wrong.into_iter().map(|wrong| Fault::of("hook", &hook.name, wrong)));
        }
        faults
    }
}

/// What is wrong with the names of a list.
fn names<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Vec<Fault> {
    let mut seen: Vec<&str> = Vec::new();
    let mut faults = Vec::new();
    for name in names {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        if name.is_empty() || name.len() > NAME_OCTETS_MAX || !name.chars().all(fits) {
            faults.push(Fault::of(what, name, Wrong::Name));
        } else if seen.contains(&name) {
            faults.push(Fault::of(what, name, Wrong::Twice));
        }
        seen.push(name);
    }
    if seen.len() > NAMED_MAX {
        faults.push(Fault::general(Wrong::TooMany(what, seen.len())));
    }
    faults
}

impl Token {
    fn wrong(&self) -> Option<Wrong> {
        match (&self.sha256, &self.token_file) {
            (None, None) => Some(Wrong::NoToken),
            (Some(_), Some(_)) => Some(Wrong::TwoTokens),
            (Some(text), None) => digest(text).is_none().then_some(Wrong::Digest),
            (None, Some(_)) => None,
        }
    }
}

impl User {
    fn wrong(&self) -> Option<Wrong> {
        match (&self.password_hash, &self.password_hash_file) {
            (None, None) => Some(Wrong::NoPassword),
            (Some(_), Some(_)) => Some(Wrong::TwoPasswords),
            (Some(text), None) => Hash::parse(text.trim()).err().map(Wrong::PasswordHash),
            (None, Some(_)) => None,
        }
    }
}

impl Hook {
    fn wrong(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let is_named = self.format == HookFormat::Alertmanager && !self.client_names.is_empty();
        if (self.secret_files.is_empty() && !is_named) || self.secret_files.len() > 2 {
            wrong.push(Wrong::Secrets(self.secret_files.len()));
        }
        if self.format != HookFormat::Alertmanager && !self.client_names.is_empty() {
            wrong.push(Wrong::UnusedNames);
        }
        for name in &self.client_names {
            if rustls::pki_types::ServerName::try_from(name.as_str()).is_err() {
                wrong.push(Wrong::ClientName(name.clone()));
            }
        }
        for name in [&self.signature_header, &self.timestamp_header] {
            if axum::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                wrong.push(Wrong::Header(name.clone()));
            }
        }
        for text in &self.networks {
            if network(text).is_none() {
                wrong.push(Wrong::Network(text.clone()));
            }
        }
        for name in &self.actions {
            if !gridtap_store::Action::NAMES.contains(&name.as_str()) {
                wrong.push(Wrong::Action(name.clone()));
            }
        }
        wrong
    }
}

/// An address or a network.
pub(crate) fn network(text: &str) -> Option<IpNet> {
    let address = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    text.parse().ok().or_else(address)
}

/// The octets of a SHA-256 in hexadecimal.
pub(crate) fn digest(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut octets = [0; 32];
    for (octet, pair) in octets.iter_mut().zip(text.as_bytes().chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(octets)
}

/// Whom a request comes from, as far as limits and the audit log are concerned: of IPv6 a /64, because whoever has
/// one address there has all of them.
pub(crate) fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        four @ IpAddr::V4(_) => four,
    }
}

/// Where it listens if nobody says otherwise.
#[must_use]
pub const fn usual_listen() -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9417)
}

#[cfg(test)]
mod tests;
