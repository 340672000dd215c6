//! What came of a flood, and what of it is not as it must be.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::kind::Kind;
use super::play::UNPACED;
use super::{BEAT, PROMPTLY, text};
use crate::live::{Metrics, get};

/// What is seen of a run while it lasts, each with when that was.
#[derive(Default)]
pub(super) struct Watch {
    lost: u64,
    first_loss: Option<Duration>,
    /// When the overload was told, and when it was told to be over.
    told: Option<Duration>,
    over: Option<Duration>,
    /// What the sensor says of itself, at last.
    standing: Vec<String>,
}

impl Watch {
    pub(super) fn look(&mut self, passed: Duration) -> Result<()> {
        let metrics = Metrics::read()?;
        let lost = metrics.lost.iter().sum();
        if lost > self.lost {
            self.first_loss.get_or_insert(passed);
        }
        self.lost = lost;
        let told: Value = serde_json::from_str(&get("/api/v1/anomalies?detection=OT-29")?)?;
        let told = told.pointer("/anomalies").and_then(Value::as_array).context("no anomalies")?;
        // Other troubles of the sensor are its own: what the overload was told as is asked for.
        let is_overload =
            |each: &&Value| text(each, "observed").is_ok_and(|it| it.contains("overloaded"));
        let told: Vec<&Value> = told.iter().filter(is_overload).collect();
        if told.is_empty() {
            return Ok(());
        }
        self.told.get_or_insert(passed);
        let is_over = told
            .iter()
            .all(|anomaly| text(anomaly, "state").is_ok_and(|state| state.ends_with("cleared")));
        let standing = told.iter().map(|each| {
            Ok(format!(
                "{} (at {}): {}",
                text(each, "state")?,
                text(each, "last_time")?,
                text(each, "observed")?
            ))
        });
        self.standing = standing.collect::<Result<_>>()?;
        self.over = is_over.then(|| self.over.unwrap_or(passed));
        Ok(())
    }
}

/// What came of a flood.
pub(super) struct Came {
    pub(super) sent: u64,
    /// Frames of the flood a second.
    pub(super) flood_rate: u64,
    pub(super) heard: u64,
    pub(super) lost: [u64; 3],
    /// Requests of the substation: decoded, and sent.
    pub(super) decoded: [u64; 2],
    /// Of the attack: told, and to be told.
    pub(super) found: [usize; 2],
    pub(super) peak_mib: u64,
    pub(super) lag_p99_ms: String,
    pub(super) watch: Watch,
    pub(super) flood_end: Duration,
}

impl Came {
    fn lost(&self) -> u64 {
        self.lost.iter().sum()
    }

    fn uncounted(&self) -> i128 {
        i128::from(self.sent) - i128::from(self.heard) - i128::from(self.lost())
    }

    /// From the first loss to its being told, and from the end of the flood to its being told to be over.
    fn told_and_over(&self) -> [Option<Duration>; 2] {
        let Watch { first_loss, told, over, .. } = &self.watch;
        let told = told.zip(*first_loss).map(|(told, lost)| told.saturating_sub(lost));
        [told, over.map(|over| over.saturating_sub(self.flood_end))]
    }

    pub(super) fn print(&self, kind: Kind, rate: u64) -> Result<()> {
        let [decoded, all] = self.decoded;
        let share = decoded * 10_000 / all.max(1);
        let asked = if rate == UNPACED { "unpaced".to_owned() } else { rate.to_string() };
        let shown = |time: Option<Duration>| {
            time.map_or("-".to_owned(), |time| format!("{:.1}", time.as_secs_f64()))
        };
        let [told, over] = self.told_and_over().map(shown);
        writeln!(
            std::io::stdout(),
            "{kind:?}\t{asked}\t{}\t{}\t{}\t{}\t{}.{:02}\t{}/{}\t{}\t{}\t{told}\t{over}",
            self.flood_rate,
            self.heard,
            self.lost(),
            self.uncounted(),
            share / 100,
            share % 100,
            self.found[0],
            self.found[1],
            self.peak_mib,
            self.lag_p99_ms,
        )?;
        Ok(())
    }

    /// What is not as it must be. Unpaced, whatever is lost must be counted and told; at a pace below that of any loss,
    /// everything must be heard.
    pub(super) fn faults(&self, rate: u64, memory_max_mib: u64) -> Vec<String> {
        let [decoded, all] = self.decoded;
        let mut faults = Vec::new();
        let mut must = |holds: bool, fault: String| {
            if !holds {
                faults.push(fault);
            }
        };
        must(self.uncounted() == 0, format!("{} frames are not accounted for", self.uncounted()));
        must(self.peak_mib <= memory_max_mib, format!("{} MiB were held", self.peak_mib));
        if rate != UNPACED {
            must(
                self.found[0] == self.found[1],
                format!("of the attack {:?} was told", self.found),
            );
            must(decoded * 100 >= all * 99, format!("{decoded} of {all} requests were decoded"));
        } else if self.lost() > 0 {
            let within = |time: Option<Duration>| time.is_some_and(|time| time <= PROMPTLY + BEAT);
            let [told, over] = self.told_and_over();
            must(within(told), format!("the overload was told after {told:?}"));
            let standing = &self.watch.standing;
            must(within(over), format!("the overload was over after {over:?}: {standing:?}"));
        }
        faults
    }
}
