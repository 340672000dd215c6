//! `cargo xtask evaluate`: what the monitor finds, how fast, and how often it cries wolf.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::process::{cargo, step};

/// Measure what the monitor finds on simulated sites, or score it on captures that other people labelled
///
/// Without a capture: three sites learn a simulated week, are judged over another, and every scenario is played on each of
/// them for each seed. With --captures and --labels: a label is a line of six fields with tabs between: the capture's path, the unit (frames, epoch, conn_first_frame or
/// edit), from, to, the class (attack or benign) and what was done. It counts as shown where an anomaly above low has its
/// evidence there, or happened there between its hosts; as covered where one incident about the same device shows
/// another of its kind. What is told above low outside every attack is false: how many a day, with the exact Poisson
/// interval.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Hours in place of weeks, one seed, one site: for a first look
    #[arg(long, conflicts_with = "captures")]
    quick: bool,
    /// How many seeds [default: 3]
    #[arg(long, value_name = "COUNT", conflicts_with = "captures")]
    seeds: Option<u64>,
    /// The first seed [default: 1]
    #[arg(long, value_name = "SEED", conflicts_with = "captures")]
    first_seed: Option<u64>,
    /// Only these sites: plant, utility, substation
    #[arg(long, value_name = "SITE", conflicts_with = "captures")]
    only_site: Vec<String>,
    /// Only these scenarios: S1, B3, …
    #[arg(long, value_name = "ID", conflicts_with = "captures")]
    scenario: Vec<String>,
    /// Scenarios of a file in place of the lab's (their language is that of crates/lab/simulated)
    #[arg(long, value_name = "FILE", conflicts_with = "captures")]
    scenarios: Option<PathBuf>,
    /// The methods of the literature learn and judge the same traffic: a table beside ours, as published and at one false
    /// incident a day; with Suricata's rules, where suricata is installed. Without --learn they learn from a capture until
    /// its first attack
    #[arg(long)]
    methods: bool,
    /// Where results are kept, line by line: what is there already is not done again
    #[arg(long, value_name = "FILE", conflicts_with = "captures")]
    results: Option<PathBuf>,
    /// The folder in which the captures' paths begin
    #[arg(long, value_name = "DIR", requires = "labels")]
    captures: Option<PathBuf>,
    /// The labels
    #[arg(long, value_name = "FILE", requires = "captures")]
    labels: Option<PathBuf>,
    /// A capture to learn from first, as `gridtap learn` does [default: learn from each while judging it]
    #[arg(long, value_name = "FILE", requires = "captures")]
    learn: Vec<PathBuf>,
    /// A capture in which nothing happens that must be told
    #[arg(long, value_name = "FILE", requires = "captures")]
    normal: Vec<PathBuf>,
    /// The site file
    #[arg(long, value_name = "FILE", requires = "captures")]
    site: Option<PathBuf>,
    /// The length of the baseline's blocks [default: a sixtieth of what is learned from, 10s to 1h]
    #[arg(long, value_name = "SPAN", requires = "captures")]
    block: Option<String>,
    /// Lines of JSON: each label, each false incident, each capture
    #[arg(long)]
    json: bool,
    /// Write each message in IPAL's words here, with `malicious`, `ids` and `alerts`, for ipal-evaluate, and the attacks to
    /// FILE.attacks.json
    #[arg(long, value_name = "FILE", requires = "captures")]
    ipal: Option<PathBuf>,
}

fn lab() -> Command {
    let mut lab = cargo();
    lab.args(["run", "--quiet", "--locked", "--profile", "evaluate", "--package", "gridtap-lab"]);
    lab
}

fn measure(arguments: &Arguments) -> Result<()> {
    let here = std::env::current_dir()?;
    let mut lab = lab();
    lab.args(["--", "measure"]);
    for (flag, is_set) in
        [("--quick", arguments.quick), ("--methods", arguments.methods), ("--json", arguments.json)]
    {
        if is_set {
            lab.arg(flag);
        }
    }
    for (option, count) in [("--seeds", arguments.seeds), ("--first-seed", arguments.first_seed)] {
        if let Some(count) = count {
            lab.arg(option).arg(count.to_string());
        }
    }
    for (option, names) in [("--site", &arguments.only_site), ("--scenario", &arguments.scenario)] {
        names.iter().for_each(|name| _ = lab.arg(option).arg(name));
    }
    for (option, file) in [("--scenarios", &arguments.scenarios), ("--results", &arguments.results)]
    {
        if let Some(file) = file {
            lab.arg(option).arg(here.join(file));
        }
    }
    step("cargo run --package gridtap-lab", &mut lab)
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let (Some(captures), Some(labels)) = (&arguments.captures, &arguments.labels) else {
        return measure(arguments);
    };
    let here = std::env::current_dir()?;
    let mut lab = lab();
    lab.args(["--", "score", "--captures"]).arg(here.join(captures));
    lab.arg("--labels").arg(here.join(labels));
    for (option, files) in [("--learn", &arguments.learn), ("--normal", &arguments.normal)] {
        for file in files {
            // One that is not here is looked for below the captures.
            let own = here.join(file);
            lab.arg(option).arg(if own.is_file() { own } else { file.clone() });
        }
    }
    for (option, file) in [("--site", &arguments.site), ("--ipal", &arguments.ipal)] {
        if let Some(file) = file {
            lab.arg(option).arg(here.join(file));
        }
    }
    if let Some(block) = &arguments.block {
        lab.arg("--block").arg(block);
    }
    for (flag, is_set) in [("--methods", arguments.methods), ("--json", arguments.json)] {
        if is_set {
            lab.arg(flag);
        }
    }
    step("cargo run --package gridtap-lab", &mut lab)
}
