//! What can be set about the service.

use std::fmt;
use std::path::PathBuf;

use gridtap_model::Span;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Settings of the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Service {
    /// Whether `monitor` is a service, as with `--serve`.
    pub enabled: bool,
    /// The site's name in messages.
    pub name: String,
    /// Where operators reach the page, such as `https://gridtap.plant.example`: links in messages begin with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub links: Option<String>,
    /// The directory with the state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<PathBuf>,
    /// What is heard, as with `--read`.
    pub read: Vec<PathBuf>,
    /// Which interfaces are heard, as with `--interface`.
    pub interfaces: Vec<String>,
    /// Directories in which captures are written, as with `--follow`.
    pub follow: Vec<PathBuf>,
    /// At which multiple of their own pace captures are heard, as with `--pace`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pace: Option<f64>,
    /// What comes after the end of the captures that are read.
    pub at_end: AtEnd,
    /// For how long an anomaly must not be seen again for its condition to be over; 0 for never.
    pub clear_after: Span,
    /// After how long without a packet the sensor says that it hears nothing, where packets are heard as they come.
    pub silent_after: Span,
    /// Most rows of each list of hosts, devices, conversations and commands that are shown of what is heard.
    pub overview_rows: u32,
    /// How many commands a second are written down, whoever sent them, with ten seconds' worth at once and half of it for
    /// one master; 0 for none. What is beyond that is counted.
    pub commands_per_second: u32,
    /// How many of them are kept; beyond that the oldest give way.
    pub commands_max: u64,
    /// For how long closed anomalies, their evidence, commands and settled deliveries are kept.
    pub keep: Span,
    /// How large the state may become; beyond that the oldest of what is closed goes, however young, evidence first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_max: Option<Size>,
}

/// A size, such as `500MiB` or `20GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(u64);

impl Size {
    /// In octets.
    pub(crate) const fn octets(self) -> u64 {
        self.0
    }
}

/// In the largest unit that divides it.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [("TiB", 1_u64 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
        match units
            .into_iter()
            .find(|(_, octets)| self.0 >= *octets && self.0.is_multiple_of(*octets))
        {
            Some((unit, octets)) => write!(f, "{}{unit}", self.0.checked_div(octets).unwrap_or(0)),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let octets = crate::arguments::octets(&text)
            .map_err(|right| de::Error::custom(format!("{text:?}: {right}")))?;
        if octets < SIZE_MIN {
            return Err(de::Error::custom(format!(
                "{text}: a state needs at least {}",
                Self(SIZE_MIN)
            )));
        }
        Ok(Self(octets))
    }
}

/// Less than this no state is worth having.
const SIZE_MIN: u64 = 16 << 20;

impl Default for Service {
    fn default() -> Self {
        Self {
            enabled: false,
            name: String::new(),
            links: None,
            state: None,
            read: Vec::new(),
            interfaces: Vec::new(),
            follow: Vec::new(),
            pace: None,
            at_end: AtEnd::Stop,
            clear_after: Span::from_secs(3600),
            silent_after: Span::from_secs(60),
            overview_rows: 5_000,
            commands_per_second: 50,
            commands_max: 2_000_000,
            keep: Span::from_secs(3 * 365 * 24 * 3600),
            size_max: None,
        }
    }
}

/// What comes after the end of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AtEnd {
    /// The service ends.
    Stop,
    /// It stays, so that what was found can be looked at and acted on.
    Stay,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_back_as_it_is_written_and_one_that_is_none_is_refused() {
        let of = |text: &str| toml::from_str::<Service>(&format!("size_max = '{text}'"));
        for text in ["20GiB", "500MiB", "1TiB"] {
            assert_eq!(of(text).unwrap().size_max.unwrap().to_string(), text);
        }
        for (text, wanted) in [("20", "such as 500MiB or 2GiB"), ("1MiB", "at least 16MiB")] {
            let told = of(text).unwrap_err().to_string();
            assert!(told.contains(wanted), "{told}");
        }
    }
}
