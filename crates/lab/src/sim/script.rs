//! Scenarios on simulated time, as data: who does what to whom, and what a monitor must say of it.
//!
//! One language for both protocols: see `simulated/*.toml`. Where two numbers stand in brackets, a seed draws one
//! between them.

use anyhow::{Context, Result, anyhow};
use serde::Deserialize;

use super::spec::{Kind, Speaks};
use crate::dnp3::scenario::{Carried, Fault};
use crate::scenario::{Expect, Listed};

/// The scenarios that come with the lab.
const TEXTS: [(&str, &str); 3] = [
    ("modbus.toml", include_str!("../../simulated/modbus.toml")),
    ("dnp3.toml", include_str!("../../simulated/dnp3.toml")),
    ("benign.toml", include_str!("../../simulated/benign.toml")),
];

/// All scenarios that come with the lab.
///
/// # Errors
/// One of them does not parse.
pub fn all() -> Result<Vec<Scenario>> {
    let parsed = TEXTS.iter().map(|(name, text)| parse(name, text));
    parsed.collect::<Result<Vec<_>>>().map(|files| files.into_iter().flatten().collect())
}

/// The scenarios of a file that `name` names.
///
/// # Errors
/// It does not parse, with the line.
pub fn parse(name: &str, text: &str) -> Result<Vec<Scenario>> {
    let file: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let line = text.get(..offset).unwrap_or_default().matches('\n').count() + 1;
        anyhow!("{name}:{line}: {}", error.message())
    })?;
    for scenario in &file.scenario {
        for variant in &scenario.variant {
            let said = format!("{:?}", variant.steps(scenario));
            for expect in &variant.expect {
                said.contains(&format!("label: {:?}", expect.on)).then_some(()).with_context(
                    || {
                        format!(
                            "{name}: {} {}: no step has the label {:?}",
                            scenario.id, variant.name, expect.on
                        )
                    },
                )?;
            }
        }
    }
    Ok(file.scenario)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    scenario: Vec<Scenario>,
}

/// One thing that happens on a site.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Its number in the list of scenarios.
    pub id: String,
    /// What happens, in a sentence.
    pub title: String,
    /// What the stations speak that it is done to.
    pub speaks: Speaks,
    /// On which sites, where not on all that speak it.
    #[serde(default)]
    pub sites: Vec<Kind>,
    /// How long it is listened after it, in seconds.
    #[serde(default = "tail")]
    pub tail_s: [f64; 2],
    /// What is done, unless a variant says otherwise.
    #[serde(default)]
    pub step: Vec<Step>,
    /// Who does it and what must be said.
    pub variant: Vec<Variant>,
}

const fn tail() -> [f64; 2] {
    [300.0, 700.0]
}

/// A scenario done by one kind of actor in one way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Tells the variants of a scenario apart.
    pub name: String,
    /// Who does it.
    pub actor: Actor,
    /// On the connection that the master has anyway, or on one of the actor's own.
    #[serde(default)]
    pub on: On,
    /// To stations with one device or with several.
    #[serde(default)]
    pub among: Among,
    /// To how many stations.
    #[serde(default = "one")]
    pub targets: [usize; 2],
    /// What is done, instead of the scenario's steps.
    #[serde(default)]
    pub step: Vec<Step>,
    /// What must be said.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// What else may be said above low: it follows from what is done.
    #[serde(default)]
    pub listed: Vec<Listed>,
    /// The sensor must say that it hears badly.
    #[serde(default)]
    pub health: bool,
    /// It is declared as planned work of the actor's on the target.
    #[serde(default)]
    pub declared: bool,
}

const fn one() -> [usize; 2] {
    [1, 1]
}

impl Variant {
    /// Its own steps, or the scenario's.
    #[must_use]
    pub fn steps<'a>(&'a self, scenario: &'a Scenario) -> &'a [Step] {
        if self.step.is_empty() { &scenario.step } else { &self.step }
    }
}

/// Who takes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A host that was never heard before.
    Stranger,
    /// The same, with the link address of the master.
    Masquerade,
    /// The master in charge.
    Master,
    /// A host that only ever reads, or the master of another station.
    Reader,
    /// Another station.
    Station,
    /// The engineers' computer.
    Engineer,
    /// The station itself, towards its master.
    Outstation,
    /// Nobody: something happens to the target.
    Nobody,
}

/// On which connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// The actor opens one.
    #[default]
    Own,
    /// The master has one.
    Link,
}

/// What a target is chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Among {
    /// Any station.
    #[default]
    Any,
    /// Stations with one device.
    Single,
    /// Stations with several.
    Gateway,
}

/// Which register or output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// One that operators set.
    #[default]
    Setpoint,
    /// One that nobody ever wrote.
    Fixed,
    /// A breaker that operators move.
    Breaker,
}

/// A step. `every_s` is how long until the next time, or the next step.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(
    missing_docs,
    reason = "the fields are those that every step has, or named in its sentence"
)]
pub enum Step {
    /// Time passes.
    Wait {
        s: [f64; 2],
    },
    /// Modbus: a request as it stands, to a unit instead of the device's where one is named.
    Send {
        label: String,
        pdu: Vec<u8>,
        #[serde(default)]
        unit: Option<u8>,
        #[serde(default = "once")]
        times: [u32; 2],
        #[serde(default = "pause")]
        every_s: [f64; 2],
    },
    /// Modbus: a write of one or several registers, or of a coil, with one of these functions.
    Write {
        label: String,
        functions: Vec<u8>,
        #[serde(default)]
        aim: Aim,
        #[serde(default = "once")]
        times: [u32; 2],
        #[serde(default = "pause")]
        every_s: [f64; 2],
    },
    /// Modbus: every unit, every function, or every address in strides.
    SweepUnits {
        label: String,
        units: [u8; 2],
        pdu: Vec<u8>,
    },
    SweepFunctions {
        label: String,
        functions: [u8; 2],
        payload: Vec<u8>,
    },
    Walk {
        label: String,
        function: u8,
        count: [u16; 2],
        requests: u16,
    },
    /// Modbus: a setpoint goes up by steps that operators take, a poll at a time.
    Ramp {
        label: String,
        minutes: [f64; 2],
        every_s: [f64; 2],
    },
    /// Modbus: a breaker is opened and closed.
    Toggle {
        label: String,
        times: [u32; 2],
        every_s: [f64; 2],
    },
    /// Modbus: octets after the header's unit, with a length and a protocol that need not be right.
    Frame {
        label: String,
        protocol: u16,
        length: u16,
        pdu: Vec<u8>,
        #[serde(default = "once")]
        times: [u32; 2],
    },
    /// Modbus: a second answer to a request of the master's own.
    Forge {
        label: String,
        pdu: Vec<u8>,
    },
    /// Modbus: the station answers from a recording, or no longer; it takes longer.
    Replay {
        on: bool,
    },
    Slow {
        s: f64,
    },
    /// DNP3: a request.
    Ask {
        label: String,
        function: u8,
        #[serde(default)]
        carries: Vec<Carried>,
        #[serde(default)]
        skip: u8,
        #[serde(default)]
        to: Option<u16>,
        #[serde(default = "once")]
        times: [u32; 2],
        #[serde(default = "pause")]
        every_s: [f64; 2],
    },
    /// DNP3: every output is selected.
    SelectAll {
        label: String,
        indices: [u16; 2],
    },
    /// DNP3: link frames without waiting.
    Flood {
        label: String,
        function: u8,
        carries: Vec<Carried>,
        segments: u16,
        frames: u16,
    },
    /// DNP3: something malformed.
    Malformed {
        label: String,
        fault: Fault,
    },
    /// DNP3: the outstation says something of its own accord.
    Report {
        label: String,
        function: u8,
        carries: Vec<Carried>,
    },
    /// An operator's command, as always.
    Operate {
        label: String,
        #[serde(default)]
        aim: Aim,
        close: bool,
    },
    /// Breakers of many stations are opened, as operators open them.
    Campaign {
        label: String,
        stations: [usize; 2],
        opens: [usize; 2],
        within_s: [f64; 2],
    },
    /// The station loses power; breakers trip; a standby takes over; work on the station; a new station; a cable is out.
    Reboot {
        for_s: [f64; 2],
    },
    Trips {},
    /// The drives of the station's breakers are dead, or alive again.
    Jam {
        on: bool,
    },
    /// A breaker that operators move is moved on site.
    Moves {
        close: bool,
    },
    Failover {},
    Maintain {},
    Added {},
    Flap {
        for_s: [f64; 2],
    },
    /// The master's process ends and starts again; what follows is done at once.
    Kill {
        for_s: [f64; 2],
    },
    /// The capture loses a share of all frames for a while.
    Lose {
        share: f64,
        for_s: [f64; 2],
    },
}

const fn once() -> [u32; 2] {
    [1, 1]
}

const fn pause() -> [f64; 2] {
    [0.3, 2.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_parses_and_those_that_a_new_host_gives_away_are_done_by_the_master_too() {
        let all = all().unwrap();
        for scenario in &all {
            let by = |actor| scenario.variant.iter().any(|variant| variant.actor == actor);
            assert!(!by(Actor::Stranger) || by(Actor::Master), "{}", scenario.id);
        }
        let ids = (1..=32).chain([36, 37, 38, 39]).map(|nth| format!("S{nth}"));
        for id in ids.chain((1..=8).map(|nth| format!("B{nth}"))) {
            assert!(all.iter().any(|scenario| scenario.id == id), "{id} is missing");
        }
    }

    #[test]
    fn what_is_wrong_in_a_file_of_scenarios_is_said_with_its_line() {
        let text = "[[scenario]]\nid = \"X\"\ntitle = \"x\"\nspeaks = \"modbus\"\nvariants = []\n";
        let error = parse("own.toml", text).unwrap_err().to_string();
        assert!(error.starts_with("own.toml:") && error.contains("variants"), "{error}");
    }
}
