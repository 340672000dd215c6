//! What a DNP3 outstation answers, and reports of its own accord.

use fastrand::Rng;

use super::calendar::{Calendar, SECOND, seconds};
use super::process::Measures;
use super::spec::Device;

/// The objects of an integrity poll: all events, then everything there is.
pub const INTEGRITY: [u8; 12] = [60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6];
/// The objects of an event poll, and of requests about unsolicited responses.
pub const EVENTS: [u8; 9] = [60, 2, 6, 60, 3, 6, 60, 4, 6];
/// The restart indication, cleared.
pub const RESTART_CLEARED: [u8; 6] = [80, 1, 0, 7, 7, 0];

/// Indications, first octet.
const CLASS_EVENTS: [u8; 3] = [2, 4, 8];
const NEED_TIME: u8 = 0x10;
const RESTARTED: u8 = 0x80;
/// Indications, second octet.
const NO_FUNCTION: u8 = 1;
const NO_OBJECT: u8 = 2;

/// What an outstation is about to tell one master, and has heard from it.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// Events that were not confirmed yet: class and object.
    queue: Vec<(u8, Happened)>,
    /// It may report of its own accord.
    pub unsolicited: bool,
    /// What was selected: the objects, with which number, when.
    selected: Option<(Vec<u8>, u8, i64)>,
    /// What it last told of each measurement.
    told: Vec<f64>,
    /// And of each breaker and contact.
    shown: Vec<bool>,
}

/// Something that an event tells.
#[derive(Debug, Clone, Copy)]
enum Happened {
    Binary { index: u16, on: bool, time: i64 },
    Analog { index: u16, value: f64, time: i64 },
}

/// What of an outstation all its masters share.
#[derive(Debug, Clone, Copy, Default)]
pub struct Condition {
    /// It restarted and nobody has cleared that.
    pub restarted: bool,
    /// Its clock wants to be set.
    pub wants_time: bool,
}

/// What came of a request.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// The fragment, without segments; nothing where none is due.
    pub fragment: Option<Vec<u8>>,
    /// It asks for a confirm.
    pub confirm: bool,
    /// The outstation restarts after it.
    pub restarts: bool,
}

/// Where requests are answered.
pub struct Answering<'a> {
    /// The device.
    pub device: &'a mut Device,
    /// What its masters share.
    pub condition: &'a mut Condition,
    /// What is this master's own.
    pub session: &'a mut Session,
    /// The moment.
    pub now: i64,
    /// The wall clock.
    pub calendar: &'a Calendar,
    /// Noise.
    pub rng: &'a mut Rng,
}

impl Answering<'_> {
    /// Looks at the process: what changed beyond its deadband is an event.
    pub fn look(&mut self) {
        let bay = &self.device.bay;
        let binaries =
            bay.breakers.iter().map(|own| own.closed).chain(bay.contacts.iter().copied());
        let binaries: Vec<bool> = binaries.collect();
        let first = self.session.shown.len() != binaries.len();
        for (index, on) in (0_u16..).zip(&binaries) {
            if !first && self.session.shown.get(usize::from(index)) != Some(on) {
                self.session.queue.push((0, Happened::Binary { index, on: *on, time: self.now }));
            }
        }
        self.session.shown = binaries;
        let count = self.device.bay.analogs.len();
        let first = self.session.told.len() != count;
        self.session.told.resize(count, 0.0);
        for nth in 0..count {
            let value = self.device.bay.analog(nth, self.now, self.calendar, self.rng);
            let nominal = self.device.bay.analogs.get(nth).map_or(1.0, |own| own.nominal);
            let Some(told) = self.session.told.get_mut(nth) else { continue };
            // A deadband of a hundredth of the nominal value.
            if first || (value - *told).abs() > nominal / 100.0 {
                *told = value;
                if !first {
                    let index = u16::try_from(nth).unwrap_or(u16::MAX);
                    self.session.queue.push((1, Happened::Analog { index, value, time: self.now }));
                }
            }
        }
        // A full buffer lets the oldest go.
        let surplus = self.session.queue.len().saturating_sub(100);
        self.session.queue.drain(..surplus);
    }

    /// The indications.
    fn indications(&self, second: u8) -> [u8; 2] {
        let classes =
            self.session.queue.iter().map(|(class, _)| CLASS_EVENTS.get(usize::from(*class)));
        let mut first = classes.flatten().fold(0, |all, bit| all | bit);
        first |= if self.condition.wants_time { NEED_TIME } else { 0 };
        first |= if self.condition.restarted { RESTARTED } else { 0 };
        [first, second]
    }

    /// What it answers to a request: control, function, objects.
    pub fn answer(&mut self, request: &[u8]) -> Reply {
        let (Some(control), Some(function)) = (request.first(), request.get(1)) else {
            return Reply::default();
        };
        let number = control & 0x0f;
        let objects = request.get(2..).unwrap_or_default();
        let mut second = 0;
        let mut confirm = false;
        let mut restarts = false;
        let mut body = Vec::new();
        match *function {
            0 => return Reply::default(),
            1 => (body, confirm, second) = self.read(objects),
            2 => self.write(objects),
            3..=6 => body = self.command(*function, number, objects),
            7..=12 => self.freeze(*function),
            13 | 14 => {
                body = vec![52, 2, 7, 1, 0x10, 0x27];
                restarts = true;
            }
            20 => self.session.unsolicited = true,
            21 => self.session.unsolicited = false,
            22 | 24 => {}
            23 => body = vec![52, 2, 7, 1, 2, 0],
            _ => second = NO_FUNCTION,
        }
        let silent = matches!(function, 6 | 8 | 10 | 12 | 128..);
        let [one, two] = self.indications(second);
        let control = 0xc0 | if confirm { 0x20 } else { 0 } | number;
        let fragment = [&[control, 129, one, two], &body[..]].concat();
        Reply { fragment: (!silent).then_some(fragment), confirm, restarts }
    }

    /// What it reports of its own accord, if it may and has something; `number` is the fragment's.
    pub fn report(&mut self, number: u8, at_start: bool) -> Option<Vec<u8>> {
        if !at_start && (!self.session.unsolicited || self.session.queue.is_empty()) {
            return None;
        }
        let body = if at_start { Vec::new() } else { self.events() };
        let [one, two] = self.indications(0);
        Some([&[0xf0 | (number & 0x0f), 130, one, two], &body[..]].concat())
    }

    fn read(&mut self, objects: &[u8]) -> (Vec<u8>, bool, u8) {
        let (mut body, mut confirm, mut second) = (Vec::new(), false, 0);
        let mut rest = objects;
        let mut told = false;
        while let [group, variation, qualifier, tail @ ..] = rest {
            rest = match qualifier {
                0 => tail.get(2..),
                1 => tail.get(4..),
                7 => tail.get(1..),
                8 => tail.get(2..),
                _ => Some(tail),
            }
            .unwrap_or_default();
            match (group, variation) {
                (60, 2..=4) if !told => {
                    told = true;
                    self.look();
                    confirm = !self.session.queue.is_empty();
                    body.extend(self.events());
                }
                (60, 2..=4) => {}
                (60, 1) => {
                    [1, 10, 20, 30, 40].iter().for_each(|group| body.extend(self.all(*group)))
                }
                (1 | 10 | 20 | 30 | 40, _) => body.extend(self.all(*group)),
                _ => second = NO_OBJECT,
            }
        }
        (body, confirm, second)
    }

    /// Everything of a group.
    fn all(&mut self, group: u8) -> Vec<u8> {
        let floats = self.device.floats;
        let bay = &self.device.bay;
        let (variation, count) = match group {
            1 => (2, bay.breakers.len() + bay.contacts.len()),
            10 => (2, bay.breakers.len()),
            20 => (1, bay.counters.len()),
            30 => (if floats { 5 } else { 1 }, bay.analogs.len()),
            _ => (if floats { 3 } else { 1 }, bay.setpoints.len()),
        };
        let Some(last) = count.checked_sub(1).and_then(|last| u8::try_from(last).ok()) else {
            return Vec::new();
        };
        let mut body = vec![group, variation, 0, 0, last];
        for nth in 0..count {
            let bay = &mut self.device.bay;
            match group {
                1 => {
                    let own = bay.breakers.get(nth).map(|own| own.closed);
                    let contact =
                        nth.checked_sub(bay.breakers.len()).and_then(|nth| bay.contacts.get(nth));
                    body.push(1 | u8::from(own.or(contact.copied()).unwrap_or(false)) << 7);
                }
                10 => body
                    .push(1 | u8::from(bay.breakers.get(nth).is_some_and(|own| own.closed)) << 7),
                20 => {
                    body.push(1);
                    body.extend(bay.counter(nth, self.now, self.calendar).to_le_bytes());
                }
                30 => {
                    let value = bay.analog(nth, self.now, self.calendar, self.rng);
                    body.push(1);
                    body.extend(number(value, floats, self.scale(nth)));
                }
                _ => {
                    let value = bay.setpoints.get(nth).map_or(0.0, |own| own.value);
                    body.push(1);
                    body.extend(number(value, floats, 10.0));
                }
            }
        }
        body
    }

    fn scale(&self, analog: usize) -> f64 {
        match self.device.bay.analogs.get(analog).map(|own| own.measures) {
            Some(Measures::Frequency) => 1000.0,
            _ => 10.0,
        }
    }

    /// The events that wait, as objects; they are told once.
    fn events(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        let queue = core::mem::take(&mut self.session.queue);
        let count = |binary: bool| {
            queue.iter().filter(|(_, own)| matches!(own, Happened::Binary { .. }) == binary).count()
        };
        for binary in [true, false] {
            let Some(own) = u8::try_from(count(binary)).ok().filter(|count| *count > 0) else {
                continue;
            };
            let (group, variation) =
                if binary { (2, 2) } else { (32, if self.device.floats { 7 } else { 3 }) };
            body.extend([group, variation, 0x28, own, 0]);
            for (_, happened) in &queue {
                match happened {
                    Happened::Binary { index, on, time } if binary => {
                        body.extend(index.to_le_bytes());
                        body.push(1 | u8::from(*on) << 7);
                        body.extend(moment(*time));
                    }
                    Happened::Analog { index, value, time } if !binary => {
                        body.extend(index.to_le_bytes());
                        body.push(1);
                        body.extend(number(
                            *value,
                            self.device.floats,
                            self.scale(usize::from(*index)),
                        ));
                        body.extend(moment(*time));
                    }
                    _ => {}
                }
            }
        }
        body
    }

    fn write(&mut self, objects: &[u8]) {
        match objects.first() {
            Some(80) => self.condition.restarted = false,
            Some(50) => self.condition.wants_time = false,
            _ => {}
        }
    }

    fn freeze(&mut self, function: u8) {
        let bay = &mut self.device.bay;
        bay.frozen = bay.counters.iter().map(|own| own.value).collect();
        if matches!(function, 9 | 10) {
            bay.counters.iter_mut().for_each(|own| own.value = 0.0);
        }
    }

    /// Selects or operates, and says of each object what came of it.
    fn command(&mut self, function: u8, number: u8, objects: &[u8]) -> Vec<u8> {
        let held = self.session.selected.take().is_some_and(|(what, own, since)| {
            what == objects
                && (own + 1) & 0x0f == number
                && self.now - since < seconds(self.device.select_s)
        });
        if function == 3 {
            self.session.selected = Some((objects.to_vec(), number, self.now));
        }
        let acts = function != 3;
        let status = if function == 4 && !held { 2 } else { 0 };
        let mut echo = objects.to_vec();
        let (size, width) = match objects {
            [12, 1, ..] => (11, 11),
            [41, 1 | 3, ..] => (5, 5),
            [41, 2, ..] => (3, 3),
            _ => return echo,
        };
        let (head, prefix) = if objects.get(2) == Some(&0x28) { (5, 2) } else { (4, 1) };
        let mut at = head;
        while let Some(object) = objects.get(at..at + prefix + size) {
            let index = usize::from(object.first().copied().unwrap_or(0))
                + if prefix == 2 {
                    usize::from(object.get(1).copied().unwrap_or(0)) << 8
                } else {
                    0
                };
            let value = object.get(prefix..).unwrap_or_default();
            let known = self.act(objects, index, value, acts && status == 0);
            if let Some(place) = echo.get_mut(at + prefix + width - 1) {
                *place = if known { status } else { 4 };
            }
            at += prefix + size;
        }
        echo
    }

    /// Does it, if it is to be done; says whether there is such a point.
    fn act(&mut self, objects: &[u8], index: usize, value: &[u8], acts: bool) -> bool {
        if objects.first() == Some(&12) {
            let code = value.first().copied().unwrap_or(0);
            let Some(breaker) = self.device.bay.breakers.get_mut(index) else { return false };
            if acts {
                breaker.command(match code {
                    _ if code & 0xc0 == 0x40 => true,
                    _ if code & 0xc0 == 0x80 => false,
                    _ => matches!(code & 0x0f, 1 | 3),
                });
            }
            return true;
        }
        let Some(setpoint) = self.device.bay.setpoints.get_mut(index) else { return false };
        let whole = |octets: Option<&[u8]>| -> Option<[u8; 4]> { octets?.try_into().ok() };
        let wanted = match objects.get(1) {
            Some(3) => whole(value.get(..4)).map(|own| f64::from(f32::from_le_bytes(own))),
            Some(2) => {
                let short = value.get(..2).and_then(|own| own.try_into().ok());
                short.map(|own| f64::from(i16::from_le_bytes(own)) / 10.0)
            }
            _ => whole(value.get(..4)).map(|own| f64::from(i32::from_le_bytes(own)) / 10.0),
        };
        if let Some(wanted) = wanted.filter(|_| acts) {
            setpoint.value = wanted;
        }
        true
    }
}

/// A moment as DNP3 has it: milliseconds since 1970, in six octets.
#[must_use]
pub fn moment(time: i64) -> [u8; 6] {
    let [a, b, c, d, e, f, ..] = (time / (SECOND / 1000)).to_le_bytes();
    [a, b, c, d, e, f]
}

/// A value as a floating-point number, or scaled to a whole one.
#[must_use]
pub fn number(value: f64, float: bool, scale: f64) -> [u8; 4] {
    #[expect(clippy::cast_possible_truncation, reason = "a single float is what the object holds")]
    let single = value as f32;
    if float {
        single.to_le_bytes()
    } else {
        super::process::whole((value * scale).max(0.0)).to_le_bytes()
    }
}
