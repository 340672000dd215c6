//! JSON as `serde_json` writes it, octet for octet, for lines by the million: into memory, and inlined where the
//! record is written.

use std::fmt;
use std::io::Write as _;

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple,
    Serializer,
};
use serde_json::Error;

/// Appends a value as JSON.
///
/// # Errors
/// For what no record is made of: enumerations with content, tuples with a name. Keys are taken for text.
pub(crate) fn append<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) -> Result<(), Error> {
    value.serialize(Json { out, end: b',' })?;
    out.pop();
    Ok(())
}

/// A place for one value, and what is written behind it.
///
/// Behind each value is a comma, and whoever closes a list writes over it: what comes next is the same for the first of
/// a list as for the others.
struct Json<'o> {
    out: &'o mut Vec<u8>,
    end: u8,
}

impl Json<'_> {
    #[inline]
    fn number(self, number: u64) {
        let Json { out, end } = self;
        match u32::try_from(number) {
            Ok(number) if number < 10_000_000 => {
                let (text, length) = decimal(number, end);
                // A copy of a known length is one instruction; what is too much of it is given up.
                let whole = out.len() + length;
                out.extend_from_slice(&text.to_le_bytes());
                out.truncate(whole);
            }
            _ => long_number(out, number, end),
        }
    }

    #[inline]
    fn signed(self, number: i64) {
        if number < 0 {
            self.out.push(b'-');
        }
        self.number(number.unsigned_abs());
    }

    /// What is rare is written by the original.
    #[cold]
    fn original<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, value)?;
        self.out.push(self.end);
        Ok(())
    }
}

/// The digits of a number below 10⁷ with what comes behind, the first in the lowest octet, and how many octets that is.
/// All digits at once, in one register: pairs of figures, then figures, each in its lane.
#[inline]
fn decimal(number: u32, end: u8) -> (u64, usize) {
    let number = u64::from(number);
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let high = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let pairs = ((fours - 100 * high) << 16) | high;
    let tens = ((pairs * 103) >> 10) & 0x000f_000f_000f_000f;
    let figures = ((pairs - 10 * tens) << 8) | tens;
    // Of zero the last figure is written. The first is always free.
    let zeros = figures.trailing_zeros().min(56) / 8;
    let text = (figures | 0x3030_3030_3030_3030) >> (8 * zeros);
    let digits = 8 - zeros;
    let behind = u64::from(end).checked_shl(8 * digits).unwrap_or(0);
    (text | behind, usize::try_from(digits + 1).unwrap_or(8))
}

#[cold]
fn long_number(out: &mut Vec<u8>, number: u64, end: u8) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.push(end);
}

/// A value inside of which is written, entry by entry.
struct Within<'o> {
    out: &'o mut Vec<u8>,
    close: u8,
    end: u8,
}

impl Within<'_> {
    fn close(self) {
        match self.out.last_mut() {
            Some(last) if *last == b',' => *last = self.close,
            _ => self.out.push(self.close),
        }
        self.out.push(self.end);
    }
}

/// Whether an octet stands for itself.
#[inline]
const fn is_plain(octet: u8) -> bool {
    (octet >= b' ') & (octet != b'"') & (octet != b'\\')
}

const KEY_BYTES_MAX: usize = 28;

/// Text between quotes.
#[expect(
    clippy::inline_always,
    reason = "where the text is known, nothing is left to look for in it"
)]
#[inline(always)]
fn text(out: &mut Vec<u8>, text: &str, end: u8) -> Result<(), Error> {
    // Without a way out the loop is one of wide instructions.
    if !text.bytes().fold(true, |all, octet| all & is_plain(octet)) {
        return Json { out, end }.original(text);
    }
    let length = text.len();
    if end == b':' && length <= KEY_BYTES_MAX {
        let mut whole = [b'"'; KEY_BYTES_MAX + 3];
        whole[1..=length].copy_from_slice(text.as_bytes());
        whole[length + 2] = b':';
        out.extend_from_slice(&whole[..length + 3]);
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(&[b'"', end]);
    }
    Ok(())
}

macro_rules! numbers {
    ($($name:ident: $number:ty, $how:ident);*) => {$(
        #[inline]
        fn $name(self, number: $number) -> Result<(), Error> {
            self.$how(number.into());
            Ok(())
        }
    )*};
}

impl<'o> Serializer for Json<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Within<'o>;
    type SerializeTuple = Within<'o>;
    type SerializeMap = Within<'o>;
    type SerializeStruct = Within<'o>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    numbers!(
        serialize_u8: u8, number; serialize_u16: u16, number; serialize_u32: u32, number;
        serialize_u64: u64, number; serialize_i8: i8, signed; serialize_i16: i16, signed;
        serialize_i32: i32, signed; serialize_i64: i64, signed
    );

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        if value {
            self.out.extend_from_slice(&[b't', b'r', b'u', b'e', self.end]);
        } else {
            self.out.extend_from_slice(&[b'f', b'a', b'l', b's', b'e', self.end]);
        }
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.original(&value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.original(&value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.original(&value)
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        text(self.out, value, self.end)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        let begin = self.out.len();
        self.out.push(b'"');
        let written = self.out.write_fmt(format_args!("{value}"));
        let octets = self.out.get(begin.saturating_add(1)..).unwrap_or_default();
        if !octets.iter().all(|octet| is_plain(*octet)) {
            let whole = String::from_utf8_lossy(octets).into_owned();
            self.out.truncate(begin);
            return self.original(&whole);
        }
        self.out.extend_from_slice(&[b'"', self.end]);
        written.map_err(Error::custom)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.original(value)
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(&[b'n', b'u', b'l', b'l', self.end]);
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Error> {
        text(self.out, variant, self.end)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'o>, Error> {
        self.out.push(b'[');
        Ok(Within { out: self.out, close: b']', end: self.end })
    }

    #[inline]
    fn serialize_tuple(self, length: usize) -> Result<Within<'o>, Error> {
        self.serialize_seq(Some(length))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Within<'o>, Error> {
        self.out.push(b'{');
        Ok(Within { out: self.out, close: b'}', end: self.end })
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, length: usize) -> Result<Within<'o>, Error> {
        self.serialize_map(Some(length))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        Err(unexpected(name))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(unexpected(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(unexpected(name))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(unexpected(name))
    }
}

#[cold]
fn unexpected(name: &str) -> Error {
    Error::custom(format_args!("{name} is nothing that a record is made of"))
}

impl SerializeSeq for Within<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Json { out: self.out, end: b',' })
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl SerializeTuple for Within<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        SerializeSeq::end(self)
    }
}

impl SerializeMap for Within<'_> {
    type Ok = ();
    type Error = Error;

    #[expect(clippy::inline_always, reason = "where the key is known, its text is written as one")]
    #[inline(always)]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(Json { out: self.out, end: b':' })
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Json { out: self.out, end: b',' })
    }

    #[expect(clippy::inline_always, reason = "where the key is known, its text is written as one")]
    #[inline(always)]
    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(
        &mut self,
        key: &K,
        value: &V,
    ) -> Result<(), Error> {
        self.serialize_key(key)?;
        self.serialize_value(value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Within<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        SerializeMap::serialize_entry(self, key, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        SerializeMap::end(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn appended<T: Serialize + ?Sized>(value: &T) -> String {
        let mut out = b"before ".to_vec();
        append(&mut out, value).unwrap();
        String::from_utf8(out.split_off(7)).unwrap()
    }

    #[test]
    fn values_are_written_as_the_original_writes_them() {
        let values = json!({
            "": null, "flags": [true, false], "none": [], "empty": {}, "nested": {"a": [[1], {"b": 2}]},
            "numbers": [0, 9, 10, 99, 100, 255, 65_535, u32::MAX, u64::MAX, -1, i64::MIN, 1.5, 1e300],
            "a \"key\"\n": "and \\ \u{0}\u{1f}\u{7f} text ü €"
        });
        assert_eq!(appended(&values), serde_json::to_string(&values).unwrap());
        for octet in 0..=0x2ff_u32 {
            let text = format!("a{}b", char::from_u32(octet).unwrap());
            assert_eq!(appended(&text), serde_json::to_string(&text).unwrap());
        }
        assert_eq!(appended(&(1_u8, Some("two"), None::<u8>, 'c')), r#"[1,"two",null,"c"]"#);
    }

    #[test]
    fn every_number_is_written_with_its_digits() {
        let powers = (0..20).map(|power| 10_u64.pow(power));
        let around = powers.flat_map(|power| [power - 1, power, power + 1, power / 2 * 3]);
        for number in (0..200_000).chain(around).chain([99_999_999, u64::MAX]) {
            assert_eq!(appended(&number), number.to_string());
        }
        for number in [i64::MIN, i64::MAX, -1, 0, 1, -99_999_999, -100_000_000] {
            assert_eq!(appended(&number), number.to_string());
        }
        assert_eq!(appended(&(i8::MIN, u16::MAX, i32::MIN)), "[-128,65535,-2147483648]");
    }

    #[test]
    fn text_that_is_put_together_is_escaped_too() {
        struct Together;
        impl Serialize for Together {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&format_args!("{}\"{}", 1, '\n'))
            }
        }
        assert_eq!(appended(&Together), r#""1\"\n""#);
    }
}
