//! Passwords: kept as hashes (argon2id, in the PHC string format), made and compared here.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};

/// A shorter password can be guessed: it is all that stands before a login (NIST SP 800-63B-4, 3.1.1.2).
pub const PASSWORD_LENGTH_MIN: usize = 15;
/// More octets than this are a wrong file, or a way to keep us busy.
pub const PASSWORD_OCTETS_MAX: usize = 1024;

/// What a hash may cost, in KiB and rounds: less is guessed offline, more lets one login take the machine's memory.
const MEMORY_KIB: core::ops::RangeInclusive<u32> = 7 * 1024..=256 * 1024;
const ROUNDS_MAX: u32 = 16;
const LANES_MAX: u32 = 8;
const SALT_OCTETS_MIN: usize = 8;
const HASH_OCTETS_MIN: usize = 16;

/// Why there is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Too easily guessed.
    #[error(
        "the password has {0} characters, expected at least {PASSWORD_LENGTH_MIN}: a few words that do not belong together are easy to remember"
    )]
    Short(usize),
    /// Too long to be one.
    #[error("the password has {0} octets, expected at most {PASSWORD_OCTETS_MAX}")]
    Long(usize),
    /// No randomness.
    #[error("the system gives no random octets: {0}")]
    Random(String),
    /// What no call of ours should meet.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
}

/// The hash of a password, as `password_hash` in the configuration has it.
///
/// # Errors
/// The password is too short or too long, or the system gives no random octets.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    let length = password.chars().count();
    if length < PASSWORD_LENGTH_MIN {
        return Err(PasswordError::Short(length));
    }
    if password.len() > PASSWORD_OCTETS_MAX {
        return Err(PasswordError::Long(password.len()));
    }
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| PasswordError::Random(error.to_string()))?;
    // 19 MiB, 2 rounds, 1 lane: what OWASP recommends, and what two cores can bear beside their packets.
    hashed(password, &salt, Params::DEFAULT).map(|hash| hash.to_string())
}

fn hashed(password: &str, salt: &[u8], params: Params) -> Result<PasswordHash, PasswordError> {
    Argon2::from(params)
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|error| PasswordError::Hash(error.to_string()))
}

/// The hash that the configuration has.
#[derive(Debug, Clone)]
pub(crate) struct Hash(PasswordHash);

impl Hash {
    /// Reads it; an error in words where it is none that is taken.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let hash = PasswordHash::new(text).map_err(|_| "it is no PHC string")?;
        if hash.algorithm.as_str() != "argon2id" || hash.version != Some(19) {
            return Err("it is not of argon2id, version 19");
        }
        let params = Params::try_from(&hash).map_err(|_| "its parameters are none of argon2id")?;
        if !MEMORY_KIB.contains(&params.m_cost()) {
            return Err("m is out of its range: 7168 to 262144 KiB");
        }
        if params.t_cost() > ROUNDS_MAX || params.p_cost() > LANES_MAX {
            return Err("t is above 16 or p above 8");
        }
        let is_whole = hash.salt.as_ref().is_some_and(|salt| salt.len() >= SALT_OCTETS_MIN)
            && hash.hash.as_ref().is_some_and(|hash| hash.len() >= HASH_OCTETS_MIN);
        if is_whole { Ok(Self(hash)) } else { Err("its salt or its hash is missing or too short") }
    }

    /// As the configuration has it.
    pub(crate) fn text(&self) -> String {
        self.0.to_string()
    }

    /// Whether it is that of a password. Takes its time and memory.
    pub(crate) fn fits(&self, password: &str) -> bool {
        password.len() <= PASSWORD_OCTETS_MAX
            && Argon2::default().verify_password(password.as_bytes(), &self.0).is_ok()
    }

    /// One that costs the same and that no password fits: a name that nobody has must not be refused sooner.
    pub(crate) fn decoy(like: Option<&Self>) -> Result<Self, PasswordError> {
        let like = like.and_then(|hash| Params::try_from(&hash.0).ok());
        let mut random = [0; 48];
        getrandom::fill(&mut random).map_err(|error| PasswordError::Random(error.to_string()))?;
        let (salt, unknown) = random.split_at(16);
        let unknown: String = unknown.iter().map(|octet| format!("{octet:02x}")).collect();
        hashed(&unknown, salt, like.unwrap_or(Params::DEFAULT)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_and_no_other() {
        let text = hash_password("correct horse battery staple").unwrap();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let hash = Hash::parse(&text).unwrap();
        assert!(hash.fits("correct horse battery staple"));
        assert!(!hash.fits("correct horse battery stapler"));
        assert!(!hash.fits(""));
        assert!(!Hash::decoy(Some(&hash)).unwrap().fits("correct horse battery staple"));
        assert_ne!(text, hash_password("correct horse battery staple").unwrap());
    }

    #[test]
    fn a_short_password_is_refused_by_its_characters() {
        assert_eq!(hash_password("fourteen chars"), Err(PasswordError::Short(14)));
        assert_eq!(hash_password(&"ü".repeat(14)), Err(PasswordError::Short(14)));
        assert_eq!(hash_password(&"x".repeat(1025)), Err(PasswordError::Long(1025)));
    }

    #[test]
    fn what_is_weak_costs_too_much_or_is_no_hash_is_refused_with_its_reason() {
        const END: &str = "$c29tZXNhbHRzYWx0$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A";
        let hash = |head: &str| Hash::parse(&format!("{head}{END}")).map(drop);
        assert_eq!(hash("$argon2id$v=19$m=19456,t=2,p=1"), Ok(()));
        for head in [
            "$argon2i$v=19$m=19456,t=2,p=1",
            "$argon2id$v=16$m=19456,t=2,p=1",
            "$argon2id$m=19456,t=2,p=1",
            "$argon2id$v=19$m=64,t=2,p=1",
            "$argon2id$v=19$m=4194304,t=2,p=1",
            "$argon2id$v=19$m=19456,t=200,p=1",
            "$argon2id$v=19$m=19456,t=2,p=99",
            "$argon2id$v=19$m=19456,t=2,q=1",
        ] {
            assert!(hash(head).is_err(), "{head}");
        }
        for text in
            ["", "secret", "$argon2id$v=19$m=19456,t=2,p=1", "$2y$10$abcdefghijklmnopqrstuv"]
        {
            assert!(Hash::parse(text).is_err(), "{text}");
        }
    }
}
