//! What other people recorded, against what an independent dissector counted in it (captures/truth).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::{Config, Counters, Detail, Dissector, ModbusKind, Output};
use gridtap_capture::Sources;
use gridtap_model::{LinkEvent, Protocol, Timestamp, What};
use gridtap_wire::Wire;

/// Where the captures are; a word on the screen where they are not.
pub(super) fn captures() -> Option<PathBuf> {
    let path = std::env::var_os("GRIDTAP_CAPTURES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    if path.is_dir() {
        return Some(path);
    }
    println!("no captures at {}: set GRIDTAP_CAPTURES", path.display());
    None
}

/// Requests, answers and exceptions that the independent dissector counted, by capture.
fn truth(captures: &Path) -> BTreeMap<String, [u64; 3]> {
    let table = std::fs::read_to_string(captures.join("truth/modbus.tsv")).unwrap();
    let mut counts: BTreeMap<String, [u64; 3]> = BTreeMap::new();
    for row in table.lines().skip(1) {
        let cells: Vec<_> = row.split('\t').collect();
        let kind = ["request", "response", "exception"].iter().position(|kind| *kind == cells[6]);
        counts.entry(cells[0].to_owned()).or_default()[kind.unwrap()] +=
            cells[7].parse::<u64>().unwrap();
    }
    counts
}

/// What one capture gave.
#[derive(Default)]
pub(super) struct Heard {
    kinds: [u64; 3],
    links: Vec<(Protocol, LinkEvent, u16)>,
    functions: Vec<(u64, u8)>,
    pub(super) files: Vec<String>,
    pub(super) counters: Counters,
}

pub(super) fn hear(path: &Path) -> Heard {
    hear_as(path, None)
}

/// Hears a capture, with its servers at another port.
fn hear_as(path: &Path, port: Option<u16>) -> Heard {
    let mut heard = Heard::default();
    let Ok(mut sources) = Sources::open(&[path]) else { return heard };
    let mut wire = Wire::new(gridtap_wire::Config::default());
    let mut dissector = Dissector::with_records(Config::default());
    let (kinds, links) = (&mut heard.kinds, &mut heard.links);
    let (functions, files) = (&mut heard.functions, &mut heard.files);
    let mut sink = |output: Output<'_>| match output {
        Output::Record(record) => {
            if let Detail::Modbus(message) = &record.detail {
                serde_json::to_string(record).unwrap();
                functions.push((record.place.frame, message.function.0));
                match message.kind {
                    ModbusKind::Request => kinds[0] += 1,
                    ModbusKind::Response => kinds[1] += 1,
                    ModbusKind::Exception => kinds[2] += 1,
                    ModbusKind::Unanswered => {}
                }
            }
        }
        Output::Observation(observation) => match observation.what {
            What::Link(LinkEvent::Begun) | What::Network(_) => {}
            What::Link(event) => {
                links.push((observation.protocol, event, observation.destination.port));
            }
            What::Message(message) => files.extend(super::file_line(&message)),
        },
    };
    let mut hear = |heard: &gridtap_wire::Heard<'_>, sink: &mut dyn FnMut(Output<'_>)| {
        let mut flow = *heard.flow;
        if let Some(port) = port {
            let server = if flow.handshake || flow.second.port < flow.first.port {
                &mut flow.second
            } else {
                &mut flow.first
            };
            server.port = port;
        }
        let heard = gridtap_wire::Heard { flow: &flow, ..*heard };
        dissector.heard(&heard, &mut |output| sink(output));
    };
    let mut second = i64::MIN;
    // A damaged capture ends with an error, after everything before the fault.
    while let Ok(Some(frame)) = sources.next() {
        let now = frame.time.nanos().div_euclid(1_000_000_000);
        if now > second {
            second = now;
            let now = Timestamp::from_parts(now, 0);
            wire.tick(now, &mut |heard| hear(heard, &mut sink));
        }
        wire.frame(&frame, &mut |heard| hear(heard, &mut sink));
    }
    wire.finish(&mut |heard| hear(heard, &mut sink));
    dissector.finish(&mut sink);
    heard.counters = *dissector.counters();
    let [modbus, dnp3] = [heard.counters.modbus.bytes, heard.counters.dnp3.bytes];
    let sum = crate::Bytes {
        decoded: modbus.decoded + dnp3.decoded,
        skipped: modbus.skipped + dnp3.skipped,
        missing: modbus.missing + dnp3.missing,
        encrypted: modbus.encrypted + dnp3.encrypted,
    };
    assert_eq!(sum, heard.counters.bytes, "every byte is of one protocol: {}", path.display());
    heard
}

/// All captures below a directory, in the order of their names.
fn all(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            all(&path, found);
        } else if path.to_string_lossy().contains(".pcap") {
            found.push(path);
        }
    }
}

/// Captures beyond this are left to the test below: they say little here that the small ones do not.
const PLAYED_OCTETS_MAX: u64 = 300_000;

#[test]
fn what_others_speak_is_not_taken_for_modbus_on_port_502_nor_elsewhere() {
    let Some(captures) = captures() else { return };
    let truth = truth(&captures);
    let mut found = Vec::new();
    all(&captures.join("public"), &mut found);
    let mut conversations = 0;
    for path in found {
        let name = path.strip_prefix(&captures).unwrap().to_string_lossy().into_owned();
        if truth.contains_key(&name) {
            continue;
        }
        if path.metadata().unwrap().len() > PLAYED_OCTETS_MAX {
            continue;
        }
        for port in [502, 8_899] {
            let heard = hear_as(&path, Some(port));
            assert_eq!(heard.kinds, [0; 3], "{name} at port {port}: {:?}", heard.functions);
            conversations += heard.counters.conversations;
        }
    }
    assert!(conversations > 400, "their conversations are heard: {conversations}");
}

#[test]
fn no_capture_of_another_protocol_holds_modbus() {
    let Some(captures) = captures() else { return };
    let truth = truth(&captures);
    let mut found = Vec::new();
    all(&captures.join("public"), &mut found);
    let mut heard_any = 0;
    for path in found {
        let name = path.strip_prefix(&captures).unwrap().to_string_lossy().into_owned();
        if truth.contains_key(&name) {
            continue;
        }
        let heard = hear(&path);
        assert_eq!(heard.kinds, [0; 3], "{name}");
        heard_any += heard.links.len();
    }
    assert!(heard_any > 100, "their conversations are heard: {heard_any}");
}

/// Captures in which we rightly differ, with what we hear: requests, answers, exceptions.
const DIFFERENT: [(&str, [u64; 3]); 2] = [
    // Octets heard for the first time in a segment that the other takes for a mere retransmission: the
    // requests of frame 1131 and the answers of frames 3674 and 13176.
    ("mb2.pcap", [1_793, 1_792, 0]),
    // The answer in frame 3150 was captured after the acknowledgement that it is behind.
    ("modbusBig.pcap", [2_774, 2_775, 0]),
];

#[test]
fn captures_of_modbus_hold_what_an_independent_dissector_counts() {
    let Some(captures) = captures() else { return };
    for (name, counted) in truth(&captures) {
        // The large ones say nothing here that the small ones do not.
        if name.ends_with(".gz") || name.contains("fuzz") {
            continue;
        }
        let heard = hear(&captures.join(&name));
        let different = DIFFERENT.iter().find(|(capture, _)| name.ends_with(capture));
        assert_eq!(heard.kinds, different.map_or(counted, |(_, ours)| *ours), "{name}");
    }
}

#[test]
fn every_byte_of_whole_captures_is_decoded() {
    let Some(captures) = captures() else { return };
    for name in [
        "public/ITI+ICS-Security-Tools/pcaps/modicon/modicon_test.pcap",
        "public/cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap",
        "public/ITI+ICS-Security-Tools/pcaps/ModbusTCP/modbus_test_data_part2.pcap",
    ] {
        let bytes = hear(&captures.join(name)).counters.bytes;
        assert!(bytes.decoded > 0, "{name}");
        assert_eq!((bytes.skipped, bytes.missing, bytes.encrypted), (0, 0, 0), "{name}");
    }
}

#[test]
fn what_scanners_say_to_port_502_is_foreign_and_their_tls_is_encrypted() {
    let Some(captures) = captures() else { return };
    let traces = "public/zeek+zeek/testing/btest/Traces/modbus";
    let heard = hear(&captures.join(traces).join("modbus-and-non-modbus-p502.pcap"));
    let opened = |wanted: Protocol| {
        let events = heard.links.iter();
        let opened = |event: &LinkEvent| matches!(event, LinkEvent::Opened { .. });
        events
            .filter(|(protocol, event, port)| (*protocol, *port) == (wanted, 502) && opened(event))
            .count()
    };
    assert_eq!(
        (opened(Protocol::Modbus), opened(Protocol::Unknown), opened(Protocol::Tls)),
        (1, 5, 1)
    );
    let encrypted = heard.links.iter().filter(|(_, event, _)| *event == LinkEvent::Encrypted);
    assert_eq!(encrypted.count(), 1);
    assert_eq!(heard.kinds, [6, 6, 0]);
}

#[test]
fn behind_damaged_headers_well_formed_messages_are_still_heard() {
    let Some(captures) = captures() else { return };
    let path = captures.join("public/ITI+ICS-Security-Tools/pcaps/bro/modbus/fuzz-72.pcap");
    let heard = hear(&path);
    // The independent dissector loses these eight: their TCP headers were damaged, they were not.
    for (frame, function) in
        [(2, 28), (7, 34), (19, 47), (21, 51), (25, 54), (26, 58), (27, 59), (32, 66)]
    {
        assert!(
            heard.functions.iter().any(|(at, code)| {
                // A message that spans two segments is complete in the second.
                (frame..=frame + 2).contains(at) && *code == function
            }),
            "frame {frame}"
        );
    }
    // The segment of function 50 fails its checksum in a direction that is otherwise right.
    assert!(!heard.functions.iter().any(|(_, code)| *code == 50));
    assert!(heard.links.iter().any(|(_, event, _)| *event == LinkEvent::ChecksumWrong));
}
