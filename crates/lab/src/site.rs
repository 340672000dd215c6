//! What stands in a substation and who speaks with it: plain data, drawn from a seed.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

mod draw;

pub(crate) use draw::Addresses;

/// One substation: its hosts, their points and the habits of its masters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Site {
    /// What it was drawn from.
    pub seed: u64,
    /// The outstations, in the order of their addresses.
    pub rtus: Vec<Rtu>,
    /// Who polls them: the front end first, then a second master, then a historian that only reads.
    pub masters: Vec<Master>,
    /// A host that belongs to nobody.
    pub stranger: Host,
}

/// A machine on the station network.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Host {
    /// What the lab calls it.
    pub name: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its link address.
    pub mac: String,
}

/// An outstation, or a gateway with several of them behind it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rtu {
    /// The machine.
    pub host: Host,
    /// What serves it.
    pub stack: Stack,
    /// What is behind its address: one unit, or several for a gateway.
    pub units: Vec<Unit>,
    /// Set for a gateway.
    pub gateway: Option<Gateway>,
    /// How long it thinks, in microseconds.
    pub latency_us: (u64, u64),
    /// Its vendor, product and revision.
    pub identity: [String; 3],
    /// A restart of communications closes its connections.
    pub restart_closes: bool,
    /// Setpoints are lost when the power is.
    pub volatile: bool,
    /// It answers whatever unit it is called by; else it keeps silent when the unit is not its own.
    pub any_unit: bool,
}

/// Which implementation of the protocol an outstation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// The server of tokio-modbus, which hangs up on what it cannot decode.
    TokioModbus,
    /// A plain loop that answers what it cannot decode with an exception, as most devices do.
    Plain,
}

/// How a gateway speaks of units that do not answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gateway {
    /// The exception for a unit that it does not know: 10 at once, or 11 after its patience.
    pub absent: u8,
    /// How long it waits for a unit, in milliseconds.
    pub patience_ms: u64,
}

/// One device: an address and its points.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unit {
    /// The unit identifier.
    pub id: u8,
    /// Function codes it answers.
    pub functions: Vec<u8>,
    /// Its points.
    pub ranges: Vec<Range>,
}

impl Unit {
    /// The range of a table that holds an address.
    #[must_use]
    pub fn range(&self, table: Table, address: u16) -> Option<&Range> {
        self.ranges.iter().find(|range| range.table == table && range.holds(address))
    }
}

/// Points with consecutive addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Range {
    /// Their table.
    pub table: Table,
    /// The address of the first.
    pub first: u16,
    /// What each of them is.
    pub signals: Vec<Signal>,
}

impl Range {
    /// How many points there are.
    #[must_use]
    pub fn count(&self) -> u16 {
        u16::try_from(self.signals.len()).unwrap_or(u16::MAX)
    }

    fn holds(&self, address: u16) -> bool {
        address.checked_sub(self.first).is_some_and(|offset| offset < self.count())
    }

    /// Its addresses.
    pub fn addresses(&self) -> impl Iterator<Item = u16> + use<> {
        let first = self.first;
        (0..self.count()).map(move |offset| first.saturating_add(offset))
    }
}

/// A Modbus table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Bits that can be written.
    Coil,
    /// Bits that can only be read.
    DiscreteInput,
    /// Words that can only be read.
    InputRegister,
    /// Words that can be written.
    HoldingRegister,
}

impl Table {
    /// The function that reads it.
    #[must_use]
    pub const fn read(self) -> u8 {
        match self {
            Self::Coil => 1,
            Self::DiscreteInput => 2,
            Self::HoldingRegister => 3,
            Self::InputRegister => 4,
        }
    }

    /// The table that a function reads.
    #[must_use]
    pub const fn of_read(function: u8) -> Option<Self> {
        match function {
            1 => Some(Self::Coil),
            2 => Some(Self::DiscreteInput),
            3 => Some(Self::HoldingRegister),
            4 => Some(Self::InputRegister),
            _ => None,
        }
    }

    /// One point of it, in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::DiscreteInput => "discrete input",
            Self::InputRegister => "input register",
            Self::HoldingRegister => "holding register",
        }
    }
}

/// What a point stands for, and so how its value moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// A voltage, in its scaled unit, about this value.
    Voltage(u16),
    /// A current, up to this value.
    Current(u16),
    /// A frequency in hundredths of a hertz, about this value.
    Frequency(u16),
    /// The high word of a counter.
    CounterHigh,
    /// The low word of a counter: grows by up to this much in a step.
    CounterLow(u16),
    /// A setpoint: holds what was written, from this on.
    Setpoint(u16),
    /// A constant of the device's configuration.
    Constant(u16),
    /// A position that seldom moves, up to this value.
    Position(u16),
    /// A command bit: holds what was written.
    Command(bool),
    /// The state of the switch that the coil at this address commands.
    Follows(u16),
    /// A contact that seldom moves.
    Contact,
}

/// Someone who polls.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Master {
    /// The machine.
    pub host: Host,
    /// Its conversations, one for each outstation.
    pub links: Vec<Link>,
}

/// What one master does with one outstation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Link {
    /// The outstation, by its place in the site.
    pub rtu: usize,
    /// The connection is kept; else each round of polls opens a new one.
    pub kept: bool,
    /// What is read again and again.
    pub polls: Vec<Poll>,
    /// What is read once on every start of the conversation, before polling.
    pub start: Vec<Read>,
    /// What the operator commands through it.
    pub orders: Vec<Order>,
}

/// A read request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The unit.
    pub unit: u8,
    /// The table.
    pub table: Table,
    /// The first address.
    pub first: u16,
    /// How many points.
    pub count: u16,
}

/// A read request with its period.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Poll {
    /// What is read.
    pub read: Read,
    /// How often, in milliseconds.
    pub period_ms: u64,
}

/// A command that the operator gives from time to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// The unit.
    pub unit: u8,
    /// The function: 5, 6 or 16.
    pub function: u8,
    /// The first address.
    pub first: u16,
    /// How many points.
    pub count: u16,
    /// The smallest value given.
    pub low: u16,
    /// The greatest value given.
    pub high: u16,
}

impl Order {
    /// Whether it writes this address of this unit.
    #[must_use]
    pub fn writes(&self, unit: u8, table: Table, address: u16) -> bool {
        let own = if self.function == 5 { Table::Coil } else { Table::HoldingRegister };
        self.unit == unit
            && own == table
            && address.checked_sub(self.first).is_some_and(|offset| offset < self.count)
    }
}

impl Site {
    /// Whether any master ever writes a point.
    #[must_use]
    pub fn written(&self, rtu: usize, unit: u8, table: Table, address: u16) -> bool {
        self.masters
            .iter()
            .flat_map(|master| &master.links)
            .filter(|link| link.rtu == rtu)
            .flat_map(|link| &link.orders)
            .any(|order| order.writes(unit, table, address))
    }

    /// Every machine of the site, the stranger last.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.rtus
            .iter()
            .map(|rtu| &rtu.host)
            .chain(self.masters.iter().map(|master| &master.host))
            .chain([&self.stranger])
    }
}
