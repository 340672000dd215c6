//! Data sets (annex A, groups 85 to 88).

use crate::octets::Octets;
use crate::{AttributeType, Value};

/// What an element of a prototype or descriptor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DescriptorCode(pub u8);

impl DescriptorCode {
    /// The name in records, `reserved` where none is known.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            1 => "id",
            2 => "uuid",
            3 => "namespace",
            4 => "name",
            5 => "data_element",
            6 => "prototype",
            7 => "control_status",
            8 => "control_value",
            _ => "reserved",
        }
    }
}

/// One element of a prototype or descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Element<'a> {
    /// What it says.
    pub code: DescriptorCode,
    /// How the value that it describes is typed.
    pub data_type: AttributeType,
    /// The longest such value.
    pub length_max: u8,
    /// What is said: a number, a UUID, a name.
    pub ancillary: &'a [u8],
}

impl<'a> Element<'a> {
    /// The data set or prototype that an ID names.
    #[must_use]
    pub fn id(&self) -> Option<Value<'a>> {
        (self.code.0 == 1).then(|| AttributeType(2).value(self.ancillary))
    }
}

/// The elements of a prototype or descriptor (g85v1, g86v1), in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elements<'a>(Octets<'a>);

impl<'a> Elements<'a> {
    /// They fill the object.
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut elements = Self(Octets(octets));
        elements.by_ref().for_each(drop);
        elements.0.0.is_empty().then_some(Self(Octets(octets)))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let mut rest = self.0;
        let length = rest.u8()?;
        let mut element = Octets(rest.take(length.into())?);
        let [code, data_type, length_max] = element.chunk()?;
        self.0 = rest;
        Some(Element {
            code: DescriptorCode(code),
            data_type: AttributeType(data_type),
            length_max,
            ancillary: element.rest(),
        })
    }
}

/// What may be done with a data set (g86v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Characteristics(pub u8);

impl Characteristics {
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        match octets {
            [octet] => Some(Self(*octet)),
            _ => None,
        }
    }

    /// The names of the bits set, in records.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (0x01, "readable"),
            (0x02, "writable"),
            (0x04, "static_kept"),
            (0x08, "events"),
            (0x10, "defined_by_master"),
        ]
        .into_iter()
        .filter(move |(mask, _)| self.0 & mask != 0)
        .map(|(_, name)| name)
    }
}

/// The values of a data set (g87v1, g88v1), in order: the first is its ID, in a snapshot the second its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSetValues<'a>(Octets<'a>);

impl<'a> DataSetValues<'a> {
    /// They fill the object.
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut values = Self(Octets(octets));
        values.by_ref().for_each(drop);
        (values.0.0.is_empty() && !octets.is_empty()).then_some(Self(Octets(octets)))
    }
}

impl<'a> Iterator for DataSetValues<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let mut rest = self.0;
        let length = rest.u8()?;
        let value = rest.take(length.into())?;
        self.0 = rest;
        Some(value)
    }
}
