//! The people of the page, and whether a name and a password are one of theirs.

use sha2::{Digest, Sha256};

use crate::access::content;
use crate::config::{Config, Fault, User, Wrong};
use crate::password::Hash;
use crate::role::Role;

/// Everyone who may log in.
#[derive(Debug)]
pub(crate) struct Users {
    known: Vec<Known>,
    /// What is compared where nobody has the name.
    decoy: Hash,
}

#[derive(Debug)]
struct Known {
    name: String,
    role: Role,
    hash: Hash,
}

impl Users {
    pub(crate) fn of(config: &Config) -> Result<Self, Vec<Fault>> {
        let mut known = Vec::new();
        let mut faults = Vec::new();
        for user in &config.user {
            match hash(user) {
                Ok(hash) => known.push(Known { name: user.name.clone(), role: user.role, hash }),
                Err(wrong) => faults.push(Fault::of("user", &user.name, wrong)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let decoy = Hash::decoy(known.first().map(|first| &first.hash));
        let decoy = decoy.map_err(|error| vec![Fault::general(Wrong::Password(error))])?;
        Ok(Self { known, decoy })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// What somebody may do; none where nobody is called so.
    pub(crate) fn role_of(&self, name: &str) -> Option<Role> {
        self.known.iter().find(|known| known.name == name).map(|known| known.role)
    }

    /// What tells apart who somebody is: another password or role is another.
    pub(super) fn mark(&self, name: &str) -> Option<[u8; 32]> {
        let known = self.known.iter().find(|known| known.name == name)?;
        let digest = Sha256::new().chain_update(known.role.name()).chain_update([0]);
        Some(digest.chain_update(known.hash.text()).finalize().into())
    }

    /// Whether a password is that of a name. It takes the same time where nobody has the name.
    pub(crate) fn fits(&self, name: &str, password: &str) -> bool {
        let known = self.known.iter().find(|known| known.name == name);
        let hash = known.map_or(&self.decoy, |known| &known.hash);
        hash.fits(password) && known.is_some()
    }
}

fn hash(user: &User) -> Result<Hash, Wrong> {
    let parse = |text: &str| Hash::parse(text.trim()).map_err(Wrong::PasswordHash);
    match (&user.password_hash, &user.password_hash_file) {
        (Some(text), _) => parse(text),
        (None, Some(path)) => {
            let content = content(path)?;
            let text = String::from_utf8_lossy(&content).into_owned();
            Hash::parse(text.trim()).map_err(|reason| Wrong::Content {
                path: path.clone(),
                reason: format!("{reason}: `gridtap hash-password` makes one"),
            })
        }
        (None, None) => Err(Wrong::NoPassword),
    }
}
