//! Single objects.

use crate::header::number;
use crate::octets::{Octets, length};
use crate::table::Extent;
use crate::{Block, Carried, CommonTime, Fault, Object, ObjectHeader, Prefix, Variation};

/// One object, or the index of a point that a request names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Item<'a> {
    /// The point's index, where header or prefix say one.
    pub index: Option<u32>,
    /// The object's octets without its prefix; of a packed point, the octet that has it.
    pub octets: &'a [u8],
    /// What they mean.
    pub object: Object<'a>,
    /// What in the object does not fit.
    pub fault: Option<Fault>,
}

/// The objects of one header that are there in full.
#[derive(Debug, Clone, Copy)]
pub struct Items<'a> {
    header: ObjectHeader,
    variation: Option<Variation>,
    extent: Option<Extent>,
    prefix: Prefix,
    carried: Carried,
    octets: Octets<'a>,
    nth: u64,
    count: u64,
    common_time: Option<CommonTime>,
}

impl<'a> Items<'a> {
    pub(crate) fn new(block: &Block<'a>) -> Self {
        Self {
            header: block.header,
            variation: block.variation,
            extent: block.variation.map(|each| each.layout.extent(each.variation)),
            prefix: block.header.qualifier.prefix(),
            carried: block.carried,
            octets: Octets(block.octets),
            nth: 0,
            // What takes no octets would be counted and never end.
            count: if block.octets.is_empty() { 0 } else { block.count },
            common_time: block.common_time,
        }
    }

    /// The index of the next object, by the range.
    fn ranged(&self) -> Option<u32> {
        let start = self.header.range.start()?;
        Some(start.saturating_add(u32::try_from(self.nth).unwrap_or(u32::MAX)))
    }

    /// The next point of a packed block.
    fn packed(&mut self, bits: u8) -> Option<Item<'a>> {
        let bit = self.nth.checked_mul(bits.into())?;
        let at = usize::try_from(bit.checked_div(8)?).ok()?;
        let octets = self.octets.0.get(at..=at)?;
        let shift = u32::try_from(bit.checked_rem(8)?).ok()?;
        let state = octets.first()?.checked_shr(shift)?;
        let object = if bits == 1 { Object::bit(state) } else { Object::double_bit(state) };
        Some(Item { index: self.ranged(), octets, object, fault: None })
    }

    /// The next object of a block that has whole octets for each.
    fn whole(&mut self) -> Option<Item<'a>> {
        let (index, octets) = match self.prefix {
            Prefix::Size(width) => {
                let size = number(&mut self.octets, width)?;
                (self.ranged(), self.octets.take(usize::try_from(size).ok()?)?)
            }
            prefix => {
                let index = match prefix {
                    Prefix::Index(width) => Some(number(&mut self.octets, width)?),
                    _ => self.ranged(),
                };
                (index, self.octets.take(self.size()?)?)
            }
        };
        let (object, fault) = self.meaning(octets);
        Some(Item { index, octets, object, fault })
    }

    /// The size of the next object, by its kind or by itself.
    fn size(&self) -> Option<usize> {
        match self.extent? {
            Extent::Octets(octets) => Some(octets),
            Extent::Told if self.header.group == 0 => {
                usize::from(*self.octets.0.get(1)?).checked_add(2)
            }
            Extent::Told => crate::object::activation_octets(self.octets.0),
            Extent::Bits(_) | Extent::Prefixed | Extent::Never => None,
        }
    }

    fn meaning(&self, octets: &'a [u8]) -> (Object<'a>, Option<Fault>) {
        let opaque = Object::Opaque(octets);
        let (Some(variation), Some(extent)) = (self.variation, self.extent) else {
            return (opaque, None);
        };
        match extent {
            Extent::Octets(expected) if expected != octets.len() => {
                let (found, expected) = (length(octets.len()), length(expected));
                return (opaque, Some(Fault::ObjectSize { found, expected }));
            }
            Extent::Bits(_) | Extent::Never => return (opaque, None),
            _ => {}
        }
        let parsed = Object::parse(variation, octets, self.common_time);
        let Variation { group, variation, .. } = variation;
        let contradicts = Fault::Contents { group, variation };
        parsed.map_or((opaque, Some(contradicts)), |object| {
            (object, (!object.is_whole()).then_some(contradicts))
        })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        if self.nth >= self.count {
            return None;
        }
        let item = match (self.carried, self.prefix) {
            (Carried::Nothing, _) => None,
            (Carried::Indexes, Prefix::Index(width)) => {
                let index = number(&mut self.octets, width);
                index.map(|_| Item { index, octets: &[], object: Object::Named, fault: None })
            }
            (Carried::Indexes, _) => None,
            (Carried::Objects, prefix) => match (prefix, self.extent) {
                (Prefix::None, Some(Extent::Bits(bits))) => self.packed(bits),
                _ => self.whole(),
            },
        };
        self.nth = self.nth.saturating_add(1);
        item
    }
}
