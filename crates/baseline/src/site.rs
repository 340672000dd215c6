//! What a person declared, in the site file.

use core::net::IpAddr;

use gridtap_model::{Device, Zone};

use crate::path::{Code, Role};
use crate::verdict::Declared;

/// What a person declared, in the site file.
#[derive(Debug, Clone, Default)]
pub struct Site {}

impl Site {
    pub(crate) const fn declared(&self, _role: &Role, _code: Code, _name: &str) -> Declared {
        Declared::Open
    }

    pub(crate) const fn has_host(&self, _zone: Zone, _address: IpAddr) -> bool {
        false
    }

    pub(crate) const fn covers(&self, _device: &Device, _master: IpAddr) -> bool {
        false
    }

    pub(crate) const fn has_device(&self, _device: &Device) -> bool {
        false
    }

    /// The site file's name, where there is one.
    #[must_use]
    pub const fn origin(&self) -> Option<&str> {
        None
    }

    /// The name of a zone.
    #[must_use]
    pub const fn zone_name(&self, _zone: Zone) -> &str {
        "default"
    }
}
