use proptest::prelude::*;

use crate::table::Layout;
use crate::{Blocks, Carried, FunctionCode, Object, Prefix};

fn headers() -> impl Strategy<Value = Vec<u8>> {
    let qualifier = prop::sample::select(vec![0x00_u8, 0x01, 0x17, 0x28, 0x07, 0x5b]);
    let group = prop::sample::select(vec![
        1_u8, 2, 3, 4, 10, 11, 20, 21, 22, 23, 30, 31, 32, 33, 34, 40, 42, 43,
    ]);
    (group, 0_u8..9, qualifier, prop::collection::vec(any::<u8>(), 0..120), 0_u8..6).prop_map(
        |(group, variation, qualifier, rest, count)| {
            let mut octets = vec![group, variation, qualifier];
            match qualifier {
                0x00 => octets.extend([2, 2 + count]),
                0x01 => octets.extend([2, 0, 2 + count, 0]),
                0x17 | 0x07 => octets.push(count),
                0x28 => octets.extend([count, 0]),
                _ => octets.push(1),
            }
            octets.extend(rest);
            octets
        },
    )
}

proptest! {
    #[test]
    fn points_are_what_the_objects_of_their_header_are(octets in headers()) {
        for block in Blocks::new(FunctionCode::RESPONSE, &octets).filter_map(Result::ok) {
            let items: Vec<_> = block.items().collect();
            match block.points() {
                Some(points) => {
                    let points: Vec<_> = points.collect();
                    let same: Vec<_> = items
                        .iter()
                        .map(|item| {
                            let Object::Point(point) = item.object else { panic!("{item:?}") };
                            assert_eq!(item.fault, None);
                            (item.index, point)
                        })
                        .collect();
                    // Not a number is no number, also the same one.
                    prop_assert_eq!(format!("{points:?}"), format!("{same:?}"));
                }
                None => {
                    // Strings of octets are read one by one.
                    let alike = block.carried == Carried::Objects
                        && block.variation.is_some_and(|variation| matches!(variation.layout, Layout::Point(..)))
                        && !matches!(block.header.qualifier.prefix(), Prefix::Size(_))
                        && items.iter().any(|item| matches!(item.object, Object::Point(_)) && item.octets.len() > 1);
                    prop_assert!(!alike, "{block:?} is read object by object");
                }
            }
        }
    }
}
