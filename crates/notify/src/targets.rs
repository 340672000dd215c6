//! Where deliveries may go: URLs, and the list that they are held against.
//!
//! The list stands apart from the URLs because a name can be made to lead elsewhere, and because whoever may add an
//! endpoint need not be whoever may open a way out of the control network's neighbourhood.

use core::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// Where an Alertmanager takes alerts.
pub(crate) const ALERTS: &str = "/api/v2/alerts";

/// A URL that deliveries can be posted to. It is never shown whole: with some receivers it is the secret.
#[derive(Clone)]
pub struct Url {
    text: String,
    scheme: Scheme,
    host: String,
    port: u16,
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({}…)", self.place())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

/// Why a text is no URL to deliver to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// Not a URL.
    #[error("is not a URL such as https://alarms.example.org/hooks/gridtap")]
    Malformed,
    /// Neither http nor https.
    #[error("begins with neither https:// nor http://")]
    Scheme,
    /// A name or password in it.
    #[error("holds a name or password: use bearer_token_file or secret_files")]
    Credentials,
    /// In the clear to another machine.
    #[error(
        "is plain http to another machine: use https, or set plain_http = true if nobody can listen there"
    )]
    Plain,
}

impl Url {
    /// A URL. Plain `http` leads to this machine only, unless `plain_http`.
    ///
    /// # Errors
    ///
    /// When the text is no URL, or one that should not be used.
    pub fn parse(text: &str, plain_http: bool) -> Result<Self, UrlError> {
        let text = text.trim();
        if text.bytes().any(|octet| octet.is_ascii_whitespace() || octet == b'#') {
            return Err(UrlError::Malformed);
        }
        let uri: ureq::http::Uri = text.parse().map_err(|_| UrlError::Malformed)?;
        let (scheme, port) = match uri.scheme_str() {
            Some("https") => (Scheme::Https, 443),
            Some("http") => (Scheme::Http, 80),
            _ => return Err(UrlError::Scheme),
        };
        let authority = uri.authority().ok_or(UrlError::Malformed)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        let host = authority.host().to_ascii_lowercase();
        // `Authority::port` takes a port that is none for an absent one.
        let port = match authority.as_str().get(authority.host().len()..) {
            None | Some("") => port,
            Some(rest) => rest
                .strip_prefix(':')
                .and_then(|digits| digits.parse().ok())
                .ok_or(UrlError::Malformed)?,
        };
        if host.is_empty() {
            return Err(UrlError::Malformed);
        }
        let url = Self { text: text.to_owned(), scheme, host, port };
        if scheme == Scheme::Http && !plain_http && !url.is_this_machine() {
            return Err(UrlError::Plain);
        }
        Ok(url)
    }

    /// The host's address, where it is one and not a name.
    fn address(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }

    fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.address().is_some_and(|address| address.is_loopback())
    }

    /// Host and port: as much of it as may be shown.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Whether it is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The same with another path of the same program.
    #[must_use]
    pub(crate) fn beside(&self, path: &str) -> String {
        let base = self.text.trim_end_matches('/');
        let base = base.strip_suffix(ALERTS).unwrap_or(base);
        format!("{}{path}", base.trim_end_matches('/'))
    }

    /// The same with a path behind its own, unless it ends so already.
    #[must_use]
    pub(crate) fn with_path(&self, path: &str) -> String {
        let base = self.text.trim_end_matches('/');
        if path.is_empty() {
            self.text.clone()
        } else if base.ends_with(path) {
            base.to_owned()
        } else {
            format!("{base}{path}")
        }
    }
}

/// Where deliveries may go.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    names: Vec<(String, Option<u16>)>,
    networks: Vec<IpNet>,
}

/// An entry that is neither a name nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is neither a host name, with or without a port, nor an address or network such as 10.20.0.0/16"
)]
pub struct TargetError(String);

impl Targets {
    /// The list as it is written.
    ///
    /// # Errors
    ///
    /// At the first entry that cannot be read.
    pub fn parse(entries: &[String]) -> Result<Self, TargetError> {
        let mut targets = Self::default();
        for entry in entries {
            let text = entry.trim().to_ascii_lowercase();
            let bare = text.trim_start_matches('[').trim_end_matches(']');
            if let Ok(network) = text.parse::<IpNet>() {
                targets.networks.push(network);
            } else if let Ok(address) = bare.parse::<IpAddr>() {
                targets.networks.push(IpNet::from(address));
            } else {
                targets.names.push(named(&text).ok_or_else(|| TargetError(entry.clone()))?);
            }
        }
        Ok(targets)
    }

    /// Whether the name itself is listed.
    fn names(&self, host: &str, port: u16) -> bool {
        self.names.iter().any(|(name, only)| name == host && only.is_none_or(|only| only == port))
    }

    /// Whether a URL could be allowed: its name is listed, or its address may yet turn out to be in a listed network.
    #[must_use]
    pub fn may_allow(&self, url: &Url) -> bool {
        match url.address() {
            Some(address) => self.allow(&url.host, url.port, address),
            None => self.names(&url.host, url.port) || !self.networks.is_empty(),
        }
    }

    /// Whether a connection may be made to this address, which `host` led to.
    #[must_use]
    pub fn allow(&self, host: &str, port: u16, address: IpAddr) -> bool {
        // What a network means should not hang on how the address was written.
        let address = address.to_canonical();
        self.names(&host.to_ascii_lowercase(), port)
            || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// `name` or `name:port`.
fn named(text: &str) -> Option<(String, Option<u16>)> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port.parse::<u16>().ok()?)),
        None => (text, None),
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(&octet))
    };
    // All digits and full stops is an address that was mistyped.
    let is_name =
        name.split('.').all(label) && name.bytes().any(|octet| octet.is_ascii_alphabetic());
    is_name.then(|| (name.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(entries: &[&str]) -> Targets {
        Targets::parse(&entries.iter().map(|&each| each.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text, true).unwrap()
    }

    #[test]
    fn a_name_is_allowed_on_its_port_and_a_network_by_the_address_it_leads_to() {
        let listed = targets(&["Alarms.example.org:8443", "10.20.0.0/16", "::1"]);
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(listed.may_allow(&url("https://ALARMS.example.org:8443/x")));
        assert!(listed.allow("alarms.example.org", 8443, address("192.0.2.1")));
        assert!(!listed.allow("alarms.example.org", 443, address("192.0.2.1")));
        assert!(listed.allow("anything.example.org", 443, address("10.20.3.4")));
        assert!(listed.allow("anything.example.org", 443, address("::ffff:10.20.3.4")));
        assert!(!listed.allow("anything.example.org", 443, address("10.21.3.4")));
        assert!(listed.may_allow(&url("http://[::1]:9000/")));
        assert!(!listed.may_allow(&url("http://127.0.0.1/")));
        assert!(!targets(&["alarms.example.org"]).may_allow(&url("https://example.org/")));
        assert!(!Targets::default().may_allow(&url("https://example.org/")));
    }

    #[test]
    fn what_is_no_target_is_said() {
        for entry in
            ["", "https://example.org", "a b", "example.org:70000", "10.0.0", "10.0.0.0/33", "*"]
        {
            let error = Targets::parse(&[entry.to_owned()]).unwrap_err();
            assert!(error.to_string().contains("10.20.0.0/16"), "{entry}");
        }
    }

    #[test]
    fn a_url_is_checked_and_never_shown_whole() {
        let parse = |text: &str| Url::parse(text, false).map(drop);
        assert_eq!(parse("https://example.org/services/T0/secret"), Ok(()));
        assert_eq!(parse("http://127.0.0.1:9000/x"), Ok(()));
        assert_eq!(parse("http://[::1]/x"), Ok(()));
        assert_eq!(parse("http://localhost/x"), Ok(()));
        assert_eq!(parse("http://10.0.0.1/x"), Err(UrlError::Plain));
        assert_eq!(parse("http://localhost.example.org/x"), Err(UrlError::Plain));
        assert_eq!(parse("https://me:pass@example.org/"), Err(UrlError::Credentials));
        assert_eq!(parse("ftp://example.org/"), Err(UrlError::Scheme));
        assert_eq!(parse("/hooks"), Err(UrlError::Scheme));
        assert_eq!(parse("https://"), Err(UrlError::Malformed));
        assert_eq!(parse("https://example.org:99999/"), Err(UrlError::Malformed));
        assert_eq!(parse("https://example.org/a b"), Err(UrlError::Malformed));
        let secret = Url::parse("https://example.org/services/T0/secret", false).unwrap();
        assert!(!format!("{secret:?}").contains("secret"));
        assert_eq!(secret.place(), "example.org:443");
    }

    #[test]
    fn a_path_is_added_once() {
        let added = |text: &str| url(text).with_path("/api/v2/alerts");
        assert_eq!(added("http://127.0.0.1:9093"), "http://127.0.0.1:9093/api/v2/alerts");
        assert_eq!(added("http://127.0.0.1:9093/am/"), "http://127.0.0.1:9093/am/api/v2/alerts");
        assert_eq!(added("http://h:1/api/v2/alerts"), "http://h:1/api/v2/alerts");
        for base in ["http://h:1/am", "http://h:1/am/", "http://h:1/am/api/v2/alerts/"] {
            assert_eq!(url(base).beside("/api/v2/silences"), "http://h:1/am/api/v2/silences");
        }
    }
}
