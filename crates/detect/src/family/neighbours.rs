//! Which network card has which address: ARP and neighbour discovery.
//!
//! Anybody may claim any address, and is believed. What an attacker cannot avoid is that the claim is new, and that the
//! one whose address it is goes on claiming it. So a claim is told where the address had another card while it was
//! learned; it is worse where both cards claim it in turn, and worst where one card takes the addresses of several
//! others, which is what it takes to stand between two. A replaced card, or an address that was given to another host, is
//! one change and then silence. A standby router that takes over says that the shared address has the shared card, as it
//! always had (VRRP, RFC 9568; HSRP); where a cluster moves an address between the cards of its members, both are learned.
//!
//! Who looks for hosts asks for addresses that nobody has. Asking for those that are there is what everybody does after a
//! switch has restarted.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{
    Device, Hardware, Observation, Protocol, Resolution, Severity, SubAddress, Timestamp, Zone,
};

mod claim;

use super::link;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::crowd::Hosts;
use crate::reach::Reach;
use crate::series::Series;
use crate::window::Window;
use crate::words;

use claim::{Claim, Owner};

const MINUTE_NS: u64 = 60_000_000_000;
/// A flood is more than this many times the most that was learned.
const FACTOR: u64 = 3;
/// So few in a minute are not worth learning.
const FEW: u64 = 10;

/// What a card says within a minute.
#[derive(Debug, Default)]
struct Talk {
    began: Option<Timestamp>,
    /// Requests for addresses that nobody has, and announcements.
    idle: u64,
    /// All.
    all: u64,
    next: u64,
    first_frame: u64,
    wanted: Reach<IpAddr>,
}

/// Strangers who make themselves known in a zone.
#[derive(Debug, Default)]
struct Crowd {
    began: Option<Timestamp>,
    hosts: Hosts,
    next: u64,
    first_frame: u64,
}

/// Cards and addresses.
pub(crate) struct Neighbours {
    owners: Bounded<(Zone, IpAddr), Owner>,
    /// Addresses that a card took, each with the card that it took it from.
    taken: Bounded<(Zone, Hardware), Window<(IpAddr, Hardware)>>,
    talks: Bounded<(Zone, Hardware), Talk>,
    crowds: Bounded<Zone, Crowd>,
    config: Config,
}

impl Neighbours {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            owners: Bounded::new(config.neighbours_max),
            taken: Bounded::new(config.probers_max),
            talks: Bounded::new(config.probers_max),
            crowds: Bounded::new(config.probers_max),
            config: config.clone(),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        let tables = [self.owners.evicted(), self.taken.evicted(), self.talks.evicted()];
        tables[0].saturating_add(tables[1]).saturating_add(tables[2])
    }

    /// One resolution.
    pub(crate) fn resolution(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        (kind, claimed, sender): (Resolution, Hardware, Option<Hardware>),
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let claims = kind != Resolution::Probe
            && !obs.source.address.is_unspecified()
            && !claimed.is_nobody();
        let is_known = baseline.knows_host(obs.zone, obs.source.address, obs.time);
        if claims {
            let claim = Claim { address: obs.source.address, card: claimed, sender };
            self.claim(site, obs, claim, is_known, baseline, out);
            self.stranger(obs, is_known, baseline, out);
        }
        if !claimed.is_nobody() {
            self.talk(site, obs, kind, claimed, is_known, baseline, out);
        }
    }

    /// Somebody tells another to send elsewhere.
    pub(crate) fn redirect(
        site: &Site,
        obs: &Observation<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let fact = fact(FactKind::Redirects, obs.zone, obs.source.address, 0);
        if !baseline.is_zone_armed(obs.zone) {
            baseline.facts_mut().note(fact, obs.time, |fact| fact.count = 1);
            return;
        }
        if baseline.facts().known(&fact) {
            return;
        }
        let observed = format!(
            "{} told {} to send elsewhere (ICMP redirect)",
            words::host(site, obs.source.address),
            words::host(site, obs.destination.address)
        );
        let found = link::about("OT-09", Severity::Medium, obs).variant(4).scored(3.0).saying(
            observed,
            "no redirects were heard from this host; whoever sends one can bring traffic his way",
        );
        out.push(Series { cause: Cause::Access, ..found });
    }

    /// An address that was never heard before makes itself known.
    fn stranger(
        &mut self,
        obs: &Observation<'_>,
        is_known: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let address = obs.source.address;
        let has_card = fact(FactKind::Card, obs.zone, address, 0);
        if is_known || baseline.facts().known(&has_card) {
            return;
        }
        let crowd = self.crowds.entry(obs.zone, || true);
        if crowd.began.is_none_or(|began| obs.time.since_ns(began) > MINUTE_NS) {
            *crowd =
                Crowd { began: Some(obs.time), first_frame: obs.place.frame, ..Crowd::default() };
        }
        crowd.hosts.add(address);
        let count = crowd.hosts.count();
        let nobody = IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED);
        let fact = fact(FactKind::Strangers, obs.zone, nobody, 0);
        if !baseline.is_zone_armed(obs.zone) {
            if count > 1 {
                baseline.facts_mut().note_most(fact, obs.time, count);
            }
            return;
        }
        let usual = baseline.facts().count(&fact);
        let enough = self.config.strangers_flood.max(usual.saturating_mul(FACTOR));
        if count < enough.max(crowd.next) {
            return;
        }
        crowd.next = count.saturating_mul(2);
        let Some(hosts) = crowd.hosts.spread("addresses") else { return };
        out.push(
            link::about("OT-08", Severity::Medium, obs)
                .of_crowd()
                .of_many()
                .variant(1)
                .scored(4.0)
                .shown_by(vec![crowd.first_frame, obs.place.frame])
                .saying(
                    format!("{hosts}, never heard before, made themselves known within a minute"),
                    format!("at most {usual} new addresses a minute, as learned"),
                ),
        );
    }

    /// What one card says: whom it looks for, and how much.
    #[expect(clippy::too_many_arguments, reason = "what was said, and all that it is held against")]
    fn talk(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        kind: Resolution,
        card: Hardware,
        is_known: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Self { owners, talks, config, .. } = self;
        let (zone, now, frame) = (obs.zone, obs.time, obs.place.frame);
        let target = obs.destination.address;
        let is_there = |address: &IpAddr| {
            let owner = owners.get(&(zone, *address));
            owner.is_some_and(|owner| owner.card.is_some())
                || baseline.knows_host(zone, *address, now)
        };
        let seeks = matches!(kind, Resolution::Request | Resolution::Probe);
        let found = seeks && is_there(&target);
        let talk = talks.entry((zone, card), || is_known);
        if talk.began.is_none_or(|began| now.since_ns(began) > MINUTE_NS || now < began) {
            let wanted = core::mem::take(&mut talk.wanted);
            *talk = Talk { began: Some(now), first_frame: frame, wanted, ..Talk::default() };
        }
        talk.all = talk.all.saturating_add(1);
        let idle = seeks && !found || kind == Resolution::Announcement;
        talk.idle = talk.idle.saturating_add(u64::from(idle));
        let armed = baseline.is_zone_armed(zone);
        if seeks && !found {
            let fact = fact(FactKind::FanOut, zone, obs.source.address, ARP_PLACES);
            let usual = baseline.facts().count(&fact);
            let most = u64::try_from(config.scan_arp).unwrap_or(u64::MAX);
            let enough = most.max(usual.saturating_mul(2).saturating_add(1));
            let span = config.scan_arp_span.nanos();
            let limit = usize::try_from(enough).unwrap_or(usize::MAX);
            let mut count = talk.wanted.add((now, frame), target, target, span, limit);
            if count >= enough {
                // Those who have answered since were there.
                talk.wanted.keep(|address| !is_there(address));
                count = u64::try_from(talk.wanted.places().count()).unwrap_or(u64::MAX);
            }
            if let Some(far) = talk.wanted.worth(enough) {
                let observed = format!(
                    "{} asked for {} addresses that nobody has, within {} s: {}",
                    words::host(site, obs.source.address),
                    far.places,
                    far.seconds,
                    far.hosts
                );
                let severity = if armed { Severity::Medium } else { Severity::Low };
                let found = link::about("OT-08", severity, obs).of_many().scored(4.0);
                out.push(Series { cause: Cause::Reconnaissance, ..found }.shown_by(far.frames).saying(
                    observed,
                    "a host asks for those it speaks with; asking for all finds out who is there",
                ));
            } else if !armed && count >= FEW {
                baseline.facts_mut().note_most(fact, now, count);
            }
        }
        let talk = talks.entry((zone, card), || is_known);
        out.extend(flood(site, obs, card, talk, config, baseline));
    }
}

/// More ARP of one card within a minute than it ever sent.
fn flood(
    site: &Site,
    obs: &Observation<'_>,
    card: Hardware,
    talk: &mut Talk,
    config: &Config,
    baseline: &mut Baseline,
) -> Option<Series> {
    let fact = fact(FactKind::Resolutions, obs.zone, obs.source.address, 0);
    if !baseline.is_zone_armed(obs.zone) {
        if talk.idle >= FEW && talk.all <= config.connections_flood {
            baseline.facts_mut().note_most(fact, obs.time, talk.idle);
        }
        return None;
    }
    let usual = baseline.facts().count(&fact);
    let enough = config.arp_flood.max(usual.saturating_mul(FACTOR));
    let is_flood = talk.idle > enough || talk.all > config.connections_flood;
    if !is_flood || talk.all < talk.next {
        return None;
    }
    talk.next = talk.all.saturating_mul(2);
    let began = talk.began.unwrap_or(obs.time);
    let observed = format!(
        "{} (card {card}) sent {} ARP requests, replies and announcements within {} s, \
         {} of them asked for by nobody or for addresses that nobody has",
        words::host(site, obs.source.address),
        talk.all,
        obs.time.since_ns(began).div_euclid(1_000_000_000).max(1),
        talk.idle
    );
    let expected = format!("at most {usual} of those a minute, as learned");
    let found = link::about("OT-08", Severity::Medium, obs).of_many().variant(2).scored(4.0);
    let frames = vec![talk.first_frame, obs.place.frame];
    Some(Series { cause: Cause::Access, ..found }.shown_by(frames).saying(observed, expected))
}

/// The fan-out of requests for addresses, beside those of scans.
const ARP_PLACES: u64 = 3;

const fn fact(kind: FactKind, zone: Zone, address: IpAddr, detail: u64) -> FactKey {
    let device = Device { zone, protocol: Protocol::Unknown, address, sub: SubAddress::None };
    FactKey { kind, device, master: None, detail }
}
