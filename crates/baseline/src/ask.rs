//! Questions that detections ask about parties they know.

use core::net::IpAddr;

use gridtap_model::{Device, Endpoint, Message, Observation, Protocol, Timestamp, Zone};

use crate::baseline::Baseline;
use crate::facts::FactKey;
use crate::key::{Flags, NO_PARENT};
use crate::message::{finest, role_of};
use crate::path::{Code, Path, protocol_has_port};
use crate::tables::slot;
use crate::verdict::NewKey;

/// Whether a message says what its master wants: a request, or the answer to one whose direction is not heard.
#[must_use]
pub fn is_asking(message: &Message<'_>) -> bool {
    crate::message::asks(message)
}

/// How two hosts know each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acquaintance {
    /// They speak on this port, in its own protocol or another.
    pub here: bool,
    /// They speak.
    pub at_all: bool,
}

impl Baseline {
    /// The finest key of a message: what a person may accept of it where nothing in it is new, but how it is used.
    #[must_use]
    pub fn finest_key(&self, message: &Message<'_>) -> Option<NewKey> {
        let role = role_of(message);
        finest(&role, Code::from(message.function), message).next().map(NewKey)
    }

    /// The text of a key in the form of exports, as a person may accept it. Of a message it has the names that came with it.
    #[must_use]
    pub fn text_of(&self, NewKey(path): NewKey, message: Option<&Message<'_>>) -> String {
        let names = &self.tables.names;
        message.map_or_else(|| path.text(names), |message| path.text_of(names, message))
    }

    /// Whether novelty is judged between this device and this master: learned in the zone, or declared.
    #[must_use]
    pub fn is_armed(&self, device: &Device, master: IpAddr) -> bool {
        self.is_zone_armed(device.zone) || self.site.covers(device, master)
    }

    /// Whether the flow and function levels judge in this zone: they do not in a lesson.
    #[must_use]
    pub fn is_zone_armed(&self, zone: Zone) -> bool {
        self.judges_in(zone)
    }

    /// The known masters of a device, those who command it or all of them, by address.
    #[must_use]
    pub fn masters(&self, device: &Device, commanding: bool) -> Vec<IpAddr> {
        let tables = &self.tables;
        let known = tables.device(device).and_then(|id| tables.devices.get(slot(id)));
        let pairs = known.map(|known| known.pairs.as_slice()).unwrap_or_default();
        let counts = |id: &u32| *id != NO_PARENT && tables.is_known(*id, Timestamp::MIN);
        let masters = pairs.iter().filter_map(|id| tables.pairs.get(slot(*id))).filter(|pair| {
            if commanding { pair.commands } else { pair.accesses.iter().any(counts) }
        });
        let mut masters: Vec<IpAddr> = masters
            .filter_map(|pair| tables.hosts.get(slot(pair.master)))
            .map(|host| host.address)
            .collect();
        masters.sort_unstable();
        masters
    }

    /// Whether a host is known as a master of a device: heard as that, declared as that, or declared to take the place
    /// of one that is.
    #[must_use]
    pub fn is_master_of(&self, device: &Device, host: IpAddr) -> bool {
        let tables = &self.tables;
        let asks = |host: IpAddr| {
            let master = tables.host(device.zone, host);
            let pair = master.zip(tables.device(device)).and_then(|(m, d)| tables.pair(m, d));
            pair.is_some_and(|pair| self.is_pair_known(pair))
        };
        asks(host)
            || self.site.allows(device, host)
            || self.site.stands_in_for(host).into_iter().any(asks)
    }

    /// Whether a host is known as a master of any device of its zone.
    #[must_use]
    pub fn is_master(&self, zone: Zone, host: IpAddr) -> bool {
        let known = self.tables.host(zone, host).and_then(|id| self.tables.hosts.get(slot(id)));
        known.is_some_and(|host| host.pairs.iter().any(|pair| self.is_pair_known(*pair)))
    }

    fn is_pair_known(&self, pair: u32) -> bool {
        let tables = &self.tables;
        let is_access = |id: &u32| *id != NO_PARENT && tables.is_known(*id, Timestamp::MIN);
        tables.pairs.get(slot(pair)).is_some_and(|pair| pair.accesses.iter().any(is_access))
    }

    /// The most that was learned of a master: where it is declared to take another one's place, of that one too.
    #[must_use]
    pub fn usual_count(&self, key: &FactKey) -> u64 {
        let own = self.facts.count(key);
        let Some(master) = key.master else { return own };
        let first = self.site.stands_in_for(master).into_iter();
        let of = |master| self.facts.count(&FactKey { master: Some(master), ..*key });
        first.map(of).fold(own, u64::max)
    }

    /// On how many occasions something was learned, as its fact counts them in `against`: of the one it is about and of
    /// whose place that is declared to take.
    #[must_use]
    pub fn occasions(&self, key: &FactKey) -> u64 {
        let of = |key: FactKey| self.facts.get(&key).map_or(0, |fact| fact.against);
        let first = key.master.map(|master| self.site.stands_in_for(master)).unwrap_or_default();
        let theirs = first.into_iter().map(|master| of(FactKey { master: Some(master), ..*key }));
        theirs.fold(of(*key), u64::max)
    }

    /// Whether a host has established itself as one that commands in this zone: its commands were heard in
    /// two blocks at least, or signed off; or those of the host whose place it is declared to take.
    #[must_use]
    pub fn is_established_commander(&self, zone: Zone, master: IpAddr) -> bool {
        let first = self.site.stands_in_for(master);
        core::iter::once(master).chain(first).any(|host| self.is_established(zone, host))
    }

    fn is_established(&self, zone: Zone, master: IpAddr) -> bool {
        let tables = &self.tables;
        let host = tables.host(zone, master).and_then(|id| tables.hosts.get(slot(id)));
        let pairs = host.map(|host| host.pairs.as_slice()).unwrap_or_default();
        let mut first_block = None;
        let accesses = pairs
            .iter()
            .filter_map(|id| tables.pairs.get(slot(*id)))
            .filter(|pair| pair.commands)
            .flat_map(|pair| pair.accesses.iter().filter_map(|id| tables.key(*id)))
            .filter(|key| key.flags.has(Flags::COMMAND) && !key.flags.has(Flags::HELD));
        for key in accesses {
            let other = first_block.replace(key.block).is_some_and(|block| block != key.block);
            if key.blocks >= 2 || key.flags.has(Flags::SIGNED) || other {
                return true;
            }
        }
        false
    }

    /// Whether a host is known: it was heard in something that did not alarm, or is declared.
    #[must_use]
    pub fn knows_host(&self, zone: Zone, address: IpAddr, time: Timestamp) -> bool {
        let tables = &self.tables;
        let key = tables.host(zone, address).and_then(|id| tables.hosts.get(slot(id)));
        key.is_some_and(|host| host.key != NO_PARENT && tables.is_known(host.key, time))
            || self.site.has_host(zone, address)
    }

    /// How a client is known to speak with a server: on this very port, or at all in one of the protocols that are
    /// recognised wherever they are spoken.
    #[must_use]
    pub fn acquaintance(
        &self,
        zone: Zone,
        client: IpAddr,
        server: Endpoint,
        time: Timestamp,
    ) -> Acquaintance {
        let known = |client: IpAddr, protocol: Protocol| {
            let port = if protocol_has_port(protocol) { server.port } else { 0 };
            let path = Path::Conversation { zone, protocol, client, server: server.address, port };
            self.tables.find_path(&path).is_some_and(|id| self.tables.is_known(id, time))
        };
        let registered = Protocol::of_port(server.port);
        let here = |client| known(client, registered) || known(client, Protocol::Unknown);
        let spoken = [Protocol::Modbus, Protocol::Dnp3, Protocol::Iec104, Protocol::Tls];
        let at_all = |client| spoken.into_iter().any(|protocol| known(client, protocol));
        // A standby that takes its master's place speaks with those whom that one spoke with.
        let either = |asked: &dyn Fn(IpAddr) -> bool| {
            asked(client) || self.site.stands_in_for(client).into_iter().any(asked)
        };
        let here = either(&here);
        Acquaintance { here, at_all: here || either(&at_all) }
    }

    /// Whether a device has ever answered.
    #[must_use]
    pub fn has_answered(&self, device: &Device) -> bool {
        let known = self.tables.device(device).and_then(|id| self.tables.devices.get(slot(id)));
        known
            .and_then(|known| self.tables.key(known.key))
            .is_some_and(|key| key.flags.has(Flags::ANSWERED))
    }

    /// Learns from an answer that its device is there. It needs no judgement of its own.
    pub fn answered(&mut self, observation: &Observation<'_>, message: &Message<'_>) {
        if self.repeated {
            return;
        }
        self.hear(observation.time);
        self.learn_answer(observation, message);
    }
}
