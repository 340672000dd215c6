//! Who is what: a host that only ever answered, and now commands.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Declared, FactKey, FactKind};
use gridtap_model::{Device, FaultKind, Phase, Severity, Zone};

use super::OutstationRows;
use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::words;

/// Tells this habit from others.
const AGAINST_ITS_CONVERSATION: u64 = 1;

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

    /// A command by a host that is known as a device and as no master, or one that goes against its conversation.
    pub(crate) fn request(
        &self,
        scene: &Scene<'_>,
        rows: &OutstationRows,
        baseline: &mut Baseline,
        found: &mut Vec<Candidate>,
    ) {
        let (message, verdict) = (scene.message, scene.verdict);
        let misplaced = message.faults.find(FaultKind::Direction).is_some();
        if !scene.commands() || !misplaced && verdict.new_at.is_none() || verdict.accepted {
            return;
        }
        if self.is_device_only(scene, baseline) {
            // That a message goes against its conversation is told even while all is learned.
            if (misplaced || verdict.armed) && verdict.declared != Declared::Allowed {
                let host = words::host(scene.site, message.master.address);
                let expected = format!(
                    "{host} is known as a device, which answers and reports; it was never heard commanding"
                );
                found.push(candidate(rows, Severity::Critical, true, expected));
            }
        } else if misplaced && !is_habit(scene, baseline) {
            let expected = "a command goes the way of commands, and says so; this one says that a device sent it";
            found.push(candidate(rows, Severity::Medium, false, expected.to_owned()));
        }
    }

    /// Whether the sender was heard answering, and never asking. A concentrator does both.
    fn is_device_only(&self, scene: &Scene<'_>, baseline: &Baseline) -> bool {
        let (zone, message) = (scene.obs.zone, scene.message);
        let host = message.master.address;
        let itself = Device { address: host, sub: message.dialogue.master_sub, ..message.device };
        let answers = self.devices.get(&(zone, host)).is_some() || baseline.has_answered(&itself);
        answers && !baseline.is_master(zone, host)
    }
}

/// Whether this master always sets the bit so. Until its baseline is armed that is learned.
fn is_habit(scene: &Scene<'_>, baseline: &mut Baseline) -> bool {
    let fact = FactKey {
        kind: FactKind::Habit,
        device: scene.message.device,
        master: Some(scene.message.master.address),
        detail: AGAINST_ITS_CONVERSATION,
    };
    if !scene.verdict.armed && !baseline.facts().known(&fact) {
        baseline.facts_mut().note(fact, scene.obs.time, |fact| fact.count = 1);
    }
    baseline.facts().known(&fact)
}

fn candidate(
    rows: &OutstationRows,
    severity: Severity,
    novelty: bool,
    expected: String,
) -> Candidate {
    let critical = severity == Severity::Critical;
    Candidate {
        detection: rows.role,
        severity,
        rank: rank::ROLE,
        cause: if critical { Cause::Access } else { Cause::Conformance },
        novelty,
        variant: if critical { 1 } else { 2 },
        of_host: false,
        score: if critical { 6.0 } else { 3.0 },
        expected: expected.into(),
    }
}
