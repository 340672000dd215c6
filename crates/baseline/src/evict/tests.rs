use crate::play::{Play, hear, judged, learned, routine, short};
use crate::{Baseline, Config, Level};

/// A baseline that has learned the routine and may then remember little more.
fn small(limit: impl FnOnce(&mut Config)) -> Baseline {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    limit(&mut baseline.config);
    baseline
}

/// What the routine taught, without its counts.
fn routine_keys() -> Vec<String> {
    let mut baseline = short();
    routine(&mut baseline, 0..61);
    baseline.rows().into_iter().map(|row| row.key).collect()
}

fn holds_routine(baseline: &Baseline) {
    let rows = baseline.rows();
    for key in routine_keys() {
        assert!(rows.iter().any(|row| row.key == key), "{key} was lost");
    }
}

#[test]
fn a_flood_of_new_points_gives_way_to_what_is_established() {
    for alarmed in [true, false] {
        let mut baseline = small(|config| config.keys_max = 400);
        for index in 0..2_500 {
            let play = Play::coil(7, 21, 100 + index % 2_000);
            if alarmed {
                hear(&mut baseline, 62, play);
            } else {
                learned(&mut baseline, 62, play);
            }
        }
        assert!(baseline.rows().len() <= 400);
        let counters = baseline.counters();
        assert!(counters.keys_evicted > 1_000, "{counters:?}");
        holds_routine(&baseline);
        assert_eq!(baseline.take_removed(), [""; 0], "nothing of it was written");
        assert_eq!(judged(&mut baseline, 63, Play::coil(7, 21, 2)).new_at, None);
        assert!(judged(&mut baseline, 63, Play::read(7, 21, 0, 10)).access.range_known);
    }
}

#[test]
fn a_scanner_s_hosts_and_units_give_way_to_what_is_established() {
    let mut baseline = small(|config| {
        config.hosts_max = 32;
        config.devices_max = 32;
        config.points_max = 32;
    });
    for unit in 0..=255 {
        learned(&mut baseline, 62, Play::read(66, 30, 0, 1).unit(unit));
    }
    for device in 22..255 {
        learned(&mut baseline, 63, Play::read(66, device, 0, 1));
        learned(&mut baseline, 64, Play::coil(7, 21, u32::from(device)));
    }
    let rows = baseline.rows();
    for kind in ["host|", "device|", "point|"] {
        let count = rows.iter().filter(|row| row.key.starts_with(kind)).count();
        assert!(count <= 33, "{kind} {count}");
    }
    holds_routine(&baseline);
}

#[test]
fn held_keys_go_before_learned_ones() {
    let mut baseline = small(|config| config.keys_max = 60);
    learned(&mut baseline, 62, Play::coil(7, 21, 77));
    for index in 0..200 {
        hear(&mut baseline, 63, Play::coil(9, 21, index));
    }
    assert_eq!(judged(&mut baseline, 64, Play::coil(7, 21, 77)).new_at, None);
}

#[test]
fn when_everything_is_established_what_is_new_is_refused_and_counted() {
    let keys = routine_keys().len();
    let mut baseline = small(|config| config.keys_max = u32::try_from(keys).unwrap());
    for second in 70..140 {
        for index in 0..40 {
            learned(&mut baseline, second, Play::coil(7, 21, index));
        }
    }
    assert!(baseline.rows().len() == keys);
    assert!(baseline.counters().keys_refused > 0);
    holds_routine(&baseline);
}

#[test]
fn what_was_forgotten_is_judged_as_new_again() {
    let mut baseline = small(|config| config.keys_max = 200);
    learned(&mut baseline, 62, Play::read(7, 21, 5_000, 1));
    for index in 0..3_000 {
        learned(&mut baseline, 62, Play::read(7, 21, 6_000 + 2 * index, 1));
    }
    let known = (0..3_000)
        .filter(|index| {
            let play = Play::read(7, 21, 6_000 + 2 * index, 1);
            judged(&mut baseline, 63, play).new_at.is_none()
        })
        .count();
    assert!(known < 200, "{known}");
    assert_eq!(judged(&mut baseline, 63, Play::read(7, 21, 9, 2)).new_at, Some(Level::Address));
}

#[test]
fn a_full_table_of_hosts_or_devices_grows_no_further() {
    let mut baseline = small(|config| {
        config.hosts_max = 2;
        config.devices_max = 1;
    });
    for other in 30..250 {
        learned(&mut baseline, 62, Play::read(other, 21, 0, 1));
        learned(&mut baseline, 62, Play::read(7, other, 0, 1));
        learned(&mut baseline, 62, Play::read(7, 21, 0, 1).unit(other));
    }
    let keys = baseline.rows().len();
    assert!(keys < 20 && baseline.tables.hosts.len() <= 2 && baseline.tables.devices.len() <= 1);
    let counters = baseline.counters();
    assert!(counters.keys_refused > 500, "{counters:?}");
    holds_routine(&baseline);
}

#[test]
fn what_was_written_to_disk_and_gives_way_is_told_for_removal() {
    let mut baseline = small(|config| config.keys_max = 100);
    let mut stored = std::collections::BTreeSet::new();
    for index in 0..500 {
        learned(&mut baseline, 62, Play::coil(7, 21, 100 + index));
        for key in baseline.take_removed() {
            assert!(stored.remove(&key), "{key} was never written");
        }
        stored.extend(baseline.dirty_rows(index % 2 == 0).into_iter().map(|row| row.key));
    }
    let keys: std::collections::BTreeSet<String> =
        baseline.rows().into_iter().map(|row| row.key).collect();
    assert_eq!(stored, keys, "the store holds what is remembered, and nothing else");
}

#[test]
fn a_flood_of_made_up_masters_stays_within_the_bound_of_held_keys_and_is_counted() {
    let mut baseline = small(|config| config.held_max = 40);
    let keys = baseline.rows().len();
    for round in 0..3 {
        for master in 30..250 {
            let verdict = hear(&mut baseline, 62 + round, Play::registers(master, 21, 0, 100));
            assert_eq!(verdict.new_at, Some(Level::Flow), "none of them is ever known");
            hear(&mut baseline, 62 + round, Play::registers(master, 21, 0, 100).answered());
        }
    }
    let rows = baseline.rows();
    assert!(rows.len() <= keys + 20, "{} keys for strangers", rows.len() - keys);
    assert!(rows.iter().all(|row| !row.key.starts_with("point|") || !row.is_held()));
    assert!(baseline.counters().keys_refused > 600, "{:?}", baseline.counters());
    assert!(baseline.tables.hosts.len() < 20, "no state is made for what is not remembered");
    // What a known master does meanwhile is still held back, and learned.
    assert!(hear(&mut baseline, 65, Play::coil(7, 21, 77)).new_at.is_some());
    assert!(judged(&mut baseline, 65, Play::coil(7, 21, 77)).held);
    holds_routine(&baseline);
}

#[test]
fn what_strangers_try_does_not_slow_down_the_comparison_with_other_masters() {
    let mut baseline = small(|_| {});
    for master in 30..250 {
        hear(&mut baseline, 62, Play::coil(master, 21, 2));
    }
    let device = baseline.tables.devices.iter().find(|known| known.pairs.len() == 1);
    assert!(device.is_some(), "only the master that is known is compared with");
    assert!(!judged(&mut baseline, 63, Play::coil(7, 21, 2)).access.shared_with_other_master);
}
