//! Values that several objects have: times, names, texts, lists.

use core::cell::Cell;

use gridtap_dnp3::{Time, Value};
use gridtap_model::Timestamp;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::record::Hex;

/// A moment from milliseconds since 1970; none beyond the year 2262.
pub(super) fn moment(unix_ms: u64) -> Option<Timestamp> {
    let nanos = i64::try_from(unix_ms).ok().and_then(|ms| ms.checked_mul(1_000_000));
    nanos.map(Timestamp::from_nanos)
}

/// A moment in milliseconds since 1970: RFC 3339, or the number where it is beyond the year 2262.
pub(super) struct Moment(pub(super) u64);

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match moment(self.0) {
            Some(moment) => moment.serialize(serializer),
            None => serializer.serialize_u64(self.0),
        }
    }
}

/// Octets that should be text; what is none is replaced.
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&String::from_utf8_lossy(self.0))
    }
}

/// A list of anything, written once.
pub(super) struct List<I>(Cell<Option<I>>);

pub(super) const fn list<I: Iterator>(items: I) -> List<I> {
    List(Cell::new(Some(items)))
}

impl<I: Iterator> Serialize for List<I>
where
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in self.0.take().into_iter().flatten() {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

/// Octets as `data` in hexadecimal, and as `text` where they are printable.
pub(super) fn octets_entry<M: SerializeMap>(map: &mut M, octets: &[u8]) -> Result<(), M::Error> {
    let printable = |octet: &u8| octet.is_ascii_graphic() || *octet == b' ';
    if !octets.is_empty() && octets.iter().all(printable) {
        map.serialize_entry("text", &Text(octets))?;
    }
    map.serialize_entry("data", &Hex(octets))
}

/// A value under the name that fits it.
pub(super) fn value_entry<M: SerializeMap>(map: &mut M, value: &Value<'_>) -> Result<(), M::Error> {
    match *value {
        Value::None => Ok(()),
        Value::Bit(on) => map.serialize_entry("value", &on),
        Value::DoubleBit(state) => map.serialize_entry("value", state.name()),
        Value::Unsigned(number) => map.serialize_entry("value", &number),
        Value::Signed(number) => map.serialize_entry("value", &number),
        Value::Float32(number) => map.serialize_entry("value", &number),
        Value::Float64(number) => map.serialize_entry("value", &number),
        Value::Octets(octets) => octets_entry(map, octets),
        Value::Text(text) => map.serialize_entry("value", &Text(text)),
        Value::Time(unix_ms) => map.serialize_entry("value", &Moment(unix_ms)),
    }
}

/// `time`, where it can be told; else how long after a time that was not given.
pub(super) fn time_entry<M: SerializeMap>(map: &mut M, time: Time) -> Result<(), M::Error> {
    if let Some(unix_ms) = time.unix_ms() {
        map.serialize_entry("time", &Moment(unix_ms))?;
    } else if let Time::Relative { after_ms, .. } = time {
        map.serialize_entry("after_ms", &after_ms)?;
    }
    match time.is_synchronised() {
        Some(synchronised) => map.serialize_entry("synchronised", &synchronised),
        None => Ok(()),
    }
}

/// A code and its name.
pub(super) fn status_entry<M: SerializeMap>(
    map: &mut M,
    status: u8,
    name: &'static str,
) -> Result<(), M::Error> {
    map.serialize_entry("status", &status)?;
    if status == 0 { Ok(()) } else { map.serialize_entry("status_name", name) }
}
