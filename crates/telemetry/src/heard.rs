//! What a pipeline heard: plain counts, handed over once a second.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use gridtap_model::{Protocol, Timestamp};

use crate::labels::{ByteState, CommandClass, DecodeError, DeviceState, DropPlace, RefusalCode};
use crate::metrics::OTHER;
use crate::spread::Spread;

/// The protocols that have series, in their order.
pub const PROTOCOLS: [Protocol; 2] = [Protocol::Modbus, Protocol::Dnp3];

/// The place of a protocol in [`PROTOCOLS`]; none for one that is not decoded.
#[must_use]
pub const fn place_of(protocol: Protocol) -> Option<usize> {
    match protocol {
        Protocol::Modbus => Some(0),
        Protocol::Dnp3 => Some(1),
        Protocol::Unknown | Protocol::Tls | Protocol::Iec104 => None,
    }
}

/// What a pipeline came to since it began. Counts never go back while it lives.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// By interface or file.
    pub interfaces: Vec<InterfaceHeard>,
    /// In the order of [`PROTOCOLS`].
    pub protocols: [ProtocolHeard; PROTOCOLS.len()],
    /// Octets that wait for others.
    pub buffered_bytes: u64,
    /// Octets that conversations hold beside their own size, and requests that wait in them.
    pub held: [u64; 2],
    /// Frames and packets that led to no conversation although there may have been one in them, by reason.
    pub not_followed: Vec<(&'static str, u64)>,
    /// What gave way because a table was full, by table; all tables, also those where nothing did.
    pub evictions: Vec<(&'static str, u64)>,
    /// Devices that have series of their own, no two of one name.
    pub devices: Vec<DeviceHeard>,
    /// Commands to devices that have none, by protocol.
    pub other_devices: [[u64; CommandClass::COUNT]; PROTOCOLS.len()],
    /// Commands that went there because the ceiling on devices was reached.
    pub capped: u64,
    /// From a packet's time to its being heard, where it is heard as it comes.
    pub lag: Spread,
    /// By how much the clock that stamps packets is ahead of this machine's, where packets are heard as they come.
    pub clock_ahead_ns: i64,
    /// How often this machine's clock was set.
    pub clock_steps: u64,
}

impl Heard {
    /// Two series of one name make the whole exposition invalid. What comes twice is taken as one interface, or as one
    /// of the devices that have no series.
    pub(crate) fn make_names_unique(&mut self) {
        let mut interfaces: BTreeMap<String, InterfaceHeard> = BTreeMap::new();
        for interface in self.interfaces.drain(..) {
            match interfaces.entry(interface.name.clone()) {
                Entry::Vacant(place) => _ = place.insert(interface),
                Entry::Occupied(mut place) => place.get_mut().join(&interface),
            }
        }
        self.interfaces = interfaces.into_values().collect();
        let mut names = BTreeSet::from([OTHER.to_owned()]);
        let (alone, twice): (Vec<_>, Vec<_>) =
            self.devices.drain(..).partition(|device| names.insert(device.name.clone()));
        self.devices = alone;
        for device in twice {
            let others = place_of(device.protocol).and_then(|at| self.other_devices.get_mut(at));
            for (count, more) in others.into_iter().flatten().zip(device.commands) {
                *count = count.saturating_add(more);
                self.capped = self.capped.saturating_add(more);
            }
        }
    }
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            protocols: Default::default(),
            buffered_bytes: 0,
            held: [0; 2],
            not_followed: Vec::new(),
            evictions: Vec::new(),
            devices: Vec::new(),
            other_devices: Default::default(),
            capped: 0,
            lag: Spread::DELAY,
            clock_ahead_ns: 0,
            clock_steps: 0,
        }
    }
}

/// One interface or file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InterfaceHeard {
    /// Its name in the configuration.
    pub name: String,
    /// Packets captured.
    pub packets: u64,
    /// Their octets on the wire.
    pub bytes: u64,
    /// Packets lost, by [`DropPlace`].
    pub drops: [u64; DropPlace::COUNT],
    /// Files of a directory that rotated away before they were read.
    pub files_lost: u64,
    /// The time of the last packet.
    pub last: Option<Timestamp>,
}

impl InterfaceHeard {
    fn join(&mut self, other: &Self) {
        self.packets = self.packets.saturating_add(other.packets);
        self.bytes = self.bytes.saturating_add(other.bytes);
        for (count, more) in self.drops.iter_mut().zip(other.drops) {
            *count = count.saturating_add(more);
        }
        self.files_lost = self.files_lost.saturating_add(other.files_lost);
        self.last = self.last.max(other.last);
    }
}

/// One protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolHeard {
    /// Messages decoded.
    pub pdus: u64,
    /// Stretches that could not be decoded, by [`DecodeError`].
    pub errors: [u64; DecodeError::COUNT],
    /// Octets of its conversations, by [`ByteState`].
    pub bytes: [u64; ByteState::COUNT],
    /// Its conversations that are open.
    pub flows: u64,
    /// Gaps that were given up.
    pub gaps: u64,
    /// Requests, by [`CommandClass`].
    pub commands: [u64; CommandClass::COUNT],
    /// Refusals, by [`RefusalCode`].
    pub exceptions: [u64; RefusalCode::COUNT],
    /// From request to answer.
    pub response: Spread,
}

impl Default for ProtocolHeard {
    fn default() -> Self {
        Self {
            pdus: 0,
            errors: [0; DecodeError::COUNT],
            bytes: [0; ByteState::COUNT],
            flows: 0,
            gaps: 0,
            commands: [0; CommandClass::COUNT],
            exceptions: [0; RefusalCode::COUNT],
            response: Spread::RESPONSE,
        }
    }
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceHeard {
    /// Its name, which no other has.
    pub name: String,
    /// The protocol that it speaks.
    pub protocol: Protocol,
    /// Requests to it, by [`CommandClass`].
    pub commands: [u64; CommandClass::COUNT],
    /// When it last said something.
    pub last: Option<Timestamp>,
    /// How it stands.
    pub state: DeviceState,
    /// How often it is polled, where that is known.
    pub poll: Option<PollInterval>,
}

/// The time between two polls of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollInterval {
    /// Half of them are at most this.
    pub median_ns: u64,
    /// 95 of 100 are at most this.
    pub p95_ns: u64,
}
