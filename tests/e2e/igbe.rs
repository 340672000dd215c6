//! Real traffic of one master and one outstation (Igbe, Darwish and Saadawi), with what was done to them: restarts and
//! silenced reports from the master's own address, then a flood of connections from made-up ones.
//!
//! Each connection has a label, by the number of its first frame. The last 20 of the labelled restarts and silencings
//! and the flood come after frame 21,840; what is before is learned.

use std::collections::BTreeSet;

use crate::machine::capture;
use crate::stage::gridtap::{Anomaly, incidents, told};
use crate::stage::{Gridtap, Recording, State};

const CAPTURE: &str = "labelled/igbe-dnp3/dnp3dataset_capture.pcap";
const LABELS: &str = "labelled/labels.tsv";
/// Frames that are learned.
const LEARNED: usize = 21_840;
const OUTSTATION: &str = "192.168.0.197";

/// A labelled connection: the number of its first frame, counted from the first that is not learned, and its ports.
struct Labelled {
    label: String,
    first: u64,
    ports: (u16, u16),
}

struct Played {
    anomalies: Vec<Anomaly>,
    labelled: Vec<Labelled>,
    rest: Recording,
}

fn played() -> Option<Played> {
    let (file, labels) = (capture(CAPTURE)?, capture(LABELS)?);
    let all = Recording::read(&file);
    let (learned, rest) = all.frames.split_at(LEARNED);
    let (learned, rest) =
        (Recording { frames: learned.to_vec() }, Recording { frames: rest.to_vec() });
    let labels = std::fs::read_to_string(labels).unwrap();
    let labelled = labels.lines().filter_map(|line| {
        let [path, _, first, _, _, label] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let number: usize = (path == CAPTURE).then(|| first.parse().unwrap())?;
        let first = number.checked_sub(LEARNED).filter(|first| *first > 0)?;
        let ports = rest.frames[first - 1].ports()?;
        Some(Labelled { label: label.to_owned(), first: u64::try_from(first).unwrap(), ports })
    });
    let labelled = labelled.collect();
    let state = State::new();
    let learned = learned.write(state.scratch(), "learned.pcap");
    Gridtap::learn(&state, &[&learned]).run().succeeded();
    let file = rest.write(state.scratch(), "rest.pcap");
    let anomalies = Gridtap::monitor(&state, &file).run().succeeded().anomalies();
    Some(Played { anomalies, labelled, rest })
}

impl Played {
    /// Of the connections with a label those in which an anomaly above low of these detections shows a frame, and all.
    fn found(&self, label: &str, detections: &[&str]) -> (usize, usize) {
        let shown: BTreeSet<(u16, u16)> = self
            .anomalies
            .iter()
            .filter(|each| each.is_above_low() && detections.iter().any(|id| each.is_detection(id)))
            .flat_map(Anomaly::frames)
            .filter_map(|frame| self.rest.frames[usize::try_from(frame).unwrap() - 1].ports())
            .map(|(one, other)| (one.min(other), one.max(other)))
            .collect();
        let labelled = self.labelled.iter().filter(|each| each.label == label);
        let (mut found, mut all) = (0, 0);
        for Labelled { ports: (one, other), .. } in labelled {
            all += 1;
            found += usize::from(shown.contains(&(*one.min(other), *one.max(other))));
        }
        (found, all)
    }
}

#[test]
fn every_restart_and_every_silencing_from_the_masters_own_address_is_found() {
    let Some(played) = played() else { return };
    assert_eq!(played.found("cold_restart", &["DN-13"]), (11, 11), "{}", told(&played.anomalies));
    assert_eq!(played.found("disable_unsol", &["DN-17"]), (9, 9), "{}", told(&played.anomalies));
}

#[test]
fn the_flood_from_made_up_addresses_is_one_incident_that_names_their_spread() {
    let Some(played) = played() else { return };
    let known = ["192.168.0.197", "192.168.0.198"];
    let flood: Vec<&Anomaly> = played
        .anomalies
        .iter()
        .filter(|each| !each.is_health() && !known.contains(&each.source_address()))
        .collect();
    assert_eq!(incidents(flood.iter().copied()).len(), 1, "{}", told(&played.anomalies));
    let spread = flood.iter().find(|each| each.is_detection("OT-10"));
    let spread = spread.unwrap_or_else(|| panic!("no OT-10:{}", told(&played.anomalies)));
    assert_eq!(spread.text("severity"), "medium");
    assert!(spread.text("destination").starts_with(OUTSTATION), "{}", spread.line());
    let observed = spread.text("observed");
    assert!(observed.contains("about 400 hosts (0.18.144.224 to 255.231.15.221)"), "{observed}");
    let first = played.labelled.iter().find(|each| each.label == "dos").unwrap().first;
    assert!(spread.frames().iter().all(|frame| *frame >= first), "{}", spread.line());
}
