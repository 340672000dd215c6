//! Everything that happens on a site, in the order of time.

use std::collections::BTreeMap;

use fastrand::Rng;

use super::act::{Act, Sent};
use super::exchange::{Line, Stage, Standing, far};
use super::spec::{Site, Speaks};
use super::week::Happening;
use super::wire::{End, Frame, Mark, Side};
use crate::sim::calendar::{MINUTE, SECOND, seconds};

/// A site that lives: an iterator over the frames on its network.
#[derive(Debug, Clone)]
pub struct World {
    /// What it is.
    pub site: Site,
    /// How its stations are.
    pub standing: Vec<Standing>,
    /// The connection of each link, where it is up.
    pub lines: Vec<Option<Line>>,
    /// Which host is master on each link at present.
    pub masters: Vec<usize>,
    /// How many connections each link has had: what waits for an older one is void.
    pub epochs: Vec<u64>,
    /// What actors sent.
    pub sent: Vec<Sent>,
    /// How often what operators are used to do was done, by link and habit.
    pub used: BTreeMap<(usize, usize), u32>,
    /// The actors' own connections.
    pub(super) own: Vec<Option<Line>>,
    pub(super) rng: Rng,
    due: BTreeMap<(i64, u64), Due>,
    pending: BTreeMap<(i64, u64), Frame>,
    serial: u64,
    port: u16,
    pub(super) out: Vec<Frame>,
}

/// Something that is going to happen.
#[derive(Debug, Clone)]
pub(super) enum Due {
    /// A master tries to connect.
    Connect { link: usize },
    /// A poll, on the connection of an epoch.
    Poll { link: usize, poll: usize, epoch: u64 },
    /// An outstation looks whether it has something to report.
    Report { link: usize, epoch: u64 },
    /// Somebody looks whether an operator wants something.
    Operator { link: usize },
    /// Something is commanded that was planned.
    Command { link: usize, habit: usize, close: bool },
    /// What is commanded every day.
    Daily { link: usize, habit: usize, close: bool },
    /// A contact moves.
    Contact { station: usize, device: usize },
    /// A clock wants to be set.
    Clock { station: usize, device: usize },
    /// An idle connection is probed.
    KeepAlive { link: usize, epoch: u64 },
    /// What happens in a week besides.
    Happening(Happening),
    /// What an actor does.
    Act(Box<Act>),
}

impl World {
    /// A site at the beginning of its first week. `seed` is of what happens, not of what the site is.
    #[must_use]
    pub fn new(site: Site, seed: u64) -> Self {
        let standing: Vec<Standing> = site.stations.iter().cloned().map(Standing::new).collect();
        let count = site.links.len();
        let mut world = Self {
            standing,
            lines: vec![None; count],
            masters: site.links.iter().map(|link| link.master).collect(),
            epochs: vec![0; count],
            sent: Vec::new(),
            used: BTreeMap::new(),
            own: Vec::new(),
            rng: Rng::with_seed(seed ^ 0x51b0_77aa_93c2_6d1e),
            due: BTreeMap::new(),
            pending: BTreeMap::new(),
            serial: 0,
            port: 0,
            out: Vec::new(),
            site,
        };
        world.port = world.rng.u16(32_768..50_000);
        world.begin();
        world
    }

    fn begin(&mut self) {
        let start = self.site.start;
        for link in 0..self.site.links.len() {
            let station = self.site.links.get(link).map_or(0, |own| own.station);
            if !self.is_late(station) {
                let after = seconds(self.rng.f64() * 20.0);
                self.plan(start + after, Due::Connect { link });
            }
            self.plan(start + MINUTE, Due::Operator { link });
            self.plan_days(link);
        }
        for station in 0..self.standing.len() {
            for device in 0..self.standing.get(station).map_or(0, |own| own.station.devices.len()) {
                let after = seconds(self.rng.f64() * 86_400.0);
                self.plan(start + after, Due::Contact { station, device });
                let after = seconds(self.rng.f64() * 86_400.0);
                self.plan(start + after, Due::Clock { station, device });
            }
        }
    }

    /// Whether a station is put into service later.
    pub(super) fn is_late(&self, station: usize) -> bool {
        self.standing.get(station).is_some_and(|own| own.station.is_late)
    }

    /// Something is going to happen.
    pub(super) fn plan(&mut self, time: i64, due: Due) {
        self.serial += 1;
        self.due.insert((time, self.serial), due);
    }

    /// Something is going to happen that is not of the site's own business.
    pub fn happens(&mut self, time: i64, happening: Happening) {
        self.plan(time, Due::Happening(happening));
    }

    /// An actor does something.
    pub fn acts(&mut self, time: i64, act: Act) {
        self.plan(time, Due::Act(Box::new(act)));
    }

    /// Chance begins anew: copies of a site go their own ways from here on.
    pub fn reseed(&mut self, seed: u64) {
        self.rng = Rng::with_seed(seed);
    }

    /// Frames that somebody else made; they take their places in the order of time.
    pub fn splice(&mut self, frames: Vec<Frame>) {
        for frame in frames {
            self.serial += 1;
            self.pending.insert((frame.time, self.serial), frame);
        }
    }

    /// Where exchanges take place.
    pub fn stage(&mut self) -> Stage<'_> {
        Stage {
            standing: &mut self.standing,
            calendar: &self.site.calendar,
            rng: &mut self.rng,
            out: &mut self.out,
        }
    }

    /// A port that was not used for long.
    pub fn next_port(&mut self) -> u16 {
        self.port = if self.port >= 60_900 { 32_768 } else { self.port + 1 };
        self.port
    }

    /// A new line from a host to a station's device, which is not open yet.
    pub fn line(
        &mut self,
        host: usize,
        source: u16,
        station: usize,
        device: usize,
    ) -> Option<Line> {
        let own = self.standing.get(station)?;
        let speaks = own.station.speaks;
        let server = self.site.hosts.get(own.station.host)?;
        let link = own.station.devices.get(device).map_or(1, |own| own.address);
        let client = self.site.hosts.get(host)?;
        let (near_mac, near, far_mac, far_address) =
            (client.mac, client.address, server.mac, server.address);
        let client = End { mac: near_mac, address: near, port: self.next_port() };
        let ends = [client, far(far_mac, far_address, speaks)];
        Some(Line::new(ends, [source, link], &mut self.rng))
    }

    /// The next frame before a moment; none where nothing comes before it.
    pub fn next_before(&mut self, end: i64) -> Option<Frame> {
        loop {
            let due = self.due.first_key_value().map_or(i64::MAX, |((time, _), _)| *time);
            let frame = self.pending.first_key_value().map_or(i64::MAX, |((time, _), _)| *time);
            if due.min(frame) >= end {
                return None;
            }
            if frame < due {
                return self.pending.pop_first().map(|(_, frame)| frame);
            }
            if let Some(((time, _), due)) = self.due.pop_first() {
                self.happen(due, time);
                let made = core::mem::take(&mut self.out);
                self.splice(made);
            }
        }
    }

    fn happen(&mut self, due: Due, now: i64) {
        match due {
            Due::Connect { link } => self.connect(link, now),
            Due::Poll { link, poll, epoch } => self.poll(link, poll, epoch, now),
            Due::Report { link, epoch } => self.report(link, epoch, now),
            Due::Operator { link } => self.operator(link, now),
            Due::Command { link, habit, close } => self.command(link, habit, close, now),
            Due::Daily { link, habit, close } => {
                self.command(link, habit, close, now);
                self.plan_day(link, habit, close, now + SECOND);
            }
            Due::Contact { station, device } => {
                self.move_contact(station, device);
                let after = seconds(-self.rng.f64().max(1e-9).ln() * 43_200.0);
                self.plan(now + after.max(SECOND), Due::Contact { station, device });
            }
            Due::Clock { station, device } => {
                self.drift(station, device);
                self.plan(now + seconds(86_400.0), Due::Clock { station, device });
            }
            Due::KeepAlive { link, epoch } => self.keep_alive(link, epoch, now),
            Due::Happening(happening) => self.happening(happening, now),
            Due::Act(act) => self.act(&act, now),
        }
    }

    fn move_contact(&mut self, station: usize, device: usize) {
        let Self { standing, rng, .. } = self;
        let device = standing.get_mut(station).and_then(|own| own.station.devices.get_mut(device));
        let Some(contacts) = device.map(|own| &mut own.bay.contacts) else { return };
        let count = contacts.len();
        if let Some(contact) = contacts.get_mut(rng.usize(..count.max(1))) {
            *contact = !*contact;
        }
    }

    fn drift(&mut self, station: usize, device: usize) {
        let own = self.standing.get_mut(station);
        if let Some(own) = own.filter(|own| own.station.speaks == Speaks::Dnp3)
            && let Some(condition) = own.conditions.get_mut(device)
        {
            condition.wants_time = true;
        }
    }

    fn keep_alive(&mut self, link: usize, epoch: u64, now: i64) {
        if self.epochs.get(link) != Some(&epoch) {
            return;
        }
        let Some(period) = self.site.links.get(link).and_then(|own| own.keep_alive) else { return };
        self.plan(now + period, Due::KeepAlive { link, epoch });
        let station = self.site.links.get(link).map_or(0, |own| own.station);
        let speaks = self.standing.get(station).map(|own| own.station.speaks);
        let Some(mut line) = self.lines.get_mut(link).and_then(Option::take) else { return };
        if now - line.connection.free_at > period / 2 {
            if speaks == Some(Speaks::Dnp3) {
                self.stage().link_state(&mut line, station, now);
            } else {
                line.connection.keep_alive(Side::Client, now, &mut self.out);
            }
        }
        self.put(link, line);
    }

    /// A line goes back to its place.
    pub(super) fn put(&mut self, link: usize, line: Line) {
        if let Some(place) = self.lines.get_mut(link) {
            *place = Some(line);
        }
    }

    /// A link's connection ends: what waits for it is void, and its master comes back after a while.
    pub(super) fn hang_up(&mut self, link: usize, side: Side, abrupt: bool, now: i64, back: i64) {
        if let Some(epoch) = self.epochs.get_mut(link) {
            *epoch += 1;
        }
        if let Some(mut line) = self.lines.get_mut(link).and_then(Option::take) {
            let at = now.max(line.connection.free_at);
            if abrupt {
                line.connection.reset(side, at, Mark::Normal, &mut self.out);
            } else {
                line.connection.close(side, at, Mark::Normal, &mut self.out);
            }
        }
        self.plan(back, Due::Connect { link });
    }
}
