use gridtap_model::{Device, Protocol, SubAddress, Zone};

use crate::play::{Play, at, hear, host, judged, key_told, routine, short};
use crate::{Acceptance, Baseline, FactKey, FactKind, Level, Verdict, diff};

/// A stranger's, a reader's and the master's doings, chosen by a seed.
fn day(baseline: &mut Baseline, seed: u32, seconds: core::ops::Range<i64>) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for second in seconds {
        // Numbers depend on the moment alone, so that a day can be cut anywhere.
        let mut state = seed ^ u32::try_from(second).unwrap().wrapping_mul(2_654_435_761);
        let mut next = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        verdicts.push(hear(baseline, second, Play::read(7, 21, 0, 10)));
        verdicts.push(hear(baseline, second, Play::read(7, 21, 0, 10).answered()));
        let master = u8::try_from(5 + next(5)).unwrap();
        let device = u8::try_from(20 + next(4)).unwrap();
        let play = match next(12) {
            0 => Play::coil(master, device, next(20)),
            1 => Play::registers(master, device, next(50), 1 + next(6)),
            2 => Play::bare(master, device, 17, "report_server_id"),
            _ => Play::read(master, device, next(40), 1 + next(8)),
        };
        verdicts.push(hear(baseline, second, play));
        if next(3) == 0 {
            verdicts.push(hear(baseline, second, play.answered()));
        }
    }
    verdicts
}

fn copied(baseline: &Baseline) -> Baseline {
    let mut rows = baseline.rows();
    // The order in which a store gives its rows back is not ours.
    rows.reverse();
    let meta = serde_json::to_string(&baseline.meta()).unwrap();
    let mut copy = short();
    copy.restore(Some(serde_json::from_str(&meta).unwrap()), &rows).unwrap();
    copy
}

#[test]
fn a_baseline_restored_anywhere_judges_as_the_one_that_was_never_stopped() {
    for seed in 0..24 {
        let cut = i64::from(seed) * 11 + 3;
        let mut whole = short();
        day(&mut whole, seed, 0..cut);
        let mut resumed = copied(&whole);
        assert_eq!(resumed.rows(), whole.rows(), "seed {seed}");
        assert_eq!(day(&mut resumed, seed, cut..300), day(&mut whole, seed, cut..300), "{seed}");
        assert_eq!(resumed.rows(), whole.rows());
        assert_eq!(resumed.meta(), whole.meta());
        assert_eq!(resumed.ledger(), whole.ledger());
        assert_eq!(resumed.levels(), whole.levels());
    }
}

#[test]
fn the_same_input_gives_the_same_rows() {
    let run = || {
        let mut baseline = short();
        let verdicts = day(&mut baseline, 3, 0..200);
        (baseline.rows(), baseline.meta(), verdicts.len())
    };
    assert_eq!(run(), run());
}

#[test]
fn judging_teaches_nothing() {
    let mut baseline = short();
    day(&mut baseline, 5, 0..100);
    let (rows, meta) = (baseline.rows(), baseline.meta());
    for index in 0..50 {
        judged(&mut baseline, 99, Play::coil(66, 23, index));
        judged(&mut baseline, 99, Play::read(7, 21, index, 3));
    }
    assert_eq!(baseline.rows(), rows);
    assert_eq!(baseline.meta(), meta);
}

#[test]
fn new_keys_are_journalled_at_first_sight_and_the_rest_at_a_snapshot() {
    let mut baseline = short();
    hear(&mut baseline, 1, Play::read(7, 21, 0, 10));
    assert!(baseline.has_new_rows());
    let new: Vec<String> = baseline.dirty_rows(true).into_iter().map(|row| row.key).collect();
    assert_eq!(
        new,
        [
            "access|zone0|modbus|10.0.0.21#1|10.0.0.7|read",
            "address|zone0|modbus|10.0.0.21#1|10.0.0.7|read|3:read_holding_registers|holding register|0|10|read",
            "conversation|zone0|modbus|10.0.0.21|10.0.0.7",
            "device|zone0|modbus|10.0.0.21#1",
            "function|zone0|modbus|10.0.0.21#1|10.0.0.7|read|3:read_holding_registers",
            "host|zone0|10.0.0.21",
            "host|zone0|10.0.0.7",
        ]
    );
    hear(&mut baseline, 2, Play::read(7, 21, 0, 10));
    assert!(!baseline.has_new_rows() && baseline.dirty_rows(true).is_empty());
    assert_eq!(baseline.dirty_rows(false).len(), 7);
    assert!(baseline.dirty_rows(false).is_empty());
}

#[test]
fn a_kill_loses_no_key_although_the_snapshot_is_older() {
    let mut baseline = short();
    day(&mut baseline, 9, 0..100);
    let old = baseline.meta();
    day(&mut baseline, 9, 100..200);
    let mut resumed = short();
    resumed.restore(Some(old), &baseline.rows()).unwrap();
    assert_eq!(resumed.rows(), baseline.rows());
    for row in baseline.rows().iter().filter(|row| row.block != u32::MAX) {
        assert!(resumed.levels().blocks >= u64::from(row.block), "{}", row.key);
    }
    let mut no_meta = short();
    no_meta.restore(None, &baseline.rows()).unwrap();
    assert_eq!(no_meta.rows(), baseline.rows());
}

#[test]
fn what_differs_between_two_baselines_is_said_by_key() {
    let mut before = short();
    routine(&mut before, 0..61);
    let mut after = copied(&before);
    hear(&mut after, 62, Play::coil(9, 21, 2));
    after.sign_off("point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|2").unwrap();
    assert_eq!(diff(&before.rows(), &before.rows()), []);
    let said: Vec<String> = diff(&before.rows(), &after.rows())
        .into_iter()
        .map(|difference| match difference {
            crate::Difference::Added(row) => format!("+{}", row.key),
            crate::Difference::Removed(row) => format!("-{}", row.key),
            crate::Difference::Changed { after, .. } => format!("~{}", after.key),
        })
        .collect();
    assert!(said.contains(&"+host|zone0|10.0.0.9".to_owned()), "{said:?}");
    assert!(
        said.contains(&"~point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|2".to_owned()),
        "{said:?}"
    );
    assert_eq!(said.iter().filter(|line| line.starts_with('~')).count(), 1);
}

#[test]
fn a_baseline_of_a_newer_form_or_with_a_damaged_row_is_refused() {
    let mut baseline = short();
    routine(&mut baseline, 0..5);
    let mut meta = baseline.meta();
    meta.format = 99;
    let error = short().restore(Some(meta), &[]).unwrap_err().to_string();
    assert!(error.contains("form 99"), "{error}");
    let mut rows = baseline.rows();
    rows[0].key.push('|');
    let error = short().restore(None, &rows).unwrap_err().to_string();
    assert!(error.contains("damaged"), "{error}");
}

#[test]
fn an_acceptance_and_a_fact_survive_a_restart() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    let key = key_told(&mut baseline, 61, Play::coil(9, 21, 2));
    let acceptance = Acceptance {
        reason: "switching plan 17; Tuesday".into(),
        by: "an engineer".into(),
        second: Some("another".into()),
        at_ns: 5,
        until_ns: Some(100_000_000_000),
    };
    baseline.accept(&key, acceptance).unwrap();
    let device = Device {
        zone: Zone(0),
        protocol: Protocol::Modbus,
        address: host(21),
        sub: SubAddress::Unit(1),
    };
    let fact =
        FactKey { kind: FactKind::Identity, device, master: Some(host(7)), detail: u64::MAX };
    baseline.facts_mut().note(fact, at(7), |fact| fact.text = "a \"vendor\"|x".into());
    let mut resumed = copied(&baseline);
    assert_eq!(resumed.rows(), baseline.rows());
    assert!(judged(&mut resumed, 62, Play::coil(9, 21, 2)).accepted);
    assert!(!judged(&mut resumed, 101, Play::coil(9, 21, 2)).accepted);
    assert_eq!(resumed.facts().get(&fact).map(|fact| fact.text.as_str()), Some("a \"vendor\"|x"));
}

#[test]
fn a_row_reads_in_one_line() {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    hear(&mut baseline, 61, Play::coil(9, 21, 2));
    let lines: Vec<String> = baseline.rows().iter().map(ToString::to_string).collect();
    let line = |start: &str| lines.iter().find(|line| line.starts_with(start)).cloned().unwrap();
    assert_eq!(
        line("point|zone0|modbus|10.0.0.21#1|10.0.0.7"),
        "point|zone0|modbus|10.0.0.21#1|10.0.0.7|command|coil|2 | 2 times in 2 blocks, \
         1970-01-01T00:00:15.000000000Z to 1970-01-01T00:00:35.000000000Z | last on"
    );
    assert!(line("host|zone0|10.0.0.9").ends_with(" | held"));
}

#[test]
fn what_is_heard_in_two_runs_is_learned_as_in_one() {
    let mut whole = short();
    routine(&mut whole, 0..61);
    for cut in [3, 16, 27, 38] {
        let mut first = short();
        routine(&mut first, 0..cut);
        let mut second = short();
        second.restore(Some(first.meta()), &first.rows()).unwrap();
        routine(&mut second, cut..61);
        assert_eq!(second.rows(), whole.rows(), "cut at {cut} s");
        assert_eq!(second.levels(), whole.levels(), "cut at {cut} s");
    }
}

#[test]
fn a_state_of_before_timing_opens_with_every_level_armed_and_learns_timing_from_then_on() {
    let mut old = short();
    routine(&mut old, 0..500);
    let mut meta = serde_json::to_value(old.meta()).unwrap();
    for zone in meta["zones"].as_array_mut().unwrap() {
        zone.as_object_mut().unwrap().remove("timing").unwrap();
    }
    let mut rows = old.rows();
    rows.iter_mut().for_each(|row| row.cadence = None);
    let mut new = short();
    new.restore(Some(serde_json::from_value(meta).unwrap()), &rows).unwrap();
    for level in [Level::Flow, Level::Function, Level::Address] {
        assert!(old.level_armed(level) && new.level_armed(level), "{level:?}");
    }
    assert!(old.level_armed(Level::Timing) && !new.level_armed(Level::Timing));
    routine(&mut new, 500..560);
    assert!(new.level_armed(Level::Timing), "{:?}", new.levels().levels.timing);
    assert_eq!(new.levels().levels.timing.keys, 0, "its polls need blocks of their own");
}

#[test]
fn a_state_of_a_version_without_values_opens_with_every_level_still_armed() {
    let mut whole = short();
    routine(&mut whole, 0..700);
    let before = whole.levels().levels;
    assert!(before.point.armed && before.value.armed, "{before:?}");
    let mut meta: serde_json::Value = serde_json::to_value(whole.meta()).unwrap();
    let shorten = |list: &mut serde_json::Value| {
        list.as_array_mut().unwrap().pop().unwrap();
    };
    for zone in meta["zones"].as_array_mut().unwrap() {
        shorten(&mut zone["armed"]);
        shorten(&mut zone["news"]);
        for stretch in zone["stretches"].as_array_mut().unwrap() {
            shorten(&mut stretch["news"]);
            shorten(&mut stretch["once"]);
        }
    }
    let rows: Vec<_> =
        whole.rows().into_iter().filter(|row| !row.key.starts_with("fact|values|")).collect();
    let mut opened = short();
    opened.restore(Some(serde_json::from_value(meta).unwrap()), &rows).unwrap();
    let after = opened.levels().levels;
    for (old, new) in [
        (before.flow, after.flow),
        (before.function, after.function),
        (before.address, after.address),
        (before.point, after.point),
    ] {
        assert!(old.armed && new.armed, "{old:?} {new:?}");
    }
    assert!(!after.value.armed, "values are learned anew");
}
