//! How news came over each channel, and how well that was foretold: what a person reads to believe the bound.

use gridtap_model::Zone;

use crate::baseline::Baseline;
use crate::float::real;
use crate::verdict::Level;
use crate::zone::{News, ZoneState};

/// The channels of one zone.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ZoneChannels {
    /// Its number.
    pub zone: u16,
    /// Its name.
    pub name: String,
    /// Each kind of news.
    pub channels: Vec<Channel>,
}

/// News of one kind.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Channel {
    /// What is new.
    pub channel: &'static str,
    /// The level whose arming looks at it; hosts and conversations have none.
    pub level: Option<&'static str>,
    /// News of it is judged.
    pub armed: bool,
    /// Blocks heard.
    pub blocks: u64,
    /// Blocks in which something was heard that was heard in no other.
    pub once: u64,
    /// Pieces of news so far: blocks that brought some.
    pub news: u64,
    /// Pieces of news that a day is expected to bring: `once` over `blocks` (Good–Turing).
    pub novel_per_day: f64,
    /// Its upper 95 % bound; null before the first block.
    pub novel_per_day_max: Option<f64>,
    /// News in the last third of the blocks; null where there are too few blocks.
    pub observed: Option<u64>,
    /// News that the first two thirds foretold for it.
    pub predicted: Option<f64>,
    /// The most of it that they made plausible, with 95 % confidence.
    pub predicted_max: Option<f64>,
    /// News observed over the most that was foretold: 0.2 to 1.0 is well calibrated, above 1.0 is too little foretold.
    pub observed_over_predicted: Option<f64>,
}

const DAY_NS: f64 = 86_400.0e9;

impl Baseline {
    /// How news came over each channel of each zone.
    #[must_use]
    pub fn channels(&self) -> Vec<ZoneChannels> {
        let mut zones: Vec<ZoneChannels> = self
            .zones
            .iter()
            .map(|zone| ZoneChannels {
                zone: zone.zone().0,
                name: self.site.zone_name(Zone(zone.zone().0)).to_owned(),
                channels: News::ALL.map(|news| self.channel(zone, news)).to_vec(),
            })
            .collect();
        zones.sort_by_key(|zone| zone.zone);
        zones
    }

    fn channel(&self, zone: &ZoneState, news: News) -> Channel {
        let rate = zone.rate(news, self.block_ns());
        let a_day = DAY_NS / real(self.block_ns().max(1));
        let forecast = zone.forecast(news);
        Channel {
            channel: news.name(),
            level: news.level().map(level_name),
            armed: rate.armed,
            blocks: rate.blocks,
            once: rate.once,
            news: zone.pieces(news),
            novel_per_day: rate.per_block * a_day,
            novel_per_day_max: (rate.blocks > 0).then_some(rate.per_block_max * a_day),
            observed: forecast.map(|forecast| forecast.observed),
            predicted: forecast.map(|forecast| forecast.predicted),
            predicted_max: forecast.map(|forecast| forecast.predicted_max),
            observed_over_predicted: forecast
                .filter(|forecast| forecast.predicted_max > 0.0)
                .map(|forecast| real(forecast.observed) / forecast.predicted_max),
        }
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Flow => "flow",
        Level::Function => "function",
        Level::Address => "address",
        Level::Point => "point",
        Level::Value => "value",
        Level::Timing => "timing",
    }
}

#[cfg(test)]
mod tests {
    use crate::play::{routine, short};

    #[test]
    fn a_channel_tells_what_was_foretold_and_what_came() {
        let mut baseline = short();
        routine(&mut baseline, 0..61);
        let zones = baseline.channels();
        let of = |name: &str| {
            let mut all = zones.iter().flat_map(|zone| &zone.channels);
            *all.find(|channel| channel.channel == name).unwrap()
        };
        let readers = of("readers of a device");
        assert!(readers.armed && readers.level == Some("flow"), "{readers:?}");
        let (observed, most) = (readers.observed.unwrap(), readers.predicted_max.unwrap());
        assert!(most > 0.0, "nothing in a few blocks is no promise");
        assert!(crate::float::real(observed) <= most, "it armed: {readers:?}");
        assert_eq!(readers.observed_over_predicted, Some(crate::float::real(observed) / most));
        assert!(readers.novel_per_day_max.unwrap() > readers.novel_per_day);
        assert_eq!(of("hosts").level, None);
        assert_eq!(short().channels(), [], "nothing was heard");
    }
}
