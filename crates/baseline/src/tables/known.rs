//! What counts as known, and what is derived from it.

use gridtap_model::{Protocol, Timestamp, Zone};

use super::detail::{conversation_detail, slot};
use super::{Pair, Tables};
use crate::coverage::Coverage;
use crate::key::{Flags, Kind, NO_PARENT, commands, operates};
use crate::path::{Code, Path};

impl Pair {
    /// The points that its master commands, or those that it reads.
    pub(crate) const fn way(&self, commanded: bool) -> &Coverage {
        if commanded { &self.commanded } else { &self.read }
    }
}

impl Tables {
    /// Whether a key counts as known at this time.
    pub(crate) fn is_known(&self, id: u32, time: Timestamp) -> bool {
        let Some(key) = self.key(id) else { return false };
        key.is_plain() || {
            let held = key.flags.has(Flags::HELD) && !self.is_accepted(id, time);
            !held && (!key.flags.has(Flags::ATTEMPTED) || key.blocks >= 2)
        }
    }

    /// Enters a pair among those of its device: its master is known there.
    pub(crate) fn meet(&mut self, id: u32) {
        let Some(pair) = self.pairs.get_mut(slot(id)) else { return };
        if core::mem::replace(&mut pair.met, true) {
            return;
        }
        if let Some(outstation) = self.devices.get_mut(slot(pair.device)) {
            outstation.pairs.push(id);
        }
    }

    /// Holds a key back.
    pub(crate) fn hold(&mut self, id: u32) {
        let Some(key) = self.keys.get_mut(slot(id)) else { return };
        if !key.flags.has(Flags::HELD) {
            key.flags = key.flags.with(Flags::HELD);
            self.held = self.held.saturating_add(1);
        }
    }

    /// Holds a key back no longer.
    pub(crate) fn release(&mut self, id: u32) {
        let Some(key) = self.keys.get_mut(slot(id)) else { return };
        if key.flags.has(Flags::HELD) {
            key.flags = key.flags.without(Flags::HELD);
            self.held = self.held.saturating_sub(1);
        }
    }

    /// Gives a key its properties as they were kept.
    pub(crate) fn set_flags(&mut self, id: u32, flags: Flags) {
        self.release(id);
        if let Some(key) = self.keys.get_mut(slot(id)) {
            key.flags = flags.without(Flags::HELD);
        }
        if flags.has(Flags::HELD) {
            self.hold(id);
        }
    }

    /// Whether a person accepted exactly this key, and the acceptance has not expired.
    pub(crate) fn is_accepted(&self, id: u32, time: Timestamp) -> bool {
        self.key(id).is_some_and(|key| key.flags.has(Flags::ACCEPTED))
            && self
                .path(id)
                .and_then(|path| self.acceptances.get(&path))
                .is_some_and(|acceptance| acceptance.holds_at(time))
    }

    /// Whether the site uses this function in the zone.
    pub(crate) fn is_function_in_zone(&self, zone: Zone, protocol: Protocol, code: Code) -> bool {
        self.functions.contains_key(&(zone, protocol, code))
    }

    /// Counts a key that has become known where known keys are counted.
    pub(crate) fn count_known(&mut self, path: &Path) {
        match path {
            Path::Function { role, code } => {
                let function = (role.device.zone, role.device.protocol, *code);
                let count = self.functions.entry(function).or_insert(0);
                *count = count.saturating_add(1);
            }
            Path::Access(role) => {
                let Some(id) = self.pair_of(role) else { return };
                self.meet(id);
                let Some(pair) = self.pairs.get_mut(slot(id)).filter(|_| commands(role.class))
                else {
                    return;
                };
                let first = !core::mem::replace(&mut pair.commands, true);
                let operates = operates(role.class);
                let first_operated = operates && !core::mem::replace(&mut pair.operates, true);
                if let Some(host) = self.hosts.get_mut(slot(pair.master)) {
                    host.commanded = host.commanded.saturating_add(u32::from(first));
                    host.operated = host.operated.saturating_add(u32::from(first_operated));
                }
            }
            _ => {}
        }
    }

    /// Adds the points of a known range or point to what its master is known to access.
    pub(crate) fn cover_known(&mut self, path: &Path) {
        let (role, table, first, count, written) = match path {
            Path::Address { role, range, .. } => {
                (role, range.table, range.first, u32::from(range.count), range.written)
            }
            Path::Point { role, table, index } => (role, *table, *index, 1, true),
            _ => return,
        };
        let Some(id) = self.pair_of(role) else { return };
        self.meet(id);
        if let Some(pair) = self.pairs.get_mut(slot(id)) {
            let coverage = if written { &mut pair.commanded } else { &mut pair.read };
            coverage.add(table, first, count);
        }
    }

    /// Gives every pair the number of its conversation's key.
    pub(crate) fn link_conversations(&mut self) {
        for id in 0..self.pairs.len() {
            let Some(pair) = self.pairs.get(id) else { continue };
            let Some(known) = self.devices.get(slot(pair.device)) else { continue };
            let detail = conversation_detail(known.host, known.device.protocol, 0);
            let conversation = self.find(Kind::Conversation, pair.master, detail);
            if let Some(pair) = self.pairs.get_mut(id) {
                pair.conversation = conversation.unwrap_or(NO_PARENT);
            }
        }
    }
}
