//! Values in two registers, as the findings about them tell them.

use std::collections::BTreeMap;

use super::*;

const SITE: &str = r#"
[[devices]]
name = "RTU A"
protocol = "modbus"
address = "10.0.0.21"
unit = 1
[[devices.points]]
table = "holding register"
index = 600
name = "energy limit"
type = "u32"
unit = "kWh"
"#;

fn write(value: u16) -> Ask {
    Ask { code: 16, count: 2, ..Ask::write(MASTER, RTU, 600, value) }
}

fn told(plant: &Plant, detection: &str) -> Vec<String> {
    let mut last = BTreeMap::new();
    for anomaly in plant.told.iter().filter(|anomaly| anomaly.detection == detection) {
        last.insert(anomaly.id, anomaly);
    }
    let told = |a: &&Anomaly| format!("{} | {}", a.points.join(", "), a.observed);
    last.values().map(told).collect()
}

#[test]
fn a_value_in_two_registers_is_told_as_one_from_before_to_after() {
    let mut plant = Plant::learned_with(SITE);
    plant.ask(write(1));
    plant.ask(write(2));
    let device = "RTU A (modbus 10.0.0.21 unit 1)";
    let name = "energy limit (holding registers 600 and 601)";
    let new = told(&plant, "MB-31");
    assert_eq!(new.len(), 1, "{new:?}");
    let first = format!(
        "{name} | 10.0.0.7 sent some function: {name} := 65537 kWh (raw 0x00010001) to {device}"
    );
    assert!(new[0].starts_with(&first), "{new:?}");
    assert!(new[0].contains("(last written: 65537 kWh)"), "{new:?}");
    assert_eq!(
        told(&plant, "MB-33"),
        [format!("{name} | 10.0.0.7 changed {name} of {device} from 65537 kWh to 131074 kWh")]
    );
}

#[test]
fn a_value_in_two_registers_that_reads_otherwise_contradicts_once_and_as_a_whole() {
    let mut plant = Plant::learned_with(SITE);
    let read = |value| Ask { answer: Answer::Done(value), ..Ask::read(MASTER, RTU, 600, 2) };
    for value in 1..9 {
        plant.ask(write(value));
        plant.ask(read(value));
        plant.pass(1);
    }
    plant.ask(write(9));
    plant.ask(read(7));
    let name = "energy limit (holding registers 600 and 601)";
    assert_eq!(
        told(&plant, "MB-44"),
        [format!(
            "{name} | RTU A (modbus 10.0.0.21 unit 1) shows {name} = 458759 kWh, \
             although 589833 kWh was written to it and accepted (before: 524296 kWh)"
        )]
    );
}

#[test]
fn half_of_a_value_that_reads_otherwise_is_told_as_half() {
    let mut plant = Plant::learned_with(SITE);
    let read = |value| Ask { answer: Answer::Done(value), ..Ask::read(MASTER, RTU, 600, 2) };
    for value in 1..9 {
        plant.ask(Ask::write(MASTER, RTU, 601, value));
        plant.ask(read(value));
        plant.pass(1);
    }
    plant.ask(Ask::write(MASTER, RTU, 601, 9));
    plant.ask(read(7));
    let name = "energy limit (low word, holding register 601)";
    assert_eq!(
        told(&plant, "MB-44"),
        [format!(
            "{name} | RTU A (modbus 10.0.0.21 unit 1) shows {name} = 7, \
             although 9 was written to it and accepted (before: 8)"
        )]
    );
}
