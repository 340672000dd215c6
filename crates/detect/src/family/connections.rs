//! Conversations that pour in from hosts that were never heard before: a flood, mostly from made-up addresses.
//!
//! Each of them says little and is low by itself. That there are so many at one server is what matters: it is told
//! once for the server, and names how far its sources spread.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Observation, Severity, Timestamp, Zone};

use super::link;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::crowd::Hosts;
use crate::series::Series;
use crate::words;

/// Strangers are counted in windows of this length.
const WINDOW_NS: u64 = 60_000_000_000;
/// A flood is more than this many times the most that was learned.
const FLOOD_FACTOR: u64 = 3;
/// How often a flood that goes on is told: its words are the same but for the counts.
const TELL_EVERY_NS: u64 = 100_000_000;

/// Strangers that come to one server.
#[derive(Debug)]
struct Strangers {
    began: Timestamp,
    last: Timestamp,
    told: Timestamp,
    /// They are a flood, which is counted on until it is over.
    flood: bool,
    hosts: Hosts,
    times: u64,
    first_frame: u64,
}

impl Default for Strangers {
    fn default() -> Self {
        let hosts = Hosts::default();
        Self {
            began: Timestamp::MIN,
            last: Timestamp::MIN,
            told: Timestamp::MIN,
            flood: false,
            hosts,
            times: 0,
            first_frame: 0,
        }
    }
}

/// Strangers by server: zone, address and port.
pub(crate) struct Connections {
    servers: Bounded<(Zone, IpAddr, u16), Strangers>,
    config: Config,
}

impl Connections {
    pub(crate) fn new(config: &Config) -> Self {
        Self { servers: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.servers.evicted()
    }

    /// A conversation that was opened, or tried.
    pub(crate) fn opened(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        host_known: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        if host_known {
            return;
        }
        let server = obs.destination;
        let key = (obs.zone, server.address, server.port);
        let known = || baseline.knows_host(obs.zone, server.address, obs.time);
        let strangers = self.servers.entry(key, known);
        let fact = FactKey {
            kind: FactKind::Strangers,
            device: link::device(obs),
            master: None,
            detail: u64::from(server.port),
        };
        let since = |then: Timestamp| obs.time.since_ns(then) > WINDOW_NS;
        let over = since(if strangers.flood { strangers.last } else { strangers.began });
        if over {
            *strangers =
                Strangers { began: obs.time, first_frame: obs.place.frame, ..Strangers::default() };
        }
        strangers.hosts.add(obs.source.address);
        strangers.last = strangers.last.max(obs.time);
        strangers.times = strangers.times.saturating_add(1);
        let count = strangers.hosts.count();
        if !baseline.is_zone_armed(obs.zone) {
            // One stranger a minute is what any site has.
            if count > 1 {
                baseline.facts_mut().note_most(fact, obs.time, count);
            }
            return;
        }
        let usual = baseline.facts().count(&fact);
        if count < self.config.strangers_flood.max(usual.saturating_mul(FLOOD_FACTOR)) {
            return;
        }
        let is_told = core::mem::replace(&mut strangers.flood, true);
        // Before it is a clock that was set back.
        let passed = obs.time.since_ns(strangers.told);
        if is_told && obs.time >= strangers.told && passed < TELL_EVERY_NS {
            return;
        }
        strangers.told = obs.time;
        let Some(hosts) = strangers.hosts.spread("hosts") else { return };
        let observed = format!(
            "{hosts}, never heard before, tried to open {} conversations with {} on port {} within {} s",
            strangers.times,
            words::host(site, server.address),
            server.port,
            obs.time.since_ns(strangers.began).div_euclid(1_000_000_000).max(1)
        );
        let expected = format!("at most {usual} new hosts a minute, as learned");
        out.push(
            link::about("OT-10", Severity::Medium, obs)
                .of_crowd()
                .variant(u64::from(server.port))
                .scored(4.0)
                .shown_by(vec![strangers.first_frame, obs.place.frame])
                .saying(observed, expected),
        );
    }
}
