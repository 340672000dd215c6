//! Plays the virtual substation from the command line.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use gridtap_lab::dnp3;
use gridtap_lab::dnp3::scenario::{all, of_line};
use gridtap_lab::evaluate::evaluate;
use gridtap_lab::fixtures::{self, LINE, LINE_SEEDS, SEEDS};
use gridtap_lab::judge::{Said, judge};
use gridtap_lab::site::Site;

/// A virtual substation: plays scenarios between real Modbus or DNP3 peers, captures them, tells their truth.
///
/// It needs root (or CAP_SYS_ADMIN and CAP_NET_ADMIN), ip, ethtool, tcpdump and tshark; for DNP3 also Python with the
/// packages of crates/lab/peers/requirements.txt, which GRIDTAP_LAB_PYTHON names. The networks it makes are its own
/// and end with it.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Play the scenarios of one seed into a folder: about four minutes
    Play {
        /// Draws the site and everything random in the plays
        #[arg(long)]
        seed: u64,
        /// Where the captures and truths go
        #[arg(long)]
        out: PathBuf,
        /// Only these scenarios (S1, …), else all
        #[arg(long)]
        scenario: Vec<String>,
        /// The site that speaks DNP3, else the one that speaks Modbus
        #[arg(long)]
        dnp3: bool,
        /// The site that speaks DNP3 over a line behind a serial server
        #[arg(long, conflicts_with = "dnp3")]
        line: bool,
    },
    /// Play the demonstration of the README
    Demo {
        /// Where demo.pcapng and its truth go
        #[arg(long)]
        out: PathBuf,
    },
    /// Make the repository's fixtures anew
    Fixtures {
        /// The folder of the fixtures
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"))]
        out: PathBuf,
        /// Only the captures of these
        #[arg(long, value_enum, value_delimiter = ',', default_values = ["demo", "modbus", "dnp3", "dnp3-line"])]
        only: Vec<Part>,
    },
    /// Write SOURCES.md anew from the captures and truths that are there
    Sources {
        /// The folder of the fixtures
        #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"))]
        out: PathBuf,
    },
    /// Print a site as data
    Site {
        /// Draws the site
        #[arg(long)]
        seed: u64,
    },
    /// Read the captures of a folder through the monitor's pipeline and hold what it says against their truths
    Evaluate {
        /// Holds captures and truths
        folder: PathBuf,
        /// Only captures whose name begins so
        #[arg(long, default_value = "")]
        only: String,
    },
    /// Hold the lines of `gridtap monitor --json`, from standard input, against a truth
    Judge {
        /// The truth of the capture
        truth: PathBuf,
    },
}

/// A part of the fixtures.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Demo,
    Modbus,
    Dnp3,
    Dnp3Line,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Play { seed, out, scenario, dnp3: true, .. } => {
            dnp3::fixtures::scenarios(&dnp3::site::Site::draw(seed), all()?, &scenario, &out)
        }
        Task::Play { seed, out, scenario, line: true, .. } => {
            let site = dnp3::site::Site::draw_line(seed);
            dnp3::fixtures::scenarios(&site, of_line()?, &scenario, &out)
        }
        Task::Play { seed, out, scenario, .. } => fixtures::scenarios(seed, &scenario, &out),
        Task::Demo { out } => fixtures::demo(&out),
        Task::Fixtures { out, only } => make(&out, &only),
        Task::Sources { out } => fixtures::sources(&out),
        Task::Site { seed } => say(&toml::to_string(&Site::draw(seed))?),
        Task::Evaluate { folder, only } => evaluate_all(&folder, &only),
        Task::Judge { truth } => hold(&truth),
    }
}

fn make(out: &Path, only: &[Part]) -> Result<()> {
    for (part, name) in [(Part::Modbus, "modbus"), (Part::Dnp3, "dnp3"), (Part::Dnp3Line, LINE)] {
        let old = out.join(name);
        if only.contains(&part) && old.is_dir() {
            std::fs::remove_dir_all(old)?;
        }
    }
    std::thread::scope(|scope| {
        let mut plays = Vec::new();
        if only.contains(&Part::Demo) {
            plays.push(scope.spawn(|| fixtures::demo(out)));
        }
        for seed in SEEDS {
            if only.contains(&Part::Modbus) {
                plays
                    .push(scope.spawn(move || fixtures::scenarios(seed, &[], &out.join("modbus"))));
            }
        }
        fixtures::together(plays)
    })?;
    // A play with DNP3 has a process for every host: the seeds take their turns.
    for seed in SEEDS {
        if only.contains(&Part::Dnp3) {
            let site = dnp3::site::Site::draw(seed);
            dnp3::fixtures::scenarios(&site, all()?, &[], &out.join("dnp3"))?;
        }
    }
    for seed in LINE_SEEDS {
        if only.contains(&Part::Dnp3Line) {
            let site = dnp3::site::Site::draw_line(seed);
            dnp3::fixtures::scenarios(&site, of_line()?, &[], &out.join(LINE))?;
        }
    }
    fixtures::sources(out)
}

fn evaluate_all(folder: &Path, only: &str) -> Result<()> {
    let (mut right, mut all) = (0_usize, 0_usize);
    for (file, truth) in fixtures::truths(folder)? {
        if !truth.capture.starts_with(only) {
            continue;
        }
        let judgement = evaluate(folder, &truth)?;
        if let Some(reason) = truth.awaits() {
            say(&format!("waits {}: {reason}", file.display()))?;
            continue;
        }
        all = all.saturating_add(1);
        right = right.saturating_add(usize::from(judgement.right()));
        let verdict = if judgement.right() { "right" } else { "WRONG" };
        let incidents = judgement.incidents();
        let anomalies = judgement.wrong.len().saturating_add(judgement.listed.len());
        let above = format!("above low: {anomalies} anomalies in {incidents} incidents");
        say(&format!("{verdict} {}: {above}", file.display()))?;
        for line in judgement.lines() {
            say(&format!("      {line}"))?;
        }
    }
    say(&format!("{right} of {all} as their truth says"))?;
    ensure!(right == all, "not all are as their truth says");
    Ok(())
}

fn hold(truth: &Path) -> Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let said: Vec<Said> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
        .collect::<Result<_>>()?;
    let judgement = judge(&fixtures::truth(truth)?, &said);
    for line in judgement.lines() {
        say(&line)?;
    }
    ensure!(judgement.right(), "not as the truth says");
    Ok(())
}

fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
