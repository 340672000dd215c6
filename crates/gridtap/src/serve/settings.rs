//! What can be set about the service.

use std::path::PathBuf;

use gridtap_model::Span;
use serde::{Deserialize, Serialize};

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
}

impl Default for Service {
    fn default() -> Self {
        Self {
            enabled: false,
            name: String::new(),
            links: None,
            state: None,
            read: Vec::new(),
            interfaces: Vec::new(),
            pace: None,
            at_end: AtEnd::Stop,
            clear_after: Span::from_secs(3600),
            silent_after: Span::from_secs(60),
            overview_rows: 5_000,
            commands_per_second: 50,
            commands_max: 2_000_000,
            keep: Span::from_secs(3 * 365 * 24 * 3600),
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
