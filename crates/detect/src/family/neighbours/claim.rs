//! Who claims which address.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, FactKind, Site};
use gridtap_model::{Hardware, Observation, Severity, Timestamp, Zone};

use super::{Neighbours, fact};
use crate::book::Cause;
use crate::family::link;
use crate::series::Series;
use crate::words;

/// Two cards that claim one address within this time claim it in turn.
const CONTEST_NS: u64 = 60_000_000_000;
/// Addresses that one card takes within this time belong together.
const TAKEN_NS: u64 = 600_000_000_000;
/// A new card that nobody has contested for so long is the card of its address.
const SETTLED_NS: u64 = 86_400_000_000_000;
const TAKEN_MAX: usize = 16;

/// The card of an address.
#[derive(Debug, Default)]
pub(super) struct Owner {
    pub(super) card: Option<Hardware>,
    since: Timestamp,
    last: Timestamp,
    /// The one before, and when it claimed the address last.
    before: Option<(Hardware, Timestamp)>,
}

/// One claim: who is said to have an address.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) address: IpAddr,
    pub(super) card: Hardware,
    pub(super) sender: Option<Hardware>,
}

impl Neighbours {
    /// Somebody is said to have an address.
    pub(super) fn claim(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        claim: Claim,
        is_known: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (zone, now) = (obs.zone, obs.time);
        let owner = self.owners.entry((zone, claim.address), || is_known);
        let Some(card) = owner.card else {
            *owner = Owner { card: Some(claim.card), since: now, last: now, before: None };
            self.first_claim(site, obs, claim, is_known, baseline, out);
            return;
        };
        if card == claim.card {
            owner.last = owner.last.max(now);
            let armed = baseline.is_zone_armed(zone);
            let patience = if armed { SETTLED_NS } else { CONTEST_NS };
            let is_alone = owner.before.is_none_or(|(_, last)| now.since_ns(last) > patience);
            if is_alone && (is_known || !armed) && now.since_ns(owner.since) > patience {
                learn_card(baseline, zone, claim, now);
            }
            return;
        }
        // The one before is back, or a third: within the time, both claim it in turn.
        let contested = owner
            .before
            .is_some_and(|(before, last)| before == claim.card && now.since_ns(last) <= CONTEST_NS);
        let previous = (card, owner.last);
        *owner = Owner { card: Some(claim.card), since: now, last: now, before: Some(previous) };
        let both = [card, claim.card].map(|card| is_learned(baseline, zone, claim.address, card));
        if both == [true, true] {
            return;
        }
        let armed = baseline.is_zone_armed(zone);
        if contested {
            out.push(disputed(site, obs, claim, card, is_known));
        } else if armed && is_known {
            out.push(changed(site, obs, claim, card));
        }
        // Of the two that dispute an address, the one who came last is the taker.
        if !contested || !both[1] {
            self.takes(site, obs, claim, card, is_known, out);
        }
    }

    /// An address of which this run has heard no claim yet.
    fn first_claim(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        claim: Claim,
        is_known: bool,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let known = fact(FactKind::Card, obs.zone, claim.address, 0);
        let Some(learned) = baseline.facts().get(&known).map(|fact| fact.against) else {
            // Of strangers nothing is kept for good: they may be made up.
            if is_known || !baseline.is_zone_armed(obs.zone) {
                learn_card(baseline, obs.zone, claim, obs.time);
            }
            return;
        };
        if is_learned(baseline, obs.zone, claim.address, claim.card) {
            return;
        }
        let before = Hardware::from_bits(learned);
        if baseline.is_zone_armed(obs.zone) && is_known {
            out.push(changed(site, obs, claim, before));
        }
        self.takes(site, obs, claim, before, is_known, out);
    }

    /// A card takes an address from another: not the first one?
    fn takes(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        claim: Claim,
        from: Hardware,
        is_known: bool,
        out: &mut Vec<Series>,
    ) {
        let taken = self.taken.entry((obs.zone, claim.card), || is_known);
        let one = (claim.address, from);
        if !taken.holds(&one) {
            taken.push(obs.time, obs.place.frame, one, TAKEN_NS, TAKEN_MAX);
        }
        let several = taken.iter().any(|(address, card)| {
            *address != claim.address && *card != from && *card != claim.card
        });
        if !several {
            return;
        }
        let mut hosts: Vec<String> =
            taken.iter().map(|(address, _)| words::host(site, *address)).collect();
        hosts.dedup();
        let observed = format!(
            "the card {} claims the addresses of several others ({}) and can stand between them",
            claim.card,
            hosts.join(", ")
        );
        // One finding for the card: its bits tell it apart.
        let found = link::about("OT-09", Severity::High, obs)
            .of_crowd()
            .of_many()
            .variant(1 << 63 | claim.card.bits())
            .scored(6.0)
            .shown_by(taken.frames())
            .saying(observed, "each host answers for its own address, with its own card");
        out.push(found);
    }
}

/// Whether this card was learned for the address.
fn is_learned(baseline: &Baseline, zone: Zone, address: IpAddr, card: Hardware) -> bool {
    baseline.facts().known(&fact(FactKind::Card, zone, address, card.bits()))
}

/// Learns a card, and which one came last.
fn learn_card(baseline: &mut Baseline, zone: Zone, claim: Claim, now: Timestamp) {
    let bits = claim.card.bits();
    let key = fact(FactKind::Card, zone, claim.address, bits);
    if bits == 0 || baseline.facts().known(&key) {
        return;
    }
    let facts = baseline.facts_mut();
    facts.note(key, now, |fact| {
        fact.count = 1;
        fact.text = claim.card.to_string();
    });
    let last = fact(FactKind::Card, zone, claim.address, 0);
    facts.note(last, now, |fact| {
        fact.count = fact.count.saturating_add(1);
        fact.against = bits;
    });
}

/// An address has another card than it had.
fn changed(site: &Site, obs: &Observation<'_>, claim: Claim, before: Hardware) -> Series {
    let observed = format!(
        "{} is now said to be at the card {}{}; before it was at {before}",
        words::host(site, claim.address),
        claim.card,
        sent_by(claim)
    );
    let found = link::about("OT-09", Severity::Medium, obs)
        .of_many()
        .variant(claim.card.bits())
        .scored(3.0)
        .saying(observed, "the card that was learned for this address, unless it was replaced");
    Series { cause: Cause::Access, ..found }
}

/// Two cards claim one address in turn.
fn disputed(
    site: &Site,
    obs: &Observation<'_>,
    claim: Claim,
    other: Hardware,
    is_known: bool,
) -> Series {
    let observed = format!(
        "{} is claimed in turn by the cards {} and {other}{}",
        words::host(site, claim.address),
        claim.card,
        sent_by(claim)
    );
    let severity = if is_known { Severity::High } else { Severity::Medium };
    let found = link::about("OT-09", severity, obs).of_many().variant(1 << 62).scored(5.0).saying(
        observed,
        "one card for one address: two hosts have it, or one takes it from the other",
    );
    Series { cause: Cause::Access, ..found }
}

/// Who sent the claim, where that is not the one whom it names.
fn sent_by(claim: Claim) -> String {
    match claim.sender {
        Some(sender) if sender != claim.card => format!(" (said by {sender})"),
        _ => String::new(),
    }
}
