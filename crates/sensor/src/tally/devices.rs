//! Devices that have series of their own: bounded, and found again without looking at their names.

use std::collections::HashMap;

use gridtap_baseline::Site;
use gridtap_model::{Device, Timestamp};
use gridtap_telemetry::{CommandClass, DeviceHeard, DeviceState, Heard, PROTOCOLS};

/// A device that is silent for less than this is not silent, however often it spoke before.
const SILENCE_LEAST_NS: u64 = 5 * 60 * 1_000_000_000;
/// How long the longest silence is remembered that a device is used to: this hour's and the last one's.
const SILENCE_WINDOW_NS: i64 = 3600 * 1_000_000_000;

/// The devices, in the order in which they got their place.
#[derive(Debug)]
pub(super) struct Devices {
    places: HashMap<Device, usize, ahash::RandomState>,
    rows: Vec<Row>,
    /// The one asked last: its answer comes next.
    last: usize,
    devices_max: usize,
    others: [[u64; CommandClass::COUNT]; PROTOCOLS.len()],
    capped: u64,
}

#[derive(Debug)]
struct Row {
    device: Device,
    name: String,
    commands: [u64; CommandClass::COUNT],
    last: Option<Timestamp>,
    silences: Silences,
}

/// The longest time between two words of a device, in this window and the one before.
#[derive(Debug, Clone, Copy, Default)]
struct Silences {
    window: i64,
    longest_ns: [u64; 2],
}

/// How one device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceStanding {
    /// The device.
    pub device: Device,
    /// How it stands.
    pub state: DeviceState,
    /// When it last said something.
    pub last: Option<Timestamp>,
}

impl Devices {
    pub(super) fn new(devices_max: usize) -> Self {
        Self {
            places: HashMap::with_hasher(ahash::RandomState::with_seeds(0x74, 0x61, 0x6c, 0x79)),
            rows: Vec::new(),
            last: 0,
            devices_max,
            others: Default::default(),
            capped: 0,
        }
    }

    /// A request to a device. It gets its place here only where the site declares it: whoever asks may make up devices.
    pub(super) fn asked(
        &mut self,
        device: &Device,
        protocol: usize,
        class: CommandClass,
        site: &Site,
    ) {
        let place = self.find(device).or_else(|| {
            site.device(device)?;
            self.admit(device, site)
        });
        let counts = match place.and_then(|place| self.rows.get_mut(place)) {
            Some(row) => Some(&mut row.commands),
            None => {
                let full = self.rows.len() >= self.devices_max;
                self.capped = self.capped.saturating_add(u64::from(full));
                self.others.get_mut(protocol)
            }
        };
        super::add(counts.and_then(|counts| counts.get_mut(class.index())));
    }

    /// A word of a device; only one that did what it was asked shows that it is there: a gateway refuses for others.
    pub(super) fn answered(&mut self, device: &Device, time: Timestamp, done: bool, site: &Site) {
        let place =
            self.find(device).or_else(|| if done { self.admit(device, site) } else { None });
        let Some(row) = place.and_then(|place| self.rows.get_mut(place)) else { return };
        if let Some(last) = row.last {
            row.silences.add(time, time.since_ns(last));
        }
        row.last = row.last.max(Some(time));
    }

    fn find(&mut self, device: &Device) -> Option<usize> {
        if self.rows.get(self.last).is_some_and(|row| row.device == *device) {
            return Some(self.last);
        }
        let place = *self.places.get(device)?;
        self.last = place;
        Some(place)
    }

    fn admit(&mut self, device: &Device, site: &Site) -> Option<usize> {
        if self.rows.len() >= self.devices_max || device.sub.is_broadcast() {
            return None;
        }
        let place = self.rows.len();
        self.places.insert(*device, place);
        self.rows.push(Row {
            device: *device,
            name: self.name(device, site),
            commands: Default::default(),
            last: None,
            silences: Silences::default(),
        });
        Some(place)
    }

    /// As anomalies name it; with its zone where another zone has one of that name already.
    fn name(&self, device: &Device, site: &Site) -> String {
        let name = match site.device_name(device) {
            Some(name) => format!("{name} ({device})"),
            None => device.to_string(),
        };
        if self.rows.iter().all(|row| row.name != name) {
            return name;
        }
        format!("{name} in {}", site.zone_name(device.zone))
    }

    /// How each stands, in the order in which they got their place.
    pub(super) fn standings(&self, now: Timestamp) -> impl Iterator<Item = DeviceStanding> + '_ {
        self.rows.iter().map(move |row| DeviceStanding {
            device: row.device,
            state: row.state(now),
            last: row.last,
        })
    }

    pub(super) fn tell(&self, heard: &mut Heard, now: Timestamp) {
        heard.devices = self
            .rows
            .iter()
            .map(|row| DeviceHeard {
                name: row.name.clone(),
                protocol: row.device.protocol,
                commands: row.commands,
                last: row.last,
                state: row.state(now),
            })
            .collect();
        heard.other_devices = self.others;
        heard.capped = self.capped;
    }
}

impl Row {
    fn state(&self, now: Timestamp) -> DeviceState {
        let Some(last) = self.last else { return DeviceState::Unanswered };
        let [this, before] = self.silences.longest_ns;
        let usual_ns = this.max(before).saturating_mul(2);
        if now.since_ns(last) > usual_ns.max(SILENCE_LEAST_NS) {
            DeviceState::Silent
        } else {
            DeviceState::Active
        }
    }
}

impl Silences {
    fn add(&mut self, time: Timestamp, ns: u64) {
        let window = time.nanos().div_euclid(SILENCE_WINDOW_NS);
        let [this, _] = self.longest_ns;
        match window.saturating_sub(self.window) {
            ..=0 => {}
            1 => self.longest_ns = [0, this],
            _ => self.longest_ns = [0, 0],
        }
        self.window = self.window.max(window);
        if let Some(longest) = self.longest_ns.first_mut() {
            *longest = ns.max(*longest);
        }
    }
}
