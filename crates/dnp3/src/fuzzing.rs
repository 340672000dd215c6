//! One body for cargo-fuzz, the replay of its corpus, and the property tests.

use crate::{
    Blocks, Carried, DataSetValues, Ending, Found, Fragment, FunctionCode, Object, Reassembler,
    frame,
};

/// Says everything that this crate can say of any octets, the texts of debugging included.
///
/// # Panics
/// Where a parser loses an octet, or gives more than the octets hold.
pub fn everything(input: &[u8]) {
    let mut reassembler = Reassembler::new(600);
    let mut rest = input;
    loop {
        let dropped = match frame(rest, Ending::Closed) {
            Found::Frame(frame) => {
                let _ = format!("{frame:?} {:?}", frame.header.faults().collect::<Vec<_>>());
                let segment = reassembler.push(&frame);
                let _ = format!("{segment:?}");
                for fragment in segment.fragment.into_iter().chain(segment.dropped) {
                    meaning(fragment);
                }
                frame.octets()
            }
            Found::Damaged(damaged) => {
                assert!(damaged.user_data().flatten().count() <= 250);
                damaged.octets()
            }
            Found::Skipped(skipped) => skipped.octets,
            Found::More(_) => break,
        };
        assert!(dropped > 0);
        rest = rest.get(dropped..).unwrap_or_default();
    }
    assert!(rest.is_empty(), "octets left over");
    meaning(input);
    // The same objects behind every kind of function.
    for function in [0, 1, 2, 5, 11, 129] {
        blocks(Blocks::new(FunctionCode(function), input));
    }
}

fn meaning(octets: &[u8]) {
    let Some(fragment) = Fragment::of(octets) else { return };
    let _ = format!("{fragment:?} {:?}", fragment.faults().collect::<Vec<_>>());
    blocks(fragment.blocks());
}

fn blocks(mut blocks: Blocks<'_>) {
    let mut octets = blocks.rest().len();
    while let Some(block) = blocks.next() {
        assert!(blocks.rest().len() < octets);
        octets = blocks.rest().len();
        let Ok(block) = block else { continue };
        let _ = format!("{:?} {:?}", block.header, block.fault.map(|fault| fault.to_string()));
        let mut items: u64 = 0;
        for item in block.items() {
            let _ = format!("{item:?}");
            told(item.object);
            items = items.saturating_add(1);
        }
        let held = u64::try_from(block.octets.len()).unwrap_or(u64::MAX);
        assert!(items <= held.saturating_mul(8), "more points than bits");
        assert!(block.is_bounded || block.fault.is_some() && blocks.rest().is_empty());
        let all = block.octets.is_empty() || block.carried == Carried::Nothing;
        assert!(all || items == block.count, "{items} of {}", block.count);
    }
    assert!(blocks.next().is_none());
}

/// Lists within an object.
fn told(object: Object<'_>) {
    match object {
        Object::Attribute(attribute) => drop(attribute.listed().count()),
        Object::Elements(elements) => {
            drop(format!("{:?} {:?}", elements.id(), elements.collect::<Vec<_>>()));
            elements.for_each(|each| {
                drop(format!("{:?} {:?}", each.uuid(), each.value(each.ancillary)))
            });
        }
        Object::PointIndexes(points) => drop(points.points().count()),
        Object::DataSet(values) => data_set(values),
        Object::Activation(activation) => {
            assert_eq!(activation.statuses().count(), usize::from(activation.count));
        }
        Object::PrivateDescriptor(descriptor) => drop(descriptor.parts().count()),
        Object::Point(point) => drop(point.flags.map(|flags| flags.names().count())),
        _ => {}
    }
}

/// Each value comes out once, in order, and what is left is what no length leads into.
fn data_set(values: DataSetValues<'_>) {
    let held: usize = values.map(|value| value.len().saturating_add(1)).sum();
    let left = values.left();
    let cut = left.first().is_none_or(|length| usize::from(*length) >= left.len());
    assert!(cut, "a value left over");
    for elements in [None, Some(0), Some(values.skip(1).count())] {
        let ahead = usize::from(values.time(elements).is_some()).saturating_add(1);
        assert_eq!(values.elements(elements).count(), values.count().saturating_sub(ahead));
    }
    let _ = format!("{:?} {held}", values.id());
}
