//! What the site file declares is judged from the first packet; what it leaves to be learned is not.

use super::*;

const SITE: &str = r#"
    [[hosts]]
    name = "master"
    addresses = ["10.0.0.7"]

    [[devices]]
    name = "rtu"
    protocol = "modbus"
    address = "10.0.0.21"

    [[access]]
    hosts = ["master"]
    devices = ["rtu"]
"#;

#[test]
fn a_declared_master_is_no_scan_while_its_addresses_are_not_learned() {
    let mut plant = Plant::new(SITE);
    for nth in 0..40 {
        plant.ask(Ask::read(MASTER, RTU, 1000 + nth * 125, 125));
        plant.ask(Ask::write(MASTER, RTU, 3000 + nth, 1));
    }
    assert_eq!(plant.said(), []);
}

#[test]
fn what_a_declared_master_is_refused_is_a_scan_from_the_first_packet() {
    let mut plant = Plant::new(SITE);
    let answer = Answer::Refused(Refusal::Address, 2);
    for nth in 0..10 {
        plant.ask(Ask { answer, ..Ask::read(MASTER, RTU, 1000 + nth * 125, 125) });
    }
    assert_eq!(plant.said(), [("MB-14", Severity::Medium)]);
}

#[test]
fn a_declared_master_that_walks_is_a_scan_once_addresses_are_learned() {
    let mut plant = Plant::learned_with(SITE);
    for nth in 0..10 {
        plant.ask(Ask::read(MASTER, RTU, 1000 + nth * 125, 125));
    }
    assert_eq!(plant.said(), [("MB-14", Severity::Medium)]);
}

#[test]
fn a_declared_master_that_writes_to_other_points_than_declared_is_a_scan_from_the_first_packet() {
    let point = r#"
        [[devices.points]]
        table = "holding register"
        index = 6
        name = "setpoint"
        commanded = true
    "#;
    let mut plant = Plant::new(&SITE.replace("[[access]]", &format!("{point}\n[[access]]")));
    for nth in 0..10 {
        plant.ask(Ask::write(MASTER, RTU, 3000 + nth, 1));
    }
    assert_eq!(plant.said(), [("MB-37", Severity::Medium)]);
}

#[test]
fn many_commands_of_a_declared_master_are_no_burst_before_a_usual_number_is_learned() {
    let mut plant = Plant::new(SITE);
    for _ in 0..2 {
        for _ in 0..300 {
            plant.ask(Ask::write(MASTER, RTU, 5, 1));
        }
        plant.ask(Ask { count: 120, ..Ask::write(MASTER, RTU, 5, 1) });
        plant.pass(10);
    }
    assert_eq!(plant.said(), []);
}

#[test]
fn a_scan_names_each_range_once_and_the_units_that_were_asked() {
    let mut plant = Plant::learned();
    let answer = Answer::Refused(Refusal::Address, 2);
    for unit in [1, 2] {
        for (table, first) in
            [(Table::HOLDING_REGISTER, 1009), (Table::INPUT_REGISTER, 1009), (Table::COIL, 523)]
        {
            let first = first + u32::from(unit == 2 && table == Table::COIL);
            plant.ask(Ask { unit, answer, table, ..Ask::read(MASTER, RTU, first, 1) });
        }
        plant.ask(Ask { unit, answer, ..Ask::read(MASTER, RTU, 1024, 1) });
    }
    let said = plant.above_low();
    let scan = said.iter().find(|anomaly| anomaly.detection == "MB-14").unwrap();
    let expected = "was refused 5 address ranges that are new here, at units 1, 2 of 10.0.0.21 (from holding register \
                    1009, input register 1009, coil 523, holding register 1024, coil 524)";
    assert!(scan.observed.contains(expected), "{}", scan.observed);
}

#[test]
fn a_walk_that_is_answered_is_a_scan_at_its_tenth_range_once_the_coarse_levels_have_learned() {
    for site in ["", SITE] {
        let mut plant = Plant::new(site);
        for _ in 0..120 {
            plant.ask(Ask::read(MASTER, RTU, 0, 10));
            plant.pass(1);
        }
        assert!(plant.baseline.is_zone_armed(Zone(0)));
        assert!(!plant.baseline.level_armed(gridtap_baseline::Level::Address));
        for nth in 0..10 {
            assert_eq!(plant.said(), [], "{nth}");
            plant.ask(Ask::read(MASTER, RTU, 1000 + nth * 125, 125));
        }
        assert_eq!(plant.said(), [("MB-14", Severity::Medium)]);
        plant.told.clear();
        for nth in 0..10 {
            plant.ask(Ask::read(STRANGER, RTU, 1000 + nth * 125, 125));
        }
        let said = plant.said();
        assert!(said.contains(&("MB-14", Severity::Medium)), "a stranger's walk is one: {said:?}");
    }
}
