//! One exchange with a receiver: bounded in time, in octets, and in where it may lead.

use core::time::Duration;
use std::io::Read;

use gridtap_model::{Span, Timestamp};
use ureq::Agent;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::access::Access;
use crate::config::{Endpoint, Wrong};
use crate::format::Post;
use crate::retry_after;
use crate::signature::{ID_HEADER, SIGNATURE_HEADER, Secret, TIMESTAMP_HEADER, sign_all};
use crate::targets::{Targets, Url};

/// Octets of an answer's head.
const HEAD_OCTETS_MAX: usize = 16 * 1024;
/// Octets of an answer's body that are looked at, for the reason in a refusal.
const REASON_OCTETS_MAX: u64 = 1_024;
/// Characters of it that are kept.
const REASON_CHARACTERS_MAX: usize = 200;

/// What a receiver answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// How long it asked to be left alone.
    pub asked: Option<Span>,
    /// The beginning of a refusal's text.
    pub reason: String,
}

impl Answer {
    /// Whether the receiver took the delivery: 2xx and nothing else.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// It took too long.
    #[error("no answer within {0}")]
    Timeout(Span),
    /// The list of targets forbids it.
    #[error("{0}")]
    Forbidden(String),
    /// The connection, TLS or HTTP failed.
    #[error("{0}")]
    Broken(String),
}

/// Speaks to one endpoint.
pub struct Client {
    agent: Agent,
    url: Url,
    secrets: Vec<Secret>,
    authorization: Option<String>,
    timeout: Span,
}

impl Client {
    /// Reads an endpoint's files and makes ready; connects to nobody yet.
    ///
    /// # Errors
    ///
    /// Every file that cannot be read or does not hold what it should, and a URL that may not be delivered to.
    pub fn open(endpoint: &Endpoint, targets: &Targets) -> Result<Self, Vec<Wrong>> {
        let Access { url, secrets, authorization, tls } = Access::read(endpoint)?;
        if !targets.may_allow(&url) {
            return Err(vec![Wrong::Target(url.place())]);
        }
        let config = Agent::config_builder()
            .timeout_global(Some(Duration::from_nanos(endpoint.timeout.nanos())))
            .http_status_as_error(false)
            // A redirect would carry the delivery past the list of targets.
            .max_redirects(0)
            .max_redirects_will_error(false)
            // A proxy of the environment would too.
            .proxy(None)
            // A kept connection may be dead by the next alarm, which would then wait for its retry.
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            .max_response_header_size(HEAD_OCTETS_MAX)
            .user_agent(concat!("gridtap/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls)
            .build();
        let resolver = Listed { targets: targets.clone(), inner: DefaultResolver::default() };
        let agent = Agent::with_parts(config, DefaultConnector::new(), resolver);
        Ok(Self { agent, url, secrets, authorization, timeout: endpoint.timeout })
    }

    /// Posts a delivery and hears the answer. `now` is the time of this attempt; it is signed.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub fn exchange(&self, id: &str, post: &Post, now: Timestamp) -> Result<Answer, ExchangeError> {
        let mut request = self
            .agent
            .post(self.url.with_path(post.path))
            .header("content-type", post.content_type)
            .header(ID_HEADER, id);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if !self.secrets.is_empty() {
            let seconds = now.nanos().div_euclid(1_000_000_000);
            let signature = sign_all(id, seconds, post.body.as_bytes(), &self.secrets);
            request = request
                .header(TIMESTAMP_HEADER, seconds.to_string())
                .header(SIGNATURE_HEADER, signature);
        }
        let answer = request.send(post.body.as_bytes()).map_err(|error| self.failed(error))?;
        let status = answer.status().as_u16();
        let header = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let asked = header.and_then(|header| retry_after::asked(header, now));
        // The status is the answer: a receiver that said 2xx and broke off has taken the delivery.
        let reason = if (200..300).contains(&status) {
            String::new()
        } else {
            reason(answer.into_body().into_reader())
        };
        Ok(Answer { status, asked, reason })
    }

    /// Reads what stands at a path, whose name comes in place of the one that deliveries are posted to. At most so many
    /// octets: more is an error.
    ///
    /// # Errors
    ///
    /// When there is no answer, or none with 200, or a longer one.
    pub fn read(&self, path: &str, octets_max: u64) -> Result<Vec<u8>, ExchangeError> {
        let mut request =
            self.agent.get(self.url.beside(path)).header("accept", "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut answer = request.call().map_err(|error| self.failed(error))?;
        let status = answer.status().as_u16();
        if status != 200 {
            let reason = reason(answer.into_body().into_reader());
            let end = if reason.is_empty() { reason } else { format!(": {reason}") };
            return Err(ExchangeError::Broken(format!("answered {status}{end}")));
        }
        let read = answer.body_mut().with_config().limit(octets_max).read_to_vec();
        read.map_err(|error| match error {
            ureq::Error::BodyExceedsLimit(octets) => {
                ExchangeError::Broken(format!("the answer is longer than {octets} octets"))
            }
            other => self.failed(other),
        })
    }

    /// Where it delivers to, as much of it as may be shown.
    #[must_use]
    pub fn place(&self) -> String {
        self.url.place()
    }

    /// What to tell of a failed exchange. Errors that may hold the URL are not repeated: it can be the secret.
    fn failed(&self, error: ureq::Error) -> ExchangeError {
        let text = match error {
            ureq::Error::Timeout(_) => return ExchangeError::Timeout(self.timeout),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                return ExchangeError::Timeout(self.timeout);
            }
            ureq::Error::Other(error) if error.is::<NotListed>() => {
                return ExchangeError::Forbidden(error.to_string());
            }
            ureq::Error::Io(error) => error.to_string(),
            ureq::Error::Rustls(error) => format!("TLS: {error}"),
            ureq::Error::Tls(error) => format!("TLS: {error}"),
            ureq::Error::HostNotFound => format!("{}: no such host", self.url.place()),
            ureq::Error::ConnectionFailed => format!("{}: cannot connect", self.url.place()),
            ureq::Error::Protocol(error) => format!("not an HTTP answer: {error}"),
            ureq::Error::LargeResponseHeader(..) => "the head of the answer is too long".to_owned(),
            _ => "the exchange failed".to_owned(),
        };
        ExchangeError::Broken(text)
    }
}

/// The beginning of what a receiver says of its refusal, in one line.
fn reason(body: impl Read) -> String {
    let mut octets = Vec::new();
    // What comes before it breaks off will do.
    let _ = body.take(REASON_OCTETS_MAX).read_to_end(&mut octets);
    let text = String::from_utf8_lossy(&octets);
    let line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(REASON_CHARACTERS_MAX)
        .collect();
    line
}

/// Looks a host up and keeps the addresses that may be connected to.
#[derive(Debug)]
struct Listed {
    targets: Targets,
    inner: DefaultResolver,
}

/// A name led only to where no delivery may go.
#[derive(Debug, thiserror::Error)]
#[error("{0} leads to no address that notify.targets allows")]
struct NotListed(String);

impl Resolver for Listed {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let host = uri.host().unwrap_or_default();
        let mut allowed = self.empty();
        for address in found.iter() {
            if self.targets.allow(host, address.port(), address.ip()) {
                allowed.push(*address);
            }
        }
        if allowed.is_empty() {
            return Err(ureq::Error::Other(Box::new(NotListed(host.to_owned()))));
        }
        Ok(allowed)
    }
}

#[cfg(test)]
mod tests;
