use super::*;

#[test]
fn rows_are_in_order_and_of_named_groups() {
    for pair in ROWS.windows(2) {
        let [before, after] = pair else { continue };
        let follows = after.group > before.group
            || after.group == before.group && after.variation == before.variation + 1;
        assert!(follows, "{after:?}");
    }
    for row in ROWS {
        assert!(group_name(row.group).is_some(), "{row:?}");
        assert_eq!(variation(row.group, row.variation), Some(row));
    }
}

/// Sizes without prefix (annex A): group, then the octets of its variations from 1 on.
const SIZES: [(u8, &[usize]); 32] = [
    (2, &[1, 7, 3]),
    (4, &[1, 7, 3]),
    (11, &[1, 7]),
    (13, &[1, 7]),
    (20, &[5, 3, 5, 3, 4, 2, 4, 2]),
    (21, &[5, 3, 5, 3, 11, 9, 11, 9, 4, 2, 4, 2]),
    (22, &[5, 3, 5, 3, 11, 9, 11, 9]),
    (23, &[5, 3, 5, 3, 11, 9, 11, 9]),
    (30, &[5, 3, 4, 2, 5, 9]),
    (31, &[5, 3, 11, 9, 4, 2, 5, 9]),
    (32, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (33, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (34, &[2, 4, 4]),
    (40, &[5, 3, 5, 9]),
    (41, &[5, 3, 5, 9]),
    (42, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (43, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (50, &[6, 10, 6, 11]),
    (51, &[6, 6]),
    (52, &[2, 2]),
    (60, &[0, 0, 0, 0]),
    (81, &[3]),
    (101, &[2, 4, 8]),
    (102, &[1]),
    (110, &[1, 2, 3]),
    (111, &[1, 2, 3]),
    (112, &[1, 2, 3]),
    (113, &[1, 2, 3]),
    (121, &[7]),
    (122, &[7, 13]),
    (12, &[11, 11]),
    (10, &[]),
];

#[test]
fn every_fixed_size_is_that_of_annex_a() {
    for (group, sizes) in SIZES {
        for (nth, octets) in sizes.iter().enumerate() {
            let number = u8::try_from(nth + 1).unwrap();
            let row = variation(group, number).unwrap_or_else(|| panic!("g{group}v{number}"));
            assert_eq!(row.octets(), Some(*octets), "g{group}v{number}");
        }
    }
}

#[test]
fn any_variation_of_a_group_can_be_asked_for_and_carries_nothing() {
    let groups =
        [1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33, 34, 40, 41, 42, 43, 50];
    for group in groups.into_iter().chain([85, 86, 87, 88, 101, 102, 121, 122]) {
        let row = variation(group, 0).unwrap_or_else(|| panic!("g{group}v0"));
        assert_eq!(row.layout, Layout::Any, "g{group}v0");
    }
}

#[test]
fn what_the_standard_does_not_have_is_not_known() {
    for (group, number) in [(1, 3), (5, 1), (60, 5), (60, 0), (70, 9), (114, 1), (115, 1), (255, 0)]
    {
        assert_eq!(variation(group, number), None, "g{group}v{number}");
    }
}
