//! Draws the three sites from a seed: every address, count, period and habit differs from one seed to the next.

use fastrand::Rng;

use super::calendar::{Calendar, HOUR, MINUTE, SECOND, seconds};
use super::process::{Analog, Bay, Breaker, Counter, Measures, Setpoint};
use super::spec::{
    Device, Habit, Kind, Link, Machine, Poll, Read, Site, Speaks, Station, Target, Usage,
};
use super::week::WEEK;
use crate::marks::{PRODUCTS, VENDORS};
use crate::site::Addresses;

/// Midnight of a Monday, an hour ahead of UTC, two weeks before clocks are put forward.
const MONDAY_S: i64 = 1_773_615_600;

impl Site {
    /// The site of a kind and a seed: always the same one.
    #[must_use]
    pub fn draw(kind: Kind, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ (0x3d1c_55e0_9b27 + kind as u64));
        let mut draw = Draw::new(&mut rng, kind, seed);
        match kind {
            Kind::Plant => draw.plant(),
            Kind::Utility => draw.utility(),
            Kind::Substation => draw.substation(),
        }
        draw.site
    }
}

/// A site that is being drawn.
struct Draw<'a> {
    rng: &'a mut Rng,
    addresses: Addresses,
    links: Vec<u16>,
    site: Site,
}

impl<'a> Draw<'a> {
    fn new(rng: &'a mut Rng, kind: Kind, seed: u64) -> Self {
        let addresses = Addresses::draw(rng);
        let mut links: Vec<u16> = (3..=242).collect();
        rng.shuffle(&mut links);
        let start = MONDAY_S * SECOND;
        let site = Site {
            kind,
            seed,
            start,
            // The Sunday of the second week, at two in the morning.
            calendar: Calendar { summer_from: start + 2 * WEEK - 22 * HOUR },
            hosts: Vec::new(),
            stations: Vec::new(),
            links: Vec::new(),
            standbys: Vec::new(),
            engineer: 0,
            stranger: 0,
        };
        let mut draw = Self { rng, addresses, links, site };
        draw.site.stranger = draw.host("stranger");
        draw.site.engineer = draw.host("engineering");
        draw
    }

    fn host(&mut self, name: &str) -> usize {
        let own = self.addresses.host(name);
        let octet = |nth: usize| {
            own.mac.split(':').nth(nth).and_then(|text| u8::from_str_radix(text, 16).ok())
        };
        let mac = [0, 1, 2, 3, 4, 5].map(|nth| octet(nth).unwrap_or(0));
        self.site.hosts.push(Machine { name: name.to_owned(), address: own.address, mac });
        self.site.hosts.len() - 1
    }

    fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.rng.f64()
    }

    /// A master and who stands in for it.
    fn master(&mut self, name: &str) -> usize {
        let (own, standby) = (self.host(name), self.host(&format!("{name} standby")));
        self.site.standbys.push((own, standby));
        own
    }

    fn bay(&mut self, feeders: usize, setpoints: usize) -> Bay {
        let voltage = if self.rng.bool() { 20.5 } else { 110.0 };
        let mut analogs = vec![Analog::new(Measures::Voltage, voltage, 0.002)];
        for breaker in 0..feeders {
            let amperes = self.between(40.0, 400.0);
            analogs.push(Analog::new(Measures::Current(breaker), amperes, 0.012));
            analogs.push(Analog::new(Measures::Power(breaker), amperes * voltage * 0.0016, 0.012));
        }
        analogs.push(Analog::new(Measures::Frequency, 50.0, 0.000_25));
        let setpoints: Vec<Setpoint> = (0..setpoints)
            .map(|nth| {
                let low = self.between(20.0, 300.0).round();
                let high = low + self.between(30.0, 200.0).round();
                let middle = f64::midpoint(low, high).round();
                analogs.push(Analog::new(Measures::Follows(nth), middle, 0.001));
                Setpoint { value: middle, between: [low, high] }
            })
            .collect();
        let per_hour = self.between(40.0, 900.0);
        let counted = self.between(10_000.0, 900_000.0).round();
        Bay {
            breakers: vec![Breaker { closed: true, jammed: false }; feeders],
            setpoints,
            analogs,
            counters: vec![
                Counter::new(counted, per_hour),
                Counter::new(counted / 3.0, per_hour / 4.0),
            ],
            contacts: vec![false; self.rng.usize(3..=6)],
            frozen: Vec::new(),
        }
    }

    fn device(&mut self, address: u16, feeders: usize, setpoints: usize) -> Device {
        let maker = self.rng.usize(..VENDORS.len());
        let text = |texts: &[&str]| texts.get(maker).copied().unwrap_or_default().to_owned();
        // Breakers with two coils are pulsed, latched relays are set and reset.
        let codes = if self.rng.bool() { [1 | 0x80, 1 | 0x40] } else { [4, 3] };
        Device {
            address,
            bay: self.bay(feeders, setpoints),
            fixed: (0..8).map(|_| self.rng.u16(1..1200)).collect(),
            identity: [text(&VENDORS), text(&PRODUCTS), "2.4".to_owned()],
            codes,
            pulse_ms: if codes[0] == 4 { 0 } else { u32::from(self.rng.u16(2..20)) * 50 },
            floats: self.rng.bool(),
            select_s: self.between(4.0, 12.0),
        }
    }

    fn station(
        &mut self,
        name: &str,
        speaks: Speaks,
        devices: Vec<Device>,
        is_late: bool,
    ) -> usize {
        let host = self.host(name);
        let quick = self.between(0.004, 0.02);
        let slow = quick + self.between(0.01, 0.08);
        let thinks_s = [quick, slow];
        self.site.stations.push(Station { host, speaks, devices, thinks_s, is_late });
        self.site.stations.len() - 1
    }

    /// What a Modbus master reads of a device: what it shows, what is set, what is measured.
    fn tables(&mut self, station: usize, device: usize, period_s: f64) -> Vec<Poll> {
        let Some(own) = self.site.stations.get(station).and_then(|own| own.devices.get(device))
        else {
            return Vec::new();
        };
        let bay = &own.bay;
        let count = |count: usize| u16::try_from(count).unwrap_or(1);
        let tables = [
            (4, count(bay.analogs.len() + 2 * bay.counters.len()), 1.0),
            (2, count(bay.breakers.len() + bay.contacts.len()), 1.0),
            (3, count(bay.setpoints.len() + 4), 2.0),
        ];
        tables
            .into_iter()
            .map(|(function, count, slower)| Poll {
                period: seconds(period_s * slower),
                jitter: 0.004,
                device,
                read: Read::Table { function, first: 0, count },
            })
            .collect()
    }

    /// What operators are used to do with a device.
    fn habits(&mut self, station: usize, device: usize, busy: f64) -> Vec<Habit> {
        let Some(own) = self.site.stations.get(station).and_then(|own| own.devices.get(device))
        else {
            return Vec::new();
        };
        let (breakers, setpoints) = (own.bay.breakers.len(), own.bay.setpoints.len());
        let mut habits = Vec::new();
        for nth in 0..setpoints {
            let a_day = self.between(0.6, 4.0) * busy;
            habits.push(Habit {
                device,
                target: Target::Setpoint(nth),
                usage: Usage::Now { a_day },
            });
        }
        // The last breaker is of a capacitor bank that follows the load; the others are opened for work on a feeder.
        for nth in 0..breakers {
            let usage = if nth + 1 == breakers && breakers > 1 {
                Usage::Daily { hours: [self.between(5.5, 7.5), self.between(21.0, 22.8)] }
            } else {
                Usage::Now { a_day: self.between(0.05, 0.5) * busy }
            };
            habits.push(Habit { device, target: Target::Breaker(nth), usage });
        }
        habits
    }

    fn modbus_link(
        &mut self,
        master: usize,
        station: usize,
        period_s: [f64; 2],
        commands: Option<f64>,
    ) {
        let devices = self.site.stations.get(station).map_or(0, |own| own.devices.len());
        let period_s = self.between(period_s[0], period_s[1]);
        let mut link = Link {
            master,
            station,
            address: 0,
            polls: Vec::new(),
            habits: Vec::new(),
            in_charge: commands.is_some(),
            keep_alive: commands.is_none().then_some(45 * SECOND),
        };
        for device in 0..devices {
            let mut polls = self.tables(station, device, period_s.round());
            if commands.is_none() {
                polls.truncate(1);
            }
            link.polls.append(&mut polls);
            if let Some(busy) = commands {
                link.habits.append(&mut self.habits(station, device, busy));
            }
        }
        self.site.links.push(link);
    }

    fn dnp3_link(
        &mut self,
        (master, address): (usize, u16),
        station: usize,
        period_s: [f64; 2],
        busy: Option<f64>,
    ) {
        let events = self.between(period_s[0], period_s[1]).round();
        let everything = self.between(0.5, 2.0) * 3600.0;
        let poll = |period, jitter, read| Poll { period: seconds(period), jitter, device: 0, read };
        let habits = busy.map_or(Vec::new(), |busy| self.habits(station, 0, busy));
        self.site.links.push(Link {
            master,
            station,
            address,
            polls: vec![
                poll(events, 0.003, Read::Events),
                poll(everything.round(), 0.001, Read::Integrity),
            ],
            habits,
            in_charge: busy.is_some(),
            keep_alive: Some(MINUTE),
        });
    }

    fn plant(&mut self) {
        let hmi = self.master("hmi");
        let historian = self.host("historian");
        for nth in 0..7 {
            let units: Vec<u16> =
                if nth == 2 { vec![11, 12, 13] } else { vec![self.rng.u16(1..6)] };
            let mut devices = Vec::new();
            for unit in units {
                let feeders = self.rng.usize(2..=3);
                let setpoints = self.rng.usize(2..=4);
                devices.push(self.device(unit, feeders, setpoints));
            }
            let late = nth == 6;
            let station = self.station(&format!("plc {nth}"), Speaks::Modbus, devices, late);
            self.modbus_link(hmi, station, [8.0, 20.0], Some(1.0));
            self.modbus_link(historian, station, [55.0, 70.0], None);
        }
    }

    fn utility(&mut self) {
        for front in 0..3_usize {
            let master = self.master(&format!("front end {front}"));
            let address = self.links.pop().unwrap_or(1);
            let count = if front == 2 { 7 } else { 7 - front % 2 };
            for nth in 0..count + usize::from(front == 0) {
                let link = self.links.pop().unwrap_or(1);
                let (feeders, setpoints) = (self.rng.usize(2..=5), self.rng.usize(1..=2));
                let device = self.device(link, feeders, setpoints);
                let late = front == 0 && nth == count;
                let name = format!("outstation {front}-{nth}");
                let station = self.station(&name, Speaks::Dnp3, vec![device], late);
                self.dnp3_link((master, address), station, [20.0, 60.0], Some(0.25));
            }
        }
    }

    fn substation(&mut self) {
        let hmi = self.master("station hmi");
        let centre = self.master("control centre");
        let historian = self.host("historian");
        let (own, far) = (self.links.pop().unwrap_or(1), self.links.pop().unwrap_or(2));
        for nth in 0..7 {
            let link = self.links.pop().unwrap_or(3);
            let feeders = self.rng.usize(2..=3);
            let device = self.device(link, feeders, 1);
            let station = self.station(&format!("bay {nth}"), Speaks::Dnp3, vec![device], nth == 6);
            self.dnp3_link((hmi, own), station, [12.0, 30.0], Some(0.5));
            self.dnp3_link((centre, far), station, [30.0, 60.0], None);
        }
        for nth in 0..4 {
            let units: Vec<u16> =
                if nth == 1 { vec![21, 22, 23] } else { vec![self.rng.u16(1..9)] };
            let mut devices = Vec::new();
            for unit in units {
                devices.push(self.device(unit, 2, 2));
            }
            let station = self.station(&format!("auxiliary {nth}"), Speaks::Modbus, devices, false);
            self.modbus_link(hmi, station, [10.0, 20.0], Some(0.5));
            self.modbus_link(historian, station, [50.0, 70.0], None);
        }
    }
}
