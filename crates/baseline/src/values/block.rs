//! The values of one poll as they were last heard.

use core::hash::{BuildHasher as _, Hasher as _};

use ahash::RandomState;
use gridtap_model::{Device, Protocol, Run, SubAddress, Value, Values, Zone};

use super::NONE;
use super::flow::Flow;
use super::point::Numbers;
use crate::float::real;
use crate::tables::slot;

/// Octets that a value takes which comes with its type.
const TYPED: usize = 8;
/// Changes after which the course of a poll is kept.
const CHANGES_OF_FLOW: u32 = 32;

/// The points that one request reads or writes together.
#[derive(Debug, Clone)]
pub(super) struct PollBlock {
    device: Device,
    table: u16,
    written: bool,
    first: u32,
    count: u32,
    /// The block that came after this one, the last time.
    next: u32,
    /// The values as they were last heard: as in the message, or the bits of each number.
    octets: Box<[u8]>,
    /// The records of the points; empty while none varies.
    points: Box<[u32]>,
    /// How often a state followed another, up to where its course is kept.
    changes: u32,
    /// Its course, where it varies.
    pub(super) flow: Option<Box<Flow>>,
}

impl Default for PollBlock {
    fn default() -> Self {
        Self {
            device: Device {
                zone: Zone(0),
                protocol: Protocol::Unknown,
                address: core::net::IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED),
                sub: SubAddress::None,
            },
            table: 0,
            written: false,
            first: 0,
            count: 0,
            next: NONE,
            octets: Box::default(),
            points: Box::default(),
            changes: 0,
            flow: None,
        }
    }
}

/// Whether a run carries numbers that can be compared.
pub(super) fn has_numbers(run: &Run<'_>) -> bool {
    run.count > 0 && !matches!(run.values, Values::None)
}

/// The number of a value, as bits that can be compared; none of what is no number.
fn bits(value: Option<Value>) -> u64 {
    value.and_then(number).map_or(u64::MAX, f64::to_bits)
}

fn number(value: Value) -> Option<f64> {
    Some(match value {
        Value::Bit(bit) => f64::from(u8::from(bit)),
        Value::Word(word) => f64::from(word),
        Value::Integer(integer) => {
            let size = real(integer.unsigned_abs());
            if integer < 0 { -size } else { size }
        }
        Value::Float(float) if float.is_finite() => float,
        Value::Float(_) | Value::Control(_) | Value::Time(_) => return None,
    })
}

impl PollBlock {
    pub(super) fn new(device: &Device, run: &Run<'_>) -> Self {
        let octets = match run.values {
            Values::Bits(octets) | Values::Words(octets) => octets.into(),
            _ => typed(run).collect(),
        };
        Self {
            device: *device,
            table: run.table.code,
            written: run.written,
            first: run.first,
            count: run.count,
            next: NONE,
            octets,
            points: Box::default(),
            changes: 0,
            flow: None,
        }
    }

    pub(super) const fn key(&self) -> (Device, u16, u32, u32, bool) {
        (self.device, self.table, self.first, self.count, self.written)
    }

    pub(super) fn is(&self, device: &Device, run: &Run<'_>) -> bool {
        (self.first, self.count, self.table, self.written)
            == (run.first, run.count, run.table.code, run.written)
            && self.device == *device
    }

    pub(super) const fn next(&self) -> u32 {
        self.next
    }

    pub(super) const fn set_next(&mut self, next: u32) {
        self.next = next;
    }

    pub(super) fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            .saturating_add(self.octets.len())
            .saturating_add(self.points.len().saturating_mul(4))
            .saturating_add(self.flow.as_ref().map_or(0, |_| Flow::memory_bytes()))
    }

    /// Whether nothing changed.
    pub(super) fn is_same(&self, values: &Values<'_>) -> bool {
        match values {
            Values::Bits(octets) | Values::Words(octets) => *octets == &*self.octets,
            _ => false,
        }
    }

    pub(super) const fn device(&self) -> &Device {
        &self.device
    }

    /// The device, the table, the first point and how many there are.
    pub(super) const fn range(&self) -> (&Device, u16, u32, u32) {
        (&self.device, self.table, self.first, self.count)
    }

    /// A number for the last state, without the points at these offsets.
    pub(super) fn fingerprint(&self, hasher: &RandomState, without: &[u32]) -> u32 {
        let mut state = hasher.build_hasher();
        let count = slot(self.count).max(1);
        // Bits are left out by the octet.
        let width = self.octets.len().checked_div(count).unwrap_or(0);
        let mut from = 0_usize;
        for offset in without {
            let offset = slot(*offset);
            let at = if width == 0 { offset.checked_div(8) } else { offset.checked_mul(width) };
            let at = at.unwrap_or(usize::MAX).min(self.octets.len());
            state.write(self.octets.get(from..at).unwrap_or_default());
            from = from.max(at.saturating_add(width.max(1)));
        }
        state.write(self.octets.get(from..).unwrap_or_default());
        u32::try_from(state.finish() >> 32).unwrap_or(0)
    }

    /// Whether most of what varies is nothing: equipment that is out of service, or not measured.
    pub(super) fn is_dead(&self, values: &Values<'_>) -> bool {
        let numbered = Numbered { values, octets: &self.octets };
        let varies = (0_usize..).zip(&*self.points).filter(|(_, point)| **point != NONE);
        let (mut all, mut nothing) = (0_u32, 0_u32);
        for (offset, _) in varies {
            all = all.saturating_add(1);
            let is_nothing = numbered.at(offset).is_some_and(|number| number == 0.0);
            nothing = nothing.saturating_add(u32::from(is_nothing));
        }
        nothing.saturating_mul(2) > all
    }

    /// Counts a change of state. Says whether its course is worth keeping from now on.
    pub(super) fn count_change(&mut self) -> bool {
        self.changes = self.changes.saturating_add(1);
        self.changes == CHANGES_OF_FLOW && !self.written && self.flow.is_none()
    }

    /// Calls back with each point that differs from before, and keeps what there is now. Says whether any did.
    pub(super) fn each_change(
        &mut self,
        run: &Run<'_>,
        scratch: &mut Vec<u8>,
        mut changed: impl FnMut(u32, Numbers, &mut u32),
    ) -> bool {
        let mut any = false;
        let count = slot(self.count);
        scratch.clear();
        match run.values {
            Values::Bits(octets) | Values::Words(octets) => scratch.extend_from_slice(octets),
            _ => scratch.extend(typed(run)),
        }
        let old = Numbered { values: &run.values, octets: &self.octets };
        let new = Numbered { values: &run.values, octets: scratch };
        for (offset, nth) in (0_usize..count).zip(0_u32..) {
            if old.is_equal(&new, offset) {
                continue;
            }
            let (Some(old), Some(new)) = (old.at(offset), new.at(offset)) else { continue };
            if self.points.is_empty() {
                self.points = vec![NONE; count].into();
            }
            let Some(point) = self.points.get_mut(offset) else { continue };
            any = true;
            changed(
                nth,
                Numbers { old, new, is_word: matches!(run.values, Values::Words(_)) },
                point,
            );
        }
        // In the place of what was there: a poll that shows other values asks for no memory.
        if self.octets.len() == scratch.len() {
            self.octets.copy_from_slice(scratch);
        } else {
            self.octets = scratch.as_slice().into();
        }
        any
    }
}

/// The numbers of a run, eight octets each.
fn typed<'a>(run: &Run<'a>) -> impl Iterator<Item = u8> + use<'a> {
    let values = run.values;
    (0..run.count).flat_map(move |offset| bits(values.at(offset)).to_be_bytes())
}

/// Octets that are read as the values of a message are.
struct Numbered<'a> {
    values: &'a Values<'a>,
    octets: &'a [u8],
}

impl Numbered<'_> {
    fn part(&self, offset: usize) -> Option<&[u8]> {
        let width = match self.values {
            Values::Bits(_) => {
                return self.octets.get(offset.checked_div(8)?).map(core::slice::from_ref);
            }
            Values::Words(_) => 2,
            _ => TYPED,
        };
        let from = offset.checked_mul(width)?;
        self.octets.get(from..from.checked_add(width)?)
    }

    fn is_equal(&self, other: &Self, offset: usize) -> bool {
        match self.values {
            Values::Bits(_) => self.at(offset) == other.at(offset),
            _ => self.part(offset) == other.part(offset),
        }
    }

    fn at(&self, offset: usize) -> Option<f64> {
        let part = self.part(offset)?;
        match self.values {
            Values::Bits(_) => {
                let mask = 1_u8.checked_shl(u32::try_from(offset.checked_rem(8)?).ok()?)?;
                Some(f64::from(u8::from(part.first()? & mask != 0)))
            }
            Values::Words(_) => Some(f64::from(u16::from_be_bytes(part.try_into().ok()?))),
            _ => {
                let number = f64::from_bits(u64::from_be_bytes(part.try_into().ok()?));
                number.is_finite().then_some(number)
            }
        }
    }
}
