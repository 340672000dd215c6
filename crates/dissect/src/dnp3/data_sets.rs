//! The descriptors of data sets that devices were heard to have: without them, values are octets.

use std::collections::BTreeMap;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use gridtap_dnp3::{
    Block, Carried, DescriptorCode, Elements, Fragment, FunctionCode, Object, PointIndexes,
};
use gridtap_model::{Group, Zone};

use super::framing::count_many;
use super::observe::Roles;
use crate::stage::{Shared, Speakers, ends};

/// A device as a group of conversations knows it: its zone, its host, its link address.
type Key = (Zone, IpAddr, u16, Group);

/// The first and the last group there can be.
fn groups() -> [Group; 2] {
    let [first, last] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::from_bits(u128::MAX).into()];
    [first, last].map(|host| Group::of_hosts(host, host))
}

/// Prototypes and descriptors of one device.
const DESCRIPTORS_MAX: usize = 128;

/// Octets that the descriptors of one device take at most, with so many octets of them.
pub(crate) fn descriptors_octets_max(octets_max: usize) -> usize {
    let each = size_of::<(About, Kept)>().saturating_mul(2);
    let device = size_of::<(Key, Descriptors)>().saturating_mul(2);
    octets_max.saturating_add(DESCRIPTORS_MAX.saturating_mul(each)).saturating_add(device)
}

/// What is known of the data sets of all devices.
#[derive(Debug, Default)]
pub(crate) struct DataSets {
    devices: BTreeMap<Key, Descriptors>,
    /// Messages about data sets, of all devices.
    heard: u64,
}

/// What one device said of its data sets, or was told by a master.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    /// When it was last heard, counted in messages.
    used: u64,
    kept: BTreeMap<About, Kept>,
    /// Prototypes and descriptors so far.
    heard: u64,
    changed: u64,
    evicted: u64,
}

/// A prototype or descriptor.
#[derive(Debug)]
struct Kept {
    /// When it was last heard, counted in prototypes and descriptors.
    used: u64,
    /// The device itself said it.
    of_device: bool,
    /// Its elements, but for those that no value depends on.
    octets: Box<[u8]>,
}

/// What a prototype or descriptor is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    /// What a data set is made of.
    Set(u64),
    /// What data sets have in common, by its UUID.
    Prototype([u8; 16]),
    /// The points that a data set has its values of.
    Points(u64),
}

/// Whether a fragment says anything of data sets.
fn is_concerned(fragment: &Fragment<'_>) -> bool {
    // Without an octet that could be such a group the headers need not be read. Without a way out the loop is one of
    // wide instructions.
    let may_be = |any, octet: &u8| any | matches!(octet, 85..=88);
    if !fragment.objects.iter().fold(false, may_be) {
        return false;
    }
    fragment.blocks().filter_map(Result::ok).any(|block| matches!(block.header.group, 85..=88))
}

/// What is known of the data sets that a fragment tells of, with what it says of them. It goes back by [`put_back`].
pub(super) fn take(
    shared: &mut Shared,
    speakers: &Speakers,
    fragment: &Fragment<'_>,
    roles: Roles,
) -> Option<Descriptors> {
    if !is_concerned(fragment) {
        return None;
    }
    let store = &mut shared.data_sets;
    store.heard = store.heard.saturating_add(1);
    let mut descriptors = store.devices.remove(&key(speakers, roles)).unwrap_or_default();
    descriptors.used = store.heard;
    descriptors.hear(fragment, shared.config.dnp3_data_set_octets_max);
    count_many(&mut shared.counters.dnp3_descriptors_changed, descriptors.changed);
    count_many(&mut shared.counters.dnp3_descriptors_evicted, descriptors.evicted);
    (descriptors.changed, descriptors.evicted) = (0, 0);
    Some(descriptors)
}

/// Keeps what [`take`] gave.
pub(super) fn put_back(
    shared: &mut Shared,
    speakers: &Speakers,
    roles: Roles,
    descriptors: Descriptors,
) {
    if descriptors.kept.is_empty() {
        return;
    }
    let key = key(speakers, roles);
    let devices_max = shared.config.dnp3_data_set_devices_max.max(1);
    let devices = &mut shared.data_sets.devices;
    if devices.len() >= devices_max {
        let [first, last] = groups();
        let host = (key.0, key.1, 0, first)..=(key.0, key.1, u16::MAX, last);
        // A host that makes addresses up makes room for them.
        let crowded = devices.range(host.clone()).count() >= devices_max.div_ceil(4);
        let mut devices_of_host = devices.range(host);
        let mut all = devices.iter();
        let among: &mut dyn Iterator<Item = (&Key, &Descriptors)> =
            if crowded { &mut devices_of_host } else { &mut all };
        let oldest = among.min_by_key(|(_, device)| device.used).map(|(key, _)| *key);
        let gone = oldest.and_then(|oldest| devices.remove(&oldest));
        let gone = gone.map_or(0, |gone| u64::try_from(gone.kept.len()).unwrap_or(u64::MAX));
        count_many(&mut shared.counters.dnp3_descriptors_evicted, gone);
    }
    devices.insert(key, descriptors);
}

fn key(speakers: &Speakers, roles: Roles) -> Key {
    let [_, device] = ends(speakers, roles.asking);
    (speakers.zone, device.address, roles.pair.1, speakers.group())
}

impl Descriptors {
    /// What a fragment says of data sets: an answer that tells them, or a write that defines them.
    fn hear(&mut self, fragment: &Fragment<'_>, octets_max: usize) {
        let of_device = match fragment.function {
            FunctionCode::RESPONSE | FunctionCode::UNSOLICITED_RESPONSE => true,
            FunctionCode::WRITE => false,
            _ => return,
        };
        for block in fragment.blocks().filter_map(Result::ok) {
            if matches!((block.header.group, block.header.variation), (85, 1) | (86, 1 | 3))
                && block.carried == Carried::Objects
            {
                self.block(&block, of_device, octets_max);
            }
        }
    }

    fn block(&mut self, block: &Block<'_>, of_device: bool, octets_max: usize) {
        for item in block.items().filter(|item| item.fault.is_none()) {
            let kept = match item.object {
                Object::Elements(elements) if block.header.group == 85 => {
                    let uuid = { elements }.find_map(|element| element.uuid());
                    uuid.map(|uuid| (About::Prototype(uuid), telling(item.octets)))
                }
                Object::Elements(elements) => {
                    elements.id().map(|id| (About::Set(id), telling(item.octets)))
                }
                Object::PointIndexes(points) => {
                    points.id().map(|id| (About::Points(id), item.octets.into()))
                }
                _ => None,
            };
            if let Some((about, octets)) = kept {
                self.heard = self.heard.saturating_add(1);
                self.keep(about, Kept { used: self.heard, of_device, octets }, octets_max);
            }
        }
    }

    /// What a device says of itself holds before what a master would have it be: a write may be refused.
    fn keep(&mut self, about: About, kept: Kept, octets_max: usize) {
        if let Some(known) = self.kept.get(&about) {
            if known.of_device && !kept.of_device {
                return;
            }
            let differs = known.octets != kept.octets;
            self.changed = self.changed.saturating_add(differs.into());
        }
        self.kept.insert(about, kept);
        while self.kept.len() > DESCRIPTORS_MAX || self.octets() > octets_max {
            // What a master would have it be makes room before what the device says.
            let oldest = self.kept.iter().min_by_key(|(_, kept)| (kept.of_device, kept.used));
            let Some(oldest) = oldest.map(|(about, _)| *about) else { return };
            self.kept.remove(&oldest);
            self.evicted = self.evicted.saturating_add(1);
        }
    }

    fn octets(&self) -> usize {
        self.kept.values().map(|kept| kept.octets.len()).sum()
    }

    fn find(&self, about: About) -> Option<&[u8]> {
        self.kept.get(&about).map(|kept| &*kept.octets)
    }

    /// The elements of a data set, without those of its prototypes; none where it was not described.
    pub(super) fn elements(&self, set: u64) -> Option<Elements<'_>> {
        self.find(About::Set(set)).map(Elements::of)
    }

    /// The elements of a prototype.
    pub(super) fn prototype(&self, uuid: [u8; 16]) -> Option<Elements<'_>> {
        self.find(About::Prototype(uuid)).map(Elements::of)
    }

    /// The points of a data set's elements.
    pub(super) fn points(&self, set: u64) -> Option<PointIndexes<'_>> {
        self.find(About::Points(set)).and_then(PointIndexes::of)
    }
}

/// The elements that say what values are, and the name of the whole: a list that is gone through for each message
/// holds nothing to be passed over.
fn telling(octets: &[u8]) -> Box<[u8]> {
    let mut telling = Vec::with_capacity(octets.len());
    let mut rest = Elements::of(octets);
    let mut named = false;
    loop {
        let before = rest.octets();
        let Some(element) = rest.next() else { break };
        let name = element.code == DescriptorCode::NAME && !core::mem::replace(&mut named, true);
        if name || element.code.has_value() || element.code == DescriptorCode::PROTOTYPE {
            let length = before.len().saturating_sub(rest.octets().len());
            telling.extend_from_slice(before.get(..length).unwrap_or_default());
        }
    }
    telling.into()
}
