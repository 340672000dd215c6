//! Refusals: the first of a kind, bursts of them, and devices that delay or fail.
//!
//! A refusal of a function, an address or a value says that the request was wrong; one that says busy, failed
//! or no way through says that the device is in trouble. The second kind is what a restart looks like and is
//! never above low by itself.

use core::net::IpAddr;
use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Device, Message, Observation, Outcome, Refusal, Severity};

use super::rows;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::series::Series;
use crate::window::Window;
use crate::words;

const HOUR_NS: u64 = 3_600_000_000_000;
const MINUTE_NS: u64 = 60_000_000_000;
/// The most that is remembered of one pair.
const REMEMBERED_MAX: usize = 64;

#[derive(Debug, Default)]
struct Refusals {
    wrong: Window<()>,
    trouble: Window<Refusal>,
}

/// Refusals by master and device.
pub(crate) struct Exceptions {
    pairs: Bounded<(Device, IpAddr), Refusals>,
    config: Config,
}

impl Exceptions {
    pub(crate) fn new(config: &Config) -> Self {
        Self { pairs: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }

    /// A refusal.
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Outcome::Refused { reason, code } = message.outcome else { return };
        let Some(rows) = rows(message.device.protocol) else { return };
        let (device, master) = (&message.device, message.master.address);
        let detail =
            u64::from(message.function.code).saturating_mul(65_536).saturating_add(u64::from(code));
        let armed = baseline.is_armed(device, master);
        let fact =
            FactKey { kind: FactKind::Refusal, device: *device, master: Some(master), detail };
        let known = baseline.facts().known(&fact);
        if !armed {
            baseline
                .facts_mut()
                .note(fact, obs.time, |fact| fact.count = fact.count.saturating_add(1));
        }
        if !armed || known {
            return;
        }
        let first = (rows.refusal)(reason).filter(|(_, several)| !several);
        let row = first.map_or(rows.exception_first, |(row, _)| row);
        let text = format!(
            "{} refused {} of {}: {reason} (code {code})",
            words::device(site, device),
            message.function,
            words::host(site, master)
        );
        let finding =
            |row, severity| Series::about(row, severity, Cause::Availability, obs, message);
        out.push(
            finding(row, Severity::Low)
                .variant(detail)
                .saying(text.clone(), "this refusal was never heard between the two"),
        );
        let known = || baseline.knows_host(device.zone, master, obs.time);
        let refusals = self.pairs.entry((*device, master), known);
        let (now, frame) = (obs.time, obs.place.frame);
        if matches!(
            reason,
            Refusal::Function
                | Refusal::Address
                | Refusal::Value
                | Refusal::Other
                | Refusal::Undefined
        ) {
            refusals.wrong.push(now, frame, (), HOUR_NS, REMEMBERED_MAX);
            if let Some(row) = rows.exception_burst
                && refusals.wrong.count() >= self.config.exceptions_per_hour
            {
                let observed =
                    format!("{text}; {} such refusals within an hour", refusals.wrong.count());
                out.push(finding(row, Severity::Medium).shown_by(refusals.wrong.frames()).saying(
                    observed,
                    "requests of this master to this device used to be accepted",
                ));
            }
            return;
        }
        refusals.trouble.push(now, frame, reason, MINUTE_NS, REMEMBERED_MAX);
        let same = refusals.trouble.iter().filter(|other| **other == reason).count();
        if let Some((row, true)) = (rows.refusal)(reason)
            && same >= self.config.delays_per_minute
        {
            let observed = format!("{text}; {same} such refusals within a minute");
            out.push(
                finding(row, Severity::Low)
                    .shown_by(refusals.trouble.frames())
                    .saying(observed, "the device used to answer these requests"),
            );
        }
    }
}
