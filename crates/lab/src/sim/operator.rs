//! People at the masters: what they command, when, and how.

use super::calendar::{DAY, HOUR, MINUTE, seconds};
use super::exchange::{Line, Marks};
use super::modbus;
use super::spec::{Device, Habit, Speaks, Target, Usage};
use super::world::{Due, World};

impl World {
    /// Plans everything that is done daily through a link.
    pub(super) fn plan_days(&mut self, link: usize) {
        let start = self.site.start;
        let count = self.site.links.get(link).map_or(0, |own| own.habits.len());
        for habit in 0..count {
            self.plan_day(link, habit, true, start);
            self.plan_day(link, habit, false, start);
        }
    }

    /// Plans the next time that something is done daily.
    pub(super) fn plan_day(&mut self, link: usize, habit: usize, close: bool, now: i64) {
        let Some(Usage::Daily { hours: [on, off] }) =
            self.site.links.get(link).and_then(|own| own.habits.get(habit)).map(|own| own.usage)
        else {
            return;
        };
        let hour = if close { on } else { off };
        let at = seconds(hour * 3600.0);
        let (passed, _) = self.site.calendar.local(now);
        let mut wait = at - passed;
        if wait <= 20 * MINUTE {
            wait += DAY;
        }
        let vary = seconds(self.rng.f64() * 900.0);
        self.plan(now + wait + vary, Due::Daily { link, habit, close });
    }

    /// Somebody looks whether something is to be done.
    pub(super) fn operator(&mut self, link: usize, now: i64) {
        let habits = self.site.links.get(link).map_or(&[][..], |own| &own.habits);
        let rates: Vec<f64> = habits
            .iter()
            .map(|own| match own.usage {
                Usage::Now { a_day } => a_day,
                Usage::Daily { .. } => 0.0,
            })
            .collect();
        let all: f64 = rates.iter().sum();
        if all <= 0.0 {
            return;
        }
        // As if everybody was there for nine hours a day; then as many as there are decide.
        let wait = -self.rng.f64().max(1e-9).ln() * 9.0 * 3600.0 / all;
        self.plan(now + seconds(wait.clamp(30.0, 86_400.0)), Due::Operator { link });
        if self.rng.f64() > self.site.calendar.staff(now) {
            return;
        }
        let mut left = self.rng.f64() * all;
        let chosen = rates.iter().position(|rate| {
            left -= rate;
            left <= 0.0
        });
        let Some(habit) = chosen else { return };
        let is_closed = self.is_closed(link, habit);
        match is_closed {
            // What is opened is closed again in a while.
            Some(true) => {
                self.command(link, habit, false, now);
                let after = 5 * MINUTE + seconds(self.rng.f64() * 2400.0);
                self.plan(now + after, Due::Command { link, habit, close: true });
            }
            Some(false) => {}
            None => self.command(link, habit, true, now),
        }
    }

    /// Whether what a habit moves is closed; none where it moves nothing.
    fn is_closed(&self, link: usize, habit: usize) -> Option<bool> {
        let own = self.site.links.get(link)?;
        let habit = own.habits.get(habit)?;
        let Target::Breaker(nth) = habit.target else { return None };
        let device = self.standing.get(own.station)?.station.devices.get(habit.device)?;
        device.bay.breakers.get(nth).map(|own| own.closed)
    }

    /// A habit is followed.
    pub(super) fn command(&mut self, link: usize, habit: usize, close: bool, now: i64) {
        let Some(own) = self.site.links.get(link) else { return };
        let station = own.station;
        let nth = habit;
        let Some(habit) = own.habits.get(nth).cloned() else { return };
        let Some(mut line) = self.lines.get_mut(link).and_then(Option::take) else { return };
        *self.used.entry((link, nth)).or_default() += 1;
        let value = self.choose(station, &habit);
        let done =
            self.operate(&mut line, station, &habit, close, value, now, |_| Marks::default());
        self.put(link, line);
        // The outstation tells what moved.
        let epochs: Vec<(usize, u64)> = self.epochs.iter().copied().enumerate().collect();
        for (other, epoch) in epochs {
            let same = self.site.links.get(other).is_some_and(|own| {
                own.station == station
                    && own.in_charge
                    && own.polls.first().is_some_and(|poll| poll.device == habit.device)
            });
            if same {
                let after = seconds(0.2 + self.rng.f64());
                self.plan(done + after, Due::Report { link: other, epoch });
            }
        }
    }

    /// A value that an operator would give a setpoint.
    pub(super) fn choose(&mut self, station: usize, habit: &Habit) -> f64 {
        let device =
            self.standing.get(station).and_then(|own| own.station.devices.get(habit.device));
        let Target::Setpoint(nth) = habit.target else { return 0.0 };
        let between =
            device.and_then(|own| own.bay.setpoints.get(nth)).map(|own| (own.value, own.between));
        let Some((value, [low, high])) = between else { return 0.0 };
        let step = (high - low) * (0.05 + self.rng.f64() * 0.15);
        let wanted = if self.rng.bool() { value + step } else { value - step };
        (wanted.clamp(low, high) * 10.0).round() / 10.0
    }

    /// A command with everything that belongs to it; `marks` gives those of its nth request. Says when it was over.
    #[expect(clippy::too_many_arguments, reason = "a command is all of this")]
    pub fn operate(
        &mut self,
        line: &mut Line,
        station: usize,
        habit: &Habit,
        close: bool,
        value: f64,
        now: i64,
        marks: impl Fn(usize) -> Marks,
    ) -> i64 {
        let device =
            self.standing.get(station).and_then(|own| own.station.devices.get(habit.device));
        let Some(device) = device.cloned() else { return now };
        let speaks = self.standing.get(station).map(|own| own.station.speaks);
        if speaks == Some(Speaks::Modbus) {
            let pdu = write(&device, habit.target, close, value);
            let unit = self.unit(station, habit.device);
            return self.stage().modbus(line, station, unit, &pdu, now, marks(0)).at;
        }
        let whom = (station, habit.device);
        let objects = objects(&device, habit.target, close, value);
        let direct = matches!(habit.target, Target::Setpoint(_))
            || matches!(habit.usage, Usage::Daily { .. });
        if direct {
            return self.stage().dnp3(line, whom, (5, &objects), now, marks(0)).at;
        }
        let selected = self.stage().dnp3(line, whom, (3, &objects), now, marks(0)).at;
        let looks = seconds(0.05 + self.rng.f64() * 0.2);
        self.stage().dnp3(line, whom, (4, &objects), selected + looks, marks(1)).at
    }
}

/// A Modbus write of a target.
#[must_use]
pub fn write(device: &Device, target: Target, close: bool, value: f64) -> Vec<u8> {
    match target {
        Target::Breaker(nth) => modbus::request(5, index(nth), if close { 0xff00 } else { 0 }),
        // Some masters write one register as one, some as a list of one.
        Target::Setpoint(nth) if device.address.is_multiple_of(2) => {
            modbus::write_registers(index(nth), &[modbus::register(value * 10.0)])
        }
        Target::Setpoint(nth) => modbus::request(6, index(nth), modbus::register(value * 10.0)),
    }
}

/// The DNP3 objects that command a target.
#[must_use]
pub fn objects(device: &Device, target: Target, close: bool, value: f64) -> Vec<u8> {
    match target {
        Target::Breaker(nth) => {
            let [open, shut] = device.codes;
            let code = if close { shut } else { open };
            crate::dnp3::octets::control(index(nth), code, 1, device.pulse_ms, 0)
        }
        Target::Setpoint(nth) => {
            let mut objects = vec![41, if device.floats { 3 } else { 2 }, 0x28, 1, 0];
            objects.extend(index(nth).to_le_bytes());
            if device.floats {
                objects.extend(super::dnp3::number(value, true, 1.0));
            } else {
                objects.extend(modbus::register(value * 10.0).to_le_bytes());
            }
            objects.push(0);
            objects
        }
    }
}

fn index(nth: usize) -> u16 {
    u16::try_from(nth).unwrap_or(u16::MAX)
}

/// A day shift, for what is planned in one.
pub const SHIFT: i64 = 9 * HOUR;
