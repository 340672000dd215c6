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

fn coil(value: u16) -> Ask {
    Ask { table: Table::COIL, code: 5, ..Ask::write(MASTER, RTU, 2, value) }
}

/// Severities of what was told last of the anomalies of one detection.
fn severities(plant: &Plant, detection: &str) -> Vec<Severity> {
    let of = plant.above_low().into_iter().filter(|anomaly| anomaly.detection == detection);
    of.map(|anomaly| anomaly.severity).collect()
}

/// A plant whose master switches a coil now and then, twice a minute at the most.
fn switched() -> Plant {
    let mut plant = Plant::learned();
    plant.baseline.teach(true);
    for _ in 0..5 {
        for value in [1, 0] {
            plant.ask(coil(value));
            plant.pass(40);
        }
    }
    plant.baseline.teach(false);
    plant.told.clear();
    plant.pass(60);
    plant
}

#[test]
fn a_coil_that_its_own_master_drives_to_and_fro_is_high_at_the_fifth_turn_and_one_anomaly() {
    let mut plant = switched();
    for turn in 0..4 {
        plant.ask(coil(1 - turn % 2));
        plant.pass(2);
    }
    assert_eq!(plant.said(), [], "twice what was learned is still its habit");
    plant.ask(coil(1));
    assert_eq!(plant.said(), [("MB-46", Severity::High)]);
    let said = told(&plant, "MB-46");
    assert!(
        said[0].starts_with(
            "coil 2 | 10.0.0.7 sent coil 2 of modbus 10.0.0.21 unit 1 to and fro 5 times within 60 s, the last: "
        ),
        "{said:?}"
    );
    for turn in 0..50 {
        plant.pass(1);
        plant.ask(coil(turn % 2));
    }
    assert_eq!(severities(&plant, "MB-46"), [Severity::High], "one anomaly, however long it lasts");
}

#[test]
fn a_coil_that_is_written_off_and_on_at_once_may_be_a_pulse() {
    let mut plant = switched();
    plant.ask(coil(1));
    plant.pass(90);
    plant.ask(coil(0));
    plant.now = plant.now.plus_ns(SECOND_NS / 2);
    plant.ask(coil(1));
    assert_eq!(plant.said(), []);
}

#[test]
fn a_setpoint_that_swings_between_two_values_is_medium_and_one_that_follows_a_measurement_is_none()
{
    let mut plant = Plant::learned();
    for nth in 0..20_u16 {
        plant.ask(Ask::write(MASTER, RTU, 5, 100 + nth * nth));
        plant.pass(2);
    }
    assert_eq!(plant.said(), [], "it never comes back");
    for nth in 0..12 {
        plant.ask(Ask::write(MASTER, RTU, 5, 1000 + nth % 2));
        plant.pass(2);
    }
    assert_eq!(plant.said(), [("MB-46", Severity::Medium)]);
}

#[test]
fn a_heartbeat_that_was_learned_is_no_oscillation() {
    let mut plant = Plant::learned();
    plant.baseline.teach(true);
    for second in 0..200 {
        plant.ask(coil(second % 2));
        plant.pass(1);
    }
    plant.baseline.teach(false);
    for second in 0..200 {
        plant.ask(coil(second % 2));
        plant.pass(1);
    }
    assert_eq!(plant.said(), []);
}

#[test]
fn a_write_that_is_accepted_and_never_shows_is_a_command_without_effect_after_three_reads() {
    let mut plant = Plant::learned();
    let read = |value| Ask { answer: Answer::Done(value), ..Ask::read(MASTER, RTU, 5, 1) };
    plant.ask(Ask::write(MASTER, RTU, 5, 300));
    plant.ask(read(300));
    plant.ask(Ask::write(MASTER, RTU, 5, 310));
    for _ in 0..2 {
        plant.ask(read(300));
        assert_eq!(plant.said(), [], "it may follow");
    }
    plant.ask(read(300));
    assert_eq!(plant.said(), [("MB-45", Severity::High)]);
    assert_eq!(
        told(&plant, "MB-45"),
        ["holding register 5 | modbus 10.0.0.21 unit 1 still shows holding register 5 = 300, \
          3 reads after 310 was written to it and accepted"]
    );
}

#[test]
fn a_device_that_takes_its_time_is_given_twice_the_most_that_was_learned() {
    let mut plant = Plant::new("");
    let read = |value| Ask { answer: Answer::Done(value), ..Ask::read(MASTER, RTU, 5, 1) };
    let follows_after = |plant: &mut Plant, reads: usize, from: u16, to: u16| {
        plant.ask(Ask::write(MASTER, RTU, 5, to));
        for nth in 0..=reads {
            plant.ask(read(if nth < reads { from } else { to }));
            plant.pass(1);
        }
    };
    plant.ask(Ask::write(MASTER, RTU, 5, 0));
    for nth in 0..40 {
        follows_after(&mut plant, 2, nth, nth + 1);
        plant.pass(8);
    }
    assert!(plant.baseline.is_zone_armed(Zone(0)));
    follows_after(&mut plant, 3, 40, 41);
    assert_eq!(plant.said(), []);
    plant.ask(Ask::write(MASTER, RTU, 5, 42));
    for _ in 0..6 {
        plant.ask(read(41));
    }
    assert_eq!(plant.said(), [("MB-45", Severity::High)]);
}

/// A plant whose value level has armed: an operator moves a setpoint a little every twenty seconds, and a
/// measurement wavers.
fn with_setpoint(site: &str) -> Plant {
    let mut plant = Plant::new(site);
    for second in 0..1_200_u16 {
        if second % 20 == 3 {
            plant.ask(Ask::write(MASTER, RTU, 5, 500 + (second / 20 * 7) % 13));
        }
        let level = 3_000 + (second * 31) % 17;
        plant.ask(Ask { answer: Answer::Done(level), ..Ask::read(MASTER, RTU, 40, 1) });
        plant.pass(1);
    }
    assert!(plant.baseline.levels().levels.value.armed, "{:?}", plant.baseline.levels().levels);
    assert_eq!(plant.said(), [], "learning is quiet");
    plant
}

#[test]
fn a_setpoint_that_its_own_master_walks_away_in_usual_steps_is_medium() {
    let mut plant = with_setpoint("");
    for second in 0..60_u16 {
        plant.ask(Ask::write(MASTER, RTU, 5, 512 + second * 5));
        plant.pass(1);
    }
    let said = plant.said();
    assert!(said.contains(&("MB-34", Severity::Medium)), "{said:?}");
    assert!(said.iter().all(|(_, severity)| *severity <= Severity::Medium), "{said:?}");
    let words = told(&plant, "MB-34");
    assert!(
        words[0].contains("10.0.0.7 set holding register 5 of modbus 10.0.0.21 unit 1 to "),
        "{words:?}"
    );
}

#[test]
fn a_setpoint_that_moves_as_ever_is_quiet_and_so_is_one_a_little_beyond() {
    let mut plant = with_setpoint("");
    for nth in 0..20_u16 {
        plant.ask(Ask::write(MASTER, RTU, 5, 498 + (nth * 7) % 19));
        plant.pass(20);
    }
    assert_eq!(plant.said(), []);
}

#[test]
fn a_reading_far_from_all_that_was_learned_is_for_the_record() {
    let mut plant = with_setpoint("");
    plant.ask(Ask { answer: Answer::Done(9_000), ..Ask::read(MASTER, RTU, 40, 1) });
    assert_eq!(plant.said(), []);
    assert_eq!(told(&plant, "MB-34").len(), 1, "{:?}", plant.told);
}

#[test]
fn what_the_site_file_declares_of_a_value_needs_no_learning() {
    let site = r#"
[[devices]]
name = "RTU A"
protocol = "modbus"
address = "10.0.0.21"
unit = 1
[[devices.points]]
table = "holding register"
index = 5
name = "target power"
unit = "kW"
min = 0
max = 600
"#;
    let mut plant = Plant::new(site);
    plant.ask(Ask::write(MASTER, RTU, 5, 600));
    assert_eq!(plant.said(), []);
    plant.ask(Ask::write(MASTER, RTU, 5, 601));
    assert_eq!(plant.said(), [("MB-34", Severity::High)]);
    let words = told(&plant, "MB-34");
    assert!(
        words[0].contains("10.0.0.7 set target power (holding register 5) of RTU A"),
        "{words:?}"
    );
}

/// A plant whose measurement wavers without end, and that wrote a setpoint while it was learned.
fn wavering() -> (Plant, impl Fn(u32) -> u16) {
    let noise = |nth: u32| {
        let state = nth.wrapping_mul(2_654_435_761).wrapping_add(17);
        let state = (state ^ (state >> 15)).wrapping_mul(2_246_822_519);
        u16::try_from(2_000 + (state >> 13) % 200).unwrap()
    };
    let mut plant = Plant::new("");
    for second in 0..900 {
        plant.ask(Ask { answer: Answer::Done(noise(second)), ..Ask::read(MASTER, RTU, 40, 2) });
        plant.ask(Ask {
            answer: Answer::Done(noise(second + 5_000)),
            ..Ask::read(MASTER, RTU + 1, 40, 2)
        });
        plant.pass(1);
    }
    assert!(plant.baseline.levels().levels.value.armed, "{:?}", plant.baseline.levels().levels);
    assert_eq!(plant.said(), [], "learning is quiet");
    (plant, noise)
}

#[test]
fn measurements_that_come_again_as_they_were_recorded_are_medium() {
    let (mut plant, noise) = wavering();
    for second in 0..60 {
        plant.ask(Ask {
            answer: Answer::Done(noise(700 + second)),
            ..Ask::read(MASTER, RTU, 40, 2)
        });
        plant.pass(1);
    }
    assert_eq!(plant.said(), [("MB-49", Severity::Medium)]);
    let words = told(&plant, "MB-49");
    assert!(words[0].contains("repeat what was heard, in its order"), "{words:?}");
}

#[test]
fn measurements_that_freeze_while_others_move_are_medium_and_those_of_a_dead_line_are_none() {
    let frozen_at = |value: u16, others: bool| {
        let (mut plant, noise) = wavering();
        for second in 0..100 {
            plant.ask(Ask { answer: Answer::Done(value), ..Ask::read(MASTER, RTU, 40, 2) });
            if others {
                let answer = Answer::Done(noise(10_000 + second));
                plant.ask(Ask { answer, ..Ask::read(MASTER, RTU + 1, 40, 2) });
            }
            plant.pass(1);
        }
        plant.said()
    };
    assert_eq!(frozen_at(2_100, true), [("MB-49", Severity::Medium)]);
    assert_eq!(frozen_at(2_100, false), [], "nothing else moves either");
    assert_eq!(frozen_at(0, true), [], "out of service");
}

#[test]
fn a_setpoint_that_is_moved_on_and_on_is_told_and_an_operator_who_corrects_it_is_not() {
    let config = gridtap_baseline::Config { timing_blocks_min: u32::MAX, ..Default::default() };
    let mut plant = Plant::with(config, "");
    plant.baseline.teach(true);
    for minute in 0..24 * 60_u16 {
        plant.ask(Ask::read(MASTER, RTU, 0, 5));
        if minute % 180 < 3 {
            plant.ask(Ask::write(MASTER, RTU, 5, 500 + minute % 180));
        }
        plant.pass(60);
    }
    plant.baseline.teach(false);
    plant.told.clear();
    let steps = |plant: &mut Plant, steps: core::ops::Range<u16>| {
        for nth in steps {
            plant.ask(Ask::write(MASTER, RTU, 5, 500 + nth));
            plant.pass(90);
        }
    };
    steps(&mut plant, 0..10);
    assert_eq!(severities(&plant, "MB-46"), []);
    steps(&mut plant, 10..12);
    assert_eq!(severities(&plant, "MB-46"), [Severity::Medium]);
    let said = told(&plant, "MB-46");
    assert!(said[0].contains("11 times within an hour"), "{said:?}");
}
