//! A moment in settings: a date and a time with its zone, in quotes or not.

use std::fmt;
use std::str::FromStr;

use gridtap_model::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A moment. Without its zone it would be another one in winter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(Timestamp);

impl Moment {
    pub(crate) const fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let right = "write it as 2027-01-31T06:00:00+01:00, or with Z for UTC";
        if let Some(moment) = crate::person::time(text) {
            return Ok(Self(moment));
        }
        let is_civil = jiff::civil::DateTime::from_str(text).is_ok();
        let wrong = if is_civil { "has no zone" } else { "is no moment" };
        Err(format!("{text} {wrong}: {right}"))
    }
}

/// To the second, where there is nothing after it.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(&text.replace(".000000000Z", "Z"))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => text,
            other => other.to_string(),
        };
        text.parse().map_err(de::Error::custom)
    }
}
