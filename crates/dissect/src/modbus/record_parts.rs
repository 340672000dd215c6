//! The lists and objects inside the `modbus` object of a record.

use gridtap_modbus::umas::{self, UmasCode};
use gridtap_modbus::{DeviceObject, DeviceObjects, FileRecord, FileRecords, object_name};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::record::Hex;

/// Values as they stood.
pub(super) enum Values<'a> {
    /// As many bits as were asked for, or all where that is not known.
    Bits(&'a [u8], Option<usize>),
    /// Words; an odd octet at the end is left out.
    Words(&'a [u8]),
}

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        match self {
            Self::Bits(octets, quantity) => {
                let bits =
                    octets.iter().flat_map(|octet| (0..8).map(move |bit| (octet >> bit) & 1 == 1));
                for bit in bits.take(quantity.unwrap_or(usize::MAX)) {
                    list.serialize_element(&bit)?;
                }
            }
            Self::Words(octets) => {
                for word in octets.as_chunks::<2>().0 {
                    list.serialize_element(&u16::from_be_bytes(*word))?;
                }
            }
        }
        list.end()
    }
}

pub(super) struct Groups<'a>(pub(super) FileRecords<'a>);

impl Serialize for Groups<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for group in self.0 {
            list.serialize_element(&Group(group))?;
        }
        list.end()
    }
}

struct Group<'a>(FileRecord<'a>);

impl Serialize for Group<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("reference", &self.0.reference)?;
        if let (Some(file), Some(record)) = (self.0.file, self.0.record) {
            map.serialize_entry("file", &file)?;
            map.serialize_entry("record", &record)?;
        }
        map.serialize_entry("registers", &self.0.registers)?;
        if !self.0.data.is_empty() {
            map.serialize_entry("values", &Values::Words(self.0.data))?;
        }
        map.end()
    }
}

pub(super) struct Objects<'a>(pub(super) DeviceObjects<'a>);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for object in self.0 {
            list.serialize_element(&Object(object))?;
        }
        list.end()
    }
}

struct Object<'a>(DeviceObject<'a>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.0.id)?;
        map.serialize_entry("name", object_name(self.0.id))?;
        text(&mut map, "text", self.0.text)?;
        map.end()
    }
}

/// Octets as text where they are text, else as `data`.
fn text<M: SerializeMap>(map: &mut M, name: &'static str, octets: &[u8]) -> Result<(), M::Error> {
    match core::str::from_utf8(octets) {
        Ok(text) => map.serialize_entry(name, text),
        Err(_) => map.serialize_entry("data", &Hex(octets)),
    }
}

pub(super) struct UmasRequest<'a>(pub(super) umas::Request<'a>);

impl Serialize for UmasRequest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let request = &self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &request.key)?;
        map.serialize_entry("function", &request.function.0)?;
        map.serialize_entry("function_name", request.function.name())?;
        if request.signed {
            map.serialize_entry("signed", &true)?;
        }
        if let Some(block) = request.block() {
            map.serialize_entry("range", &block.range)?;
            map.serialize_entry("block", &block.block)?;
            map.serialize_entry("offset", &block.offset)?;
            map.serialize_entry("octets", &block.octets)?;
        } else if let Some((id, name)) = request.reservation() {
            map.serialize_entry("id", &id)?;
            text(&mut map, "name", name)?;
        } else if !request.data.is_empty() {
            map.serialize_entry("data", &Hex(request.data))?;
        }
        map.end()
    }
}

pub(super) struct UmasResponse<'a> {
    pub(super) response: umas::Response<'a>,
    /// Known from the request alone.
    pub(super) function: Option<UmasCode>,
}

impl Serialize for UmasResponse<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.response.key)?;
        if let Some(function) = self.function {
            map.serialize_entry("function", &function.0)?;
            map.serialize_entry("function_name", function.name())?;
        }
        map.serialize_entry("status", &self.response.status.0)?;
        map.serialize_entry("status_name", self.response.status.name())?;
        if self.function == Some(UmasCode::INIT_COMMUNICATION)
            && let Some(octets) = self.response.frame_octets_max()
        {
            map.serialize_entry("frame_octets_max", &octets)?;
        }
        if !self.response.data.is_empty() {
            map.serialize_entry("data", &Hex(self.response.data))?;
        }
        map.end()
    }
}
