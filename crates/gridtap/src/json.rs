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
    value.serialize(Json { out })
}

/// A place for one value.
struct Json<'o> {
    out: &'o mut Vec<u8>,
}

impl Json<'_> {
    #[inline]
    fn number(self, number: impl itoa::Integer) {
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    /// What is rare is written by the original.
    #[cold]
    fn original<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        serde_json::to_writer(self.out, value)
    }
}

/// A value inside of which is written, entry by entry.
struct Within<'o> {
    out: &'o mut Vec<u8>,
    /// Nothing is written inside yet.
    empty: bool,
    close: u8,
}

impl Within<'_> {
    #[inline]
    fn comma(&mut self) {
        if !core::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
    }
}

/// Whether an octet stands for itself.
#[inline]
const fn is_plain(octet: u8) -> bool {
    (octet >= b' ') & (octet != b'"') & (octet != b'\\')
}

/// Text between quotes.
#[expect(
    clippy::inline_always,
    reason = "where the text is known, nothing is left to look for in it"
)]
#[inline(always)]
fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    // Without a way out the loop is one of wide instructions.
    if text.bytes().fold(true, |all, octet| all & is_plain(octet)) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        Ok(())
    } else {
        Json { out }.original(text)
    }
}

macro_rules! numbers {
    ($($name:ident: $number:ty),*) => {$(
        #[inline]
        fn $name(self, number: $number) -> Result<(), Error> {
            self.number(number);
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
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64
    );

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
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
        text(self.out, value)
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
        self.out.push(b'"');
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
        self.out.extend_from_slice(b"null");
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
        text(self.out, variant)
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
        Ok(Within { out: self.out, empty: true, close: b']' })
    }

    #[inline]
    fn serialize_tuple(self, length: usize) -> Result<Within<'o>, Error> {
        self.serialize_seq(Some(length))
    }

    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Within<'o>, Error> {
        self.out.push(b'{');
        Ok(Within { out: self.out, empty: true, close: b'}' })
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
        self.comma();
        value.serialize(Json { out: self.out })
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.out.push(self.close);
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
        self.comma();
        key.serialize(Json { out: self.out })?;
        self.out.push(b':');
        Ok(())
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Json { out: self.out })
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
        self.out.push(self.close);
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
