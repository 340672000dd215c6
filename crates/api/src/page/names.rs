//! What the site file calls hosts and devices.

use std::collections::BTreeMap;

use super::words::clean;
use crate::network::Overview;

/// The names of hosts and devices.
pub(super) struct Names<'a> {
    hosts: BTreeMap<&'a str, &'a str>,
    devices: BTreeMap<&'a str, &'a str>,
}

impl<'a> Names<'a> {
    pub(super) fn of(heard: &'a Overview) -> Self {
        let hosts = heard.hosts.iter().map(|host| (&*host.address, host.name.as_deref()));
        let devices = heard.devices.iter().map(|device| (&*device.device, device.name.as_deref()));
        Self { hosts: named(hosts), devices: named(devices) }
    }

    /// A host by its name and its address.
    pub(super) fn host(&self, address: &str) -> String {
        together(self.hosts.get(address).copied(), address)
    }

    /// A device by its name and by what records call it.
    pub(super) fn device(&self, device: &str) -> String {
        together(self.devices.get(device).copied(), device)
    }
}

fn named<'a>(all: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> BTreeMap<&'a str, &'a str> {
    all.filter_map(|(of, name)| Some((of, name.filter(|name| *name != of)?))).collect()
}

/// `relay F3 (modbus 10.0.0.21 unit 3)`
pub(super) fn together(name: Option<&str>, of: &str) -> String {
    match name.filter(|name| *name != of) {
        Some(name) => clean(&format!("{name} ({of})")),
        None => clean(of),
    }
}
