//! Commands that reach further than commands here do: to every unit at once, or to many points at once.

use core::net::IpAddr;
use std::collections::HashMap;

use ahash::RandomState;
use gridtap_baseline::{Baseline, Declared, FactKey, FactKind};
use gridtap_model::{Message, Outcome, Refusal, Severity, SubAddress, Zone};

use super::rows;
use crate::book::Cause;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};

/// What is known of each address behind which several units may be.
pub(crate) struct Gateways {
    hosts: HashMap<(Zone, IpAddr), Gateway, RandomState>,
}

#[derive(Default)]
struct Gateway {
    /// A unit other than 0 and 255 that answered.
    unit: Option<u8>,
    /// Another one answered too.
    several: bool,
    /// The device sent a gateway's refusal.
    refused: bool,
}

impl Default for Gateways {
    fn default() -> Self {
        // Fixed seeds: what is kept is bounded by count, and order never reaches output.
        Self { hosts: HashMap::with_hasher(RandomState::with_seeds(9, 10, 11, 12)) }
    }
}

impl Gateways {
    /// Learns from an answer what is behind its sender. Only hosts with something to tell are kept.
    pub(crate) fn answer(&mut self, message: &Message<'_>, config: &Config) {
        let SubAddress::Unit(unit) = message.device.sub else { return };
        let key = (message.device.zone, message.device.address);
        let refused = matches!(message.outcome, Outcome::Refused { reason: Refusal::Gateway, .. });
        if !refused && (unit == 0 || unit == 255) {
            return;
        }
        if self.hosts.len() >= config.pairs_max && !self.hosts.contains_key(&key) {
            return;
        }
        let gateway = self.hosts.entry(key).or_default();
        if refused {
            gateway.refused = true;
        } else {
            gateway.several |= *gateway.unit.get_or_insert(unit) != unit;
        }
    }

    /// Unit 0 is a broadcast only behind a gateway: two or more units, or a gateway's refusal. Elsewhere it is
    /// the device itself, as 255 always is.
    pub(crate) fn is_broadcast(&self, message: &Message<'_>) -> bool {
        message.device.sub == SubAddress::Unit(0)
            && self
                .hosts
                .get(&(message.device.zone, message.device.address))
                .is_some_and(|gateway| gateway.refused || gateway.several)
    }
}

/// How bad a command to everyone is. A control is never taken for normal; what sets clocks or freezes counters is, once
/// it was learned.
fn of_broadcast(scene: &Scene<'_>) -> Option<Severity> {
    let verdict = scene.verdict;
    let known = verdict.new_at.is_none();
    match verdict.declared {
        Declared::Allowed => scene.controls().then_some(Severity::Info),
        _ if scene.controls() && known => Some(Severity::High),
        _ if scene.controls() => Some(Severity::Critical),
        _ if !verdict.armed || known => None,
        _ if scene.known_commander() => Some(Severity::High),
        _ => Some(Severity::Critical),
    }
}

/// What the rules of breadth say of a request.
pub(crate) fn candidates(
    scene: &Scene<'_>,
    gateways: &Gateways,
    baseline: &mut Baseline,
    config: &Config,
    out: &mut Vec<Candidate>,
) {
    let Some(rows) = rows(scene.message.device.protocol) else { return };
    let written = scene.points_written();
    if scene.verdict.accepted {
        return;
    }
    let is_to_all = scene.message.device.sub.is_broadcast();
    let mut push = |detection, severity, variant, expected: String| {
        out.push(Candidate {
            detection,
            severity,
            rank: if is_to_all { rank::REACH } else { rank::MESSAGE },
            cause: Cause::Access,
            novelty: false,
            variant,
            of_host: false,
            score: 4.0,
            expected: expected.into(),
        });
    };
    if is_to_all && let Some(severity) = of_broadcast(scene) {
        let expected = "this address is every device on the line at once, and none of them answers; \
                        commands go to one device";
        push(rows.broadcast, severity, 0, expected.to_owned());
    }
    if written == 0 || scene.selects() {
        return;
    }
    if gateways.is_broadcast(scene.message) {
        push(
            rows.broadcast,
            Severity::High,
            0,
            "unit 0 behind this gateway is every device on its line at once; commands go to one unit"
                .to_owned(),
        );
    }
    if written <= config.mass_write_points_min {
        return;
    }
    let fact = FactKey {
        kind: FactKind::WidestCommand,
        device: scene.message.device,
        master: Some(scene.message.master.address),
        detail: 0,
    };
    let usual = baseline.usual_count(&fact);
    // What is usual must have been learned: that the site file declares the access says nothing of its breadth.
    if written > usual && baseline.is_zone_armed(scene.message.device.zone) {
        push(
            rows.mass_write,
            Severity::High,
            1,
            format!(
                "the widest command of this master to this device wrote {usual} points, this one {written}"
            ),
        );
    } else {
        baseline.facts_mut().note_most(fact, scene.obs.time, written);
    }
}
