//! What is kept of the devices that were told of, through restarts.

use std::collections::BTreeMap;
use std::net::IpAddr;

use gridtap_baseline::{Baseline, Standing};
use gridtap_model::{Device, Protocol, SubAddress, Timestamp, Zone};
use gridtap_sensor::DeviceStanding;
use gridtap_telemetry::DeviceState;
use serde::{Deserialize, Serialize};

/// A device that was quiet for longer than this before the newest word of all is missed no more after a restart; it
/// was taken away.
const MISSED_NS: u64 = 7 * 86_400 * 1_000_000_000;

/// So many are kept at most: those that spoke last.
const KEPT_MAX: usize = 20_000;

/// What is kept of one device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// That it is silent was told last.
    pub(super) silent: bool,
    last: Option<Timestamp>,
    usual_ns: Option<u64>,
}

/// The same in the state.
#[derive(Debug, Serialize, Deserialize)]
struct Row {
    zone: u16,
    protocol: String,
    address: IpAddr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    common: Option<u16>,
    silent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_ns: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    usual_ns: Option<u64>,
}

impl Kept {
    pub(super) const fn of(standing: &DeviceStanding, silent: bool) -> Self {
        Self { silent, last: standing.last, usual_ns: standing.usual_ns }
    }

    /// It spoke since.
    pub(super) fn heard(&mut self, standing: &DeviceStanding) {
        self.last = self.last.max(standing.last);
        self.usual_ns = standing.usual_ns.or(self.usual_ns);
    }
}

impl Row {
    fn of(device: &Device, kept: &Kept) -> Self {
        let mut row = Self {
            zone: device.zone.0,
            protocol: device.protocol.name().to_owned(),
            address: device.address,
            unit: None,
            link: None,
            common: None,
            silent: kept.silent,
            last_ns: kept.last.map(Timestamp::nanos),
            usual_ns: kept.usual_ns,
        };
        match device.sub {
            SubAddress::None => {}
            SubAddress::Unit(unit) => row.unit = Some(unit),
            SubAddress::Link(link) => row.link = Some(link),
            SubAddress::Common(common) => row.common = Some(common),
        }
        row
    }

    /// None where a later gridtap wrote of a protocol that this one does not know.
    fn device(&self) -> Option<Device> {
        let protocols = [Protocol::Modbus, Protocol::Dnp3, Protocol::Iec104];
        let protocol = protocols.into_iter().find(|known| known.name() == self.protocol)?;
        let sub = match (self.unit, self.link, self.common) {
            (Some(unit), ..) => SubAddress::Unit(unit),
            (_, Some(link), _) => SubAddress::Link(link),
            (_, _, Some(common)) => SubAddress::Common(common),
            _ => SubAddress::None,
        };
        Some(Device { zone: Zone(self.zone), protocol, address: self.address, sub })
    }
}

pub(super) fn read(text: &str) -> serde_json::Result<BTreeMap<Device, Kept>> {
    let rows: Vec<Row> = serde_json::from_str(text)?;
    let kept = rows.iter().filter_map(|row| {
        let last = row.last_ns.map(Timestamp::from_nanos);
        let kept = Kept { silent: row.silent, last, usual_ns: row.usual_ns };
        Some((row.device()?, kept))
    });
    Ok(kept.collect())
}

pub(super) fn text(told: &BTreeMap<Device, Kept>) -> serde_json::Result<String> {
    let mut rows: Vec<(&Device, &Kept)> = told.iter().collect();
    if rows.len() > KEPT_MAX {
        rows.sort_by_key(|(_, kept)| std::cmp::Reverse(kept.last));
        rows.truncate(KEPT_MAX);
    }
    let rows: Vec<Row> = rows.into_iter().map(|(device, kept)| Row::of(device, kept)).collect();
    serde_json::to_string(&rows)
}

/// The devices that a baseline has heard answer.
pub(super) fn known(baseline: &Baseline) -> BTreeMap<Device, Kept> {
    let heard = baseline.network(KEPT_MAX).devices.into_iter();
    let known = heard.filter(|heard| heard.answered && heard.standing > Standing::Held);
    known
        .map(|heard| (heard.device, Kept { silent: false, last: Some(heard.last), usual_ns: None }))
        .collect()
}

/// Those that are missed where they do not speak.
pub(super) fn missed(told: &BTreeMap<Device, Kept>) -> impl Iterator<Item = DeviceStanding> + '_ {
    let newest = told.values().filter_map(|kept| kept.last).max();
    told.iter().filter_map(move |(device, kept)| {
        let last = kept.last?;
        let is_missed = newest.is_some_and(|newest| newest.since_ns(last) <= MISSED_NS);
        is_missed.then_some(DeviceStanding {
            device: *device,
            state: if kept.silent { DeviceState::Silent } else { DeviceState::Active },
            last: Some(last),
            usual_ns: kept.usual_ns,
        })
    })
}
