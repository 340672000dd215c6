//! Fields, read from the front, low octet first.

/// What is left of some octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Octets<'a>(pub(crate) &'a [u8]);

impl<'a> Octets<'a> {
    /// The next `N` octets; nothing is taken where there are fewer.
    #[inline]
    pub(crate) fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*chunk)
    }

    pub(crate) fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(octets)?;
        self.0 = rest;
        Some(taken)
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.chunk().map(|[octet]| octet)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.chunk().map(u16::from_le_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_le_bytes)
    }

    /// Milliseconds since 1970 (DNP3TIME, a 48-bit number).
    #[inline]
    pub(crate) fn time(&mut self) -> Option<u64> {
        let [a, b, c, d, e, f] = self.chunk()?;
        Some(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]))
    }

    /// A little-endian number of 0 to 8 octets.
    pub(crate) fn unsigned(octets: &[u8]) -> Option<u64> {
        let mut number = [0; 8];
        number.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(u64::from_le_bytes(number))
    }
}

/// A length as a fault carries it.
pub(crate) fn length(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}
