//! The methods of the literature, on the same traffic as ours.
//!
//! Each is written from its description, has the parameters that its authors or the framework that made it comparable give
//! it, learns from what the monitor learns from, and is judged on what the monitor is judged on. They see the
//! protocol-neutral observation, so that every method works on every protocol.
//!
//! * A method gives each alert a *score*: how many times the published tolerance it is beyond what was learned, 1 at the
//!   least, infinite where no parameter of the method would have kept it silent ([`Alert`]).
//! * Alerts between the same two hosts within fifteen minutes are one incident, as the monitor's are ([`incident`]).
//! * A method can be *calibrated*: to the lowest threshold at which normal traffic, which it has not learned, gives at most
//!   one incident a day ([`Threshold`]).
//!
//! Where a description leaves a choice, the one that favours the method is taken, and said.

use std::collections::BTreeSet;
use std::net::IpAddr;

use gridtap_model::{Class, Observation, Phase, Run, SubAddress, Value, What};

mod arrival;
mod automaton;
mod bench;
pub mod beside;
mod incident;
mod markov;
pub mod suricata;
pub mod table;
mod values;

pub use bench::{Bench, Trained};
pub(crate) use incident::PATIENCE_NS;
pub use incident::{Alert, Alerts, Threshold, calibrated};

/// How many methods there are.
pub const COUNT: usize = 9;

/// Them, in the order of tables.
pub const NAMES: [&str; COUNT] = [
    "flow whitelist",
    "function whitelist",
    "symbol whitelist",
    "DTMC, order 1",
    "Goldenberg-Wool DFA",
    "inter-arrival mean",
    "inter-arrival range",
    "MinMax",
    "Steadytime",
];

/// Two hosts, the one that said something first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// Who said it.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
}

impl Pair {
    /// The same whoever speaks.
    #[must_use]
    pub fn either_way(self) -> Self {
        let Self { source, destination } = self;
        if source <= destination { self } else { Self { source: destination, destination: source } }
    }
}

/// A message, as far as any of the methods looks at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said<'a> {
    pub(crate) time: i64,
    pub(crate) pair: Pair,
    /// Something is asked, or told unasked. Answers are left out of what is counted and ordered: they say what was asked
    /// for again, and the numbers that were published for these methods are about requests.
    pub(crate) asks: bool,
    /// It comes from who asks: what it says of points is what they are to become.
    pub(crate) commands: bool,
    /// Who with which device, whichever port.
    pub(crate) channel: u64,
    /// The channel with the function.
    pub(crate) function: u64,
    /// The channel with function, addresses and quantities.
    pub(crate) symbol: u64,
    /// Hosts, function and addresses, without the device behind the host: what IPAL tells events apart by.
    pub(crate) event: u64,
    /// The device.
    pub(crate) device: u64,
    /// What it says of points.
    pub(crate) runs: &'a [Run<'a>],
}

impl<'a> Said<'a> {
    /// The message in an observation, where there is one.
    pub(crate) fn of(observation: &Observation<'a>) -> Option<Self> {
        let What::Message(message) = observation.what else { return None };
        let asks = match message.phase {
            Phase::Request | Phase::Select | Phase::Operate | Phase::Unsolicited => true,
            Phase::Response | Phase::Exception => false,
            Phase::Confirm | Phase::Unanswered => return None,
        };
        if message.class == Class::Link {
            return None;
        }
        let pair = Pair {
            source: observation.source.address,
            destination: observation.destination.address,
        };
        let hosts = mix(mix(host(pair.source), host(pair.destination)), 1);
        let channel = mix(hosts, sub(message.device.sub));
        let function = mix(
            u64::from(message.function.code),
            u64::from(message.function.sub.map_or(u32::MAX, u32::from)),
        );
        let points = message.runs.iter().fold(0, |sum, run| {
            let place = u64::from(run.table.code) << 32 | u64::from(run.first);
            mix(mix(sum, place), u64::from(run.count) << 1 | u64::from(run.written))
        });
        Some(Self {
            time: observation.time.nanos(),
            pair,
            asks,
            commands: asks && message.phase != Phase::Unsolicited,
            channel,
            function: mix(channel, function),
            symbol: mix(mix(channel, function), points),
            event: mix(mix(hosts, function), points),
            device: mix(host(message.device.address), sub(message.device.sub)),
            runs: message.runs,
        })
    }
}

fn host(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(address) => mix(4, u64::from(address.to_bits())),
        IpAddr::V6(address) => {
            address.segments().iter().fold(6, |sum, word| mix(sum, u64::from(*word)))
        }
    }
}

fn sub(address: SubAddress) -> u64 {
    match address {
        SubAddress::None => 0,
        SubAddress::Unit(unit) => 1 << 16 | u64::from(unit),
        SubAddress::Link(link) => 2 << 16 | u64::from(link),
        SubAddress::Common(common) => 3 << 16 | u64::from(common),
    }
}

/// Two words in one that stands for them: the finisher of SplitMix64, by which every bit moves every other.
const fn mix(sum: u64, word: u64) -> u64 {
    let mut own = sum.rotate_left(23).wrapping_add(word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    own = (own ^ own >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    own = (own ^ own >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    own ^ own >> 31
}

/// A value as a number; none of what is no quantity.
fn quantity(value: Value) -> Option<f64> {
    match value {
        Value::Bit(bit) => Some(f64::from(u8::from(bit))),
        Value::Word(word) => Some(f64::from(word)),
        #[expect(clippy::cast_precision_loss, reason = "counters far below 2^53 are exact")]
        Value::Integer(integer) => Some(integer as f64),
        Value::Float(float) => float.is_finite().then_some(float),
        Value::Control(_) | Value::Time(_) => None,
    }
}

/// All methods, each with what it learned.
#[derive(Debug, Clone, Default)]
pub(crate) struct Methods {
    /// Barbosa, Sadre and Pras (IJCIP 2013): a message between hosts that never spoke is an alert.
    flow: BTreeSet<u64>,
    /// The same with the device and the function.
    function: BTreeSet<u64>,
    /// The same with addresses and quantities as well.
    symbol: BTreeSet<u64>,
    markov: markov::Markov,
    automaton: automaton::Automata,
    arrival: arrival::Arrivals,
    values: values::Points,
}

/// Alerts of one message, by method.
pub(crate) type Scores = [Option<f64>; COUNT];

impl Methods {
    /// A message of traffic that is taken for normal.
    pub(crate) fn learn(&mut self, said: &Said<'_>) {
        if said.asks {
            self.flow.insert(mix(host(said.pair.source), host(said.pair.destination)));
            self.function.insert(said.function);
            self.symbol.insert(said.symbol);
            self.markov.learn(said);
            self.automaton.judge(said);
            self.arrival.learn(said);
        }
        self.values.learn(said);
    }

    /// Learning is over.
    pub(crate) fn learned(&mut self) {
        self.arrival.learned();
        self.values.learned();
    }

    /// A message that is judged, and taught by no more.
    pub(crate) fn judge(&mut self, said: &Said<'_>) -> Scores {
        let unseen = |is_new: bool| is_new.then_some(f64::INFINITY);
        let [limits, steady] = self.values.judge(said);
        if !said.asks {
            let mut scores = [None; COUNT];
            scores[7..].copy_from_slice(&[limits, steady]);
            return scores;
        }
        let flow = mix(host(said.pair.source), host(said.pair.destination));
        let [mean, range] = self.arrival.judge(said);
        [
            unseen(!self.flow.contains(&flow)),
            unseen(!self.function.contains(&said.function)),
            unseen(!self.symbol.contains(&said.symbol)),
            unseen(self.markov.judge(said)),
            unseen(self.automaton.judge(said)),
            mean,
            range,
            limits,
            steady,
        ]
    }

    /// How many channels the automata have a pattern for, and for how many they were never trained.
    pub(crate) fn channels(&self) -> (usize, usize) {
        self.automaton.trained()
    }
}

#[cfg(test)]
mod tests;
