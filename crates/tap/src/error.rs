//! Why an interface cannot be heard.

use std::io;

/// Why an interface cannot be heard, in a sentence with what would help.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none of that name.
    #[error("there is no interface {name}: `gridtap interfaces` lists those of this machine")]
    Unknown {
        /// The name.
        name: String,
    },
    /// One name twice.
    #[error("interface {name} is named twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// It carries frames that are not decoded.
    #[error(
        "interface {name} carries no Ethernet and no IP (type {kind} of linux/if_arp.h), which is not decoded"
    )]
    Link {
        /// The name.
        name: String,
        /// Its type.
        kind: u32,
    },
    /// Not allowed.
    #[error(
        "interface {name} may not be heard by this user: it needs CAP_NET_RAW, which the service's unit gives; by hand run as root"
    )]
    Forbidden {
        /// The name.
        name: String,
    },
    /// The system refuses.
    #[error("interface {name} cannot be heard: {error}")]
    System {
        /// The name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// The kernel does not take the rule that nothing is to be sent.
    #[error("the rule that nothing may be sent cannot be set: {error}")]
    Seal {
        /// What was said of it.
        error: String,
    },
    /// More than can be told apart.
    #[error("{count} interfaces: at most {max}")]
    TooMany {
        /// How many were named.
        count: usize,
        /// How many may be.
        max: usize,
    },
}

impl Error {
    pub(crate) fn of(name: &str, error: io::Error) -> Self {
        let name = name.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied => Self::Forbidden { name },
            _ => Self::System { name, error },
        }
    }
}
