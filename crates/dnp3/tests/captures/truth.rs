//! Functions and object headers, counted by an independent dissector over whole captures.

use std::collections::{BTreeMap, BTreeSet};

use gridtap_dnp3::{Fault, Fragment};

use crate::stream::{captures, fragments};

/// A capture's messages by function, and object headers by group and variation.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    functions: BTreeMap<u8, i64>,
    /// Left empty where the dissector's are not known for each fragment: several share a frame.
    objects: BTreeMap<u16, i64>,
}

/// Captures whose counts differ, and why ours are right.
const DIFFERENT: [(&str, &str); 8] = [
    (
        "labelled/igbe-dnp3/dnp3dataset_capture.pcap",
        "the dissector counts 18 retransmitted confirms twice and does not put 42 responses together",
    ),
    (
        "labelled/qut-dnp3/attacks.pcap.gz",
        "the dissector counts retransmissions, and segments that do not continue their stream",
    ),
    (
        "labelled/qut-dnp3/mitm.pcap.gz",
        "the attacker's segments are out of step with the stream: the dissector reads each for itself",
    ),
    (
        "public/ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/6.6.2.5/dump.pcap",
        "user data in frames for none: the dissector reads it behind some functions, we behind all",
    ),
    (
        "public/ITI+ICS-Security-Tools/pcaps/dnp3/operate_aggressive_mode.pcap",
        "the dissector does not know g120 and ends at the first",
    ),
    (
        "public/ITI+ICS-Security-Tools/pcaps/dnp3/write_vto_empty_string.pcap",
        "the dissector ends at the first header of 65,536 objects without octets; there are 285",
    ),
    (
        "public/ITI+ICS-Security-Tools/pcaps/openics/DNP3-Malformed.pcap",
        "the dissector goes on behind qualifiers that do not say where the next header is",
    ),
    (
        "public/cisagov+icsnpp-dnp3/testing/traces/dnp3_example.pcap",
        "the dissector joins segments of equal sequence numbers that are 100 frames apart",
    ),
];

/// Captures in which something does not fit the standard: what, and how often. Nothing in any other.
const FAULTS: [(&str, &[(&str, usize)]); 8] = [
    ("ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3.pcap", &[("object_unknown", 9), ("qualifier", 6)]),
    (
        "ITI+ICS-Security-Tools/pcaps/dnp3/direct_operate_crob_malform_but_good_crc.pcap",
        &[("objects_truncated", 1)],
    ),
    (
        "ITI+ICS-Security-Tools/pcaps/dnp3/dnp3_test_data_part1.pcap",
        &[("object_unknown", 4), ("qualifier", 6)],
    ),
    ("ITI+ICS-Security-Tools/pcaps/dnp3/dnp3_test_data_part2.pcap", &[("object_unknown", 5)]),
    (
        "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.6.2.2/dump.pcap",
        &[("function_unknown", 1), ("reserved_function", 1)],
    ),
    (
        "ITI+ICS-Security-Tools/pcaps/openics/DNP3-Malformed.pcap",
        &[
            ("object_header_cut", 19),
            ("object_unknown", 16),
            ("objects_truncated", 95),
            ("qualifier", 58),
            ("range_reversed", 27),
        ],
    ),
    ("qut-dnp3/attacks.pcap.gz", &[("unsolicited_bit", 1)]),
    ("qut-dnp3/masquerading.pcap.gz", &[("unsolicited_bit", 1)]),
];

/// Behind these functions the dissector reads no objects.
const UNREAD: [u8; 8] = [16, 17, 18, 22, 31, 32, 33, 131];

fn truth(text: &str) -> BTreeMap<String, Counts> {
    let mut captures: BTreeMap<String, Counts> = BTreeMap::new();
    let mut several = BTreeSet::new();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [path, .., function, objects, count] = columns[..] else { continue };
        let Ok(function) = function.parse() else { continue };
        let count: i64 = count.parse().unwrap();
        let counts = captures.entry(path.to_owned()).or_default();
        *counts.functions.entry(function).or_default() += count;
        if objects.starts_with("multi:") {
            several.insert(path.to_owned());
        }
        for object in objects.split(',').filter_map(|object| object.strip_prefix("0x")) {
            let object = u16::from_str_radix(object, 16).unwrap();
            *counts.objects.entry(object).or_default() += count;
        }
    }
    for path in several {
        captures.entry(path).or_default().objects.clear();
    }
    captures
}

impl Counts {
    /// Counts a fragment, and adds what did not fit in it to the others.
    fn add(&mut self, fragment: &Fragment<'_>, faults: &mut BTreeMap<&'static str, usize>) {
        let function = fragment.function.0;
        *self.functions.entry(function).or_default() += 1;
        let mut fault = |name| *faults.entry(name).or_default() += 1;
        fragment.faults().for_each(|each| fault(each.name()));
        for block in fragment.blocks() {
            let block = match block {
                Ok(block) => block,
                Err(each) => {
                    fault(each.name());
                    continue;
                }
            };
            if !UNREAD.contains(&function) {
                let key = u16::from_be_bytes([block.header.group, block.header.variation]);
                *self.objects.entry(key).or_default() += 1;
            }
            let in_items = block.items().filter_map(|item| item.fault);
            block.fault.into_iter().chain(in_items).for_each(|each: Fault| fault(each.name()));
        }
    }
}

#[test]
fn functions_and_object_headers_of_every_capture_are_those_of_the_dissector() {
    let Some(root) = captures() else { return };
    let truth = truth(&std::fs::read_to_string(root.join("truth/dnp3.tsv")).unwrap());
    let mut compared = 0;
    for (name, truth) in truth.iter().filter(|(name, _)| root.join(name).is_file()) {
        let mut counts = Counts::default();
        let mut faults = BTreeMap::new();
        let account =
            fragments(&root.join(name), |_, fragment| counts.add(fragment, &mut faults)).unwrap();
        if truth.objects.is_empty() {
            counts.objects.clear();
        }
        let explained = DIFFERENT.iter().any(|(different, _)| different == name);
        assert_eq!(counts != *truth, explained, "{name}: {counts:?}, not {truth:?}");
        let expected = FAULTS.iter().find(|(faulty, _)| name.ends_with(faulty));
        let expected =
            expected.map_or(BTreeMap::new(), |(_, faults)| faults.iter().copied().collect());
        assert_eq!(faults, expected, "{name}");
        assert_eq!(account.damaged, 0, "{name}");
        compared += 1;
    }
    assert!(compared == truth.len() || compared > 130, "{compared} captures of {}", truth.len());
}
