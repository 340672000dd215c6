//! Who asks: tokens, compared so that the time it takes says nothing of them.

use std::path::Path;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::config::{Config, Fault, Token, Wrong, digest};
use crate::problem::Problem;
use crate::role::Role;

/// A shorter token can be guessed.
pub(crate) const TOKEN_OCTETS_MIN: usize = 24;
/// More than this is a wrong file, not a token.
pub(crate) const TOKEN_OCTETS_MAX: usize = 512;
/// A file of a token or a secret is not longer.
const FILE_OCTETS_MAX: u64 = 4096;

/// Somebody who may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// Everyone who may.
#[derive(Debug)]
pub(crate) struct Access {
    known: Vec<([u8; 32], Caller)>,
    /// Whether reading needs no token.
    is_open: bool,
}

impl Access {
    /// Those of the configuration, and the one of this machine, which closes nothing.
    pub(crate) fn of(config: &Config, local: Option<&Token>) -> Result<Self, Vec<Fault>> {
        let mut known = Vec::new();
        let mut faults = Vec::new();
        for token in config.token.iter().chain(local) {
            match octets(token) {
                Ok(octets) => {
                    known.push((octets, Caller { name: token.name.clone(), role: token.role }));
                }
                Err(wrong) => faults.push(Fault::of("token", &token.name, wrong)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self { known, is_open: config.token.is_empty() && config.user.is_empty() })
    }

    /// Whether whoever is on this machine may read.
    pub(crate) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Who asks; an error where nobody says so who must, or says it wrongly.
    pub(crate) fn caller(&self, headers: &HeaderMap, needed: Role) -> Result<Caller, Problem> {
        let Some(given) = headers.get(AUTHORIZATION) else {
            if self.is_open && needed == Role::Viewer {
                return Ok(Caller {
                    name: "anyone on this machine".to_owned(),
                    role: Role::Viewer,
                });
            }
            return Err(Problem::unauthorized(
                "this needs a token: send it as `Authorization: Bearer TOKEN`",
            ));
        };
        let unknown = || {
            Problem::unauthorized("the token is none of those that are configured: check its text")
        };
        let text = given.to_str().ok().and_then(|text| text.split_once(' '));
        let Some((_, token)) = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        else {
            return Err(Problem::unauthorized(
                "the Authorization header is no bearer token: send `Authorization: Bearer TOKEN`",
            ));
        };
        if token.len() > TOKEN_OCTETS_MAX {
            return Err(unknown());
        }
        let caller = self.known(&Sha256::digest(token.trim()).into()).ok_or_else(unknown)?;
        Ok(caller.clone())
    }

    /// Every token is compared, whatever was found before.
    fn known(&self, given: &[u8; 32]) -> Option<&Caller> {
        let mut place = u32::MAX;
        for ((octets, _), nth) in self.known.iter().zip(0_u32..) {
            let same: Choice = octets.ct_eq(given);
            place.conditional_assign(&nth, same);
        }
        let (_, caller) = self.known.get(usize::try_from(place).ok()?)?;
        Some(caller)
    }
}

fn octets(token: &Token) -> Result<[u8; 32], Wrong> {
    match (&token.sha256, &token.token_file) {
        (Some(text), _) => digest(text).ok_or(Wrong::Digest),
        (None, Some(path)) => {
            let content = content(path)?;
            let text = content.trim_ascii();
            if !(TOKEN_OCTETS_MIN..=TOKEN_OCTETS_MAX).contains(&text.len()) {
                return Err(Wrong::ShortToken(path.clone(), text.len()));
            }
            Ok(Sha256::digest(text).into())
        }
        (None, None) => Err(Wrong::NoToken),
    }
}

/// A small file that holds a secret.
pub(crate) fn content(path: &Path) -> Result<Vec<u8>, Wrong> {
    let unread = |error| Wrong::File { path: path.to_owned(), error };
    if std::fs::metadata(path).map_err(unread)?.len() > FILE_OCTETS_MAX {
        let reason = "longer than 4 KiB: surely the wrong file".to_owned();
        return Err(Wrong::Content { path: path.to_owned(), reason });
    }
    std::fs::read(path).map_err(unread)
}
