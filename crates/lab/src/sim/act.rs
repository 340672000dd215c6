//! What somebody does who is not of the site's own business, or who does not mean well.

use std::net::Ipv4Addr;

use super::calendar::{SECOND, seconds};
use super::exchange::{Line, Marks};
use super::modbus;
use super::spec::{Habit, Speaks, Usage};
use super::week::Happening;
use super::wire::{Mark, Side};
use super::world::World;

/// Who speaks, and to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A connection of the actor's own, by its number: host, link address, station, device.
    Own {
        /// Its number.
        nth: usize,
        /// The host.
        host: usize,
        /// Its link address.
        address: u16,
        /// To whom.
        station: usize,
        /// To which device of it.
        device: usize,
    },
    /// The connection that a master has anyway.
    Link(usize),
}

/// Something that is done at a moment.
#[derive(Debug, Clone)]
pub struct Act {
    /// On which connection.
    pub way: Way,
    /// What it is called in an expectation; empty for what nothing is expected of.
    pub label: String,
    /// The points that it commands, as a finding names them.
    pub points: Vec<String>,
    /// What.
    pub deed: Deed,
}

/// What is done.
#[derive(Debug, Clone)]
pub enum Deed {
    /// A Modbus request.
    Modbus {
        /// The unit identifier.
        unit: u8,
        /// The function and what follows.
        pdu: Vec<u8>,
    },
    /// A DNP3 request.
    Dnp3 {
        /// The function.
        function: u8,
        /// What follows.
        objects: Vec<u8>,
        /// Sequence numbers that are left out before.
        skip: u8,
        /// A link address instead of the device's.
        to: Option<u16>,
    },
    /// Octets as they stand, to which nobody answers.
    Octets(Vec<u8>),
    /// The outstation says a fragment on this connection: function and what follows.
    Outstation {
        /// The function.
        function: u8,
        /// What follows.
        objects: Vec<u8>,
    },
    /// A second answer to the last Modbus request, with these octets after unit and function.
    Answer(Vec<u8>),
    /// A command as operators give it.
    Command {
        /// What.
        habit: Habit,
        /// On, or off.
        close: bool,
    },
    /// The connection ends.
    Close,
    /// The station answers from a recording, or no longer.
    Replay(bool),
    /// The station takes so much longer, in seconds.
    Slow(f64),
    /// Something happens to the site.
    Happens(Happening),
}

/// A message of an actor.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To which device, as a finding names it.
    pub device: String,
    /// Its function.
    pub function: u8,
    /// What it is called.
    pub label: String,
    /// The points that it commands.
    pub points: Vec<String>,
}

impl World {
    /// Something is done.
    pub(super) fn act(&mut self, act: &Act, now: i64) {
        match &act.deed {
            Deed::Happens(happening) => return self.happening(happening.clone(), now),
            Deed::Replay(on) => return self.with_station(act.way, |own| own.replay(*on)),
            Deed::Slow(by) => {
                let by = *by;
                return self.with_station(act.way, |own| {
                    own.station.thinks_s = own.station.thinks_s.map(|thinks| thinks + by);
                });
            }
            _ => {}
        }
        let Some((mut line, source)) = self.take_line(act.way, now) else { return };
        let start = now.max(line.connection.free_at);
        self.speak(&mut line, source, act, start);
        if line.connection.is_open {
            self.return_line(act.way, line);
        }
    }

    /// The actor speaks as a master does.
    fn speak(&mut self, line: &mut Line, source: Ipv4Addr, act: &Act, start: i64) {
        let (station, device) = self.whom(act.way);
        match &act.deed {
            Deed::Modbus { unit, pdu } => {
                let function = pdu.first().copied().unwrap_or(0);
                let name = self.name(station, device, Some(*unit));
                let marks = self.note(source, name, function, act);
                self.stage().modbus(line, station, *unit, pdu, start, marks);
            }
            Deed::Dnp3 { function, objects, skip, to } => {
                let own = line.master.destination;
                line.master.application = line.master.application.wrapping_add(*skip);
                line.master.destination = to.unwrap_or(own);
                let mut name = self.name(station, device, None);
                if let Some(to) = to {
                    name =
                        format!("every device at once (dnp3 {} link {to})", self.address(station));
                }
                let marks = self.note(source, name, *function, act);
                let whom = (station, device);
                let done = self.stage().dnp3(line, whom, (*function, objects), start, marks);
                line.master.destination = own;
                if done.restarts {
                    let at = done.at + SECOND / 2;
                    self.happens(at, Happening::Reboot { station, for_ns: 12 * SECOND });
                }
            }
            Deed::Octets(octets) => {
                let name = self.name(station, device, None);
                let marks = self.note(source, name, 0, act);
                line.connection.send(Side::Client, octets, start, marks.request, &mut self.out);
                line.connection.acknowledge(
                    Side::Server,
                    start + SECOND / 20,
                    marks.other,
                    &mut self.out,
                );
            }
            Deed::Command { habit, close } => {
                let name = self.name(station, device, None);
                let value = self.choose(station, habit);
                let first = self.note(source, name.clone(), 3, act);
                let twice = self
                    .standing
                    .get(station)
                    .is_some_and(|own| own.station.speaks == Speaks::Dnp3)
                    && !matches!(habit.usage, Usage::Daily { .. });
                let second = if twice { self.note(source, name, 4, act) } else { first };
                self.operate(line, station, habit, *close, value, start, |nth| {
                    if nth == 0 { first } else { second }
                });
            }
            Deed::Close => {
                line.connection.close(Side::Client, start, Mark::Actor, &mut self.out);
            }
            _ => self.answer(line, source, act, start),
        }
    }

    /// Something is said in the name of the station.
    fn answer(&mut self, line: &mut Line, source: Ipv4Addr, act: &Act, start: i64) {
        let (station, device) = self.whom(act.way);
        match &act.deed {
            Deed::Outstation { function, objects } => {
                let master = line.connection.ends()[0].address;
                let name = if *function >= 128 {
                    self.name(station, device, None)
                } else {
                    format!("dnp3 {master} link {}", line.outstation.destination)
                };
                let marks = self.note(self.address(station), name, *function, act);
                let octets = if *function == 130 {
                    line.outstation.unsolicited(objects)
                } else {
                    line.outstation.request(*function, objects)
                };
                line.connection.send(Side::Server, &octets, start, marks.request, &mut self.out);
                line.connection.acknowledge(
                    Side::Client,
                    start + SECOND / 20,
                    marks.other,
                    &mut self.out,
                );
            }
            Deed::Answer(rest) => {
                let unit = self.unit(station, device);
                let name = self.name(station, device, None);
                let marks = self.note(source, name, rest.first().copied().unwrap_or(0), act);
                let octets = modbus::framed(line.transaction.wrapping_sub(1), unit, rest);
                line.connection.send(Side::Server, &octets, start, marks.request, &mut self.out);
                line.connection.acknowledge(
                    Side::Client,
                    start + SECOND / 20,
                    marks.other,
                    &mut self.out,
                );
            }
            _ => {}
        }
    }

    /// A message is noted, and its frames are marked.
    fn note(&mut self, source: Ipv4Addr, device: String, function: u8, act: &Act) -> Marks {
        let nth = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        let (label, points) = (act.label.clone(), act.points.clone());
        self.sent.push(Sent { source, device, function, label, points });
        Marks { request: Mark::Request(nth), answer: Mark::Answer(nth), other: Mark::Actor }
    }

    /// The station and device at the end of a way.
    #[must_use]
    pub fn whom(&self, way: Way) -> (usize, usize) {
        match way {
            Way::Own { station, device, .. } => (station, device),
            Way::Link(link) => self.site.links.get(link).map_or((0, 0), |own| {
                (own.station, own.polls.first().map_or(0, |poll| poll.device))
            }),
        }
    }

    fn take_line(&mut self, way: Way, now: i64) -> Option<(Line, Ipv4Addr)> {
        let line = match way {
            Way::Link(link) => self.lines.get_mut(link).and_then(Option::take)?,
            Way::Own { nth, host, address, station, device } => {
                let line = self.own.get_mut(nth).and_then(Option::take);
                if let Some(line) = line {
                    line
                } else {
                    let mut line = self.line(host, address, station, device)?;
                    line.connection.open(now, Mark::Actor, &mut self.out);
                    line.connection.free_at += seconds(0.05);
                    line
                }
            }
        };
        let source = line.connection.ends()[0].address;
        Some((line, source))
    }

    fn return_line(&mut self, way: Way, line: Line) {
        match way {
            Way::Link(link) => self.put(link, line),
            Way::Own { nth, .. } => {
                if self.own.len() <= nth {
                    self.own.resize(nth + 1, None);
                }
                if let Some(place) = self.own.get_mut(nth) {
                    *place = Some(line);
                }
            }
        }
    }

    fn with_station(&mut self, way: Way, change: impl FnOnce(&mut super::exchange::Standing)) {
        let (station, _) = self.whom(way);
        if let Some(own) = self.standing.get_mut(station) {
            change(own);
        }
    }

    fn address(&self, station: usize) -> Ipv4Addr {
        let host = self.standing.get(station).and_then(|own| self.site.hosts.get(own.station.host));
        host.map_or(Ipv4Addr::UNSPECIFIED, |host| host.address)
    }

    /// How a finding names a device; `unit` where it is asked by another.
    #[must_use]
    pub fn name(&self, station: usize, device: usize, unit: Option<u8>) -> String {
        let address = self.address(station);
        let Some(own) = self.standing.get(station) else { return String::new() };
        match unit {
            Some(unit) => format!("modbus {address} unit {unit}"),
            None => own
                .station
                .devices
                .get(device)
                .map_or(String::new(), |device| device.name(own.station.speaks, address)),
        }
    }
}
