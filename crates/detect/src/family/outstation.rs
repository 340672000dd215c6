//! What only protocols of outstations have: devices that say how they are, speak unasked, refuse controls one by one
//! and ask for proof.

use gridtap_baseline::{Baseline, Site};
use gridtap_model::{Device, Message, Observation};

use super::address::Addresses;
use super::authentication::Authentications;
use super::control_status::ControlStatus;
use super::feedback::Flip;
use super::flood::{Flood, Floods};
use super::indications::Indicators;
use super::reporting::Reporting;
use super::reports::Reports;
use super::roles::Roles;
use crate::config::Config;
use crate::scene::{Candidate, Scene};
use crate::series::Series;

/// The families about outstations.
pub(crate) struct Outstations {
    indicators: Indicators,
    control_status: ControlStatus,
    reporting: Reporting,
    reports: Reports,
    addresses: Addresses,
    authentications: Authentications,
    floods: Floods,
    roles: Roles,
}

impl Outstations {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            indicators: Indicators::new(config),
            control_status: ControlStatus::new(config),
            reporting: Reporting::new(config),
            reports: Reports::new(config),
            addresses: Addresses::new(config),
            authentications: Authentications::new(config),
            floods: Floods::new(config),
            roles: Roles::new(config),
        }
    }

    /// Entries that gave way, by family.
    pub(crate) fn evictions(&self) -> [(&'static str, u64); 8] {
        [
            ("indications", self.indicators.evicted()),
            ("control_status", self.control_status.evicted()),
            ("reporting", self.reporting.evicted()),
            ("reports", self.reports.evicted()),
            ("addresses", self.addresses.evicted()),
            ("authentication", self.authentications.evicted()),
            ("floods", self.floods.evicted()),
            ("roles", self.roles.evicted()),
        ]
    }

    /// A request, after the rules of access have said what they say.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        found: &mut Vec<Candidate>,
        out: &mut Vec<Series>,
    ) {
        let Some(rows) = super::rows(scene.message.device.protocol) else { return };
        let Some(rows) = rows.outstation else { return };
        self.indicators.request(scene);
        self.roles.request(scene, rows, baseline, found);
        self.addresses.request(scene, rows, baseline, found);
        self.authentications.request(scene, rows, baseline, out);
        self.floods.request(scene, rows, baseline, out);
    }

    /// Whether it is known of the master that it has the address that it uses.
    pub(crate) fn knows_master(message: &Message<'_>, baseline: &Baseline) -> bool {
        Addresses::knows_master(message, baseline)
    }

    /// A request that only reads, by a known master of which nothing is new; says so where it is one too many.
    pub(crate) fn asked(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
    ) -> Option<Flood> {
        self.floods.asked(obs, message, true, true, baseline)
    }

    /// What the last message showed otherwise than it was before.
    #[inline]
    pub(crate) fn flips(&self) -> &[Flip] {
        self.reports.flips()
    }

    /// The last state of a point that is known.
    pub(crate) fn is_on(&self, device: &Device, place: (u16, u32)) -> Option<bool> {
        self.reports.is_on(device, place)
    }

    /// Anything that is no request.
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        self.reports.begin();
        let Some(rows) = super::rows(message.device.protocol) else { return };
        let Some(rows) = rows.outstation else { return };
        let heard = Heard { site, obs, message, rows };
        self.floods.answer(message);
        self.roles.answer(&heard, baseline);
        self.indicators.answer(&heard, baseline, out);
        self.control_status.answer(&heard, baseline, out);
        self.reporting.answer(&heard, baseline, out);
        self.reports.answer(&heard, baseline, out);
        self.addresses.answer(&heard, baseline, out);
        self.authentications.answer(&heard, baseline, out);
    }
}

/// A message that asks nothing, with what is needed to say something of it.
#[derive(Clone, Copy)]
pub(crate) struct Heard<'a> {
    pub(crate) site: &'a Site,
    pub(crate) obs: &'a Observation<'a>,
    pub(crate) message: &'a Message<'a>,
    pub(crate) rows: &'static super::OutstationRows,
}
