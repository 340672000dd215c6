//! What the metrics count is what was heard.

use gridtap_baseline::Site;
use gridtap_capture::Sources;
use gridtap_sensor::{Config, Pipeline};
use gridtap_telemetry::Heard;

use crate::machine::root;

/// A fixture through the whole pipeline.
fn heard(fixture: &str) -> (Pipeline, Heard) {
    let path = root().join("fixtures").join(fixture);
    let mut sources = Sources::open(&[&path]).expect("a fixture is in the repository");
    let mut pipeline = Pipeline::new(&Config::default(), Site::default(), vec![fixture.to_owned()]);
    let mut last = gridtap_model::Timestamp::MIN;
    while let Some(frame) = sources.next().expect("a fixture is whole") {
        last = frame.time;
        pipeline.frame(&frame);
    }
    let heard = pipeline.heard(last);
    (pipeline, heard)
}

#[test]
fn what_is_exposed_adds_up_to_what_the_summary_says() {
    for fixture in fixtures() {
        let (pipeline, heard) = heard(&fixture);
        let summary = pipeline.summary();
        let [modbus, dnp3] = &heard.protocols;
        assert_eq!(heard.interfaces[0].packets, summary.packets, "{fixture}");
        assert_eq!(modbus.pdus, summary.messages["modbus"], "{fixture}");
        assert_eq!(dnp3.pdus, summary.messages["dnp3"], "{fixture}");
        let bytes: Vec<u64> =
            modbus.bytes.iter().zip(dnp3.bytes).map(|(one, other)| one + other).collect();
        let said = summary.bytes;
        let said = [said.decoded, said.skipped, said.missing, said.encrypted];
        assert_eq!(bytes, said, "{fixture}");
        // Each command is one of a device with series or of those without.
        for (place, protocol) in heard.protocols.iter().enumerate() {
            let name = gridtap_telemetry::PROTOCOLS[place];
            for (class, all) in protocol.commands.iter().enumerate() {
                let devices = heard.devices.iter().filter(|device| device.protocol == name);
                let own: u64 = devices.map(|device| device.commands[class]).sum();
                assert_eq!(own + heard.other_devices[place][class], *all, "{fixture} {name}");
            }
        }
    }
}

#[test]
fn a_substation_has_devices_that_answer_and_commands_of_several_classes() {
    let (_, heard) = heard("demo.pcapng");
    let commands = heard.protocols[0].commands;
    assert!(commands.iter().filter(|count| **count > 0).count() >= 3, "{commands:?}");
    assert!(heard.devices.len() > 3 && heard.devices.iter().all(|device| device.last.is_some()));
    assert!(heard.protocols[0].response.count() > 1_000);
}

/// The substation, and the shortest fixtures of each protocol.
fn fixtures() -> Vec<String> {
    let folder = root().join("fixtures");
    let mut found = vec!["demo.pcapng".to_owned()];
    for protocol in ["modbus", "dnp3"] {
        let entries = std::fs::read_dir(folder.join(protocol)).expect("a folder of fixtures");
        let mut captures: Vec<(u64, String)> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                Some((entry.metadata().ok()?.len(), name))
            })
            .filter(|(_, name)| name.contains(".pcap"))
            .collect();
        captures.sort();
        // The shortest: this is built without optimisation.
        found.extend(captures.into_iter().take(4).map(|(_, name)| format!("{protocol}/{name}")));
    }
    found
}
