//! What a simulated site is: hosts, stations, who polls what and how often, what operators are used to do.

use std::net::Ipv4Addr;

use super::calendar::Calendar;
use super::process::Bay;

/// Which of the three sites.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A small plant that speaks Modbus.
    Plant,
    /// A distribution utility with outstations that speak DNP3 behind three front ends.
    Utility,
    /// A transmission substation that speaks both.
    Substation,
}

impl Kind {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Plant, Self::Utility, Self::Substation];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plant => "plant",
            Self::Utility => "utility",
            Self::Substation => "substation",
        }
    }
}

/// A simulated site.
#[derive(Debug, Clone)]
pub struct Site {
    /// Which it is.
    pub kind: Kind,
    /// What it was drawn from.
    pub seed: u64,
    /// When its first week begins: a Monday, at local midnight.
    pub start: i64,
    /// Its wall clock.
    pub calendar: Calendar,
    /// Every machine.
    pub hosts: Vec<Machine>,
    /// What answers.
    pub stations: Vec<Station>,
    /// Who asks whom.
    pub links: Vec<Link>,
    /// The masters and who stands in for each.
    pub standbys: Vec<(usize, usize)>,
    /// The engineers' computer.
    pub engineer: usize,
    /// A host that is never heard but where it attacks.
    pub stranger: usize,
}

/// A machine.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What it is called.
    pub name: String,
    /// Its address.
    pub address: Ipv4Addr,
    /// Its link address.
    pub mac: [u8; 6],
}

/// What a station speaks.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Speaks {
    /// Modbus/TCP.
    Modbus,
    /// DNP3 over TCP.
    Dnp3,
}

impl Speaks {
    /// The port that the standard gives it.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Modbus => 502,
            Self::Dnp3 => 20_000,
        }
    }
}

/// An address with devices behind it.
#[derive(Debug, Clone)]
pub struct Station {
    /// The machine.
    pub host: usize,
    /// What it speaks.
    pub speaks: Speaks,
    /// One, or several behind a gateway.
    pub devices: Vec<Device>,
    /// How long it thinks, from and to, in seconds.
    pub thinks_s: [f64; 2],
    /// It is put into service in the second week.
    pub is_late: bool,
}

/// One device.
#[derive(Debug, Clone)]
pub struct Device {
    /// The unit identifier or link address.
    pub address: u16,
    /// What it measures and moves.
    pub bay: Bay,
    /// Registers that nobody writes.
    pub fixed: Vec<u16>,
    /// How it names its maker, product and revision.
    pub identity: [String; 3],
    /// The codes that open and close its breakers.
    pub codes: [u8; 2],
    /// How long a pulse is, in milliseconds.
    pub pulse_ms: u32,
    /// Measurements are floating-point numbers.
    pub floats: bool,
    /// How long a selection holds, in seconds.
    pub select_s: f64,
}

impl Device {
    /// How a finding names it.
    #[must_use]
    pub fn name(&self, speaks: Speaks, address: Ipv4Addr) -> String {
        match speaks {
            Speaks::Modbus => format!("modbus {address} unit {}", self.address),
            Speaks::Dnp3 => format!("dnp3 {address} link {}", self.address),
        }
    }
}

/// One master's conversation with one station, or with one device of it.
#[derive(Debug, Clone)]
pub struct Link {
    /// Who asks.
    pub master: usize,
    /// Whom.
    pub station: usize,
    /// Its own link address.
    pub address: u16,
    /// What it reads again and again.
    pub polls: Vec<Poll>,
    /// What its operators are used to command through it.
    pub habits: Vec<Habit>,
    /// It is the master in charge: it enables unsolicited responses and sets the clock.
    pub in_charge: bool,
    /// Its connection is probed when nothing was said for so long.
    pub keep_alive: Option<i64>,
}

/// A read with its period.
#[derive(Debug, Clone)]
pub struct Poll {
    /// How often.
    pub period: i64,
    /// By how much a period varies, as a share of it.
    pub jitter: f64,
    /// Of which device of the station.
    pub device: usize,
    /// What.
    pub read: Read,
}

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Coils, inputs or registers by a function.
    Table {
        /// 1 to 4.
        function: u8,
        /// The first.
        first: u16,
        /// How many.
        count: u16,
    },
    /// Events of all classes.
    Events,
    /// Everything.
    Integrity,
}

/// What is commanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A breaker.
    Breaker(usize),
    /// A setpoint.
    Setpoint(usize),
}

/// What operators are used to do.
#[derive(Debug, Clone)]
pub struct Habit {
    /// Of which device of the station.
    pub device: usize,
    /// To what.
    pub target: Target,
    /// How.
    pub usage: Usage,
}

/// When something is commanded.
#[derive(Debug, Clone, Copy)]
pub enum Usage {
    /// When people find it right: so often in a day on which the whole day shift works.
    Now {
        /// How often a day.
        a_day: f64,
    },
    /// Every day at two hours, on and off.
    Daily {
        /// The hours on the wall.
        hours: [f64; 2],
    },
}
