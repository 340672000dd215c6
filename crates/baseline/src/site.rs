//! The site file: what a person declares of the site, which is normal or forbidden from the first packet.

mod draft;
mod file;
mod forbids;
mod functions;
mod list;
mod point;
mod reader;
mod text;

use core::net::IpAddr;
use std::collections::BTreeMap;

use gridtap_model::{Class, Device, Point, Protocol, SubAddress, Zone};
use ipnet::IpNet;

use crate::path::{Code, Role};
use crate::verdict::Declared;

pub use point::{Normal, SitePoint, ValueType, WordOrder};
pub use reader::Lists;
pub use text::SiteError;
pub(crate) use text::nearest;

/// What a host is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HostRole {
    /// Reads from and commands devices.
    Master,
    /// Takes a master's place when it fails.
    Standby,
    /// Configures and programs devices.
    Engineering,
    /// Reads only.
    Historian,
    /// Anything else.
    Other,
}

/// A declared host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteHost {
    /// Its name.
    pub name: String,
    /// Its zone, where it is declared.
    pub zone: Option<Zone>,
    /// Its addresses.
    pub addresses: Vec<IpNet>,
    /// What it is there for.
    pub role: HostRole,
    /// The name of the host whose place it takes.
    pub standby_for: Option<String>,
}

/// A declared device.
#[derive(Debug, Clone, PartialEq)]
pub struct SiteDevice {
    /// Its name.
    pub name: String,
    /// Its zone, where it is declared.
    pub zone: Option<Zone>,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its host.
    pub address: IpAddr,
    /// Its address within that host; none where it is the host itself, whatever address a master gives it.
    pub sub: SubAddress,
    /// Whatever the access list does not name is forbidden.
    pub complete: bool,
    /// Its points, by table and index.
    pub points: BTreeMap<(u16, u32), SitePoint>,
}

/// One line of the access list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AccessRule {
    /// By their place in the list of hosts.
    hosts: Vec<usize>,
    /// By their place in the list of devices; none for every device.
    devices: Option<Vec<usize>>,
    /// Empty for every class.
    classes: Vec<Class>,
    /// Empty for every function of the classes.
    functions: Vec<FunctionName>,
    forbidden: bool,
}

/// A function by its code, with or without the sub-function, or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FunctionName {
    Code(Code),
    Name(String),
}

/// Which conversations belong to a zone. All that is given must fit; what is left out fits everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRule {
    /// The zone.
    pub zone: Zone,
    /// Interfaces or files.
    pub captures: Vec<String>,
    /// VLAN identifiers.
    pub vlans: Vec<u16>,
    /// Networks, of which one end of the conversation must be a part.
    pub subnets: Vec<IpNet>,
}

impl ZoneRule {
    /// Whether a conversation belongs to the zone.
    #[must_use]
    pub fn holds(&self, capture: &str, vlan: Option<u16>, ends: [IpAddr; 2]) -> bool {
        let inside = |address: &IpAddr| self.subnets.iter().any(|subnet| subnet.contains(address));
        (self.captures.is_empty() || self.captures.iter().any(|name| name == capture))
            && (self.vlans.is_empty() || vlan.is_some_and(|vlan| self.vlans.contains(&vlan)))
            && (self.subnets.is_empty() || ends.iter().any(inside))
    }
}

/// A declared zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SiteZone {
    name: String,
    /// The zones whose hosts may open conversations into this one; none where that is left open.
    from: Option<Vec<Zone>>,
}

/// What a person declares of the site.
#[derive(Debug, Clone, Default)]
pub struct Site {
    origin: Option<String>,
    zones: Vec<SiteZone>,
    rules: Vec<ZoneRule>,
    hosts: Vec<SiteHost>,
    devices: Vec<SiteDevice>,
    access: Vec<AccessRule>,
    /// The devices at an address, for those who look for one.
    at: BTreeMap<IpAddr, Vec<usize>>,
    limits: bool,
}

/// The name of the zone that everything outside declared zones belongs to.
const DEFAULT_ZONE: &str = "default";

impl Site {
    /// The same, with the name of the file that it was read from.
    #[must_use]
    pub fn named(self, origin: impl Into<String>) -> Self {
        Self { origin: Some(origin.into()), ..self }
    }

    /// The name of the file that it was read from.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.origin.as_deref()
    }

    /// Which conversations belong to which zone: the first rule that holds decides, else it is the default zone.
    #[must_use]
    pub fn zone_rules(&self) -> &[ZoneRule] {
        &self.rules
    }

    /// The zone of a conversation.
    #[must_use]
    pub fn zone_of_conversation(
        &self,
        capture: &str,
        vlan: Option<u16>,
        ends: [IpAddr; 2],
    ) -> Zone {
        let rule = self.rules.iter().find(|rule| rule.holds(capture, vlan, ends));
        rule.map_or_else(Zone::default, |rule| rule.zone)
    }

    /// The name of a zone.
    #[must_use]
    pub fn zone_name(&self, zone: Zone) -> &str {
        let place = usize::from(zone.0).checked_sub(1);
        place.and_then(|place| self.zones.get(place)).map_or(DEFAULT_ZONE, |zone| &zone.name)
    }

    /// The zone whose subnets hold an address.
    #[must_use]
    pub fn zone_of(&self, address: IpAddr) -> Option<Zone> {
        let inside = |rule: &&ZoneRule| rule.subnets.iter().any(|net| net.contains(&address));
        self.rules.iter().find(inside).map(|rule| rule.zone)
    }

    /// Whether hosts of one zone may open conversations into another: yes unless the other lists whose may.
    #[must_use]
    pub fn conduit(&self, from: Zone, into: Zone) -> bool {
        let place = usize::from(into.0).checked_sub(1);
        let listed =
            place.and_then(|place| self.zones.get(place)).and_then(|into| into.from.as_ref());
        from == into || listed.is_none_or(|listed| listed.contains(&from))
    }

    /// The declared host at an address.
    #[must_use]
    pub fn host(&self, address: IpAddr) -> Option<&SiteHost> {
        // The narrowest network names a host best, the first of them where several are.
        let narrowest = |host: &&SiteHost| {
            let nets = host.addresses.iter().filter(|net| net.contains(&address));
            nets.map(IpNet::prefix_len).max()
        };
        self.hosts.iter().rev().filter(|host| host.holds(address)).max_by_key(narrowest)
    }

    /// Whether another site file divides the site as this one does: the same zones, told apart in the same way.
    #[must_use]
    pub fn has_zones_of(&self, other: &Self) -> bool {
        self.zones.iter().map(|zone| &zone.name).eq(other.zones.iter().map(|zone| &zone.name))
            && self.rules == other.rules
    }

    /// The declared hosts, in their order.
    #[must_use]
    pub fn hosts(&self) -> &[SiteHost] {
        &self.hosts
    }

    /// The name of the host at an address.
    #[must_use]
    pub fn host_name(&self, address: IpAddr) -> Option<&str> {
        self.host(address).map(|host| host.name.as_str())
    }

    /// Whether the host at an address is declared to configure and program devices.
    #[must_use]
    pub fn is_engineering(&self, address: IpAddr) -> bool {
        self.host(address).is_some_and(|host| host.role == HostRole::Engineering)
    }

    /// The addresses of the host whose place this one is declared to take.
    pub(crate) fn stands_in_for(&self, address: IpAddr) -> Vec<IpAddr> {
        let name = self.host(address).and_then(|host| host.standby_for.as_deref());
        let first = self.hosts.iter().filter(|host| Some(host.name.as_str()) == name);
        let single = |net: &IpNet| (net.prefix_len() == net.max_prefix_len()).then(|| net.addr());
        first.flat_map(|host| host.addresses.iter().filter_map(single)).collect()
    }

    pub(crate) fn has_host(&self, zone: Zone, address: IpAddr) -> bool {
        let here = |declared: Option<Zone>| declared.is_none_or(|declared| declared == zone);
        self.hosts.iter().any(|host| here(host.zone) && host.holds(address))
            || self.at(address).any(|(_, device)| here(device.zone))
    }

    fn at(&self, address: IpAddr) -> impl Iterator<Item = (usize, &SiteDevice)> {
        let places = self.at.get(&address).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(|place| self.devices.get(*place).map(|device| (*place, device)))
    }

    /// The declared device, the one with this very sub-address before one that is the host itself.
    fn place(&self, device: &Device) -> Option<usize> {
        let fits = |declared: &SiteDevice| {
            declared.protocol == device.protocol
                && declared.zone.is_none_or(|zone| zone == device.zone)
        };
        let exact = self.at(device.address).find(|(_, at)| fits(at) && at.sub == device.sub);
        let whole =
            || self.at(device.address).find(|(_, at)| fits(at) && at.sub == SubAddress::None);
        exact.or_else(whole).map(|(place, _)| place)
    }

    /// All declared devices, in the order of the site file.
    #[must_use]
    pub fn devices(&self) -> &[SiteDevice] {
        &self.devices
    }

    /// The declared device.
    #[must_use]
    pub fn device(&self, device: &Device) -> Option<&SiteDevice> {
        self.place(device).and_then(|place| self.devices.get(place))
    }

    pub(crate) fn has_device(&self, device: &Device) -> bool {
        self.place(device).is_some()
    }

    /// The name of a device.
    #[must_use]
    pub fn device_name(&self, device: &Device) -> Option<&str> {
        self.device(device).map(|device| device.name.as_str())
    }

    /// The declared point of a device.
    #[must_use]
    pub fn point(&self, device: &Device, point: &Point) -> Option<&SitePoint> {
        self.device(device)?.points.get(&(point.table.code, point.index))
    }

    /// The name of a point of a device.
    #[must_use]
    pub fn point_name(&self, device: &Device, point: &Point) -> Option<&str> {
        self.point(device, point).map(|point| point.name.as_str())
    }

    /// A point's value as its engineers read it: `52.1 kV`, `closed`. None where nothing is declared of
    /// how to read it, or one 16-bit register of a longer value says too little.
    #[must_use]
    pub fn scaled(&self, device: &Device, point: &Point) -> Option<String> {
        self.point(device, point)?.scaled(point.value?)
    }

    /// The same for the point at an offset of a run, which holds all registers of a longer value.
    #[must_use]
    pub fn scaled_in(
        &self,
        device: &Device,
        run: &gridtap_model::Run<'_>,
        offset: u32,
    ) -> Option<String> {
        let index = run.first.checked_add(offset)?;
        let declared = self.device(device)?.points.get(&(run.table.code, index))?;
        declared.scaled_in(run, offset)
    }

    /// Whether something is declared of what this master may do to this device.
    pub(crate) fn covers(&self, device: &Device, master: IpAddr) -> bool {
        let Some(place) = self.place(device) else {
            return self.rules_of(master, None).next().is_some();
        };
        self.devices.get(place).is_some_and(|device| device.complete)
            || self.rules_of(master, Some(place)).next().is_some()
    }

    /// Whether this host is declared to do anything with this device.
    pub(crate) fn allows(&self, device: &Device, master: IpAddr) -> bool {
        let place = self.place(device);
        self.rules_of(master, place).any(|rule| !rule.forbidden)
    }

    /// What is declared of an access.
    pub(crate) fn declared(&self, role: &Role, code: Code, name: &str) -> Declared {
        if self.access.is_empty() && self.devices.is_empty() {
            return Declared::Open;
        }
        let place = self.place(&role.device);
        let complete =
            place.and_then(|place| self.devices.get(place)).is_some_and(|device| device.complete);
        let fits = |rule: &&AccessRule| {
            (rule.classes.is_empty() || rule.classes.contains(&role.class))
                && (rule.functions.is_empty()
                    || rule.functions.iter().any(|function| function.is(code, name)))
        };
        let mut allowed = false;
        for rule in self.rules_of(role.master, place).filter(fits) {
            if rule.forbidden {
                return Declared::Forbidden;
            }
            allowed = true;
        }
        match (allowed, complete) {
            (true, _) => Declared::Allowed,
            (false, true) => Declared::Forbidden,
            (false, false) => Declared::Open,
        }
    }

    /// The access rules for a master, by itself or for the host whose place it takes, and a device.
    fn rules_of(&self, master: IpAddr, device: Option<usize>) -> impl Iterator<Item = &AccessRule> {
        let first = self.host(master).and_then(|host| host.standby_for.as_deref());
        let is_party = move |place: &usize| {
            self.hosts.get(*place).is_some_and(|host| {
                host.holds(master) || first.is_some_and(|first| first == host.name)
            })
        };
        self.access.iter().filter(move |rule| {
            let about = match (&rule.devices, device) {
                (None, _) => true,
                (Some(devices), Some(place)) => devices.contains(&place),
                (Some(_), None) => false,
            };
            about && rule.hosts.iter().any(is_party)
        })
    }
}

impl SiteHost {
    fn holds(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|net| net.contains(&address))
    }
}

impl FunctionName {
    fn is(&self, code: Code, name: &str) -> bool {
        match self {
            Self::Code(known) => {
                known.code == code.code && (known.sub.is_none() || known.sub == code.sub)
            }
            Self::Name(known) => known == name,
        }
    }
}

#[cfg(test)]
mod tests;
