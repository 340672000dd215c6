//! Draws a site from a seed: every address, unit, order and period differs from one to the next.

use std::net::Ipv4Addr;

use fastrand::Rng;

use super::{
    Gateway, Host, Link, Master, Order, Poll, Range, Read, Rtu, Signal, Site, Stack, Table, Unit,
};
use crate::marks::{NETWORKS, PRODUCTS, VENDORS};

/// How many outstations there are, the gateway among them.
const RTUS: usize = 6;

impl Site {
    /// The site of a seed: always the same one.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5eed_0f5a_1ab5_1e55);
        let mut addresses = Addresses::draw(&mut rng);
        let gateway = rng.usize(..RTUS);
        let rtus: Vec<Rtu> =
            (0..RTUS).map(|nth| rtu(&mut rng, &mut addresses, nth, nth == gateway)).collect();
        let front = front_end(&mut rng, addresses.host("front end"), &rtus);
        let second = second_master(&mut rng, addresses.host("second master"), &rtus, &front);
        let historian = historian(&mut rng, addresses.host("historian"), &rtus);
        let stranger = addresses.host("stranger");
        Self { seed, rtus, masters: vec![front, second, historian], stranger }
    }
}

/// Hands out the addresses of one subnet, in no order.
pub(crate) struct Addresses {
    network: [u8; 3],
    maker: u8,
    free: Vec<u8>,
}

impl Addresses {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let (first, second) = NETWORKS.get(rng.usize(..NETWORKS.len())).copied().unwrap_or((10, 0));
        let mut free: Vec<u8> = (2..=250).collect();
        rng.shuffle(&mut free);
        Self { network: [first, second, rng.u8(1..250)], maker: rng.u8(..), free }
    }

    pub(crate) fn host(&mut self, name: &str) -> Host {
        let last = self.free.pop().unwrap_or(251);
        let [a, b, c] = self.network;
        Host {
            name: name.to_owned(),
            address: Ipv4Addr::new(a, b, c, last),
            mac: format!("02:{:02x}:{b:02x}:{c:02x}:{:02x}:{last:02x}", self.maker, last ^ 0x5a),
        }
    }
}

fn rtu(rng: &mut Rng, addresses: &mut Addresses, nth: usize, gateway: bool) -> Rtu {
    let mut ids: Vec<u8> = (1..=40).collect();
    rng.shuffle(&mut ids);
    ids.truncate(if gateway { rng.usize(3..=4) } else { 1 });
    ids.sort_unstable();
    if !gateway && rng.u8(..4) == 0 {
        ids = vec![255];
    }
    let units = ids.into_iter().map(|id| unit(rng, id)).collect();
    let base_us = rng.u64(810..5_900);
    let pick = |rng: &mut Rng, from: &[&str]| {
        from.get(rng.usize(..from.len())).copied().unwrap_or_default().to_owned()
    };
    Rtu {
        host: addresses.host(&format!("rtu {}", nth.saturating_add(1))),
        stack: if rng.u8(..3) == 0 { Stack::Plain } else { Stack::TokioModbus },
        units,
        gateway: gateway.then(|| Gateway {
            absent: if rng.bool() { 10 } else { 11 },
            patience_ms: rng.u64(15..40),
        }),
        latency_us: (base_us, base_us.saturating_add(rng.u64(510..5_900))),
        identity: [
            pick(rng, &VENDORS),
            pick(rng, &PRODUCTS),
            format!("V{}.{:02}", rng.u8(1..9), rng.u8(..40)),
        ],
        restart_closes: rng.bool(),
        volatile: rng.bool(),
        any_unit: rng.bool(),
    }
}

/// Addresses leave holes between the tables, and a table never reaches far: a walk over all of them mostly misses.
fn unit(rng: &mut Rng, id: u8) -> Unit {
    let base = |rng: &mut Rng| {
        let bases = [0_u16, 16, 40, 100, 271, 307, 523, 1_009, 2_003, 4_099, 8_209, 30_011];
        bases.get(rng.usize(..bases.len())).copied().unwrap_or(0)
    };
    let breakers = rng.u16(4..=10);
    let coils = base(rng);
    let mut functions = vec![1, 2, 3, 4, 5, 6, 8, 15, 16, 17, 43];
    if rng.bool() {
        functions.extend([22, 23]);
    }
    let command = |rng: &mut Rng| Signal::Command(rng.bool());
    let mut contacts: Vec<Signal> =
        (0..breakers).map(|nth| Signal::Follows(coils.saturating_add(nth))).collect();
    contacts.extend((0..rng.u16(4..20)).map(|_| Signal::Contact));
    let mut settings: Vec<Signal> =
        (0..rng.u16(6..=16)).map(|_| Signal::Setpoint(rng.u16(110..3_900))).collect();
    settings.extend((0..rng.u16(3..=8)).map(|_| Signal::Position(rng.u16(3..30))));
    rng.shuffle(&mut settings);
    let constants: Vec<Signal> =
        (0..rng.u16(4..=12)).map(|_| Signal::Constant(rng.u16(..))).collect();
    let settings_first = base(rng);
    let constants_first = settings_first.saturating_add(rng.u16(60..190));
    Unit {
        id,
        functions,
        ranges: vec![
            Range {
                table: Table::Coil,
                first: coils,
                signals: (0..breakers).map(|_| command(rng)).collect(),
            },
            Range { table: Table::DiscreteInput, first: base(rng), signals: contacts },
            Range { table: Table::InputRegister, first: base(rng), signals: measurements(rng) },
            Range { table: Table::HoldingRegister, first: settings_first, signals: settings },
            Range { table: Table::HoldingRegister, first: constants_first, signals: constants },
        ],
    }
}

fn measurements(rng: &mut Rng) -> Vec<Signal> {
    let mut signals = Vec::new();
    let nominal = rng.u16(1_100..24_000);
    for _ in 0..rng.usize(2..=4) {
        signals.extend([Signal::Voltage(nominal); 3]);
        signals.extend([Signal::Current(rng.u16(210..2_900)); 3]);
    }
    signals.push(Signal::Frequency(if rng.bool() { 5_000 } else { 6_000 }));
    for _ in 0..rng.usize(1..=3) {
        signals.extend([Signal::CounterHigh, Signal::CounterLow(rng.u16(2..190))]);
    }
    signals
}

/// All of a range, or its first half and its second.
fn reads(rng: &mut Rng, unit: u8, range: &Range) -> Vec<Read> {
    let whole = Read { unit, table: range.table, first: range.first, count: range.count() };
    let half = whole.count / 2;
    if half < 4 || rng.u8(..4) != 0 {
        return vec![whole];
    }
    let rest = Read {
        first: whole.first.saturating_add(half),
        count: whole.count.saturating_sub(half),
        ..whole
    };
    vec![Read { count: half, ..whole }, rest]
}

/// Whether a range is only read when a conversation starts.
fn constant(range: &Range) -> bool {
    range.signals.iter().all(|signal| matches!(signal, Signal::Constant(_)))
}

fn polls(rng: &mut Rng, rtu: &Rtu, periods_ms: &[u64], share: u8) -> Vec<Poll> {
    let mut polls = Vec::new();
    for unit in &rtu.units {
        for range in unit.ranges.iter().filter(|range| !constant(range)) {
            if rng.u8(..100) >= share {
                continue;
            }
            let period_ms = periods_ms.get(rng.usize(..periods_ms.len())).copied().unwrap_or(2_070);
            polls.extend(
                reads(rng, unit.id, range).into_iter().map(|read| Poll { read, period_ms }),
            );
        }
    }
    rng.shuffle(&mut polls);
    polls
}

fn start(rtu: &Rtu) -> Vec<Read> {
    rtu.units
        .iter()
        .flat_map(|unit| {
            unit.ranges.iter().filter(|range| range.table == Table::HoldingRegister).map(|range| {
                Read { unit: unit.id, table: range.table, first: range.first, count: range.count() }
            })
        })
        .collect()
}

/// A few points of a device that a master commands; `not` are taken already.
fn orders(rng: &mut Rng, rtu: &Rtu, not: &[Order]) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    let Some(unit) = rtu.units.get(rng.usize(..rtu.units.len())) else { return orders };
    let free = |orders: &[Order], table: Table, first: u16, count: u16| {
        (first..first.saturating_add(count)).all(|address| {
            !orders.iter().chain(not).any(|order| order.writes(unit.id, table, address))
        })
    };
    let mut add = |function: u8, table: Table, first: u16, count: u16, low: u16, high: u16| {
        if free(&orders, table, first, count) {
            orders.push(Order { unit: unit.id, function, first, count, low, high });
        }
    };
    for range in &unit.ranges {
        let at = |nth: u16| range.first.saturating_add(nth);
        match range.table {
            Table::Coil => {
                for _ in 0..rng.u8(1..=2) {
                    add(5, Table::Coil, at(rng.u16(..range.count())), 1, 0, 1);
                }
            }
            Table::HoldingRegister => {
                let setpoints: Vec<(u16, u16)> = (0_u16..)
                    .zip(&range.signals)
                    .filter_map(|(nth, signal)| match signal {
                        Signal::Setpoint(value) => Some((at(nth), *value)),
                        _ => None,
                    })
                    .collect();
                let Some(&(first, value)) = setpoints.get(rng.usize(..setpoints.len().max(1)))
                else {
                    continue;
                };
                let low = value.saturating_sub(value / 10);
                let high = value.saturating_add(value / 10);
                let pair = setpoints.iter().any(|(next, _)| *next == first.saturating_add(1));
                if pair && rng.bool() {
                    add(16, Table::HoldingRegister, first, 2, low, high);
                } else {
                    let function = if rng.u8(..4) == 0 { 16 } else { 6 };
                    add(function, Table::HoldingRegister, first, 1, low, high);
                }
            }
            _ => {}
        }
    }
    orders
}

fn front_end(rng: &mut Rng, host: Host, rtus: &[Rtu]) -> Master {
    let quiet = rng.usize(..rtus.len());
    let links = rtus
        .iter()
        .enumerate()
        .map(|(nth, rtu)| Link {
            rtu: nth,
            kept: rng.u8(..3) != 0,
            polls: polls(rng, rtu, &[1_530, 2_070, 3_050, 3_900], 100),
            start: start(rtu),
            orders: if nth == quiet { Vec::new() } else { orders(rng, rtu, &[]) },
        })
        .collect();
    Master { host, links }
}

/// A standby that only reads, or a second control centre with points of its own.
fn second_master(rng: &mut Rng, host: Host, rtus: &[Rtu], front: &Master) -> Master {
    let commands = rng.bool();
    let links = rtus
        .iter()
        .enumerate()
        .map(|(nth, rtu)| {
            let taken = front.links.get(nth).map_or(&[][..], |link| &link.orders);
            Link {
                rtu: nth,
                kept: rng.bool(),
                polls: some(polls(rng, rtu, &[3_900, 4_900], 50), rng, rtu),
                start: Vec::new(),
                orders: if commands && nth % 2 == 0 { orders(rng, rtu, taken) } else { Vec::new() },
            }
        })
        .collect();
    Master { host, links }
}

fn historian(rng: &mut Rng, host: Host, rtus: &[Rtu]) -> Master {
    let links = rtus
        .iter()
        .enumerate()
        .map(|(nth, rtu)| {
            let mut polls = polls(rng, rtu, &[3_900, 4_900], 70);
            polls.retain(|poll| poll.read.table.read() >= 3);
            Link {
                rtu: nth,
                kept: rng.bool(),
                polls: some(polls, rng, rtu),
                start: Vec::new(),
                orders: Vec::new(),
            }
        })
        .collect();
    Master { host, links }
}

/// At least one poll: every master speaks with every outstation.
fn some(mut polls: Vec<Poll>, rng: &mut Rng, rtu: &Rtu) -> Vec<Poll> {
    let range = rtu.units.first().and_then(|unit| {
        let range = unit.ranges.iter().find(|range| range.table == Table::InputRegister)?;
        Some((unit.id, range))
    });
    if let (true, Some((unit, range))) = (polls.is_empty(), range) {
        polls.extend(
            reads(rng, unit, range).into_iter().map(|read| Poll { read, period_ms: 3_900 }),
        );
    }
    polls
}

#[cfg(test)]
mod tests;
