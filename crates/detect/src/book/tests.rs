use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::catalogue;

fn host(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

/// A finding at a second, by one host at another.
struct Seen {
    second: i64,
    point: u8,
    detection: &'static str,
    actor: u8,
    target: u8,
    severity: Severity,
    cause: Cause,
    stranger: bool,
    unknown: bool,
}

impl Seen {
    fn new(second: i64, detection: &'static str, actor: u8, target: u8) -> Self {
        let (severity, cause) = (Severity::High, Cause::Access);
        let (stranger, unknown) = (false, false);
        Self { second, point: 0, detection, actor, target, severity, cause, stranger, unknown }
    }

    fn enter(&self, book: &mut Book) {
        self.enter_as(host(self.actor), host(self.target), book);
    }

    fn enter_as(&self, actor: IpAddr, target: IpAddr, book: &mut Book) {
        self.enter_at(Timestamp::from_parts(self.second, 0), [actor, target], book);
    }

    /// Enters it at this time. Whether it was put into words.
    fn enter_at(&self, time: Timestamp, [actor, target]: [IpAddr; 2], book: &mut Book) -> bool {
        let mut worded = false;
        let finding = Finding {
            subject: Subject { detection: self.detection, actor, target, device: None, variant: 0 },
            detection: catalogue::detection(self.detection).unwrap(),
            also: &[],
            severity: self.severity,
            score: 1.0,
            cause: self.cause,
            time,
            place: Place { capture: 0, frame: u64::try_from(self.second).unwrap(), position: 0 },
            earlier: &[],
            protocol: Protocol::Modbus,
            zone: Zone(0),
            source: Endpoint::new(actor, 40_000),
            destination: Endpoint::new(target, 502),
            armed: Armed::Armed,
            gist: u32::from(self.point),
            key: &|| None,
            stranger: self.stranger,
            unknown: self.unknown,
        };
        book.enter(&finding, || {
            worded = true;
            Words {
                zone: "default".to_owned(),
                device: "device".to_owned(),
                points: vec![format!("coil {}", self.point)],
                observed: "observed".to_owned(),
                expected: "expected".to_owned(),
            }
        });
        worded
    }
}

fn told(seen: &[Seen]) -> Vec<Anomaly> {
    let mut book = Book::new(&Config::default(), vec!["one".to_owned()]);
    for each in seen {
        each.enter(&mut book);
    }
    book.finish();
    book.take()
}

fn incidents(seen: &[Seen]) -> usize {
    told(seen)
        .iter()
        .map(|anomaly| anomaly.incident)
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}

#[test]
fn the_same_finding_again_updates_the_anomaly_that_is_open() {
    let seen: Vec<_> = (1..=5).map(|second| Seen::new(second, "MB-29", 9, 21)).collect();
    let told = told(&seen);
    let counts: Vec<_> = told.iter().map(|anomaly| (anomaly.revision, anomaly.count)).collect();
    assert_eq!(counts, [(1, 1), (2, 2), (3, 4), (4, 5)], "told at powers of two, and at the end");
    assert!(told.iter().all(|anomaly| anomaly.id == told[0].id));
    assert_eq!(told[3].frames, [1, 2, 3, 4, 5]);
}

#[test]
fn another_point_is_told_at_once_and_after_the_joining_time_it_is_another_anomaly() {
    let at = |second, point| Seen { point, ..Seen::new(second, "MB-31", 9, 21) };
    let soon = told(&[at(0, 1), at(1, 1), at(2, 1), at(3, 2)]);
    assert_eq!(soon.last().unwrap().points, ["coil 1", "coil 2"]);
    assert_eq!(soon.last().unwrap().count, 4);
    let later = told(&[at(0, 1), at(901, 1), at(1802, 2)]);
    assert_eq!(later[1].id, later[0].id, "the same point again updates what nobody closed");
    assert_ne!(later[2].id, later[0].id);
    assert_eq!(later[2].frames, [1802]);
}

#[test]
fn points_that_take_turns_each_go_on_with_their_own_anomaly() {
    let at = |second, point| Seen { point, ..Seen::new(second, "MB-31", 9, 21) };
    let turns: Vec<_> = (0..6).map(|nth| at(i64::from(nth) * 1000, nth % 2)).collect();
    let told = last_told(told(&turns));
    let of: Vec<_> = told.iter().map(|one| (one.points.clone(), one.count)).collect();
    assert_eq!(of, [0, 1].map(|point| (vec![format!("coil {point}")], 3)));

    // What comes between two ticks is told, wherever its anomaly lies then.
    let mut book = Book::new(&Config::default(), Vec::new());
    for nth in 0..7 {
        at(i64::from(nth) * 1000, nth % 2).enter(&mut book);
        book.tick(Timestamp::from_parts(i64::from(nth) * 1000 + 61, 0));
    }
    let counts: Vec<_> = last_told(book.take()).iter().map(|one| one.count).collect();
    assert_eq!(counts, [3, 4]);
}

#[test]
fn so_many_points_that_take_turns_are_bounded_and_those_that_gave_way_counted() {
    let mut book = Book::new(&Config::default(), Vec::new());
    for nth in 0..40_u8 {
        let seen = Seen { point: nth, ..Seen::new(i64::from(nth) * 1000, "MB-31", 9, 21) };
        seen.enter(&mut book);
    }
    assert_eq!(book.entries.len(), 17, "one that is open, and sixteen that are put by");
    assert_eq!(book.counts().evicted, 23);
}

#[test]
fn findings_of_one_actor_join_by_target_or_by_cause_within_the_joining_time() {
    let first = || Seen::new(0, "MB-29", 9, 21);
    let other = |second, target, cause| Seen { cause, ..Seen::new(second, "MB-14", 9, target) };
    assert_eq!(incidents(&[first(), other(10, 21, Cause::Reconnaissance)]), 1, "same target");
    assert_eq!(incidents(&[first(), other(10, 22, Cause::Access)]), 1, "same cause");
    assert_eq!(incidents(&[first(), other(10, 22, Cause::Reconnaissance)]), 2, "neither");
    assert_eq!(incidents(&[first(), other(901, 21, Cause::Reconnaissance)]), 2, "too late");
    assert_eq!(incidents(&[first(), Seen::new(10, "MB-29", 8, 21)]), 2, "another actor");
}

#[test]
fn what_is_only_context_joins_whatever_is_open_about_its_actor() {
    let context = Seen { severity: Severity::Info, ..Seen::new(5, "MB-33", 9, 23) };
    let alarm = Seen { cause: Cause::Dangerous, ..Seen::new(0, "MB-21", 9, 21) };
    assert_eq!(incidents(&[alarm, context]), 1);
}

#[test]
fn context_is_added_to_what_is_above_low_only() {
    let concerns = |severity| {
        let mut book = Book::new(&Config::default(), Vec::new());
        Seen { severity, ..Seen::new(0, "MB-31", 9, 21) }.enter(&mut book);
        book.concerns(Zone(0), host(9), Timestamp::from_parts(1, 0))
    };
    assert!(concerns(Severity::Medium));
    assert!(!concerns(Severity::Low));
}

#[test]
fn everything_that_a_stranger_does_is_one_incident() {
    let causes = [Cause::Access, Cause::Reconnaissance, Cause::Dangerous, Cause::Conformance];
    let seen: Vec<_> = (0..)
        .zip(causes)
        .map(|(nth, cause)| Seen {
            cause,
            stranger: nth == 0,
            ..Seen::new(i64::from(nth), "MB-29", 9, 21 + nth)
        })
        .collect();
    assert_eq!(incidents(&seen), 1);
}

#[test]
fn a_flood_of_incidents_gathers_under_one_parent_and_critical_ones_still_stand_alone() {
    let mut seen: Vec<_> = (0..40).map(|nth| Seen::new(i64::from(nth), "MB-28", nth, 21)).collect();
    assert_eq!(incidents(&seen), 11, "ten, and the parent of the rest");
    seen.push(Seen { severity: Severity::Critical, ..Seen::new(41, "MB-29", 99, 21) });
    assert_eq!(incidents(&seen), 12);
}

#[test]
fn the_same_findings_give_the_same_identifiers_and_another_sensor_gives_others() {
    let seen = || [Seen::new(3, "MB-29", 9, 21)];
    let told_by = |sensor: &str| {
        let config = Config { sensor: sensor.to_owned(), ..Config::default() };
        let mut book = Book::new(&config, Vec::new());
        seen()[0].enter(&mut book);
        book.take()[0].id
    };
    assert_eq!(told_by("north"), told_by("north"));
    assert_ne!(told_by("north"), told_by("south"));
    assert_eq!(told_by("north").0[6] >> 4, 8, "version 8");
    assert_eq!(told_by("north").0[8] >> 6, 0b10, "variant of RFC 9562");
}

#[test]
fn a_full_book_lets_the_least_severe_and_youngest_go_and_counts_it() {
    let config = Config { anomalies_max: 3, ..Config::default() };
    let mut book = Book::new(&config, Vec::new());
    for (nth, severity) in
        (0..).zip([Severity::Critical, Severity::Low, Severity::High, Severity::High])
    {
        Seen { severity, ..Seen::new(i64::from(nth), "MB-29", nth, 21) }.enter(&mut book);
    }
    assert_eq!(book.counts().evicted, 1);
    assert_eq!(book.entries.len(), 3);
    assert!(book.entries.values().all(|entry| entry.anomaly.severity > Severity::Low));
}

#[test]
fn more_of_the_same_is_told_again_after_a_minute_and_not_before() {
    let mut book = Book::new(&Config::default(), Vec::new());
    for second in [0, 1, 2] {
        Seen::new(second, "MB-29", 9, 21).enter(&mut book);
    }
    assert_eq!(book.take().len(), 2, "the first and the second; the third is not a power of two");
    book.tick(Timestamp::from_parts(60, 0));
    assert!(book.take().is_empty());
    book.tick(Timestamp::from_parts(61, 0));
    assert_eq!(book.take().len(), 1);
    book.tick(Timestamp::from_parts(200, 0));
    assert!(book.take().is_empty(), "nothing changed since");
}

/// What was told of each anomaly last.
fn last_told(told: Vec<Anomaly>) -> Vec<Anomaly> {
    let mut last: Vec<Anomaly> = Vec::new();
    for anomaly in told {
        last.retain(|other| other.id != anomaly.id);
        last.push(anomaly);
    }
    last
}

/// The same, by a host of this number that was never heard before, at such a target.
fn stranger(nth: u32, target: u32, book: &mut Book) {
    let mut seen = Seen { stranger: true, unknown: true, ..Seen::new(10, "MB-29", 0, 0) };
    seen.severity = Severity::Critical;
    let address = |from: u32, nth| IpAddr::V4(Ipv4Addr::from_bits(from + nth));
    seen.enter_as(address(0xac10_0000, nth), address(0x0a00_0015, target), book);
}

#[test]
fn a_flood_from_made_up_sources_is_one_incident_a_target_that_names_how_far_it_spread() {
    let mut book = Book::new(&Config::default(), Vec::new());
    for nth in 0..10_000 {
        stranger(nth, nth % 2, &mut book);
    }
    // A known host does something else meanwhile.
    Seen::new(10, "MB-31", 7, 40).enter(&mut book);
    let at_once = book.take();
    let own = at_once.last().unwrap();
    assert_eq!((own.detection, own.source.address), ("MB-31", host(7)), "told at once");
    book.finish();
    let told = last_told(at_once.iter().cloned().chain(book.take()).collect());
    let incidents: std::collections::BTreeSet<_> = told.iter().map(|one| one.incident).collect();
    assert_eq!(incidents.len(), 3, "one for each target, and the known host's");
    assert!(told.iter().all(|one| one.incident != own.incident || one.id == own.id));
    let flood: Vec<_> = told.iter().filter(|one| one.count > 1).collect();
    assert_eq!(flood.len(), 2);
    let said = "; about 5000 other hosts (172.16.0.20 to 172.16.39.14), never heard before, did the same here (4990×)";
    assert!(flood[0].observed.contains(said), "{}", flood[0].observed);
    assert!(flood.iter().all(|one| one.severity == Severity::Critical && one.count == 4_991));
    assert_eq!(book.counts().counted_away, 9_980);
    assert!(at_once.len() < 60, "{} records for 10,000 packets", at_once.len());
}

#[test]
fn a_flood_at_made_up_targets_or_between_made_up_hosts_is_bounded_as_well() {
    for both in [false, true] {
        let mut book = Book::new(&Config::default(), Vec::new());
        for nth in 0..10_000 {
            stranger(if both { nth } else { 0 }, nth, &mut book);
        }
        Seen::new(10, "MB-31", 7, 40).enter(&mut book);
        let at_once = book.take();
        assert_eq!(at_once.last().unwrap().source.address, host(7), "told at once");
        assert!(at_once.len() < 250, "{} records", at_once.len());
        book.finish();
        let told = last_told(at_once.into_iter().chain(book.take()).collect());
        let incidents: std::collections::BTreeSet<_> =
            told.iter().map(|one| one.incident).collect();
        assert_eq!(incidents.len(), if both { 12 } else { 2 });
        let spread = told.iter().find(|one| one.observed.contains("hosts (")).unwrap();
        assert!(spread.count > 9_700, "{}", spread.count);
    }
}

#[test]
fn strangers_hide_no_critical_finding_of_a_known_host() {
    let mut book = Book::new(&Config::default(), Vec::new());
    for nth in 0..1_000 {
        stranger(nth, 0, &mut book);
    }
    for actor in 1..30 {
        Seen { severity: Severity::Critical, ..Seen::new(10, "MB-29", actor, 21) }.enter(&mut book);
    }
    let told = last_told(book.take());
    let known: Vec<_> = told.iter().filter(|one| one.source.address < host(30)).collect();
    assert_eq!(known.len(), 29);
    let incidents: std::collections::BTreeSet<_> = known.iter().map(|one| one.incident).collect();
    assert_eq!(incidents.len(), 29, "each stands alone");
}

#[test]
fn a_flood_of_findings_is_counted_whole_and_put_into_words_now_and_then() {
    let mut book = Book::new(&Config::default(), Vec::new());
    let (low, ends) = (Severity::Low, [host(66), host(21)]);
    let flood = Seen { severity: low, ..Seen::new(1, "MB-31", 66, 21) };
    let at = |nth: i32| Timestamp::from_parts(1, u32::try_from(nth * 10_000).unwrap());
    let worded = (0..100_000).filter(|nth| flood.enter_at(at(*nth), ends, &mut book)).count();
    assert!((64..80).contains(&worded), "{worded} times in a second");
    // What a person does is all put into words, also behind a flood.
    let behind = |nth: i64| Timestamp::from_parts(10 + nth / 10, 0);
    let of_a_person = (0..640).filter(|nth| flood.enter_at(behind(*nth), ends, &mut book));
    assert_eq!(of_a_person.count(), 640);
    // What is worse is put into words whatever came before.
    let worse = Seen { severity: Severity::High, ..flood };
    let last = Timestamp::from_parts(73, 900_000_000);
    let before = (0..200).filter(|_| flood.enter_at(last, ends, &mut book)).count();
    assert!(before < 80, "{before}");
    assert!(worse.enter_at(last, ends, &mut book));
    assert!(!worse.enter_at(last, ends, &mut book));
    book.finish();
    assert_eq!(last_told(book.take())[0].count, 100_842);
}

#[test]
fn what_says_something_else_among_very_many_is_put_into_words_and_so_is_what_is_worse() {
    let mut book = Book::new(&Config::default(), Vec::new());
    let (now, ends) = (Timestamp::from_parts(1, 0), [host(66), host(21)]);
    let flood = Seen { severity: Severity::Medium, ..Seen::new(1, "MB-31", 66, 21) };
    let many = |book: &mut Book| (0..1_000).filter(|_| flood.enter_at(now, ends, book)).count();
    assert!(many(&mut book) < 70);
    for point in 1..8 {
        assert!(Seen { point, ..flood }.enter_at(now, ends, &mut book), "{point}");
        assert!(!Seen { point, ..flood }.enter_at(now, ends, &mut book), "{point} again");
    }
    assert!(!Seen { point: 8, ..flood }.enter_at(now, ends, &mut book), "it never ends else");
    let told = last_told(book.take());
    assert!(told[0].points.contains(&"coil 7".to_owned()), "{:?}", told[0].points);
    // A record that names as many points as it can becomes worse all the same.
    let later = |nth: u32| Timestamp::from_parts(100 + i64::from(nth), 0);
    for point in 8..30 {
        Seen { point, ..flood }.enter_at(later(point.into()), ends, &mut book);
    }
    let worse = Seen { severity: Severity::Critical, point: 30, ..flood };
    assert!(worse.enter_at(later(31), ends, &mut book));
    let told = last_told(book.take());
    assert_eq!((told[0].points.len(), told[0].severity), (EVIDENCE_MAX, Severity::Critical));
}
