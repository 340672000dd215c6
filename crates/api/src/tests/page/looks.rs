//! What pages show, and that they show text as text.

use gridtap_model::{Endpoint, Timestamp};
use gridtap_store::Evidence;

use super::super::{NOW, Stage, anomaly, id};
use super::{Browser, with_users};
use crate::health::{Condition, LevelArmed};
use crate::network::{ByClass, Command, Device, Host, Learning, Level, Overview};

const SCRIPT: &str = "<script>alert(1)</script>\" onload='x' &amp;";

#[test]
fn what_comes_from_the_network_or_from_people_is_shown_as_text() {
    let stage = Stage::of(with_users());
    stage.write(|batch| {
        let mut hostile = anomaly(1);
        hostile.device = format!("modbus {SCRIPT} unit 3");
        hostile.points = vec![SCRIPT.to_owned()];
        hostile.observed = format!("wrote {SCRIPT} \u{202e}dne");
        hostile.expected = SCRIPT.to_owned();
        hostile.zone = SCRIPT.to_owned();
        hostile.capture = Some(SCRIPT.into());
        hostile.key = Some(SCRIPT.to_owned());
        batch.anomaly(&hostile)
    });
    stage.health.set(Condition {
        site: SCRIPT.to_owned(),
        sensor: SCRIPT.to_owned(),
        degraded: vec![SCRIPT.to_owned()],
        ..Condition::default()
    });
    let mut browser = Browser::of(&stage, "shift");
    let path = format!("/anomalies/{}", id(1));
    browser.act(&stage, &path, &[("action", "comment"), ("comment", SCRIPT)]);
    let filter = serde_urlencoded::to_string([("device", SCRIPT)]).unwrap();
    for path in [
        "/",
        &format!("/?{filter}"),
        &path,
        &format!("/incidents/{}", super::super::incident(1)),
        "/network",
        "/anomalies/%3Cscript%3Ealert(1)",
        "/nowhere/%3Cscript%3E",
    ] {
        let page = browser.get(&stage, path);
        let text = page.text();
        assert_eq!(text.matches("<script").count(), 1, "{path}: {text}");
        assert!(text.contains("<script src=\"/page/page.js\" defer></script>"), "{path}");
        for word in ["onload='x", "\u{202e}"] {
            assert!(!text.contains(word), "{path}: {word} in {text}");
        }
        let policy = page.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'self';") && !policy.contains("unsafe"),
            "{policy}"
        );
    }
}

#[test]
fn the_list_begins_with_the_sensor_and_with_what_nobody_has_seen_the_worst_first() {
    let stage = Stage::with(with_users(), 6);
    stage.health.set(Condition {
        site: "north".to_owned(),
        hearing: false,
        last_packet: Some(NOW),
        levels: vec![
            LevelArmed { level: "flow".to_owned(), armed: true, armed_in_s: None },
            LevelArmed { level: "address".to_owned(), armed: false, armed_in_s: Some(7260) },
        ],
        degraded: vec!["no packet for 60 s".to_owned()],
        ..Condition::default()
    });
    let mut browser = Browser::of(&stage, "shift");
    browser.act(&stage, &format!("/anomalies/{}", id(3)), &[("action", "acknowledge")]);
    stage.wait(600);
    let page = browser.get(&stage, "/");
    let text = page.text();
    for fact in [
        "<title>(5) Anomalies",
        "Not hearing",
        "no packet for 60 s",
        "address (about 2 h 1 min left)",
        "5 anomalies wait to be acknowledged: 1 critical, 4 low; the oldest for 10 min.",
    ] {
        assert!(text.contains(fact), "{fact} in {text}");
    }
    let at = |nth| text.find(&format!("href=\"/anomalies/{}\"", id(nth))).unwrap();
    // 6 is critical, 5 the newest of the low ones, 3 was acknowledged.
    let mut order = [6, 5, 4, 2, 1, 3].map(at);
    assert!(order.is_sorted(), "{order:?}");
    order.sort_unstable();
    assert!(text.find("Not hearing").unwrap() < order[0]);
}

#[test]
fn lists_are_filtered_and_paged_by_plain_addresses() {
    let stage = Stage::with(with_users(), 120);
    let mut browser = Browser::of(&stage, "wall");
    let links = |text: &str| text.matches("href=\"/anomalies/").count();
    let first = browser.get(&stage, "/");
    assert_eq!(links(first.text()), 100);
    let next = first.text().split("href=\"/?").nth(1).map(|rest| rest.split('"').next().unwrap());
    let rest = first.text().rsplit("href=\"/?").next().unwrap().split('"').next().unwrap();
    assert!(next.is_some());
    let rest = rest.replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!(links(browser.get(&stage, &format!("/?{rest}")).text()), 20);
    let critical =
        browser.get(&stage, "/?state=&severity_min=critical&device=&source=&sort=newest");
    assert_eq!(links(critical.text()), 40);
    let one = browser.get(&stage, "/?device=modbus+10.0.0.21+unit+7");
    assert_eq!(links(one.text()), 1);
    assert!(browser.get(&stage, "/?state=closed").text().contains("No anomaly fits the filter."));
    assert_eq!(browser.get(&stage, "/?sort=sideways").status, 400);
}

#[test]
fn an_empty_list_says_what_is_heard_and_learned() {
    let stage = Stage::of(with_users());
    let mut browser = Browser::of(&stage, "wall");
    let page = browser.get(&stage, "/");
    assert!(page.text().contains("Nothing waits to be acknowledged."));
    assert!(page.text().contains("0 hosts") && page.text().contains("href=\"/network\""));
}

#[test]
fn an_anomaly_is_shown_with_all_that_is_known_of_it() {
    let stage = Stage::with(with_users(), 1);
    stage.write(|batch| {
        let mut more = anomaly(1);
        more.revision = 2;
        more.count = 41;
        more.last_time = Timestamp::from_nanos(NOW.nanos() + 61_000_000_000);
        more.source = Endpoint::new([10, 0, 0, 99].into(), 50_211);
        more.key = Some("point|zone0".to_owned());
        batch.anomaly(&more)?;
        let slice = Evidence {
            pcap: b"pcapng".to_vec(),
            frames: 3,
            missing: 1,
            note: "1 of 3 frames shows it".to_owned(),
            at: NOW,
        };
        batch.evidence(&id(1), &slice)
    });
    let mut browser = Browser::of(&stage, "shift");
    let page = browser.get(&stage, &format!("/anomalies/{}", id(1)));
    for fact in [
        "Unauthorised write",
        "10.0.0.99 to modbus 10.0.0.21 unit 1: write single coil 2 := on",
        "coil 2",
        "no host but 10.0.0.7 wrote to this device",
        "ask the control room",
        "2024-05-01 10:00:00.000 UTC to 2024-05-01 10:01:01.000 UTC, 41 times",
        "frame.number == 4711",
        "/evidence\" download",
        "3 frames, 6 octets",
        "T0855",
        "OT-03",
        "/runbooks/MB-29",
        "gridtap baseline accept",
        "id=\"acknowledge\"",
        "seen again",
    ] {
        assert!(page.text().contains(fact), "{fact} in {}", page.text());
    }
    let slice = browser.get(&stage, &format!("/anomalies/{}/evidence", id(1)));
    assert_eq!((slice.status, &*slice.body), (200, &b"pcapng"[..]));
    assert_eq!(slice.header("content-type"), Some("application/x-pcapng"));
}

#[test]
fn pages_hold_no_script_or_style_of_their_own_and_every_field_has_its_label() {
    let templates = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates")).unwrap();
    let mut seen = 0;
    for template in templates {
        let text = std::fs::read_to_string(template.unwrap().path()).unwrap();
        for word in
            [" style=", "<style", " onclick=", " onload=", "javascript:", "src=\"http", "|safe"]
        {
            let allowed = usize::from(word == "|safe" && text.contains("{{ body|safe }}"));
            assert_eq!(text.matches(word).count(), allowed, "{word} in {text}");
        }
        for input in text.split("<input ").chain(text.split("<select ")).skip(1) {
            let tag = input.split('>').next().unwrap();
            if tag.contains("type=\"hidden\"")
                || !tag.contains(" id=\"") && !tag.starts_with("id=\"")
            {
                assert!(tag.contains("type=\"hidden\"") || !tag.contains("name="), "{tag}");
                continue;
            }
            let id = tag.split("id=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(text.contains(&format!("<label for=\"{id}\"")), "{id}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

fn command(nth: i64) -> Command {
    Command {
        key: String::new(),
        zone: SCRIPT.to_owned(),
        master: "10.0.0.99".to_owned(),
        master_name: Some("HMI north".to_owned()),
        device: "modbus 10.0.0.21 unit 1".to_owned(),
        device_id: String::new(),
        device_name: Some("relay F3".to_owned()),
        class: "command",
        function: Some("write_single_coil".to_owned()),
        point: Some(SCRIPT.to_owned()),
        point_name: None,
        value: Some(SCRIPT.to_owned()),
        first: NOW,
        last: NOW.plus_ns(u64::try_from(nth).unwrap() * 1_000_000_000),
        count: 1,
        blocks: 1,
        standing: "held",
        standing_text: format!("held back {nth}"),
    }
}

fn heard() -> Overview {
    Overview {
        learning: Learning {
            since: Some(NOW),
            learned_for_s: 7200,
            sentence: "flow judges".to_owned(),
            ..Learning::default()
        },
        levels: vec![Level {
            level: "address".to_owned(),
            armed_in_s: Some(90_000),
            ..Level::default()
        }],
        hosts: vec![Host {
            id: "10.0.0.99".to_owned(),
            zone: "bay".to_owned(),
            address: "10.0.0.99".to_owned(),
            name: Some("HMI north".to_owned()),
            role: "master",
            declared: true,
            classes: ByClass::from([("read", 412), ("command", 3)]),
            first: Some(NOW),
            last: Some(NOW),
            standing: "signed_off",
        }],
        devices: vec![Device {
            id: String::new(),
            device: "modbus 10.0.0.21 unit 1".to_owned(),
            name: Some("relay F3".to_owned()),
            protocol: "modbus",
            address: "10.0.0.21".to_owned(),
            zone: "bay".to_owned(),
            state: "silent",
            declared: true,
            classes: ByClass::new(),
            first: Some(NOW),
            last: Some(NOW),
            standing: "learned",
        }],
        commands: (0..12).map(command).collect(),
        draft: format!("# {SCRIPT}\n"),
        ..Overview::default()
    }
}

#[test]
fn the_network_is_shown_from_its_first_packet_with_what_is_left_to_learn_and_a_draft() {
    let stage = Stage::with(with_users(), 1);
    stage.network.set(heard());
    stage.wait(120);
    let mut browser = Browser::of(&stage, "wall");
    let page = browser.get(&stage, "/network");
    for fact in [
        "1 host, 1 device, 0 conversations, and 12 commands and dangerous functions so far.",
        "for 2 h",
        "flow judges.",
        "about 1 d 1 h left",
        "HMI north",
        "command 3, read 412",
        "signed off",
        "silent",
        "write single coil: ",
        "held back 11",
        "&#60;script&#62;",
    ] {
        assert!(page.text().contains(fact), "{fact} in {}", page.text());
    }
    assert_eq!(page.text().matches("<script").count(), 1);
    let draft = browser.get(&stage, "/network/site.toml");
    assert_eq!((draft.status, draft.header("content-type")), (200, Some("application/toml")));
    assert_eq!(draft.text(), format!("# {SCRIPT}\n"));
}

#[test]
fn the_list_names_hosts_and_devices_and_tells_what_was_commanded_last_and_what_is_silent() {
    let stage = Stage::with(with_users(), 1);
    stage.network.set(heard());
    stage.wait(120);
    let mut browser = Browser::of(&stage, "wall");
    let list = browser.get(&stage, "/");
    for fact in [
        "HMI north (10.0.0.99)",
        "relay F3 (modbus 10.0.0.21 unit 1)",
        "relay F3 (modbus 10.0.0.21 unit 1) is silent for 2 min.",
        "Commanded last",
        "held back 11",
    ] {
        assert!(list.text().contains(fact), "{fact} in {}", list.text());
    }
    assert!(!list.text().contains("held back 3<"), "the newest only");
    assert!(list.text().find("held back 11").unwrap() < list.text().find("held back 10").unwrap());
    let one = browser.get(&stage, &format!("/anomalies/{}", id(1)));
    assert!(one.text().contains("HMI north (10.0.0.99)"), "{}", one.text());
}
