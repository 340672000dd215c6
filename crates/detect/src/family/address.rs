//! One address of the protocol at two hosts: a device that moved, a standby, an address used again elsewhere, or
//! somebody who passes himself off as another.
//!
//! Addresses are reused at every site, so that this is a rate: where the zone was learned with such addresses they are
//! silent. A master's address at another host than the device's master is more: whoever uses it means to be taken
//! for that master.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_baseline::{Baseline, Declared, FactKey, FactKind, Site};
use gridtap_model::{Class, Device, Message, Phase, Severity, SubAddress, Timestamp};

use super::OutstationRows;
use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::series::Series;
use crate::words;

/// A device that spoke so long ago may still be there.
const ACTIVE_NS: u64 = 60_000_000_000;
/// Hosts of one address that are remembered by name.
const HOSTS_MAX: usize = 8;
/// An address at so many hosts is one that is used again and again.
const REUSED_HOSTS: usize = 2;
/// So many addresses at several hosts, and one in so many of all, make it common.
const COMMON_MIN: u64 = 2;
const COMMON_SHARE: u64 = 10;

/// Which hosts have which address.
pub(crate) struct Addresses {
    /// When a device last spoke.
    spoke: Bounded<Device, Option<Timestamp>>,
}

impl Addresses {
    pub(crate) fn new(config: &Config) -> Self {
        Self { spoke: Bounded::new(config.pairs_max) }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.spoke.evicted()
    }

    /// Whether a master is known by the address that it uses.
    pub(crate) fn knows_master(message: &Message<'_>, baseline: &Baseline) -> bool {
        let SubAddress::Link(link) = message.dialogue.master_sub else { return false };
        baseline.facts().known(&FactKey {
            kind: FactKind::AddressHosts,
            device: message.device,
            master: Some(message.master.address),
            detail: u64::from(link),
        })
    }

    /// A request: the master's own address, against those of the device's masters.
    #[expect(clippy::unused_self, reason = "one shape for all families")]
    pub(crate) fn request(
        &self,
        scene: &Scene<'_>,
        rows: &OutstationRows,
        baseline: &mut Baseline,
        found: &mut Vec<Candidate>,
    ) {
        let message = scene.message;
        let SubAddress::Link(link) = message.dialogue.master_sub else { return };
        let (device, master) = (message.device, message.master.address);
        let key = |master| FactKey {
            kind: FactKind::AddressHosts,
            device,
            master,
            detail: u64::from(link),
        };
        let own = key(Some(master));
        if baseline.facts().known(&own) {
            return;
        }
        let hosts = hosts(baseline, &key(None));
        let others: Vec<IpAddr> = hosts.iter().copied().filter(|host| *host != master).collect();
        let verdict = scene.verdict;
        let open = verdict.declared == Declared::Open && !verdict.accepted;
        if !scene.is_stranger() || !open {
            note(baseline, own, &key(None), master, scene.obs.time);
            return;
        }
        if others.is_empty() || verdict.access.master_known || message.class == Class::Link {
            return;
        }
        let expected = format!(
            "in {} link address {link} was that of {} to this device; whoever else uses it is taken for that master",
            words::heard(verdict, scene.obs.time),
            words::hosts(scene.site, &others)
        );
        for (detection, severity, rank) in [
            ("OT-03", Severity::High, rank::EFFECT),
            (rows.address_moved, Severity::Low, rank::NETWORK),
        ] {
            found.push(Candidate {
                detection,
                severity,
                rank,
                cause: Cause::Access,
                novelty: true,
                variant: 0,
                of_host: true,
                score: 4.0,
                expected: expected.clone().into(),
            });
        }
    }

    /// An answer or a report: the device's address, against the hosts that had it.
    pub(crate) fn answer(
        &mut self,
        heard: &Heard<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Heard { site, obs, message, rows } = *heard;
        let device = message.device;
        let speaks =
            matches!(message.phase, Phase::Response | Phase::Exception | Phase::Unsolicited)
                && obs.source.address == device.address;
        let SubAddress::Link(link) = device.sub else { return };
        if !speaks {
            return;
        }
        let known = || baseline.knows_host(device.zone, device.address, obs.time);
        *self.spoke.entry(device, known) = Some(obs.time);
        let own = FactKey { kind: FactKind::AddressHosts, device, master: None, detail: OF_DEVICE };
        if baseline.facts().known(&own) {
            return;
        }
        let at = FactKey { device: nowhere(device), ..own };
        let others: Vec<IpAddr> = hosts(baseline, &at);
        let armed = baseline.is_armed(&device, message.master.address);
        if others.is_empty() || !armed || is_usual(site, &device, &others, baseline) {
            learn(baseline, own, &at, device, others.len(), obs.time);
            return;
        }
        let speaks = |host: &&IpAddr| {
            let other = Device { address: **host, ..device };
            let last = self.spoke.get(&other).copied().flatten();
            last.is_some_and(|last| obs.time.since_ns(last) <= ACTIVE_NS)
        };
        let both = others.iter().find(speaks);
        let (severity, expected) = match both {
            Some(_) => (Severity::Medium, "one host at a time: the other one is still there"),
            None => (Severity::Low, "the host that had it; that one is silent now"),
        };
        let observed = format!(
            "{} answers as link address {link}, which is that of {}",
            words::host(site, device.address),
            words::hosts(site, &others)
        );
        out.push(
            Series::about(rows.address_moved, severity, Cause::Access, obs, message)
                .by_sender(obs)
                .scored(if both.is_some() { 3.0 } else { 2.0 })
                .saying(observed, expected),
        );
        if both.is_none() {
            learn(baseline, own, &at, device, others.len(), obs.time);
        }
    }
}

/// Tells the facts about a device's own address from those about its masters'.
const OF_DEVICE: u64 = u64::MAX;

/// The address itself, wherever it is.
const fn nowhere(device: Device) -> Device {
    Device { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), ..device }
}

/// How many addresses are known in the zone, and how many of them at several hosts.
const fn tally(device: Device) -> FactKey {
    let device = Device { sub: SubAddress::None, ..nowhere(device) };
    FactKey { kind: FactKind::AddressHosts, device, master: None, detail: OF_DEVICE }
}

fn hosts(baseline: &Baseline, key: &FactKey) -> Vec<IpAddr> {
    let text = baseline.facts().get(key).map(|fact| fact.text.as_str()).unwrap_or_default();
    text.split_ascii_whitespace().filter_map(|host| host.parse().ok()).collect()
}

/// Remembers that a host has an address. Of the first few their names are kept.
fn note(baseline: &mut Baseline, own: FactKey, at: &FactKey, host: IpAddr, now: Timestamp) {
    let known = hosts(baseline, at);
    baseline.facts_mut().note(own, now, |fact| fact.count = 1);
    if known.contains(&host) {
        return;
    }
    baseline.facts_mut().note(*at, now, |fact| {
        fact.count = fact.count.saturating_add(1);
        if known.len() < HOSTS_MAX {
            if !fact.text.is_empty() {
                fact.text.push(' ');
            }
            fact.text.push_str(&host.to_string());
        }
    });
}

fn learn(
    baseline: &mut Baseline,
    own: FactKey,
    at: &FactKey,
    device: Device,
    before: usize,
    now: Timestamp,
) {
    note(baseline, own, at, device.address, now);
    baseline.facts_mut().note(tally(device), now, |fact| match before {
        0 => fact.count = fact.count.saturating_add(1),
        1 => fact.against = fact.against.saturating_add(1),
        _ => {}
    });
}

/// Whether one address at several hosts is nothing here: declared so, or learned so.
fn is_usual(site: &Site, device: &Device, others: &[IpAddr], baseline: &Baseline) -> bool {
    if site.device(device).is_some() || others.len() >= REUSED_HOSTS {
        return true;
    }
    baseline.facts().get(&tally(*device)).is_some_and(|tally| {
        tally.against >= COMMON_MIN && tally.against.saturating_mul(COMMON_SHARE) >= tally.count
    })
}
