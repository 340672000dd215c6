//! What logging in needs.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::Request;
use gridtap_model::{Span, Timestamp};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use super::session::{FormSeal, Sessions, Times};
use super::user::Users;
use crate::access::Caller;
use crate::config::{Config, Fault, Wrong};
use crate::limit::Limit;
use crate::password::PasswordError;
use crate::problem::Problem;
use crate::server::Encrypted;

/// Logins that one source may try at once, and how long each takes to come back.
const OF_SOURCE: (Span, u32) = (Span::from_secs(6), 10);
/// The same for one name, from wherever it was never logged in by; a source that it was logged in from has its own, so
/// that nobody keeps others out by guessing at their names.
const OF_NAME: (Span, u32) = (Span::from_secs(30), 10);
/// Names and sources of logins that are remembered.
const WELCOME_MAX: usize = 1024;
/// Names that are told apart: what nobody is called shares its places.
const NAMES_MAX: u16 = 1024;
/// Passwords that are compared at once: each takes 19 MiB, and the cores are there for the packets.
const COMPARED_MAX: usize = 1;
/// Logins that wait for that.
const WAITING_MAX: usize = 16;

/// Who may come in, by the settings.
pub(crate) struct Gate {
    pub(super) users: Arc<Users>,
    times: Times,
    door: Arc<Door>,
}

/// Who is in, and who tried: that stays when the settings change.
pub(crate) struct Door {
    sessions: Sessions,
    pub(super) seal: FormSeal,
    by_source: Limit<IpAddr>,
    by_name: Limit<(u16, Option<IpAddr>)>,
    /// Who logged in from where, the last at the end.
    welcome: Mutex<VecDeque<(u16, IpAddr)>>,
    comparing: Semaphore,
    waiting: Semaphore,
}

impl Door {
    pub(crate) fn new() -> Result<Self, Fault> {
        let seal = FormSeal::new().map_err(|error| {
            Fault::general(Wrong::Password(PasswordError::Random(error.to_string())))
        })?;
        Ok(Self {
            sessions: Sessions::default(),
            seal,
            by_source: Limit::every(OF_SOURCE.0, OF_SOURCE.1),
            by_name: Limit::every(OF_NAME.0, OF_NAME.1),
            welcome: Mutex::default(),
            comparing: Semaphore::new(COMPARED_MAX),
            waiting: Semaphore::new(WAITING_MAX),
        })
    }

    fn welcome(&self) -> MutexGuard<'_, VecDeque<(u16, IpAddr)>> {
        self.welcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn welcomes(&self, key: (u16, IpAddr)) {
        let mut welcome = self.welcome();
        welcome.retain(|each| *each != key);
        if welcome.len() >= WELCOME_MAX {
            welcome.pop_front();
        }
        welcome.push_back(key);
    }
}

impl Gate {
    pub(crate) fn of(config: &Config, users: Users, door: Arc<Door>) -> Self {
        let times = Times { idle: config.session_idle, longest: config.session_max };
        Self { users: Arc::new(users), times, door }
    }

    pub(super) fn seal(&self) -> &FormSeal {
        &self.door.seal
    }

    /// Whether a login may be tried, by where it comes from and for whom.
    pub(super) fn allows(&self, source: IpAddr, name: &str, now: Timestamp) -> bool {
        let key = (slot(name), source);
        let own = self.door.welcome().contains(&key).then_some(source);
        self.door.by_source.allows(source, now) && self.door.by_name.allows((key.0, own), now)
    }

    /// Whether a password is that of a name; an error where too many want to know.
    pub(super) async fn fits(&self, name: String, password: String) -> Result<bool, Problem> {
        let _waiting = self.door.waiting.try_acquire().map_err(|_| Problem::busy())?;
        let turn = self.door.comparing.acquire().await.map_err(|_| Problem::busy())?;
        let users = Arc::clone(&self.users);
        let compared = tokio::task::spawn_blocking(move || users.fits(&name, &password)).await;
        drop(turn);
        compared.map_err(|_| Problem::busy())
    }

    /// Logs somebody in: the id that a cookie keeps.
    pub(super) fn begin(
        &self,
        name: &str,
        source: IpAddr,
        now: Timestamp,
    ) -> Result<String, Problem> {
        self.door.welcomes((slot(name), source));
        let mark = self.users.mark(name).ok_or_else(Problem::busy)?;
        self.door.sessions.begin(name, mark, now, self.times).map_err(|_| Problem::busy())
    }

    /// Who is logged in by this id. Whoever has another password or another role by now is not.
    pub(super) fn find(&self, id: &str, now: Timestamp, is_by_person: bool) -> Option<Caller> {
        let (name, mark) = self.door.sessions.find(id, now, is_by_person, self.times)?;
        if self.users.mark(&name) != Some(mark) {
            self.end(id);
            return None;
        }
        let role = self.users.role_of(&name)?;
        Some(Caller { name, role })
    }

    /// Logs somebody out.
    pub(super) fn end(&self, id: &str) {
        self.door.sessions.end(id);
    }
}

/// The place of a name in the table of limits, which no number of made-up names makes longer.
fn slot(name: &str) -> u16 {
    let [first, second, ..] = <[u8; 32]>::from(Sha256::digest(name));
    u16::from_be_bytes([first, second]) % NAMES_MAX
}

/// How a cookie is called and what it is limited to. Without TLS the interface answers this machine alone; Chromium takes
/// a cookie whose name begins with `__Host-` there as well, others (Safari) do not, and nothing is gained by it: other
/// ports of this machine share its cookies either way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookie {
    name: &'static str,
    is_encrypted: bool,
}

impl Cookie {
    /// Keeps a session.
    pub(super) fn session<B>(request: &Request<B>) -> Self {
        Self::of(request, ["gridtap-session", "__Host-gridtap-session"])
    }

    /// Ties a form to log in by to the browser that asked for it.
    pub(super) fn entry<B>(request: &Request<B>) -> Self {
        Self::of(request, ["gridtap-entry", "__Host-gridtap-entry"])
    }

    fn of<B>(request: &Request<B>, [plain, encrypted]: [&'static str; 2]) -> Self {
        let is_encrypted = request.extensions().get::<Encrypted>().is_some();
        Self { name: if is_encrypted { encrypted } else { plain }, is_encrypted }
    }

    /// The value that a request has of it.
    pub(super) fn value<B>(self, request: &Request<B>) -> Option<String> {
        let headers = request.headers().get_all(axum::http::header::COOKIE);
        let mut pairs = headers
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|text| text.split(';'));
        pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name && super::session::is_id(value)).then(|| value.to_owned())
        })
    }

    /// The header that sets it.
    pub(super) fn set(self, value: &str) -> String {
        let secure = if self.is_encrypted { "; Secure" } else { "" };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Strict{secure}", self.name)
    }

    /// The header that takes it away.
    pub(super) fn clear(self) -> String {
        format!("{}; Max-Age=0", self.set(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_tls_a_cookie_is_of_this_host_and_of_tls_alone() {
        let id = "0123456789abcdef".repeat(4);
        let mut request = Request::new(());
        let plain = Cookie::session(&request);
        assert_eq!(
            plain.set(&id),
            format!("gridtap-session={id}; Path=/; HttpOnly; SameSite=Strict")
        );
        request.extensions_mut().insert(Encrypted);
        let cookie = Cookie::session(&request);
        let set = cookie.set(&id);
        assert_eq!(
            set,
            format!("__Host-gridtap-session={id}; Path=/; HttpOnly; SameSite=Strict; Secure")
        );
        // One that was set without TLS, by whoever could, is none.
        let header = |text: String| text.parse().unwrap();
        request.headers_mut().insert("cookie", header(format!("gridtap-session={id}")));
        assert_eq!(cookie.value(&request), None);
        request.headers_mut().insert("cookie", header(format!("a=b; __Host-gridtap-session={id}")));
        assert_eq!(cookie.value(&request), Some(id));
    }

    #[test]
    fn any_number_of_names_takes_a_bounded_number_of_places() {
        let places: std::collections::BTreeSet<u16> =
            (0..10_000).map(|nth| slot(&format!("name {nth}"))).collect();
        assert!(places.len() <= usize::from(NAMES_MAX));
    }
}
