//! What the lab played is found in time, and nothing else is said above low.
//!
//! `cargo run -p gridtap-lab -- play --seed N --out DIR` and `… evaluate DIR` do the same for any other seed.

use std::path::PathBuf;

use gridtap_lab::evaluate::evaluate;
use gridtap_lab::fixtures::{LINE, truth, truths};

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures"))
}

/// One test for each protocol and seed, so that they run side by side.
fn check(protocol: &str, seed: u64) {
    let folder = folder().join(protocol);
    let mut faults = Vec::new();
    let mut judged = 0_usize;
    for (_, truth) in truths(&folder).unwrap() {
        if truth.seed != seed {
            continue;
        }
        judged += 1;
        let judgement = evaluate(&folder, &truth).unwrap();
        assert_eq!(
            judgement.found.len() + judgement.missed.len(),
            truth.acts.iter().map(|act| act.expected.len()).sum::<usize>()
        );
        // What nobody can say yet may be missed; nothing false may be said all the same.
        let right = judgement.right() || (truth.awaits().is_some() && judgement.wrong.is_empty());
        if !right {
            faults.push(format!("{}:", truth.capture));
            faults.extend(judgement.lines());
        }
    }
    assert!(judged > 0, "no fixture of seed {seed}");
    assert!(faults.is_empty(), "{}", faults.join("\n  "));
}

#[test]
fn every_modbus_scenario_of_seed_1_is_found_and_nothing_false_is_said() {
    check("modbus", 1);
}

#[test]
fn every_modbus_scenario_of_seed_2_is_found_and_nothing_false_is_said() {
    check("modbus", 2);
}

#[test]
fn every_modbus_scenario_of_seed_3_is_found_and_nothing_false_is_said() {
    check("modbus", 3);
}

#[test]
fn every_dnp3_scenario_of_seed_1_is_found_and_nothing_false_is_said() {
    check("dnp3", 1);
}

#[test]
fn every_dnp3_scenario_of_seed_2_is_found_and_nothing_false_is_said() {
    check("dnp3", 2);
}

#[test]
fn every_dnp3_scenario_of_seed_3_is_found_and_nothing_false_is_said() {
    check("dnp3", 3);
}

#[test]
fn every_scenario_of_a_line_of_four_wires_that_masters_share_is_found_and_nothing_false_is_said() {
    check(LINE, 1);
}

#[test]
fn every_scenario_of_a_line_of_two_wires_that_masters_share_is_found_and_nothing_false_is_said() {
    check(LINE, 2);
}

#[test]
fn the_demonstration_is_at_least_three_incidents_and_nothing_false() {
    let judgement = evaluate(&folder(), &truth(&folder().join("demo.json")).unwrap()).unwrap();
    assert!(judgement.right(), "{}", judgement.lines().join("\n  "));
    assert!(judgement.incidents() >= 3, "{}", judgement.lines().join("\n  "));
}
