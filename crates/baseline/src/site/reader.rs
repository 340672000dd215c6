//! The site file is read and checked.

use core::net::IpAddr;
use std::collections::BTreeMap;

use gridtap_model::{Class, Protocol, SubAddress, Zone};
use ipnet::IpNet;
use toml::Spanned;

use super::file::{AccessEntry, DeviceEntry, File, HostEntry, PointEntry, Text, ZoneEntry};
use super::functions;
use super::list::{self, Listed};
use super::point::{Normal, SitePoint, WordOrder};
use super::text::{SiteError, hint, of_parser};
use super::{AccessRule, DEFAULT_ZONE, Site, SiteDevice, SiteHost, SiteZone, ZoneRule};
use crate::path::{class_names, class_of, protocol_of, table_code, table_names};

impl Site {
    /// Reads a site file.
    ///
    /// # Errors
    /// Where it is not TOML, has a field that is not known, or contradicts itself: one sentence that
    /// says in which line, what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<Self, SiteError> {
        Self::parse_with(text, &mut |_| Err("no other file is read here".to_owned()))
    }

    /// Reads a site file, with the lists of points that it names: `list` gives the text of one.
    ///
    /// # Errors
    /// As [`Site::parse`], or a list cannot be had or read.
    pub fn parse_with(text: &str, list: Lists<'_>) -> Result<Self, SiteError> {
        let file: File = toml::from_str(text).map_err(|error| of_parser(text, &error))?;
        let mut reader = Reader { text, list, site: Self::default() };
        reader.zones(&file.zones)?;
        reader.hosts(&file.hosts)?;
        reader.standbys(&file.hosts)?;
        for device in &file.devices {
            reader.device(device)?;
        }
        for access in &file.access {
            reader.access(access)?;
        }
        Ok(reader.site)
    }
}

/// Gives the text of a list of points by its name, or why not.
pub type Lists<'a> = &'a mut dyn FnMut(&str) -> Result<String, String>;

struct Reader<'a> {
    text: &'a str,
    list: Lists<'a>,
    site: Site,
}

impl Reader<'_> {
    fn wrong<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> SiteError {
        SiteError::new(self.text, at.span().start, message)
    }

    fn name(
        &self,
        name: &Text,
        what: &str,
        mut taken: impl Iterator<Item = String>,
    ) -> Result<String, SiteError> {
        let given = name.get_ref();
        if given.trim().is_empty() {
            return Err(self.wrong(name, format!("the name of this {what} is empty")));
        }
        if taken.any(|taken| taken == *given) {
            return Err(self.wrong(
                name,
                format!("there is already a {what} named {given:?}: names must differ"),
            ));
        }
        Ok(given.clone())
    }

    fn network(&self, text: &Text) -> Result<IpNet, SiteError> {
        let given = text.get_ref();
        let net = match given.parse::<IpAddr>() {
            Ok(address) => Some(IpNet::from(address)),
            Err(_) => given.parse::<IpNet>().ok(),
        };
        net.map(|net| net.trunc()).ok_or_else(|| {
            let right = "write an address such as 10.0.0.7 or a network such as 10.0.0.0/24";
            self.wrong(text, format!("{given:?} is no address and no network: {right}"))
        })
    }

    fn zones(&mut self, entries: &[ZoneEntry]) -> Result<(), SiteError> {
        for entry in entries {
            let taken = self.site.zones.iter().map(|zone| zone.name.clone());
            let taken = taken.chain([DEFAULT_ZONE.to_owned()]);
            let name = self.name(&entry.name, "zone", taken)?;
            let number = self.site.zones.len().saturating_add(1);
            let zone = Zone(
                u16::try_from(number)
                    .map_err(|_| self.wrong(&entry.name, "there are more zones than 65,534"))?,
            );
            if let Some(vlan) = entry.vlans.iter().find(|vlan| *vlan.get_ref() > 4094) {
                let given = vlan.get_ref();
                return Err(self.wrong(vlan, format!("{given} is no VLAN: they go from 0 to 4094")));
            }
            let subnets = entry.subnets.iter().map(|net| self.network(net));
            let subnets = subnets.collect::<Result<Vec<_>, _>>()?;
            if subnets.is_empty() && entry.vlans.is_empty() && entry.captures.is_empty() {
                let right = "give it subnets, vlans or captures";
                return Err(self.wrong(
                    &entry.name,
                    format!("nothing says what belongs to zone {name:?}: {right}"),
                ));
            }
            self.site.rules.push(ZoneRule {
                zone,
                captures: entry.captures.clone(),
                vlans: entry.vlans.iter().map(|vlan| *vlan.get_ref()).collect(),
                subnets,
            });
            self.site.zones.push(SiteZone { name, from: None });
        }
        for (place, entry) in entries.iter().enumerate() {
            let Some(from) = &entry.from else { continue };
            let from = from.iter().map(|name| self.zone(name)).collect::<Result<Vec<_>, _>>()?;
            if let Some(zone) = self.site.zones.get_mut(place) {
                zone.from = Some(from);
            }
        }
        Ok(())
    }

    fn zone(&self, name: &Text) -> Result<Zone, SiteError> {
        let given = name.get_ref();
        if given == DEFAULT_ZONE {
            return Ok(Zone::default());
        }
        let place = self.site.zones.iter().position(|zone| zone.name == *given);
        let number = place.and_then(|place| u16::try_from(place.saturating_add(1)).ok());
        number.map(Zone).ok_or_else(|| {
            let hint = hint(given, self.site.zones.iter().map(|zone| zone.name.as_str()));
            self.wrong(name, format!("no zone is named {given:?}{hint}"))
        })
    }

    fn hosts(&mut self, entries: &[HostEntry]) -> Result<(), SiteError> {
        for entry in entries {
            let taken = self.site.hosts.iter().map(|host| host.name.clone());
            let name = self.name(&entry.name, "host", taken)?;
            let listed = entry.addresses.get_ref();
            if listed.is_empty() {
                let message = format!("host {name:?} has no address: give it at least one");
                return Err(self.wrong(&entry.addresses, message));
            }
            let mut addresses = Vec::new();
            for address in listed {
                let net = self.network(address)?;
                let taken = self.site.hosts.iter().find(|host| host.addresses.contains(&net));
                if let Some(host) = taken.filter(|_| entry.zone.is_none()) {
                    let given = address.get_ref();
                    let message = format!("{given} already belongs to host {:?}", host.name);
                    return Err(self.wrong(address, message));
                }
                addresses.push(net);
            }
            let zone = entry.zone.as_ref().map(|zone| self.zone(zone)).transpose()?;
            let standby_for = entry.standby_for.as_ref().map(|name| name.get_ref().clone());
            let host = SiteHost { name, zone, addresses, role: entry.role, standby_for };
            self.site.hosts.push(host);
        }
        Ok(())
    }

    fn standbys(&self, entries: &[HostEntry]) -> Result<(), SiteError> {
        for entry in entries {
            let Some(first) = &entry.standby_for else { continue };
            self.host(first)?;
            if first.get_ref() == entry.name.get_ref() {
                return Err(self.wrong(first, "a host cannot take its own place"));
            }
        }
        Ok(())
    }

    fn host(&self, name: &Text) -> Result<usize, SiteError> {
        let given = name.get_ref();
        self.site.hosts.iter().position(|host| host.name == *given).ok_or_else(|| {
            let hint = hint(given, self.site.hosts.iter().map(|host| host.name.as_str()));
            self.wrong(name, format!("no host is named {given:?}{hint}"))
        })
    }

    fn device(&mut self, entry: &DeviceEntry) -> Result<(), SiteError> {
        let taken = self.site.devices.iter().map(|device| device.name.clone());
        let name = self.name(&entry.name, "device", taken)?;
        let given = entry.protocol.get_ref();
        let decoded = ["modbus", "dnp3", "iec104"];
        let protocol = decoded.contains(&given.as_str()).then(|| protocol_of(given)).flatten();
        let protocol = protocol.ok_or_else(|| {
            let hint = hint(given, decoded);
            let right = "modbus, dnp3 or iec104";
            self.wrong(&entry.protocol, format!("{given:?} is no protocol{hint}: it is {right}"))
        })?;
        let address = entry.address.get_ref().parse().map_err(|_| {
            let given = entry.address.get_ref();
            let right = "write one such as 10.0.0.21";
            self.wrong(&entry.address, format!("{given:?} is no IP address: {right}"))
        })?;
        let sub = self.sub_address(entry, protocol)?;
        let zone = entry.zone.as_ref().map(|zone| self.zone(zone)).transpose()?;
        let same = |device: &&SiteDevice| {
            (device.protocol, device.address, device.sub, device.zone)
                == (protocol, address, sub, zone)
        };
        if let Some(device) = self.site.devices.iter().find(same) {
            let message = format!("device {:?} already has this address", device.name);
            return Err(self.wrong(&entry.address, message));
        }
        let mut points = BTreeMap::new();
        if let Some(file) = &entry.points_from {
            points.extend(self.listed(file, protocol)?);
        }
        for point in &entry.points {
            let (key, declared) = self.point(point, protocol, entry.word_order)?;
            if points.insert(key, declared).is_some() {
                let (table, index) = (point.table.get_ref(), point.index.get_ref());
                let message = format!("{table} {index} of device {name:?} is declared twice");
                return Err(self.wrong(&point.index, message));
            }
        }
        let place = self.site.devices.len();
        self.site.at.entry(address).or_default().push(place);
        let limited = |point: &SitePoint| point.min.is_some() || point.max.is_some();
        self.site.limits |= points.values().any(limited);
        let complete = entry.complete;
        self.site.devices.push(SiteDevice { name, zone, protocol, address, sub, complete, points });
        Ok(())
    }

    fn sub_address(
        &self,
        entry: &DeviceEntry,
        protocol: Protocol,
    ) -> Result<SubAddress, SiteError> {
        let misplaced = |at: core::ops::Range<usize>, field: &str, right: &str| {
            let message = format!("a {protocol} device has no `{field}`: {right}");
            SiteError::new(self.text, at.start, message)
        };
        let right = match protocol {
            Protocol::Dnp3 => "its address is its `link`",
            Protocol::Iec104 => "its address is its `common` address",
            _ => "its address is its `unit`",
        };
        match (&entry.unit, &entry.link, &entry.common) {
            (None, None, None) => Ok(SubAddress::None),
            (Some(unit), None, None) if protocol == Protocol::Modbus => {
                Ok(SubAddress::Unit(*unit.get_ref()))
            }
            (None, Some(link), None) if protocol == Protocol::Dnp3 => {
                Ok(SubAddress::Link(*link.get_ref()))
            }
            (None, None, Some(common)) if protocol == Protocol::Iec104 => {
                Ok(SubAddress::Common(*common.get_ref()))
            }
            (Some(unit), _, _) if protocol != Protocol::Modbus => {
                Err(misplaced(unit.span(), "unit", right))
            }
            (_, Some(link), _) if protocol != Protocol::Dnp3 => {
                Err(misplaced(link.span(), "link", right))
            }
            (_, _, common) => {
                let at = common.as_ref().map_or_else(|| entry.name.span(), Spanned::span);
                Err(misplaced(at, "common", right))
            }
        }
    }

    /// The points of a list.
    fn listed(&mut self, file: &Text, protocol: Protocol) -> Result<Vec<Listed>, SiteError> {
        let given = file.get_ref();
        let points = (self.list)(given).and_then(|text| list::read(&text, protocol));
        points.map_err(|wrong| self.wrong(file, format!("points_from {given:?}: {wrong}")))
    }

    fn point(
        &self,
        entry: &PointEntry,
        protocol: Protocol,
        word_order: WordOrder,
    ) -> Result<((u16, u32), SitePoint), SiteError> {
        let table = entry.table.get_ref();
        let code = table_code(protocol, table).ok_or_else(|| {
            let names: Vec<_> = table_names(protocol).collect();
            let (hint, names) = (hint(table, table_names(protocol)), names.join(", "));
            let message = format!("{table:?} is no table of {protocol}{hint}: they are {names}");
            self.wrong(&entry.table, message)
        })?;
        if let (Some(min), Some(max)) = (&entry.min, entry.max)
            && *min.get_ref() > max
        {
            let message = format!("the least value {} is above the greatest {max}", min.get_ref());
            return Err(self.wrong(min, message));
        }
        let states = self.states(entry)?;
        if let Some(normal) = &entry.normal
            && let Normal::State(state) = normal.get_ref()
            && !states.values().any(|known| known == state)
        {
            let hint = hint(state, states.values().map(String::as_str));
            let message = format!("the normal state {state:?} is not among the states{hint}");
            return Err(self.wrong(normal, message));
        }
        let point = SitePoint {
            name: self.name(&entry.name, "point", core::iter::empty())?,
            unit: entry.unit.clone(),
            value_type: entry.value_type,
            word_order: entry.word_order.unwrap_or(word_order),
            scale: entry.scale,
            offset: entry.offset,
            min: entry.min.as_ref().map(|min| *min.get_ref()),
            max: entry.max,
            normal: entry.normal.as_ref().map(|normal| normal.get_ref().clone()),
            commanded: entry.commanded,
            states,
        };
        Ok(((code, *entry.index.get_ref()), point))
    }

    fn states(&self, entry: &PointEntry) -> Result<BTreeMap<i64, String>, SiteError> {
        let states = entry.states.iter().map(|(raw, name)| {
            raw.parse().map(|raw| (raw, name.clone())).map_err(|_| {
                let right = "states = { 0 = \"open\", 1 = \"closed\" }";
                let message = format!("{raw:?} is no raw value of a state: write {right}");
                self.wrong(&entry.name, message)
            })
        });
        states.collect()
    }

    fn access(&mut self, entry: &AccessEntry) -> Result<(), SiteError> {
        let hosts = entry.hosts.iter().map(|name| self.host(name));
        let hosts = hosts.collect::<Result<Vec<_>, _>>()?;
        let devices = if entry.devices.iter().any(|name| name.get_ref() == "*") {
            None
        } else {
            let devices = entry.devices.iter().map(|name| self.device_named(name));
            Some(devices.collect::<Result<Vec<_>, _>>()?)
        };
        let classes = entry.classes.iter().map(|class| self.class(class));
        let classes = classes.collect::<Result<Vec<_>, _>>()?;
        let protocols = self.protocols_of(devices.as_deref());
        let functions = entry.functions.iter().map(|function| {
            functions::read(function.get_ref(), &protocols)
                .map_err(|message| self.wrong(function, message))
        });
        let functions = functions.collect::<Result<Vec<_>, _>>()?;
        let forbidden = entry.forbid;
        self.site.access.push(AccessRule { hosts, devices, classes, functions, forbidden });
        Ok(())
    }

    /// The protocols of these devices, or of all that are declared.
    fn protocols_of(&self, devices: Option<&[usize]>) -> Vec<Protocol> {
        let chosen = |place: &usize| devices.is_none_or(|devices| devices.contains(place));
        let all = self.site.devices.iter().enumerate();
        let mut protocols: Vec<Protocol> =
            all.filter(|(place, _)| chosen(place)).map(|(_, device)| device.protocol).collect();
        protocols.sort_unstable();
        protocols.dedup();
        protocols
    }

    fn device_named(&self, name: &Text) -> Result<usize, SiteError> {
        let given = name.get_ref();
        self.site.devices.iter().position(|device| device.name == *given).ok_or_else(|| {
            let hint = hint(given, self.site.devices.iter().map(|device| device.name.as_str()));
            self.wrong(name, format!("no device is named {given:?}{hint}; \"*\" is all of them"))
        })
    }

    fn class(&self, class: &Text) -> Result<Class, SiteError> {
        let given = class.get_ref();
        class_of(given).ok_or_else(|| {
            let (hint, names) = (hint(given, class_names()), class_names().collect::<Vec<_>>());
            let message = format!("{given:?} is no class{hint}: they are {}", names.join(", "));
            self.wrong(class, message)
        })
    }
}
