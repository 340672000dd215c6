//! A draft of a site file, made from what was learned.

use core::fmt::Write as _;
use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use gridtap_model::{Class, Device, SubAddress, Timestamp, Zone};

use crate::baseline::Baseline;
use crate::names::is_file;
use crate::path::{Path, Role, table_name};

/// What was learned, sorted as a site file lists it.
#[derive(Default)]
struct Learned {
    hosts: BTreeMap<(Zone, IpAddr), Asked>,
    devices: BTreeMap<Device, BTreeSet<(u16, u32)>>,
    access: BTreeMap<(Zone, IpAddr), BTreeMap<Asked, BTreeSet<Device>>>,
}

/// What a host asked for, and whether all of it was heard in one block only.
#[derive(Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    classes: BTreeSet<Class>,
    is_lasting: bool,
}

impl Asked {
    fn add(&mut self, class: Class, is_provisional: bool) {
        self.classes.insert(class);
        self.is_lasting |= !is_provisional;
    }

    /// The line above an entry that one person's work, or one attack, could have taught.
    const fn doubt(&self) -> &'static str {
        if self.is_lasting {
            ""
        } else {
            "# Heard in one block only: leave it out unless somebody knows it to be right.\n"
        }
    }
}

impl Baseline {
    /// A draft of a site file, made from what was learned: hosts, devices with their commanded points, and
    /// who does what. Names that the site file already gives are kept. It is for a person to read,
    /// correct and name; nothing in it is more certain than the learning was.
    #[must_use]
    pub fn draft_of_site(&self) -> String {
        let learned = self.learned();
        let mut out = String::from(
            "# A draft, made from what gridtap learned. Read it, correct it and give things their names:\n\
             # what stands here is taken as normal from the first packet.\n",
        );
        for ((zone, address), asked) in &learned.hosts {
            let classes = &asked.classes;
            let role = match () {
                () if classes.iter().any(|class| crate::key::commands(*class)) => "master",
                () if classes.contains(&Class::Read) => "historian",
                () => "other",
            };
            let _ = write!(
                out,
                "\n{}[[hosts]]\nname = {}\n{}addresses = [\"{address}\"]\nrole = \"{role}\"\n",
                asked.doubt(),
                quoted(&self.host_label(*zone, *address)),
                self.zone_line(*zone),
            );
        }
        for (device, points) in &learned.devices {
            self.write_device(device, points, &mut out);
        }
        for ((zone, address), by_classes) in &learned.access {
            for (asked, devices) in by_classes {
                let devices = devices.iter().map(|device| quoted(&self.device_label(device)));
                let classes = asked.classes.iter().map(|class| format!("\"{class}\""));
                let _ = write!(
                    out,
                    "\n{}[[access]]\nhosts = [{}]\ndevices = [{}]\nclasses = [{}]\n",
                    asked.doubt(),
                    quoted(&self.host_label(*zone, *address)),
                    devices.collect::<Vec<_>>().join(", "),
                    classes.collect::<Vec<_>>().join(", "),
                );
            }
        }
        out
    }

    fn learned(&self) -> Learned {
        let mut learned = Learned::default();
        let mut asked: BTreeMap<(Zone, IpAddr, Device), Asked> = BTreeMap::new();
        let ids = 0..u32::try_from(self.tables.keys.len()).unwrap_or(u32::MAX);
        for id in ids.filter(|id| self.tables.is_known(*id, Timestamp::MAX)) {
            match self.tables.path(id) {
                Some(Path::Device(device)) => {
                    learned.devices.entry(device).or_default();
                }
                Some(Path::Access(Role { device, master, class })) => {
                    let once = self.tables.key(id).is_some_and(|key| key.is_provisional());
                    learned.hosts.entry((device.zone, master)).or_default().add(class, once);
                    asked.entry((device.zone, master, device)).or_default().add(class, once);
                }
                // A file is no point that a site file could name.
                Some(Path::Point { role, table, .. }) if is_file(role.device.protocol, table) => {}
                Some(Path::Point { role, table, index }) => {
                    learned.devices.entry(role.device).or_default().insert((table, index));
                }
                _ => {}
            }
        }
        for ((zone, master, device), asked) in asked {
            let by_classes = learned.access.entry((zone, master)).or_default();
            by_classes.entry(asked).or_default().insert(device);
            learned.devices.entry(device).or_default();
        }
        learned
    }

    fn write_device(&self, device: &Device, points: &BTreeSet<(u16, u32)>, out: &mut String) {
        let sub = match device.sub {
            SubAddress::None => String::new(),
            SubAddress::Unit(unit) => format!("unit = {unit}\n"),
            SubAddress::Link(link) => format!("link = {link}\n"),
            SubAddress::Common(common) => format!("common = {common}\n"),
        };
        let _ = write!(
            out,
            "\n[[devices]]\nname = {}\n{}protocol = \"{}\"\naddress = \"{}\"\n{sub}",
            quoted(&self.device_label(device)),
            self.zone_line(device.zone),
            device.protocol,
            device.address,
        );
        for (code, index) in points {
            let table = table_name(device.protocol, *code)
                .map_or_else(|| format!("table-{code}"), str::to_owned);
            let point = gridtap_model::Point {
                table: gridtap_model::Table { code: *code, name: "" },
                index: *index,
                value: None,
            };
            let name = self.site.point_name(device, &point);
            let name = name.map_or_else(|| format!("{table} {index}"), str::to_owned);
            let _ = write!(
                out,
                "\n[[devices.points]]\ntable = \"{table}\"\nindex = {index}\nname = {}\ncommanded = true\n",
                quoted(&name)
            );
        }
    }

    fn host_label(&self, zone: Zone, address: IpAddr) -> String {
        match self.site.host_name(address) {
            Some(name) => name.to_owned(),
            None if zone == Zone::default() => address.to_string(),
            None => format!("{address} in {}", self.site.zone_name(zone)),
        }
    }

    fn device_label(&self, device: &Device) -> String {
        match self.site.device_name(device) {
            Some(name) => name.to_owned(),
            None if device.zone == Zone::default() => device.to_string(),
            None => format!("{device} in {}", self.site.zone_name(device.zone)),
        }
    }

    fn zone_line(&self, zone: Zone) -> String {
        if zone == Zone::default() {
            return String::new();
        }
        format!("zone = {}\n", quoted(self.site.zone_name(zone)))
    }
}

/// As a TOML string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(control));
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Site;
    use crate::play::{Play, hear, judged, routine, short};

    #[test]
    fn a_draft_reads_back_and_allows_what_was_learned() {
        let mut baseline = short();
        routine(&mut baseline, 0..61);
        hear(&mut baseline, 61, Play::coil(9, 21, 2));
        let draft = baseline.draft_of_site();
        let site = Site::parse(&draft).unwrap_or_else(|error| panic!("{error}\n{draft}"));
        assert!(!draft.contains("10.0.0.9"), "what is held back is not proposed: {draft}");
        let mut fresh = Baseline::new(crate::Config::default(), site);
        let usual = judged(&mut fresh, 0, Play::coil(7, 21, 2));
        assert!(usual.armed && usual.declared == crate::Declared::Allowed);
        assert_eq!(usual.new_at, None, "the point is declared and its class is allowed");
    }

    #[test]
    fn a_host_heard_in_one_block_only_is_proposed_with_a_doubt() {
        let mut baseline = short();
        hear(&mut baseline, 0, Play::coil(9, 21, 2));
        routine(&mut baseline, 0..61);
        let draft = baseline.draft_of_site();
        let doubt = "# Heard in one block only";
        let above = |entry: &str| {
            let (before, _) =
                draft.split_once(entry).unwrap_or_else(|| panic!("no {entry} in {draft}"));
            before.lines().last().unwrap_or_default().starts_with(doubt)
        };
        assert!(above("[[hosts]]\nname = \"10.0.0.9\""), "{draft}");
        assert!(above("[[access]]\nhosts = [\"10.0.0.9\"]"), "{draft}");
        assert!(!above("[[hosts]]\nname = \"10.0.0.7\""), "{draft}");
        assert!(!above("[[access]]\nhosts = [\"10.0.0.7\"]"), "{draft}");
    }

    #[test]
    fn a_name_is_quoted_as_toml_wants_it() {
        assert_eq!(quoted("a \"b\" \\ \n"), "\"a \\\"b\\\" \\\\ \\u000A\"");
    }
}
