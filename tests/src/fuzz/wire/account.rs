//! What the wire has told, checked as it is told.

use std::collections::BTreeMap;

use gridtap_model::Transport;
use gridtap_wire::{Event, FlowId, Heard};

/// The flows that are open.
#[derive(Debug, Default)]
pub(super) struct Account {
    open: BTreeMap<FlowId, u64>,
    /// A frame was damaged: what it carried is no function of its place.
    distrusted: bool,
}

/// The octets of a direction from a place on: each eight of them say where they are and whose.
pub(super) fn payload(salt: u32, sequence: u32, length: usize) -> Vec<u8> {
    let places = (0..length).map(|index| sequence.wrapping_add(u32::try_from(index).unwrap_or(0)));
    places.map(|place| octet(salt, place)).collect()
}

fn octet(salt: u32, place: u32) -> u8 {
    let word = (place & !7) | (salt & 7);
    let word = u64::from(word) << 32 | u64::from(!word);
    let shift = 56_u32.saturating_sub((place & 7).saturating_mul(8));
    u8::try_from(word >> shift & 0xff).unwrap_or(0)
}

impl Account {
    pub(super) fn flows(&self) -> usize {
        self.open.len()
    }

    /// From here on payload may be anything.
    pub(super) fn distrust(&mut self) {
        self.distrusted = true;
    }

    pub(super) fn heard(&mut self, heard: &Heard<'_>) {
        let _ = format!("{heard:?}");
        let id = heard.flow.id;
        match heard.event {
            Event::Opened => {
                assert!(self.open.keys().all(|open| open.slot != id.slot), "a slot is used once");
                self.open.insert(id, 0);
                return;
            }
            Event::Closed(_) => {
                assert!(self.open.remove(&id).is_some(), "a flow closes once");
                return;
            }
            _ => assert!(self.open.contains_key(&id), "a flow speaks while it is open"),
        }
        let octets = match heard.event {
            Event::Bytes { bytes, .. } => {
                if heard.flow.transport == Transport::Tcp {
                    assert!(!bytes.is_empty(), "no event without octets");
                    assert!(self.distrusted || in_one_piece(bytes), "octets of one place each");
                }
                bytes.len()
            }
            Event::Gap { bytes, .. } => {
                assert!(bytes > 0, "no gap of nothing");
                0
            }
            _ => 0,
        };
        if let Some(heard) = self.open.get_mut(&id) {
            *heard = heard.saturating_add(u64::try_from(octets).unwrap_or(u64::MAX));
        }
        let told = heard.flow.octets.iter().fold(0_u64, |sum, octets| sum.saturating_add(*octets));
        let delivered = self.open.get(&id).copied().unwrap_or(0);
        assert!(delivered <= told, "{delivered} octets were delivered of {told} heard");
    }
}

/// Whether octets are what a direction holds from some place on.
fn in_one_piece(bytes: &[u8]) -> bool {
    // How many octets precede the first whole word is not told: try each number.
    (0..8_u32).any(|before| {
        let skipped = usize::try_from(before).unwrap_or(0);
        let word = bytes.get(skipped..).and_then(|rest| rest.first_chunk::<4>());
        // Too few to tell.
        let Some(word) = word.copied().map(u32::from_be_bytes) else { return true };
        payload(word & 7, (word & !7).wrapping_sub(before), bytes.len()) == bytes
    })
}
