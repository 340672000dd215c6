//! What people declare beforehand: windows of maintenance and switching, and detections that are out of service.

mod moment;

use std::net::IpAddr;

use gridtap_baseline::Site;
use gridtap_detect::{CLASSES, OUT_OF_SERVICE, Party, Planned, catalogue};
use gridtap_model::{Protocol, Span, SubAddress, Timestamp};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::configuration::{Fault, Layered, Step, nearest};
use crate::person;
use crate::settings::Settings;
use crate::sound::place;

pub(crate) use moment::Moment;

/// The longest window: what takes longer is declared in parts, so that nobody forgets an open one.
const LONGEST: Span = Span::from_secs(7 * 24 * 3600);
/// Windows and switched-off detections that one sensor may have.
const DECLARED_MAX: usize = 1000;
/// Characters of a name.
const NAME_MAX: usize = 100;

/// A window: what is meant to happen, by whom, to what, and when.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Window {
    /// What the plan is called: it stands in the record of everything it names.
    pub name: String,
    /// What sort of work it is.
    #[serde(rename = "type")]
    pub sort: Sort,
    /// From this moment on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Moment>,
    /// Up to this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<Moment>,
    /// Detections (`MB-29`) and classes (`access`); all but the sensor's own hearing where none is named.
    pub kinds: Vec<String>,
    /// Hosts of the site file, addresses, networks; all where none is named.
    pub sources: Vec<String>,
    /// Devices and hosts of the site file, addresses, networks; all where none is named.
    pub targets: Vec<String>,
    /// Points of the targets, by name or address; all where none is named.
    pub points: Vec<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
}

/// What sort of work a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sort {
    /// Work on devices: restarts, programs, configuration.
    #[default]
    Maintenance,
    /// A switching plan.
    Switching,
}

/// A detection that somebody switched off.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OutOfService {
    /// Its id in the catalogue.
    pub detection: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub by: String,
    /// Until when; absent, until it is taken off the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
}

impl OutOfService {
    /// That it is, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let until = self.until.map_or_else(String::new, |until| format!(" until {until}"));
        let Self { detection, reason, by, .. } = self;
        format!("{detection} is out of service{until}, by {by}: {reason}")
    }

    /// Whether it still is.
    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until.timestamp())
    }
}

/// What is out of service at this moment, a sentence each.
pub(crate) fn out_of_service(settings: &Settings) -> Vec<String> {
    let now = person::now();
    let each = settings.out_of_service.iter().filter(|each| each.holds(now));
    each.map(OutOfService::sentence).collect()
}

/// Everything that was declared, by the names of the site file, or everything that is wrong with it.
pub(crate) fn resolve(layered: &Layered<Settings>, site: &Site) -> Result<Planned, Vec<Fault>> {
    let mut planned = Planned::default();
    let mut faults = Vec::new();
    let settings = &layered.settings;
    let mut names: Vec<&str> = Vec::new();
    let place_of = |list: &str, nth: usize| {
        let path = [Step::Name(list.to_owned()), Step::Item(nth)];
        layered.written.place(&path).unwrap_or("settings")
    };
    for (nth, window) in settings.window.iter().enumerate() {
        let mut wrong = Vec::new();
        if !window.name.is_empty() && names.contains(&window.name.as_str()) {
            wrong.push("another window has this name: each needs its own".to_owned());
        }
        names.push(&window.name);
        let resolved = window.resolve(site, &mut wrong);
        let place = place_of("window", nth);
        faults.extend(
            wrong
                .into_iter()
                .map(|sentence| Fault::new(place, format!("window {:?}: {sentence}", window.name))),
        );
        planned.windows.extend(resolved);
    }
    for (nth, each) in settings.out_of_service.iter().enumerate() {
        let mut wrong = Vec::new();
        let detection = detection(&each.detection).map_err(|sentence| wrong.push(sentence));
        answered_for(&each.reason, &each.by, &mut wrong);
        let place = place_of("out_of_service", nth);
        faults.extend(
            wrong
                .into_iter()
                .map(|sentence| Fault::new(place, format!("out_of_service: {sentence}"))),
        );
        let until = each.until.map(Moment::timestamp);
        planned
            .out_of_service
            .extend(detection.map(|detection| gridtap_detect::OutOfService { detection, until }));
    }
    for (key, count) in
        [("window", settings.window.len()), ("out_of_service", settings.out_of_service.len())]
    {
        if count > DECLARED_MAX {
            let sentence =
                format!("{count} of them, expected at most {DECLARED_MAX}: take out what is over");
            faults.push(Fault::new(&place(layered, key), format!("{key}: {sentence}")));
        }
    }
    if faults.is_empty() { Ok(planned) } else { Err(faults) }
}

impl Window {
    /// The same by the names of the site file; what is wrong with it is added to `wrong`.
    pub(crate) fn resolve(
        &self,
        site: &Site,
        wrong: &mut Vec<String>,
    ) -> Option<gridtap_detect::Window> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control)
        {
            wrong
                .push(format!("name is 1 to {NAME_MAX} characters, such as \"switching plan 17\""));
        } else if name == OUT_OF_SERVICE {
            wrong
                .push(format!("{OUT_OF_SERVICE:?} names what was switched off: call it otherwise"));
        }
        answered_for(&self.reason, &self.by, wrong);
        let times = self.times(wrong);
        let (mut detections, mut classes) = (Vec::new(), Vec::new());
        for kind in &self.kinds {
            match CLASSES.iter().find(|(class, _)| class == kind) {
                Some((class, _)) => classes.push(*class),
                None => match detection(kind) {
                    Ok(id) => detections.push(id),
                    Err(sentence) => wrong.push(format!("kinds: {sentence}")),
                },
            }
        }
        if self.sources.is_empty() && self.targets.is_empty() {
            wrong.push("it names neither sources nor targets, and would silence the whole site: name what is worked on, or who works".to_owned());
        }
        if !self.points.is_empty() && self.targets.is_empty() {
            wrong.push("points are those of targets: name these too".to_owned());
        }
        let sources = parties("sources", &self.sources, site, wrong);
        let targets = parties("targets", &self.targets, site, wrong);
        let (start, end) = times?;
        Some(gridtap_detect::Window {
            name: name.to_owned(),
            start,
            end,
            detections,
            classes,
            sources,
            targets,
            points: self.points.clone(),
        })
    }

    fn times(&self, wrong: &mut Vec<String>) -> Option<(Timestamp, Timestamp)> {
        let Some((start, end)) = self.start.zip(self.end) else {
            wrong.push(
                "start and end are moments such as 2027-01-31T06:00:00+01:00: name both".to_owned(),
            );
            return None;
        };
        let (from, until) = (start.timestamp(), end.timestamp());
        if until <= from {
            wrong.push(format!("it ends ({end}) before it starts ({start})"));
        } else if until.since_ns(from) > LONGEST.nanos() {
            wrong.push(format!("it is longer than {LONGEST}: declare longer work in parts"));
        }
        Some((from, until))
    }
}

/// Whoever mutes something says why, and who answers for it.
fn answered_for(reason: &str, by: &str, wrong: &mut Vec<String>) {
    if reason.trim().is_empty() {
        wrong.push("it needs a reason".to_owned());
    }
    if by.trim().is_empty() {
        wrong.push("it needs by: who answers for it".to_owned());
    }
}

fn detection(id: &str) -> Result<&'static str, String> {
    if let Some(found) = catalogue::detection(id) {
        return Ok(found.id);
    }
    let known: Vec<String> = catalogue::all().map(|each| each.id.to_owned()).collect();
    let classes = CLASSES.iter().map(|(class, _)| (*class).to_owned());
    let known: Vec<String> = known.into_iter().chain(classes).collect();
    let meant =
        nearest(id, &known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Err(format!("{id:?} is no detection of the catalogue{meant}"))
}

/// Those that are named, each an address, a network, or a name of the site file.
fn parties(key: &str, named: &[String], site: &Site, wrong: &mut Vec<String>) -> Vec<Party> {
    let mut parties = Vec::new();
    for name in named {
        let found = party(name.trim(), site);
        if found.is_empty() {
            let hosts = site.hosts().iter().map(|host| host.name.clone());
            let devices = site.devices().iter().map(|device| device.name.clone());
            let known: Vec<String> = hosts.chain(devices).collect();
            let meant = nearest(name, &known);
            let meant = meant.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            wrong.push(format!(
                "{key}: {name:?} is no address, no network and no name of the site file{meant}"
            ));
        }
        parties.extend(found);
    }
    parties
}

/// Whom a name stands for.
pub(crate) fn party(name: &str, site: &Site) -> Vec<Party> {
    if let Ok(net) = name.parse::<IpNet>() {
        return vec![Party::Net(net)];
    }
    if let Ok(address) = name.parse::<IpAddr>() {
        return vec![Party::Net(IpNet::from(address.to_canonical()))];
    }
    if let Some(device) = heard(name) {
        return vec![device];
    }
    let hosts = site.hosts().iter().filter(|host| host.name == name);
    let hosts = hosts.flat_map(|host| host.addresses.iter().copied().map(Party::Net));
    let devices = site.devices().iter().filter(|device| device.name == name);
    let devices = devices.map(|device| Party::Device {
        protocol: device.protocol,
        address: device.address,
        sub: device.sub,
    });
    hosts.chain(devices).collect()
}

/// A device as anomalies call it where the site file does not: `modbus 10.0.0.21 unit 3`.
fn heard(name: &str) -> Option<Party> {
    let mut words = name.split_whitespace();
    let protocol = match words.next()? {
        "modbus" => Protocol::Modbus,
        "dnp3" => Protocol::Dnp3,
        _ => return None,
    };
    let address = words.next()?.parse().ok()?;
    let sub = match (words.next(), words.next()) {
        (None, _) => SubAddress::None,
        (Some("unit"), Some(unit)) => SubAddress::Unit(unit.parse().ok()?),
        (Some("link"), Some(link)) => SubAddress::Link(link.parse().ok()?),
        _ => return None,
    };
    words.next().is_none().then_some(Party::Device { protocol, address, sub })
}

#[cfg(test)]
mod tests;
