//! Scenarios as data: who does what to whom, and what a monitor must say of it. See `scenarios/*.toml`.

use anyhow::{Context, Result};
use gridtap_model::Severity;
use serde::{Deserialize, Serialize};

use crate::site::Table;

/// The scenarios that come with the lab.
const TEXTS: [(&str, &str); 8] = [
    ("s1.toml", include_str!("../scenarios/s1.toml")),
    ("s2.toml", include_str!("../scenarios/s2.toml")),
    ("s3.toml", include_str!("../scenarios/s3.toml")),
    ("s4.toml", include_str!("../scenarios/s4.toml")),
    ("s5.toml", include_str!("../scenarios/s5.toml")),
    ("s6.toml", include_str!("../scenarios/s6.toml")),
    ("s7.toml", include_str!("../scenarios/s7.toml")),
    ("b1.toml", include_str!("../scenarios/b1.toml")),
];

/// All scenarios that come with the lab.
///
/// # Errors
/// One of them does not parse.
pub fn all() -> Result<Vec<Scenario>> {
    TEXTS
        .iter()
        .map(|(file, text)| toml::from_str(text).with_context(|| format!("scenario {file}")))
        .collect()
}

/// One thing that happens on a station network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its number in the list of scenarios.
    pub id: String,
    /// What happens, in a sentence.
    pub title: String,
    /// How much normal traffic comes before, from and to, in milliseconds.
    pub lead_ms: [u64; 2],
    /// How much normal traffic comes after, from and to, in milliseconds.
    pub tail_ms: [u64; 2],
    /// What is done, unless a variant says otherwise.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// Who does it and what must be said.
    #[serde(rename = "variant")]
    pub variants: Vec<Variant>,
}

/// A scenario done by one kind of actor.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Tells the variants of a scenario apart.
    pub name: String,
    /// Who does it.
    pub actor: Actor,
    /// To what.
    pub among: Among,
    /// To how many, from and to.
    #[serde(default = "one")]
    pub targets: [usize; 2],
    /// What is done, instead of the scenario's steps.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What must be said.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// What else may be said above low: it follows from what is done.
    #[serde(default)]
    pub listed: Vec<Listed>,
}

const fn one() -> [usize; 2] {
    [1, 1]
}

impl Variant {
    /// Its own steps, or the scenario's.
    #[must_use]
    pub fn steps<'a>(&'a self, scenario: &'a Scenario) -> &'a [Step] {
        if self.steps.is_empty() { &scenario.steps } else { &self.steps }
    }
}

/// Who takes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A host that was never heard before.
    Stranger,
    /// The master that polls and commands, from a connection of its own.
    FrontEnd,
    /// The second master.
    SecondMaster,
    /// The host that only ever reads.
    Historian,
    /// An outstation.
    Rtu,
    /// Nobody: something happens to the targets.
    Nobody,
}

/// What a target is chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Among {
    /// Any unit of any outstation, the actor's own excepted.
    Any,
    /// Units that the actor commands.
    Commanded,
    /// Outstations that are no gateway.
    Single,
    /// The gateway, by one of its units.
    Gateway,
}

/// A step of the actor, taken for each target on a connection of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Reads ranges that are there.
    Read {
        /// Out of these tables.
        tables: Vec<Table>,
        /// How often, from and to.
        times: [u64; 2],
        /// How many points at once, from and to.
        points: [u16; 2],
    },
    /// Writes points, with values like those that they hold.
    Write {
        /// What messages of this step are called in an expectation.
        label: String,
        /// With one of these functions each time.
        functions: Vec<u8>,
        /// How often, from and to.
        times: [u64; 2],
        /// How many points at once where the function can, from and to.
        points: [u16; 2],
        /// Which points.
        aim: Aim,
        /// Which values.
        value: Value,
    },
    /// Sends one request as it stands.
    Send {
        /// What messages of this step are called in an expectation.
        label: String,
        /// The function and what follows it.
        request: Vec<u8>,
    },
    /// Sends one of some requests to every unit.
    SweepUnits {
        /// What messages of this step are called in an expectation.
        label: String,
        /// The first and the last unit.
        units: [u8; 2],
        /// The requests; one is chosen for the whole sweep.
        requests: Vec<Vec<u8>>,
    },
    /// Sends every function.
    SweepFunctions {
        /// What messages of this step are called in an expectation.
        label: String,
        /// The first and the last function.
        functions: [u8; 2],
        /// What follows the function; one is chosen for the whole sweep.
        payloads: Vec<Vec<u8>>,
        /// In which order; one is chosen.
        orders: Vec<Sorting>,
    },
    /// Reads all addresses of a table, there or not.
    WalkAddresses {
        /// What messages of this step are called in an expectation.
        label: String,
        /// One of these tables.
        tables: Vec<Table>,
        /// How many points at once, from and to.
        points: [u16; 2],
        /// At most so many requests: the walk takes longer strides if it must.
        requests_max: u16,
    },
    /// Lets time pass.
    Wait {
        /// From and to, in milliseconds.
        ms: [u64; 2],
    },
    /// Cuts the target's power and gives it back.
    PowerCycle {
        /// How long it is gone, from and to, in milliseconds.
        dark_ms: [u64; 2],
        /// How long it refuses connections before it serves, from and to, in milliseconds.
        boot_ms: [u64; 2],
    },
    /// Takes the target's unit off the bus behind its gateway, and puts it back.
    UnitAway {
        /// For how long, from and to, in milliseconds.
        ms: [u64; 2],
    },
}

/// Which points a write goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// Points that no master ever writes.
    NeverWritten,
    /// Any point of the table.
    Any,
}

/// Which values a write gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// Near what the point holds.
    Near,
    /// On.
    On,
}

/// In which order a sweep goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sorting {
    /// From the first to the last.
    Ascending,
    /// From the last to the first.
    Descending,
    /// Without any.
    Shuffled,
}

/// An anomaly that must be found, for each target.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The detection's id, as the primary one.
    pub detection: String,
    /// Others that may be the primary one instead, as they say the same with more reason.
    #[serde(default)]
    pub instead: Vec<String>,
    /// Its severity, at the least.
    pub severity: Severity,
    /// The messages it is about, by the label of their step.
    pub on: String,
    /// By the answer to how many of them it must have been said.
    pub within: usize,
    /// It must name the points of these messages.
    #[serde(default)]
    pub points: bool,
    /// It is about the whole host, of which any unit may be named.
    #[serde(default)]
    pub host: bool,
    /// It is the device that did it, not who asked.
    #[serde(default)]
    pub by_device: bool,
}

/// Anomalies that may come with those expected.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// The detections' ids.
    pub detections: Vec<String>,
    /// What they may be about.
    pub about: About,
}

/// What a listed anomaly may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// Messages of the attack.
    Attack,
    /// An attacked device, after the attack began.
    Aftermath,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_parses_and_every_expectation_is_about_a_step() {
        for scenario in all().unwrap() {
            for variant in &scenario.variants {
                let steps = variant.steps(&scenario);
                assert!(!steps.is_empty(), "{}", scenario.id);
                for expect in &variant.expect {
                    let said = format!("{steps:?}");
                    assert!(said.contains(&format!("label: {:?}", expect.on)), "{}", scenario.id);
                }
            }
        }
    }

    #[test]
    fn a_scenario_that_a_new_host_gives_away_is_also_played_from_a_masters_own_address() {
        for scenario in all().unwrap() {
            let by = |actor| scenario.variants.iter().any(|variant| variant.actor == actor);
            if by(Actor::Stranger) {
                assert!(by(Actor::FrontEnd), "{}", scenario.id);
            }
        }
    }
}
