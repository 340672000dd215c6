//! Someone looks for what there is on the network: hosts, ports, services of control systems.
//!
//! What tells a scan from work is that it is news. A host that polls sixty outstations, a server that fetches everybody's
//! backup, a master that connects again to all of them after a switch has restarted: each turns to many at once, and to
//! the same ones as always. So a place counts where the two have not been heard with each other, and more of them have to
//! come than this host ever turned to within as long a time while it was learned. While everything is news, because the
//! zone is still learned, only places count that refuse or do not answer: who has the right address mostly finds somebody
//! there, who guesses mostly does not (Jung, Paxson, Berger and Balakrishnan, "Fast portscan detection using sequential
//! hypothesis testing", IEEE S&P 2004). Of the ports of one host only those count ever, since services that hand out
//! ports (DCOM, passive FTP) are many ports that answer.

use core::net::IpAddr;

use gridtap_baseline::{Acquaintance, Baseline, FactKey, FactKind, Site};
use gridtap_model::{Device, Observation, Protocol, Severity, SubAddress, Transport, Zone};

use super::link;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::crowd::Hosts;
use crate::reach::{Far, Reach};
use crate::series::Series;
use crate::words;

const DAY_NS: u64 = 86_400_000_000_000;
/// A scan is more than this many times the most that was learned.
const FACTOR: u64 = 2;
/// So few places at once are not worth learning.
const FEW: u64 = 5;

/// The ports of control systems: what a scan for controllers looks for (IANA's registry, and vendors' manuals).
const SERVICES: [u16; 29] = [
    102, 502, 789, 802, 1089, 1090, 1091, 1502, 1911, 1962, 2222, 2404, 2455, 4840, 4911, 5006,
    5007, 5094, 11_740, 18_245, 19_998, 19_999, 20_000, 20_547, 34_962, 34_963, 34_964, 44_818,
    47_808,
];

/// The ports that the Havex scanner tries on every host of a network: S7, Modbus, EtherNet/IP, ScadaPro and IGSS
/// (ICS-ALERT-14-176-02A); its other module asks for OPC servers through DCOM.
const HAVEX: [u16; 6] = [102, 135, 502, 11_234, 12_401, 44_818];
/// Of those, two that hardly anything else looks for.
const HAVEX_RARE: [u16; 2] = [11_234, 12_401];
const HAVEX_PORTS: usize = 4;

/// What one host looks for.
#[derive(Debug, Default)]
struct Looks {
    hosts: Reach<IpAddr>,
    hosts_failed: Reach<IpAddr>,
    services: Reach<(IpAddr, u16)>,
    services_failed: Reach<(IpAddr, u16)>,
    havex: Reach<(IpAddr, u16)>,
    day: Day,
}

/// Hosts that were turned to within a day.
#[derive(Debug, Default)]
struct Day {
    began: Option<gridtap_model::Timestamp>,
    hosts: Hosts,
    told: u64,
    first_frame: u64,
}

/// Who looks for what.
pub(crate) struct Sweeps {
    hosts: Bounded<(Zone, IpAddr), Looks>,
    ports: Bounded<(Zone, IpAddr, IpAddr), Reach<u16>>,
    config: Config,
}

/// What kind of places a learned fan-out is of.
#[derive(Debug, Clone, Copy)]
enum Places {
    Hosts,
    Services,
    Ports,
}

impl Places {
    const fn detail(self) -> u64 {
        match self {
            Self::Hosts => 0,
            Self::Services => 1,
            Self::Ports => 2,
        }
    }
}

impl Sweeps {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            hosts: Bounded::new(config.probers_max),
            ports: Bounded::new(config.probers_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.hosts.evicted().saturating_add(self.ports.evicted())
    }

    /// A host turns to another: the first packet of a conversation, or an echo request, whose port is 0.
    pub(crate) fn turned(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        known: Acquaintance,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        if known.here || !is_place(site, obs) {
            return;
        }
        let (source, target) = (obs.source.address, obs.destination);
        let armed = baseline.is_zone_armed(obs.zone);
        let looks = self
            .hosts
            .entry((obs.zone, source), || baseline.knows_host(obs.zone, source, obs.time));
        let (at, span) = ((obs.time, obs.place.frame), self.config.scan_span.nanos());
        havex(site, obs, looks, span, out);
        if !known.at_all {
            let enough = enough(baseline, obs, Places::Hosts, self.config.scan_hosts);
            let count = looks.hosts.add(at, target.address, target.address, span, limit(enough));
            if !armed {
                learn(baseline, obs, Places::Hosts, count);
            } else if let Some(far) = looks.hosts.worth(enough) {
                out.push(hosts(site, obs, &far, "turned to", ""));
            }
            if armed && !looks.hosts.is_told() {
                out.extend(slow(site, obs, &mut looks.day, self.config.scan_hosts_day));
            }
        }
        if SERVICES.contains(&target.port) {
            let enough = enough(baseline, obs, Places::Services, self.config.scan_services);
            let place = (target.address, target.port);
            let count = looks.services.add(at, place, target.address, span, limit(enough));
            if !armed {
                learn(baseline, obs, Places::Services, count);
            } else if let Some(far) = looks.services.worth(enough) {
                out.push(services(site, obs, &far, looks.services.places(), "turned to"));
            }
        }
    }

    /// A conversation that somebody tried to open did not come about.
    pub(crate) fn failed(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        if !is_place(site, obs) {
            return;
        }
        let (source, target) = (obs.source.address, obs.destination);
        let known = baseline.acquaintance(obs.zone, source, target, obs.time);
        if known.here {
            return;
        }
        let armed = baseline.is_zone_armed(obs.zone);
        let (at, span) = ((obs.time, obs.place.frame), self.config.scan_span.nanos());
        let is_known = || baseline.knows_host(obs.zone, source, obs.time);
        let enough_ports = enough(baseline, obs, Places::Ports, self.config.scan_ports);
        let ports = self.ports.entry((obs.zone, source, target.address), is_known);
        ports.add(at, target.port, target.address, span, limit(enough_ports));
        if let Some(far) = ports.worth(enough_ports) {
            out.push(self::ports(site, obs, &far, ports.places()));
        }
        if armed {
            return;
        }
        let looks = self.hosts.entry((obs.zone, source), is_known);
        let most = self.config.scan_hosts;
        looks.hosts_failed.add(at, target.address, target.address, span, most);
        if let Some(far) = looks.hosts_failed.worth(u64::try_from(most).unwrap_or(u64::MAX)) {
            out.push(hosts(site, obs, &far, "tried to reach", ", and none of them answered"));
        }
        if SERVICES.contains(&target.port) {
            let most = self.config.scan_services;
            let place = (target.address, target.port);
            looks.services_failed.add(at, place, target.address, span, most);
            if let Some(far) = looks.services_failed.worth(u64::try_from(most).unwrap_or(u64::MAX))
            {
                let places = looks.services_failed.places();
                out.push(services(site, obs, &far, places, "tried to reach"));
            }
        }
    }
}

/// Whether somebody turns to a place that he may have guessed. Groups and what is outside the site are none, and of UDP,
/// where nobody knows who asked, only what goes from the higher port to the lower.
fn is_place(site: &Site, obs: &Observation<'_>) -> bool {
    let (source, target) = (obs.source, obs.destination);
    let is_answer = obs.transport == Transport::Udp
        && source.port != 0
        && (target.port >= source.port || target.port == 0);
    let inside = |address| !link::is_public(address) || site.zone_of(address).is_some();
    let near = || match (source.address, target.address) {
        (IpAddr::V4(one), IpAddr::V4(other)) => one.octets()[..2] == other.octets()[..2],
        (IpAddr::V6(one), IpAddr::V6(other)) => one.segments()[..4] == other.segments()[..4],
        _ => false,
    };
    !is_answer
        && !link::is_chatter(source.address, target.address)
        && (inside(target.address) || near())
}

/// The most places a host turned to within a span, as it was learned.
fn fact(obs: &Observation<'_>, places: Places) -> FactKey {
    let device = Device {
        zone: obs.zone,
        protocol: Protocol::Unknown,
        address: obs.source.address,
        sub: SubAddress::None,
    };
    FactKey { kind: FactKind::FanOut, device, master: None, detail: places.detail() }
}

fn enough(baseline: &Baseline, obs: &Observation<'_>, places: Places, most: usize) -> u64 {
    let usual = baseline.facts().count(&fact(obs, places));
    u64::try_from(most).unwrap_or(u64::MAX).max(usual.saturating_mul(FACTOR).saturating_add(1))
}

fn learn(baseline: &mut Baseline, obs: &Observation<'_>, places: Places, count: u64) {
    if count >= FEW {
        baseline.facts_mut().note_most(fact(obs, places), obs.time, count);
    }
}

fn limit(enough: u64) -> usize {
    usize::try_from(enough).unwrap_or(usize::MAX)
}

/// A scan is one finding for the one who scans, wherever it leads.
fn scan(detection: &'static str, severity: Severity, obs: &Observation<'_>, far: &Far) -> Series {
    let found = link::about(detection, severity, obs).of_many().scored(4.0);
    Series { cause: Cause::Reconnaissance, ..found }.shown_by(far.frames.clone())
}

fn hosts(site: &Site, obs: &Observation<'_>, far: &Far, did: &str, outcome: &str) -> Series {
    let at = match obs.destination.port {
        0 => "with echo requests".to_owned(),
        port => format!("the last on port {port}"),
    };
    let observed = format!(
        "{} {did} {} it was never heard with, within {} s, {at}{outcome}",
        words::host(site, obs.source.address),
        far.hosts,
        far.seconds
    );
    scan("OT-05", Severity::Medium, obs, far)
        .saying(observed, "a host speaks with those it is configured for, the same ones every day")
}

/// A scan that takes its time.
fn slow(site: &Site, obs: &Observation<'_>, day: &mut Day, enough: usize) -> Option<Series> {
    let over = |began| obs.time.since_ns(began) > DAY_NS;
    if day.began.is_none_or(over) {
        *day = Day { began: Some(obs.time), first_frame: obs.place.frame, ..Day::default() };
    }
    day.hosts.add(obs.destination.address);
    let count = day.hosts.count();
    let enough = u64::try_from(enough).unwrap_or(u64::MAX).max(day.told.saturating_mul(2));
    if count < enough {
        return None;
    }
    day.told = count;
    let hosts = day.hosts.spread("hosts")?;
    let hours = obs.time.since_ns(day.began?).div_euclid(3_600_000_000_000);
    let observed = format!(
        "{} turned to {hosts} it was never heard with, within {} h",
        words::host(site, obs.source.address),
        hours.saturating_add(1)
    );
    let frames = vec![day.first_frame, obs.place.frame];
    let found = link::about("OT-05", Severity::Medium, obs).of_many().scored(3.0).variant(1);
    Some(Series { cause: Cause::Reconnaissance, ..found }.shown_by(frames).saying(
        observed,
        "a host speaks with those it is configured for; a slow scan hides among what is usual",
    ))
}

fn ports<'a>(
    site: &Site,
    obs: &Observation<'_>,
    far: &Far,
    tried: impl Iterator<Item = &'a u16>,
) -> Series {
    let observed = format!(
        "{} tried {} ports of {} within {} s that refused or did not answer ({})",
        words::host(site, obs.source.address),
        far.places,
        words::host(site, obs.destination.address),
        far.seconds,
        listed(tried.copied())
    );
    let found = link::about("OT-06", Severity::Medium, obs).scored(4.0);
    Series { cause: Cause::Reconnaissance, ..found }
        .shown_by(far.frames.clone())
        .saying(observed, "a client knows the port of the service it wants")
}

fn services<'a>(
    site: &Site,
    obs: &Observation<'_>,
    far: &Far,
    tried: impl Iterator<Item = &'a (IpAddr, u16)>,
    did: &str,
) -> Series {
    let observed = format!(
        "{} {did} {} services of control systems it was never heard with, within {} s, at {} (ports {})",
        words::host(site, obs.source.address),
        far.places,
        far.seconds,
        far.hosts,
        listed(tried.map(|(_, port)| *port))
    );
    scan("OT-07", Severity::Medium, obs, far).saying(
        observed,
        "a master connects to the devices of its configuration; \
         going through hosts and ports finds out where controllers are",
    )
}

/// Whether this is how Havex looks for controllers: several of its ports, a rare one among them, at more than one host.
fn havex(site: &Site, obs: &Observation<'_>, looks: &mut Looks, span: u64, out: &mut Vec<Series>) {
    let (at, target) = ((obs.time, obs.place.frame), obs.destination);
    if !HAVEX.contains(&target.port) {
        return;
    }
    const PLACES: usize = 64;
    // Five ports a host, one after the other: it takes longer than other scans.
    let span = span.saturating_mul(5);
    looks.havex.add(at, (target.address, target.port), target.address, span, PLACES);
    let places = || looks.havex.places();
    let mut ports: Vec<u16> = places().map(|(_, port)| *port).collect();
    ports.sort_unstable();
    ports.dedup();
    let several = places().any(|(host, _)| *host != target.address);
    let rare = ports.iter().any(|port| HAVEX_RARE.contains(port));
    if ports.len() < HAVEX_PORTS || !rare || !several {
        return;
    }
    let Some(far) = looks.havex.worth(u64::try_from(HAVEX_PORTS).unwrap_or(0)) else { return };
    let observed = format!(
        "{} tried the ports {} at {} within {} s, as the scanner of Havex does",
        words::host(site, obs.source.address),
        listed(ports.into_iter()),
        far.hosts,
        far.seconds
    );
    out.push(scan("OT-27", Severity::High, obs, &far).saying(
        observed,
        "no program of a control system looks for S7, Modbus, EtherNet/IP, ScadaPro and IGSS at once",
    ));
}

/// The first few ports of a list, each once.
fn listed(ports: impl Iterator<Item = u16>) -> String {
    const LISTED: usize = 8;
    let mut ports: Vec<u16> = ports.collect();
    ports.sort_unstable();
    ports.dedup();
    let shown: Vec<String> = ports.iter().take(LISTED).map(u16::to_string).collect();
    let more = if ports.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
