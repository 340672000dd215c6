use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{Device, Protocol, Run, SubAddress, Table, Value, Values as Heard, Zone};

use super::*;

fn device(last: u8) -> Device {
    Device {
        zone: Zone(0),
        protocol: Protocol::Modbus,
        address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)),
        sub: SubAddress::Unit(1),
    }
}

fn values() -> Values {
    Values::new(RandomState::with_seeds(1, 2, 3, 4), 1_000)
}

fn now(block: u32, armed: bool) -> Now {
    Now { block, armed, tests_per_day: 24.0, blocks_per_day: 24.0, admits: true }
}

/// Noise that is the same on every machine.
fn noise(nth: u32) -> i32 {
    let state = nth.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let state = (state ^ (state >> 15)).wrapping_mul(2_246_822_519);
    i32::try_from((state >> 13) % 21).unwrap() - 10
}

fn words(numbers: &[i32]) -> Vec<u8> {
    let low = |number: &i32| {
        let [_, _, high, low] = number.to_be_bytes();
        [high, low]
    };
    numbers.iter().flat_map(low).collect()
}

fn hear(values: &mut Values, at: Now, numbers: &[i32]) -> Vec<(u32, Measure)> {
    let octets = words(numbers);
    let count = u32::try_from(numbers.len()).unwrap();
    let run = Run {
        table: Table::HOLDING_REGISTER,
        first: 100,
        count,
        values: Heard::Words(&octets),
        written: false,
    };
    let mut out = Vec::new();
    values.hear(&device(21), &run, at, &mut out);
    out.iter().map(|departure| (departure.point.index, departure.measure)).collect()
}

/// Fifty blocks of a hundred polls: a sensor around 500, one around zero, a counter, a constant.
fn learned() -> (Values, i32) {
    let mut values = values();
    let mut nth = 0;
    for block in 0..50 {
        for _ in 0..100 {
            nth += 1;
            let (a, b) = (noise(nth), noise(nth + 7_000));
            let told =
                hear(&mut values, now(block, block > 10), &poll(a, b, i32::try_from(nth).unwrap()));
            assert_eq!(told, [], "block {block}");
        }
        values.block_ended(Zone(0), block > 10);
    }
    (values, i32::try_from(nth).unwrap())
}

fn poll(a: i32, b: i32, count: i32) -> [i32; 4] {
    [500 + a, b, (count * 37) % 65_536, 7]
}

#[test]
fn noise_around_a_value_or_zero_a_counter_that_wraps_and_a_constant_depart_from_nothing() {
    let (mut values, count) = learned();
    assert_eq!(values.points(), 3, "a constant has no record");
    for nth in 0..2_000 {
        let told = hear(
            &mut values,
            now(50, true),
            &poll(noise(nth), noise(nth + 9), count + i32::try_from(nth).unwrap()),
        );
        assert_eq!(told, [], "{nth}");
    }
}

#[test]
fn a_value_far_beyond_all_blocks_departs_in_range_step_and_drift_and_one_just_beyond_does_not() {
    let (mut values, count) = learned();
    assert_eq!(hear(&mut values, now(50, true), &poll(13, 0, count)), []);
    let told = hear(&mut values, now(50, true), &poll(400, 0, count));
    let of_first: Vec<Measure> =
        told.iter().filter(|(index, _)| *index == 100).map(|(_, measure)| *measure).collect();
    assert_eq!(of_first, [Measure::Range, Measure::Step, Measure::Drift]);
}

#[test]
fn small_steps_that_lead_far_within_a_block_depart_in_drift_before_they_leave_the_range() {
    let mut values = values();
    // A level that wanders over 2,000 in a day, by at most 2 a poll, and 100 in a block.
    for block in 0..60_u32 {
        let from = 1_000 + (i32::try_from(block % 24).unwrap() - 12).abs() * 100;
        for nth in 0..50 {
            hear(&mut values, now(block, false), &[from + nth * 2]);
        }
        values.block_ended(Zone(0), false);
    }
    let mut told = Vec::new();
    for nth in 0..1_500 {
        told.extend(hear(&mut values, now(60, true), &[1_050 + nth * 2]));
    }
    assert_eq!(told.first().map(|(_, measure)| *measure), Some(Measure::Drift), "{told:?}");
}

#[test]
fn a_state_that_was_never_heard_departs_after_a_hundred_changes_only() {
    let told_after = |changes: i32| {
        let mut values = values();
        for nth in 0..changes {
            hear(&mut values, now(u32::try_from(nth / 10).unwrap(), true), &[nth % 3]);
        }
        hear(&mut values, now(1_000, true), &[9])
    };
    assert_eq!(told_after(60), []);
    assert_eq!(told_after(150), [(100, Measure::State)]);
}

#[test]
fn a_new_state_is_news_once_and_many_states_are_none() {
    let mut values = values();
    let mut sum = point::Novelty::default();
    for (block, number) in [(0, 1), (0, 2), (0, 1), (1, 2), (1, 1), (2, 3), (3, 1), (3, 3)] {
        let octets = words(&[number]);
        let run = Run {
            table: Table::HOLDING_REGISTER,
            first: 0,
            count: 1,
            values: Heard::Words(&octets),
            written: false,
        };
        sum.add(values.hear(&device(21), &run, now(block, true), &mut Vec::new()));
    }
    assert_eq!((sum.new, sum.again), (3, 3));
    assert_eq!(values.states_once(Zone(0)), 0);
    for number in 10..40 {
        hear(&mut values, now(4, true), &[number]);
    }
    assert_eq!(values.states_once(Zone(0)), 0, "a measurement has no states");
    assert_eq!(values.states_free.len(), 1);
}

#[test]
fn bits_and_typed_values_are_compared_one_by_one() {
    let mut values = values();
    let bits = |octets: &[u8], values: &mut Values| {
        let run = Run {
            table: Table::COIL,
            first: 0,
            count: 12,
            values: Heard::Bits(octets),
            written: false,
        };
        values.hear(&device(21), &run, now(0, false), &mut Vec::new());
        values.points()
    };
    assert_eq!(bits(&[0b1, 0], &mut values), 0);
    assert_eq!(bits(&[0b1, 0], &mut values), 0);
    assert_eq!(bits(&[0b10, 0b1000], &mut values), 3);
    let typed = |numbers: &[f64], values: &mut Values| {
        let each: Vec<Value> = numbers.iter().map(|number| Value::Float(*number)).collect();
        let run = Run {
            table: Table::ANALOG_INPUT,
            first: 0,
            count: 2,
            values: Heard::Each(&each),
            written: false,
        };
        values.hear(&device(22), &run, now(0, false), &mut Vec::new());
        values.points()
    };
    assert_eq!(typed(&[1.5, -2.5], &mut values), 3);
    assert_eq!(typed(&[1.5, f64::NAN], &mut values), 3, "what is no number is no value");
    assert_eq!(typed(&[1.25, f64::NAN], &mut values), 4);
}

#[test]
fn a_point_costs_a_fixed_number_of_octets_and_a_constant_one_those_of_its_value() {
    assert!(size_of::<PointState>() <= 96, "{}", size_of::<PointState>());
    assert_eq!(size_of::<State>(), 8, "of which a point has up to sixteen");
    assert!(size_of::<PollBlock>() <= 112, "{}", size_of::<PollBlock>());
    let mut values = values();
    hear(&mut values, now(0, false), &[7; 125]);
    assert!(values.memory_bytes() <= 112 + 250);
}

#[test]
fn full_tables_take_no_more_and_count_it() {
    let mut values = Values::new(RandomState::with_seeds(1, 2, 3, 4), 2);
    for nth in 0..10_u8 {
        let octets = words(&[i32::from(nth)]);
        for first in 0..4 {
            let run = Run {
                table: Table::HOLDING_REGISTER,
                first,
                count: 1,
                values: Heard::Words(&octets),
                written: false,
            };
            values.hear(&device(21), &run, now(0, false), &mut Vec::new());
        }
    }
    assert_eq!(values.points(), 2);
    assert!(values.refused() > 0);
}

#[test]
fn what_was_learned_of_values_is_the_same_after_a_restart() {
    use crate::play::short;
    let (values, count) = learned();
    let mut whole = short();
    whole.values = values;
    let rows: Vec<_> = whole.rows().into_iter().filter(|row| row.key.contains("value")).collect();
    let points = rows[0].text.as_ref().map_or(0, |text| text.split(';').count());
    assert_eq!((rows.len(), points), (1, 3), "neighbours share a row");
    let mut copy = short();
    copy.restore(None, &rows).unwrap();
    assert_eq!(copy.rows(), rows);
    let told = |values: &mut Values| {
        hear(values, now(50, true), &poll(1, 0, count));
        hear(values, now(50, true), &poll(400, 0, count + 1))
    };
    let expected = told(&mut whole.values);
    assert!(expected.len() >= 3, "{expected:?}");
    assert_eq!(told(&mut copy.values), expected);
}

/// The dearest time is the first: no point has shown yet that it has more than a few states.
#[test]
fn two_hundred_thousand_points_of_a_thousand_devices_are_held_in_60_mib_at_any_time() {
    let mut values = Values::new(RandomState::with_seeds(1, 2, 3, 4), 200_000);
    let mut most = 0;
    for round in 0..20 {
        for nth in 0..1_000_u16 {
            let [high, low] = nth.to_be_bytes();
            let address = IpAddr::V4(Ipv4Addr::new(10, 0, high, low));
            let numbers: Vec<i32> = (0..100).map(|point| 1_000 + round + point).collect();
            let octets = words(&numbers);
            for first in [0, 100] {
                let heard = Heard::Words(&octets);
                let table = Table::HOLDING_REGISTER;
                let run = Run { table, first, count: 100, values: heard, written: false };
                let device = Device { address, ..device(1) };
                values.hear(&device, &run, now(0, false), &mut Vec::new());
            }
        }
        most = values.memory_bytes().max(most);
    }
    assert_eq!((values.points(), values.refused()), (200_000, 0));
    assert!(most <= 60 << 20, "{most}");
}
