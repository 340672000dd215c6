//! What is heard, as people and programs are shown it: the facts of the baseline with the names of the site file.

use std::collections::{BTreeMap, BTreeSet};

use gridtap_api::network as shown;
use gridtap_baseline::{Baseline, HostRole, LedgerEntry, LevelState, PerLevel, Site};
use gridtap_baseline::{ByClass, ConversationHeard, DeviceHeard, HostHeard};
use gridtap_model::{Class, Device, SubAddress, Timestamp, Zone};
use gridtap_sensor::DeviceStanding;
use gridtap_telemetry::Label as _;

use crate::knowledge;

/// A draft of more keys than this is not made beside the packets.
const DRAFT_KEYS_MAX: u64 = 10_000;

/// What is heard, at most `rows_max` rows of each list. `time` is that of the newest packet, `standings` tells how
/// devices stand that were heard in this run.
pub(crate) fn overview(
    baseline: &Baseline,
    standings: impl Iterator<Item = DeviceStanding>,
    time: Option<Timestamp>,
    rows_max: usize,
) -> shown::Overview {
    let site = baseline.site();
    let network = baseline.network(rows_max);
    let levels = baseline.levels();
    let states: BTreeMap<Device, &'static str> =
        standings.map(|each| (each.device, each.state.name())).collect();
    let zones = levels.zones.iter().map(|zone| shown::ZoneLevels {
        zone: zone.name.clone(),
        levels: each_level(&zone.levels),
    });
    let mut devices: Vec<shown::Device> =
        network.devices.iter().map(|heard| device(heard, &states, site)).collect();
    devices.extend(unheard(&network.devices, site).take(rows_max.saturating_sub(devices.len())));
    let learned_ns =
        levels.since.zip(levels.until).map_or(0, |(since, until)| until.since_ns(since));
    shown::Overview {
        time,
        learning: shown::Learning {
            since: levels.since,
            until: levels.until,
            learned_for_s: learned_ns / 1_000_000_000,
            block_s: levels.block_s,
            blocks: levels.blocks,
            armed: levels.armed,
            sentence: knowledge::sentence(&levels),
            declared: levels.declared.clone(),
        },
        levels: each_level(&levels.levels),
        zones: if levels.zones.len() > 1 { zones.collect() } else { Vec::new() },
        hosts: network.hosts.iter().map(|heard| host(heard, site)).collect(),
        devices,
        conversations: network.conversations.iter().map(|heard| spoken(heard, site)).collect(),
        commands: network.commands.iter().map(|entry| command(entry, site)).collect(),
        cut: shown::Cut {
            hosts: network.cut.hosts,
            devices: network.cut.devices,
            conversations: network.cut.conversations,
            commands: network.cut.commands,
        },
        draft: draft(baseline, &levels.levels),
    }
}

fn draft(baseline: &Baseline, levels: &PerLevel) -> String {
    let keys = levels.flow.keys.saturating_add(levels.point.keys);
    if keys <= DRAFT_KEYS_MAX {
        return baseline.draft_of_site();
    }
    format!(
        "# A draft of {keys} keys is too long to be made beside the packets: `gridtap baseline draft --state DIR` makes it.\n"
    )
}

fn each_level(levels: &PerLevel) -> Vec<shown::Level> {
    knowledge::each(levels).map(|(name, state)| level(name, state)).into()
}

fn level(name: &str, state: &LevelState) -> shown::Level {
    shown::Level {
        level: name.to_owned(),
        armed: state.armed,
        armed_in_s: (!state.armed && state.armed_in_s > 0).then_some(state.armed_in_s),
        waits_for: knowledge::waits_for(state).map(str::to_owned),
        keys: state.keys,
        blocks: state.blocks,
        novel_per_day: state.novel_per_day,
        novel_per_day_max: state.novel_per_day_max,
    }
}

fn host(heard: &HostHeard, site: &Site) -> shown::Host {
    let declared = site.host(heard.address);
    shown::Host {
        id: of_zone(heard.address.to_string(), heard.zone),
        zone: zone(heard.zone, site),
        address: heard.address.to_string(),
        name: declared.map(|host| host.name.clone()),
        role: match declared {
            Some(host) => role(host.role),
            None => guessed_role(heard),
        },
        declared: declared.is_some(),
        classes: classes(&heard.asked),
        first: Some(heard.first),
        last: Some(heard.last),
        standing: heard.standing.name(),
    }
}

/// As the draft of a site file has it.
fn guessed_role(heard: &HostHeard) -> &'static str {
    let only_looks = |class: &Class| matches!(class, Class::Read | Class::Link | Class::Diagnostic);
    match () {
        () if heard.asked.keys().any(|class| !only_looks(class)) => role(HostRole::Master),
        () if heard.asked.contains_key(&Class::Read) => role(HostRole::Historian),
        () if heard.serves => "server",
        () => role(HostRole::Other),
    }
}

const fn role(role: HostRole) -> &'static str {
    match role {
        HostRole::Master => "master",
        HostRole::Standby => "standby",
        HostRole::Engineering => "engineering",
        HostRole::Historian => "historian",
        HostRole::Other => "other",
    }
}

fn device(
    heard: &DeviceHeard,
    states: &BTreeMap<Device, &'static str>,
    site: &Site,
) -> shown::Device {
    let unheard = if heard.answered { "unheard" } else { "unanswered" };
    shown::Device {
        state: states.get(&heard.device).copied().unwrap_or(unheard),
        classes: classes(&heard.asked),
        first: Some(heard.first),
        last: Some(heard.last),
        standing: heard.standing.name(),
        ..named(&heard.device, site)
    }
}

/// Devices of the site file that were never heard of.
fn unheard<'a>(
    heard: &'a [DeviceHeard],
    site: &'a Site,
) -> impl Iterator<Item = shown::Device> + 'a {
    let declared = site.devices().iter().map(|declared| Device {
        zone: declared.zone.or_else(|| site.zone_of(declared.address)).unwrap_or_default(),
        protocol: declared.protocol,
        address: declared.address,
        sub: declared.sub,
    });
    let there: BTreeSet<Device> = heard
        .iter()
        .flat_map(|heard| [heard.device, Device { sub: SubAddress::None, ..heard.device }])
        .collect();
    declared.filter(move |device| !there.contains(device)).map(|device| named(&device, site))
}

fn named(device: &Device, site: &Site) -> shown::Device {
    let name = site.device_name(device);
    shown::Device {
        id: id(device),
        device: device.to_string(),
        name: name.map(str::to_owned),
        protocol: device.protocol.name(),
        address: device.address.to_string(),
        zone: zone(device.zone, site),
        state: "unheard",
        declared: name.is_some(),
        classes: shown::ByClass::new(),
        first: None,
        last: None,
        standing: "declared",
    }
}

/// What a device is found by: its name in records, fit for a path, with the number of its zone.
pub(crate) fn id(device: &Device) -> String {
    of_zone(device.to_string().replace(' ', "-"), device.zone)
}

fn of_zone(id: String, zone: Zone) -> String {
    match zone {
        Zone(0) => id,
        Zone(number) => format!("{id}-zone-{number}"),
    }
}

fn spoken(heard: &ConversationHeard, site: &Site) -> shown::Conversation {
    let device = heard.device.as_ref();
    let with = match device {
        Some(device) => id(device),
        None => {
            of_zone(format!("{}-{}-port-{}", heard.protocol, heard.server, heard.port), heard.zone)
        }
    };
    shown::Conversation {
        id: format!("{}~{with}", heard.client),
        zone: zone(heard.zone, site),
        master: heard.client.to_string(),
        master_name: site.host_name(heard.client).map(str::to_owned),
        server: heard.server.to_string(),
        device: device.map(ToString::to_string),
        device_id: device.map(id),
        device_name: device.and_then(|device| site.device_name(device)).map(str::to_owned),
        protocol: heard.protocol.name(),
        port: (heard.port > 0).then_some(heard.port),
        classes: classes(&heard.asked),
        first: heard.first,
        last: heard.last,
        count: heard.count,
        standing: heard.standing.name(),
    }
}

fn command(entry: &LedgerEntry, site: &Site) -> shown::Command {
    let point = entry.point.as_ref();
    let point_name = point.and_then(|point| site.point_name(&entry.device, point));
    shown::Command {
        key: entry.key.clone(),
        zone: zone(entry.zone, site),
        master: entry.master.to_string(),
        master_name: site.host_name(entry.master).map(str::to_owned),
        device: entry.device.to_string(),
        device_id: id(&entry.device),
        device_name: site.device_name(&entry.device).map(str::to_owned),
        class: entry.class.name(),
        function: (!entry.function.is_empty()).then(|| entry.function.clone()),
        point: point.map(ToString::to_string),
        point_name: point_name.map(str::to_owned),
        value: point.and_then(|point| point.value).map(|value| value.to_string()),
        first: entry.first,
        last: entry.last,
        count: entry.count,
        blocks: entry.blocks,
        standing: entry.standing.name(),
        standing_text: knowledge::standing(entry),
    }
}

fn classes(asked: &ByClass) -> shown::ByClass {
    asked.iter().map(|(class, count)| (class.name(), *count)).collect()
}

fn zone(zone: Zone, site: &Site) -> String {
    site.zone_name(zone).to_owned()
}
