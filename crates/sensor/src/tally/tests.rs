use std::net::{IpAddr, Ipv4Addr};

use gridtap_model::{
    Class, Conversation, Device, Dialogue, Effect, Endpoint, Faults, Function, Hearing, Place,
    Protocol, Refusal, SubAddress, Transport, Zone,
};
use gridtap_telemetry::{Config, DeviceState, Known, Metrics};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_parts(seconds, 0)
}

fn unit(zone: u16, unit: u8) -> Device {
    Device {
        zone: Zone(zone),
        protocol: Protocol::Modbus,
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 21)),
        sub: SubAddress::Unit(unit),
    }
}

/// A tally with what it is asked.
struct Count {
    tally: Tally,
    site: Site,
}

impl Count {
    fn new(devices_max: u32, site: &str) -> Self {
        let site = Site::parse(site).unwrap();
        Self { tally: Tally::new(&["eth1".to_owned()], &Config { devices_max }), site }
    }

    fn hear(&mut self, seconds: i64, device: Device, phase: Phase, outcome: Outcome) {
        let master = Endpoint::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)), 49_152);
        let message = Message {
            master,
            device,
            class: Class::Read,
            phase,
            function: Function { code: 3, sub: None, name: "read_holding_registers" },
            effect: Effect::Plain,
            runs: &[],
            outcome,
            request_frame: None,
            latency_ns: (phase != Phase::Request).then_some(4_000_000),
            faults: Faults::default(),
            hearing: Hearing::default(),
            identity: None,
            file: None,
            dialogue: Dialogue::NONE,
        };
        let observation = Observation {
            time: at(seconds),
            place: Place::default(),
            zone: device.zone,
            conversation: Conversation(0),
            transport: Transport::Tcp,
            protocol: Protocol::Modbus,
            source: master,
            destination: Endpoint::new(device.address, 502),
            what: What::Message(message),
        };
        self.tally.observe(&observation, &self.site);
    }

    fn poll(&mut self, seconds: i64, device: Device) {
        self.hear(seconds, device, Phase::Request, Outcome::Pending);
        self.hear(seconds, device, Phase::Response, Outcome::Success);
    }

    fn told(&self, now: i64) -> Heard {
        let mut heard = Heard::default();
        self.tally.tell(&mut heard, at(now));
        heard
    }
}

fn refused() -> Outcome {
    Outcome::Refused { reason: Refusal::Gateway, code: 11 }
}

#[test]
fn a_device_has_its_own_counts_from_its_first_good_answer_on() {
    let mut count = Count::new(10, "");
    count.poll(0, unit(0, 3));
    count.poll(1, unit(0, 3));
    let heard = count.told(1);
    assert_eq!(heard.protocols[0].commands[CommandClass::Read.index()], 2);
    assert_eq!(heard.protocols[0].response.count(), 2);
    let [device] = heard.devices.as_slice() else { panic!("{:?}", heard.devices) };
    assert_eq!(device.name, "modbus 10.0.0.21 unit 3");
    assert_eq!(
        (device.commands[0], heard.other_devices[0][0]),
        (1, 1),
        "the first was a stranger's"
    );
    assert_eq!((device.last, heard.capped), (Some(at(1)), 0));
}

#[test]
fn a_scan_of_units_behind_a_gateway_makes_no_series() {
    let mut count = Count::new(10, "");
    for number in 1..=247 {
        count.hear(0, unit(0, number), Phase::Request, Outcome::Pending);
        count.hear(0, unit(0, number), Phase::Exception, refused());
    }
    let heard = count.told(1);
    assert_eq!(heard.devices, []);
    assert_eq!(heard.other_devices[0][0], 247);
    assert_eq!(heard.protocols[0].exceptions[RefusalCode::Gateway.index()], 247);
}

#[test]
fn a_declared_device_is_there_from_its_first_request_on_by_its_name() {
    let site = "[[devices]]\nname = \"RTU 21\"\nprotocol = \"modbus\"\naddress = \"10.0.0.21\"\nunit = 3\n";
    let mut count = Count::new(10, site);
    count.hear(0, unit(0, 3), Phase::Request, Outcome::Pending);
    let heard = count.told(1);
    let [device] = heard.devices.as_slice() else { panic!("{:?}", heard.devices) };
    assert_eq!(device.name, "RTU 21 (modbus 10.0.0.21 unit 3)");
    assert_eq!((device.commands[0], device.state), (1, DeviceState::Unanswered));
}

#[test]
fn beyond_the_ceiling_devices_count_together_and_that_is_counted() {
    let mut count = Count::new(2, "");
    for round in 0..3 {
        for number in 1..=4 {
            count.poll(round, unit(0, number));
        }
    }
    let heard = count.told(3);
    assert_eq!(heard.devices.len(), 2);
    let own: u64 = heard.devices.iter().map(|device| device.commands[0]).sum();
    assert_eq!((own, heard.other_devices[0][0]), (4, 8), "every command is somewhere");
    assert_eq!(heard.capped, 6, "units 3 and 4, three times each");
}

#[test]
fn the_same_address_in_two_zones_is_two_devices_with_two_names() {
    let site = "[[zones]]\nname = \"east\"\nsubnets = [\"10.0.0.0/24\"]\n";
    let mut count = Count::new(10, site);
    count.poll(0, unit(0, 3));
    count.poll(0, unit(1, 3));
    let heard = count.told(1);
    let names: Vec<&str> = heard.devices.iter().map(|device| device.name.as_str()).collect();
    assert_eq!(names, ["modbus 10.0.0.21 unit 3", "modbus 10.0.0.21 unit 3 in east"]);
}

#[test]
fn a_device_is_silent_when_it_is_quiet_for_much_longer_than_it_is_used_to() {
    let mut count = Count::new(10, "");
    let state = |count: &Count, now: i64| count.told(now).devices[0].state;
    for minute in 0..30 {
        count.poll(minute * 60, unit(0, 3));
    }
    let last = 29 * 60;
    assert_eq!(state(&count, last + 300), DeviceState::Active);
    assert_eq!(state(&count, last + 301), DeviceState::Silent);
    // One that is polled every quarter of an hour is silent after twice that.
    let mut count = Count::new(10, "");
    for quarter in 0..8 {
        count.poll(quarter * 900, unit(0, 3));
    }
    let last = 7 * 900;
    assert_eq!(state(&count, last + 1800), DeviceState::Active);
    assert_eq!(state(&count, last + 1801), DeviceState::Silent);
}

#[test]
fn an_outage_is_forgotten_and_does_not_hide_the_next_one() {
    let mut count = Count::new(10, "");
    count.poll(0, unit(0, 3));
    // A day of silence, then three hours of a poll a minute.
    for minute in 1440..1440 + 180 {
        count.poll(minute * 60, unit(0, 3));
    }
    let last = (1440 + 179) * 60;
    assert_eq!(count.told(last + 301).devices[0].state, DeviceState::Silent);
}

#[test]
fn time_that_steps_back_moves_no_last_word_back() {
    let mut count = Count::new(10, "");
    count.poll(100, unit(0, 3));
    count.poll(50, unit(0, 3));
    assert_eq!(count.told(101).devices[0].last, Some(at(100)));
}

#[test]
fn a_pipeline_that_heard_nothing_has_every_metric_already() {
    let pipeline =
        crate::Pipeline::new(&crate::Config::default(), Site::default(), vec!["eth1".to_owned()]);
    let metrics = Metrics::new(&Known { detections: vec!["MB-29"], ..Known::default() });
    metrics.heard(pipeline.heard(at(0)));
    metrics.learned(pipeline.learned());
    let text = metrics.text();
    for metric in gridtap_telemetry::table::TABLE {
        assert!(text.contains(&format!("# TYPE {} ", metric.name)), "{}", metric.name);
    }
    assert!(text.contains("gridtap_evictions_total{what=\"flows_evicted_unanswered\"} 0\n"));
}

#[test]
fn a_device_that_is_polled_seldom_is_not_called_silent_between_its_polls() {
    // Every 20 minutes a burst of requests that lasts a few seconds.
    let mut count = Count::new(10, "");
    for poll in 0..12 {
        for second in 0..8 {
            count.poll(poll * 1200 + second, unit(0, 3));
        }
        for minute in 1..20 {
            let state = count.told(poll * 1200 + minute * 60).devices[0].state;
            assert_eq!(state, DeviceState::Active, "poll {poll} minute {minute}");
        }
    }
    assert_eq!(count.told(12 * 1200 + 7200).devices[0].state, DeviceState::Silent);
}

#[test]
fn a_pause_of_all_that_is_heard_makes_no_device_silent() {
    let mut count = Count::new(10, "");
    let packet = |count: &mut Count, seconds: i64| count.tally.packet(0, 60, at(seconds));
    for second in 0..1200 {
        packet(&mut count, second);
        count.poll(second, unit(0, 3));
        count.poll(second, unit(0, 4));
    }
    // The mirror was away for an hour, and unit 4 does not come back.
    for second in 4800..4800 + 400 {
        packet(&mut count, second);
        assert_eq!(count.told(second).devices[1].state == DeviceState::Silent, second > 5100);
        count.poll(second, unit(0, 3));
        assert_eq!(count.told(second).devices[0].state, DeviceState::Active, "second {second}");
    }
}

#[test]
fn a_device_of_an_earlier_run_is_missed_after_a_restart_and_silent_until_it_speaks() {
    let known = |number: u8, state| DeviceStanding {
        device: unit(0, number),
        state,
        last: Some(at(1000)),
        usual_ns: Some(10_000_000_000),
    };
    let mut count = Count::new(10, "");
    count.tally.know(&known(3, DeviceState::Active), &count.site);
    count.tally.know(&known(4, DeviceState::Silent), &count.site);
    count.tally.packet(0, 60, at(9000));
    let states = |count: &Count, now: i64| -> Vec<DeviceState> {
        count.told(now).devices.iter().map(|device| device.state).collect()
    };
    assert_eq!(states(&count, 9300), [DeviceState::Active, DeviceState::Silent]);
    assert_eq!(states(&count, 9301), [DeviceState::Silent, DeviceState::Silent]);
    count.poll(9302, unit(0, 4));
    assert_eq!(states(&count, 9302), [DeviceState::Silent, DeviceState::Active]);
}

#[test]
fn the_poll_interval_is_that_of_the_request_made_most_often() {
    let mut count = Count::new(10, "");
    assert!(count.told(0).devices.is_empty());
    for round in 0..40 {
        count.poll(round * 10, unit(0, 3));
        let interval = count.told(round * 10).devices[0].poll;
        // The first request was a stranger's: its device had no place yet.
        assert_eq!(interval.is_some(), round > 5, "round {round}");
    }
    let interval = count.told(400).devices[0].poll.unwrap();
    assert_eq!((interval.median_ns, interval.p95_ns), (10_000_000_000, 10_000_000_000));
    // Two of 32 intervals were longer than the rest: the 95th percentile shows them, the median does not.
    for seconds in [450, 500] {
        count.poll(seconds, unit(0, 3));
    }
    let interval = count.told(500).devices[0].poll.unwrap();
    assert_eq!((interval.median_ns, interval.p95_ns), (10_000_000_000, 50_000_000_000));
}
