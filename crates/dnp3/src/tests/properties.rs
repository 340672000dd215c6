//! What must hold for any octets.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::fuzzing::everything;

/// Octets that are groups, variations, qualifiers and counts more often than chance would have it.
fn likely() -> impl Strategy<Value = u8> {
    prop_oneof![
        prop::sample::select(vec![
            0, 1, 2, 3, 4, 6, 7, 8, 10, 12, 17, 0x17, 0x28, 0x5B, 20, 30, 41, 50, 60, 70, 80, 85,
            86, 87, 88, 91, 110, 120, 0xFF,
        ]),
        any::<u8>(),
    ]
}

proptest! {
    #[test]
    fn any_octets_have_a_meaning(input in vec(any::<u8>(), 0..600)) {
        everything(&input);
    }

    #[test]
    fn any_objects_have_a_meaning(
        function in prop::sample::select(vec![0_u8, 1, 2, 3, 5, 7, 11, 18, 22, 25, 32, 129, 130, 200]),
        octets in vec(likely(), 0..300),
    ) {
        everything(&[&[0xC0, function], &octets[..]].concat());
    }
}
