//! Who is logged in: kept in memory only, so that a restart logs everyone out.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gridtap_model::{Span, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Sessions at once. Beyond it the one that did nothing for longest gives way.
const SESSIONS_MAX: usize = 256;
/// Of one person: whoever knows a password logs out that person at most.
const OF_ONE_MAX: usize = 16;
/// Octets of an id.
const ID_OCTETS: usize = 32;

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    /// Without a person's doing.
    pub(super) idle: Span,
    /// In any case.
    pub(super) longest: Span,
}

impl Times {
    fn allow(self, session: &Session, now: Timestamp) -> bool {
        now.since_ns(session.seen) < self.idle.nanos()
            && now.since_ns(session.began) < self.longest.nanos()
    }
}

/// Everyone who is logged in.
#[derive(Default)]
pub(super) struct Sessions {
    /// By the digest of the id: how long a look takes says nothing of the ids, and a copy of the memory none of them.
    table: Mutex<BTreeMap<[u8; 32], Session>>,
}

#[derive(Debug, Clone)]
struct Session {
    name: String,
    /// Of which password and role.
    mark: [u8; 32],
    began: Timestamp,
    seen: Timestamp,
}

impl Sessions {
    /// Logs somebody in: the id that a cookie keeps, never one that was there before.
    pub(super) fn begin(
        &self,
        name: &str,
        mark: [u8; 32],
        now: Timestamp,
        times: Times,
    ) -> Result<String, getrandom::Error> {
        let id = random_id()?;
        let mut table = self.table();
        table.retain(|_, session| times.allow(session, now));
        let of_one = table.values().filter(|session| session.name == name).count();
        if of_one >= OF_ONE_MAX {
            remove_idlest(&mut table, |session| session.name == name);
        } else if table.len() >= SESSIONS_MAX {
            remove_idlest(&mut table, |_| true);
        }
        let session = Session { name: name.to_owned(), mark, began: now, seen: now };
        table.insert(digest(&id), session);
        Ok(id)
    }

    /// Whose session it is. What a page asks by itself is no sign of a person.
    pub(super) fn find(
        &self,
        id: &str,
        now: Timestamp,
        is_by_person: bool,
        times: Times,
    ) -> Option<(String, [u8; 32])> {
        let key = digest(id);
        let mut table = self.table();
        let session = table.get_mut(&key)?;
        if !times.allow(session, now) {
            table.remove(&key);
            return None;
        }
        if is_by_person {
            session.seen = session.seen.max(now);
        }
        Some((session.name.clone(), session.mark))
    }

    /// Logs somebody out.
    pub(super) fn end(&self, id: &str) {
        self.table().remove(&digest(id));
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Session>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_idlest(table: &mut BTreeMap<[u8; 32], Session>, of: impl Fn(&Session) -> bool) {
    let some = table.iter().filter(|(_, session)| of(session));
    if let Some(key) = some.min_by_key(|(_, session)| session.seen).map(|(key, _)| *key) {
        table.remove(&key);
    }
}

fn digest(id: &str) -> [u8; 32] {
    Sha256::digest(id).into()
}

/// An id that nobody guesses.
pub(super) fn random_id() -> Result<String, getrandom::Error> {
    let mut octets = [0; ID_OCTETS];
    getrandom::fill(&mut octets)?;
    Ok(hexadecimal(&octets))
}

/// Whether a text could be an id of ours.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 2 * ID_OCTETS && text.bytes().all(|octet| octet.is_ascii_hexdigit())
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Ties the forms of a page to the cookie of whoever asked for it.
pub(super) struct FormSeal([u8; 32]);

impl FormSeal {
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 32];
        getrandom::fill(&mut key)?;
        Ok(Self(key))
    }

    /// What the forms of a session carry.
    pub(super) fn token(&self, id: &str) -> String {
        self.mac(id).map(|mac| hexadecimal(&mac.finalize().into_bytes())).unwrap_or_default()
    }

    /// Whether a form is of a session, in constant time.
    pub(super) fn fits(&self, id: &str, token: &str) -> bool {
        let Some(octets) = crate::config::digest(token) else { return false };
        self.mac(id).is_some_and(|mac| mac.verify_slice(&octets).is_ok())
    }

    fn mac(&self, id: &str) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        Some(mac.chain_update(b"form\0").chain_update(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(1_714_557_600 + seconds, 0)
    }

    const TIMES: Times = Times { idle: Span::from_secs(600), longest: Span::from_secs(3600) };

    fn begin(sessions: &Sessions, name: &str, now: Timestamp) -> String {
        sessions.begin(name, [0; 32], now, TIMES).unwrap()
    }

    fn find(sessions: &Sessions, id: &str, now: Timestamp, is_by_person: bool) -> Option<String> {
        sessions.find(id, now, is_by_person, TIMES).map(|(name, _)| name)
    }

    #[test]
    fn a_session_ends_when_nobody_did_anything_and_after_its_longest_time() {
        let sessions = Sessions::default();
        let idle = begin(&sessions, "shift", at(0));
        assert_eq!(find(&sessions, &idle, at(599), false).as_deref(), Some("shift"));
        assert_eq!(
            find(&sessions, &idle, at(600), true),
            None,
            "a page that asks by itself is nobody"
        );
        let busy = begin(&sessions, "shift", at(0));
        for second in (0..3600).step_by(300) {
            assert!(find(&sessions, &busy, at(second), true).is_some(), "{second}");
        }
        assert_eq!(find(&sessions, &busy, at(3600), true), None);
    }

    #[test]
    fn whoever_logs_out_is_out_and_no_two_ids_are_the_same() {
        let sessions = Sessions::default();
        let [one, other] = [0, 0].map(|second| begin(&sessions, "shift", at(second)));
        assert_ne!(one, other);
        assert!(is_id(&one));
        sessions.end(&one);
        assert_eq!(find(&sessions, &one, at(1), true), None);
        assert!(find(&sessions, &other, at(1), true).is_some());
    }

    #[test]
    fn the_table_is_bounded_and_one_person_takes_no_room_from_others() {
        let sessions = Sessions::default();
        let first = begin(&sessions, "lead", at(0));
        for nth in 0..1000 {
            begin(&sessions, "shift", at(nth / 100));
        }
        assert_eq!(sessions.table().len(), 1 + OF_ONE_MAX);
        assert!(find(&sessions, &first, at(10), true).is_some());
        for nth in 0..1000 {
            begin(&sessions, &format!("user {nth}"), at(20));
        }
        assert_eq!(sessions.table().len(), SESSIONS_MAX);
    }

    #[test]
    fn a_form_is_of_one_session_only() {
        let (seal, other) = (FormSeal::new().unwrap(), FormSeal::new().unwrap());
        let token = seal.token("a");
        assert!(seal.fits("a", &token));
        assert!(!seal.fits("b", &token) && !other.fits("a", &token));
        assert!(!seal.fits("a", "") && !seal.fits("a", token.get(1..).unwrap()));
    }
}
