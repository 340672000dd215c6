//! Masters that share a device: some devices have one selection for all of them, and lose what one has selected when
//! another selects or operates something else.

use core::net::IpAddr;

use gridtap_model::{Device, Message, Observation, Phase, SubAddress, Timestamp};

use super::HELD_NS;
use crate::bounded::Bounded;

/// Masters of one device that are told apart.
const MASTERS_MAX: usize = 4;

/// What one master last did with a device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rival {
    pub(super) master: IpAddr,
    sub: SubAddress,
    selected: Option<Timestamp>,
    /// It selected or operated.
    controlled: Timestamp,
    /// Where.
    pub(super) frame: u64,
}

/// Who selects and operates at each device.
pub(super) struct Rivals(Bounded<Device, Vec<Rival>>);

impl Rivals {
    pub(super) fn new(devices_max: usize) -> Self {
        Self(Bounded::new(devices_max))
    }

    pub(super) const fn evicted(&self) -> u64 {
        self.0.evicted()
    }

    /// A select or an operate.
    pub(super) fn note(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        known: impl FnOnce() -> bool,
    ) {
        let (master, sub) = (message.master.address, message.dialogue.master_sub);
        let (now, frame) = (obs.time, obs.place.frame);
        let selected = (message.phase == Phase::Select).then_some(now);
        let rivals = self.0.entry(message.device, known);
        if let Some(own) = rivals.iter_mut().find(|it| (it.master, it.sub) == (master, sub)) {
            (own.selected, own.controlled) = (selected.or(own.selected), now);
            own.frame = frame;
            return;
        }
        if rivals.len() >= MASTERS_MAX {
            let oldest = rivals.iter().enumerate().min_by_key(|(_, it)| it.controlled);
            if let Some(oldest) = oldest.map(|(nth, _)| nth) {
                rivals.swap_remove(oldest);
            }
        }
        rivals.push(Rival { master, sub, selected, controlled: now, frame });
    }

    /// Who selected or operated at a device between the select of a master and the answer to its operate.
    pub(super) fn between(&self, obs: &Observation<'_>, message: &Message<'_>) -> Option<Rival> {
        let rivals = self.0.get(&message.device)?;
        let who = (message.master.address, message.dialogue.master_sub);
        let own = rivals.iter().find(|it| (it.master, it.sub) == who)?;
        let selected = own.selected.filter(|it| obs.time.since_ns(*it) <= HELD_NS)?;
        let others = rivals.iter().filter(|it| (it.master, it.sub) != who);
        others.filter(|it| it.controlled >= selected).max_by_key(|it| it.controlled).copied()
    }
}
