//! The text of a record, changed in a few of its fields.
//!
//! The store keeps what was told and does not know what it means. What it must change (who acknowledged, which
//! revision) it changes in the text, field by field, so that a record of an older or a newer gridtap loses nothing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

/// One JSON object, its fields in the order they stand in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record(Vec<(String, Box<RawValue>)>);

impl Record {
    /// The fields of an object.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Changes a field where it stands, or adds it at the end.
    pub(crate) fn set(&mut self, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
        let value = serde_json::value::to_raw_value(value)?;
        match self.0.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }

    /// Sets a field, or takes it out where there is no value.
    pub(crate) fn set_or_remove(
        &mut self,
        name: &str,
        value: Option<&impl Serialize>,
    ) -> serde_json::Result<()> {
        match value {
            Some(value) => self.set(name, value),
            None => {
                self.remove(name);
                Ok(())
            }
        }
    }

    /// Takes a field out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(field, _)| field != name);
    }

    /// Takes fields over from another record, where it has them.
    pub(crate) fn take_from(&mut self, other: &Self, names: &[&str]) {
        for (name, value) in &other.0 {
            if names.contains(&name.as_str()) {
                self.0.push((name.clone(), value.clone()));
            }
        }
    }

    /// A field that is text.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        serde_json::from_str(value.get()).ok()
    }

    /// The object as text.
    pub(crate) fn to_text(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Record, M::Error> {
                let mut fields = Vec::with_capacity(32);
                while let Some(field) = map.next_entry::<String, Box<RawValue>>()? {
                    fields.push(field);
                }
                Ok(Record(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_changed_where_it_stands_and_the_rest_keeps_its_octets() {
        let text = r#"{"id":"a","revision":1,"score":3.10,"unknown":{"b":[1, 2]}}"#;
        let mut record = Record::parse(text).unwrap();
        assert_eq!(record.to_text().unwrap(), text);
        record.set("revision", &2).unwrap();
        record.set("actor", &"x").unwrap();
        record.set_or_remove("id", None::<&u8>).unwrap();
        assert_eq!(
            record.to_text().unwrap(),
            r#"{"revision":2,"score":3.10,"unknown":{"b":[1, 2]},"actor":"x"}"#
        );
        assert_eq!(record.text("actor").as_deref(), Some("x"));
        assert_eq!(record.text("revision"), None);
    }
}
