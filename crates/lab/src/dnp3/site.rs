//! What stands in a substation that speaks DNP3, and who speaks with it: plain data, drawn from a seed.

use std::net::Ipv4Addr;

use serde::Serialize;

use crate::site::Host;

/// The registered port of the protocol.
pub const PORT: u16 = 20_000;

/// The first of the link addresses that reach every device.
const BROADCAST: u16 = 0xfffd;

/// One substation.
#[derive(Debug, Clone, Serialize)]
pub struct Site {
    /// What it was drawn from.
    pub seed: u64,
    /// The outstations, in no order of addresses; one of them is a gateway with several devices.
    pub stations: Vec<Station>,
    /// Who polls them: the front end first, then a second master, then a historian that only reads.
    pub masters: Vec<Master>,
    /// A host that belongs to nobody.
    pub stranger: Host,
    /// The link address that the stranger gives itself.
    pub stranger_link: u16,
}

/// A machine with one device, or a gateway with several.
#[derive(Debug, Clone, Serialize)]
pub struct Station {
    /// The machine.
    pub host: Host,
    /// What is behind its address.
    pub devices: Vec<Device>,
    /// How long a selection holds, in milliseconds.
    pub select_ms: u64,
    /// The longest fragment it sends.
    pub fragment: u16,
    /// How often it asks an idle link for its state, in milliseconds.
    pub keep_alive_ms: u64,
    /// How long it is away in a cold restart, in seconds.
    pub cold_s: f64,
    /// How long it is away in a warm restart, in seconds.
    pub warm_s: f64,
    /// Its one file.
    pub file: String,
    /// It is a serial server, and its devices are on the line behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<Line>,
}

/// A line behind a serial server, and how the server packs what it hears on it.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// Its speed, in bits a second.
    pub baud: u32,
    /// So many octets go out at once.
    pub buffer: usize,
    /// After so long without an octet what is there goes out, in milliseconds.
    pub idle_ms: u64,
    /// How likely a speaker pauses for longer than that before its next few octets.
    pub hesitates: f64,
    /// All that is said is heard back, requests too.
    pub two_wires: bool,
    /// Its devices report unasked.
    pub unsolicited: bool,
}

/// One device: a link address and its points, from index 0 on for every kind of point.
#[derive(Debug, Clone, Serialize)]
pub struct Device {
    /// Its link address.
    pub link: u16,
    /// How many points of each kind it shows.
    pub points: u16,
    /// Binary outputs 0 and on that command a breaker, whose position is the binary input of the same index.
    pub breakers: u16,
    /// Binary outputs after the breakers that command something smaller.
    pub relays: u16,
    /// Analog outputs 0 and on that can be set.
    pub setpoint_count: u16,
    /// What the analog outputs hold at first.
    pub setpoints: Vec<f64>,
    /// What the analog inputs are about; 0 for one that never moves.
    pub analogs: Vec<f64>,
    /// How likely an analog input moves in a tick of the process.
    pub moves: f64,
    /// How likely a contact moves in a tick of the process.
    pub contact_moves: f64,
    /// Its clock wants to be set again and again.
    pub needs_time: bool,
    /// How long until it wants that, in seconds.
    pub needs_time_s: [f64; 2],
}

impl Station {
    /// A device, as a finding names it where no site file gives it a name.
    #[must_use]
    pub fn device_name(&self, device: &Device) -> String {
        device_name(self.host.address, device.link)
    }
}

/// A device, as a finding names it where no site file gives it a name.
#[must_use]
pub fn device_name(address: Ipv4Addr, link: u16) -> String {
    let device = format!("dnp3 {address} link {link}");
    if link >= BROADCAST { format!("every device at once ({device})") } else { device }
}

/// Someone who polls.
#[derive(Debug, Clone, Serialize)]
pub struct Master {
    /// The machine.
    pub host: Host,
    /// Its link address.
    pub link: u16,
    /// Which implementation it runs.
    pub stack: Stack,
    /// How long a round of its operator takes, in milliseconds.
    pub round_ms: u64,
    /// Its conversations, one for each device.
    pub links: Vec<Link>,
}

/// Which implementation of the protocol a master runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    /// opendnp3.
    Opendnp3,
    /// A master in pure Python.
    NfmDnp3,
}

/// What one master does with one device.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    /// The station, by its place in the site.
    pub station: usize,
    /// The device, by its place in the station.
    pub device: usize,
    /// It begins as a master in charge does: it clears the restart indication, disables unsolicited responses,
    /// polls everything, sets the clock where asked to and enables unsolicited responses.
    pub starts: bool,
    /// Its critical requests are challenged.
    pub authenticates: bool,
    /// How it sets clocks: `None`, `LAN` or `NonLAN`.
    pub time_sync: &'static str,
    /// How long it waits for an answer, in milliseconds.
    pub patience_ms: u64,
    /// How often it asks an idle link for its state, in milliseconds.
    pub keep_alive_ms: u64,
    /// What is read again and again.
    pub polls: Vec<Poll>,
    /// What the operator commands through it, once a round.
    pub orders: Vec<Order>,
}

/// A read with its period.
#[derive(Debug, Clone, Serialize)]
pub struct Poll {
    /// How often, in milliseconds.
    pub period_ms: u64,
    /// What.
    #[serde(flatten)]
    pub read: Read,
}

/// What is read.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Read {
    /// Classes, by their digits.
    Classes {
        /// `123` for all events, `0123` for everything.
        classes: &'static str,
    },
    /// A range of points.
    Range {
        /// The group.
        group: u8,
        /// The variation, 0 for the device's choice.
        variation: u8,
        /// The first index.
        first: u16,
        /// The last index.
        last: u16,
    },
}

/// A command that the operator gives once a round.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Order {
    /// A point is operated.
    Operate(Operate),
    /// All counters are frozen.
    Freeze {
        /// How: as the peer calls it.
        kind: &'static str,
    },
}

/// A point and how it is operated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operate {
    /// The point.
    pub index: u16,
    /// It is selected first.
    pub select: bool,
    /// With what.
    #[serde(flatten)]
    pub control: Control,
}

/// What is done with a point.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Control {
    /// A control relay output block.
    Relay(Block),
    /// A setpoint, between two values.
    Setpoint {
        /// As a floating-point number, else as a 16-bit one.
        float: bool,
        /// From and to.
        between: [f64; 2],
    },
}

/// What a control relay output block says besides its point.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Block {
    /// How often.
    pub count: u8,
    /// How long on, in milliseconds.
    pub on_ms: u32,
    /// How long off, in milliseconds.
    pub off_ms: u32,
    /// The two things that are done in turn: one opens, one closes.
    pub either: [Act; 2],
}

/// What a control relay output block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Act {
    /// `pulse-on`, `latch-on` or `latch-off`.
    pub operation: &'static str,
    /// `none`, `close` or `trip`.
    pub code: &'static str,
}

impl Act {
    /// The control code octet.
    #[must_use]
    pub fn octet(self) -> u8 {
        let operation = match self.operation {
            "pulse-on" => 1,
            "pulse-off" => 2,
            "latch-on" => 3,
            "latch-off" => 4,
            _ => 0,
        };
        let code = match self.code {
            "close" => 0x40,
            "trip" => 0x80,
            _ => 0,
        };
        operation | code
    }
}

impl Site {
    /// Every machine of the site, the stranger last.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.stations
            .iter()
            .map(|station| &station.host)
            .chain(self.masters.iter().map(|master| &master.host))
            .chain([&self.stranger])
    }
}

impl Link {
    /// The breakers that are selected and operated through it.
    pub fn breakers(&self) -> impl Iterator<Item = (&Operate, &Block)> {
        self.orders.iter().filter_map(|order| match order {
            Order::Operate(operate) if operate.select => match &operate.control {
                Control::Relay(block) => Some((operate, block)),
                Control::Setpoint { .. } => None,
            },
            _ => None,
        })
    }
}
