use std::process::Command;

use gridtap_capture::Reader;
use gridtap_model::{Anomaly, AnomalyId, Armed, Endpoint, IncidentId, Protocol, Severity, State};
use gridtap_wire::LinkType;
use proptest::prelude::*;

use super::*;

const NOON_NS: i64 = 1_714_564_800_000_000_000;

/// Ethernet and IPv4 between two hosts of 10.0.0.0/24, its payload of so many octets.
fn packet(from: u8, to: u8, length: u8) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, from, 8, 0];
    bytes.extend([
        0x45,
        0,
        0,
        20 + length,
        0,
        0,
        0,
        0,
        64,
        253,
        0,
        0,
        10,
        0,
        0,
        from,
        10,
        0,
        0,
        to,
    ]);
    bytes.extend(vec![0; usize::from(length)]);
    bytes
}

fn anomaly(id: u8, revision: u32, frames: &[u64]) -> Anomaly {
    let host = Endpoint::new([10, 0, 0, 1].into(), 502);
    Anomaly {
        id: AnomalyId([id; 16]),
        incident: IncidentId([id; 16]),
        revision,
        state: State::UnacknowledgedActive,
        suppressed: None,
        time: Timestamp::default(),
        last_time: Timestamp::default(),
        count: 1,
        capture: None,
        frames: frames.to_vec(),
        detection: "MB-29",
        name: "Unauthorised write",
        also: Vec::new(),
        severity: Severity::High,
        score: 1.0,
        protocol: Protocol::Modbus,
        zone: String::new(),
        source: host,
        destination: host,
        device: String::new(),
        points: Vec::new(),
        technique: Vec::new(),
        observed: String::new(),
        expected: String::new(),
        advice: "",
        baseline: Armed::Armed,
        key: None,
    }
}

/// A day of a substation: every tenth of a second hosts 1 and 2 speak in frames 1, 3, 5, … and hosts 3 and 4 in
/// frames 2, 4, 6, …
struct Day {
    evidence: Evidence,
    number: u64,
}

impl Day {
    fn new(config: SensorConfig) -> Self {
        Self { evidence: Evidence::new(&config, vec!["day.pcap".to_owned()]), number: 0 }
    }

    fn until(&mut self, number: u64) {
        while self.number < number {
            self.number += 1;
            let (a, b) = if self.number % 2 == 1 { (1, 2) } else { (3, 4) };
            let (from, to) = if self.number % 4 < 2 { (a, b) } else { (b, a) };
            let bytes = packet(from, to, 40);
            self.evidence.frame(&Frame {
                time: time(self.number),
                capture: 0,
                number: self.number,
                link: LinkType::Ethernet,
                bytes: &bytes,
                original_length: 74,
            });
        }
    }

    fn take(&mut self) -> Vec<Slice> {
        self.evidence.take(|id| id.to_string())
    }
}

fn time(number: u64) -> Timestamp {
    Timestamp::from_nanos(NOON_NS).plus_ns(number * 100_000_000)
}

/// The numbers of the frames of a slice of that day, by their times.
fn numbers(slice: &Slice) -> Vec<u64> {
    let file = std::io::Cursor::new(slice.pcapng.clone());
    let mut reader = Reader::new("slice", 0, Box::new(file)).unwrap();
    let mut numbers = Vec::new();
    while let Some(frame) = reader.next().unwrap() {
        numbers.push(frame.time.since_ns(time(0)) / 100_000_000);
    }
    assert_eq!(u32::try_from(numbers.len()).unwrap(), slice.frames);
    numbers
}

fn only(slices: Vec<Slice>) -> Slice {
    let [slice] = <[Slice; 1]>::try_from(slices).unwrap();
    slice
}

fn few(frames: usize) -> SensorConfig {
    SensorConfig { around_frames: frames, ..SensorConfig::default() }
}

#[test]
fn what_is_told_again_is_given_again_when_it_is_whole() {
    let mut day = Day::new(few(3));
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[41]));
    assert_eq!(numbers(&only(day.take())), [35, 37, 39, 41]);
    day.until(45);
    day.evidence.told(&anomaly(1, 2, &[41, 45]));
    assert_eq!(day.take(), [], "what follows is still to come");
    day.until(120);
    assert_eq!(numbers(&only(day.take())), [35, 37, 39, 41, 43, 45, 47, 49, 51]);
    assert_eq!(day.take(), []);
}

#[test]
fn what_is_let_go_is_given_with_all_that_was_cut_of_it() {
    let mut day = Day::new(SensorConfig { ring_bytes: 20_000, ..few(1) });
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[41]));
    assert_eq!(numbers(&only(day.take())), [39, 41]);
    day.until(45);
    day.evidence.told(&anomaly(1, 2, &[41, 45]));
    assert_eq!(day.take(), [], "what follows is still to come");
    day.until(48);
    for id in 2..60 {
        day.evidence.told(&anomaly(id, 1, &[48]));
    }
    let first = day.take().into_iter().find(|slice| slice.anomaly == AnomalyId([1; 16])).unwrap();
    assert_eq!(numbers(&first), [39, 41, 43, 45, 47]);
}

#[test]
fn a_slice_holds_what_the_hosts_said_before_and_after_and_nothing_of_others() {
    let mut day = Day::new(few(3));
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[41]));
    let first = only(day.take());
    assert_eq!(numbers(&first), [35, 37, 39, 41]);
    assert_eq!(
        first.note,
        "1 of 4 frames show it, the others went between the same hosts before and after; what follows is still to come"
    );
    day.until(90);
    assert!(day.take().is_empty(), "it waits for five seconds and the next whole one");
    day.until(200);
    let last = only(day.take());
    assert_eq!(numbers(&last), [35, 37, 39, 41, 43, 45, 47]);
    assert_eq!((last.missing, last.at), (0, time(100)));
    assert!(!last.note.contains("to come"), "{}", last.note);
}

#[test]
fn what_follows_ends_on_the_grid_of_ticks_whether_frames_or_ticks_bring_the_time() {
    let ended = |by_tick: bool| {
        let mut day = Day::new(few(1_000));
        day.until(41);
        day.evidence.told(&anomaly(1, 1, &[41]));
        if by_tick {
            day.until(99);
            day.evidence.tick(time(100));
        }
        day.until(300);
        only(day.take())
    };
    assert_eq!(numbers(&ended(false)), (1..=99).step_by(2).collect::<Vec<_>>());
    assert_eq!(ended(true), ended(false));
}

#[test]
fn frames_that_the_ring_has_let_go_are_counted_missing_and_said() {
    let mut day = Day::new(SensorConfig { ring_bytes: 2_000, ..few(2) });
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[1, 3, 41, 77]));
    let slice = only(day.take());
    assert_eq!((numbers(&slice), slice.missing), (vec![37, 39, 41], 3));
    assert!(
        slice.note.contains("3 more that show it were no longer in the ring"),
        "{}",
        slice.note
    );
    day.evidence.told(&anomaly(2, 1, &[1]));
    let none = only(day.take());
    assert_eq!((numbers(&none), none.missing), (vec![], 1));
    assert!(none.note.starts_with("no frame that shows it could be had;"), "{}", none.note);
}

#[test]
fn what_followed_is_cut_before_the_ring_lets_it_go() {
    let mut day = Day::new(SensorConfig { ring_bytes: 2_000, ..few(64) });
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[41]));
    day.take();
    day.until(70);
    let slice = only(day.take());
    let numbers = numbers(&slice);
    assert!(numbers.contains(&41) && numbers.contains(&43) && numbers.contains(&51), "{numbers:?}");
    assert!(numbers.is_sorted() && numbers.iter().all(|number| number % 2 == 1), "{numbers:?}");
    assert!(!slice.note.contains("to come"), "{}", slice.note);
}

#[test]
fn told_again_with_more_frames_it_keeps_what_it_had() {
    let mut day = Day::new(SensorConfig { ring_bytes: 6_000, ..few(1) });
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[41]));
    day.until(301);
    day.evidence.told(&anomaly(1, 2, &[41, 300]));
    day.take();
    day.evidence.told(&anomaly(1, 3, &[41, 300]));
    assert!(day.take().is_empty(), "nothing is new");
    day.evidence.finish();
    let slice = only(day.take());
    assert_eq!((numbers(&slice), slice.missing), (vec![39, 41, 43, 298, 300], 0));
    day.until(303);
    day.evidence.told(&anomaly(2, 7, &[303]));
    assert!(day.take().is_empty(), "what was told before and is not held keeps what it has");
}

#[test]
fn more_than_may_be_held_is_let_go_and_not_lost() {
    let config = SensorConfig { ring_bytes: 20_000, ..few(20) };
    let mut day = Day::new(config.clone());
    day.until(100);
    for id in 0..50 {
        day.evidence.told(&anomaly(id, 1, &[99]));
    }
    assert!(day.evidence.held_bytes <= config.ring_bytes);
    assert!(day.evidence.is_full());
    let ids: BTreeSet<AnomalyId> = day.take().into_iter().map(|slice| slice.anomaly).collect();
    assert_eq!(ids.len(), 50);
    day.evidence.told(&anomaly(0, 2, &[99, 100]));
    day.until(400);
    assert!(day.take().iter().all(|slice| slice.anomaly != AnomalyId([0; 16])));
}

#[test]
fn slices_are_the_same_however_often_they_are_taken() {
    let run = |every: u64| {
        let mut day = Day::new(SensorConfig { ring_bytes: 9_000, ..few(5) });
        let mut kept = BTreeMap::new();
        let mut keep = |slices: Vec<Slice>| {
            kept.extend(slices.into_iter().map(|slice| (slice.anomaly, slice)));
        };
        for number in 1..=2_000 {
            day.until(number);
            let id = u8::try_from(number / 100).unwrap();
            if number % 33 == 0 {
                let revision = u32::try_from(number % 100 / 33).unwrap();
                day.evidence.told(&anomaly(id, revision, &[number.saturating_sub(90), number]));
            }
            if number % every == 0 {
                keep(day.take());
            }
        }
        day.evidence.finish();
        keep(day.take());
        kept
    };
    let often = run(1);
    assert!(often.len() > 10 && often.values().any(|slice| slice.missing > 0));
    assert_eq!(often, run(100));
    assert_eq!(often, run(4_096));
}

#[test]
fn a_frame_is_looked_for_in_the_capture_that_is_named() {
    let names = ["north.pcap".to_owned(), "south.pcap".to_owned()];
    let mut evidence = Evidence::new(&few(3), names.to_vec());
    for number in 1..=20_u64 {
        for capture in [0, 1] {
            let link = if number % 2 == 0 { LinkType::Ethernet } else { LinkType::Other(147) };
            let bytes = packet(1, 2, u8::try_from(capture).unwrap());
            evidence.frame(&Frame {
                time: time(number),
                capture,
                number,
                link,
                bytes: &bytes,
                original_length: 99,
            });
        }
    }
    let mut anomaly = anomaly(1, 1, &[11, 12]);
    anomaly.capture = Some(names[1].clone());
    evidence.told(&anomaly);
    evidence.finish();
    let slice = only(evidence.take(|_| "A".to_owned()));
    // Link type 147 holds no conversation that is known.
    assert_eq!(numbers(&slice), [6, 8, 10, 11, 12, 14, 16, 18]);
    let file = std::io::Cursor::new(slice.pcapng);
    let mut reader = Reader::new("slice", 0, Box::new(file)).unwrap();
    while let Some(frame) = reader.next().unwrap() {
        assert_eq!((frame.bytes.len(), frame.original_length), (35, 99));
    }
    let described: Vec<_> = reader
        .interfaces()
        .iter()
        .map(|interface| (interface.name.as_deref(), interface.link))
        .collect();
    let south = Some("south.pcap");
    assert_eq!(described, [(south, LinkType::Ethernet), (south, LinkType::Other(147))]);
}

#[test]
fn tshark_lists_the_frames_with_their_times_and_which_of_them_show_it() {
    let mut day = Day::new(few(1));
    day.until(41);
    day.evidence.told(&anomaly(1, 1, &[39, 41]));
    day.until(200);
    let slice = only(day.take());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slice.pcapng");
    std::fs::write(&path, &slice.pcapng).unwrap();
    let mut call = Command::new("tshark");
    call.args(["-n", "-r"]).arg(&path).args(["-T", "fields"]);
    for field in ["frame.time_epoch", "ip.src", "ip.dst", "frame.comment"] {
        call.args(["-e", field]);
    }
    let Ok(output) = call.output() else { return println!("not run: there is no tshark") };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let id = "01010101-0101-0101-0101-010101010101";
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        format!(
            "1714564803.700000000\t10.0.0.1\t10.0.0.2\t\n\
             1714564803.900000000\t10.0.0.2\t10.0.0.1\tanomaly {id}: frame 39 of day.pcap\n\
             1714564804.100000000\t10.0.0.1\t10.0.0.2\tanomaly {id}: frame 41 of day.pcap\n\
             1714564804.300000000\t10.0.0.2\t10.0.0.1\t\n"
        )
    );
}

proptest! {
    #[test]
    fn any_frames_and_any_names_of_frames_give_slices_within_their_bounds(
        ring_bytes in 0..5_000_usize,
        around in (0..5_usize, 0..500_usize),
        steps in prop::collection::vec(
            (
                any::<i64>(),
                0..3_u16,
                prop_oneof![Just(LinkType::Ethernet), Just(LinkType::RawIp), Just(LinkType::Null)],
                prop::collection::vec(any::<u8>(), 0..120),
                any::<u32>(),
                prop::option::of((0..4_u8, 0..3_u32, prop::collection::vec(0..100_u64, 0..20))),
            ),
            0..100,
        ),
    ) {
        let config = SensorConfig {
            ring_bytes,
            around_frames: around.0,
            around_bytes: around.1,
            ..SensorConfig::default()
        };
        let mut evidence = Evidence::new(&config, vec!["a".to_owned()]);
        let mut slices = Vec::new();
        for (number, (time, capture, link, bytes, original_length, told)) in (1..).zip(&steps) {
            evidence.frame(&Frame {
                time: Timestamp::from_nanos(*time),
                capture: *capture,
                number,
                link: *link,
                bytes,
                original_length: *original_length,
            });
            if let Some((id, revision, frames)) = told {
                evidence.told(&anomaly(*id, *revision, frames));
            }
            prop_assert!(evidence.held_bytes <= ring_bytes);
            slices.extend(evidence.take(|id| id.to_string()));
        }
        evidence.finish();
        prop_assert_eq!((evidence.due, evidence.place), (Timestamp::MAX, u64::MAX));
        slices.extend(evidence.take(|id| id.to_string()));
        for slice in slices {
            let file = std::io::Cursor::new(slice.pcapng);
            let mut reader = Reader::new("slice", 0, Box::new(file)).unwrap();
            let mut frames = 0;
            while reader.next().unwrap().is_some() {
                frames += 1;
            }
            prop_assert_eq!(frames, slice.frames);
        }
    }
}
