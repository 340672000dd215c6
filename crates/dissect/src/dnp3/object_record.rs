//! The elements of `objects` and of `points` in the `dnp3` object of a record.

use gridtap_dnp3::{
    ActivationStatuses, Attribute, ControlBlock, DeviceProfile, Flags, FunctionCode, Interval,
    Item, Items, Object, Operation, Point, PrivateDescriptor, Range, Statistic, attribute_name,
    statistic_name,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::data_sets::Descriptors;
use super::fields::{Moment, Text, list, status_entry, time_entry, value_entry};
use super::files::file;
use super::record::{faults_entry, object_fault};
use super::security::authentication;
use super::set_record;
use crate::record::Hex;

/// One object header with its objects.
pub(super) struct Block<'r, 'a>(
    pub(super) &'r gridtap_dnp3::Block<'a>,
    /// What its data sets are made of.
    pub(super) Option<&'r Descriptors>,
);

impl Serialize for Block<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let block = self.0;
        let header = &block.header;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("group", &header.group)?;
        map.serialize_entry("variation", &header.variation)?;
        map.serialize_entry("qualifier", &header.qualifier.0)?;
        if let Some(count) = header.range.count() {
            map.serialize_entry("count", &count)?;
        }
        if let Range::Indexes { start, stop } | Range::Addresses { start, stop } = header.range {
            map.serialize_entry("start", &start)?;
            map.serialize_entry("stop", &stop)?;
        }
        if block.items().next().is_some() {
            map.serialize_entry("points", &Points(block.items(), self.1))?;
        } else if !block.octets.is_empty() {
            map.serialize_entry("data", &Hex(block.octets))?;
        }
        faults_entry(&mut map, block.fault.iter().map(object_fault))?;
        map.end()
    }
}

struct Points<'r, 'a>(Items<'a>, Option<&'r Descriptors>);

impl Serialize for Points<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in self.0 {
            list.serialize_element(&OnePoint(&item, self.1))?;
        }
        list.end()
    }
}

struct OnePoint<'r, 'a>(&'r Item<'a>, Option<&'r Descriptors>);

impl Serialize for OnePoint<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Item { index, object, fault, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        if let Some(index) = index {
            map.serialize_entry("index", index)?;
        }
        match object {
            Object::DataSet(values) => set_record::values(&mut map, *values, self.1)?,
            other => meaning(&mut map, other, *index)?,
        }
        faults_entry(&mut map, fault.iter().map(object_fault))?;
        map.end()
    }
}

fn meaning<M: SerializeMap>(
    map: &mut M,
    object: &Object<'_>,
    index: Option<u32>,
) -> Result<(), M::Error> {
    match object {
        Object::Named => Ok(()),
        Object::Point(value) => point(map, value),
        Object::Control(block) => control(map, block),
        Object::Setpoint(setpoint) => {
            value_entry(map, &setpoint.value)?;
            status_entry(map, setpoint.status.0, setpoint.status.name())
        }
        Object::Clock(unix_ms) => map.serialize_entry("time", &Moment(*unix_ms)),
        Object::Interval(interval) => every(map, interval),
        Object::CommonTime(time) => {
            map.serialize_entry("time", &Moment(time.unix_ms))?;
            map.serialize_entry("synchronised", &time.synchronised)
        }
        Object::Delay(delay) => map.serialize_entry("delay_ms", &delay.milliseconds()),
        Object::Attribute(value) => attribute(map, value, index),
        Object::File(value) => file(map, value),
        Object::Authentication(step) => authentication(map, step),
        Object::Statistic(value) => statistic(map, value, index),
        Object::Opaque(octets) => map.serialize_entry("data", &Hex(octets)),
        other => device(map, other),
    }
}

/// Objects about the device as a whole, and data sets.
fn device<M: SerializeMap>(map: &mut M, object: &Object<'_>) -> Result<(), M::Error> {
    match object {
        Object::BufferFill(fill) => {
            map.serialize_entry("percent", &fill.percent)?;
            map.serialize_entry("overflow", &fill.overflow)?;
            map.serialize_entry("of_group", &fill.group)?;
            map.serialize_entry("of_variation", &fill.variation)
        }
        Object::DeviceProfile(value) => profile(map, value),
        Object::PrivateRegistration(value) => {
            map.serialize_entry("vendor", &Text(&value.vendor))?;
            map.serialize_entry("object", &value.object)?;
            map.serialize_entry("data", &Hex(value.octets))
        }
        Object::PrivateDescriptor(value) => descriptor(map, value),
        Object::Elements(elements) => set_record::elements(map, *elements),
        Object::PointIndexes(points) => set_record::points(map, *points),
        Object::Characteristics(value) => {
            map.serialize_entry("characteristics", &list(value.names()))
        }
        Object::Application(name) => map.serialize_entry("name", &Text(name)),
        Object::Activation(activation) => {
            map.serialize_entry("delay_ms", &activation.delay_ms)?;
            map.serialize_entry("results", &Results(activation.statuses()))
        }
        _ => Ok(()),
    }
}

fn flags<M: SerializeMap>(map: &mut M, flags: Flags) -> Result<(), M::Error> {
    map.serialize_entry("flags", &list(flags.names()))
}

fn point<M: SerializeMap>(map: &mut M, point: &Point<'_>) -> Result<(), M::Error> {
    value_entry(map, &point.value)?;
    if let Some(octet) = point.flags {
        flags(map, octet)?;
    }
    if let Some(status) = point.status {
        status_entry(map, status.0, status.name())?;
    }
    point.time.map_or(Ok(()), |time| time_entry(map, time))
}

fn control<M: SerializeMap>(map: &mut M, block: &ControlBlock) -> Result<(), M::Error> {
    map.serialize_entry("operation", block.code.operation().name())?;
    if let Operation::Undefined(_) = block.code.operation() {
        map.serialize_entry("control_code", &block.code.0)?;
    }
    map.serialize_entry("trip_close", block.code.trip_close().name())?;
    map.serialize_entry("clear", &block.code.clears())?;
    if block.code.is_queued() {
        map.serialize_entry("queue", &true)?;
    }
    map.serialize_entry("count", &block.count)?;
    map.serialize_entry("on_ms", &block.on_ms)?;
    map.serialize_entry("off_ms", &block.off_ms)?;
    status_entry(map, block.status.0, block.status.name())
}

fn every<M: SerializeMap>(map: &mut M, interval: &Interval) -> Result<(), M::Error> {
    map.serialize_entry("time", &Moment(interval.unix_ms))?;
    map.serialize_entry("every", &interval.every)?;
    map.serialize_entry("every_unit", interval.unit.name())
}

fn attribute<M: SerializeMap>(
    map: &mut M,
    attribute: &Attribute<'_>,
    set: Option<u32>,
) -> Result<(), M::Error> {
    if let Some(name) = attribute_name(attribute.variation).filter(|_| set == Some(0)) {
        map.serialize_entry("attribute", name)?;
    }
    map.serialize_entry("type", attribute.data_type.name())?;
    if attribute.data_type.0 >= 254 {
        map.serialize_entry("listed", &list(attribute.listed().map(Listed)))
    } else {
        value_entry(map, &attribute.value)
    }
}

/// An attribute that a device has.
struct Listed((u8, bool));

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (variation, writable) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("variation", &variation)?;
        map.serialize_entry("writable", &writable)?;
        map.end()
    }
}

fn statistic<M: SerializeMap>(
    map: &mut M,
    statistic: &Statistic,
    index: Option<u32>,
) -> Result<(), M::Error> {
    if let Some(name) = index.and_then(statistic_name) {
        map.serialize_entry("statistic", name)?;
    }
    map.serialize_entry("association", &statistic.association)?;
    map.serialize_entry("value", &statistic.count)?;
    flags(map, statistic.flags)?;
    statistic.time.map_or(Ok(()), |time| time_entry(map, time))
}

fn profile<M: SerializeMap>(map: &mut M, profile: &DeviceProfile<'_>) -> Result<(), M::Error> {
    let functions = (0..64).filter(|code| profile.has(FunctionCode(*code)));
    map.serialize_entry("functions", &list(functions))?;
    map.serialize_entry("headers", &profile.headers)?;
    map.serialize_entry("data", &Hex(profile.octets))
}

fn descriptor<M: SerializeMap>(
    map: &mut M,
    descriptor: &PrivateDescriptor<'_>,
) -> Result<(), M::Error> {
    map.serialize_entry("vendor", &Text(&descriptor.vendor))?;
    map.serialize_entry("object", &descriptor.object)?;
    map.serialize_entry("parts", &list(descriptor.parts().map(Part)))
}

/// So many objects of a group and variation.
struct Part((u16, u8, u8));

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (count, group, variation) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("count", &count)?;
        map.serialize_entry("group", &group)?;
        map.serialize_entry("variation", &variation)?;
        map.end()
    }
}

/// How the activation of each configuration went.
struct Results<'a>(ActivationStatuses<'a>);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut results = serializer.serialize_seq(None)?;
        for result in self.0 {
            results.serialize_element(&OneResult(result))?;
        }
        results.end()
    }
}

struct OneResult<'a>((u8, &'a [u8]));

impl Serialize for OneResult<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (status, text) = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("status", &status)?;
        map.serialize_entry("text", &Text(text))?;
        map.end()
    }
}
