//! Fields, read from the front.

use nom::number::complete::{be_u8, be_u16};
use nom::{IResult, Parser};

/// What is left, and the field; an error where the bytes end first.
pub(crate) type Field<'a, T> = IResult<&'a [u8], T, ()>;

pub(crate) fn octet(input: &[u8]) -> Field<'_, u8> {
    be_u8(input)
}

pub(crate) fn word(input: &[u8]) -> Field<'_, u16> {
    be_u16(input)
}

pub(crate) fn two_words(input: &[u8]) -> Field<'_, (u16, u16)> {
    (be_u16, be_u16).parse(input)
}

pub(crate) fn three_words(input: &[u8]) -> Field<'_, (u16, u16, u16)> {
    (be_u16, be_u16, be_u16).parse(input)
}

/// A length as a fault carries it.
pub(crate) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
