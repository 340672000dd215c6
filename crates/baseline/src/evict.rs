//! Making room when a table is full: what an attacker could have made goes first.

use std::collections::BTreeMap;

use gridtap_model::{Run, Timestamp};

use crate::baseline::Baseline;
use crate::key::{Flags, Key, Kind, NO_PARENT};
use crate::names::is_file;
use crate::path::{Path, Range};
use crate::rows::Stats;
use crate::tables::{Tables, low, slot};

/// Keys that one message can add beside those of its points and ranges.
const KEYS_OF_MESSAGE: usize = 8;

/// One part in so many is freed at once, so that a flood pays for the work of making room.
const SHARE: usize = 8;

impl Baseline {
    /// Makes room for what one observation can add, where a table is near its limit.
    pub(crate) fn make_room(&mut self, runs: &[Run<'_>], time: Timestamp) {
        // Looking for room is work that a flood could ask for again and again.
        if time < self.full_until {
            return;
        }
        let config = self.config.clone();
        let points = runs.iter().fold(0_usize, |sum, run| {
            sum.saturating_add(slot(run.count.min(config.points_of_message_max)))
        });
        let more = points.saturating_add(runs.len()).saturating_add(KEYS_OF_MESSAGE);
        let near = |length: usize, most: u32, more: usize| length.saturating_add(more) > slot(most);
        let keys = near(self.tables.keys.len(), config.keys_max, more);
        let hosts = near(self.tables.hosts.len(), config.hosts_max, 2);
        let devices = near(self.tables.devices.len(), config.devices_max, 1);
        let points = near(slot(self.tables.points), config.points_max, points);
        let (most, freed) = if keys {
            (config.keys_max, self.evict(|_| true, config.keys_max))
        } else if hosts {
            (config.hosts_max, self.evict(|kind| kind == Kind::Host, config.hosts_max))
        } else if devices {
            (config.devices_max, self.evict(|kind| kind == Kind::Device, config.devices_max))
        } else if points {
            (config.points_max, self.evict(|kind| kind == Kind::Point, config.points_max))
        } else {
            return;
        };
        if freed < slot(most).div_ceil(SHARE).div_ceil(SHARE) {
            self.full_until = time.plus_ns(self.block_ns());
        }
    }

    /// Forgets keys of some kinds: first what is held back or was only attempted, then what was heard
    /// in one block only, the newest first. What is better established stays. Says how many keys went.
    #[cold]
    fn evict(&mut self, kinds: impl Fn(Kind) -> bool, most: u32) -> usize {
        let decided = Flags::ACCEPTED.with(Flags::SIGNED);
        let order = |key: &Key| (!key.flags.has(Flags::HELD.with(Flags::ATTEMPTED)), key.first);
        let mut victims: Vec<u32> = (0_u32..)
            .zip(&self.tables.keys)
            .filter(|(_, key)| kinds(key.kind) && !key.flags.has(decided))
            .filter(|(_, key)| key.blocks < 2 || key.flags.has(Flags::HELD))
            .map(|(id, _)| id)
            .collect();
        // Held ones before others; of each, the newest first.
        victims.sort_by(|a, b| {
            let (a, b) = (self.tables.key(*a).map(order), self.tables.key(*b).map(order));
            let held = |order: Option<(bool, _)>| order.map(|(established, _)| established);
            held(a).cmp(&held(b)).then_with(|| b.map(|b| b.1).cmp(&a.map(|a| a.1)))
        });
        victims.truncate(slot(most).div_ceil(SHARE));
        if victims.is_empty() {
            return 0;
        }
        let mut doomed = vec![false; self.tables.keys.len()];
        for id in &victims {
            if let Some(doomed) = doomed.get_mut(slot(*id)) {
                *doomed = true;
            }
        }
        self.rebuild(&doomed);
        victims.len()
    }

    /// Builds all tables anew from the keys that stay.
    fn rebuild(&mut self, doomed: &[bool]) {
        let old = core::mem::replace(&mut self.tables, Tables::new(self.config.hash_seed));
        self.tables.acceptances = old.acceptances.clone();
        (self.dirty, self.fresh) = (Vec::new(), Vec::new());
        for zone in &mut self.zones {
            zone.forget_once();
        }
        let mut numbers = BTreeMap::new();
        for (id, key) in (0_u32..).zip(&old.keys) {
            let Some(path) = old.path(id) else { continue };
            if is_doomed(&old, id, doomed) {
                self.counters.keys_evicted = self.counters.keys_evicted.saturating_add(1);
                // What was never written to disk need not be removed from it.
                if !key.flags.has(Flags::FRESH) {
                    self.removed.push(path.text(&old.names));
                }
                continue;
            }
            if let Path::Function { role, code } = path {
                let protocol = role.device.protocol;
                self.tables.names.add(protocol, code, old.names.of(protocol, code));
            }
            if let Path::Address { role, range: Range { table, first: index, .. }, .. }
            | Path::Point { role, table, index } = path
                && is_file(role.device.protocol, table)
            {
                self.tables.names.add_file(index, old.names.file(index).as_bytes());
            }
            self.put(
                &path,
                Stats {
                    first: key.first,
                    last: key.last,
                    count: key.count,
                    blocks: key.blocks,
                    block: key.block,
                    flags: key.flags.without(Flags::DIRTY.with(Flags::FRESH)),
                    value: old.values.get(&id).copied(),
                },
            );
            let new = self.tables.find_path(&path).unwrap_or(NO_PARENT);
            if new != NO_PARENT {
                numbers.insert(id, new);
            }
            if key.flags.has(Flags::FRESH) {
                self.mark_fresh(new);
            } else if key.flags.has(Flags::DIRTY) {
                self.mark_dirty(new);
            }
        }
        self.cadences.renumber(&numbers);
        self.forget_hints();
        self.after_restore();
    }
}

/// Whether a key, or one that it hangs under, is to go.
fn is_doomed(tables: &Tables, id: u32, doomed: &[bool]) -> bool {
    let gone = |id: u32| id != NO_PARENT && doomed.get(slot(id)).copied().unwrap_or(false);
    let host = |host: u32| tables.hosts.get(slot(host)).is_some_and(|host| gone(host.key));
    let Some(key) = tables.key(id) else { return true };
    if gone(id) {
        return true;
    }
    match key.kind {
        Kind::Host => false,
        Kind::Device => host(key.parent),
        Kind::Conversation => host(key.parent) || host(low(key.detail >> 32)),
        Kind::Access => {
            let Some(pair) = tables.pairs.get(slot(key.parent)) else { return true };
            let device = tables.devices.get(slot(pair.device));
            host(pair.master) || device.is_none_or(|device| gone(device.key) || host(device.host))
        }
        Kind::Function | Kind::Read | Kind::Written | Kind::Point => {
            is_doomed(tables, key.parent, doomed)
        }
    }
}

#[cfg(test)]
mod tests;
