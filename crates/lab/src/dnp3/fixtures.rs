//! Makes the DNP3 captures that the tests read, with their truth.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;

use super::play::{Act, play};
use super::scenario::{Scenario, Variant};
use super::site::Site;
use super::truth::read_back;
use crate::fixtures::{Scratch, pack, together, write};
use crate::play::{Course, between};
use crate::truth::Truth;

/// How long the capture is that is learned from.
const LEARN: Duration = Duration::from_secs(118);

/// Plays scenarios on a site, or those of some ids, into a folder: captures, and a truth beside each. The capture to
/// learn from is left as it is where there is one and only some are played.
///
/// # Errors
/// A play failed, or its capture does not hold what was sent.
pub fn scenarios(
    site: &Site,
    scenarios: Vec<Scenario>,
    only: &[String],
    folder: &Path,
) -> Result<()> {
    fs::create_dir_all(folder)?;
    let seed = site.seed;
    let learn = format!("learn-{seed}.pcap.gz");
    // What is learned from is played first: it must be earlier than everything else.
    if only.is_empty() || !folder.join(&learn).exists() {
        let course = Course { seed, mid_session: seed.is_multiple_of(2), tail: LEARN };
        let scratch = Scratch::new(folder, &format!("learn-{seed}"));
        play(site, None, course, &scratch.0)?;
        pack(&scratch.0, &folder.join(&learn))?;
    }
    std::thread::scope(|scope| {
        let mut plays = Vec::new();
        for (nth, scenario) in (1_u64..).zip(scenarios) {
            if !only.is_empty() && !only.contains(&scenario.id) {
                continue;
            }
            for (variant, number) in scenario.variants.clone().into_iter().zip(1_u64..) {
                let (scenario, site, learn) = (scenario.clone(), site, &learn);
                let seed = seed.rotate_left(20) ^ (nth << 8) ^ number;
                plays.push(scope.spawn(move || {
                    let name = format!("{} {}", scenario.id, variant.name);
                    one(site, scenario, variant, seed, learn, folder)
                        .with_context(|| format!("{name} of seed {}", site.seed))
                }));
            }
        }
        together(plays)
    })
}

fn one(
    site: &Site,
    scenario: Scenario,
    variant: Variant,
    seed: u64,
    learn: &str,
    folder: &Path,
) -> Result<()> {
    let mut rng = Rng::with_seed(seed);
    let name = format!("{}-{}-{}", scenario.id.to_lowercase(), variant.name, site.seed);
    let (lead_ms, tail_ms) = (scenario.lead_ms, scenario.tail_ms);
    let act = Act { scenario, variant, lead: between(&mut rng, lead_ms) };
    let course =
        Course { seed, mid_session: site.seed.is_multiple_of(2), tail: between(&mut rng, tail_ms) };
    let scratch = Scratch::new(folder, &name);
    let done = play(site, Some(&act), course, &scratch.0)?.context("nothing was done")?;
    let truth = Truth {
        seed: site.seed,
        capture: format!("{name}.pcap.gz"),
        learn: Some(learn.to_owned()),
        acts: vec![read_back(site, &act, &done, &scratch.0)?],
    };
    pack(&scratch.0, &folder.join(&truth.capture))?;
    write(&truth, &folder.join(format!("{name}.json")))
}
