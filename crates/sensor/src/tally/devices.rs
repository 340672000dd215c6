//! Devices that have series of their own: bounded, and found again without looking at their names.

mod silence;

use std::collections::HashMap;

use gridtap_baseline::Site;
use gridtap_model::{Class, Device, Message, Timestamp};
use gridtap_telemetry::{CommandClass, DeviceHeard, DeviceState, Heard, PROTOCOLS};

use super::polls::Polls;
use silence::Silences;

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
    /// The sensor hears since then without a long pause. What was quiet before may be its own deafness.
    hears_since: Timestamp,
}

#[derive(Debug)]
struct Row {
    device: Device,
    name: String,
    commands: [u64; CommandClass::COUNT],
    last: Option<Timestamp>,
    silences: Silences,
    polls: Polls,
    /// It was silent when the sensor was last stopped, and has not spoken since.
    was_silent: bool,
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
    /// The longest silence that it is used to; none where too little was heard to say.
    pub usual_ns: Option<u64>,
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
            hears_since: Timestamp::MIN,
        }
    }

    /// A device of an earlier run has its place from the start.
    pub(super) fn know(&mut self, known: &DeviceStanding, site: &Site) {
        if self.places.contains_key(&known.device) {
            return;
        }
        let Some(row) = self.admit(&known.device, site).and_then(|place| self.rows.get_mut(place))
        else {
            return;
        };
        row.last = known.last;
        row.was_silent = known.state == DeviceState::Silent;
        if let (Some(last), Some(usual_ns)) = (known.last, known.usual_ns) {
            row.silences = Silences::known(last, usual_ns);
        }
    }

    /// The sensor has heard nothing for long, and hears again.
    pub(super) fn hear_again(&mut self, time: Timestamp) {
        self.hears_since = time;
    }

    /// A request to a device. It gets its place here only where the site declares it: whoever asks may make up devices.
    pub(super) fn asked(
        &mut self,
        protocol: usize,
        class: CommandClass,
        (message, time): (&Message<'_>, Timestamp),
        site: &Site,
    ) {
        let device = &message.device;
        let place = self.find(device).or_else(|| {
            site.device(device)?;
            self.admit(device, site)
        });
        let counts = match place.and_then(|place| self.rows.get_mut(place)) {
            Some(row) => {
                if message.class == Class::Read {
                    row.polls.asked(message, time);
                }
                Some(&mut row.commands)
            }
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
        row.silences.add(time, row.last);
        row.was_silent = false;
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
            polls: Polls::default(),
            was_silent: false,
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
            state: row.state(now, self.hears_since),
            last: row.last,
            usual_ns: row.silences.usual_ns(),
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
                state: row.state(now, self.hears_since),
                poll: row.polls.interval(),
            })
            .collect();
        heard.other_devices = self.others;
        heard.capped = self.capped;
    }
}

impl Row {
    fn state(&self, now: Timestamp, hears_since: Timestamp) -> DeviceState {
        let Some(last) = self.last else { return DeviceState::Unanswered };
        let quiet_ns = now.since_ns(last.max(hears_since));
        if self.was_silent || quiet_ns > self.silences.patience_ns() {
            DeviceState::Silent
        } else {
            DeviceState::Active
        }
    }
}
