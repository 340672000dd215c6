//! The log of commands.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::receiver::Receiver;
use crate::run::{Ran, run};
use crate::service::{Site, stopped};

fn listed(site: &Site, arguments: &[&str]) -> String {
    let state = site.state();
    let mut all = vec!["commands", "--state", state.to_str().unwrap()];
    all.extend(arguments);
    let ran: Ran = run(all);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

/// The frames of a capture with Modbus requests that change something, as an independent dissector sees them.
fn written(site: &Site) -> Option<BTreeSet<u64>> {
    let filter = "modbus.func_code in {5, 6, 15, 16, 21, 22, 23} and tcp.dstport == 502";
    let found = Command::new("tshark")
        .args([
            "-r",
            site.capture.to_str().unwrap(),
            "-Y",
            filter,
            "-T",
            "fields",
            "-e",
            "frame.number",
        ])
        .output();
    let Ok(found) = found else {
        println!("not compared: tshark is not installed");
        return None;
    };
    let text = String::from_utf8(found.stdout).unwrap();
    Some(text.lines().map(|line| line.trim().parse().unwrap()).collect())
}

#[test]
fn every_command_is_written_down_once_with_what_came_of_it_and_what_was_found() {
    let site = Site::new(3);
    let receiver = Receiver::start(|_| 204);
    let settings = site.settings(&receiver, "");
    for _ in 0..2 {
        // The second service hears nothing that the first has not.
        let before = site.heard_at();
        let mut child = site.service(&settings, "5000").spawn().unwrap();
        site.wait_until_told(&mut child, before);
        assert_eq!(stopped(child).code, Some(0));
    }
    let lines = listed(&site, &["--json"]);
    let records: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let frames: BTreeSet<u64> =
        records.iter().map(|each| each["frame"].as_u64().unwrap()).collect();
    assert_eq!(frames.len(), records.len(), "one row each: {lines}");
    if let Some(written) = written(&site) {
        assert_eq!(frames, written);
    }
    let by_strangers: Vec<&Value> = records
        .iter()
        .filter(|each| each["master"].as_str().unwrap().starts_with("10.0.1."))
        .collect();
    assert_eq!(by_strangers.len(), 3);
    let anomalies = site.anomalies();
    for each in by_strangers {
        assert!(anomalies.contains(each["anomaly"].as_str().unwrap()), "{each}");
        assert_eq!((&each["class"], &each["outcome"]), (&"control".into(), &"accepted".into()));
        assert!(each["points"][0]["value"].is_string(), "{each}");
    }
    let one = listed(&site, &["--master", "10.0.1.2"]);
    assert!(one.contains("control 10.0.1.2") && one.contains("write single coil"), "{one}");
    assert_eq!(one.lines().count(), 2, "{one}");
    assert!(listed(&site, &["--master", "10.9.9.9"]).contains("No command was heard"));
}
