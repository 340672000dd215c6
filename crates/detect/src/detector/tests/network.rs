//! Scans, floods and taken addresses, and what looks like them and is not.

use gridtap_model::{Hardware, Icmp, NetworkEvent, Resolution};

use super::*;

const CARD: u64 = 0x0200_0000_0000;
const ROUTER: u8 = 1;

/// A host of the plant's network, many of which nobody has.
fn wide(nth: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0A00_0100 + nth))
}

fn card(nth: u8) -> Hardware {
    Hardware::from_bits(CARD + u64::from(nth))
}

impl Plant {
    fn begins(&mut self, client: IpAddr, port: u16, server: IpAddr, to: u16) {
        let ends = (Endpoint::new(client, port), Endpoint::new(server, to));
        self.heard(ends.0, ends.1, What::Link(LinkEvent::Begun));
    }

    fn fails(&mut self, client: IpAddr, port: u16, server: IpAddr, to: u16) {
        self.begins(client, port, server, to);
        let ends = (Endpoint::new(client, port), Endpoint::new(server, to));
        self.heard(ends.0, ends.1, What::Link(LinkEvent::Attempted { failed: true }));
    }

    fn connects(&mut self, client: IpAddr, port: u16, server: IpAddr, to: u16) {
        self.begins(client, port, server, to);
        let ends = (Endpoint::new(client, port), Endpoint::new(server, to));
        self.heard(ends.0, ends.1, What::Link(LinkEvent::Opened { handshake: true }));
    }

    fn network(&mut self, source: IpAddr, target: IpAddr, event: NetworkEvent) {
        let ends = (Endpoint::new(source, 0), Endpoint::new(target, 0));
        self.heard(ends.0, ends.1, What::Network(event));
    }

    fn arp(&mut self, kind: Resolution, source: IpAddr, claimed: Hardware, target: IpAddr) {
        let event = NetworkEvent::Resolution { kind, claimed, sender: Some(claimed) };
        self.network(source, target, event);
    }

    /// A host says whose card it has, in answer to the master.
    fn claims(&mut self, address: u8, claimed: Hardware) {
        self.arp(Resolution::Reply, host(address), claimed, host(MASTER));
    }

    /// Those that were told, with how bad they are, each once.
    fn opened(&self, detection: &str) -> Vec<Severity> {
        let told = self.told.iter().filter(|anomaly| anomaly.detection == detection);
        told.filter(|anomaly| anomaly.revision == 1).map(|anomaly| anomaly.severity).collect()
    }

    fn words(&self, detection: &str) -> &str {
        let told = self.told.iter().rfind(|anomaly| anomaly.detection == detection);
        told.map_or("", |anomaly| &anomaly.observed)
    }

    /// A plant that has also heard something else while it learned, every ten seconds.
    fn learned_beside(mut also: impl FnMut(&mut Self, u32)) -> Self {
        let mut plant = Self::new("");
        for second in 0..600_u32 {
            for rtu in [RTU, RTU + 1] {
                plant.ask(Ask::read(MASTER, rtu, 0, 10));
                plant.ask(Ask::read(HISTORIAN, rtu, 0, 10));
            }
            if second % 10 == 0 {
                also(&mut plant, second);
            }
            plant.pass(1);
        }
        assert!(plant.baseline.is_zone_armed(Zone(0)));
        plant
    }
}

/// The highest severity that was told by this plant of detections that are about the network.
fn worst(plant: &Plant, detections: &[&str]) -> Option<Severity> {
    let told = plant.told.iter().filter(|anomaly| detections.contains(&anomaly.detection));
    told.map(|anomaly| anomaly.severity).max()
}

const SCANS: [&str; 4] = ["OT-05", "OT-06", "OT-07", "OT-27"];

#[test]
fn a_host_that_turns_to_fifty_others_is_an_address_scan_and_told_once_with_its_spread() {
    for source in [STRANGER, HISTORIAN] {
        let mut plant = Plant::learned();
        for nth in 0..49 {
            plant.fails(host(source), 40_000, wide(nth), 445);
        }
        assert_eq!(plant.opened("OT-05"), []);
        for nth in 49..300 {
            plant.fails(host(source), 40_000, wide(nth), 445);
        }
        assert_eq!(plant.opened("OT-05"), [Severity::Medium]);
        plant.pass(60);
        assert!(
            plant.words("OT-05").contains("(10.0.1.0 to 10.0.1.199)"),
            "{}",
            plant.words("OT-05")
        );
    }
}

#[test]
fn echo_requests_to_all_are_an_address_scan() {
    let mut plant = Plant::learned();
    for nth in 0..60 {
        plant.network(host(STRANGER), wide(nth), NetworkEvent::Icmp(Icmp::Echo));
    }
    assert_eq!(plant.opened("OT-05"), [Severity::Medium]);
}

#[test]
fn a_scan_that_takes_its_time_is_told_within_a_day() {
    let mut plant = Plant::learned();
    for nth in 0..100 {
        plant.fails(host(STRANGER), 40_000, wide(nth), 102);
        plant.pass(300);
    }
    assert_eq!(plant.opened("OT-05"), [Severity::Medium]);
    assert!(plant.words("OT-05").contains("100 hosts"), "{}", plant.words("OT-05"));
}

#[test]
fn refused_ports_of_one_host_are_a_port_scan_and_ports_that_answer_are_not() {
    let mut plant = Plant::learned();
    for port in 1..=25 {
        plant.fails(host(STRANGER), 40_000, host(RTU), port);
    }
    assert_eq!(plant.opened("OT-06"), [Severity::Medium]);
    let mut plant = Plant::learned();
    for port in 0..200 {
        plant.connects(host(HISTORIAN), 40_000, host(RTU), 50_000 + port);
    }
    assert_eq!(worst(&plant, &SCANS), None, "ports that a service has handed out");
}

#[test]
fn a_host_that_goes_through_the_ports_of_controllers_is_looking_for_them() {
    let mut plant = Plant::learned();
    for nth in 0..10 {
        plant.fails(host(STRANGER), 40_000, wide(nth), 102);
    }
    assert_eq!(plant.opened("OT-07"), [Severity::Medium]);
    assert_eq!(plant.opened("OT-05"), [], "ten hosts are no scan of addresses");
}

#[test]
fn the_ports_of_havex_at_several_hosts_are_named_and_those_of_an_inventory_are_not() {
    for armed in [true, false] {
        let mut plant = if armed { Plant::learned() } else { Plant::new("") };
        for nth in 0..3 {
            for port in [44_818, 102, 502, 11_234, 12_401] {
                plant.fails(host(STRANGER), 40_000, wide(nth), port);
            }
            plant.pass(20);
        }
        assert_eq!(plant.opened("OT-27"), [Severity::High], "armed {armed}");
        assert!(plant.words("OT-27").contains("11234"), "{}", plant.words("OT-27"));
    }
    let mut plant = Plant::learned();
    for nth in 0..30 {
        for port in [44_818, 102, 502, 135, 20_000] {
            plant.fails(host(STRANGER), 40_000, wide(nth), port);
        }
    }
    assert_eq!(plant.opened("OT-27"), []);
}

#[test]
fn who_turned_to_many_while_it_was_learned_turns_to_many() {
    // Sixty outstations that answer, and that are connected to all at once after a switch has restarted.
    let reconnects = |plant: &mut Plant| {
        for nth in 0..60 {
            plant.connects(host(MASTER), 41_000, wide(nth), 502);
        }
    };
    let mut plant = Plant::learned_beside(|plant, _| reconnects(plant));
    reconnects(&mut plant);
    for nth in 0..60 {
        plant.fails(host(MASTER), 41_000, wide(nth), 502);
    }
    assert_eq!(worst(&plant, &SCANS), None);
    // A monitoring server that asks sixty hosts whether they are there: known for turning to many, not to whom.
    let pings = |plant: &mut Plant| {
        for nth in 0..60 {
            plant.network(host(HISTORIAN), wide(nth), NetworkEvent::Icmp(Icmp::Echo));
        }
    };
    let mut plant = Plant::learned_beside(|plant, _| pings(plant));
    for _ in 0..5 {
        pings(&mut plant);
        plant.pass(60);
    }
    assert_eq!(worst(&plant, &SCANS), None);
}

#[test]
fn who_was_met_one_by_one_may_be_met_all_at_once() {
    let mut plant = Plant::new("");
    plant.baseline = Baseline::new(
        gridtap_baseline::Config { block: "60s".parse().unwrap(), ..Default::default() },
        Site::default(),
    );
    for nth in 0..60 {
        plant.connects(host(MASTER), 41_000, wide(nth), 502);
        plant.pass(5);
    }
    for _ in 0..1_200 {
        plant.ask(Ask::read(MASTER, RTU, 0, 10));
        plant.pass(1);
    }
    assert!(plant.baseline.is_zone_armed(Zone(0)));
    for nth in 0..60 {
        plant.fails(host(MASTER), 41_000, wide(nth), 502);
    }
    assert_eq!(worst(&plant, &SCANS), None);
    for nth in 0..60 {
        plant.fails(host(HISTORIAN), 41_000, wide(nth), 502);
    }
    assert_eq!(plant.opened("OT-05"), [Severity::Medium], "the same by a host that never met them");
}

#[test]
fn while_it_learns_only_who_gets_no_answers_scans() {
    let mut plant = Plant::new("");
    for nth in 0..60 {
        plant.connects(host(MASTER), 41_000, wide(nth), 502);
    }
    assert_eq!(worst(&plant, &SCANS), None);
    for nth in 0..60 {
        plant.fails(host(STRANGER), 41_000, wide(nth), 502);
    }
    assert_eq!(plant.opened("OT-05"), [Severity::Medium]);
    assert_eq!(plant.opened("OT-07"), [Severity::Medium]);
}

#[test]
fn answers_of_a_server_whose_questions_were_not_heard_are_no_scan() {
    let mut plant = Plant::learned();
    for nth in 0..200_u16 {
        let source = Endpoint::new(host(HISTORIAN), 53);
        let target = Endpoint::new(wide(u32::from(nth)), 40_000 + nth);
        let observation = Observation {
            time: plant.now,
            place: Place { capture: 0, frame: u64::from(nth) + 1, position: 0 },
            zone: Zone(0),
            conversation: Conversation(u64::from(nth) + 100),
            transport: Transport::Udp,
            protocol: Protocol::Unknown,
            source,
            destination: target,
            what: What::Link(LinkEvent::Begun),
        };
        plant.detector.observe(&observation, &mut plant.baseline);
        plant.told.extend(plant.detector.take());
    }
    assert_eq!(worst(&plant, &SCANS), None);
}

#[test]
fn thousands_of_connections_to_one_host_are_one_flood_whoever_they_are_from() {
    let mut plant = Plant::learned();
    for nth in 0..20_000 {
        plant.begins(wide(nth % 5_000), 40_000, host(RTU), 502);
    }
    let floods: Vec<_> = plant.told.iter().filter(|told| told.detection == "OT-10").collect();
    assert_eq!(plant.opened("OT-10"), [Severity::Medium]);
    assert!(floods.len() <= 5, "{} lines", floods.len());
    assert!(plant.words("OT-10").contains("from about 5000 hosts"), "{}", plant.words("OT-10"));
}

#[test]
fn a_flood_of_control_messages_is_told_apart_from_one_of_connections() {
    let mut plant = Plant::learned();
    for _ in 0..4_000 {
        plant.network(host(STRANGER), host(RTU), NetworkEvent::Icmp(Icmp::Echo));
    }
    assert_eq!(plant.opened("OT-10"), [Severity::Medium]);
    assert!(plant.words("OT-10").contains("ICMP"), "{}", plant.words("OT-10"));
}

#[test]
fn more_connections_of_one_client_than_ever_are_excessive() {
    let polls = |plant: &mut Plant, client: u8, server: u8, times: u16| {
        for nth in 0..times {
            plant.connects(host(client), 40_000 + nth, host(server), 502);
        }
    };
    let mut plant = Plant::learned();
    polls(&mut plant, STRANGER, RTU, 50);
    assert_eq!(plant.opened("OT-11"), []);
    polls(&mut plant, STRANGER, RTU, 1);
    assert_eq!(plant.opened("OT-11"), [Severity::Medium]);

    // Each poll opens a connection; a standby takes over, and a device is added.
    let mut plant = Plant::learned_beside(|plant, _| polls(plant, MASTER, RTU, 10));
    polls(&mut plant, MASTER, RTU, 100);
    polls(&mut plant, HISTORIAN, RTU, 100);
    polls(&mut plant, MASTER, RTU + 5, 100);
    assert_eq!(plant.opened("OT-11"), []);
}

#[test]
fn a_master_that_tries_to_reach_its_device_for_hours_floods_nobody() {
    let mut plant = Plant::learned();
    for nth in 0..9_000_u16 {
        plant.fails(host(MASTER), 20_000 + nth, host(RTU), 502);
        if nth % 100 == 0 {
            plant.pass(1);
        }
    }
    assert_eq!(worst(&plant, &["OT-10", "OT-11"]), None);
    for nth in 0..u16::MAX {
        plant.fails(host(MASTER), nth, host(RTU), 502);
    }
    assert_eq!(plant.opened("OT-10"), [Severity::Medium], "that is more than trying");
}

#[test]
fn somebody_who_knocks_at_a_login_is_told_sooner() {
    let mut plant = Plant::learned();
    for nth in 0..21 {
        plant.connects(host(HISTORIAN), 40_000 + nth, host(RTU), 23);
    }
    assert_eq!(plant.opened("OT-11"), [Severity::Medium]);
    let told = plant.told.iter().rfind(|told| told.detection == "OT-11").unwrap();
    assert!(told.expected.contains("passwords"), "{}", told.expected);
}

/// A plant that knows the cards of its hosts.
fn with_cards() -> Plant {
    Plant::learned_beside(|plant, _| {
        for address in [MASTER, HISTORIAN, RTU, RTU + 1] {
            plant.claims(address, card(address));
        }
        plant.arp(Resolution::Reply, host(ROUTER), Hardware([0, 0, 0x5E, 0, 1, 1]), host(MASTER));
    })
}

#[test]
fn a_card_that_takes_the_addresses_of_two_stands_between_them() {
    for armed in [true, false] {
        let mut plant = if armed { with_cards() } else { Plant::new("") };
        for address in [MASTER, RTU] {
            plant.claims(address, card(address));
        }
        plant.pass(5);
        for _ in 0..10 {
            plant.arp(Resolution::Reply, host(MASTER), card(STRANGER), host(RTU));
            plant.arp(Resolution::Reply, host(RTU), card(STRANGER), host(MASTER));
            plant.pass(2);
        }
        let told = plant.told.iter().find(|told| told.severity == Severity::High);
        let told = told.unwrap_or_else(|| panic!("armed {armed}: {:?}", plant.told));
        assert_eq!(told.detection, "OT-09");
        assert!(told.observed.contains("can stand between them"), "{}", told.observed);
        assert!(told.observed.contains("10.0.0.7") && told.observed.contains("10.0.0.21"));
    }
}

#[test]
fn two_cards_that_claim_one_address_in_turn_are_high_and_told_once() {
    let mut plant = with_cards();
    for _ in 0..20 {
        plant.claims(RTU, card(STRANGER));
        plant.pass(1);
        plant.claims(RTU, card(RTU));
        plant.pass(1);
    }
    let high: Vec<_> = plant.told.iter().filter(|told| told.severity == Severity::High).collect();
    assert!(high.iter().all(|told| told.id == high[0].id) && !high.is_empty(), "{:?}", plant.told);
    assert!(high[0].observed.contains("in turn"), "{}", high[0].observed);
}

#[test]
fn a_replaced_card_is_told_once_and_not_as_high() {
    let mut plant = with_cards();
    for _ in 0..100 {
        plant.claims(RTU, card(40));
        plant.pass(10);
    }
    assert_eq!(plant.opened("OT-09"), [Severity::Medium]);
    assert!(plant.words("OT-09").contains("02:00:00:00:00:28"), "{}", plant.words("OT-09"));
}

#[test]
fn an_address_that_goes_from_host_to_host_and_a_router_that_takes_over_alarm_nobody() {
    let mut plant = with_cards();
    // The router's standby announces the shared card; hosts that nobody knows lease one address after the other.
    let shared = Hardware([0, 0, 0x5E, 0, 1, 1]);
    for _ in 0..5 {
        plant.arp(Resolution::Announcement, host(ROUTER), shared, host(ROUTER));
        plant.pass(1);
    }
    for lease in [60, 61, 62] {
        plant.arp(Resolution::Probe, IpAddr::V4(Ipv4Addr::UNSPECIFIED), card(lease), host(200));
        plant.arp(Resolution::Announcement, host(200), card(lease), host(200));
        plant.pass(3_600);
    }
    assert_eq!(worst(&plant, &["OT-08", "OT-09"]), None);
}

#[test]
fn an_address_that_moved_between_two_cards_while_it_was_learned_moves_between_them() {
    let mut plant = Plant::new("");
    for second in 0..400_u32 {
        plant.claims(RTU, card(70 + u8::from(second % 200 >= 100)));
        plant.pass(1);
    }
    assert!(!plant.baseline.is_zone_armed(Zone(0)));
    for _ in 0..600 {
        plant.ask(Ask::read(MASTER, RTU, 0, 10));
        plant.pass(1);
    }
    assert!(plant.baseline.is_zone_armed(Zone(0)));
    for turn in [1, 0, 1, 0] {
        plant.claims(RTU, card(70 + turn));
        plant.pass(5);
    }
    assert_eq!(worst(&plant, &["OT-09"]), None);
}

#[test]
fn asking_for_addresses_that_nobody_has_is_a_scan_and_asking_for_all_that_are_there_is_none() {
    let mut plant = with_cards();
    for nth in 0..40 {
        plant.arp(Resolution::Request, host(STRANGER), card(STRANGER), wide(nth));
        plant.pass(1);
    }
    assert_eq!(plant.opened("OT-08"), [Severity::Medium]);

    let mut plant = Plant::learned_beside(|plant, _| {
        for nth in 0..60 {
            plant.connects(host(MASTER), 41_000, wide(nth), 502);
        }
    });
    // A switch has restarted: all ask for all, again and again, and not all answer.
    for _ in 0..60 {
        for nth in 0..60 {
            plant.arp(Resolution::Request, host(MASTER), card(MASTER), wide(nth));
        }
        plant.pass(2);
    }
    assert_eq!(worst(&plant, &["OT-08"]), None);
}

#[test]
fn a_card_that_floods_and_a_crowd_of_made_up_ones_are_told_as_one_line_each() {
    let mut plant = with_cards();
    for nth in 0..10_000 {
        plant.arp(Resolution::Announcement, host(STRANGER), card(STRANGER), host(STRANGER));
        if nth % 200 == 0 {
            plant.pass(1);
        }
    }
    assert_eq!(plant.opened("OT-08"), [Severity::Medium]);

    let mut plant = with_cards();
    for nth in 0..10_000 {
        let made_up = Hardware::from_bits(CARD + 0x10_0000 + u64::from(nth));
        plant.arp(Resolution::Announcement, wide(nth), made_up, wide(nth));
    }
    assert_eq!(plant.opened("OT-08"), [Severity::Medium]);
    assert!(
        plant.words("OT-08").contains("last: about 2600 addresses"),
        "{}",
        plant.words("OT-08")
    );
    // What it knew before is still there.
    plant.claims(RTU, card(STRANGER));
    assert_eq!(plant.opened("OT-09"), [Severity::Medium]);
}

#[test]
fn a_host_that_never_redirected_others_is_told_when_it_does() {
    let mut plant = Plant::learned_beside(|plant, _| {
        plant.network(host(ROUTER), host(MASTER), NetworkEvent::Icmp(Icmp::Redirect));
    });
    plant.network(host(ROUTER), host(MASTER), NetworkEvent::Icmp(Icmp::Redirect));
    assert_eq!(plant.opened("OT-09"), []);
    plant.network(host(STRANGER), host(MASTER), NetworkEvent::Icmp(Icmp::Redirect));
    assert_eq!(plant.opened("OT-09"), [Severity::Medium]);
}

#[test]
fn a_segment_with_two_contents_is_an_injection() {
    let mut plant = Plant::learned();
    let ends = (Endpoint::new(host(MASTER), 40_000), Endpoint::new(host(RTU), 502));
    plant.heard(ends.0, ends.1, What::Link(LinkEvent::OverlapDiffers { bytes: 4 }));
    assert_eq!(plant.opened("OT-24"), [Severity::Medium]);
    plant.heard(ends.0, ends.1, What::Link(LinkEvent::ResetMisplaced));
    assert_eq!(plant.opened("OT-24"), [Severity::Medium], "of what is not decoded nothing more");
}

#[test]
fn a_new_conversation_says_by_its_service_what_it_is_for() {
    let mut plant = Plant::learned();
    // The master is known, but not for this.
    plant.connects(host(MASTER), 40_000, host(RTU), 22);
    assert_eq!(plant.opened("OT-16"), [Severity::Medium]);
    let told = plant.told.iter().rfind(|anomaly| anomaly.detection == "OT-16").unwrap();
    assert!(told.also.contains(&"OT-02"), "{:?}", told.also);
    assert!(told.expected.contains("did not turn to 10.0.0."), "{}", told.expected);
    plant.connects(host(HISTORIAN), 40_001, host(RTU), 9600);
    assert_eq!(plant.opened("OT-04"), [Severity::Medium]);
    // By UDP port 22 is nothing of the kind, nor is a port that says nothing.
    plant.connects(host(HISTORIAN), 40_002, host(RTU), 8080);
    assert_eq!(plant.opened("OT-16"), [Severity::Medium]);
}

#[test]
fn what_was_done_at_a_distance_every_day_is_not_told() {
    let mut plant = Plant::learned_beside(|plant, _| {
        plant.connects(host(HISTORIAN), 40_000, host(RTU), 22);
    });
    plant.connects(host(HISTORIAN), 40_001, host(RTU), 22);
    assert_eq!(plant.opened("OT-16"), []);
    plant.connects(host(HISTORIAN), 40_001, host(RTU + 1), 22);
    assert_eq!(plant.opened("OT-16"), [Severity::Medium]);
}

#[test]
fn a_scan_in_a_flood_is_told_at_once_and_then_ten_times_a_second() {
    let mut plant = Plant::learned();
    let answer = Answer::None;
    for nth in 0..2_000_u16 {
        let unit = u8::try_from(nth % 245).unwrap() + 2;
        let first = 1_000 + u32::from(nth);
        plant.ask(Ask { unit, answer, ..Ask::read(MASTER, RTU, first, 1) });
        plant.now = plant.now.plus_ns(SECOND_NS / 2_000);
        if nth == 20 {
            assert!(plant.said().contains(&("MB-20", Severity::Medium)), "{:?}", plant.said());
        }
    }
    plant.pass(1);
    for scan in ["MB-20", "MB-14"] {
        let told = plant.above_low();
        let told = told.iter().find(|anomaly| anomaly.detection == scan);
        let count = told.map_or(0, |anomaly| anomaly.count);
        assert!((5..=15).contains(&count), "{scan}: {count} times in a second");
    }
}
