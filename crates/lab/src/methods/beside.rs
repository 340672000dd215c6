//! The methods beside the monitor on a simulated site: what they cost in normal traffic, and what they find.

use std::collections::BTreeSet;
use std::net::IpAddr;

use anyhow::Result;
use gridtap_sensor::Config;
use gridtap_wire::Frame;
use serde::{Deserialize, Serialize};

use super::suricata::{self, Suricata};
use super::{Alerts, Bench, Pair, Threshold, Trained};
use crate::score::packet;

/// Of learning, what a copy learns that the rest then calibrates.
const LEARNED_FIRST: f64 = 4.0 / 7.0;
/// A calibrated method gives at most so many incidents a day.
const A_DAY: f64 = 1.0;

/// What a method came to in normal traffic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cost {
    /// Incidents with its published parameters.
    pub published: u64,
    /// Incidents after calibration.
    pub calibrated: u64,
    /// How many times the published tolerance an alert takes after calibration; none where no tolerance keeps alerts silent.
    pub tolerance: Option<f64>,
    /// How many alerts an incident takes after calibration.
    pub alerts: u64,
}

/// Whether a method found something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// With its published parameters.
    pub published: bool,
    /// After calibration.
    pub calibrated: bool,
}

/// By what a play was told at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// The layers of the monitor by which anything above low was told of it.
    #[serde(default)]
    pub layers: BTreeSet<String>,
    /// What the methods of the literature made of it; empty where they were not asked.
    #[serde(default)]
    pub methods: Vec<Hit>,
}

/// The attack in a play, as far as a method that knows no device could name it.
#[derive(Debug, Clone, Default)]
pub struct Attack {
    /// Between whom something was said that belongs to it.
    pub pairs: BTreeSet<Pair>,
    /// The hosts of the devices that it is done to, where nothing is said that was not said anyway.
    pub hosts: BTreeSet<IpAddr>,
    /// From the first message of it to the end of the play.
    pub during: (i64, i64),
}

impl Attack {
    /// Generous: hosts and time must fit; what the alert is about need not.
    fn is_told(&self, threshold: Threshold, alerts: &Alerts) -> bool {
        threshold.tells(alerts.list(), self.during, |pair| {
            if self.pairs.is_empty() {
                self.hosts.contains(&pair.source) || self.hosts.contains(&pair.destination)
            } else {
                self.pairs.contains(&pair)
            }
        })
    }
}

/// The methods on a site.
#[derive(Debug)]
pub struct Beside {
    bench: Bench,
    suricata: Result<Option<Suricata>>,
    /// When a copy of what is learned begins to calibrate, and when learning is over.
    turns: Option<(i64, i64)>,
    is_calibrating: bool,
    /// Of frames that belong to an attack: between whom, and when the first came.
    marked: (BTreeSet<Pair>, Option<i64>),
}

impl Beside {
    /// Methods that learn from one moment to another, and judge from then on.
    #[must_use]
    pub fn learning(config: &Config, from: i64, to: i64) -> Self {
        let seconds = crate::sim::calendar::in_seconds(to.saturating_sub(from)) * LEARNED_FIRST;
        Self {
            bench: Bench::new(config),
            suricata: Ok(None),
            turns: Some((from.saturating_add(crate::sim::calendar::seconds(seconds)), to)),
            is_calibrating: false,
            marked: Default::default(),
        }
    }

    /// Methods that judge.
    #[must_use]
    pub fn judging(config: &Config, trained: &Trained) -> Self {
        Self {
            bench: Bench::judging(config, trained),
            suricata: begun(),
            turns: None,
            is_calibrating: false,
            marked: Default::default(),
        }
    }

    /// One frame; whether it belongs to an attack.
    pub fn frame(&mut self, frame: &Frame<'_>, is_marked: bool) {
        let time = frame.time.nanos();
        if let Some((turn, over)) = self.turns {
            if time >= over {
                self.arm();
            } else if time >= turn && !self.is_calibrating {
                self.is_calibrating = true;
                self.bench.calibrate();
            }
        }
        if is_marked {
            self.marked.1.get_or_insert(time);
            if let Some(packet) = packet::packet(frame.link, frame.bytes) {
                let [source, destination] = packet.ends.map(|end| end.ip());
                self.marked.0.insert(Pair { source, destination }.either_way());
            }
        }
        self.bench.frame(frame);
        if let Ok(Some(suricata)) = &mut self.suricata {
            suricata.frame(frame);
        }
    }

    /// Learning is over, where it is not yet.
    pub fn arm(&mut self) {
        let Some((turn, over)) = self.turns.take() else { return };
        let days = crate::sim::calendar::in_seconds(over.saturating_sub(turn)) / 86_400.0;
        self.bench.arm(days * A_DAY);
        self.suricata = begun();
    }

    /// Whether it judges.
    #[must_use]
    pub const fn is_armed(&self) -> bool {
        self.turns.is_none()
    }

    /// From how many messages it learned.
    #[must_use]
    pub const fn learned(&self) -> u64 {
        self.bench.learned
    }

    /// What was learned, with its thresholds.
    #[must_use]
    pub fn trained(&self) -> Trained {
        self.bench.trained()
    }

    /// What the methods alert on, with the thresholds that calibration gave them; Suricata last, where it is installed.
    ///
    /// # Errors
    /// Suricata failed.
    pub fn finish(self) -> Result<Vec<(Alerts, Threshold)>> {
        let thresholds = *self.bench.thresholds();
        let mut told: Vec<_> = self.bench.alerts.into_iter().zip(thresholds).collect();
        if let Some(suricata) = self.suricata? {
            told.push((suricata.finish()?, Threshold::PUBLISHED));
        }
        Ok(told)
    }

    /// What the methods came to in normal traffic.
    ///
    /// # Errors
    /// Suricata failed.
    pub fn of_normal(self) -> Result<Vec<Cost>> {
        let cost = |(alerts, own): (Alerts, Threshold)| Cost {
            published: Threshold::PUBLISHED.incidents(alerts.list()),
            calibrated: own.incidents(alerts.list()),
            tolerance: own.score.is_finite().then_some(own.score),
            alerts: own.count,
        };
        Ok(self.finish()?.into_iter().map(cost).collect())
    }

    /// What the methods found in a play that ends at `end`: of the frames that were marked, or, where none was, of what
    /// was done to `hosts` from `begin` on.
    ///
    /// # Errors
    /// Suricata failed.
    pub fn of_play(self, hosts: BTreeSet<IpAddr>, begin: i64, end: i64) -> Result<Vec<Hit>> {
        let (pairs, first) = self.marked.clone();
        let attack = Attack { pairs, hosts, during: (first.unwrap_or(begin), end) };
        let hit = |(alerts, own): (Alerts, Threshold)| Hit {
            published: attack.is_told(Threshold::PUBLISHED, &alerts),
            calibrated: attack.is_told(own, &alerts),
        };
        Ok(self.finish()?.into_iter().map(hit).collect())
    }
}

/// Suricata at work, where it is installed.
fn begun() -> Result<Option<Suricata>> {
    suricata::rules().as_deref().map(Suricata::begin).transpose()
}
