use std::net::{IpAddr, Ipv4Addr};

use gridtap_baseline::{Config, Site};
use gridtap_model::{Protocol, SubAddress, Zone};

use super::*;
use crate::serve::hearing::now;

fn device(number: u16) -> Device {
    Device {
        zone: Zone(0),
        protocol: Protocol::Dnp3,
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 21)),
        sub: SubAddress::Link(number),
    }
}

fn standing(number: u16, state: DeviceState) -> DeviceStanding {
    let last = Some(Timestamp::from_parts(i64::from(number), 0));
    DeviceStanding { device: device(number), state, last, usual_ns: Some(5) }
}

fn baseline() -> Baseline {
    Baseline::new(Config::default(), Site::default())
}

/// News of a sensor that knows these devices.
fn knowing(count: u16) -> News {
    let mut news = News::of(Some("[]"), &baseline()).unwrap();
    for number in 0..count {
        let active = standing(number, DeviceState::Active);
        news.told.insert(active.device, Kept::of(&active, false));
    }
    news
}

fn kinds(events: &[Event]) -> Vec<(&'static str, u64)> {
    events.iter().map(|event| (event.kind, event.data["count"].as_u64().unwrap())).collect()
}

fn look(news: &mut News, standings: &[DeviceStanding], at: Instant) -> Vec<Event> {
    news.look(standings.iter().copied(), &baseline(), at, false)
}

#[test]
fn silence_and_return_are_told_once_each() {
    let mut news = knowing(2);
    let start = now();
    let silent = [standing(0, DeviceState::Silent), standing(1, DeviceState::Active)];
    let events = look(&mut news, &silent, start);
    assert_eq!(kinds(&events), [("device.silent", 1)]);
    assert_eq!(events[0].data["device"], "dnp3 10.0.0.21 link 0");
    assert_eq!(look(&mut news, &silent, start), []);
    let active = [standing(0, DeviceState::Active), standing(1, DeviceState::Active)];
    assert_eq!(kinds(&look(&mut news, &active, start)), [("device.returned", 1)]);
    assert_eq!(look(&mut news, &active, start), []);
}

#[test]
fn a_restart_tells_nothing_again_and_goes_on_where_it_was() {
    let mut news = knowing(1);
    let start = now();
    assert_eq!(look(&mut news, &[standing(0, DeviceState::Silent)], start).len(), 1);
    let text = news.text([standing(0, DeviceState::Silent)].into_iter()).unwrap();
    let mut after = News::of(Some(&text), &baseline()).unwrap();
    assert_eq!(after.told, news.told);
    let missed: Vec<_> = after.missed().collect();
    assert_eq!(missed, [standing(0, DeviceState::Silent)]);
    assert_eq!(look(&mut after, &[standing(0, DeviceState::Silent)], start), []);
    let back = look(&mut after, &[standing(0, DeviceState::Active)], start);
    assert_eq!(kinds(&back), [("device.returned", 1)]);
}

#[test]
fn while_the_baseline_learns_devices_come_together() {
    let mut news = knowing(0);
    let start = now();
    let few: Vec<_> = (0..3).map(|number| standing(number, DeviceState::Active)).collect();
    assert_eq!(look(&mut news, &few, start), []);
    assert_eq!(look(&mut news, &few, start + Duration::from_secs(59)), []);
    let events = look(&mut news, &few, start + LESSON);
    assert_eq!(kinds(&events), [("device.new", 3)]);
    assert_eq!((events[0].severity, &events[0].data["learning"]), (Severity::Info, &true.into()));
    let more = standing(9, DeviceState::Active);
    assert_eq!(look(&mut news, &[more], start + LESSON + LESSON), []);
    // At the end nothing waits.
    let last = news.look([more].into_iter(), &baseline(), start + LESSON + LESSON, true);
    assert_eq!(kinds(&last), [("device.new", 1)]);
}

#[test]
fn a_flood_is_told_in_few_messages_that_count_every_device() {
    let mut news = knowing(1000);
    let start = now();
    let mut messages = 0;
    let mut told = 0;
    // One more device is silent each second.
    for second in 0..1000_u16 {
        let standings: Vec<_> = (0..1000)
            .map(|number| {
                let state =
                    if number <= second { DeviceState::Silent } else { DeviceState::Active };
                standing(number, state)
            })
            .collect();
        for event in look(&mut news, &standings, start + Duration::from_secs(second.into())) {
            messages += 1;
            told += event.data["count"].as_u64().unwrap();
            assert!(event.data.to_string().len() < 16_000, "it fits into a message");
        }
    }
    assert!(messages <= 2 * SINGLE_MAX + 2, "{messages} messages");
    let rest = look(
        &mut news,
        &(0..1000).map(|number| standing(number, DeviceState::Silent)).collect::<Vec<_>>(),
        start + Duration::from_secs(3000),
    );
    assert_eq!(
        told + rest.iter().filter_map(|event| event.data["count"].as_u64()).sum::<u64>(),
        1000
    );
}

#[test]
fn a_device_that_was_taken_away_long_ago_is_not_missed() {
    let mut news = knowing(0);
    let days = |days: i64| Some(Timestamp::from_parts(days * 86_400, 0));
    for (number, last) in [(1, days(100)), (2, days(107)), (3, days(99))] {
        let standing = DeviceStanding { last, ..standing(number, DeviceState::Active) };
        news.told.insert(standing.device, Kept::of(&standing, false));
    }
    let missed: Vec<_> = news.missed().map(|known| known.device).collect();
    assert_eq!(missed, [device(1), device(2)]);
}

#[test]
fn what_is_kept_of_a_protocol_that_is_not_known_yet_is_left_out() {
    let text = r#"[{"zone":0,"protocol":"iccp","address":"10.0.0.1","silent":false}]"#;
    assert!(News::of(Some(text), &baseline()).unwrap().told.is_empty());
    assert!(News::of(Some("nonsense"), &baseline()).is_err());
}
