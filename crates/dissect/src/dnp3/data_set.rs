//! The values of a data set, with what its descriptor says of each.

use gridtap_dnp3::{AttributeType, DataSetValues, DescriptorCode, Element, Elements, Value};

use super::data_sets::Descriptors;

/// A data set as a message tells it.
#[derive(Clone, Copy)]
pub(super) struct DataSet<'a> {
    /// Its number.
    pub(super) id: Option<u64>,
    /// When it had these values, in milliseconds since 1970.
    pub(super) time: Option<u64>,
    values: DataSetValues<'a>,
    known: Option<&'a Descriptors>,
    /// How many elements its descriptor has.
    count: Option<usize>,
}

/// One value of it.
pub(super) struct Member<'a> {
    /// As it stands in the message.
    octets: &'a [u8],
    /// What the descriptor says of it.
    pub(super) element: Option<Element<'a>>,
    /// The group and index of the point that it is of.
    pub(super) point: Option<(u8, u32)>,
}

impl<'a> Member<'a> {
    /// What it means, as far as that is known: else its octets.
    pub(super) fn value(&self) -> Value<'a> {
        let octets = self.octets;
        self.element.map_or(Value::Octets(octets), |element| element.value(octets))
    }

    /// How a command went, where that is what the value says.
    pub(super) fn status(&self) -> Option<u8> {
        self.element.filter(|element| element.code == DescriptorCode::CONTROL_STATUS)?;
        match self.value() {
            Value::Unsigned(status) => u8::try_from(status).ok(),
            _ => None,
        }
    }

    /// The bits of a bit string as one number, the first the least: none where it has more than a number.
    pub(super) fn bits(&self) -> Option<Value<'a>> {
        self.element.filter(|element| element.data_type == AttributeType::BIT_STRING)?;
        match self.value() {
            Value::Octets(octets) if !octets.is_empty() && octets.len() < 8 => {
                Some(AttributeType::UNSIGNED.value(octets))
            }
            _ => None,
        }
    }
}

impl<'a> DataSet<'a> {
    pub(super) fn of(values: DataSetValues<'a>, known: Option<&'a Descriptors>) -> Self {
        let id = values.id();
        let mut flat = Flat::of(id, known);
        // No more than there are values for, and one to see that there are more.
        let enough = values.count();
        let counted = flat.by_ref().take(enough).count();
        let count = flat.is_described().then_some(counted);
        Self { id, time: values.time(count), values, known, count }
    }

    /// The index of an element among those of all data sets; none of a data set with a number that no device has.
    pub(super) fn index(&self, nth: u16) -> Option<u32> {
        let set = u32::from(u16::try_from(self.id?).ok()?);
        Some(set.checked_shl(16)? | u32::from(nth))
    }

    /// What its descriptor calls it.
    pub(super) fn name(&self) -> Option<&'a [u8]> {
        let mut elements = self.known?.elements(self.id?)?;
        elements
            .find(|element| element.code == DescriptorCode::NAME)
            .map(|element| element.ancillary)
    }

    /// Its values in order.
    pub(super) fn members(&self) -> impl Iterator<Item = Member<'a>> + use<'a> {
        let mut described = Flat::of(self.id, self.known);
        let points = self.id.zip(self.known).and_then(|(id, known)| known.points(id));
        let mut points = points.into_iter().flat_map(|points| points.points());
        self.values.elements(self.count).map(move |octets| Member {
            octets,
            element: described.next(),
            point: points.next().flatten(),
        })
    }
}

/// Prototypes that a data set is gone through for: one that has more is described as far as that.
const PROTOTYPES_MAX: u8 = 16;

/// The elements of a data set that have values, those of its prototypes in their place.
struct Flat<'a> {
    known: Option<&'a Descriptors>,
    of_set: Option<Elements<'a>>,
    of_prototype: Option<Elements<'a>>,
    prototypes: u8,
}

impl<'a> Flat<'a> {
    fn of(set: Option<u64>, known: Option<&'a Descriptors>) -> Self {
        let of_set = set.zip(known).and_then(|(set, known)| known.elements(set));
        Self { known, of_set, of_prototype: None, prototypes: 0 }
    }

    /// Whether every element so far was there to be found.
    const fn is_described(&self) -> bool {
        self.of_set.is_some()
    }
}

impl<'a> Iterator for Flat<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            if let Some(elements) = &mut self.of_prototype {
                match elements.find(|element| element.code.has_value()) {
                    Some(element) => return Some(element),
                    None => self.of_prototype = None,
                }
            }
            let element = self.of_set.as_mut()?.next()?;
            if element.code.has_value() {
                return Some(element);
            }
            if element.code == DescriptorCode::PROTOTYPE {
                let known = self.known?;
                self.prototypes = self.prototypes.saturating_add(1);
                let uuid = element.uuid().filter(|_| self.prototypes <= PROTOTYPES_MAX);
                self.of_prototype = uuid.and_then(|uuid| known.prototype(uuid));
                if self.of_prototype.is_none() {
                    // How many elements stand here nobody knows, nor what those behind them are of.
                    self.of_set = None;
                    return None;
                }
            }
        }
    }
}
