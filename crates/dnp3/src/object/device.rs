//! Objects about the device as a whole (g81–g83, g91).

use crate::FunctionCode;
use crate::octets::Octets;

/// How full a buffer is (g81v1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BufferFill {
    /// In percent.
    pub percent: u8,
    /// Something was lost.
    pub overflow: bool,
    /// The group of the objects it holds.
    pub group: u8,
    /// Their variation.
    pub variation: u8,
}

impl BufferFill {
    pub(crate) fn read(octets: &mut Octets<'_>) -> Option<Self> {
        let [fill, group, variation] = octets.chunk()?;
        Some(Self { percent: fill & 0x7F, overflow: fill & 0x80 != 0, group, variation })
    }
}

/// Which functions and points a device has (g82v1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceProfile<'a> {
    functions: u64,
    /// How many object headers follow.
    pub headers: u16,
    /// Those headers.
    pub octets: &'a [u8],
}

impl<'a> DeviceProfile<'a> {
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut octets = Octets(octets);
        Some(Self { functions: octets.u64()?, headers: octets.u16()?, octets: octets.rest() })
    }

    /// Whether the device has a function, of those below 64.
    #[must_use]
    pub fn has(&self, function: FunctionCode) -> bool {
        self.functions.checked_shr(function.0.into()).is_some_and(|bits| bits & 1 != 0)
    }
}

/// An object of a vendor (g83v1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PrivateRegistration<'a> {
    /// Four letters of the vendor.
    pub vendor: [u8; 4],
    /// Which of its objects.
    pub object: u16,
    /// The object.
    pub octets: &'a [u8],
}

impl<'a> PrivateRegistration<'a> {
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut fields = Octets(octets);
        let (vendor, object) = (fields.chunk()?, fields.u16()?);
        let length = fields.u16()?;
        let octets = fields.rest();
        (octets.len() == usize::from(length)).then_some(Self { vendor, object, octets })
    }
}

/// What objects of a vendor are made of (g83v2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PrivateDescriptor<'a> {
    /// Four letters of the vendor.
    pub vendor: [u8; 4],
    /// Which of its objects.
    pub object: u16,
    octets: &'a [u8],
}

impl<'a> PrivateDescriptor<'a> {
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        let mut fields = Octets(octets);
        let (vendor, object) = (fields.chunk()?, fields.u16()?);
        let count = usize::from(fields.u16()?);
        let octets = fields.rest();
        (octets.len() == count.saturating_mul(4)).then_some(Self { vendor, object, octets })
    }

    /// How many of which group and variation, in order.
    pub fn parts(&self) -> impl Iterator<Item = (u16, u8, u8)> + use<'a> {
        self.octets.chunks_exact(4).filter_map(|part| match part {
            [low, high, group, variation] => {
                Some((u16::from_le_bytes([*low, *high]), *group, *variation))
            }
            _ => None,
        })
    }
}

/// How the activation of a configuration went (g91v1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Activation<'a> {
    /// When the configuration is in use, from now, in milliseconds.
    pub delay_ms: u32,
    /// How many statuses there are.
    pub count: u8,
    octets: &'a [u8],
}

impl<'a> Activation<'a> {
    pub(crate) fn read(octets: &'a [u8]) -> Option<Self> {
        (activation_octets(octets)? == octets.len()).then_some(())?;
        let mut fields = Octets(octets);
        let (delay_ms, count) = (fields.u32()?, fields.u8()?);
        let activation = Self { delay_ms, count, octets: fields.rest() };
        // A status without octets has no code.
        (activation.statuses().count() == usize::from(count)).then_some(activation)
    }

    /// One status a configuration named in the request.
    #[must_use]
    pub const fn statuses(&self) -> ActivationStatuses<'a> {
        ActivationStatuses(Octets(self.octets))
    }
}

/// Status code and text of each configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivationStatuses<'a>(Octets<'a>);

impl<'a> Iterator for ActivationStatuses<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = self.0.u8()?;
        let (status, text) = self.0.take(length.into())?.split_first()?;
        Some((*status, text))
    }
}

/// The octets of a g91v1 object: a delay, a count, and a length before each status.
pub(crate) fn activation_octets(object: &[u8]) -> Option<usize> {
    let mut octets = Octets(object);
    octets.u32()?;
    for _ in 0..octets.u8()? {
        let length = octets.u8()?;
        octets.take(length.into())?;
    }
    Some(object.len().saturating_sub(octets.0.len()))
}
