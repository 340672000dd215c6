//! Real traffic of a small control centre (Lemay and Fernandez), with what was really done to it.

use std::path::PathBuf;

use crate::machine::capture;
use crate::stage::gridtap::{Anomaly, incidents, told};
use crate::stage::packets::modbus;
use crate::stage::{Gridtap, Host, Recording, Run, Session, State};

const CHANNEL: &str = "labelled/lemay-modbus/channel_5d_3s.pcap.gz";
const QUIET: &str = "labelled/lemay-modbus/moving_two_files_modbus_6RTU.pcap";
const SCAN: &str = "labelled/lemay-modbus/characterization_modbus_6RTU_with_operate.pcap";
const UPLOAD: &str = "labelled/lemay-modbus/CnC_uploading_exe_modbus_6RTU_with_operate.pcap";

const DEVICE: Host =
    Host { mac: [0, 0x0c, 0x29, 0x1d, 0x3c, 0x91], ip: [192, 168, 43, 149], port: 502 };
const STRANGER: Host =
    Host { mac: [0, 0x0c, 0x29, 0x77, 0x77, 0x77], ip: [192, 168, 43, 77], port: 49_771 };
const COIL_0_ON: &[u8] = &[0, 0, 0xff, 0];
const COIL_7_OFF: &[u8] = &[0, 7, 0, 0];

/// A state that learned the first half of the channel capture, and the second half.
fn channel() -> Option<(State, Recording)> {
    let (first, second) = Recording::read(&capture(CHANNEL)?).halves();
    let state = State::new();
    let first = first.write(state.scratch(), "first.pcap");
    Gridtap::learn(&state, &[&first]).run().succeeded();
    Some((state, second))
}

fn above_low(run: &Run) -> Vec<Anomaly> {
    let anomalies = run.anomalies();
    anomalies.into_iter().filter(|each| each.is_above_low() && !each.is_health()).collect()
}

#[test]
fn the_second_half_of_steady_traffic_gives_nothing_above_low_after_the_first() {
    let Some((state, second)) = channel() else { return };
    let second = second.write(state.scratch(), "second.pcap");
    let run = Gridtap::monitor(&state, &second).run().succeeded();
    let found = above_low(&run);
    assert!(found.is_empty(), "{}", told(&found));
    assert!(run.anomalies().iter().all(|anomaly| anomaly.text("baseline") == "armed"));
}

#[track_caller]
fn one_strange_write_is_found_alone(session: impl Fn(u64) -> Session, point: &str) {
    let Some((state, second)) = channel() else { return };
    let middle = second.frames.len() / 2;
    let strange = Recording { frames: session(second.time_ns(middle) + 7_000).frames };
    let spliced = second.spliced(&strange);
    let request = strange.frames.iter().find(|frame| !frame.payload().is_empty()).unwrap();
    let number = spliced.frames.iter().position(|frame| frame == request).unwrap() + 1;
    let file = spliced.write(state.scratch(), "spliced.pcap");
    let run = Gridtap::monitor(&state, &file).run().succeeded();
    let found = above_low(&run);
    assert_eq!(incidents(&found).len(), 1, "{}", told(&found));
    let write = found.iter().find(|anomaly| anomaly.is_detection("MB-29"));
    let write = write.unwrap_or_else(|| panic!("no MB-29:{}", told(&found)));
    assert_eq!(write.text("severity"), "critical");
    assert_eq!(write.source_address(), "192.168.43.77");
    assert!(write.text("destination").starts_with("192.168.43.149:"), "{}", write.line());
    assert_eq!(write.list("points"), [point]);
    assert!(write.frames().contains(&u64::try_from(number).unwrap()), "{number}: {}", write.line());
    assert_eq!(write.text("baseline"), "armed");
}

#[test]
fn a_strangers_command_in_steady_traffic_is_one_incident_and_the_only_one() {
    one_strange_write_is_found_alone(
        |time_ns| {
            let message = modbus(1, 1, 5, COIL_0_ON);
            Session::new(STRANGER, DEVICE, time_ns)
                .opened()
                .asked(&message)
                .answered(&message)
                .closed()
        },
        "coil 0",
    );
}

#[test]
fn a_strangers_command_is_one_incident_on_a_point_that_nobody_wrote_before_too() {
    one_strange_write_is_found_alone(
        |time_ns| {
            let message = modbus(1, 1, 5, COIL_7_OFF);
            Session::new(STRANGER, DEVICE, time_ns)
                .opened()
                .asked(&message)
                .answered(&message)
                .closed()
        },
        "coil 7",
    );
}

#[test]
fn a_strangers_lone_request_without_handshake_or_answer_is_one_incident() {
    one_strange_write_is_found_alone(
        |time_ns| Session::new(STRANGER, DEVICE, time_ns).asked(&modbus(1, 1, 5, COIL_0_ON)),
        "coil 0",
    );
}

#[test]
fn a_pass_that_learns_and_judges_at_once_finds_a_late_stranger() {
    let Some(path) = capture(CHANNEL) else { return };
    let all = Recording::read(&path);
    let message = modbus(1, 1, 5, COIL_0_ON);
    let time_ns = all.time_ns(all.frames.len() * 9 / 10) + 7_000;
    let session =
        Session::new(STRANGER, DEVICE, time_ns).opened().asked(&message).answered(&message);
    let state = State::new();
    let file =
        all.spliced(&Recording { frames: session.frames }).write(state.scratch(), "all.pcap");
    let found = above_low(&Gridtap::monitor(&state, &file).run().succeeded());
    assert_eq!(incidents(&found).len(), 1, "{}", told(&found));
    assert!(found.iter().any(|anomaly| anomaly.is_detection("MB-29")
        && anomaly.source_address() == "192.168.43.77"
        && anomaly.text("baseline") == "armed"));
}

/// A state that learned the quiet capture, and where another capture lies.
fn quiet(then: &str) -> Option<(State, PathBuf)> {
    let (quiet, then) = (capture(QUIET)?, capture(then)?);
    let state = State::new();
    Gridtap::learn(&state, &[&quiet]).run().succeeded();
    Some((state, then))
}

#[test]
fn a_register_scan_is_one_incident_that_names_its_source_from_its_first_ten_requests_on() {
    /// The frame of the tenth request's answer.
    const TENTH: u64 = 33;
    let Some((state, scan)) = quiet(SCAN) else { return };
    let run = Gridtap::monitor(&state, &scan).run().succeeded();
    let anomalies = run.anomalies();
    let scans: Vec<&Anomaly> =
        anomalies.iter().filter(|each| each.source_address() == "192.168.1.101").collect();
    assert_eq!(incidents(scans.iter().copied()).len(), 1, "{}", told(&anomalies));
    let early = scans.iter().filter(|each| each.is_above_low());
    let first = early.filter_map(|each| each.frames().first().copied()).min();
    assert!(first.is_some_and(|frame| frame <= TENTH), "{first:?}{}", told(&anomalies));
    let points = scans.iter().find(|each| each.is_detection("MB-14"));
    let points = points.unwrap_or_else(|| panic!("no MB-14:{}", told(&anomalies)));
    assert!(points.frames().iter().any(|frame| *frame <= TENTH), "{}", points.line());
    assert!(points.text("destination").starts_with("192.168.1.104:"), "{}", points.line());

    let others = anomalies.iter().filter(|each| each.source_address() != "192.168.1.101");
    let others = incidents(others.filter(|each| !each.is_health()));
    assert!(others.len() <= 2, "{}", told(&anomalies));
}

#[test]
fn the_operators_commands_beside_a_scan_are_told_by_device_and_coil() {
    let Some((state, scan)) = quiet(SCAN) else { return };
    let anomalies = Gridtap::monitor(&state, &scan).run().succeeded().anomalies();
    for (frame, device, point) in [
        (3623, "192.168.1.103", "coil 3"),
        (7334, "192.168.1.101", "coil 2"),
        (11_992, "192.168.1.101", "coil 1"),
    ] {
        let write = anomalies.iter().find(|each| {
            each.frames().contains(&frame) && each.source_address() == "192.168.1.100"
        });
        let write = write.unwrap_or_else(|| panic!("frame {frame}:{}", told(&anomalies)));
        assert!(write.text("device").contains(device), "{}", write.line());
        assert!(write.list("points").contains(&point), "{}", write.line());
    }
}

#[test]
fn an_upload_between_two_devices_and_a_first_command_are_each_told_and_polls_are_not() {
    let Some((state, upload)) = quiet(UPLOAD) else { return };
    let anomalies = Gridtap::monitor(&state, &upload).run().succeeded().anomalies();
    let above: Vec<&Anomaly> = anomalies.iter().filter(|each| each.is_above_low()).collect();
    let write = above.iter().find(|each| each.frames().contains(&1166));
    let write = write.unwrap_or_else(|| panic!("{}", told(&anomalies)));
    assert_eq!(write.source_address(), "192.168.1.100");
    assert_eq!(write.list("points"), ["coil 0"]);
    assert!(incidents(above).len() <= 3, "{}", told(&anomalies));
}
