//! Many hosts that were never heard before do the same, or one does it everywhere: a flood, whether it is meant
//! to hurt or to hide something.
//!
//! The first of them are told one by one. What follows is counted at the first of them, which then names how far
//! it has spread. A host that is known is never counted away with strangers: what it does is told by itself, so
//! that a flood from made-up addresses hides nothing of what real ones do.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use gridtap_model::{Timestamp, Zone};

use crate::book::{Finding, Subject};
use crate::config::Config;
use crate::float;

/// What the members of a crowd have in common beside the zone and the detection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    /// Strangers at one target.
    Target(IpAddr),
    /// One actor at many targets.
    Actor(IpAddr),
    /// Strangers anywhere.
    Nothing,
}

#[derive(Debug)]
struct Crowd {
    /// The anomaly that speaks for it.
    leader: Subject,
    /// How many anomalies were opened for it.
    opened: usize,
    last: Timestamp,
}

/// The crowds that are about.
#[derive(Debug)]
pub(crate) struct Crowds {
    crowds: BTreeMap<(Zone, &'static str, Shared), Crowd>,
    config: Config,
}

impl Crowds {
    pub(crate) fn new(config: &Config) -> Self {
        Self { crowds: BTreeMap::new(), config: config.clone() }
    }

    /// The anomaly that speaks for this finding, where enough like it were told one by one.
    pub(crate) fn leader(&mut self, finding: &Finding<'_>) -> Option<Subject> {
        let mut leader = None;
        for (shared, most) in self.shared(finding) {
            let join_ns = self.config.join.nanos();
            let Some(crowd) = self.crowds.get_mut(&key(finding, shared)) else { continue };
            if finding.time.since_ns(crowd.last) <= join_ns && crowd.opened >= most {
                crowd.last = crowd.last.max(finding.time);
                leader = leader.or(Some(crowd.leader));
            }
        }
        leader
    }

    /// Counts an anomaly that was opened for a finding.
    pub(crate) fn opened(&mut self, finding: &Finding<'_>) {
        let join_ns = self.config.join.nanos();
        let most = self.config.anomalies_max.saturating_mul(3);
        if self.crowds.len() >= most {
            self.crowds.retain(|_, crowd| finding.time.since_ns(crowd.last) <= join_ns);
            let many = self.crowds.len() >= most;
            self.crowds.retain(|_, crowd| !many || crowd.opened > 1);
        }
        for (shared, most) in self.shared(finding) {
            let new = || Crowd { leader: finding.subject, opened: 0, last: finding.time };
            let crowd = self.crowds.entry(key(finding, shared)).or_insert_with(new);
            // After a pause, or where the leader has left the book, another one leads.
            if finding.time.since_ns(crowd.last) > join_ns || crowd.opened >= most {
                *crowd = Crowd { opened: crowd.opened.min(most.saturating_sub(1)), ..new() };
            }
            crowd.opened = crowd.opened.saturating_add(1);
            crowd.last = crowd.last.max(finding.time);
        }
    }

    /// The crowds that a finding belongs to, and how many of each are told one by one.
    fn shared(&self, finding: &Finding<'_>) -> impl Iterator<Item = (Shared, usize)> + use<> {
        let Config { flood_incidents, flood_targets, flood_anomalies, .. } = self.config;
        let Subject { actor, target, .. } = finding.subject;
        let strangers =
            [(Shared::Target(target), flood_incidents), (Shared::Nothing, flood_anomalies)];
        let strangers = finding.unknown.then_some(strangers).into_iter().flatten();
        let everywhere = if finding.unknown { flood_targets } else { flood_anomalies };
        strangers.chain([(Shared::Actor(actor), everywhere)])
    }
}

fn key(finding: &Finding<'_>, shared: Shared) -> (Zone, &'static str, Shared) {
    (finding.zone, finding.subject.detection, shared)
}

/// What an anomaly has counted of its crowd.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    sources: Hosts,
    targets: Hosts,
    times: u64,
}

impl Spread {
    pub(crate) fn add(&mut self, finding: &Finding<'_>) {
        self.sources.add(finding.subject.actor);
        self.targets.add(finding.subject.target);
        self.times = self.times.saturating_add(1);
    }

    /// `; about 10000 other hosts (172.16.0.10 to 172.16.39.15), never heard before, did the same here (9990×)`
    pub(crate) fn words(&self, leader: &Subject) -> String {
        let sources = self.sources.besides(leader.actor);
        let targets = self.targets.besides(leader.target);
        let times = self.times;
        match (sources, targets) {
            (Some(sources), Some(targets)) => {
                format!("; {sources}, never heard before, did the same to {targets} ({times}×)")
            }
            (Some(sources), None) => {
                format!("; {sources}, never heard before, did the same here ({times}×)")
            }
            (None, Some(targets)) => format!("; the same to {targets} ({times}×)"),
            (None, None) => format!("; more of the kind here ({times}×)"),
        }
    }
}

/// Hosts are told apart exactly up to so many; beyond that their number is an estimate.
const EXACT_MAX: usize = 256;
const WORDS: usize = 1024;
const BITS: u64 = 65_536;

/// How many hosts, in bounded memory: one by one while they are few, then by linear counting, which errs by
/// about one part in a hundred (Whang, Vander-Zanden and Taylor 1990).
#[derive(Debug, Default)]
pub(crate) struct Hosts {
    few: BTreeSet<IpAddr>,
    bits: Vec<u64>,
    ones: u64,
    range: Option<(IpAddr, IpAddr)>,
}

impl Hosts {
    pub(crate) fn add(&mut self, host: IpAddr) {
        let (low, high) = self.range.unwrap_or((host, host));
        self.range = Some((low.min(host), high.max(host)));
        if self.bits.is_empty() {
            if self.few.len() < EXACT_MAX || self.few.contains(&host) {
                self.few.insert(host);
                return;
            }
            self.bits = vec![0; WORDS];
            for host in core::mem::take(&mut self.few) {
                self.mark(host);
            }
        }
        self.mark(host);
    }

    fn mark(&mut self, host: IpAddr) {
        let bit = mixed(host) % BITS;
        let word = usize::try_from(bit / 64).ok().and_then(|word| self.bits.get_mut(word));
        let Some(word) = word else { return };
        let mask = 1 << (bit % 64);
        if *word & mask == 0 {
            *word |= mask;
            self.ones = self.ones.saturating_add(1);
        }
    }

    /// At least so many.
    pub(crate) fn count(&self) -> u64 {
        let few = u64::try_from(self.few.len()).unwrap_or(u64::MAX);
        self.ones.max(few)
    }

    fn estimate(&self) -> f64 {
        let empty = BITS.saturating_sub(self.ones).max(1);
        float::of(BITS) * libm::log(float::of(BITS) / float::of(empty))
    }

    /// How many, and from which address to which, where there is any but this one.
    fn besides(&self, host: IpAddr) -> Option<String> {
        let (low, high) = self.range?;
        if low == high && low == host {
            return None;
        }
        let one = self.bits.is_empty() && self.few.len() == 1;
        if one { Some(format!("another host ({low})")) } else { self.spread("other hosts") }
    }

    /// How many there are of what they are called, and from which address to which.
    pub(crate) fn spread(&self, hosts: &str) -> Option<String> {
        let (low, high) = self.range?;
        Some(if self.bits.is_empty() {
            format!("{} {hosts} ({low} to {high})", self.few.len())
        } else {
            format!("about {:.0} {hosts} ({low} to {high})", rounded(self.estimate()))
        })
    }
}

/// Two figures say all that an estimate knows.
fn rounded(count: f64) -> f64 {
    let step = libm::pow(10.0, libm::floor(libm::log10(count.max(100.0))) - 1.0);
    libm::round(count / step) * step
}

/// The octets of an address, mixed (the finaliser of SplitMix64): the same on every machine.
fn mixed(host: IpAddr) -> u64 {
    let bits = match host {
        IpAddr::V4(host) => u64::from(host.to_bits()),
        IpAddr::V6(host) => {
            let [a, b, c, d, e, f, g, h] = host.segments().map(u64::from);
            (a << 48 | b << 32 | c << 16 | d) ^ (e << 48 | f << 32 | g << 16 | h).rotate_left(29)
        }
    };
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;

    #[test]
    fn hosts_are_counted_exactly_while_few_and_closely_when_many() {
        let said = |count: u32| {
            let mut hosts = Hosts::default();
            for nth in (0..count).chain(0..count) {
                hosts.add(IpAddr::V4(Ipv4Addr::from_bits(0xac10_0000 + nth)));
            }
            hosts.besides(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap()
        };
        assert_eq!(said(1), "another host (172.16.0.0)");
        assert_eq!(said(256), "256 other hosts (172.16.0.0 to 172.16.0.255)");
        assert_eq!(said(10_000), "about 10000 other hosts (172.16.0.0 to 172.16.39.15)");
        assert_eq!(said(100_000), "about 100000 other hosts (172.16.0.0 to 172.17.134.159)");
    }
}
