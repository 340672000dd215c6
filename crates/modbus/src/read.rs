//! Fields, read from the front.

use nom::IResult;

/// What is left, and the field; an error where the bytes end first.
pub(crate) type Field<'a, T> = IResult<&'a [u8], T, ()>;

/// The next `N` octets: by hand, as every message has a dozen fields.
#[inline]
fn chunk<const N: usize>(input: &[u8]) -> Field<'_, [u8; N]> {
    input.split_first_chunk().map_or(Err(nom::Err::Error(())), |(chunk, rest)| Ok((rest, *chunk)))
}

#[inline]
pub(crate) fn octet(input: &[u8]) -> Field<'_, u8> {
    chunk(input).map(|(rest, [octet])| (rest, octet))
}

#[inline]
pub(crate) fn word(input: &[u8]) -> Field<'_, u16> {
    chunk(input).map(|(rest, octets)| (rest, u16::from_be_bytes(octets)))
}

#[inline]
pub(crate) fn two_words(input: &[u8]) -> Field<'_, (u16, u16)> {
    let (rest, [a, b, c, d]) = chunk(input)?;
    Ok((rest, (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))))
}

#[inline]
pub(crate) fn three_words(input: &[u8]) -> Field<'_, (u16, u16, u16)> {
    let (rest, [a, b, c, d, e, f]) = chunk(input)?;
    let word = |high, low| u16::from_be_bytes([high, low]);
    Ok((rest, (word(a, b), word(c, d), word(e, f))))
}

/// A length as a fault carries it.
pub(crate) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
