//! Draws a site from a seed: every address, count, code, time and period differs from one to the next.

use fastrand::Rng;

use super::site::{
    Act, Block, Control, Device, Line, Link, Master, Operate, Order, Poll, Read, Site, Stack,
    Station,
};
use crate::marks::JOURNAL;
use crate::site::{Addresses, Host};

/// How many stations there are, the gateway among them.
const STATIONS: usize = 4;

impl Site {
    /// The site of a seed: always the same one.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x0d4b_3000_57a7_1044);
        let mut addresses = Addresses::draw(&mut rng);
        let gateway = rng.usize(..STATIONS);
        let mut links: Vec<u16> = (3..=60).chain([1_013, 4_001, 10_007]).collect();
        rng.shuffle(&mut links);
        let stations: Vec<Station> = (0..STATIONS)
            .map(|nth| {
                let host = addresses.host(&format!("station {}", nth.saturating_add(1)));
                let count = if nth == gateway { rng.usize(2..=3) } else { 1 };
                let devices = links.split_off(links.len().saturating_sub(count));
                station(&mut rng, host, &devices)
            })
            .collect();
        let mut own = || links.pop().unwrap_or(1);
        let (front_link, second_link, reader_link, stranger_link) = (own(), own(), own(), own());
        // The one link whose commands are challenged belongs to a station of its own.
        let secure = (gateway + 1) % STATIONS;
        let front = front_end(&mut rng, addresses.host("front end"), front_link, &stations, secure);
        let second = second_master(
            &mut rng,
            addresses.host("second master"),
            second_link,
            &front,
            &stations,
            secure,
        );
        let historian = historian(&mut rng, addresses.host("historian"), reader_link, &stations);
        let stranger = addresses.host("stranger");
        Self { seed, stations, masters: vec![front, second, historian], stranger, stranger_link }
    }

    /// A site of a serial server, with two devices on its line and two masters that both poll them through it.
    #[must_use]
    pub fn draw_line(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x5e21_a11e_0000_0485);
        let mut addresses = Addresses::draw(&mut rng);
        let mut links: Vec<u16> = (3..=60).chain([1_013, 4_001]).collect();
        rng.shuffle(&mut links);
        let devices = links.split_off(links.len().saturating_sub(2));
        let mut server = station(&mut rng, addresses.host("serial server"), &devices);
        server.line = Some(Line {
            baud: rng.choice([9_600, 19_200, 38_400]).unwrap_or(9_600),
            buffer: rng.usize(40..300),
            idle_ms: rng.u64(4..30),
            hesitates: f64::from(rng.u8(5..30)) / 1_000.0,
            two_wires: seed.is_multiple_of(2),
            unsolicited: rng.bool(),
        });
        // A line is slower than a network: who selects must be able to operate in time.
        server.select_ms = server.select_ms.saturating_add(4_000);
        let stations = vec![server];
        let mut own = || links.pop().unwrap_or(1);
        let (front_link, second_link, stranger_link) = (own(), own(), own());
        let none_secure = stations.len();
        let mut front =
            front_end(&mut rng, addresses.host("front end"), front_link, &stations, none_secure);
        let host = addresses.host("second master");
        let mut second = second_master(&mut rng, host, second_link, &front, &stations, none_secure);
        for link in front.links.iter_mut().chain(&mut second.links) {
            link.patience_ms = link.patience_ms.saturating_add(3_000);
        }
        // One master is in charge of what is reported: a device has one state for both.
        second.links.iter_mut().for_each(|link| link.starts = false);
        let stranger = addresses.host("stranger");
        Self { seed, stations, masters: vec![front, second], stranger, stranger_link }
    }
}

fn station(rng: &mut Rng, host: Host, links: &[u16]) -> Station {
    Station {
        host,
        devices: links.iter().map(|link| device(rng, *link)).collect(),
        select_ms: rng.u64(2_110..4_900),
        fragment: if rng.bool() { 1_930 } else { rng.u16(310..990) },
        keep_alive_ms: rng.u64(31_000..90_000),
        cold_s: f64::from(rng.u8(14..31)) / 10.0,
        warm_s: f64::from(rng.u8(4..11)) / 10.0,
        file: format!("{JOURNAL}{}.log", rng.u8(1..40)),
        line: None,
    }
}

fn device(rng: &mut Rng, link: u16) -> Device {
    let points = rng.u16(10..=16);
    let (breakers, relays) = (rng.u16(3..=4), rng.u16(2..=3));
    let nominal = f64::from(rng.u16(1_090..24_000)) / 10.0;
    let analogs = (0..points)
        .map(|_| match rng.u8(..5) {
            0 => 0.0,
            1 => 50.0,
            2 => f64::from(rng.u16(21..1_900)),
            _ => nominal,
        })
        .collect();
    Device {
        link,
        points,
        breakers,
        relays,
        setpoint_count: 3,
        setpoints: (0..points).map(|_| f64::from(rng.u16(110..900))).collect(),
        analogs,
        moves: f64::from(rng.u16(2..7)) / 1_000.0,
        contact_moves: f64::from(rng.u16(1..5)) / 1_000.0,
        needs_time: rng.u8(..3) != 0,
        needs_time_s: [11.0, 19.0],
    }
}

/// The control that a maker's devices take for a breaker.
fn breaker(rng: &mut Rng, index: u16) -> Operate {
    let pulse = Act { operation: "pulse-on", code: "none" };
    let either = if rng.u8(..3) == 0 {
        [Act { operation: "latch-off", code: "none" }, Act { operation: "latch-on", code: "none" }]
    } else {
        [Act { code: "trip", ..pulse }, Act { code: "close", ..pulse }]
    };
    let on_ms = u32::from(rng.u8(11..50)).saturating_mul(10);
    Operate {
        index,
        select: true,
        control: Control::Relay(Block {
            count: 1,
            on_ms,
            off_ms: if rng.bool() { 0 } else { on_ms },
            either,
        }),
    }
}

fn relay(rng: &mut Rng, index: u16) -> Operate {
    let either =
        [Act { operation: "latch-off", code: "none" }, Act { operation: "latch-on", code: "none" }];
    let on_ms = u32::from(rng.u8(11..90)).saturating_mul(10);
    Operate {
        index,
        select: false,
        control: Control::Relay(Block { count: 1, on_ms, off_ms: on_ms, either }),
    }
}

/// What the master in charge commands at a device: every breaker after a selection, a relay directly, a setpoint.
fn orders(rng: &mut Rng, device: &Device) -> Vec<Order> {
    let mut orders: Vec<Order> =
        (0..device.breakers).map(|index| Order::Operate(breaker(rng, index))).collect();
    orders.push(Order::Operate(relay(rng, device.breakers)));
    let index = rng.u16(..device.setpoint_count);
    let about = device.setpoints.get(usize::from(index)).copied().unwrap_or(100.0);
    orders.push(Order::Operate(Operate {
        index,
        select: rng.bool(),
        control: Control::Setpoint { float: rng.bool(), between: [about * 0.9, about * 1.1] },
    }));
    if rng.bool() {
        orders.push(Order::Freeze { kind: "freeze" });
    }
    orders
}

fn every_device(stations: &[Station]) -> impl Iterator<Item = (usize, usize, &Device)> {
    stations.iter().enumerate().flat_map(|(station, own)| {
        own.devices.iter().enumerate().map(move |(nth, device)| (station, nth, device))
    })
}

fn link(rng: &mut Rng, station: usize, device: usize) -> Link {
    Link {
        station,
        device,
        starts: true,
        authenticates: false,
        time_sync: "None",
        patience_ms: rng.u64(1_510..2_900),
        keep_alive_ms: rng.u64(31_000..90_000),
        polls: Vec::new(),
        orders: Vec::new(),
    }
}

fn of_classes(classes: &'static str, period_ms: u64) -> Poll {
    Poll { period_ms, read: Read::Classes { classes } }
}

fn front_end(rng: &mut Rng, host: Host, own: u16, stations: &[Station], secure: usize) -> Master {
    let links = every_device(stations)
        .map(|(station, nth, device)| {
            let mut polls = vec![
                of_classes("123", rng.u64(2_510..4_900)),
                of_classes("0123", rng.u64(13_000..23_000)),
            ];
            if rng.bool() {
                let last = device.points.saturating_sub(1);
                let read = Read::Range { group: 30, variation: 0, first: 0, last };
                polls.push(Poll { period_ms: rng.u64(3_110..6_900), read });
            }
            Link {
                authenticates: station == secure,
                time_sync: if rng.bool() { "LAN" } else { "NonLAN" },
                polls,
                orders: orders(rng, device),
                ..link(rng, station, nth)
            }
        })
        .collect();
    Master { host, link: own, stack: Stack::Opendnp3, round_ms: rng.u64(17_000..21_000), links }
}

/// A second control centre: it also commands some of the breakers, the same way.
fn second_master(
    rng: &mut Rng,
    host: Host,
    own: u16,
    front: &Master,
    stations: &[Station],
    secure: usize,
) -> Master {
    let links = every_device(stations)
        .zip(&front.links)
        .map(|((station, nth, _), charge)| Link {
            polls: vec![
                of_classes("123", rng.u64(3_110..5_900)),
                of_classes("0123", rng.u64(19_000..31_000)),
            ],
            orders: charge
                .breakers()
                .filter(|(operate, _)| station != secure && operate.index < 2)
                .map(|(operate, _)| Order::Operate(operate.clone()))
                .collect(),
            ..link(rng, station, nth)
        })
        .collect();
    Master { host, link: own, stack: Stack::Opendnp3, round_ms: rng.u64(17_000..21_000), links }
}

fn historian(rng: &mut Rng, host: Host, own: u16, stations: &[Station]) -> Master {
    let links = every_device(stations)
        .map(|(station, nth, device)| {
            let last = device.points.saturating_sub(1);
            let of = |group: u8, variation: u8| Read::Range { group, variation, first: 0, last };
            let mut polls = vec![Poll { period_ms: rng.u64(3_900..7_900), read: of(30, 0) }];
            if rng.bool() {
                polls.push(Poll { period_ms: rng.u64(3_900..7_900), read: of(20, 0) });
            }
            Link { starts: false, polls, ..link(rng, station, nth) }
        })
        .collect();
    Master { host, link: own, stack: Stack::NfmDnp3, round_ms: 60_000, links }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_holds_what_the_scenarios_need_for_every_seed() {
        for seed in 0..200 {
            let site = Site::draw(seed);
            let [front, second, historian] = &site.masters[..] else { panic!("three masters") };
            assert!(front.links.iter().all(|link| link.breakers().count() >= 3));
            assert_eq!(front.links.iter().filter(|link| link.authenticates).count(), 1);
            assert!(second.links.iter().any(|link| link.breakers().count() > 0));
            assert!(historian.links.iter().all(|link| link.orders.is_empty() && !link.starts));
            let mut links: Vec<u16> =
                every_device(&site.stations).map(|(_, _, own)| own.link).collect();
            links.extend(site.masters.iter().map(|master| master.link));
            links.push(site.stranger_link);
            let count = links.len();
            links.sort_unstable();
            links.dedup();
            assert_eq!(links.len(), count, "no link address twice");
        }
    }
}
