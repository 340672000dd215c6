//! A scenario on a site: who is the actor, who the targets are, and which acts the steps come to.

use anyhow::{Context, Result};
use fastrand::Rng;

use super::act::{Act, Deed, Way};
use super::calendar::{SECOND, seconds};
use super::modbus;
use super::operator::{objects, write};
use super::script::{Actor, Aim, On, Scenario, Step, Variant};
use super::spec::{Device, Habit, Speaks, Target, Usage};
use super::week::Happening;
use super::world::World;

mod aim;
mod said;

use aim::{aims, fits, is_aim, is_used};
use said::broken;

/// A scenario that was cast on a site.
#[derive(Debug, Clone, Default)]
pub struct Cast {
    /// What is done, from its beginning on.
    pub acts: Vec<(i64, Act)>,
    /// How long it lasts.
    pub lasts: i64,
    /// The target devices, as a finding names them, each with the actor's address.
    pub targets: Vec<(String, Option<String>)>,
    /// Frames that the capture loses: from, to, which share.
    pub losses: Vec<(i64, i64, f64)>,
    /// The hosts of actor and targets.
    pub hosts: Vec<usize>,
}

/// Casts a variant of a scenario at a moment.
///
/// # Errors
/// The site has nobody to do it, or to do it to.
pub fn cast(
    world: &World,
    scenario: &Scenario,
    variant: &Variant,
    now: i64,
    rng: &mut Rng,
) -> Result<Cast> {
    let mut links: Vec<usize> =
        (0..world.site.links.len()).filter(|nth| fits(world, scenario, variant, *nth)).collect();
    rng.shuffle(&mut links);
    // Who does what operators always do, does it where they have done it.
    let aims = aims(variant.steps(scenario));
    links.sort_by_key(|link| !aims.iter().all(|aim| is_used(world, *link, *aim)));
    links.truncate(rng.usize(variant.targets[0]..=variant.targets[1]));
    links.first().context("no station fits")?;
    let mut cast = Cast::default();
    for (nth, link) in links.into_iter().enumerate() {
        let at = if nth == 0 { 0 } else { cast.lasts + seconds(0.5 + rng.f64() * 4.0) };
        let own = world.site.links.get(link).context("no such link")?;
        let (station, device) = world.whom(Way::Link(link));
        let way = way(world, variant, link, nth, (station, device), rng)?;
        let host = match (way, variant.actor) {
            (_, Actor::Nobody) => None,
            // What is wrong with an exchange is told of its master, also where the answer is forged.
            (_, Actor::Outstation) if scenario.speaks == Speaks::Modbus => {
                world.masters.get(link).copied()
            }
            (_, Actor::Outstation) => world.standing.get(station).map(|own| own.station.host),
            (Way::Own { host, .. }, _) => Some(host),
            (Way::Link(link), _) => world.masters.get(link).copied(),
        };
        let address =
            host.and_then(|host| world.site.hosts.get(host)).map(|own| own.address.to_string());
        cast.hosts.extend(host);
        cast.hosts.extend(world.standing.get(station).map(|own| own.station.host));
        cast.targets.push((world.name(station, device, None), address));
        let standing = world.standing.get(station).context("no such station")?;
        let of = standing.station.devices.get(device).cloned().context("no such device")?;
        let habits: Vec<(usize, Habit)> =
            (0..).zip(own.habits.iter().cloned()).filter(|(_, own)| own.device == device).collect();
        let mut hand =
            Hand { world, way, link, station, of, habits, at, start: now, rng, cast: &mut cast };
        for step in variant.steps(scenario) {
            hand.step(step);
        }
        if matches!(way, Way::Own { .. }) && variant.actor != Actor::Nobody {
            hand.act("", Vec::new(), Deed::Close);
        }
        let end = hand.at;
        cast.lasts = cast.lasts.max(end);
    }
    Ok(cast)
}

fn way(
    world: &World,
    variant: &Variant,
    link: usize,
    nth: usize,
    whom: (usize, usize),
    rng: &mut Rng,
) -> Result<Way> {
    let (station, device) = whom;
    let own = world.site.links.get(link).context("no such link")?;
    if variant.on == On::Link || matches!(variant.actor, Actor::Nobody | Actor::Outstation) {
        return Ok(Way::Link(link));
    }
    let master = world.masters.get(link).copied().unwrap_or(own.master);
    let others = |of_station: bool| -> Vec<(usize, u16)> {
        let others =
            world.site.links.iter().filter(|other| {
                (other.station == station) == of_station && other.master != own.master
            });
        others.map(|other| (other.master, other.address)).collect()
    };
    let (host, address) = match variant.actor {
        Actor::Stranger => (world.site.stranger, 1 + own.address % 1000 + 2000),
        Actor::Masquerade => (world.site.stranger, own.address),
        Actor::Engineer => (world.site.engineer, 900),
        Actor::Reader => {
            let here = others(true);
            let all = if here.is_empty() { others(false) } else { here };
            all.get(rng.usize(..all.len().max(1))).copied().context("nobody else reads here")?
        }
        Actor::Station => {
            let other = (0..world.standing.len())
                .find(|other| *other != station)
                .context("no other station")?;
            (world.standing.get(other).map_or(0, |own| own.station.host), 3)
        }
        _ => (master, own.address),
    };
    Ok(Way::Own { nth, host, address, station, device })
}

/// Takes the steps against one target.
struct Hand<'a> {
    world: &'a World,
    way: Way,
    link: usize,
    station: usize,
    of: Device,
    /// What operators do with the device, with its place among what they do through the link.
    habits: Vec<(usize, Habit)>,
    /// When the next thing is done, from the beginning.
    at: i64,
    start: i64,
    rng: &'a mut Rng,
    cast: &'a mut Cast,
}

impl Hand<'_> {
    fn act(&mut self, label: &str, points: Vec<String>, deed: Deed) {
        let act = Act { way: self.way, label: label.to_owned(), points, deed };
        self.cast.acts.push((self.at, act));
    }

    fn between(&mut self, [from, to]: [f64; 2]) -> f64 {
        from + (to - from) * self.rng.f64()
    }

    fn pause(&mut self, every_s: [f64; 2]) {
        self.at += seconds(self.between(every_s)).max(SECOND / 20);
    }

    fn unit(&self) -> u8 {
        u8::try_from(self.of.address).unwrap_or(1)
    }

    fn modbus(&mut self, label: &str, points: Vec<String>, pdu: Vec<u8>) {
        let unit = self.unit();
        self.act(label, points, Deed::Modbus { unit, pdu });
    }

    fn dnp3(&mut self, label: &str, points: Vec<String>, function: u8, objects: Vec<u8>) {
        self.act(label, points, Deed::Dnp3 { function, objects, skip: 0, to: None });
    }

    /// What is aimed at.
    fn aim(&mut self, aim: Aim) -> Target {
        let used = &self.world.used;
        let mut targets: Vec<(Target, u32)> = self
            .habits
            .iter()
            .filter(|(_, own)| is_aim(aim, own))
            .map(|(nth, own)| (own.target, used.get(&(self.link, *nth)).copied().unwrap_or(0)))
            .collect();
        // What was done most often is what was surely learned.
        targets.sort_by_key(|own| core::cmp::Reverse(own.1));
        match (aim, targets.first()) {
            (Aim::Fixed, _) => Target::Setpoint(self.of.bay.setpoints.len() + self.rng.usize(4..8)),
            (_, Some((target, _))) => *target,
            (Aim::Breaker, None) => Target::Breaker(0),
            (Aim::Setpoint, None) => Target::Setpoint(0),
        }
    }

    fn point(&self, target: Target) -> String {
        let modbus = self
            .world
            .standing
            .get(self.station)
            .is_some_and(|own| own.station.speaks == Speaks::Modbus);
        match (modbus, target) {
            (true, Target::Breaker(nth)) => format!("coil {nth}"),
            (true, Target::Setpoint(nth)) => format!("holding register {nth}"),
            (false, Target::Breaker(nth)) => format!("binary output {nth}"),
            (false, Target::Setpoint(nth)) => format!("analog output {nth}"),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Wait { s } => self.pause(*s),
            Step::Send { label, pdu, unit, times, every_s } => {
                for _ in 0..self.rng.u32(times[0]..=times[1]) {
                    let unit = unit.unwrap_or_else(|| self.unit());
                    self.act(label, Vec::new(), Deed::Modbus { unit, pdu: pdu.clone() });
                    self.pause(*every_s);
                }
            }
            Step::Write { label, functions, aim, times, every_s } => {
                self.write(label, functions, *aim, *times, *every_s)
            }
            Step::SweepUnits { label, units, pdu } => {
                for unit in units[0]..=units[1] {
                    self.act(label, Vec::new(), Deed::Modbus { unit, pdu: pdu.clone() });
                    self.pause([0.05, 0.4]);
                }
            }
            Step::SweepFunctions { label, functions, payload } => {
                for function in functions[0]..=functions[1] {
                    self.modbus(label, Vec::new(), [&[function], &payload[..]].concat());
                    self.pause([0.05, 0.4]);
                }
            }
            Step::Walk { label, function, count, requests } => {
                let count = self.rng.u16(count[0]..=count[1]);
                let stride = count.max(u16::MAX / requests.max(&1));
                for nth in 0..*requests {
                    let first = nth.saturating_mul(stride).min(u16::MAX - count);
                    self.modbus(label, Vec::new(), modbus::request(*function, first, count));
                    self.pause([0.05, 0.3]);
                }
            }
            Step::Ramp { label, minutes, every_s } => self.ramp(label, *minutes, *every_s),
            Step::Toggle { label, times, every_s } => {
                let target = self.aim(Aim::Breaker);
                for nth in 0..self.rng.u32(times[0]..=times[1]) {
                    let pdu = write(&self.of, target, nth % 2 == 1, 0.0);
                    self.modbus(label, vec![self.point(target)], pdu);
                    self.pause(*every_s);
                }
            }
            Step::Replay { on } => self.act("", Vec::new(), Deed::Replay(*on)),
            Step::Slow { s } => self.act("", Vec::new(), Deed::Slow(*s)),
            Step::Frame { .. } | Step::Forge { .. } => self.octets(step),
            _ => self.other(step),
        }
    }

    /// What no Modbus peer would say.
    fn octets(&mut self, step: &Step) {
        match step {
            Step::Frame { label, protocol, length, pdu, times } => {
                for _ in 0..self.rng.u32(times[0]..=times[1]) {
                    let mut octets = self.rng.u16(..).to_be_bytes().to_vec();
                    octets.extend(protocol.to_be_bytes());
                    octets.extend(length.to_be_bytes());
                    octets.push(self.unit());
                    octets.extend(pdu);
                    self.act(label, Vec::new(), Deed::Octets(octets));
                    self.pause([0.2, 1.0]);
                }
            }
            Step::Forge { label, pdu } => {
                let first = self
                    .world
                    .site
                    .links
                    .get(self.link)
                    .and_then(|own| own.polls.first())
                    .map(|own| own.read);
                if let Some(super::spec::Read::Table { function, first, count }) = first {
                    self.modbus("", Vec::new(), modbus::request(function, first, count));
                    let values: Vec<u8> =
                        (0..count).flat_map(|_| self.rng.u16(1..500).to_be_bytes()).collect();
                    let head = [function, u8::try_from(values.len()).unwrap_or(u8::MAX)];
                    self.at += SECOND / 10;
                    let answer =
                        if pdu.is_empty() { [&head[..], &values].concat() } else { pdu.clone() };
                    self.act(label, Vec::new(), Deed::Answer(answer));
                    self.pause([0.3, 1.0]);
                }
            }
            _ => {}
        }
    }

    fn other(&mut self, step: &Step) {
        match step {
            Step::Ask { label, function, carries, skip, to, times, every_s } => {
                for _ in 0..self.rng.u32(times[0]..=times[1]) {
                    let objects = self.carried(carries);
                    let points = self.points(carries);
                    let deed = Deed::Dnp3 { function: *function, objects, skip: *skip, to: *to };
                    self.act(label, points, deed);
                    self.pause(*every_s);
                }
            }
            Step::SelectAll { label, indices } => {
                for index in indices[0]..=indices[1] {
                    let target = Target::Breaker(usize::from(index));
                    let control = objects(&self.of, target, false, 0.0);
                    self.dnp3(label, vec![self.point(target)], 3, control);
                    self.pause([0.05, 0.2]);
                }
            }
            Step::Flood { label, function, carries, segments, frames } => {
                let objects = self.carried(carries);
                let mut voice = self.voice();
                for _ in 0..*segments {
                    let octets =
                        (0..*frames).flat_map(|_| voice.request(*function, &objects)).collect();
                    self.act(label, Vec::new(), Deed::Octets(octets));
                    self.pause([0.05, 0.1]);
                }
            }
            Step::Malformed { label, fault } => {
                for octets in broken(&mut self.voice(), *fault) {
                    self.act(label, Vec::new(), Deed::Octets(octets));
                    self.pause([0.1, 0.5]);
                }
            }
            Step::Report { label, function, carries } => {
                let points = self.points(carries);
                let objects = self.carried(carries);
                self.act(label, points, Deed::Outstation { function: *function, objects });
                self.pause([0.5, 1.0]);
            }
            Step::Operate { label, aim, close } => {
                let target = self.aim(*aim);
                let habit =
                    Habit { device: self.device(), target, usage: Usage::Now { a_day: 1.0 } };
                let points = vec![self.point(target)];
                self.act(label, points, Deed::Command { habit, close: *close });
                self.pause([1.0, 3.0]);
            }
            Step::Campaign { label, stations, opens, within_s } => {
                self.campaign(label, *stations, *opens, *within_s)
            }
            Step::Lose { share, for_s } => {
                let lasts = seconds(self.between(*for_s));
                self.cast.losses.push((self.at, self.at + lasts, *share));
                self.at += lasts;
            }
            _ => self.happens(step),
        }
    }

    fn device(&self) -> usize {
        self.world.whom(self.way).1
    }

    fn happens(&mut self, step: &Step) {
        let (station, link) = (self.station, self.link);
        let happening = match step {
            Step::Reboot { for_s } => {
                Happening::Reboot { station, for_ns: seconds(self.between(*for_s)) }
            }
            Step::Flap { for_s } => Happening::Flap { link, for_ns: seconds(self.between(*for_s)) },
            Step::Kill { for_s } => Happening::Kill { link, for_ns: seconds(self.between(*for_s)) },
            Step::Trips {} => Happening::Trips { station },
            Step::Jam { on } => Happening::Jam { station, on: *on },
            Step::Moves { close } => {
                let Target::Breaker(breaker) = self.aim(Aim::Breaker) else { return };
                Happening::Moves { whom: (station, self.device()), breaker, closed: *close }
            }
            Step::Maintain {} => Happening::Maintenance { station },
            Step::Added {} => Happening::Added { station },
            _ => {
                let from = self.world.masters.get(link).copied().unwrap_or(0);
                let standby = self.world.site.standbys.iter().find_map(|(one, other)| {
                    (*one == from).then_some(*other).or_else(|| (*other == from).then_some(*one))
                });
                Happening::Failover { from, to: standby.unwrap_or(from) }
            }
        };
        let soon = matches!(happening, Happening::Kill { .. });
        self.act("", Vec::new(), Deed::Happens(happening));
        self.pause(if soon { [0.2, 1.2] } else { [30.0, 60.0] });
    }
}
