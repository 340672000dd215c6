use serde_json::Value;

use super::{Stage, VIEWER, config};
use crate::network::{
    ByClass, Command, Conversation, Cut, Device, Host, Level, Overview, ZoneLevels,
};

const TIME: gridtap_model::Timestamp = super::NOW;

fn host(nth: u8) -> Host {
    Host {
        id: format!("10.0.0.{nth}"),
        zone: "default".to_owned(),
        address: format!("10.0.0.{nth}"),
        name: nth.is_multiple_of(2).then(|| format!("host {nth}")),
        role: if nth == 1 { "master" } else { "server" },
        declared: nth.is_multiple_of(2),
        classes: ByClass::from([("read", 3)]),
        first: Some(TIME),
        last: Some(TIME),
        standing: "learned",
    }
}

fn device(nth: u8) -> Device {
    Device {
        id: format!("modbus-10.0.0.{nth}-unit-1"),
        device: format!("modbus 10.0.0.{nth} unit 1"),
        name: None,
        protocol: if nth == 6 { "dnp3" } else { "modbus" },
        address: format!("10.0.0.{nth}"),
        zone: "default".to_owned(),
        state: if nth == 3 { "silent" } else { "active" },
        declared: false,
        classes: ByClass::from([("read", 3), ("command", 1)]),
        first: Some(TIME),
        last: None,
        standing: "provisional",
    }
}

fn conversation(nth: u8) -> Conversation {
    let device = device(nth);
    Conversation {
        id: format!("10.0.0.1~{}", device.id),
        zone: device.zone,
        master: "10.0.0.1".to_owned(),
        master_name: None,
        server: device.address,
        device: (nth != 5).then_some(device.device),
        device_id: (nth != 5).then_some(device.id),
        device_name: None,
        protocol: if nth == 5 { "unknown" } else { "modbus" },
        port: (nth == 5).then_some(4840),
        classes: ByClass::new(),
        first: TIME,
        last: TIME,
        count: 7,
        standing: "learned",
    }
}

fn command(nth: u8) -> Command {
    let device = device(nth);
    Command {
        key: format!("point|zone0|modbus|10.0.0.{nth}#1|10.0.0.1|command|coil|2"),
        zone: device.zone,
        master: "10.0.0.1".to_owned(),
        master_name: None,
        device: device.device,
        device_id: device.id,
        device_name: None,
        class: "command",
        function: None,
        point: Some("coil 2".to_owned()),
        point_name: None,
        value: Some("on".to_owned()),
        first: TIME,
        last: TIME,
        count: 1,
        blocks: 1,
        standing: if nth == 4 { "held" } else { "provisional" },
        standing_text: "provisional".to_owned(),
    }
}

fn stage() -> Stage {
    let stage = Stage::of(config());
    stage.network.set(Overview {
        time: Some(TIME),
        levels: vec![Level { level: "flow".to_owned(), ..Level::default() }],
        zones: vec![ZoneLevels { zone: "bay".to_owned(), levels: Vec::new() }],
        hosts: (1..=6).map(host).collect(),
        devices: (2..=6).map(device).collect(),
        conversations: (2..=6).map(conversation).collect(),
        commands: (2..=6).map(command).collect(),
        cut: Cut { commands: 9, ..Cut::default() },
        draft: "# a draft\n".to_owned(),
        ..Overview::default()
    });
    stage
}

/// All of a list, page by page, by this field.
fn walked(stage: &Stage, name: &str, path: &str, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = stage.get(&format!("/api/v1/{path}?limit=2{after}"), VIEWER);
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        let rows = page[name].as_array().unwrap();
        assert!(rows.len() <= 2);
        found.extend(rows.iter().map(|row| row[field].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { return found };
        after = format!("&after={}", next.replace('|', "%7C").replace('#', "%23"));
    }
}

#[test]
fn pages_of_what_is_heard_lead_through_everything_once_and_in_order() {
    let stage = stage();
    let ids = |nths: core::ops::RangeInclusive<u8>, id: fn(u8) -> String| -> Vec<String> {
        nths.map(id).collect()
    };
    assert_eq!(walked(&stage, "hosts", "hosts", "id"), ids(1..=6, |nth| host(nth).id));
    assert_eq!(walked(&stage, "devices", "devices", "id"), ids(2..=6, |nth| device(nth).id));
    let conversations = ids(2..=6, |nth| conversation(nth).id);
    assert_eq!(walked(&stage, "conversations", "conversations", "id"), conversations);
    let commands = ids(2..=6, |nth| command(nth).key);
    assert_eq!(walked(&stage, "commands", "baseline/ledger", "key"), commands);
    // A page that holds exactly the rest is the last.
    assert!(stage.get("/api/v1/devices?limit=5", VIEWER).json()["next"].is_null());
    assert!(stage.get("/api/v1/devices?limit=4", VIEWER).json()["next"].is_string());
    let refused = stage.get("/api/v1/devices?after=modbus-10.0.0.99-unit-1", VIEWER);
    assert_eq!(refused.problem().0, 400);
}

#[test]
fn filters_of_what_is_heard_find_what_they_say() {
    let stage = stage();
    let found = |name: &str, path: &str| -> usize {
        let answer = stage.get(&format!("/api/v1/{path}"), VIEWER);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()[name].as_array().unwrap().len()
    };
    assert_eq!(found("hosts", "hosts?role=server"), 5);
    assert_eq!(found("hosts", "hosts?zone=bay"), 0);
    assert_eq!(found("devices", "devices?state=silent"), 1);
    assert_eq!(found("devices", "devices?protocol=dnp3&standing=provisional"), 1);
    assert_eq!(found("conversations", "conversations?protocol=unknown&master=10.0.0.1"), 1);
    assert_eq!(found("conversations", "conversations?device=modbus+10.0.0.3+unit+1"), 1);
    assert_eq!(found("commands", "baseline/ledger?standing=held"), 1);
    assert_eq!(found("commands", "baseline/ledger?class=command&zone=default"), 5);
    assert_eq!(found("commands", "baseline/ledger?class=time"), 0);
    for wrong in
        ["devices?state=asleep", "hosts?role=boss", "baseline?limit=1", "hosts?sort=newest"]
    {
        assert_eq!(stage.get(&format!("/api/v1/{wrong}"), VIEWER).status, 400, "{wrong}");
    }
}

#[test]
fn one_device_comes_with_those_who_speak_with_it() {
    let stage = stage();
    let one = stage.get("/api/v1/devices/modbus-10.0.0.3-unit-1", VIEWER).json();
    assert_eq!(one["device"]["state"], "silent");
    assert_eq!(one["conversations"].as_array().map(Vec::len), Some(1));
    assert_eq!(one["commands"][0]["point"], "coil 2");
    assert_eq!(stage.get("/api/v1/devices/modbus-10.0.0.99-unit-1", VIEWER).status, 404);
}

#[test]
fn the_baseline_says_how_much_is_known_and_what_had_no_room() {
    let stage = stage();
    let baseline = stage.get("/api/v1/baseline", VIEWER).json();
    assert_eq!(baseline["counts"]["commands_held"], 1);
    assert_eq!(baseline["counts"]["commands_provisional"], 4);
    assert_eq!(baseline["left_out"]["commands"], 9);
    assert_eq!(stage.get("/api/v1/baseline/ledger", VIEWER).json()["left_out"], 9);
    let draft = stage.get("/api/v1/baseline/draft", VIEWER);
    assert_eq!(
        (draft.text(), draft.header("content-type")),
        ("# a draft\n", Some("application/toml"))
    );
    for path in
        ["hosts", "devices", "conversations", "baseline", "baseline/ledger", "baseline/draft"]
    {
        assert_eq!(stage.get(&format!("/api/v1/{path}"), "").status, 401, "{path}");
    }
}

#[test]
fn before_the_first_packet_the_lists_are_empty_and_say_so() {
    let stage = Stage::of(config());
    for (name, path) in [("hosts", "hosts"), ("commands", "baseline/ledger")] {
        let list = stage.get(&format!("/api/v1/{path}"), VIEWER).json();
        assert_eq!(list[name], Value::Array(Vec::new()));
        assert!(list["time"].is_null() && list["next"].is_null());
    }
    assert_eq!(stage.get("/api/v1/baseline", VIEWER).json()["learning"]["armed"], false);
}
