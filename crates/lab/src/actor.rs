//! Takes the steps of a scenario, as a real client of real servers.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use tokio::time::sleep;
use tokio_modbus::{Request, Response};

use crate::client::{Connection, request, write};
use crate::scenario::{Actor, Aim, Among, Sorting, Step, Value, Variant};
use crate::site::{Host, Read, Signal, Site, Table};

/// How long an actor waits for an answer.
const PATIENCE: Duration = Duration::from_millis(600);

/// A unit of an outstation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// The outstation, by its place in the site.
    pub rtu: usize,
    /// The unit.
    pub unit: u8,
}

/// A request that an actor sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The actor's end of the connection.
    pub local: SocketAddr,
    /// The outstation's address.
    pub to: Ipv4Addr,
    /// The unit.
    pub unit: u8,
    /// The function.
    pub function: u8,
    /// The label of its step, empty for a step without one.
    pub label: String,
    /// The points that it commands.
    pub points: Vec<String>,
}

/// Who acts in a variant, and on what.
///
/// # Errors
/// The site holds nothing to choose from.
pub fn cast(site: &Site, variant: &Variant, rng: &mut Rng) -> Result<(Option<Host>, Vec<Target>)> {
    let master = |nth: usize| site.masters.get(nth).context("a master is missing");
    let mut own = None;
    let host = match variant.actor {
        Actor::Stranger => Some(site.stranger.clone()),
        Actor::FrontEnd => Some(master(0)?.host.clone()),
        Actor::SecondMaster => Some(master(1)?.host.clone()),
        Actor::Historian => Some(master(2)?.host.clone()),
        Actor::Rtu => {
            let nth = rng.usize(..site.rtus.len());
            own = Some(nth);
            site.rtus.get(nth).map(|rtu| rtu.host.clone())
        }
        Actor::Nobody => None,
    };
    let all = site.rtus.iter().enumerate().filter(|(nth, _)| Some(*nth) != own);
    let all = all.flat_map(|(nth, rtu)| {
        rtu.units.iter().map(move |unit| (rtu, Target { rtu: nth, unit: unit.id }))
    });
    let commanded = |target: &Target| {
        site.masters
            .iter()
            .filter(|master| host.as_ref().is_some_and(|host| *host == master.host))
            .flat_map(|master| &master.links)
            .filter(|link| link.rtu == target.rtu)
            .any(|link| link.orders.iter().any(|order| order.unit == target.unit))
    };
    let mut fit: Vec<Target> = all
        .filter(|(rtu, target)| match variant.among {
            Among::Any => true,
            Among::Commanded => commanded(target),
            Among::Single => rtu.gateway.is_none(),
            Among::Gateway => rtu.gateway.is_some(),
        })
        .map(|(_, target)| target)
        .collect();
    rng.shuffle(&mut fit);
    // One connection for each target address.
    let mut chosen: Vec<Target> = Vec::new();
    let [least, most] = variant.targets;
    let wanted = rng.usize(least..=most);
    for target in fit {
        if chosen.len() < wanted && chosen.iter().all(|other| other.rtu != target.rtu) {
            chosen.push(target);
        }
    }
    anyhow::ensure!(!chosen.is_empty(), "nothing on this site fits the variant {}", variant.name);
    Ok((host, chosen))
}

/// Takes all steps against one target and tells what was sent.
///
/// # Errors
/// A connection could not be opened.
pub async fn take(site: Site, steps: Vec<Step>, target: Target, seed: u64) -> Result<Vec<Sent>> {
    let rtu = site.rtus.get(target.rtu).context("no such outstation")?;
    let mut hand = Hand {
        connection: Connection::open(rtu.host.address, PATIENCE).await?,
        to: rtu.host.address,
        target,
        site: &site,
        sent: Vec::new(),
        rng: Rng::with_seed(seed),
    };
    for step in &steps {
        hand.step(step).await?;
    }
    hand.connection.close().await;
    Ok(hand.sent)
}

/// An actor at work on one target.
struct Hand<'a> {
    connection: Connection,
    to: Ipv4Addr,
    target: Target,
    site: &'a Site,
    sent: Vec<Sent>,
    rng: Rng,
}

impl Hand<'_> {
    async fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Read { tables, times, points } => self.read(tables, *times, *points).await,
            Step::Write { label, functions, times, points, aim, value } => {
                for _ in 0..self.rng.u64(times[0]..=times[1]) {
                    self.write(label, functions, *points, *aim, *value).await?;
                    self.pause(20, 300).await;
                }
                Ok(())
            }
            Step::Send { label, request } => {
                self.send(label, self.target.unit, request).await.map(drop)
            }
            Step::SweepUnits { label, units, requests } => {
                let request = self.one_of(requests)?;
                for unit in units[0]..=units[1] {
                    self.send(label, unit, &request).await?;
                }
                Ok(())
            }
            Step::SweepFunctions { label, functions, payloads, orders } => {
                let payload = self.one_of(payloads)?;
                let mut codes: Vec<u8> = (functions[0]..=functions[1]).collect();
                match self.one_of(orders)? {
                    Sorting::Ascending => {}
                    Sorting::Descending => codes.reverse(),
                    Sorting::Shuffled => self.rng.shuffle(&mut codes),
                }
                for code in codes {
                    let request: Vec<u8> = [code].into_iter().chain(payload.clone()).collect();
                    self.send(label, self.target.unit, &request).await?;
                    self.pause(2, 30).await;
                }
                Ok(())
            }
            Step::WalkAddresses { label, tables, points, requests_max } => {
                self.walk(label, tables, *points, *requests_max).await
            }
            Step::Wait { ms } => {
                self.pause(ms[0], ms[1]).await;
                Ok(())
            }
            Step::PowerCycle { .. } | Step::UnitAway { .. } => {
                anyhow::bail!("nobody but the stage cuts power")
            }
        }
    }

    fn one_of<T: Clone>(&mut self, from: &[T]) -> Result<T> {
        let nth = self.rng.usize(..from.len().max(1));
        from.get(nth).cloned().context("a step with nothing to choose from")
    }

    async fn pause(&mut self, least_ms: u64, most_ms: u64) {
        sleep(Duration::from_millis(self.rng.u64(least_ms..=most_ms))).await;
    }

    fn note(&mut self, label: &str, unit: u8, function: u8, points: Vec<String>) {
        let label = label.to_owned();
        let (local, to) = (self.connection.local(), self.to);
        self.sent.push(Sent { local, to, unit, function, label, points });
    }

    /// Asks; a connection that is lost is opened again.
    async fn ask(&mut self, unit: u8, request: Request<'static>) -> Result<Option<Response>> {
        match self.connection.ask(unit, request).await {
            Ok(reply) => Ok(reply.ok()),
            Err(_) => {
                self.connection = Connection::open(self.to, PATIENCE).await?;
                Ok(None)
            }
        }
    }

    async fn send(&mut self, label: &str, unit: u8, octets: &[u8]) -> Result<Option<Response>> {
        let (function, rest) = octets.split_first().context("an empty request")?;
        self.note(label, unit, *function, Vec::new());
        self.ask(unit, Request::Custom(*function, rest.to_vec().into())).await
    }

    async fn read(&mut self, tables: &[Table], times: [u64; 2], points: [u16; 2]) -> Result<()> {
        let rtu = self.site.rtus.get(self.target.rtu).context("no such outstation")?;
        let unit = rtu.units.iter().find(|unit| unit.id == self.target.unit).context("no unit")?;
        let ranges: Vec<_> =
            unit.ranges.iter().filter(|range| tables.contains(&range.table)).collect();
        for _ in 0..self.rng.u64(times[0]..=times[1]) {
            let range = self.one_of(&ranges)?;
            let count = self.rng.u16(points[0]..=points[1]).min(range.count());
            let spare = range.count().saturating_sub(count);
            let first = range.first.saturating_add(self.rng.u16(..=spare));
            let read = Read { unit: unit.id, table: range.table, first, count };
            self.note("", unit.id, range.table.read(), Vec::new());
            self.ask(unit.id, request(&read)).await?;
            self.pause(20, 200).await;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        label: &str,
        functions: &[u8],
        points: [u16; 2],
        aim: Aim,
        value: Value,
    ) -> Result<()> {
        let function = self.one_of(functions)?;
        let table = if matches!(function, 5 | 15) { Table::Coil } else { Table::HoldingRegister };
        let wanted =
            if matches!(function, 5 | 6) { 1 } else { self.rng.u16(points[0]..=points[1]) };
        let run = self.run(table, wanted, aim).context("no point to aim at")?;
        let words: Vec<u16> = run
            .iter()
            .map(|(_, about)| match value {
                Value::On => 1,
                Value::Near => {
                    let slack = about / 12;
                    self.rng.u16(about.saturating_sub(slack)..=about.saturating_add(slack))
                }
            })
            .collect();
        let first = run.first().map_or(0, |(address, _)| *address);
        let names = run.iter().map(|(address, _)| format!("{} {address}", table.name())).collect();
        self.note(label, self.target.unit, function, names);
        self.ask(self.target.unit, write(function, first, &words)?).await.map(drop)
    }

    /// Up to so many points in a row, each with a value that it may hold.
    fn run(&mut self, table: Table, wanted: u16, aim: Aim) -> Option<Vec<(u16, u16)>> {
        let Target { rtu, unit } = self.target;
        let ranges = &self.site.rtus.get(rtu)?.units.iter().find(|own| own.id == unit)?.ranges;
        let free = |address: u16| aim == Aim::Any || !self.site.written(rtu, unit, table, address);
        let points: Vec<(u16, u16)> = ranges
            .iter()
            .filter(|range| range.table == table)
            .flat_map(|range| range.addresses().zip(&range.signals))
            .filter(|(address, _)| free(*address))
            .map(|(address, signal)| (address, usual(*signal)))
            .collect();
        let from = self.rng.usize(..points.len().max(1));
        let mut run: Vec<(u16, u16)> = Vec::new();
        for point in points.into_iter().skip(from).take(usize::from(wanted)) {
            if run.last().is_some_and(|(last, _)| last.checked_add(1) != Some(point.0)) {
                break;
            }
            run.push(point);
        }
        (!run.is_empty()).then_some(run)
    }

    async fn walk(
        &mut self,
        label: &str,
        tables: &[Table],
        points: [u16; 2],
        requests_max: u16,
    ) -> Result<()> {
        let table = self.one_of(tables)?;
        let count = self.rng.u16(points[0]..=points[1]);
        let stride = count.max(u16::MAX / requests_max.max(1) + 1);
        let mut first = 0_u16;
        loop {
            let read = Read { unit: self.target.unit, table, first, count };
            self.note(label, read.unit, table.read(), Vec::new());
            self.ask(read.unit, request(&read)).await?;
            let Some(next) = first.checked_add(stride) else { return Ok(()) };
            if next.checked_add(count - 1).is_none() {
                return Ok(());
            }
            first = next;
        }
    }
}

/// A value that a point of this kind may hold.
const fn usual(signal: Signal) -> u16 {
    match signal {
        Signal::Voltage(about) | Signal::Frequency(about) => about,
        Signal::Setpoint(value) | Signal::Constant(value) => value,
        Signal::Current(most) | Signal::Position(most) => most / 2,
        _ => 0,
    }
}
