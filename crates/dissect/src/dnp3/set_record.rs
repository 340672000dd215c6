//! Data sets (g85 to g88) in a record.

use gridtap_dnp3::{DataSetValues, Element, Elements, PointIndexes};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::data_set::{DataSet, Member};
use super::data_sets::Descriptors;
use super::fields::{Moment, Text, list, octets_entry, value_entry};
use crate::record::Hex;

/// A prototype or descriptor.
pub(super) fn elements<M: SerializeMap>(
    map: &mut M,
    elements: Elements<'_>,
) -> Result<(), M::Error> {
    map.serialize_entry("elements", &list(elements.map(OneElement)))?;
    left(map, elements.left())
}

/// Octets behind the last whole part of a list.
fn left<M: SerializeMap>(map: &mut M, left: &[u8]) -> Result<(), M::Error> {
    if left.is_empty() { Ok(()) } else { map.serialize_entry("data", &Hex(left)) }
}

/// What an element of a data set is.
struct OneElement<'a>(Element<'a>);

impl Serialize for OneElement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.0.code.name())?;
        map.serialize_entry("type", self.0.data_type.name())?;
        map.serialize_entry("length_max", &self.0.length_max)?;
        octets_entry(&mut map, self.0.ancillary)?;
        map.end()
    }
}

/// The points of a data set's elements.
pub(super) fn points<M: SerializeMap>(
    map: &mut M,
    points: PointIndexes<'_>,
) -> Result<(), M::Error> {
    map.serialize_entry("data_set", &points.id())?;
    map.serialize_entry("elements", &list(points.points().enumerate().map(OnePoint)))
}

/// The point of an element, where it is of one.
struct OnePoint((usize, Option<(u8, u32)>));

impl Serialize for OnePoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (nth, point) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("element", &nth)?;
        point_entry(&mut map, point)?;
        map.end()
    }
}

fn point_entry<M: SerializeMap>(map: &mut M, point: Option<(u8, u32)>) -> Result<(), M::Error> {
    let Some((group, index)) = point else { return Ok(()) };
    map.serialize_entry("of_group", &group)?;
    map.serialize_entry("of_index", &index)
}

/// The values of a data set: all as they stand, and each element by what is known of it.
pub(super) fn values<M: SerializeMap>(
    map: &mut M,
    values: DataSetValues<'_>,
    known: Option<&Descriptors>,
) -> Result<(), M::Error> {
    let set = DataSet::of(values, known);
    if let Some(id) = set.id {
        map.serialize_entry("data_set", &id)?;
    }
    if let Some(name) = set.name() {
        map.serialize_entry("name", &Text(name))?;
    }
    if let Some(time) = set.time {
        map.serialize_entry("time", &Moment(time))?;
    }
    map.serialize_entry("values", &list(values.map(Hex)))?;
    map.serialize_entry("elements", &list(set.members().enumerate().map(OneMember)))?;
    left(map, values.left())
}

/// One value of a data set.
struct OneMember<'a>((usize, Member<'a>));

impl Serialize for OneMember<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (nth, member) = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("element", nth)?;
        if let Some(element) = member.element {
            map.serialize_entry("name", &Text(element.ancillary))?;
            map.serialize_entry("code", element.code.name())?;
            map.serialize_entry("type", element.data_type.name())?;
        }
        value_entry(&mut map, &member.value())?;
        point_entry(&mut map, member.point)?;
        map.end()
    }
}
