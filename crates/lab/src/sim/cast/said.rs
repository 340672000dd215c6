//! What the steps of a scenario come to in octets.

use super::Hand;
use crate::dnp3::octets::{Voice, checksum};
use crate::dnp3::scenario::{Carried, Fault};
use crate::sim::act::{Deed, Way};
use crate::sim::calendar::{SECOND, seconds};
use crate::sim::dnp3::{EVENTS, INTEGRITY, RESTART_CLEARED, moment};
use crate::sim::modbus;
use crate::sim::operator::{objects, write};
use crate::sim::script::Aim;
use crate::sim::spec::{Habit, Speaks, Target, Usage};

impl Hand<'_> {
    pub(super) fn write(
        &mut self,
        label: &str,
        functions: &[u8],
        aim: Aim,
        times: [u32; 2],
        every_s: [f64; 2],
    ) {
        let function =
            functions.get(self.rng.usize(..functions.len().max(1))).copied().unwrap_or(6);
        let target = self.aim(aim);
        for _ in 0..self.rng.u32(times[0]..=times[1]) {
            let pdu = match target {
                Target::Breaker(nth) if function == 15 => {
                    modbus::write_coils(u16::try_from(nth).unwrap_or(0), &[false])
                }
                Target::Breaker(_) => write(&self.of, target, false, 0.0),
                Target::Setpoint(nth) => {
                    let first = u16::try_from(nth).unwrap_or(0);
                    let own = self.of.bay.setpoints.get(nth).map_or(50.0, |own| own.value);
                    let value = modbus::register(own * 10.0 * (0.98 + self.rng.f64() * 0.04));
                    match function {
                        6 => modbus::request(6, first, value),
                        16 => modbus::write_registers(first, &[value]),
                        22 => [&modbus::request(22, first, 0xff00)[..], &[0, 7]].concat(),
                        other => [&[other], &modbus::request(other, first, 1)[1..]].concat(),
                    }
                }
            };
            self.modbus(label, vec![self.point(target)], pdu);
            self.pause(every_s);
        }
    }

    /// Up to the end of what operators ever chose and beyond, no step larger than theirs.
    pub(super) fn ramp(&mut self, label: &str, minutes: [f64; 2], every_s: [f64; 2]) {
        let target = self.aim(Aim::Setpoint);
        let Target::Setpoint(nth) = target else { return };
        let Some(own) = self.of.bay.setpoints.get(nth).cloned() else { return };
        let end = self.at + seconds(self.between(minutes) * 60.0);
        let step = (own.between[1] - own.between[0]) * 0.02;
        let mut value = own.value;
        while self.at < end {
            value += step;
            let pdu = write(&self.of, target, true, value);
            self.modbus(label, vec![self.point(target)], pdu);
            self.pause(every_s);
        }
    }

    /// The right master opens breakers of many stations, each as it is always opened.
    pub(super) fn campaign(
        &mut self,
        label: &str,
        stations: [usize; 2],
        opens: [usize; 2],
        within_s: [f64; 2],
    ) {
        let master = self.world.masters.get(self.link).copied();
        let mut links: Vec<usize> = (0..self.world.site.links.len())
            .filter(|nth| {
                let own = self.world.site.links.get(*nth);
                own.is_some_and(|own| {
                    own.in_charge
                        && !self.world.is_late(own.station)
                        && self
                            .world
                            .standing
                            .get(own.station)
                            .is_some_and(|station| station.station.speaks == Speaks::Dnp3)
                }) && self.world.masters.get(*nth).copied() == master
            })
            .collect();
        self.rng.shuffle(&mut links);
        links.sort_by_key(|link| *link != self.link);
        links.truncate(self.rng.usize(stations[0]..=stations[1]));
        let wanted = self.rng.usize(opens[0]..=opens[1]);
        let lasts = self.between(within_s);
        let every = lasts / f64::from(u32::try_from(wanted).unwrap_or(1));
        let (count, first) = (links.len().max(1), self.at);
        for nth in 0..wanted {
            let link = links.get(nth % count).copied().unwrap_or(self.link);
            let (way, old) = (Way::Link(link), self.way);
            let target = Target::Breaker(nth / count);
            let habit =
                Habit { device: self.world.whom(way).1, target, usage: Usage::Now { a_day: 1.0 } };
            self.way = way;
            self.act(label, vec![self.point(target)], Deed::Command { habit, close: false });
            self.way = old;
            self.at += seconds(every * (0.7 + self.rng.f64() * 0.6));
        }
        self.at = self.at.max(first);
    }

    pub(super) fn voice(&mut self) -> Voice {
        let own = self.world.site.links.get(self.link).map_or(1, |own| own.address);
        Voice {
            source: own,
            destination: self.of.address,
            transport: self.rng.u8(..64),
            application: self.rng.u8(..16),
            master: true,
        }
    }

    pub(super) fn points(&mut self, carries: &[Carried]) -> Vec<String> {
        let controls =
            carries.iter().any(|own| matches!(own, Carried::Control | Carried::OtherControl));
        let target = self.aim(Aim::Breaker);
        if controls { vec![self.point(target)] } else { Vec::new() }
    }

    pub(super) fn carried(&mut self, carries: &[Carried]) -> Vec<u8> {
        let breaker = self.aim(Aim::Breaker);
        let index =
            if let Target::Breaker(nth) = breaker { u16::try_from(nth).unwrap_or(0) } else { 0 };
        let [low, high] = index.to_le_bytes();
        let now = self.start + self.at;
        let one = |carried: &Carried| match carried {
            Carried::Control => objects(&self.of, breaker, false, 0.0),
            Carried::OtherControl => {
                let code = if self.of.codes[0] == 4 { 0x81 } else { 4 };
                crate::dnp3::octets::control(index, code, 10, 10_000, 0)
            }
            Carried::EventClasses => EVENTS.to_vec(),
            Carried::AllClasses => INTEGRITY.to_vec(),
            Carried::RestartCleared => RESTART_CLEARED.to_vec(),
            Carried::TimeAhead => [&[50, 1, 7, 1], &moment(now + 3600 * SECOND)[..]].concat(),
            Carried::Counters => vec![20, 0, 6],
            Carried::AnalogsInClass0 => vec![60, 1, 6, 30, 0, 6],
            Carried::BreakerEvent => vec![2, 1, 0x28, 1, 0, low, high, 0x01],
            Carried::ForcedEvent => vec![2, 1, 0x28, 1, 0, low, high, 0x11],
        };
        carries.iter().flat_map(one).collect()
    }
}

/// Octets that are broken in some way.
pub(super) fn broken(voice: &mut Voice, fault: Fault) -> Vec<Vec<u8>> {
    let number = voice.application & 0x0f;
    let read = |objects: &[u8]| [&[0xc0 | number, 1], objects].concat();
    let whole = read(&EVENTS);
    let (head, tail) = whole.split_at(4);
    let spoiled = |mut frame: Vec<u8>, at: usize| {
        if let Some(octet) = frame.get_mut(at) {
            *octet ^= 0x5a;
        }
        vec![frame]
    };
    match fault {
        Fault::ShortLength => {
            let mut frame = voice.frame(9, &[]);
            frame.truncate(8);
            if let Some(length) = frame.get_mut(2) {
                *length = 4;
            }
            let check = checksum(&frame);
            frame.extend(check.to_le_bytes());
            vec![frame]
        }
        Fault::HeaderChecksum => spoiled(voice.fragment(&whole), 8),
        Fault::BlockChecksum => {
            let frame = voice.fragment(&whole);
            let last = frame.len().saturating_sub(1);
            spoiled(frame, last)
        }
        Fault::FirstAfterFirst => {
            vec![voice.segment(true, false, head), voice.segment(true, true, &whole)]
        }
        Fault::SegmentGap => {
            let first = voice.segment(true, false, head);
            voice.transport = voice.transport.wrapping_add(1) & 0x3f;
            vec![first, voice.segment(false, true, tail)]
        }
        Fault::RangeBackwards => vec![voice.fragment(&read(&[30, 0, 1, 9, 0, 2, 0]))],
        Fault::CountMax => vec![voice.fragment(&read(&[30, 0, 9, 0xff, 0xff, 0xff, 0xff]))],
    }
}
