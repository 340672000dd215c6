//! What was declared beforehand: windows of maintenance and switching, and detections that are out of service.
//!
//! Both change nothing about what is judged and how bad it is. What they name is entered apart from everything else,
//! under the name of what excuses it, so that it neither alarms nor hides what they do not name: another host, another
//! device, another kind, another time is another anomaly. The time is that of the packet.

pub(crate) mod work;

use core::net::IpAddr;

use gridtap_model::{Device, Protocol, SubAddress, Timestamp};
use ipnet::IpNet;

use work::is_host;

use crate::book::{Cause, Finding, Lazy, Words};
use crate::catalogue::Kind;

/// What excuses findings of a detection that is out of service.
pub const OUT_OF_SERVICE: &str = "out of service";

/// A record lists no more points than this: of one that lists so many it is not known what else it touches.
const POINTS_LISTED: usize = 16;

/// The classes of findings that a window can name, each with what it is about.
pub const CLASSES: [(&str, &str); 7] = [
    ("access", "somebody reads, commands or connects who did not before"),
    ("reconnaissance", "somebody tries out what there is"),
    ("dangerous", "restarts, stops, programs, files, configuration"),
    ("conformance", "messages that do not fit the standard or each other"),
    ("availability", "a device that refuses or does not answer"),
    ("process", "what the process shows does not fit what was commanded"),
    ("hearing", "what the sensor cannot hear"),
];

/// A host, a network, or a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Party {
    /// Everything at these addresses.
    Net(IpNet),
    /// One device behind an address.
    Device {
        /// Its protocol.
        protocol: Protocol,
        /// Its host.
        address: IpAddr,
        /// Its address within that host.
        sub: SubAddress,
    },
}

/// A window: what is meant to happen, by whom, to what, and when. What is left empty names everything of its sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What the plan is called.
    pub name: String,
    /// From this moment on.
    pub start: Timestamp,
    /// Up to this moment, which is no part of it.
    pub end: Timestamp,
    /// Ids of the catalogue.
    pub detections: Vec<&'static str>,
    /// Classes, by their names.
    pub classes: Vec<&'static str>,
    /// Whose doing.
    pub sources: Vec<Party>,
    /// To what.
    pub targets: Vec<Party>,
    /// Points of these, by name (`52-1 trip`) or address (`coil 2`).
    pub points: Vec<String>,
}

/// A detection that a person has switched off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfService {
    /// Its id.
    pub detection: &'static str,
    /// Until when; none for until it is taken off the list.
    pub until: Option<Timestamp>,
}

/// Everything that was declared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Planned {
    /// Windows. Where several name the same, the first of them excuses it.
    pub windows: Vec<Window>,
    /// What is switched off.
    pub out_of_service: Vec<OutOfService>,
}

impl Planned {
    /// Whether a detection tells at a moment.
    pub(crate) fn serves(&self, detection: &str, now: Timestamp) -> bool {
        let is_off = |each: &OutOfService| {
            each.detection == detection && each.until.is_none_or(|until| now < until)
        };
        !self.out_of_service.iter().any(is_off)
    }

    /// What excuses a finding. Its words are made where a window names points.
    pub(crate) fn excused<F: FnOnce() -> Words>(
        &self,
        finding: &Finding<'_>,
        mut words: Lazy<F>,
    ) -> (Option<String>, Lazy<F>) {
        if !self.serves(finding.subject.detection, finding.time) {
            return (Some(OUT_OF_SERVICE.to_owned()), words);
        }
        for window in self.windows.iter().filter(|window| window.names(finding)) {
            if window.points.is_empty() {
                return (Some(window.name.clone()), words);
            }
            let made = words.get();
            let is_named = window.names_points(&made.points);
            words = Lazy::Made(made);
            if is_named {
                return (Some(window.name.clone()), words);
            }
        }
        (None, words)
    }
}

/// What a record tells of an anomaly, as far as a window can name it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// When it was first seen.
    pub time: Timestamp,
    /// When it was last seen.
    pub last_time: Timestamp,
    /// Its id in the catalogue.
    pub detection: &'a str,
    /// Other detections that fit the same messages.
    pub also: &'a [String],
    /// Who did it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// To which device, where it names one.
    pub device: Option<Device>,
    /// To which points.
    pub points: &'a [String],
}

/// How much of a past anomaly a window would have named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// All of it.
    Whole,
    /// What of it was in its time.
    Part,
    /// It names classes, which records do not keep.
    Perhaps,
    /// Nothing.
    Not,
}

impl Window {
    /// How much of a past anomaly it would have named.
    #[must_use]
    pub fn would_name(&self, recorded: &Recorded<'_>) -> Named {
        let is_own = recorded.device.is_some_and(|device| device.address == recorded.source);
        let (source, target) = if is_own {
            (recorded.destination, recorded.source)
        } else {
            (recorded.source, recorded.destination)
        };
        let is_in = |moment| self.start <= moment && moment < self.end;
        let overlaps = recorded.time < self.end && self.start <= recorded.last_time;
        let named = overlaps
            && self.is_source(source)
            && self.is_target(target, recorded.device)
            && self.names_points(recorded.points);
        if !named {
            return Named::Not;
        }
        let is_health = crate::catalogue::detection(recorded.detection)
            .is_some_and(|detection| detection.kind == Kind::Health);
        let listed = |id: &str| self.detections.contains(&id);
        let by_id = listed(recorded.detection) && recorded.also.iter().all(|also| listed(also));
        match (self.detections.is_empty() && self.classes.is_empty(), by_id) {
            (true, _) if is_health => Named::Not,
            (false, false) if self.classes.is_empty() => Named::Not,
            (false, false) => Named::Perhaps,
            _ if is_in(recorded.time) && is_in(recorded.last_time) => Named::Whole,
            _ => Named::Part,
        }
    }

    /// Whether it names a finding, its points left aside.
    fn names(&self, finding: &Finding<'_>) -> bool {
        self.start <= finding.time
            && finding.time < self.end
            && self.names_kind(finding)
            && self.names_target(finding)
            && self.names_source(finding)
    }

    /// Everything that was said of the message has to be named: what is not alarms, and takes the rest with it. How
    /// well the sensor hears is never planned work of others, unless it is named.
    fn names_kind(&self, finding: &Finding<'_>) -> bool {
        let class = class_of(finding.cause);
        if self.detections.is_empty() && self.classes.is_empty() {
            return finding.detection.kind != Kind::Health && finding.cause != Cause::Hearing;
        }
        let is_class = class.is_some_and(|class| self.classes.contains(&class));
        is_class
            || self.detections.contains(&finding.subject.detection)
                && finding.also.iter().all(|also| self.detections.contains(also))
    }

    fn names_target(&self, finding: &Finding<'_>) -> bool {
        self.is_target(finding.subject.target, finding.subject.device)
    }

    /// Whether this host, or this device of it, is one that it names.
    pub(crate) fn is_target(&self, host: IpAddr, device: Option<Device>) -> bool {
        self.targets.is_empty()
            || self.targets.iter().any(|target| match (target, device) {
                (Party::Net(net), Some(device)) => net.contains(&device.address),
                (Party::Net(net), None) => net.contains(&host),
                (Party::Device { protocol, address, sub }, Some(device)) => {
                    device.protocol == *protocol
                        && device.address == *address
                        && (*sub == SubAddress::None || device.sub == *sub)
                }
                (Party::Device { .. }, None) => false,
            })
    }

    /// What a device itself does or says is the doing of whom it answers to: a window for a master's work on a device
    /// names the device's own part in it.
    fn names_source(&self, finding: &Finding<'_>) -> bool {
        let subject = finding.subject;
        let is_own = subject.device.is_some_and(|device| device.address == subject.actor);
        self.is_source(if is_own { subject.target } else { subject.actor })
    }

    /// Whether this host is one whose doing it names.
    pub(crate) fn is_source(&self, host: IpAddr) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|party| is_host(party, host))
    }

    /// Whether a point as records tell it is one that it names.
    pub(crate) fn names_point(&self, told: &str) -> bool {
        self.points.iter().any(|named| is_point(told, named))
    }

    /// Whether all of these points are named, of a record that lists all there are.
    fn names_points(&self, points: &[String]) -> bool {
        let is_named = |told: &String| self.names_point(told);
        self.points.is_empty()
            || !points.is_empty() && points.len() < POINTS_LISTED && points.iter().all(is_named)
    }
}

/// Whether a point as records tell it (`52-1 trip (coil 2)`) is the one that was named (`52-1 trip`, or `coil 2`).
fn is_point(told: &str, named: &str) -> bool {
    let apart = told.strip_suffix(')').and_then(|told| told.rsplit_once(" ("));
    told == named || apart.is_some_and(|(name, address)| name == named || address == named)
}

const fn class_of(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::Access => Some("access"),
        Cause::Reconnaissance => Some("reconnaissance"),
        Cause::Dangerous => Some("dangerous"),
        Cause::Conformance => Some("conformance"),
        Cause::Availability => Some("availability"),
        Cause::Process => Some("process"),
        Cause::Hearing => Some("hearing"),
        // What is for the record alarms nobody.
        Cause::Record => None,
    }
}

#[cfg(test)]
mod tests;
