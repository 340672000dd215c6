//! The fields of the site file, as they are written.

use std::collections::BTreeMap;

use toml::Spanned;

use super::HostRole;
use super::point::{Normal, ValueType, WordOrder};

pub(super) type Text = Spanned<String>;

#[derive(Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) zones: Vec<ZoneEntry>,
    pub(super) hosts: Vec<HostEntry>,
    pub(super) devices: Vec<DeviceEntry>,
    pub(super) access: Vec<AccessEntry>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneEntry {
    pub(super) name: Text,
    #[serde(default)]
    pub(super) captures: Vec<String>,
    #[serde(default)]
    pub(super) vlans: Vec<Spanned<u16>>,
    #[serde(default)]
    pub(super) subnets: Vec<Text>,
    pub(super) from: Option<Vec<Text>>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostEntry {
    pub(super) name: Text,
    pub(super) zone: Option<Text>,
    pub(super) addresses: Spanned<Vec<Text>>,
    #[serde(default = "other")]
    pub(super) role: HostRole,
    pub(super) standby_for: Option<Text>,
}

const fn other() -> HostRole {
    HostRole::Other
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceEntry {
    pub(super) name: Text,
    pub(super) zone: Option<Text>,
    pub(super) protocol: Text,
    pub(super) address: Text,
    pub(super) unit: Option<Spanned<u8>>,
    pub(super) link: Option<Spanned<u16>>,
    pub(super) common: Option<Spanned<u16>>,
    #[serde(default)]
    pub(super) word_order: WordOrder,
    #[serde(default)]
    pub(super) complete: bool,
    #[serde(default)]
    pub(super) points: Vec<PointEntry>,
    /// A file that lists points.
    pub(super) points_from: Option<Text>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PointEntry {
    pub(super) table: Text,
    pub(super) index: Spanned<u32>,
    pub(super) name: Text,
    pub(super) unit: Option<String>,
    #[serde(rename = "type")]
    pub(super) value_type: Option<ValueType>,
    pub(super) word_order: Option<WordOrder>,
    #[serde(default = "one")]
    pub(super) scale: f64,
    #[serde(default)]
    pub(super) offset: f64,
    pub(super) min: Option<Spanned<f64>>,
    pub(super) max: Option<f64>,
    pub(super) normal: Option<Spanned<Normal>>,
    #[serde(default)]
    pub(super) commanded: bool,
    #[serde(default)]
    pub(super) states: BTreeMap<String, String>,
}

const fn one() -> f64 {
    1.0
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccessEntry {
    pub(super) hosts: Vec<Text>,
    pub(super) devices: Vec<Text>,
    #[serde(default)]
    pub(super) classes: Vec<Text>,
    #[serde(default)]
    pub(super) functions: Vec<Spanned<FunctionEntry>>,
    #[serde(default)]
    pub(super) forbid: bool,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
pub(super) enum FunctionEntry {
    Code(i64),
    Name(String),
}
