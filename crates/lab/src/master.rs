//! A master at work: it polls, passes on what its operator commands, and comes back after a fault.

use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_modbus::{ExceptionCode, Request};

use crate::client::{Connection, Reply, request, write};
use crate::site::{Link, Order, Poll};

/// How long a master waits for an answer.
const PATIENCE: Duration = Duration::from_millis(1_000);

/// A round of the operator goes once over everything that a master commands at an outstation.
const ROUND: Duration = Duration::from_secs(30);

/// What falls due within this of each other shares a connection, where connections are not kept.
const TOGETHER: Duration = Duration::from_millis(60);

/// Holds the conversation of one link until the future is dropped.
pub async fn converse(link: Link, to: Ipv4Addr, seed: u64) {
    let mut desk = Desk::new(link, seed);
    sleep(Duration::from_millis(desk.rng.u64(..400))).await;
    let mut begin = Begin::Start;
    loop {
        let result =
            if desk.link.kept { desk.keep(to, begin).await } else { desk.visit(to, begin).await };
        begin = if result.is_err() { Begin::Fault } else { Begin::Next };
        if result.is_err() {
            sleep(Duration::from_millis(desk.rng.u64(900..1_600))).await;
        }
    }
}

/// Why a connection is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begin {
    /// The master starts.
    Start,
    /// The connection before was lost.
    Fault,
    /// The connection before was closed as planned.
    Next,
}

/// Something that is due.
#[derive(Debug, Clone, Copy)]
enum Due {
    Poll(Poll),
    Order(Order),
}

/// What a master knows of one link.
struct Desk {
    link: Link,
    polls: Vec<(Instant, Poll)>,
    orders: VecDeque<(Instant, Order)>,
    round: Instant,
    /// The last values of each order that was given.
    given: Vec<(Order, Vec<u16>)>,
    /// Units behind a gateway that do not answer.
    lost: BTreeSet<u8>,
    rng: Rng,
}

impl Desk {
    fn new(link: Link, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let now = Instant::now();
        let polls = link
            .polls
            .iter()
            .map(|poll| (now + Duration::from_millis(rng.u64(..poll.period_ms.max(1))), *poll))
            .collect();
        Self {
            link,
            polls,
            orders: VecDeque::new(),
            round: now + Duration::from_millis(700),
            given: Vec::new(),
            lost: BTreeSet::new(),
            rng,
        }
    }

    /// Stays on one connection until it is lost.
    async fn keep(&mut self, to: Ipv4Addr, begin: Begin) -> Result<()> {
        let mut connection = Connection::open(to, PATIENCE).await?;
        self.begin(&mut connection, begin).await?;
        loop {
            let Some((at, due)) = self.next() else { return pending().await };
            sleep_until(at).await;
            self.perform(&mut connection, due).await?;
        }
    }

    /// Opens a connection for what is due, and closes it.
    async fn visit(&mut self, to: Ipv4Addr, begin: Begin) -> Result<()> {
        let Some((at, mut due)) = self.next() else { return pending().await };
        sleep_until(at).await;
        let mut connection = Connection::open(to, PATIENCE).await?;
        self.begin(&mut connection, begin).await?;
        loop {
            self.perform(&mut connection, due).await?;
            if self.soonest() > Instant::now() + TOGETHER {
                break;
            }
            let Some((at, next)) = self.next() else { break };
            sleep_until(at).await;
            due = next;
        }
        connection.close().await;
        Ok(())
    }

    /// Reads the settings at the start and after a fault; after a fault also gives the operator's values again.
    async fn begin(&mut self, connection: &mut Connection, begin: Begin) -> Result<()> {
        if begin == Begin::Next {
            return Ok(());
        }
        let units: BTreeSet<u8> = self.link.polls.iter().map(|poll| poll.read.unit).collect();
        for unit in units {
            self.restore(connection, unit, begin == Begin::Fault).await?;
        }
        Ok(())
    }

    async fn restore(&mut self, connection: &mut Connection, unit: u8, again: bool) -> Result<()> {
        for read in self.link.start.iter().filter(|read| read.unit == unit) {
            let _ = connection.ask(unit, request(read)).await?;
        }
        for (order, words) in self.given.iter().filter(|(order, _)| order.unit == unit && again) {
            let _ = connection.ask(unit, write(order.function, order.first, words)?).await?;
        }
        Ok(())
    }

    async fn perform(&mut self, connection: &mut Connection, due: Due) -> Result<()> {
        let (unit, request): (u8, Request<'static>) = match due {
            Due::Poll(poll) => (poll.read.unit, request(&poll.read)),
            Due::Order(order) => {
                let words: Vec<u16> =
                    (0..order.count).map(|_| self.rng.u16(order.low..=order.high)).collect();
                let request = write(order.function, order.first, &words)?;
                self.given.retain(|(given, _)| *given != order);
                self.given.push((order, words));
                (order.unit, request)
            }
        };
        if missing(&connection.ask(unit, request).await?) {
            self.lost.insert(unit);
        } else if self.lost.remove(&unit) {
            self.restore(connection, unit, true).await?;
        }
        Ok(())
    }

    /// When the next thing is due.
    fn soonest(&self) -> Instant {
        let poll = self.polls.iter().map(|(due, _)| *due).min();
        let order = self.orders.front().map(|(due, _)| *due);
        poll.into_iter().chain(order).min().unwrap_or(self.round)
    }

    /// What is due next. It counts as done.
    fn next(&mut self) -> Option<(Instant, Due)> {
        if self.orders.is_empty() {
            self.plan();
        }
        let soonest = self.soonest();
        if self.orders.front().is_some_and(|(due, _)| *due <= soonest)
            && let Some((at, order)) = self.orders.pop_front()
        {
            return Some((at, Due::Order(order)));
        }
        let jitter = self.rng.f64() / 16.0;
        let (due, poll) = self.polls.iter_mut().min_by_key(|(due, _)| *due)?;
        let at = *due;
        let period = Duration::from_millis(poll.period_ms);
        // A little early or late; what was missed in a fault is not made up for.
        *due = (at + period.mul_f64(31.0 / 32.0 + jitter)).max(Instant::now());
        Some((at, Due::Poll(*poll)))
    }

    /// Lays out the operator's next round.
    fn plan(&mut self) {
        let begin = self.round.max(Instant::now());
        self.round = begin + ROUND;
        let mut orders = self.link.orders.clone();
        self.rng.shuffle(&mut orders);
        let mut times: Vec<Instant> =
            orders.iter().map(|_| begin + ROUND.mul_f64(self.rng.f64())).collect();
        times.sort_unstable();
        self.orders = times.into_iter().zip(orders).collect();
    }
}

/// Whether a gateway says that a unit does not answer.
fn missing(reply: &Reply) -> bool {
    matches!(reply, Err(ExceptionCode::GatewayPathUnavailable | ExceptionCode::GatewayTargetDevice))
}
