//! The bounds.

/// What bounds the number of series.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Devices with series of their own; commands to further ones count together.
    pub devices_max: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { devices_max: 1_000 }
    }
}
