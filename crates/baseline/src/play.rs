//! Observations for tests, made from a few words.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{
    Class, Conversation, Device, Effect, Endpoint, Faults, Function, Hearing, LinkEvent, Message,
    Observation, Outcome, Phase, Place, Protocol, Run, SubAddress, Table, Timestamp, Transport,
    Values, What, Zone,
};

use crate::{Baseline, Config, Site, Verdict};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds, 0)
}

pub(crate) fn host(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

/// A request, or what answers it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Play {
    pub(crate) zone: u16,
    pub(crate) master: u8,
    pub(crate) device: u8,
    pub(crate) unit: u8,
    pub(crate) class: Class,
    pub(crate) code: u16,
    pub(crate) name: &'static str,
    pub(crate) phase: Phase,
    pub(crate) table: Table,
    pub(crate) first: u32,
    pub(crate) count: u32,
    pub(crate) values: &'static [u8],
    pub(crate) one_direction: bool,
}

impl Play {
    /// `master` reads `count` holding registers from `first` on.
    pub(crate) fn read(master: u8, device: u8, first: u32, count: u32) -> Self {
        Self {
            zone: 0,
            master,
            device,
            unit: 1,
            class: Class::Read,
            code: 3,
            name: "read_holding_registers",
            phase: Phase::Request,
            table: Table::HOLDING_REGISTER,
            first,
            count,
            values: &[],
            one_direction: false,
        }
    }

    /// `master` writes one coil.
    pub(crate) fn coil(master: u8, device: u8, index: u32) -> Self {
        Self {
            class: Class::Command,
            code: 5,
            name: "write_single_coil",
            table: Table::COIL,
            values: &[1],
            ..Self::read(master, device, index, 1)
        }
    }

    /// `master` writes `count` registers from `first` on.
    pub(crate) fn registers(master: u8, device: u8, first: u32, count: u32) -> Self {
        Self {
            class: Class::Command,
            code: 16,
            name: "write_multiple_registers",
            ..Self::read(master, device, first, count)
        }
    }

    /// A request without points.
    pub(crate) fn bare(master: u8, device: u8, code: u16, name: &'static str) -> Self {
        Self { class: Class::Diagnostic, code, name, count: 0, ..Self::read(master, device, 0, 0) }
    }

    pub(crate) fn unit(self, unit: u8) -> Self {
        Self { unit, ..self }
    }

    pub(crate) fn zone(self, zone: u16) -> Self {
        Self { zone, ..self }
    }

    pub(crate) fn answered(self) -> Self {
        Self { phase: Phase::Response, ..self }
    }

    /// Gives the observation to `f`.
    pub(crate) fn heard<T>(self, time: Timestamp, f: impl FnOnce(&Observation<'_>) -> T) -> T {
        let commands = self.class == Class::Command;
        let values = match self.values {
            [] => Values::None,
            bytes if self.table == Table::COIL => Values::Bits(bytes),
            bytes => Values::Words(bytes),
        };
        let run = Run {
            table: self.table,
            first: self.first,
            count: self.count,
            values,
            written: commands,
        };
        let runs = [run];
        let master = Endpoint::new(host(self.master), 49_152);
        let server = Endpoint::new(host(self.device), 502);
        let asks = matches!(self.phase, Phase::Request | Phase::Select | Phase::Operate);
        let message = Message {
            master,
            device: Device {
                zone: Zone(self.zone),
                protocol: Protocol::Modbus,
                address: host(self.device),
                sub: SubAddress::Unit(self.unit),
            },
            class: self.class,
            phase: self.phase,
            function: Function { code: self.code, sub: None, name: self.name },
            effect: Effect::Plain,
            runs: if self.count == 0 { &[] } else { &runs },
            outcome: if asks { Outcome::Pending } else { Outcome::Success },
            request_frame: (!asks && !self.one_direction).then_some(1),
            latency_ns: None,
            faults: Faults::NONE,
            hearing: Hearing { one_direction: self.one_direction, ..Hearing::default() },
            dialogue: gridtap_model::Dialogue::NONE,
            identity: None,
            file: None,
        };
        f(&Observation {
            time,
            place: Place::default(),
            zone: Zone(self.zone),
            conversation: Conversation(1),
            transport: Transport::Tcp,
            protocol: Protocol::Modbus,
            source: if asks { master } else { server },
            destination: if asks { server } else { master },
            what: What::Message(message),
        })
    }
}

/// Gives an observation of a link event to `f`.
pub(crate) fn link<T>(
    client: (u8, u16),
    server: (u8, u16),
    event: LinkEvent,
    seconds: i64,
    f: impl FnOnce(&Observation<'_>) -> T,
) -> T {
    f(&Observation {
        time: at(seconds),
        place: Place::default(),
        zone: Zone(0),
        conversation: Conversation(1),
        transport: Transport::Tcp,
        protocol: Protocol::Unknown,
        source: Endpoint::new(host(client.0), client.1),
        destination: Endpoint::new(host(server.0), server.1),
        what: What::Link(event),
    })
}

/// A baseline with blocks of ten seconds.
pub(crate) fn short() -> Baseline {
    with(Config { block: gridtap_model::Span::from_secs(10), ..Config::default() })
}

pub(crate) fn with(config: Config) -> Baseline {
    Baseline::new(config, Site::default())
}

/// Judges and learns; a verdict of news alarms when the baseline is armed.
pub(crate) fn hear(baseline: &mut Baseline, seconds: i64, play: Play) -> Verdict {
    play.heard(at(seconds), |observation| {
        let verdict = baseline.judge(observation);
        let alarmed = verdict.armed && verdict.new_at.is_some() && !verdict.accepted;
        baseline.learn(observation, &verdict, alarmed);
        verdict
    })
}

/// Judges and learns as [`hear`], and gives the text of the key that was new, as it is told before it is learned.
pub(crate) fn key_told(baseline: &mut Baseline, seconds: i64, play: Play) -> String {
    let told = play.heard(at(seconds), |observation| {
        let What::Message(message) = &observation.what else { unreachable!("a play is a message") };
        let key = baseline.judge(observation).key.unwrap();
        baseline.text_of(key, Some(message))
    });
    hear(baseline, seconds, play);
    told
}

/// Judges only.
pub(crate) fn judged(baseline: &mut Baseline, seconds: i64, play: Play) -> Verdict {
    play.heard(at(seconds), |observation| baseline.judge(observation))
}

/// Learns without alarm.
pub(crate) fn learned(baseline: &mut Baseline, seconds: i64, play: Play) {
    play.heard(at(seconds), |observation| {
        let verdict = baseline.judge(observation);
        baseline.learn(observation, &verdict, false);
    });
}

/// A master polls two ranges of a device every second and writes one coil twice, for so many seconds.
pub(crate) fn routine(baseline: &mut Baseline, seconds: core::ops::Range<i64>) {
    for second in seconds {
        hear(baseline, second, Play::read(7, 21, 0, 10));
        hear(baseline, second, Play::read(7, 21, 0, 10).answered());
        hear(baseline, second, Play::read(7, 21, 100, 50));
        if matches!(second, 15 | 35) {
            hear(baseline, second, Play::coil(7, 21, 2));
        }
    }
}
