//! One request and what comes of it, on one connection.

use std::collections::{BTreeMap, VecDeque};

use fastrand::Rng;

use super::calendar::{Calendar, seconds};
use super::dnp3::{Answering, Condition, Reply, Session};
use super::modbus;
use super::spec::{Speaks, Station};
use super::wire::{Connection, End, Frame, Mark, Side};
use crate::dnp3::octets::Voice;

/// A station and how it is.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What it is.
    pub station: Station,
    /// How each of its devices is.
    pub conditions: Vec<Condition>,
    /// Devices that only listen.
    pub mute: Vec<bool>,
    /// Nobody answers before.
    pub up_from: i64,
    /// What it answered to each question of late.
    recorded: BTreeMap<Vec<u8>, VecDeque<Vec<u8>>>,
    /// It answers from that.
    replays: bool,
}

impl Standing {
    /// A station that has run for long.
    #[must_use]
    pub fn new(station: Station) -> Self {
        let count = station.devices.len();
        let (conditions, mute) = (vec![Condition::default(); count], vec![false; count]);
        Self {
            station,
            conditions,
            mute,
            up_from: i64::MIN,
            recorded: BTreeMap::new(),
            replays: false,
        }
    }

    /// From now on it answers from what it answered, or no longer.
    pub const fn replay(&mut self, on: bool) {
        self.replays = on;
    }

    /// The recording's answer to a question.
    fn replayed(&mut self, question: &[u8]) -> Option<Vec<u8>> {
        let answers = self.recorded.get_mut(question).filter(|_| self.replays)?;
        answers.rotate_left(1);
        answers.back().cloned()
    }

    fn record(&mut self, question: &[u8], answer: &[u8]) {
        let answers = self.recorded.entry(question.to_vec()).or_default();
        if answers.len() >= RECORDED {
            answers.pop_front();
        }
        answers.push_back(answer.to_vec());
    }
}

/// As many answers of each kind as five minutes of polls bring.
const RECORDED: usize = 20;

/// A connection with what both ends remember of it.
#[derive(Debug, Clone)]
pub struct Line {
    /// The connection.
    pub connection: Connection,
    /// The number of the next Modbus request.
    pub transaction: u16,
    /// The master's voice.
    pub master: Voice,
    /// The outstation's voice.
    pub outstation: Voice,
    /// What the outstation has for this master.
    pub session: Session,
    /// The number of its next report.
    pub report: u8,
}

impl Line {
    /// A line between two ends, of which nothing was said yet.
    pub fn new(ends: [End; 2], links: [u16; 2], rng: &mut Rng) -> Self {
        let [client, server] = ends;
        let [source, destination] = links;
        let voice = |source, destination, master, rng: &mut Rng| Voice {
            source,
            destination,
            transport: rng.u8(..64),
            application: rng.u8(..16),
            master,
        };
        Self {
            connection: Connection::new(client, server, [rng.u32(..), rng.u32(..)]),
            transaction: rng.u16(..),
            master: voice(source, destination, true, rng),
            outstation: voice(destination, source, false, rng),
            session: Session::default(),
            report: rng.u8(..16),
        }
    }
}

/// Where exchanges take place.
pub struct Stage<'a> {
    /// The stations.
    pub standing: &'a mut [Standing],
    /// The wall clock.
    pub calendar: &'a Calendar,
    /// Chance.
    pub rng: &'a mut Rng,
    /// Where frames go.
    pub out: &'a mut Vec<Frame>,
}

/// A request that was heard and answered, or not.
#[derive(Debug, Clone, Default)]
pub struct Answered {
    /// When the exchange was over.
    pub at: i64,
    /// The answer: a Modbus function and what follows, or a DNP3 fragment.
    pub answer: Option<Vec<u8>>,
    /// The station restarts after it.
    pub restarts: bool,
}

/// Whose doing a request and its answer are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Marks {
    /// The request.
    pub request: Mark,
    /// The answer.
    pub answer: Mark,
    /// Acknowledgements without data.
    pub other: Mark,
}

/// How long until data that was not answered is acknowledged.
const ACKNOWLEDGES_NS: i64 = 40_000_000;

impl Stage<'_> {
    /// How long a station thinks.
    pub fn thinks(&mut self, station: usize) -> i64 {
        let [from, to] =
            self.standing.get(station).map_or([0.01, 0.02], |own| own.station.thinks_s);
        // Most answers are quick, a few are slow.
        let share = self.rng.f64();
        seconds(from + (to - from) * share * share)
    }

    /// A Modbus request.
    pub fn modbus(
        &mut self,
        line: &mut Line,
        station: usize,
        unit: u8,
        pdu: &[u8],
        time: i64,
        marks: Marks,
    ) -> Answered {
        let start = time.max(line.connection.free_at);
        let octets = modbus::framed(line.transaction, unit, pdu);
        let sent = line.connection.send(Side::Client, &octets, start, marks.request, self.out);
        let then = sent + self.thinks(station);
        let answer = self.modbus_answer(station, unit, pdu, then);
        let transaction = line.transaction;
        line.transaction = line.transaction.wrapping_add(1);
        let Some(answer) = answer else {
            line.connection.acknowledge(
                Side::Server,
                sent + ACKNOWLEDGES_NS,
                marks.other,
                self.out,
            );
            return Answered { at: line.connection.free_at, ..Answered::default() };
        };
        let octets = modbus::framed(transaction, unit, &answer);
        if then - sent > ACKNOWLEDGES_NS {
            line.connection.acknowledge(
                Side::Server,
                sent + ACKNOWLEDGES_NS,
                marks.other,
                self.out,
            );
        }
        let told = line.connection.send(Side::Server, &octets, then, marks.answer, self.out);
        line.connection.acknowledge(Side::Client, told + ACKNOWLEDGES_NS, marks.other, self.out);
        Answered { at: line.connection.free_at, answer: Some(answer), restarts: false }
    }

    fn modbus_answer(&mut self, station: usize, unit: u8, pdu: &[u8], now: i64) -> Option<Vec<u8>> {
        let Self { standing, calendar, rng, .. } = self;
        let own = standing.get_mut(station)?;
        let devices = &mut own.station.devices;
        if unit == 0 && devices.len() > 1 {
            devices.iter_mut().for_each(|device| drop(device.modbus(pdu, now, calendar, rng)));
            return None;
        }
        let nth = if devices.len() == 1 && matches!(unit, 0 | 255) {
            0
        } else {
            let Some(nth) = devices.iter().position(|own| own.address == u16::from(unit)) else {
                let gateway = devices.len() > 1;
                return gateway.then(|| vec![pdu.first().unwrap_or(&0) | 0x80, 0x0b]);
            };
            nth
        };
        let mute = own.mute.get_mut(nth)?;
        if *mute && pdu.get(..3) != Some(&[8, 0, 1]) {
            return None;
        }
        *mute = pdu.get(..3) == Some(&[8, 0, 4]);
        let reads = matches!(pdu.first(), Some(1..=4));
        let question = [&[unit], pdu].concat();
        if let Some(answer) = own.replayed(&question).filter(|_| reads) {
            return Some(answer);
        }
        let answer = own.station.devices.get_mut(nth)?.modbus(pdu, now, calendar, rng);
        if let Some(answer) = answer.as_ref().filter(|_| reads) {
            own.record(&question, answer);
        }
        answer
    }

    /// A DNP3 request with the number that is next.
    pub fn dnp3(
        &mut self,
        line: &mut Line,
        (station, device): (usize, usize),
        (function, objects): (u8, &[u8]),
        time: i64,
        marks: Marks,
    ) -> Answered {
        let start = time.max(line.connection.free_at);
        let number = line.master.application & 0x0f;
        let octets = line.master.request(function, objects);
        let sent = line.connection.send(Side::Client, &octets, start, marks.request, self.out);
        let then = sent + self.thinks(station);
        let request = [&[0xc0 | number, function], objects].concat();
        let reply = self.dnp3_answer(line, (station, device), &request, then);
        let Some(fragment) = reply.fragment else {
            line.connection.acknowledge(
                Side::Server,
                sent + ACKNOWLEDGES_NS,
                marks.other,
                self.out,
            );
            return Answered {
                at: line.connection.free_at,
                answer: None,
                restarts: reply.restarts,
            };
        };
        if then - sent > ACKNOWLEDGES_NS {
            line.connection.acknowledge(
                Side::Server,
                sent + ACKNOWLEDGES_NS,
                marks.other,
                self.out,
            );
        }
        let octets = line.outstation.fragment(&fragment);
        let told = line.connection.send(Side::Server, &octets, then, marks.answer, self.out);
        if reply.confirm {
            self.confirm(line, 0xc0 | number, told + seconds(0.002), marks.other);
        } else {
            line.connection.acknowledge(
                Side::Client,
                told + ACKNOWLEDGES_NS,
                marks.other,
                self.out,
            );
        }
        Answered { at: line.connection.free_at, answer: Some(fragment), restarts: reply.restarts }
    }

    /// The master says that it has a fragment.
    fn confirm(&mut self, line: &mut Line, control: u8, time: i64, mark: Mark) {
        let octets = line.master.fragment(&[control, 0]);
        let sent = line.connection.send(Side::Client, &octets, time, mark, self.out);
        line.connection.acknowledge(Side::Server, sent + ACKNOWLEDGES_NS, mark, self.out);
    }

    /// What an outstation says to a request.
    pub fn dnp3_answer(
        &mut self,
        line: &mut Line,
        (station, device): (usize, usize),
        request: &[u8],
        now: i64,
    ) -> Reply {
        self.answering(&mut line.session, (station, device), now)
            .map_or_else(Reply::default, |mut own| own.answer(request))
    }

    fn answering<'b>(
        &'b mut self,
        session: &'b mut Session,
        (station, device): (usize, usize),
        now: i64,
    ) -> Option<Answering<'b>> {
        let own = self.standing.get_mut(station)?;
        Some(Answering {
            device: own.station.devices.get_mut(device)?,
            condition: own.conditions.get_mut(device)?,
            session,
            now,
            calendar: self.calendar,
            rng: self.rng,
        })
    }

    /// The outstation reports what happened, if it may; at its start it only says that it is there.
    pub fn report(
        &mut self,
        line: &mut Line,
        (station, device): (usize, usize),
        time: i64,
        at_start: bool,
    ) {
        let start = time.max(line.connection.free_at);
        let number = line.report;
        let fragment =
            self.answering(&mut line.session, (station, device), start).and_then(|mut own| {
                if !at_start {
                    own.look();
                }
                own.report(number, at_start)
            });
        let Some(fragment) = fragment else { return };
        line.report = (line.report + 1) & 0x0f;
        let octets = line.outstation.fragment(&fragment);
        let sent = line.connection.send(Side::Server, &octets, start, Mark::Normal, self.out);
        self.confirm(line, 0xd0 | number, sent + seconds(0.003), Mark::Normal);
    }

    /// Asks for the state of the link, as masters do on idle ones.
    pub fn link_state(&mut self, line: &mut Line, station: usize, time: i64) {
        let start = time.max(line.connection.free_at);
        let sent = {
            let octets = line.master.frame(9, &[]);
            line.connection.send(Side::Client, &octets, start, Mark::Normal, self.out)
        };
        let then = sent + self.thinks(station);
        let octets = line.outstation.secondary(11);
        let told = line.connection.send(Side::Server, &octets, then, Mark::Normal, self.out);
        line.connection.acknowledge(Side::Client, told + ACKNOWLEDGES_NS, Mark::Normal, self.out);
    }
}

/// The end of a connection at a station.
#[must_use]
pub const fn far(mac: [u8; 6], address: std::net::Ipv4Addr, speaks: Speaks) -> End {
    End { mac, address, port: speaks.port() }
}
