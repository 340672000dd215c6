//! What a master does on its connection with a station: it connects, begins, and polls.

use super::calendar::{MINUTE, SECOND, seconds};
use super::dnp3::{EVENTS, INTEGRITY, RESTART_CLEARED, moment};
use super::exchange::{Answered, Line, Marks};
use super::modbus;
use super::process::gauss;
use super::spec::{Read, Speaks};
use super::wire::{Mark, Side};
use super::world::{Due, World};

/// Indications that a master acts upon.
const RESTARTED: u8 = 0x80;
const NEED_TIME: u8 = 0x10;

impl World {
    /// The master of a link connects, or tries to.
    pub(super) fn connect(&mut self, link: usize, now: i64) {
        if self.lines.get(link).is_some_and(Option::is_some) {
            return;
        }
        let Some(own) = self.site.links.get(link).cloned() else { return };
        let master = self.masters.get(link).copied().unwrap_or(own.master);
        let device = own.polls.first().map_or(0, |poll| poll.device);
        let Some(mut line) = self.line(master, own.address, own.station, device) else { return };
        let up_from = self.standing.get(own.station).map_or(i64::MIN, |own| own.up_from);
        if now < up_from {
            for after in [0, 1, 3] {
                line.connection.knock(now + after * SECOND, &mut self.out);
            }
            let again = seconds(8.0 + self.rng.f64() * 4.0);
            self.plan(now + again, Due::Connect { link });
            return;
        }
        let mut at = line.connection.open(now, Mark::Normal, &mut self.out) + seconds(0.01);
        let speaks = self.standing.get(own.station).map(|own| own.station.speaks);
        let restarted = self.condition(own.station, device).restarted;
        if speaks == Some(Speaks::Dnp3) && own.in_charge {
            let whom = (own.station, device);
            if restarted {
                self.stage().report(&mut line, whom, at, true);
                at = line.connection.free_at;
            }
            at = self.begin_dnp3(&mut line, whom, at);
        }
        let epoch = self.epochs.get(link).copied().unwrap_or(0);
        self.put(link, line);
        for (poll, what) in own.polls.iter().enumerate() {
            // The event poll begins at once, others find their own places.
            let share = if poll == 0 { 0.02 } else { self.rng.f64() };
            let after = seconds(super::calendar::in_seconds(what.period) * share);
            self.plan(at + after + SECOND, Due::Poll { link, poll, epoch });
        }
        if speaks == Some(Speaks::Dnp3) && own.in_charge {
            self.plan(at + 10 * SECOND, Due::Report { link, epoch });
        }
        if let Some(period) = own.keep_alive {
            self.plan(at + period, Due::KeepAlive { link, epoch });
        }
    }

    /// How a device is.
    fn condition(&self, station: usize, device: usize) -> super::dnp3::Condition {
        let own = self.standing.get(station);
        own.and_then(|own| own.conditions.get(device)).copied().unwrap_or_default()
    }

    /// What the master in charge says first.
    fn begin_dnp3(&mut self, line: &mut Line, whom: (usize, usize), now: i64) -> i64 {
        let pause = seconds(0.03);
        let mut at = now;
        let mut ask = |world: &mut Self, line: &mut Line, function: u8, objects: &[u8]| {
            let own = world.stage().dnp3(line, whom, (function, objects), at, Marks::default());
            at = own.at + pause;
            own
        };
        ask(self, line, 21, &EVENTS);
        let said = ask(self, line, 1, &INTEGRITY);
        if indicates(&said, RESTARTED) {
            ask(self, line, 2, &RESTART_CLEARED);
        }
        let said = ask(self, line, 20, &EVENTS);
        if indicates(&said, NEED_TIME) {
            let at = line.connection.free_at + pause;
            return self.set_clock(line, whom, at);
        }
        at
    }

    /// The clock of an outstation is set, as over a network: the moment is recorded, then told.
    fn set_clock(&mut self, line: &mut Line, whom: (usize, usize), at: i64) -> i64 {
        let recorded = self.stage().dnp3(line, whom, (24, &[]), at, Marks::default());
        let told = [&[50, 3, 7, 1], &moment(at)[..]].concat();
        let after = recorded.at + seconds(0.02);
        self.stage().dnp3(line, whom, (2, &told), after, Marks::default()).at
    }

    /// A poll is due.
    pub(super) fn poll(&mut self, link: usize, poll: usize, epoch: u64, now: i64) {
        if self.epochs.get(link) != Some(&epoch) {
            return;
        }
        let Some(own) = self.site.links.get(link) else { return };
        let (station, in_charge) = (own.station, own.in_charge);
        let Some(what) = own.polls.get(poll).cloned() else { return };
        let vary = 1.0 + what.jitter * gauss(&mut self.rng);
        let period = seconds(super::calendar::in_seconds(what.period) * vary.clamp(0.3, 3.0));
        self.plan(now + period, Due::Poll { link, poll, epoch });
        let Some(mut line) = self.lines.get_mut(link).and_then(Option::take) else { return };
        // What could not be said for a whole period is left out.
        if line.connection.free_at - now > what.period {
            self.put(link, line);
            return;
        }
        let whom = (station, what.device);
        match what.read {
            Read::Table { function, first, count } => {
                let unit = self.unit(station, what.device);
                let pdu = modbus::request(function, first, count);
                self.stage().modbus(&mut line, station, unit, &pdu, now, Marks::default());
            }
            Read::Events | Read::Integrity => {
                let objects = if what.read == Read::Events { &EVENTS[..] } else { &INTEGRITY[..] };
                let said = self.stage().dnp3(&mut line, whom, (1, objects), now, Marks::default());
                if in_charge {
                    self.attend(&mut line, whom, &said);
                }
            }
        }
        self.put(link, line);
    }

    /// What a master does about what an answer indicates.
    fn attend(&mut self, line: &mut Line, whom: (usize, usize), said: &Answered) {
        let at = said.at + seconds(0.05);
        if indicates(said, RESTARTED) {
            self.stage().dnp3(line, whom, (2, &RESTART_CLEARED), at, Marks::default());
            let at = line.connection.free_at + seconds(0.03);
            self.begin_dnp3(line, whom, at);
        } else if indicates(said, NEED_TIME) {
            self.set_clock(line, whom, at);
        }
    }

    /// The unit identifier of a device.
    pub(super) fn unit(&self, station: usize, device: usize) -> u8 {
        let own = self.standing.get(station).and_then(|own| own.station.devices.get(device));
        own.and_then(|own| u8::try_from(own.address).ok()).unwrap_or(u8::MAX)
    }

    /// An outstation looks whether it has something to report.
    pub(super) fn report(&mut self, link: usize, epoch: u64, now: i64) {
        if self.epochs.get(link) != Some(&epoch) {
            return;
        }
        let Some(own) = self.site.links.get(link) else { return };
        let whom = (own.station, own.polls.first().map_or(0, |poll| poll.device));
        let Some(mut line) = self.lines.get_mut(link).and_then(Option::take) else { return };
        if line.session.unsolicited {
            self.stage().report(&mut line, whom, now, false);
        }
        self.put(link, line);
        let after = seconds(20.0 + self.rng.f64() * 40.0);
        self.plan(now + after, Due::Report { link, epoch });
    }

    /// The cable of a link is out: what is under way is said again and again, then the master tries to connect.
    pub(super) fn flap(&mut self, link: usize, now: i64, for_ns: i64) {
        // Where nothing is connected, a station that is not in service yet among them, nothing breaks.
        if !self.lines.get(link).is_some_and(Option::is_some) {
            return;
        }
        if let Some(epoch) = self.epochs.get_mut(link) {
            *epoch += 1;
        }
        let Some(own) = self.site.links.get(link).cloned() else { return };
        if let Some(mut line) = self.lines.get_mut(link).and_then(Option::take) {
            let station = self.standing.get(own.station).map(|own| own.station.speaks);
            let unit = self.unit(own.station, 0);
            let octets = match (station, own.polls.first().map(|poll| poll.read)) {
                (Some(Speaks::Modbus), Some(Read::Table { function, first, count })) => {
                    modbus::framed(line.transaction, unit, &modbus::request(function, first, count))
                }
                _ => line.master.request(1, &EVENTS),
            };
            let start = now.max(line.connection.free_at);
            for after in [0.0, 0.3, 0.9, 2.1, 4.5] {
                line.connection.lose(Side::Client, &octets, start + seconds(after), &mut self.out);
            }
            line.connection.reset(Side::Client, start + seconds(6.0), Mark::Normal, &mut self.out);
        }
        let up = now + for_ns.max(10 * SECOND);
        if let Some(own) = self.standing.get_mut(own.station) {
            own.up_from = own.up_from.max(up);
        }
        self.plan(now + 11 * SECOND, Due::Connect { link });
    }

    /// A station restarts: its connections break, and what it then is, is new.
    pub(super) fn restart(&mut self, station: usize, now: i64, for_ns: i64) {
        let links: Vec<usize> = (0..self.site.links.len())
            .filter(|link| self.site.links.get(*link).is_some_and(|own| own.station == station))
            .collect();
        for link in links {
            if self.lines.get(link).is_some_and(Option::is_some) {
                let back = now + seconds(3.0 + self.rng.f64() * 4.0);
                self.hang_up(link, Side::Server, true, now, back);
            }
        }
        if let Some(own) = self.standing.get_mut(station) {
            own.up_from = now + for_ns.min(10 * MINUTE);
            own.mute.iter_mut().for_each(|mute| *mute = false);
            for condition in &mut own.conditions {
                condition.restarted = true;
                condition.wants_time = true;
            }
        }
    }
}

/// Whether an answer has an indication.
fn indicates(said: &Answered, bit: u8) -> bool {
    said.answer.as_ref().and_then(|own| own.get(2)).is_some_and(|octet| octet & bit != 0)
}
