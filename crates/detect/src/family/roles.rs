//! Who is what: a host that only ever answered, and now commands.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Declared};
use gridtap_model::{Device, FaultKind, Phase, Severity, Zone};

use super::OutstationRows;
use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::words;

/// Hosts that were heard as devices.
pub(crate) struct Roles {
    devices: Bounded<(Zone, IpAddr), ()>,
}

impl Roles {
    pub(crate) fn new(config: &Config) -> Self {
        Self { devices: Bounded::new(config.pairs_max) }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.devices.evicted()
    }

    /// An answer: its sender is a device. What came out of turn shows nothing.
    pub(crate) fn answer(&mut self, heard: &Heard<'_>, baseline: &Baseline) {
        let (obs, message) = (heard.obs, heard.message);
        let speaks =
            matches!(message.phase, Phase::Response | Phase::Exception | Phase::Unsolicited);
        if !speaks || message.faults.find(FaultKind::Direction).is_some() {
            return;
        }
        let device = (obs.zone, message.device.address);
        self.devices.entry(device, || baseline.knows_host(obs.zone, device.1, obs.time));
    }

    /// A command by a host that is known as a device and as no master.
    pub(crate) fn request(
        &self,
        scene: &Scene<'_>,
        rows: &OutstationRows,
        baseline: &Baseline,
        found: &mut Vec<Candidate>,
    ) {
        let (obs, message, verdict) = (scene.obs, scene.message, scene.verdict);
        let misplaced = message.faults.find(FaultKind::Direction).is_some();
        if !scene.commands() || !misplaced && verdict.new_at.is_none() {
            return;
        }
        if verdict.accepted || verdict.declared == Declared::Allowed {
            return;
        }
        let host = message.master.address;
        let itself = Device { address: host, sub: message.dialogue.master_sub, ..message.device };
        let is_device =
            self.devices.get(&(obs.zone, host)).is_some() || baseline.has_answered(&itself);
        // A concentrator is both. That a message goes against its conversation is told even while all is learned.
        let is_master = baseline.is_master(obs.zone, host);
        if !is_device || is_master || !misplaced && !verdict.armed {
            return;
        }
        found.push(Candidate {
            detection: rows.role,
            severity: Severity::Critical,
            rank: rank::ROLE,
            cause: Cause::Access,
            novelty: true,
            variant: 1,
            of_host: false,
            score: 6.0,
            expected: format!(
                "{} is known as a device, which answers and reports; it was never heard commanding",
                words::host(scene.site, host)
            ),
        });
    }
}
