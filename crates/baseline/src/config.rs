//! How a baseline learns, and how much it may hold.

use gridtap_model::Span;

/// How a baseline learns, and how much it may hold.
#[derive(Debug, Clone, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Length of the blocks of time in which news is counted. Shorter for short captures; at least a second.
    #[serde(deserialize_with = "block")]
    pub block: Span,
    /// Blocks that the flow level must have heard before it may arm.
    pub flow_blocks_min: u32,
    /// Blocks that the function level must have heard before it may arm.
    pub function_blocks_min: u32,
    /// Blocks that the address level must have heard before it may arm.
    pub address_blocks_min: u32,
    /// Blocks that the point level must have heard before it may arm, a weekend day among them where blocks last an hour or longer.
    pub point_blocks_min: u32,
    /// Blocks that the value level must have heard before it may arm, a weekend day among them like that of points.
    pub value_blocks_min: u32,
    /// Blocks that the timing level must have heard before it may arm, a weekend day among them as for points.
    pub timing_blocks_min: u32,
    /// What was not heard for this long is news when it returns.
    pub absent_after: Span,
    /// News of one kind is common here when, with 95 % confidence, a day of hour-long blocks brings at least this much of
    /// it. Once a day was heard, it is also where more than one in two days is expected and it did not cease. What comes
    /// within one block is one piece of news.
    pub common_per_day: f64,
    /// Most hosts that are remembered.
    pub hosts_max: u32,
    /// Most devices (an address behind a host) that are remembered.
    pub devices_max: u32,
    /// Most learned keys that are remembered, those of hosts, devices and points among them.
    pub keys_max: u32,
    /// Most commanded points that are remembered.
    pub points_max: u32,
    /// Most points that vary whose values are remembered, and most polls whose octets are.
    pub values_max: u32,
    /// Most keys that are remembered although they alarmed and are held back. Hosts that were never known before
    /// may fill half of it, so that a flood from made-up addresses leaves room for what known hosts do.
    pub held_max: u32,
    /// Most facts that detections have learned on their own account.
    pub facts_max: u32,
    /// Most requests of which it is learned how often they come.
    pub cadences_max: u32,
    /// Most points of one message that are looked at one by one.
    pub points_of_message_max: u32,
    /// Seeds the hashes of the tables, so that nobody on the network can choose what collides. Never changes a result.
    pub hash_seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            block: Span::from_secs(3600),
            flow_blocks_min: 6,
            function_blocks_min: 6,
            address_blocks_min: 48,
            point_blocks_min: 48,
            value_blocks_min: 48,
            timing_blocks_min: 48,
            absent_after: Span::from_secs(180 * 86_400),
            common_per_day: 4.0,
            hosts_max: 65_536,
            devices_max: 65_536,
            keys_max: 1_000_000,
            points_max: 400_000,
            values_max: 200_000,
            held_max: 20_000,
            facts_max: 200_000,
            cadences_max: 65_536,
            points_of_message_max: 2_048,
            hash_seed: 0x6772_6964_7461_7031,
        }
    }
}

impl Config {
    /// The length of a block in nanoseconds, never less than a second.
    pub(crate) fn block_ns(&self) -> u64 {
        self.block.nanos().max(1_000_000_000)
    }
}

/// A block that is shorter than the grid of ticks would count nothing.
fn block<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
    let block: Span = serde::Deserialize::deserialize(deserializer)?;
    if block < Span::from_secs(1) {
        return Err(serde::de::Error::custom(format_args!(
            "{block} is too short: a block lasts at least 1s"
        )));
    }
    Ok(block)
}
