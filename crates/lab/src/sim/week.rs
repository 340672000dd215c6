//! What happens in a week besides what happens every day.

use gridtap_detect::{Party, Planned, Window};
use gridtap_model::Timestamp;
use ipnet::IpNet;

use super::calendar::{DAY, HOUR, MINUTE, SECOND, seconds};
use super::dnp3::INTEGRITY;
use super::exchange::Marks;
use super::modbus;
use super::spec::Speaks;
use super::wire::{Mark, Side};
use super::world::{Due, World};

/// A week.
pub const WEEK: i64 = 7 * DAY;

/// Something that does not happen every day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A cable is out for a while.
    Flap {
        /// Of which link.
        link: usize,
        /// For how long.
        for_ns: i64,
    },
    /// The process that speaks for a master ends, and starts again after a while.
    Kill {
        /// On which link.
        link: usize,
        /// After how long.
        for_ns: i64,
    },
    /// A station loses power and comes back.
    Reboot {
        /// Which.
        station: usize,
        /// For how long.
        for_ns: i64,
    },
    /// Another host takes over from a master.
    Failover {
        /// The master.
        from: usize,
        /// Who takes over.
        to: usize,
    },
    /// A station is put into service.
    Added {
        /// Which.
        station: usize,
    },
    /// Engineers work on a station.
    Maintenance {
        /// Which.
        station: usize,
    },
    /// A breaker moves because somebody on site moves it.
    Moves {
        /// Where: station and device.
        whom: (usize, usize),
        /// Which.
        breaker: usize,
        /// It conducts then.
        closed: bool,
    },
    /// The drives of all breakers of a station are dead, or alive again.
    Jam {
        /// Where.
        station: usize,
        /// Dead.
        on: bool,
    },
    /// Breakers open because protection trips them, and says so by a contact.
    Trips {
        /// Where.
        station: usize,
    },
}

/// Work that was declared: from when to when, on which station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    /// From.
    pub start: i64,
    /// To.
    pub end: i64,
    /// On what.
    pub station: usize,
}

impl World {
    /// Plans the first week: cables only.
    pub fn plan_first_week(&mut self) {
        let start = self.site.start;
        for _ in 0..3 {
            let link = self.rng.usize(..self.site.links.len().max(1));
            let at = start + seconds(self.rng.f64() * 6.9 * 86_400.0);
            let for_ns = seconds(20.0 + self.rng.f64() * 100.0);
            self.happens(at, Happening::Flap { link, for_ns });
        }
    }

    /// Plans the second week, and says which work was declared in it.
    pub fn plan_second_week(&mut self) -> Vec<Work> {
        let start = self.site.start + WEEK;
        let local = |day: i64, hour: f64| start + day * DAY + seconds(hour * 3600.0);
        let stations: Vec<usize> =
            (0..self.standing.len()).filter(|nth| !self.is_late(*nth)).collect();
        let pick = |rng: &mut fastrand::Rng| {
            stations.get(rng.usize(..stations.len().max(1))).copied().unwrap_or(0)
        };
        let mut works = Vec::new();
        for (day, hour) in [(0, 10.2), (2, 14.1)] {
            let station = pick(&mut self.rng);
            let at = local(day, hour);
            works.push(Work { start: at - 10 * MINUTE, end: at + HOUR, station });
            self.happens(at, Happening::Maintenance { station });
        }
        for (day, hour, longest) in [(1, 2.2, 60.0), (3, 15.6, 200.0), (5, 11.0, 90.0)] {
            let link = self.rng.usize(..self.site.links.len().max(1));
            let for_ns = seconds(15.0 + self.rng.f64() * longest);
            self.happens(local(day, hour), Happening::Flap { link, for_ns });
        }
        let station = pick(&mut self.rng);
        self.happens(local(2, 5.3), Happening::Reboot { station, for_ns: 70 * SECOND });
        if let Some((from, to)) = self.site.standbys.first().copied() {
            self.happens(local(3, 11.0), Happening::Failover { from, to });
            self.happens(local(4, 9.5), Happening::Failover { from: to, to: from });
        }
        if let Some(station) = (0..self.standing.len()).find(|nth| self.is_late(*nth)) {
            self.happens(local(4, 10.0), Happening::Added { station });
        }
        works
    }

    /// What was declared of the second week, as an operator would have written it.
    #[must_use]
    pub fn declared(&self, works: &[Work]) -> Planned {
        let net = |host: usize| {
            let address = self.site.hosts.get(host).map(|own| own.address);
            address.map(|address| Party::Net(IpNet::from(std::net::IpAddr::V4(address))))
        };
        let windows = works.iter().map(|work| Window {
            name: "planned work".to_owned(),
            start: Timestamp::from_nanos(work.start),
            end: Timestamp::from_nanos(work.end),
            detections: Vec::new(),
            classes: Vec::new(),
            sources: net(self.site.engineer).into_iter().collect(),
            targets: self
                .standing
                .get(work.station)
                .and_then(|own| net(own.station.host))
                .into_iter()
                .collect(),
            points: Vec::new(),
        });
        Planned { windows: windows.collect(), out_of_service: Vec::new() }
    }

    pub(super) fn happening(&mut self, happening: Happening, now: i64) {
        match happening {
            Happening::Flap { link, for_ns } => self.flap(link, now, for_ns),
            Happening::Kill { link, for_ns } => {
                self.hang_up(link, Side::Client, true, now, now + for_ns)
            }
            Happening::Reboot { station, for_ns } => self.restart(station, now, for_ns),
            Happening::Failover { from, to } => self.fail_over(from, to, now),
            Happening::Added { station } => {
                for link in 0..self.site.links.len() {
                    if self.site.links.get(link).is_some_and(|own| own.station == station) {
                        let after = seconds(self.rng.f64() * 30.0);
                        self.plan(now + after, Due::Connect { link });
                    }
                }
            }
            Happening::Maintenance { station } => self.maintain(station, now),
            Happening::Moves { whom: (station, device), breaker, closed } => {
                let own = self.standing.get_mut(station);
                let own = own.and_then(|own| own.station.devices.get_mut(device));
                if let Some(own) = own.and_then(|own| own.bay.breakers.get_mut(breaker)) {
                    own.closed = closed;
                }
            }
            Happening::Jam { station, on } => {
                let devices = self.standing.get_mut(station).map(|own| &mut own.station.devices);
                for device in devices.into_iter().flatten() {
                    device.bay.breakers.iter_mut().for_each(|own| own.jammed = on);
                }
            }
            Happening::Trips { station } => {
                let devices = self.standing.get_mut(station).map(|own| &mut own.station.devices);
                for device in devices.into_iter().flatten() {
                    device.bay.breakers.iter_mut().for_each(|own| own.closed = false);
                    device.bay.contacts.iter_mut().take(1).for_each(|own| *own = true);
                }
            }
        }
    }

    fn fail_over(&mut self, from: usize, to: usize, now: i64) {
        for link in 0..self.masters.len() {
            if self.masters.get(link) != Some(&from) {
                continue;
            }
            if let Some(master) = self.masters.get_mut(link) {
                *master = to;
            }
            let back = now + seconds(6.0 + self.rng.f64() * 9.0);
            if self.lines.get(link).is_some_and(Option::is_some) {
                self.hang_up(link, Side::Client, true, now, back);
            }
        }
    }

    /// Engineers look at everything and change some settings.
    fn maintain(&mut self, station: usize, now: i64) {
        let Some(own) = self.standing.get(station).cloned() else { return };
        let Some(mut line) = self.line(self.site.engineer, 900, station, 0) else { return };
        let mut at = line.connection.open(now, Mark::Normal, &mut self.out) + seconds(0.2);
        if own.station.speaks == Speaks::Dnp3 {
            let deadbands = [34, 1, 0, 0, 0, 50, 0];
            let classes = [60, 3, 6, 30, 0, 6];
            for (function, objects) in
                [(1, &INTEGRITY[..]), (2, &deadbands[..]), (22, &classes[..])]
            {
                let own = self.stage().dnp3(
                    &mut line,
                    (station, 0),
                    (function, objects),
                    at,
                    Marks::default(),
                );
                at = own.at + seconds(20.0 + self.rng.f64() * 200.0);
            }
        } else {
            let unit = self.unit(station, 0);
            let device = own.station.devices.first();
            let setpoints = device.map_or(0, |own| own.bay.setpoints.len());
            let first = u16::try_from(setpoints).unwrap_or(0);
            let value = self.rng.u16(1..900);
            for pdu in [
                vec![43, 14, 1, 0],
                modbus::request(3, 0, first + 4),
                modbus::write_registers(first + 1, &[value, value / 2]),
                modbus::request(3, first, 4),
            ] {
                let own = self.stage().modbus(&mut line, station, unit, &pdu, at, Marks::default());
                at = own.at + seconds(20.0 + self.rng.f64() * 200.0);
            }
        }
        line.connection.close(Side::Client, at, Mark::Normal, &mut self.out);
    }
}
