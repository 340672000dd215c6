//! What is listed as heard is what is in the capture, and it is there from the first packet on.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::machine::{self, root};
use crate::stage::{Gridtap, Recording, Service, State, patience};

/// Who asks, who answers, and the address behind the host.
type Talk = (String, String, u32);

/// Who speaks with which device, as tshark has it: the requests of a protocol with their addresses.
fn tshark(capture: &Path, filter: &str, address: &str) -> Option<BTreeSet<Talk>> {
    let output = Command::new("tshark")
        .args(["-n", "-r"])
        .arg(capture)
        .args(["-Y", filter, "-T", "fields", "-E", "separator=|", "-E", "aggregator=,"])
        .args(["-e", "ip.src", "-e", "ip.dst", "-e", address])
        .output();
    let Ok(output) = output else {
        println!("not run: tshark is not installed");
        return None;
    };
    let mut talks = BTreeSet::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let [source, destination, addresses] = line.split('|').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        // Several messages in one frame have an address each.
        for address in addresses.split(',') {
            let address = address.parse().unwrap_or_else(|_| panic!("{line}"));
            talks.insert((source.to_owned(), destination.to_owned(), address));
        }
    }
    Some(talks)
}

/// The same as gridtap lists it, and the whole list.
fn listed(capture: &Path, protocol: &str) -> (BTreeSet<Talk>, Value) {
    let state = State::new();
    let ran = Gridtap::learn(&state, &[capture]).run().succeeded();
    assert!(ran.stderr.is_empty() || !ran.stderr.contains("panicked"), "{}", ran.stderr);
    let shown = Gridtap::new("baseline").arg("show").arg("--json").state(&state).run().succeeded();
    let shown: Value = serde_json::from_str(&shown.stdout).expect("JSON");
    let talks = shown["conversations"].as_array().expect("a list").iter();
    let talks = talks.filter(|row| row["protocol"] == protocol && row["device"].is_string());
    let talks = talks.filter(|row| row["count"] != 0).map(|row| {
        let device = row["device"].as_str().expect("text");
        let address = device.rsplit(' ').next().and_then(|word| word.parse().ok());
        (
            row["master"].as_str().expect("text").to_owned(),
            row["server"].as_str().expect("text").to_owned(),
            address.unwrap_or_else(|| panic!("{device}")),
        )
    });
    (talks.collect(), shown)
}

#[test]
fn the_conversations_of_a_capture_are_those_that_tshark_sees() {
    let public = |path: &str| machine::capture(&format!("public/{path}"));
    let modbus = [
        Some(root().join("fixtures/demo.pcapng")),
        public("cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap"),
        public("ITI+ICS-Security-Tools/pcaps/ModbusTCP/modbus_test_data_part1.pcap"),
        public("ITI+ICS-Security-Tools/pcaps/ModbusTCP/Modbus/modbus_test_2.pcap"),
        public("ITI+ICS-Security-Tools/pcaps/bro/modbus/modbusBig.pcap"),
        machine::capture("labelled/lemay-modbus/characterization_modbus_6RTU_with_operate.pcap"),
    ];
    let dnp3 = [
        public("cisagov+icsnpp-dnp3/testing/traces/dnp3_example.pcap"),
        public("ITI+ICS-Security-Tools/pcaps/dnp3/dnp3_test_data_part1.pcap"),
        public("ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_select_operate.pcap"),
        machine::capture("labelled/igbe-dnp3/dnp3dataset_capture.pcap"),
    ];
    let of = |captures: &[Option<std::path::PathBuf>], protocol, filter, address| {
        for capture in captures.iter().flatten() {
            let Some(expected) = tshark(capture, filter, address) else { return };
            let (found, _) = listed(capture, protocol);
            assert!(!expected.is_empty(), "{} has none", capture.display());
            assert_eq!(found, expected, "{}", capture.display());
        }
    };
    of(&modbus, "modbus", "modbus && tcp.dstport == 502", "mbtcp.unit_id");
    of(&dnp3, "dnp3", "dnp3.al.func < 128 && dnp3.al.func != 0", "dnp3.dst");
}

#[test]
fn what_is_listed_agrees_with_itself() {
    let (_, shown) = listed(&root().join("fixtures/demo.pcapng"), "modbus");
    let list = |name: &str| shown[name].as_array().expect("a list").clone();
    let sum = |rows: &[Value], class: &str| -> u64 {
        rows.iter().filter_map(|row| row["classes"][class].as_u64()).sum()
    };
    let (hosts, devices, talks) = (list("hosts"), list("devices"), list("conversations"));
    for class in ["read", "command", "diagnostic"] {
        let asked = sum(&hosts, class);
        assert!(asked > 0, "{class}");
        assert_eq!((sum(&devices, class), sum(&talks, class)), (asked, asked), "{class}");
    }
    let ids: BTreeSet<&str> = devices.iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(ids.len(), devices.len(), "no two devices have one id");
    for row in list("commands") {
        assert!(ids.contains(row["device_id"].as_str().expect("text")), "{row}");
    }
}

#[test]
fn one_request_fills_the_lists_of_a_running_service_and_of_its_state() {
    let capture = Recording::read(&root().join("fixtures/demo.pcapng"));
    let asks = |payload: &[u8]| payload.get(7).is_some_and(|function| *function == 5);
    let first = capture.frames.iter().find(|frame| asks(frame.payload())).expect("a command");
    let scratch = tempfile::tempdir().expect("a directory");
    let path = Recording { frames: vec![first.clone()] }.write(scratch.path(), "one.pcap");
    let settings = "service.at_end = \"stay\"\napi.listen = \"127.0.0.1:0\"\n";
    let service = Service::start(settings, &["--read", &path.display().to_string()]);
    let rows = |path: &str, name: &str| service.get(path)[name].as_array().expect("a list").clone();
    patience("the first packet is listed", || {
        (!rows("/api/v1/hosts", "hosts").is_empty()).then_some(())
    });
    assert_eq!(rows("/api/v1/hosts", "hosts").len(), 2);
    let [device] = &rows("/api/v1/devices", "devices")[..] else { panic!("one device") };
    assert_eq!(
        (&device["state"], &device["standing"]),
        (&"unanswered".into(), &"provisional".into())
    );
    assert_eq!(rows("/api/v1/conversations", "conversations").len(), 1);
    let commands = rows("/api/v1/baseline/ledger", "commands");
    assert_eq!(commands.len(), 2, "the function and the coil: {commands:?}");
    let flow = service.get("/api/v1/baseline")["levels"][0].clone();
    assert_eq!(flow["armed_in_s"], 6 * 3600, "{flow}");
    assert_eq!(flow["waits_for"], "more time has to be heard");
    let shown = patience("the state has it", || {
        let shown = machine::gridtap()
            .args(["baseline", "show", "--json", "--state"])
            .arg(service.state())
            .output()
            .expect("gridtap runs");
        let shown: Value = serde_json::from_slice(&shown.stdout).ok()?;
        (shown["hosts"].as_array()?.len() == 2).then_some(shown)
    });
    assert_eq!(shown["commands"].as_array().map(Vec::len), Some(2));
    assert_eq!(shown["levels"]["flow"]["armed_in_s"], 6 * 3600);
    // The service has the baseline: it decides.
    let key = shown["commands"][1]["key"].as_str().expect("text");
    let decided = machine::gridtap()
        .args(["baseline", "sign-off", key, "--state"])
        .arg(service.state())
        .output()
        .expect("gridtap runs");
    let said = String::from_utf8_lossy(&decided.stdout);
    assert_eq!(decided.status.code(), Some(0), "{said}");
    assert!(said.starts_with("Signed off by ") && said.contains(key), "{said}");
}
