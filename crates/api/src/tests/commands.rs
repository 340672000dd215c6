use gridtap_store::Commanded;
use serde_json::json;

use super::{NOW, Stage, VIEWER, anomaly, config, id};

#[test]
fn commands_are_listed_newest_first_page_by_page_with_what_was_found() {
    let stage = Stage::with(config(), 1);
    stage.write(|batch| {
        for nth in 0..5_u64 {
            let time = NOW.plus_ns(nth * 1_000_000_000);
            let record = json!({
                "time": time, "protocol": "modbus", "zone": "default", "master": "10.0.0.7:49152",
                "device": format!("modbus 10.0.0.21 unit {nth}"), "class": "control",
                "phase": "request", "function": "write_single_coil", "frame": nth,
                "points": [{ "point": "coil 2", "value": "on" }], "outcome": "accepted",
            });
            let commanded = Commanded {
                time,
                source: "10.0.0.7".to_owned(),
                device: format!("modbus 10.0.0.21 unit {nth}"),
                record: record.to_string(),
            };
            let found = (nth == 2).then(|| anomaly(1).id.to_string());
            batch.command(&commanded, found.as_deref())?;
        }
        let record = json!({ "time": NOW, "left_out": 7 }).to_string();
        let gap = Commanded { time: NOW, source: String::new(), device: String::new(), record };
        batch.command(&gap, None)
    });
    let first = stage.get("/api/v1/commands?limit=2", VIEWER).json();
    assert_eq!(first["commands"][0]["command"]["left_out"], 7);
    assert_eq!(first["commands"][1]["command"]["frame"], 4);
    let after = first["next"].as_u64().unwrap();
    let second = stage.get(&format!("/api/v1/commands?limit=100&after={after}"), VIEWER).json();
    assert_eq!((second["commands"].as_array().unwrap().len(), &second["next"]), (4, &json!(null)));
    assert_eq!(second["commands"][1]["command"]["anomaly"], id(1).as_str());
    let count = |query: &str| {
        let found = stage.get(&format!("/api/v1/commands?{query}"), VIEWER).json();
        found["commands"].as_array().unwrap().len()
    };
    assert_eq!(count("device=unit%203"), 1);
    assert_eq!(count("master=10.0.0.7"), 5);
    assert_eq!(count("master=10.0.0.8"), 0);
    assert_eq!(count(&format!("since={}", NOW.plus_ns(3_000_000_000))), 2);
    let wrong = stage.get("/api/v1/commands?since=yesterday", VIEWER);
    assert_eq!(wrong.problem(), (400, "malformed".to_owned()));
}
