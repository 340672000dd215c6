//! How many connections: more than a server has ever had in a minute, or than one client has ever made to it.
//!
//! Of a flood the first packets are counted, so that one packet repeated is one connection, and a packet inside one
//! costs nothing. Two that know each other may try for hours to come together again, as often as their software likes:
//! what they begin is a flood of its own, of which it takes ten times as much. Of sessions those are counted that came
//! about: who is refused has none.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{
    Device, Endpoint, Observation, Protocol, Severity, SubAddress, Timestamp, Transport, Zone,
};

use super::link;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::crowd::Hosts;
use crate::series::Series;
use crate::words;

const WINDOW_NS: u64 = 60_000_000_000;
/// A flood is more than this many times the most that was learned.
const FACTOR: u64 = 3;
/// Between two that know each other it takes this many times as much.
const KNOWN_FACTOR: u64 = 10;
/// So few in a minute are not worth learning.
const FEW: u64 = 10;

/// Ports that people log in to: FTP, SSH, Telnet, SMB, RDP, VNC.
const LOGINS: [u16; 7] = [21, 22, 23, 445, 3389, 5900, 5901];

/// What came within a minute.
#[derive(Debug, Default)]
struct Minute {
    began: Option<Timestamp>,
    count: u64,
    first_frame: u64,
    /// Told again when there are as many as this.
    next: u64,
}

impl Minute {
    /// Counts one more; says whether another minute began.
    fn add(&mut self, obs: &Observation<'_>) -> bool {
        let over = |began| obs.time.since_ns(began) > WINDOW_NS || obs.time < began;
        let begins = self.began.is_none_or(over);
        if begins {
            *self = Self { began: Some(obs.time), first_frame: obs.place.frame, ..Self::default() };
        }
        self.count = self.count.saturating_add(1);
        begins
    }

    /// Whether there are more than enough, and twice as many as when that was told.
    fn is_news(&mut self, enough: u64) -> bool {
        let is_news = self.count > enough && self.count >= self.next;
        if is_news {
            self.next = self.count.saturating_mul(2);
        }
        is_news
    }

    fn seconds(&self, now: Timestamp) -> u64 {
        self.began.map_or(0, |began| now.since_ns(began)).div_euclid(1_000_000_000).max(1)
    }
}

#[derive(Debug, Default)]
struct Arrivals {
    minute: Minute,
    sources: Hosts,
}

/// What comes to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Connection,
    /// Between two that speak with each other on this port.
    Known,
    Control,
    /// Parts of packets whose rest does not come.
    Fragment,
}

impl Kind {
    const fn detail(self) -> u64 {
        match self {
            Self::Connection => 0,
            Self::Control => 1,
            Self::Known => 2,
            Self::Fragment => 3,
        }
    }
}

/// Connections by server, and by client and server.
pub(crate) struct Sessions {
    servers: Bounded<(Zone, IpAddr, Kind), Arrivals>,
    pairs: Bounded<(Zone, IpAddr, Endpoint), Minute>,
    config: Config,
}

impl Sessions {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            servers: Bounded::new(config.probers_max),
            pairs: Bounded::new(config.pairs_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.servers.evicted().saturating_add(self.pairs.evicted())
    }

    /// The first packet of a conversation, between two that know each other or not.
    pub(crate) fn begun(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        known: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let kind = if known { Kind::Known } else { Kind::Connection };
        self.arrived(site, obs, kind, baseline, out);
    }

    /// A control message of IP.
    pub(crate) fn control(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        self.arrived(site, obs, Kind::Control, baseline, out);
    }

    /// A part of a packet, while too many wait for their rest.
    pub(crate) fn fragment(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        self.arrived(site, obs, Kind::Fragment, baseline, out);
    }

    fn arrived(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        kind: Kind,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let target = obs.destination.address;
        let known = || baseline.knows_host(obs.zone, target, obs.time);
        let arrivals = self.servers.entry((obs.zone, target, kind), known);
        if arrivals.minute.add(obs) {
            arrivals.sources = Hosts::default();
        }
        arrivals.sources.add(obs.source.address);
        let count = arrivals.minute.count;
        let fact = fact(FactKind::Connections, obs.zone, target, kind.detail());
        let most = match kind {
            Kind::Known => self.config.connections_flood.saturating_mul(KNOWN_FACTOR),
            _ => self.config.connections_flood,
        };
        let armed = baseline.is_zone_armed(obs.zone);
        if !armed && count >= FEW && count <= most {
            baseline.facts_mut().note_most(fact, obs.time, count);
        }
        if count <= most {
            return;
        }
        let usual = baseline.facts().count(&fact);
        let enough = most.max(usual.saturating_mul(FACTOR));
        if !arrivals.minute.is_news(enough) {
            return;
        }
        let what = match kind {
            Kind::Connection | Kind::Known => "connections were begun with",
            Kind::Control => "control messages (ICMP) came to",
            Kind::Fragment => "parts of packets whose rest does not come were sent to",
        };
        let observed = format!(
            "{count} {what} {} within {} s, from {}",
            words::host(site, target),
            arrivals.minute.seconds(obs.time),
            arrivals.sources.spread("hosts").unwrap_or_default()
        );
        let expected = format!("at most {usual} a minute, as learned, or {enough} as configured");
        // While it is learned what is usual, so many may be it.
        let severity = if armed { Severity::Medium } else { Severity::Low };
        // Apart from the floods of strangers, which are told by the port.
        let variant = 1 << 32 | kind.detail();
        out.push(
            link::about("OT-10", severity, obs)
                .of_crowd()
                .variant(variant)
                .scored(4.0)
                .shown_by(vec![arrivals.minute.first_frame, obs.place.frame])
                .saying(observed, expected),
        );
    }

    /// A connection came about.
    pub(crate) fn opened(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        if obs.transport != Transport::Tcp {
            return;
        }
        let (client, server) = (obs.source.address, obs.destination);
        let known = || baseline.knows_host(obs.zone, client, obs.time);
        let minute = self.pairs.entry((obs.zone, client, server), known);
        minute.add(obs);
        let count = minute.count;
        // Of the server, whoever the client: a standby connects as often as the one whose place it takes. Of the
        // client, whatever the server: a device that is added is polled as the others are.
        let port = u64::from(server.port);
        let facts = [
            fact(FactKind::Sessions, obs.zone, server.address, port),
            fact(FactKind::Sessions, obs.zone, client, 1 << 32 | port),
        ];
        if !baseline.is_zone_armed(obs.zone) {
            if count >= FEW {
                for fact in facts {
                    baseline.facts_mut().note_most(fact, obs.time, count);
                }
            }
            return;
        }
        let is_login = LOGINS.contains(&server.port);
        let most = if is_login { self.config.logins_excess } else { self.config.sessions_excess };
        if count <= most {
            return;
        }
        let usual = facts.iter().map(|fact| baseline.facts().count(fact)).max().unwrap_or(0);
        if !minute.is_news(most.max(usual.saturating_mul(FACTOR))) {
            return;
        }
        let observed = format!(
            "{} opened {count} connections to {} on port {} within {} s",
            words::host(site, client),
            words::host(site, server.address),
            server.port,
            minute.seconds(obs.time)
        );
        let guess = if is_login { "; so many look like somebody trying passwords" } else { "" };
        let expected = format!("at most {usual} a minute, as learned of these two{guess}");
        let found = link::about("OT-11", Severity::Medium, obs)
            .variant(port)
            .scored(4.0)
            .shown_by(vec![minute.first_frame, obs.place.frame])
            .saying(observed, expected);
        out.push(Series { cause: crate::book::Cause::Access, ..found });
    }
}

const fn fact(kind: FactKind, zone: Zone, address: IpAddr, detail: u64) -> FactKey {
    let device = Device { zone, protocol: Protocol::Unknown, address, sub: SubAddress::None };
    FactKey { kind, device, master: None, detail }
}
