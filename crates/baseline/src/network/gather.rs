//! The lists, out of the tables: what is shown is chosen by number first, and only that is looked up.

use core::cmp::Reverse;

use gridtap_model::{Device, Timestamp};

use super::{ByClass, ConversationHeard, Cut, DeviceHeard, HostHeard, Network, Standing};
use crate::baseline::Baseline;
use crate::key::{Flags, Key, Kind, NO_PARENT, is_ledgered};
use crate::ledger::LedgerEntry;
use crate::path::Path;
use crate::tables::{CLASSES, Pair, low, slot};

/// How often each class was asked, by [`crate::tables::class_slot`].
type Asked = [u64; CLASSES.len()];

/// What may be shown: known before what is not, the newest first.
type Candidate = (Reverse<bool>, Reverse<Timestamp>, u32);

impl Baseline {
    /// Everything that was heard so far, at most `rows_max` rows of each list. Where there are more, what is known
    /// goes before what is not, and what was heard lately before what was not.
    #[must_use]
    pub fn network(&self, rows_max: usize) -> Network {
        let parties = Parties::of(self);
        let (hosts, hosts_cut) = self.hosts(&parties, rows_max);
        let (devices, devices_cut) = self.devices(&parties, rows_max);
        let (conversations, conversations_cut) = self.conversations(rows_max);
        let (commands, commands_cut) = self.commands(rows_max);
        Network {
            hosts,
            devices,
            conversations,
            commands,
            cut: Cut {
                hosts: hosts_cut,
                devices: devices_cut,
                conversations: conversations_cut,
                commands: commands_cut,
            },
        }
    }

    fn hosts(&self, parties: &Parties, rows_max: usize) -> (Vec<HostHeard>, u64) {
        let keyed = self.tables.hosts.iter().map(|host| host.key);
        let (chosen, cut) = self.chosen((0_u32..).zip(keyed), rows_max);
        let mut hosts: Vec<HostHeard> = chosen
            .filter_map(|id| {
                let host = self.tables.hosts.get(slot(id))?;
                let key = self.tables.key(host.key)?;
                Some(HostHeard {
                    zone: host.zone,
                    address: host.address,
                    asked: parties.asked_by(id),
                    serves: parties.serves(id),
                    first: key.first,
                    last: key.last,
                    standing: self.standing_of(host.key, key),
                })
            })
            .collect();
        hosts.sort_unstable_by_key(|host| (host.zone, host.address));
        (hosts, cut)
    }

    fn devices(&self, parties: &Parties, rows_max: usize) -> (Vec<DeviceHeard>, u64) {
        let keyed = self.tables.devices.iter().map(|known| known.key);
        let (chosen, cut) = self.chosen((0_u32..).zip(keyed), rows_max);
        let mut devices: Vec<DeviceHeard> = chosen
            .filter_map(|id| {
                let known = self.tables.devices.get(slot(id))?;
                let key = self.tables.key(known.key)?;
                Some(DeviceHeard {
                    device: known.device,
                    answered: key.flags.has(Flags::ANSWERED),
                    asked: parties.asked_of(id),
                    first: key.first,
                    last: key.last,
                    standing: self.standing_of(known.key, key),
                })
            })
            .collect();
        devices.sort_unstable_by_key(|known| known.device);
        (devices, cut)
    }

    /// Pairs of a master and a device, and the conversations that no such pair is part of.
    fn conversations(&self, rows_max: usize) -> (Vec<ConversationHeard>, u64) {
        let pairs = (0_u32..).zip(&self.tables.pairs);
        let of_pairs = pairs.clone().filter(|(_, pair)| self.is_there(pair.conversation));
        let mut decoded: Vec<u32> = of_pairs.clone().map(|(_, pair)| pair.conversation).collect();
        decoded.sort_unstable();
        decoded.dedup();
        let keys = (0_u32..).zip(&self.tables.keys);
        let others = keys
            .filter(|(id, key)| {
                key.kind == Kind::Conversation && decoded.binary_search(id).is_err()
            })
            .map(|(id, _)| (NO_PARENT, id));
        let mut candidates: Vec<(Candidate, u32)> = of_pairs
            .map(|(id, pair)| (id, pair.conversation))
            .chain(others)
            .filter_map(|(pair, key)| Some((self.candidate(key, key)?, pair)))
            .collect();
        let cut = shorten(&mut candidates, rows_max);
        let rows = candidates.into_iter().filter_map(|((.., key), pair)| {
            match self.tables.pairs.get(slot(pair)) {
                Some(pair) => self.spoken(pair),
                None => self.connected(key),
            }
        });
        let mut rows: Vec<ConversationHeard> = rows.collect();
        rows.sort_unstable_by_key(|row| {
            (row.zone, row.client, row.server, row.protocol, row.port, row.device)
        });
        (rows, cut)
    }

    /// The conversation of a master with a device.
    fn spoken(&self, pair: &Pair) -> Option<ConversationHeard> {
        let device: Device = self.tables.devices.get(slot(pair.device))?.device;
        let client = self.tables.hosts.get(slot(pair.master))?.address;
        let conversation = self.tables.key(pair.conversation)?;
        let accesses = pair.accesses.iter().filter_map(|id| Some((*id, self.tables.key(*id)?)));
        // The best established of what is done says how certain it is that the two speak.
        let best = accesses.clone().map(|(id, key)| self.standing_of(id, key)).max();
        let times = accesses.clone().map(|(_, key)| (key.first, key.last));
        let span = times.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let (first, last) = span.unwrap_or((conversation.first, conversation.last));
        let asked = self.asked(pair);
        Some(ConversationHeard {
            zone: device.zone,
            client,
            server: device.address,
            device: Some(device),
            protocol: device.protocol,
            port: 0,
            asked: by_class(&asked),
            first,
            last,
            count: asked.iter().fold(0, |sum, count| sum.saturating_add(*count)),
            standing: best.unwrap_or_else(|| self.standing_of(pair.conversation, conversation)),
        })
    }

    /// A conversation of which no device is known.
    fn connected(&self, id: u32) -> Option<ConversationHeard> {
        let key = self.tables.key(id)?;
        let Path::Conversation { zone, protocol, client, server, port } = self.tables.path(id)?
        else {
            return None;
        };
        Some(ConversationHeard {
            zone,
            client,
            server,
            device: None,
            protocol,
            port,
            asked: ByClass::new(),
            first: key.first,
            last: key.last,
            count: key.count,
            standing: self.standing_of(id, key),
        })
    }

    fn commands(&self, rows_max: usize) -> (Vec<LedgerEntry>, u64) {
        let listed = (0_u32..).zip(&self.tables.keys).filter(|(_, key)| self.is_listed(key));
        let newest = listed.map(|(id, key)| ((Reverse(false), Reverse(key.last), id), ()));
        let mut candidates: Vec<(Candidate, ())> = newest.collect();
        let cut = shorten(&mut candidates, rows_max);
        let ids = candidates.into_iter().map(|((.., id), ())| id);
        (self.ledger_of(ids), cut)
    }

    /// Whether the ledger lists a key.
    pub(crate) fn is_listed(&self, key: &Key) -> bool {
        if !matches!(key.kind, Kind::Function | Kind::Point) {
            return false;
        }
        let access = self.tables.key(key.parent);
        let class = access.and_then(|access| CLASSES.get(slot(low(access.detail))));
        class.is_some_and(|class| is_ledgered(*class))
    }

    /// How certain a key is at the time up to which was heard.
    pub(crate) fn standing_of(&self, id: u32, key: &Key) -> Standing {
        if self.tables.is_accepted(id, self.now()) {
            Standing::Accepted
        } else if key.flags.has(Flags::HELD) {
            Standing::Held
        } else if key.flags.has(Flags::SIGNED) {
            Standing::SignedOff
        } else if key.blocks >= 2 {
            Standing::Learned
        } else if key.flags.has(Flags::ATTEMPTED) {
            Standing::Attempted
        } else {
            Standing::Provisional
        }
    }

    /// Records of hosts or devices by number, each with its key: those that are shown, and how many are not.
    fn chosen(
        &self,
        keyed: impl Iterator<Item = (u32, u32)>,
        rows_max: usize,
    ) -> (impl Iterator<Item = u32>, u64) {
        let candidates = keyed.filter_map(|(id, key)| Some((self.candidate(id, key)?, ())));
        let mut candidates: Vec<(Candidate, ())> = candidates.collect();
        let cut = shorten(&mut candidates, rows_max);
        (candidates.into_iter().map(|((.., id), ())| id), cut)
    }

    fn candidate(&self, id: u32, key: u32) -> Option<Candidate> {
        let key = self.tables.key(key)?;
        Some((Reverse(key.is_plain()), Reverse(key.last), id))
    }

    fn is_there(&self, key: u32) -> bool {
        self.tables.key(key).is_some()
    }

    fn asked(&self, pair: &Pair) -> Asked {
        let mut asked = Asked::default();
        for (count, id) in asked.iter_mut().zip(&pair.accesses) {
            *count = self.tables.key(*id).map_or(0, |key| key.count);
        }
        asked
    }
}

/// What hosts and devices come to over all pairs.
struct Parties {
    by_host: Vec<Asked>,
    of_device: Vec<Asked>,
    serves: Vec<bool>,
}

impl Parties {
    fn of(baseline: &Baseline) -> Self {
        let tables = &baseline.tables;
        let mut parties = Self {
            by_host: vec![Asked::default(); tables.hosts.len()],
            of_device: vec![Asked::default(); tables.devices.len()],
            serves: vec![false; tables.hosts.len()],
        };
        for pair in &tables.pairs {
            let asked = baseline.asked(pair);
            let sums = [
                parties.by_host.get_mut(slot(pair.master)),
                parties.of_device.get_mut(slot(pair.device)),
            ];
            for (sum, count) in
                sums.into_iter().flatten().flat_map(|sums| sums.iter_mut().zip(asked))
            {
                *sum = sum.saturating_add(count);
            }
        }
        let conversations = tables.keys.iter().filter(|key| key.kind == Kind::Conversation);
        let servers = conversations.map(|key| low(key.detail >> 32));
        for host in tables.devices.iter().map(|known| known.host).chain(servers) {
            if let Some(serves) = parties.serves.get_mut(slot(host)) {
                *serves = true;
            }
        }
        parties
    }

    fn asked_by(&self, host: u32) -> ByClass {
        self.by_host.get(slot(host)).map(by_class).unwrap_or_default()
    }

    fn asked_of(&self, device: u32) -> ByClass {
        self.of_device.get(slot(device)).map(by_class).unwrap_or_default()
    }

    fn serves(&self, host: u32) -> bool {
        self.serves.get(slot(host)).copied().unwrap_or(false)
    }
}

fn by_class(asked: &Asked) -> ByClass {
    CLASSES.into_iter().zip(*asked).filter(|(_, count)| *count > 0).collect()
}

/// Leaves the first of them. How many went.
fn shorten<T: Ord>(candidates: &mut Vec<T>, rows_max: usize) -> u64 {
    let cut = candidates.len().saturating_sub(rows_max);
    if cut > 0 {
        candidates.select_nth_unstable(rows_max);
        candidates.truncate(rows_max);
    }
    u64::try_from(cut).unwrap_or(u64::MAX)
}
