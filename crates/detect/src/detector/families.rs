//! The families with their short-term state.

use gridtap_baseline::Baseline;

use super::message::read_range;
use crate::budget::Budget;
use crate::config::Config;
use crate::family::aside::Asides;
use crate::family::breadth::{self, Gateways};
use crate::family::campaign::Campaigns;
use crate::family::conformance::Conformance;
use crate::family::connections::Connections;
use crate::family::exceptions::Exceptions;
use crate::family::feedback::Feedbacks;
use crate::family::losses::Losses;
use crate::family::neighbours::Neighbours;
use crate::family::occasion::{self, Occasions};
use crate::family::outstation::Outstations;
use crate::family::rates::Rates;
use crate::family::readback::Readback;
use crate::family::scans::Scans;
use crate::family::select::Selects;
use crate::family::sequence::Sequence;
use crate::family::sessions::Sessions;
use crate::family::sweeps::Sweeps;
use crate::family::timing::Timing;
use crate::family::toggle::Toggles;
use crate::family::usual::Lately;
use crate::family::values::Values;
use crate::family::{access, clock, control, dangerous};
use crate::scene::{Candidate, Scene};
use crate::series::Series;

pub(super) struct Families {
    pub(super) occasions: Occasions,
    pub(super) selects: Selects,
    pub(super) gateways: Gateways,
    pub(super) scans: Scans,
    pub(super) exceptions: Exceptions,
    pub(super) rates: Rates,
    pub(super) readback: Readback,
    pub(super) toggles: Toggles,
    pub(super) campaigns: Campaigns,
    pub(super) values: Values,
    pub(super) sequence: Sequence,
    pub(super) conformance: Conformance,
    pub(super) connections: Connections,
    pub(super) outstations: Outstations,
    pub(super) sweeps: Sweeps,
    pub(super) sessions: Sessions,
    pub(super) neighbours: Neighbours,
    pub(super) timing: Timing,
    pub(super) losses: Losses,
    pub(super) reads: Budget,
    pub(super) lately: Lately,
    pub(super) asides: Asides,
    pub(super) feedbacks: Feedbacks,
}

impl Families {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            occasions: Occasions::new(config),
            selects: Selects::new(config),
            gateways: Gateways::default(),
            scans: Scans::new(config),
            exceptions: Exceptions::new(config),
            rates: Rates::new(config),
            readback: Readback::new(config),
            toggles: Toggles::new(config),
            campaigns: Campaigns::new(config),
            values: Values::new(config),
            sequence: Sequence::new(config),
            conformance: Conformance::new(config),
            connections: Connections::new(config),
            outstations: Outstations::new(config),
            sweeps: Sweeps::new(config),
            sessions: Sessions::new(config),
            neighbours: Neighbours::new(config),
            timing: Timing::new(config),
            losses: Losses::default(),
            reads: Budget::new(config, 0.5),
            lately: Lately::new(config),
            asides: Asides::new(config),
            feedbacks: Feedbacks::new(config),
        }
    }

    /// Short-term state that gave way because its table was full, by table.
    pub(super) fn evictions(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("scans", self.scans.evicted()),
            ("exceptions", self.exceptions.evicted()),
            ("rates", self.rates.evicted()),
            ("readback", self.readback.refused()),
            ("toggles", self.toggles.evicted()),
            ("campaigns", self.campaigns.evicted()),
            ("values", self.values.evicted()),
            ("sequence", self.sequence.evicted()),
            ("conformance", self.conformance.evicted()),
            ("connections", self.connections.evicted()),
            ("occasions", self.occasions.evicted()),
            ("selects", self.selects.evicted()),
            ("sweeps", self.sweeps.evicted()),
            ("sessions", self.sessions.evicted()),
            ("neighbours", self.neighbours.evicted()),
            ("timing", self.timing.evicted()),
            ("lately", self.lately.evicted()),
            ("asides", self.asides.evicted()),
            ("feedback", self.feedbacks.evicted()),
        ]
        .into_iter()
        .chain(self.outstations.evictions())
    }

    /// Whether what is new in a request comes as news does that is common.
    pub(super) fn is_usual(&mut self, scene: &Scene<'_>) -> bool {
        let (device, master) = (scene.message.device, scene.message.master.address);
        let single = self.lately.is_single(scene);
        single && self.sequence.is_home(device, master, scene.obs.conversation)
    }

    /// What the rules say of a request.
    pub(super) fn judge(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        config: &Config,
        found: &mut Vec<Candidate>,
        series: &mut Vec<Series>,
    ) {
        if scene.verdict.new_at.is_some() {
            self.scans.request(scene, baseline, series);
        }
        access::candidates(scene, baseline, found);
        dangerous::candidates(scene, found);
        occasion::candidates(scene, found);
        clock::candidates(scene, baseline, found);
        control::candidates(scene, baseline, found);
        self.selects.request(scene, baseline, found, series);
        if !scene.message.faults.is_empty() {
            self.conformance.request(scene, baseline, found, series);
        }
        if scene.commands() {
            breadth::candidates(scene, &self.gateways, baseline, config, found);
            self.rates.command(scene, baseline, series);
            self.toggles.command(scene, baseline, series);
            self.campaigns.command(scene, baseline, series);
        } else if found.is_empty() {
            found.extend(read_range(scene, &mut self.reads));
        }
        if scene.controls() {
            let home = self.sequence.home(scene.message.device, scene.message.master.address);
            self.asides.command(scene, home, baseline, found);
        }
        self.sequence.request(scene, baseline, series);
        self.outstations.request(scene, baseline, found, series);
        if found.is_empty() {
            found.extend(control::audit(scene));
        }
    }
}
