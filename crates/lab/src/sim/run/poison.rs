//! Attacks that come while a site is learned: nothing is judged yet, so they have to be in the ledger for sign-off.

use std::collections::BTreeSet;

use anyhow::Result;

use super::{Lengths, Over, Snapshot, enact};
use crate::judge::judge;
use crate::sim::script::{Scenario, Variant};
use crate::sim::spec::Speaks;

/// What came of a scenario that was played while the site was learned.
#[derive(Debug, Clone, Default)]
pub struct Poisoned {
    /// How many masters commanded how many devices in it.
    pub commanded: usize,
    /// How many of these pairs the ledger of learned commands lists for sign-off.
    pub listed: usize,
    /// What was expected of a baseline that had learned, and how much of it was told by one that still learned.
    pub expected: usize,
    /// See [`Poisoned::expected`].
    pub alerted: usize,
}

/// Plays a variant of a scenario while the site is learned; none where it commands nothing.
///
/// # Errors
/// The site has nobody to do it, or to do it to.
pub fn poison(
    from: &Snapshot,
    scenario: &Scenario,
    variant: &Variant,
    lengths: Lengths,
    seed: u64,
) -> Result<Option<Poisoned>> {
    if variant.expect.is_empty() {
        return Ok(None);
    }
    let Over { truth, tape, pipeline, sent, .. } = enact(from, scenario, variant, lengths, seed)?;
    let pairs: BTreeSet<(String, String)> = sent
        .iter()
        .filter(|own| !own.label.is_empty() && commands(scenario.speaks, own.function))
        .map(|own| (own.source.to_string(), own.device.clone()))
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let ledger = pipeline.baseline().ledger();
    let is_listed = |(master, device): &&(String, String)| {
        ledger.iter().any(|entry| {
            let name = entry.device.to_string();
            entry.master.to_string() == *master
                && (*device == name || device.ends_with(&format!("({name})")))
        })
    };
    let judgement = judge(&truth, &tape.said);
    Ok(Some(Poisoned {
        commanded: pairs.len(),
        listed: pairs.iter().filter(is_listed).count(),
        expected: judgement.found.len() + judgement.missed.len(),
        alerted: judgement.found.len(),
    }))
}

/// Whether a function means to change something.
fn commands(speaks: Speaks, function: u8) -> bool {
    match speaks {
        Speaks::Modbus => matches!(function, 5 | 6 | 8 | 15 | 16 | 21..=23 | 90),
        Speaks::Dnp3 => matches!(function, 2 | 4..=10 | 13..=22 | 24..=31),
    }
}
