//! How far learning is: the object that `baseline show --json` prints.

use std::collections::BTreeMap;

use gridtap_model::{Timestamp, Zone};

use crate::baseline::Baseline;
use crate::float::{poisson_max, real};
use crate::key::{Flags, Kind};
use crate::verdict::Level;
use crate::zone::{Waiting, ZoneState};

/// How far learning is, over the site and in each zone.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Levels {
    /// Since when the baseline has heard anything.
    pub since: Option<Timestamp>,
    /// When it last heard something.
    pub until: Option<Timestamp>,
    /// The length of a block in seconds.
    pub block_s: u64,
    /// Blocks heard, in the zone that heard most.
    pub blocks: u64,
    /// The flow and function levels judge, in every zone where a protocol that we decode was heard.
    pub armed: bool,
    /// The levels over all zones.
    pub levels: PerLevel,
    /// Each zone.
    pub zones: Vec<ZoneLevels>,
    /// The site file, where there is one.
    pub declared: Option<String>,
}

/// One zone.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ZoneLevels {
    /// Its number.
    pub zone: u16,
    /// Its name.
    pub name: String,
    /// Since when it was heard.
    pub since: Timestamp,
    /// When it was last heard.
    pub until: Timestamp,
    /// Blocks heard.
    pub blocks: u64,
    /// The flow and function levels judge.
    pub armed: bool,
    /// Its levels.
    pub levels: PerLevel,
}

/// Every level.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct PerLevel {
    /// Who speaks to whom.
    pub flow: LevelState,
    /// With which function.
    pub function: LevelState,
    /// About which range of addresses.
    pub address: LevelState,
    /// About which commanded point.
    pub point: LevelState,
    /// With which value.
    pub value: LevelState,
    /// When: how often requests come.
    pub timing: LevelState,
}

/// How far one level is.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct LevelState {
    /// It judges.
    pub armed: bool,
    /// Learned keys.
    pub keys: u64,
    /// Blocks heard.
    pub blocks: u64,
    /// News that a day is expected to bring.
    pub novel_per_day: f64,
    /// Its upper 95 % bound; null where nothing was heard.
    pub novel_per_day_max: Option<f64>,
    /// An estimate of when it arms if nothing new comes; 0 when armed.
    pub armed_in_s: u64,
    /// What it waits for, in the zone that needs longest; null where it judges or nothing was heard.
    pub waits_for: Option<Waiting>,
}

const SECOND_NS: u64 = 1_000_000_000;
const DAY_NS: u64 = 86_400 * SECOND_NS;

impl Baseline {
    /// How far learning is.
    #[must_use]
    pub fn levels(&self) -> Levels {
        let judged: Vec<&ZoneState> =
            self.zones.iter().filter(|zone| self.has_roles(zone.zone())).collect();
        let all: Vec<&ZoneState> = self.zones.iter().collect();
        let keys = self.keys_by_zone();
        let mut zones: Vec<ZoneLevels> =
            all.iter().map(|zone| self.zone_levels(zone, &keys)).collect();
        zones.sort_by_key(|zone| zone.zone);
        Levels {
            since: self.zones.iter().map(ZoneState::first).min(),
            until: self.zones.iter().map(ZoneState::last).max(),
            block_s: self.block_ns().checked_div(SECOND_NS).unwrap_or(0),
            blocks: self.zones.iter().map(|zone| u64::from(zone.blocks)).max().unwrap_or(0),
            armed: self.armed(),
            levels: self.per_level(if judged.is_empty() { &all } else { &judged }, &keys),
            zones,
            declared: self.site.origin().map(str::to_owned),
        }
    }

    /// The names of the declared zones in which nothing was learned, although something was elsewhere: what was
    /// learned before a zone was declared stays with the zone that it was heard in.
    #[must_use]
    pub fn zones_unlearned(&self) -> Vec<String> {
        let has_learned = |zone: Zone| self.zone(zone).is_some_and(|state| state.blocks > 0);
        if !self.zones.iter().any(|state| state.blocks > 0) {
            return Vec::new();
        }
        let declared = self.site.zone_rules().iter().map(|rule| rule.zone);
        let unlearned = declared.filter(|zone| !has_learned(*zone));
        unlearned.map(|zone| self.site.zone_name(zone).to_owned()).collect()
    }

    fn zone_levels(&self, zone: &ZoneState, keys: &KeyCounts) -> ZoneLevels {
        ZoneLevels {
            zone: zone.zone().0,
            name: self.site.zone_name(zone.zone()).to_owned(),
            since: zone.first(),
            until: zone.last(),
            blocks: u64::from(zone.blocks),
            armed: self.armed_in(zone.zone()),
            levels: self.per_level(&[zone], keys),
        }
    }

    fn per_level(&self, zones: &[&ZoneState], keys: &KeyCounts) -> PerLevel {
        PerLevel {
            flow: self.level_state(Level::Flow, zones, keys),
            function: self.level_state(Level::Function, zones, keys),
            address: self.level_state(Level::Address, zones, keys),
            point: self.level_state(Level::Point, zones, keys),
            value: self.level_state(Level::Value, zones, keys),
            timing: self.timing_state(zones),
        }
    }

    fn timing_state(&self, zones: &[&ZoneState]) -> LevelState {
        let block_ns = self.block_ns();
        let waiting = |zone: &&&ZoneState| zone.timing_waits_for(block_ns, &self.config);
        let slowest = zones
            .iter()
            .filter(|zone| !zone.is_armed(Level::Timing))
            .min_by_key(|zone| zone.blocks);
        let missing = |zone: &ZoneState| {
            u64::from(self.config.timing_blocks_min.saturating_sub(zone.blocks)).max(1)
        };
        let block_s = block_ns.checked_div(SECOND_NS).unwrap_or(0);
        let keys = zones.iter().map(|zone| self.regular_polls(zone.zone()));
        LevelState {
            armed: !zones.is_empty() && slowest.is_none(),
            keys: keys.fold(0, u64::saturating_add),
            blocks: zones.iter().map(|zone| u64::from(zone.blocks)).max().unwrap_or(0),
            armed_in_s: slowest.map_or(0, |zone| missing(zone).saturating_mul(block_s)),
            waits_for: slowest.as_ref().and_then(waiting),
            ..LevelState::default()
        }
    }

    fn level_state(&self, level: Level, zones: &[&ZoneState], keys: &KeyCounts) -> LevelState {
        let block_ns = self.block_ns();
        let blocks = zones.iter().map(|zone| u64::from(zone.blocks));
        let sum = blocks.clone().fold(0_u64, u64::saturating_add);
        let once = zones.iter().fold(0_u64, |sum, zone| sum.saturating_add(zone.once_at(level)));
        // Blocks of several zones run side by side: a day has as many of each.
        let side_by_side = u64::try_from(zones.iter().filter(|zone| zone.blocks > 0).count());
        let days =
            real(sum) * real(block_ns) / real(DAY_NS) / real(side_by_side.unwrap_or(1).max(1));
        let missing = |zone: &&&ZoneState| zone.blocks_until_armed(level, block_ns, &self.config);
        let slowest = zones.iter().max_by_key(missing);
        LevelState {
            armed: !zones.is_empty() && zones.iter().all(|zone| zone.is_armed(level)),
            keys: zones
                .iter()
                .filter_map(|zone| keys.get(&(zone.zone(), level)))
                .fold(0, |sum, count| sum.saturating_add(*count)),
            blocks: blocks.max().unwrap_or(0),
            novel_per_day: if sum == 0 { 0.0 } else { real(once) / days },
            novel_per_day_max: (sum > 0).then(|| poisson_max(once) / days),
            waits_for: slowest.and_then(|zone| zone.waits_for(level, block_ns, &self.config)),
            armed_in_s: slowest
                .as_ref()
                .map_or(0, missing)
                .saturating_mul(block_ns.checked_div(SECOND_NS).unwrap_or(0)),
        }
    }

    /// Learned keys by zone and level: one look at each, as there may be very many.
    fn keys_by_zone(&self) -> KeyCounts {
        let mut counts = KeyCounts::new();
        for (id, key) in (0_u32..).zip(&self.tables.keys) {
            let level = match key.kind {
                Kind::Host | Kind::Device | Kind::Conversation | Kind::Access => Level::Flow,
                Kind::Function => Level::Function,
                Kind::Read | Kind::Written => Level::Address,
                Kind::Point => Level::Point,
            };
            if key.flags.has(Flags::HELD.with(Flags::ATTEMPTED)) {
                continue;
            }
            let Some(path) = self.tables.path(id) else { continue };
            let count = counts.entry((path.zone(), level)).or_default();
            *count = count.saturating_add(1);
        }
        for zone in &self.zones {
            counts.insert((zone.zone(), Level::Value), self.values.points_of(zone.zone()));
        }
        counts
    }
}

/// Learned keys by zone and level.
type KeyCounts = BTreeMap<(Zone, Level), u64>;

#[cfg(test)]
mod tests {
    use crate::play::{Play, hear, routine, short};

    #[test]
    fn a_zone_that_is_declared_after_learning_has_learned_nothing_and_is_named() {
        let site = "[[zones]]\nname = \"plant\"\nsubnets = [\"10.0.0.0/8\"]\n";
        let site = crate::Site::parse(site).unwrap();
        let mut baseline = short();
        baseline.site = site;
        assert_eq!(baseline.zones_unlearned(), [""; 0], "nothing was learned anywhere");
        routine(&mut baseline, 0..61);
        assert_eq!(baseline.zones_unlearned(), ["plant"]);
        for second in 61..82 {
            hear(&mut baseline, second, Play::read(7, 21, 0, 10).zone(1));
        }
        assert_eq!(baseline.zones_unlearned(), [""; 0]);
    }
}
