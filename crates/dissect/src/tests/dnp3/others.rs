//! Which answer belongs to which request in what other people recorded, worked out here a second time from what an
//! independent dissector says of each frame.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use gridtap_capture::Sources;
use gridtap_wire::Wire;

use super::*;
use crate::tests::captures::captures;

/// Captures that the dissector reads without trouble; the first frame is the request.
const CAPTURES: [(&str, usize); 7] = [
    ("cisagov+icsnpp-dnp3/testing/traces/dnp3_example.pcap", 300),
    ("ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_select_operate.pcap", 2),
    ("ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_file_read.pcap", 5),
    ("ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_file_write.pcap", 3),
    ("ITI+ICS-Security-Tools/pcaps/dnp3/auth_change_session_keys.pcap", 2),
    ("ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.2.1.2.9/dump.pcap", 2),
    ("ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.4.1.2.10/dump.pcap", 2),
];

/// By the frame of the answer, that of its request, and the microseconds in between.
type Pairs = BTreeMap<u64, (u64, u64)>;

/// From what the dissector says of each frame: an answer belongs to the last request with its number and addresses.
fn by_dissector(path: &Path) -> Option<Pairs> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-n").arg("-r").arg(path).args(["-Y", "dnp3.al.func", "-T", "fields"]);
    for field in
        ["frame.number", "frame.time_epoch", "dnp3.src", "dnp3.dst", "dnp3.al.seq", "dnp3.al.func"]
    {
        tshark.args(["-e", field]);
    }
    let Ok(output) = tshark.output() else {
        println!("no tshark: nothing to compare with");
        return None;
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut asked, mut pairs) = (BTreeMap::new(), Pairs::new());
    for row in text.lines() {
        let cells: Vec<_> = row.split('\t').collect();
        let numbers: Option<Vec<u64>> = [cells[0], cells[2], cells[3], cells[4], cells[5]]
            .iter()
            .map(|cell| cell.parse().ok())
            .collect();
        // Frames with several messages have several numbers in a cell.
        let Some(&[frame, source, destination, sequence, function]) = numbers.as_deref() else {
            continue;
        };
        let (seconds, nanos) = cells[1].split_once('.').unwrap();
        let time =
            seconds.parse::<u64>().unwrap() * 1_000_000 + nanos.parse::<u64>().unwrap() / 1_000;
        match function {
            1..=33 => _ = asked.insert((source, destination, sequence), (frame, time)),
            129 | 131 => {
                if let Some((request, then)) = asked.remove(&(destination, source, sequence)) {
                    pairs.insert(frame, (request, time - then));
                }
            }
            _ => {}
        }
    }
    Some(pairs)
}

/// From the observations.
fn by_us(path: &Path) -> (Pairs, usize) {
    let mut sources = Sources::open(&[path]).unwrap();
    let mut wire = Wire::new(gridtap_wire::Config::default());
    let mut dissector = Dissector::new(Config::default());
    let (mut pairs, mut answers) = (Pairs::new(), 0);
    let mut sink = |output: Output<'_>| {
        if let Output::Observation(observation) = output
            && let What::Message(message) = observation.what
            && matches!(message.phase, Phase::Response | Phase::Exception)
            && message.class != gridtap_model::Class::Link
        {
            answers += 1;
            if let (Some(frame), Some(latency)) = (message.request_frame, message.latency_ns) {
                pairs.insert(observation.place.frame, (frame, latency / 1_000));
            }
        }
    };
    while let Ok(Some(frame)) = sources.next() {
        wire.frame(&frame, &mut |heard| dissector.heard(heard, &mut sink));
    }
    wire.finish(&mut |heard| dissector.heard(heard, &mut sink));
    dissector.finish(&mut sink);
    (pairs, answers)
}

#[test]
fn answers_belong_to_the_requests_that_an_independent_dissector_has_them_belong_to() {
    let Some(captures) = captures() else { return };
    for (name, least) in CAPTURES {
        let path = captures.join("public").join(name);
        let Some(theirs) = by_dissector(&path) else { return };
        let (ours, answers) = by_us(&path);
        assert_eq!(ours.len(), answers, "{name}: every answer finds its request");
        for (frame, pair) in &theirs {
            assert_eq!(ours.get(frame), Some(pair), "{name}, frame {frame}");
        }
        assert!(theirs.len() >= least, "{name}: {} answers", theirs.len());
    }
}
