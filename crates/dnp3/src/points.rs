//! The points of a header whose objects are all alike: what most messages are full of, read without asking of each what
//! it is.

use core::slice::ChunksExact;

use crate::header::number;
use crate::octets::Octets;
use crate::table::{Extent, Layout, Lead, Number, When};
use crate::{Block, Carried, CommonTime, Point, Prefix};

/// The points of a block, each with the index that header or prefix say: what [`Items`](crate::Items) gives of it, where
/// that is nothing but [`Object::Point`](crate::Object::Point) without a fault.
#[derive(Debug, Clone)]
pub struct Points<'a> {
    /// As many as are there in full.
    chunks: core::iter::Take<ChunksExact<'a, u8>>,
    /// The octets of the index before each.
    prefix: Option<u8>,
    /// The index of the next, by the range.
    ranged: Option<u32>,
    form: (Lead, Number, When),
    common_time: Option<CommonTime>,
}

impl<'a> Points<'a> {
    /// Those of a block; none where it holds anything else.
    pub(crate) fn of(block: &Block<'a>) -> Option<Self> {
        if block.carried != Carried::Objects {
            return None;
        }
        let variation = block.variation?;
        let Layout::Point(lead, value, when) = variation.layout else { return None };
        let Extent::Octets(octets) = variation.layout.extent(variation.variation) else {
            return None;
        };
        let (prefix, width) = match block.header.qualifier.prefix() {
            Prefix::None => (None, 0),
            Prefix::Index(width) => (Some(width), usize::from(width)),
            Prefix::Size(_) | Prefix::Reserved => return None,
        };
        let each = octets.checked_add(width).filter(|each| octets > 0 && *each > 0)?;
        let count = usize::try_from(block.count).unwrap_or(usize::MAX);
        Some(Self {
            chunks: block.octets.chunks_exact(each).take(count),
            prefix,
            ranged: block.header.range.start(),
            form: (lead, value, when),
            common_time: block.common_time,
        })
    }

    /// The index of the first of them, where they follow each other.
    #[must_use]
    pub const fn first(&self) -> Option<u32> {
        if self.prefix.is_some() { None } else { self.ranged }
    }

    /// The next of them, read right there: for a loop that keeps little of each.
    #[expect(clippy::inline_always, reason = "of a point that is not handed on little is made")]
    #[inline(always)]
    pub fn step(&mut self) -> Option<(Option<u32>, Point<'a>)> {
        let mut octets = Octets(self.chunks.next()?);
        let index = match self.prefix {
            Some(width) => Some(number(&mut octets, width)?),
            None => {
                let index = self.ranged;
                self.ranged = index.map(|index| index.saturating_add(1));
                index
            }
        };
        let (lead, value, when) = self.form;
        Some((index, Point::read(&mut octets, lead, value, when, self.common_time)?))
    }
}

impl<'a> Iterator for Points<'a> {
    type Item = (Option<u32>, Point<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.step()
    }
}
