//! The objects of a read device identification answer (6.21).

use gridtap_model::{FaultKind, Faults};

use crate::read::{length, octet};

/// One object: a number and its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceObject<'a> {
    /// Which: see [`object_name`].
    pub id: u8,
    /// Its octets, ASCII by the specification for 0–6.
    pub text: &'a [u8],
}

/// The name of an object in records, `reserved` or `extended` where the specification has none.
#[must_use]
pub const fn object_name(id: u8) -> &'static str {
    match id {
        0 => "vendor_name",
        1 => "product_code",
        2 => "major_minor_revision",
        3 => "vendor_url",
        4 => "product_name",
        5 => "model_name",
        6 => "user_application_name",
        7..=127 => "reserved",
        128.. => "extended",
    }
}

/// The objects of one answer, in order. A list that breaks off yields the good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceObjects<'a> {
    left: u8,
    objects: &'a [u8],
}

impl<'a> DeviceObjects<'a> {
    pub(crate) fn new(count: u8, objects: &'a [u8], faults: &mut Faults) -> Self {
        let list = Self { left: count, objects };
        let mut rest = list;
        rest.by_ref().for_each(drop);
        if rest.left > 0 {
            faults.push(FaultKind::Truncated, count.saturating_sub(rest.left).into(), count.into());
        } else if !rest.objects.is_empty() {
            faults.push(FaultKind::TrailingBytes, length(rest.objects.len()), 0);
        }
        list
    }

    /// The octets of the list as they stood.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.objects
    }
}

impl<'a> Iterator for DeviceObjects<'a> {
    type Item = DeviceObject<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let left = self.left.checked_sub(1)?;
        let (rest, id) = octet(self.objects).ok()?;
        let (rest, octets) = octet(rest).ok()?;
        let (text, rest) = rest.split_at_checked(octets.into())?;
        *self = Self { left, objects: rest };
        Some(DeviceObject { id, text })
    }
}

/// Octets that `count` objects take, where all their lengths are there.
pub(crate) fn objects_octets(objects: &[u8], count: u8) -> Option<usize> {
    let mut octets = 0_usize;
    for _ in 0..count {
        let at = octets.checked_add(1)?;
        octets = at.checked_add(1)?.checked_add(usize::from(*objects.get(at)?))?;
    }
    Some(octets)
}
