//! Scenarios as data: who does what to which device, and what a monitor must say of it. See `scenarios/dnp3/*.toml`.

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::scenario::{Expect, Listed};

/// The scenarios that come with the lab.
const TEXTS: [(&str, &str); 19] = [
    ("s17.toml", include_str!("../../scenarios/dnp3/s17.toml")),
    ("s18.toml", include_str!("../../scenarios/dnp3/s18.toml")),
    ("s19.toml", include_str!("../../scenarios/dnp3/s19.toml")),
    ("s20.toml", include_str!("../../scenarios/dnp3/s20.toml")),
    ("s21.toml", include_str!("../../scenarios/dnp3/s21.toml")),
    ("s22.toml", include_str!("../../scenarios/dnp3/s22.toml")),
    ("s23.toml", include_str!("../../scenarios/dnp3/s23.toml")),
    ("s24.toml", include_str!("../../scenarios/dnp3/s24.toml")),
    ("s25.toml", include_str!("../../scenarios/dnp3/s25.toml")),
    ("s26.toml", include_str!("../../scenarios/dnp3/s26.toml")),
    ("s27.toml", include_str!("../../scenarios/dnp3/s27.toml")),
    ("s28.toml", include_str!("../../scenarios/dnp3/s28.toml")),
    ("s29.toml", include_str!("../../scenarios/dnp3/s29.toml")),
    ("s30.toml", include_str!("../../scenarios/dnp3/s30.toml")),
    ("s31.toml", include_str!("../../scenarios/dnp3/s31.toml")),
    ("s32.toml", include_str!("../../scenarios/dnp3/s32.toml")),
    ("f1.toml", include_str!("../../scenarios/dnp3/f1.toml")),
    ("b1.toml", include_str!("../../scenarios/dnp3/b1.toml")),
    ("b3.toml", include_str!("../../scenarios/dnp3/b3.toml")),
];

/// Those that are played on the line behind a serial server.
const LINE_TEXTS: [(&str, &str); 3] = [
    ("line-normal.toml", include_str!("../../scenarios/dnp3/line-normal.toml")),
    ("line-s17.toml", include_str!("../../scenarios/dnp3/line-s17.toml")),
    ("line-s19.toml", include_str!("../../scenarios/dnp3/line-s19.toml")),
];

/// All scenarios that come with the lab, but those of a line.
///
/// # Errors
/// One of them does not parse.
pub fn all() -> Result<Vec<Scenario>> {
    parsed(&TEXTS)
}

/// The scenarios of a line behind a serial server.
///
/// # Errors
/// One of them does not parse.
pub fn of_line() -> Result<Vec<Scenario>> {
    parsed(&LINE_TEXTS)
}

fn parsed(texts: &[(&str, &str)]) -> Result<Vec<Scenario>> {
    texts
        .iter()
        .map(|(file, text)| toml::from_str(text).with_context(|| format!("scenario dnp3/{file}")))
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

/// A scenario done by one kind of actor in one way.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Tells the variants of a scenario apart.
    pub name: String,
    /// Who does it.
    pub actor: Actor,
    /// To what.
    pub among: Among,
    /// What is done, instead of the scenario's steps.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What must be said.
    #[serde(default)]
    pub expect: Vec<Expect>,
    /// What else may be said above low: it follows from what is done.
    #[serde(default)]
    pub listed: Vec<Listed>,
    /// Why nobody can say it yet; the capture is not judged then.
    #[serde(default)]
    pub awaits: Option<String>,
}

impl Variant {
    /// Its own steps, or the scenario's.
    #[must_use]
    pub fn steps<'a>(&'a self, scenario: &'a Scenario) -> &'a [Step] {
        if self.steps.is_empty() { &scenario.steps } else { &self.steps }
    }
}

/// Who takes the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// A host that was never heard before, with a link address that was never heard before.
    Stranger,
    /// A host that was never heard before, with the link address of the front end.
    Masquerade,
    /// The master that polls and commands.
    FrontEnd,
    /// The second master.
    SecondMaster,
    /// An outstation, towards the front end, on the connection that it has with it.
    Outstation,
    /// Nobody: something happens to the target.
    Nobody,
}

/// What the target is chosen from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Among {
    /// Devices that stand alone behind their address and whose commands are not challenged.
    Single,
    /// Devices behind the gateway.
    Gateway,
    /// Any device whose commands are not challenged.
    Open,
    /// Devices with a breaker that both masters command.
    Shared,
    /// The device whose commands are challenged.
    Challenged,
}

/// Which point is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// The target's breaker: the actor commands it in normal operation, always after a selection.
    #[default]
    Breaker,
    /// A relay that is commanded directly in normal operation.
    Relay,
}

/// What a message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carried {
    /// The breaker's usual control block.
    Control,
    /// The breaker's control block with another code and on-time.
    OtherControl,
    /// The three event classes.
    EventClasses,
    /// All four classes.
    AllClasses,
    /// The restart indication, cleared.
    RestartCleared,
    /// A time an hour ahead.
    TimeAhead,
    /// All counters.
    Counters,
    /// Class 0, and all analog inputs to be in it.
    AnalogsInClass0,
    /// An event of a breaker that did not move.
    BreakerEvent,
    /// The same, with the mark that the value was put in by hand.
    ForcedEvent,
}

/// How a message is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The length field is too small for a header.
    ShortLength,
    /// The checksum of the header is wrong.
    HeaderChecksum,
    /// The checksum of a block is wrong.
    BlockChecksum,
    /// A first segment follows a first segment that had no end.
    FirstAfterFirst,
    /// A segment is left out.
    SegmentGap,
    /// A range ends before it starts.
    RangeBackwards,
    /// A count of 4,294,967,295 objects, and none.
    CountMax,
}

/// A step. Orders go to the actor's own running peer, or to one that a stranger starts; what is `sent` goes out on a
/// connection of the lab's own from the actor's host.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Order: a point is operated.
    Operate {
        /// What its messages are called in an expectation.
        label: String,
        /// Which point.
        #[serde(default)]
        aim: Aim,
        /// It is selected first.
        select: bool,
        /// How often the block says, instead of the usual.
        #[serde(default)]
        count: Option<u8>,
        /// The on-time it says, in milliseconds, instead of the usual.
        #[serde(default)]
        on_ms: Option<u32>,
    },
    /// Order: a request with any function.
    Order {
        /// What it is called in an expectation.
        label: String,
        /// The function.
        function: u8,
        /// What it carries.
        #[serde(default)]
        carries: Vec<Carried>,
        /// Someone else gives it.
        #[serde(default)]
        by: Option<Actor>,
    },
    /// Order: counters are frozen.
    Freeze {
        /// What it is called in an expectation.
        label: String,
        /// How, in the peer's words.
        kind: String,
        /// The function that does it.
        function: u8,
    },
    /// Order: a restart.
    Restart {
        /// What it is called in an expectation.
        label: String,
        /// `cold` or `warm`.
        kind: String,
    },
    /// Order: analog deadbands are widened.
    Deadbands {
        /// What it is called in an expectation.
        label: String,
        /// To what.
        value: f64,
    },
    /// Order: the station's file is fetched.
    FetchFile {
        /// What it is called in an expectation.
        label: String,
    },
    /// Sent: a request.
    Send {
        /// What it is called in an expectation.
        label: String,
        /// The function.
        function: u8,
        /// What it carries.
        #[serde(default)]
        carries: Vec<Carried>,
        /// To this link address instead of the target's.
        #[serde(default)]
        to: Option<u16>,
        /// So many application sequence numbers are left out before it.
        #[serde(default)]
        skip: u8,
    },
    /// Sent: every binary output is selected, there or not.
    SelectAll {
        /// What the messages are called in an expectation.
        label: String,
        /// From and to.
        indices: [u16; 2],
    },
    /// Sent: requests without waiting for any answer.
    Flood {
        /// What the messages are called in an expectation.
        label: String,
        /// The function.
        function: u8,
        /// What each carries.
        carries: Vec<Carried>,
        /// How many TCP segments.
        segments: u16,
        /// How many link frames in each.
        frames: u16,
    },
    /// Sent: something malformed.
    Malformed {
        /// What it is called in an expectation.
        label: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The outstation says something of its own accord, on the connection that it has with the front end.
    Forge {
        /// What it is called in an expectation.
        label: String,
        /// The function: 130, or one that only a master may send.
        function: u8,
        /// What it carries.
        carries: Vec<Carried>,
    },
    /// The outstation challenges nothing any more.
    StopChallenging,
    /// Lets time pass.
    Wait {
        /// From and to, in milliseconds.
        ms: [u64; 2],
    },
    /// Waits until a selection no longer holds.
    OutliveSelection,
    /// Cuts the target's power and gives it back.
    PowerCycle {
        /// How long it is gone, from and to, in milliseconds.
        dark_ms: [u64; 2],
        /// How long it refuses connections before it serves, from and to, in milliseconds.
        boot_ms: [u64; 2],
    },
    /// The target closes its connection with the front end, which comes back.
    Reconnect,
    /// The operator switches so many breakers one after the other, as planned work does.
    Plan {
        /// How many.
        breakers: usize,
        /// How long between them, from and to, in milliseconds.
        pause_ms: [u64; 2],
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_parses_and_every_expectation_is_about_a_step() {
        for scenario in all().unwrap().into_iter().chain(of_line().unwrap()) {
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
}
