//! What was heard, in plain counts: one owner, no lock, no string for each observation.

mod devices;
mod polls;

use gridtap_baseline::Site;
use gridtap_model::{Message, Observation, Outcome, Phase, Timestamp, What};
use gridtap_telemetry::{
    CommandClass, Config, Heard, InterfaceHeard, PROTOCOLS, RefusalCode, Spread, place_of,
};

pub use self::devices::DeviceStanding;

use self::devices::Devices;

/// Counts of packets by input, and of messages by protocol and device.
#[derive(Debug)]
pub(crate) struct Tally {
    interfaces: Vec<InterfaceHeard>,
    exchanges: [Exchanges; PROTOCOLS.len()],
    devices: Devices,
    /// The time of the newest packet.
    newest: Option<Timestamp>,
}

/// A pause of this length in all that is heard is the sensor's own: nobody was silent for it.
const DEAF_NS: u64 = 5 * 60 * 1_000_000_000;

/// The messages of one protocol.
#[derive(Debug, Clone, Copy)]
struct Exchanges {
    commands: [u64; CommandClass::COUNT],
    exceptions: [u64; RefusalCode::COUNT],
    response: Spread,
}

impl Default for Exchanges {
    fn default() -> Self {
        Self {
            commands: [0; CommandClass::COUNT],
            exceptions: [0; RefusalCode::COUNT],
            response: Spread::RESPONSE,
        }
    }
}

impl Tally {
    /// `captures` names the inputs in the order of their ordinals.
    pub(crate) fn new(captures: &[String], config: &Config) -> Self {
        let interface = |name: &String| InterfaceHeard { name: name.clone(), ..Default::default() };
        Self {
            interfaces: captures.iter().map(interface).collect(),
            exchanges: Default::default(),
            devices: Devices::new(usize::try_from(config.devices_max).unwrap_or(usize::MAX)),
            newest: None,
        }
    }

    /// A device of an earlier run has its place from the start.
    pub(crate) fn know(&mut self, known: &DeviceStanding, site: &Site) {
        self.devices.know(known, site);
    }

    /// One packet of an input.
    pub(crate) fn packet(&mut self, capture: u16, octets: u32, time: Timestamp) {
        if self.newest.is_none_or(|newest| time.since_ns(newest) > DEAF_NS) {
            self.devices.hear_again(time);
        }
        self.newest = self.newest.max(Some(time));
        if let Some(interface) = self.interfaces.get_mut(usize::from(capture)) {
            interface.packets = interface.packets.saturating_add(1);
            interface.bytes = interface.bytes.saturating_add(u64::from(octets));
            interface.last = interface.last.max(Some(time));
        }
    }

    /// One observation; only messages count.
    pub(crate) fn observe(&mut self, observation: &Observation<'_>, site: &Site) {
        let What::Message(message) = &observation.what else { return };
        let Some(place) = place_of(observation.protocol) else { return };
        let Some(exchanges) = self.exchanges.get_mut(place) else { return };
        match message.phase {
            Phase::Request | Phase::Select | Phase::Operate => {
                let class = CommandClass::of(observation.protocol, message);
                add(exchanges.commands.get_mut(class.index()));
                self.devices.asked(place, class, (message, observation.time), site);
            }
            // An answer to a request that was not heard says that the device lives, and how it refused.
            Phase::Response | Phase::Unsolicited | Phase::Exception => {
                exchanges.answer(message);
                let done = message.outcome == Outcome::Success;
                self.devices.answered(&message.device, observation.time, done, site);
            }
            Phase::Confirm | Phase::Unanswered => {}
        }
    }

    /// How each device stands that has a place; `now` decides which are silent.
    pub(crate) fn devices(&self, now: Timestamp) -> impl Iterator<Item = DeviceStanding> + '_ {
        self.devices.standings(now)
    }

    /// What these come to; `now` decides which devices are silent.
    pub(crate) fn tell(&self, heard: &mut Heard, now: Timestamp) {
        heard.interfaces.clone_from(&self.interfaces);
        for (protocol, exchanges) in heard.protocols.iter_mut().zip(&self.exchanges) {
            protocol.commands = exchanges.commands;
            protocol.exceptions = exchanges.exceptions;
            protocol.response = exchanges.response;
        }
        self.devices.tell(heard, now);
    }
}

impl Exchanges {
    fn answer(&mut self, message: &Message<'_>) {
        if let Outcome::Refused { reason, .. } = message.outcome {
            add(self.exceptions.get_mut(RefusalCode::from(reason).index()));
        }
        if let Some(latency_ns) = message.latency_ns {
            self.response.add(latency_ns);
        }
    }
}

fn add(count: Option<&mut u64>) {
    if let Some(count) = count {
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests;
