//! Each metric of the table, from the state.

use gridtap_model::{Severity, Timestamp};

use super::{Family, real, seconds};
use crate::heard::{Heard, PROTOCOLS};
use crate::labels::{
    ByteState, CommandClass, DecodeError, DeliveryResult, DeviceState, DropPlace, InboundResult,
    Label, Level, RefusalCode, STATES, SUPPRESSED,
};
use crate::metrics::{OTHER, State};
use crate::table;

/// Every family, in the order of the table.
pub(super) fn of(state: &State) -> Vec<Family> {
    let mut build = Family::of(&table::BUILD_INFO);
    build.gauge(&[&state.version, &state.commit], 1.0);
    let mut families = vec![build];
    families.extend(capture(&state.heard));
    families.extend(decoding(&state.heard));
    families.extend(devices(&state.heard));
    families.extend(exchanges(&state.heard));
    families.extend(anomalies(state));
    families.extend(baseline(state));
    families.extend(web_hooks(state));
    families.extend(store(state));
    families
}

fn capture(heard: &Heard) -> [Family; 8] {
    let mut packets = Family::of(&table::CAPTURE_PACKETS);
    let mut bytes = Family::of(&table::CAPTURE_BYTES);
    let mut drops = Family::of(&table::CAPTURE_DROPS);
    let mut files = Family::of(&table::CAPTURE_FILES_LOST);
    let mut last = Family::of(&table::CAPTURE_LAST);
    let mut lag = Family::of(&table::CAPTURE_LAG);
    for interface in &heard.interfaces {
        let name = interface.name.as_str();
        packets.count(&[name], interface.packets);
        bytes.count(&[name], interface.bytes);
        files.count(&[name], interface.files_lost);
        last.gauge(&[name], moment(interface.last));
        for (place, count) in DropPlace::ALL.iter().zip(interface.drops) {
            drops.count(&[name, place.name()], count);
        }
    }
    lag.spread(&[], &heard.lag);
    let mut offset = Family::of(&table::CLOCK_OFFSET);
    let mut steps = Family::of(&table::CLOCK_STEPS);
    let ahead = seconds(heard.clock_ahead_ns.unsigned_abs());
    offset.gauge(&[], if heard.clock_ahead_ns < 0 { -ahead } else { ahead });
    steps.count(&[], heard.clock_steps);
    [packets, bytes, drops, files, last, lag, offset, steps]
}

fn decoding(heard: &Heard) -> [Family; 10] {
    let mut pdus = Family::of(&table::DECODE_PDUS);
    let mut errors = Family::of(&table::DECODE_ERRORS);
    let mut bytes = Family::of(&table::CONVERSATION_BYTES);
    let mut flows = Family::of(&table::FLOWS);
    let mut gaps = Family::of(&table::GAPS);
    let mut buffered = Family::of(&table::BUFFERED);
    let mut held = Family::of(&table::HELD);
    let mut pending = Family::of(&table::PENDING);
    let mut not_followed = Family::of(&table::NOT_FOLLOWED);
    let mut evictions = Family::of(&table::EVICTIONS);
    for (protocol, of) in PROTOCOLS.iter().zip(&heard.protocols) {
        let protocol = protocol.name();
        pdus.count(&[protocol], of.pdus);
        flows.gauge(&[protocol], real(of.flows));
        gaps.count(&[protocol], of.gaps);
        each::<DecodeError>(&mut errors, &[protocol], &of.errors);
        each::<ByteState>(&mut bytes, &[protocol], &of.bytes);
    }
    buffered.gauge(&[], real(heard.buffered_bytes));
    let [octets, requests] = heard.held;
    held.gauge(&[], real(octets));
    pending.gauge(&[], real(requests));
    for (reason, count) in &heard.not_followed {
        not_followed.count(&[reason], *count);
    }
    for (what, count) in &heard.evictions {
        evictions.count(&[what], *count);
    }
    [pdus, errors, bytes, flows, gaps, buffered, held, pending, not_followed, evictions]
}

fn devices(heard: &Heard) -> [Family; 5] {
    let mut all = Family::of(&table::COMMANDS);
    let mut commands = Family::of(&table::DEVICE_COMMANDS);
    let mut last = Family::of(&table::DEVICE_LAST);
    let mut states = Family::of(&table::DEVICES);
    for ((protocol, of), others) in PROTOCOLS.iter().zip(&heard.protocols).zip(&heard.other_devices)
    {
        each::<CommandClass>(&mut all, &[protocol.name()], &of.commands);
        each::<CommandClass>(&mut commands, &[OTHER, protocol.name()], others);
    }
    let mut polls = Family::of(&table::POLL);
    last.gauge(&[OTHER], 0.0);
    poll(&mut polls, OTHER, 0, 0);
    for device in &heard.devices {
        let labels = [device.name.as_str(), device.protocol.name()];
        each::<CommandClass>(&mut commands, &labels, &device.commands);
        last.gauge(&[&device.name], moment(device.last));
        if let Some(interval) = device.poll {
            poll(&mut polls, &device.name, interval.median_ns, interval.p95_ns);
        }
    }
    for state in DeviceState::ALL {
        let count = heard.devices.iter().filter(|device| device.state == *state).count();
        states.gauge(&[state.name()], real(u64::try_from(count).unwrap_or(u64::MAX)));
    }
    [all, commands, last, states, polls]
}

fn poll(polls: &mut Family, device: &str, median_ns: u64, p95_ns: u64) {
    polls.gauge(&[device, "median"], seconds(median_ns));
    polls.gauge(&[device, "p95"], seconds(p95_ns));
}

fn exchanges(heard: &Heard) -> [Family; 2] {
    let mut response = Family::of(&table::RESPONSE);
    let mut exceptions = Family::of(&table::EXCEPTIONS);
    for (protocol, of) in PROTOCOLS.iter().zip(&heard.protocols) {
        response.spread(&[protocol.name()], &of.response);
        each::<RefusalCode>(&mut exceptions, &[protocol.name()], &of.exceptions);
    }
    [response, exceptions]
}

fn anomalies(state: &State) -> [Family; 5] {
    let mut opened = Family::of(&table::ANOMALIES_OPENED);
    let mut standing = Family::of(&table::ANOMALIES);
    let mut oldest = Family::of(&table::OLDEST);
    let mut acknowledged = Family::of(&table::ACKNOWLEDGE_DELAY);
    let mut detected = Family::of(&table::DETECTION_DELAY);
    for ((detection, severity), count) in &state.anomalies {
        opened.count(&[detection, severity.name()], *count);
    }
    for severity in Severity::ALL {
        for (stand, name) in STATES {
            let count = state.stored.anomalies.get(&(stand, severity)).copied();
            standing.gauge(&[name, severity.name()], real(count.unwrap_or(0)));
        }
        let suppressed = state.stored.suppressed.get(&severity).copied();
        standing.gauge(&[SUPPRESSED, severity.name()], real(suppressed.unwrap_or(0)));
        oldest.gauge(&[severity.name()], moment(state.stored.oldest.get(&severity).copied()));
    }
    acknowledged.spread(&[], &state.acknowledge_delay);
    detected.spread(&[], &state.detection_delay);
    [opened, standing, oldest, acknowledged, detected]
}

fn baseline(state: &State) -> [Family; 3] {
    let mut learning = Family::of(&table::LEARNING);
    let mut novelty = Family::of(&table::NOVELTY);
    let mut created = Family::of(&table::CREATED);
    for (level, learned) in Level::ALL.iter().zip(state.learned.levels) {
        learning.gauge(&[level.name()], f64::from(u8::from(learned.learning)));
        novelty.gauge(&[level.name()], learned.novel_per_day);
    }
    created.gauge(&[], moment(state.learned.created));
    [learning, novelty, created]
}

fn web_hooks(state: &State) -> [Family; 4] {
    let mut deliveries = Family::of(&table::DELIVERIES);
    let mut queue = Family::of(&table::QUEUE);
    let mut oldest = Family::of(&table::OLDEST_PENDING);
    let mut inbound = Family::of(&table::INBOUND);
    for (endpoint, counts) in &state.deliveries {
        each::<DeliveryResult>(&mut deliveries, &[endpoint], counts);
        let waiting = state.stored.queues.iter().filter(|queue| {
            let name = queue.endpoint.as_str();
            if state.deliveries.contains_key(name) { name == endpoint } else { endpoint == OTHER }
        });
        let length = waiting.clone().fold(0_u64, |sum, queue| sum.saturating_add(queue.length));
        queue.gauge(&[endpoint], real(length));
        oldest.gauge(&[endpoint], moment(waiting.filter_map(|queue| queue.oldest).min()));
    }
    for (hook, counts) in &state.inbound {
        each::<InboundResult>(&mut inbound, &[hook], counts);
    }
    [deliveries, queue, oldest, inbound]
}

fn store(state: &State) -> [Family; 5] {
    let mut errors = Family::of(&table::STORE_ERRORS);
    let mut size = Family::of(&table::STORE_SIZE);
    let mut available = Family::of(&table::STORE_AVAILABLE);
    let mut records = Family::of(&table::AUDIT_RECORDS);
    let mut capped = Family::of(&table::SERIES_CAPPED);
    errors.count(&[], state.store_errors);
    size.gauge(&[], real(state.stored.size_bytes));
    available.gauge(&[], state.stored.available_bytes.map_or(f64::NAN, real));
    records.count(&[], state.stored.audit_records);
    capped.count(&[], state.capped.saturating_add(state.heard.capped));
    [errors, size, available, records, capped]
}

/// A series for each value of a closed label, which stands last.
fn each<L: Label>(family: &mut Family, before: &[&str], counts: &[u64]) {
    for (label, count) in L::ALL.iter().zip(counts) {
        let labels: Vec<&str> = before.iter().copied().chain([label.name()]).collect();
        family.count(&labels, *count);
    }
}

/// Seconds since 1970; 0 for what never was.
fn moment(time: Option<Timestamp>) -> f64 {
    let ns = time.map_or(0, Timestamp::nanos);
    u64::try_from(ns).map_or(0.0, seconds)
}
