//! Data sets (annex A, groups 85 to 88).

use crate::octets::Octets;
use crate::{AttributeType, Value};

/// What an element of a prototype or descriptor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DescriptorCode(pub u8);

impl DescriptorCode {
    /// The number of the data set or prototype.
    pub const ID: Self = Self(1);
    /// Of which prototype the elements are.
    pub const UUID: Self = Self(2);
    /// What the data set or prototype is called.
    pub const NAME: Self = Self(4);
    /// A value.
    pub const DATA_ELEMENT: Self = Self(5);
    /// The elements of a prototype stand here.
    pub const PROTOTYPE: Self = Self(6);
    /// A value to be commanded.
    pub const CONTROL_VALUE: Self = Self(7);
    /// How a command went: the codes of control status.
    pub const CONTROL_STATUS: Self = Self(8);

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
            7 => "control_value",
            8 => "control_status",
            _ => "reserved",
        }
    }

    /// Whether an element of this code stands for a value of the data set.
    #[must_use]
    pub const fn has_value(self) -> bool {
        matches!(self, Self::DATA_ELEMENT | Self::CONTROL_VALUE | Self::CONTROL_STATUS)
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
    pub fn id(&self) -> Option<u64> {
        (self.code == DescriptorCode::ID).then(|| id(self.ancillary)).flatten()
    }

    /// The prototype whose elements stand here (`prototype`), or that these are the elements of (`uuid`).
    #[must_use]
    pub fn uuid(&self) -> Option<[u8; 16]> {
        let mut octets = Octets(self.ancillary);
        let is_named = matches!(self.code, DescriptorCode::UUID | DescriptorCode::PROTOTYPE);
        if is_named { octets.chunk() } else { None }
    }

    /// The value of a data set that this element describes: octets where they are not of its type, or more than it
    /// allows.
    #[must_use]
    pub fn value<'v>(&self, octets: &'v [u8]) -> Value<'v> {
        if octets.is_empty() {
            return Value::None;
        }
        // A longest length of 0 is none that was said.
        if self.length_max > 0 && octets.len() > usize::from(self.length_max) {
            return Value::Octets(octets);
        }
        self.data_type.value(octets)
    }
}

/// The number of a data set or prototype.
fn id(octets: &[u8]) -> Option<u64> {
    if octets.is_empty() { None } else { Octets::unsigned(octets) }
}

/// The elements of a prototype or descriptor (g85v1, g86v1), in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elements<'a>(Octets<'a>);

impl<'a> Elements<'a> {
    /// The elements of a prototype's or descriptor's octets.
    #[must_use]
    pub const fn of(octets: &'a [u8]) -> Self {
        Self(Octets(octets))
    }

    /// The octets of the elements that are still to come.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.0.0
    }

    /// What is left behind the last whole element; nothing where they fill the object.
    #[must_use]
    pub fn left(&self) -> &'a [u8] {
        let mut elements = *self;
        elements.by_ref().for_each(drop);
        elements.0.0
    }

    /// The data set or prototype that they are of.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        let mut elements = *self;
        elements.find_map(|element| element.id())
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

/// The values of a data set (g87v1, g88v1), each behind its length: its ID, when it had them, and one for each
/// element that its descriptor says a value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSetValues<'a>(Octets<'a>);

impl<'a> DataSetValues<'a> {
    pub(crate) const fn of(octets: &'a [u8]) -> Self {
        Self(Octets(octets))
    }

    /// What is left behind the last whole value; nothing where they fill the object.
    #[must_use]
    pub fn left(&self) -> &'a [u8] {
        let mut values = *self;
        values.by_ref().for_each(drop);
        values.0.0
    }

    /// Which data set it is.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        let mut values = *self;
        id(values.next()?)
    }

    /// When it had these values, in milliseconds since 1970. `elements` is how many its descriptor has, where that is
    /// known: a sender that leaves the time out is told by having no value too many.
    #[must_use]
    pub fn time(&self, elements: Option<usize>) -> Option<u64> {
        let mut values = *self;
        let second = values.nth(1)?;
        let untimed = elements.is_some_and(|elements| (*self).skip(1).count() == elements);
        if second.len() == 6 && !untimed { Octets(second).time() } else { None }
    }

    /// The values alone, in the order of the elements that describe them; `elements` as in [`Self::time`].
    pub fn elements(&self, elements: Option<usize>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let ahead = if self.time(elements).is_some() { 2 } else { 1 };
        (*self).skip(ahead)
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

/// The points that the elements of a data set are the values of (g86v3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PointIndexes<'a>(DataSetValues<'a>);

impl<'a> PointIndexes<'a> {
    /// They fill the object: an ID, then a group with an index, or nothing, for each element that has a value.
    #[must_use]
    pub fn of(octets: &'a [u8]) -> Option<Self> {
        let values = DataSetValues(Octets(octets));
        let fits = values.left().is_empty()
            && values.id().is_some()
            && values.skip(1).all(|value| value.len() <= 5);
        fits.then_some(Self(values))
    }

    /// Of which data set.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.0.id()
    }

    /// Group and index for each element in turn, none for one that is of no point.
    pub fn points(&self) -> impl Iterator<Item = Option<(u8, u32)>> + use<'a> {
        self.0.skip(1).map(|value| {
            let (group, index) = value.split_first()?;
            Some((*group, u32::try_from(Octets::unsigned(index)?).ok()?))
        })
    }
}
