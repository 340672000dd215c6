//! The table of severities, row by row: what is critical, high, medium, low and no more than a note.

use super::*;

/// Every finding of these requests, the low ones too, as it was told last.
fn findings(site: &str, asks: &[Ask]) -> Vec<(&'static str, Severity)> {
    let mut plant = Plant::learned_with(site);
    plant.told.clear();
    for ask in asks {
        plant.ask(*ask);
        plant.pass(1);
    }
    let mut last: Vec<Anomaly> = Vec::new();
    for anomaly in &plant.told {
        last.retain(|other| other.id != anomaly.id);
        last.push(anomaly.clone());
    }
    last.iter().map(|anomaly| (anomaly.detection, anomaly.severity)).collect()
}

#[track_caller]
fn check(row: &str, asks: &[Ask], detection: &'static str, severity: Severity) {
    let found = findings("", asks);
    assert!(found.contains(&(detection, severity)), "{row}: {found:?}");
    let worse = found.iter().find(|(_, other)| *other > severity);
    assert_eq!(worse, None, "{row}: nothing is said to be worse");
}

fn does(master: u8, code: u16, class: Class, effect: Effect) -> Ask {
    Ask::function(master, RTU, code, class, effect)
}

#[test]
fn what_a_host_commands_that_never_did_is_critical() {
    use Severity::Critical;
    let program = Class::Program;
    check("a command of a new host", &[Ask::write(STRANGER, RTU, 5, 1)], "MB-29", Critical);
    check("of a reader", &[Ask::write(HISTORIAN, RTU, 5, 1)], "MB-29", Critical);
    check("of an outstation", &[Ask::write(RTU + 1, RTU, 5, 1)], "MB-29", Critical);
    for master in [STRANGER, HISTORIAN] {
        for (row, code, class, effect, detection) in [
            ("restart", 8, Class::Diagnostic, Effect::Restart, "MB-22"),
            ("listen only", 8, Class::Diagnostic, Effect::ListenOnly, "MB-21"),
            ("stop", 90, program, Effect::Stop, "MB-39"),
            ("start", 90, program, Effect::Start, "MB-39"),
            ("initialise", 90, program, Effect::Initialise, "MB-39"),
            ("program", 90, program, Effect::ProgramWrite, "MB-39"),
            ("firmware", 125, program, Effect::Firmware, "MB-40"),
            ("file", 21, Class::File, Effect::FileWrite, "MB-38"),
        ] {
            check(row, &[does(master, code, class, effect)], detection, Critical);
        }
    }
}

#[test]
fn what_a_known_host_does_for_the_first_time_is_high_and_so_is_what_is_dangerous() {
    use Severity::High;
    check("a new master that only reads", &[Ask::read(STRANGER, RTU, 0, 10)], "MB-28", High);
    check("a first command to a device", &[Ask::write(MASTER, RTU + 1, 5, 1)], "MB-31", High);
    check("to a point", &[Ask::write(MASTER, RTU, 6, 1)], "MB-31", High);
    let coil = Ask { code: 16, ..Ask::write(MASTER, RTU, 5, 1) };
    check("with a function", &[coil], "MB-30", High);
    for (row, code, class, effect, detection) in [
        ("restart", 8, Class::Diagnostic, Effect::Restart, "MB-22"),
        ("stop", 90, Class::Program, Effect::Stop, "MB-39"),
        ("file", 21, Class::File, Effect::FileWrite, "MB-38"),
        ("configuration", 65, Class::Configuration, Effect::Vendor, "MB-40"),
    ] {
        check(row, &[does(MASTER, code, class, effect)], detection, High);
    }
    let contradiction = [
        Ask::write(MASTER, RTU, 5, 7),
        Ask { answer: Answer::Done(8), ..Ask::read(MASTER, RTU, 5, 1) },
    ];
    check("a read-back that contradicts", &contradiction, "MB-44", High);
}

#[test]
fn scans_new_devices_bursts_and_returns_are_medium() {
    use Severity::Medium;
    let refused = |ask: Ask, reason, code| Ask { answer: Answer::Refused(reason, code), ..ask };
    let functions: Vec<Ask> = (70..80)
        .map(|code| does(HISTORIAN, code, Class::Diagnostic, Effect::Reserved))
        .map(|ask| refused(ask, Refusal::Function, 1))
        .collect();
    check("a scan of functions", &functions, "MB-13", Medium);
    let addresses: Vec<Ask> = (0..10)
        .map(|nth| refused(Ask::read(MASTER, RTU, 1_000 + 50 * nth, 1), Refusal::Address, 2))
        .collect();
    check("a scan of addresses", &addresses, "MB-14", Medium);
    let units: Vec<Ask> =
        (2..12).map(|unit| Ask { unit, ..Ask::read(MASTER, RTU, 0, 10) }).collect();
    check("a scan of units", &units, "MB-20", Medium);
    check("a new device", &units[..1], "MB-28", Medium);
    let exceptions = vec![refused(Ask::read(MASTER, RTU, 0, 10), Refusal::Address, 2); 25];
    check("a burst of exceptions", &exceptions, "MB-11", Medium);
}

#[test]
fn a_key_that_was_away_for_long_is_medium_where_it_commands_and_low_where_it_reads() {
    for (ask, severity) in [
        (Ask::write(MASTER, RTU, 5, 1), Severity::Medium),
        (Ask::read(MASTER, RTU, 100, 20), Severity::Low),
    ] {
        let mut plant = Plant::learned();
        plant.now = plant.now.plus_ns(181 * 86_400 * SECOND_NS);
        plant.told.clear();
        plant.ask(ask);
        let told: Vec<_> = plant.told.iter().map(|one| (one.detection, one.severity)).collect();
        assert_eq!(told.first(), Some(&("MB-31", severity)));
        assert!(told.iter().all(|(_, other)| *other <= severity), "{told:?}");
    }
}

#[test]
fn a_new_read_one_malformed_message_and_a_first_exception_are_low() {
    use Severity::Low;
    let identify = does(MASTER, 17, Class::Diagnostic, Effect::Identify);
    check("a new read function", &[identify], "MB-26", Low);
    let ranges: Vec<Ask> = (0..4).map(|nth| Ask::read(MASTER, RTU, 500 + 9 * nth, 1)).collect();
    assert!(findings("", &ranges).iter().all(|(_, severity)| *severity <= Low), "new reads");
    for (kind, detection) in [
        (FaultKind::Length, "MB-02"),
        (FaultKind::ProtocolIdentifier, "MB-01"),
        (FaultKind::Oversize, "MB-03"),
    ] {
        let fault = Some(Fault { kind, found: 300, expected: 6 });
        check("malformed", &[Ask { fault, ..Ask::read(MASTER, RTU, 0, 10) }], detection, Low);
    }
    let refused =
        Ask { answer: Answer::Refused(Refusal::Address, 2), ..Ask::read(MASTER, RTU, 0, 10) };
    check("a first exception of a kind", &[refused], "MB-12", Low);
}

#[test]
fn what_the_site_file_expects_is_no_more_than_a_note() {
    let site = r#"
[[hosts]]
name = "front end"
role = "master"
addresses = ["10.0.0.7"]

[[devices]]
name = "feeder"
protocol = "modbus"
address = "10.0.0.21"
unit = 1

[[access]]
hosts = ["front end"]
devices = ["feeder"]
classes = ["read", "command", "diagnostic"]
"#;
    let restart = does(MASTER, 8, Class::Diagnostic, Effect::Restart);
    assert_eq!(findings(site, &[restart]), [("MB-22", Severity::Info)]);
}
