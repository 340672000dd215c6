//! The objects of a fragment, header by header.

use crate::application::Objects;
use crate::header::number;
use crate::octets::{Octets, length};
use crate::table::Extent;
use crate::{
    CommonTime, Fault, FunctionCode, FunctionKind, Items, Object, ObjectHeader, Points, Prefix,
    Range, Variation,
};

/// What stands behind an object header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Carried {
    /// Nothing: the range alone names points.
    Nothing,
    /// The index of each point, without its value.
    Indexes,
    /// Objects.
    Objects,
}

/// An object header with what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// The header.
    pub header: ObjectHeader,
    /// What its objects are, where that is known.
    pub variation: Option<Variation>,
    /// What stands behind the header.
    pub carried: Carried,
    /// The octets behind the header that are its objects; all there are, where the next header can't be found.
    pub octets: &'a [u8],
    /// How many indexes or objects are there in full. Never more than the octets hold, but for objects without any.
    pub count: u64,
    /// Whether it is known where its objects end; where not, nothing behind them can be read.
    pub is_bounded: bool,
    /// What does not fit.
    pub fault: Option<Fault>,
    pub(crate) common_time: Option<CommonTime>,
}

impl<'a> Block<'a> {
    /// The indexes or objects that are there in full.
    ///
    /// Objects without octets and a header without objects give none: [`ObjectHeader::range`] names their points.
    #[must_use]
    pub fn items(&self) -> Items<'a> {
        Items::new(self)
    }

    /// The same, where they are points of one size and nothing else: as most are, and faster to read as such.
    #[must_use]
    pub fn points(&self) -> Option<Points<'a>> {
        Points::of(self)
    }
}

/// The object headers of a fragment with their objects, in order.
///
/// Ends after the first fault that hides where the next header is: that comes with the block it is in, or alone where
/// there is not a whole header.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    function: FunctionCode,
    octets: &'a [u8],
    /// The last one so far.
    common_time: Option<CommonTime>,
}

/// How far the objects of a header reach.
struct Reach<'a> {
    octets: &'a [u8],
    count: u64,
    fault: Option<Fault>,
    /// The next header begins behind them.
    ends: bool,
}

impl<'a> Blocks<'a> {
    pub(crate) const fn new(function: FunctionCode, octets: &'a [u8]) -> Self {
        Self { function, octets, common_time: None }
    }

    /// What has not been read yet. Empty at the end, whether or not everything was understood.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.octets
    }

    fn carried(&self, header: &ObjectHeader) -> Carried {
        let by_function = match self.function.objects() {
            Objects::Named | Objects::Unknown => {
                matches!((header.group, header.variation), (120, 3 | 9))
            }
            Objects::NamedAfterTime => matches!(header.group, 50 | 120),
            Objects::Carried => true,
        };
        match (header.qualifier.prefix(), header.range) {
            (Prefix::Size(_), _) => Carried::Objects,
            (_, Range::All) => Carried::Nothing,
            _ if by_function => Carried::Objects,
            (Prefix::Index(_), _) => Carried::Indexes,
            _ => Carried::Nothing,
        }
    }
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Result<Block<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut octets = Octets(core::mem::take(&mut self.octets));
        if octets.0.is_empty() {
            return None;
        }
        if self.function.objects() == Objects::Unknown {
            return Some(Err(Fault::Function(self.function)));
        }
        let whole = octets.0.len();
        let Some(header) = ObjectHeader::read(&mut octets) else {
            return Some(Err(Fault::HeaderCut { octets: length(whole) }));
        };
        let variation = crate::table::variation(header.group, header.variation);
        let carried = self.carried(&header);
        let reach = reach(&header, variation, carried, octets.0);
        if reach.ends {
            self.octets = octets.0.get(reach.octets.len()..).unwrap_or_default();
        }
        let unknown = variation
            .is_none()
            .then_some(Fault::UnknownObject { group: header.group, variation: header.variation });
        // A response says which objects it carries.
        let all = header.range == Range::All && self.function.kind() == FunctionKind::Response;
        let qualifier =
            (all || !header.qualifier.is_valid()).then_some(Fault::Qualifier(header.qualifier.0));
        let block = Block {
            header,
            variation,
            carried,
            octets: reach.octets,
            count: reach.count,
            is_bounded: reach.ends,
            fault: reach.fault.or(qualifier).or(unknown),
            common_time: self.common_time,
        };
        if header.group == 51 {
            let times = block.items().filter_map(|item| match item.object {
                Object::CommonTime(time) => Some(time),
                _ => None,
            });
            self.common_time = times.last().or(self.common_time);
        }
        Some(Ok(block))
    }
}

/// How far the objects of a header reach into the octets behind it.
fn reach<'a>(
    header: &ObjectHeader,
    variation: Option<Variation>,
    carried: Carried,
    octets: &'a [u8],
) -> Reach<'a> {
    let stuck = |fault| Reach { octets, count: 0, fault: Some(fault), ends: false };
    let prefix = header.qualifier.prefix();
    if prefix == Prefix::Reserved || matches!(header.range, Range::Reserved(_)) {
        return stuck(Fault::Qualifier(header.qualifier.0));
    }
    let reversed = header.range.reversed();
    let fault = reversed.map(|(start, stop)| Fault::RangeReversed { start, stop });
    let declared = header.range.count().unwrap_or(0);
    let nothing = Reach { octets: &[], count: 0, fault, ends: true };
    let width = match prefix {
        Prefix::Index(width) | Prefix::Size(width) => usize::from(width),
        Prefix::None | Prefix::Reserved => 0,
    };
    match (carried, fault) {
        (Carried::Nothing, _) => return nothing,
        (Carried::Indexes, None) => return fixed(octets, declared, width),
        (_, Some(fault)) => return stuck(fault),
        (Carried::Objects, None) => {}
    }
    if let Prefix::Size(width) = prefix {
        return walked(octets, declared, |octets| octets_of_sized(octets, width));
    }
    let (group, number) = (header.group, header.variation);
    let Some(variation) = variation else {
        return stuck(Fault::UnknownObject { group, variation: number });
    };
    match variation.layout.extent(number) {
        Extent::Octets(each) => fixed(octets, declared, width.saturating_add(each)),
        Extent::Bits(_) if width > 0 => stuck(Fault::Qualifier(header.qualifier.0)),
        Extent::Bits(bits) => packed(octets, declared, bits),
        Extent::Told => walked(octets, declared, |octets| octets_told(octets, width, group)),
        Extent::Prefixed => stuck(Fault::NoSize { group, variation: number }),
        Extent::Never => stuck(Fault::UnknownObject { group, variation: number }),
    }
}

/// Objects of one size.
fn fixed(octets: &[u8], declared: u64, each: usize) -> Reach<'_> {
    let held = u64::try_from(octets.len()).unwrap_or(u64::MAX);
    let each_wide = u64::try_from(each).unwrap_or(u64::MAX);
    // Objects without octets are as many as it says: nothing is done for each of them.
    let present = held.checked_div(each_wide).unwrap_or(declared).min(declared);
    if present < declared {
        let fault = Some(Fault::Truncated { declared, present });
        return Reach { octets, count: present, fault, ends: false };
    }
    let taken = usize::try_from(present).unwrap_or(usize::MAX).saturating_mul(each);
    let octets = octets.get(..taken).unwrap_or(octets);
    Reach { octets, count: present, fault: None, ends: true }
}

/// Points of so many bits without padding between them; the last octet is padded.
fn packed(octets: &[u8], declared: u64, bits: u8) -> Reach<'_> {
    let held = u64::try_from(octets.len()).unwrap_or(u64::MAX).saturating_mul(8);
    let present = held.checked_div(bits.into()).unwrap_or(0).min(declared);
    if present < declared {
        let fault = Some(Fault::Truncated { declared, present });
        return Reach { octets, count: present, fault, ends: false };
    }
    let taken = present.saturating_mul(bits.into()).div_ceil(8);
    let taken = usize::try_from(taken).unwrap_or(usize::MAX);
    let octets = octets.get(..taken).unwrap_or(octets);
    Reach { octets, count: present, fault: None, ends: true }
}

/// Objects that say their size one by one. Each takes at least an octet, so there are no more rounds than octets.
fn walked(octets: &[u8], declared: u64, size: impl Fn(&[u8]) -> Option<usize>) -> Reach<'_> {
    let mut rest = octets;
    let mut present: u64 = 0;
    while present < declared {
        let next = size(rest).filter(|size| *size > 0).and_then(|size| rest.get(size..));
        let Some(next) = next else {
            let fault = Some(Fault::Truncated { declared, present });
            return Reach { octets, count: present, fault, ends: false };
        };
        rest = next;
        present = present.saturating_add(1);
    }
    let taken = octets.len().saturating_sub(rest.len());
    let octets = octets.get(..taken).unwrap_or(octets);
    Reach { octets, count: present, fault: None, ends: true }
}

/// The octets of an object and of the size before it.
fn octets_of_sized(octets: &[u8], width: u8) -> Option<usize> {
    let size = number(&mut Octets(octets), width)?;
    usize::try_from(size).ok()?.checked_add(width.into())
}

/// The octets of an object that says its size in itself, and of the index before it.
fn octets_told(octets: &[u8], index: usize, group: u8) -> Option<usize> {
    let object = octets.get(index..)?;
    let octets = if group == 0 {
        usize::from(*object.get(1)?).checked_add(2)?
    } else {
        crate::object::activation_octets(object)?
    };
    octets.checked_add(index)
}
