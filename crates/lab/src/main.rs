//! Plays the virtual substation from the command line.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use gridtap_lab::dnp3;
use gridtap_lab::dnp3::scenario::{all, of_line};
use gridtap_lab::evaluate::evaluate;
use gridtap_lab::fixtures::{self, LINE, LINE_SEEDS, SEEDS};
use gridtap_lab::judge::{Said, judge};
use gridtap_lab::score;
use gridtap_lab::sim;
use gridtap_lab::site::Site;
use gridtap_model::Span;

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
    /// Score what the monitor says of captures that other people labelled
    Score(Score),
    /// Measure what is found on the simulated sites, and how often wolf is cried
    Measure(Measure),
    /// Write some hours of a simulated site as a pcap
    Simulate {
        /// Which site: plant, utility or substation
        #[arg(long)]
        site: String,
        /// Draws the site and everything that happens
        #[arg(long)]
        seed: u64,
        /// How many hours, from a Monday's midnight on
        #[arg(long, default_value_t = 1)]
        hours: u16,
        /// Where the pcap goes
        #[arg(long)]
        out: PathBuf,
    },
    /// Hold the lines of `gridtap monitor --json`, from standard input, against a truth
    Judge {
        /// The truth of the capture
        truth: PathBuf,
    },
}

/// What is to be scored: `cargo xtask evaluate --help` says it at length.
#[derive(clap::Args)]
struct Score {
    /// The folder in which the paths of the labels begin
    #[arg(long)]
    captures: PathBuf,
    /// The labels, a line each
    #[arg(long)]
    labels: PathBuf,
    /// A capture to learn from first
    #[arg(long)]
    learn: Vec<PathBuf>,
    /// A capture in which nothing happens that must be told
    #[arg(long)]
    normal: Vec<PathBuf>,
    /// The site file
    #[arg(long)]
    site: Option<PathBuf>,
    /// The length of the baseline's blocks
    #[arg(long)]
    block: Option<Span>,
    /// The methods of the literature beside ours
    #[arg(long)]
    methods: bool,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
    /// Where lines for ipal-evaluate go
    #[arg(long)]
    ipal: Option<PathBuf>,
}

/// What is to be measured: `cargo xtask evaluate --help` says it at length.
#[derive(clap::Args)]
struct Measure {
    /// Only these sites
    #[arg(long)]
    site: Vec<String>,
    /// How many seeds
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// Only these scenarios
    #[arg(long)]
    scenario: Vec<String>,
    /// Scenarios of a file in place of the lab's
    #[arg(long)]
    scenarios: Option<PathBuf>,
    /// Hours in place of weeks
    #[arg(long)]
    quick: bool,
    /// The methods of the literature beside ours
    #[arg(long)]
    methods: bool,
    /// Where results are kept, and taken from
    #[arg(long)]
    results: Option<PathBuf>,
    /// Lines of JSON
    #[arg(long)]
    json: bool,
}

/// A part of the fixtures.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Demo,
    Modbus,
    Dnp3,
    Dnp3Line,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "gridtap-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
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
        Task::Score(arguments) => scored(arguments),
        Task::Measure(arguments) => measured(arguments),
        Task::Simulate { site, seed, hours, out } => simulate(&site, seed, hours, &out),
        Task::Judge { truth } => hold(&truth),
    }
}

fn kind(name: &str) -> Result<sim::spec::Kind> {
    let known = sim::spec::Kind::ALL;
    let own = known.into_iter().find(|kind| kind.name() == name);
    own.with_context(|| {
        format!("there is no site {name:?}; there are plant, utility and substation")
    })
}

fn simulate(site: &str, seed: u64, hours: u16, out: &Path) -> Result<()> {
    let mut world = sim::world::World::new(sim::spec::Site::draw(kind(site)?, seed), seed);
    world.plan_first_week();
    world.plan_second_week();
    let end = world.site.start + i64::from(hours) * sim::calendar::HOUR;
    let file =
        std::fs::File::create(out).with_context(|| format!("cannot write {}", out.display()))?;
    let mut file = std::io::BufWriter::new(file);
    sim::pcap::begin(&mut file)?;
    while let Some(frame) = world.next_before(end) {
        sim::pcap::frame(&mut file, &frame)?;
    }
    Ok(file.flush()?)
}

fn measured(arguments: Measure) -> Result<()> {
    let mut scenarios = match &arguments.scenarios {
        Some(file) => {
            let name = file.display().to_string();
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
            sim::script::parse(&name, &text)?
        }
        None => sim::script::all()?,
    };
    for id in &arguments.scenario {
        let known = || scenarios.iter().map(|own| own.id.as_str()).collect::<BTreeSet<_>>();
        ensure!(
            known().contains(id.as_str()),
            "there is no scenario {id:?}; there are {}",
            known().into_iter().collect::<Vec<_>>().join(", ")
        );
    }
    scenarios.retain(|own| arguments.scenario.is_empty() || arguments.scenario.contains(&own.id));
    let quick = arguments.quick;
    let mut sites: Vec<_> = arguments.site.iter().map(|name| kind(name)).collect::<Result<_>>()?;
    if sites.is_empty() {
        sites =
            if quick { vec![sim::spec::Kind::Substation] } else { sim::spec::Kind::ALL.to_vec() };
    }
    let options = sim::measure::Options {
        sites,
        seeds: if quick { 1 } else { arguments.seeds },
        first_seed: arguments.first_seed,
        scenarios,
        quick,
        methods: arguments.methods,
        results: arguments.results,
    };
    let records = sim::measure::measure(&options, &|line| {
        // A closed standard error leaves nobody to tell.
        let _ = writeln!(std::io::stderr(), "{line}");
    })?;
    if arguments.json {
        return records.iter().try_for_each(|own| say(&serde_json::to_string(own)?));
    }
    say(sim::measure::text(&records).trim_end())
}

fn scored(arguments: Score) -> Result<()> {
    let scored = score::score(&score::Options {
        captures: arguments.captures,
        labels: arguments.labels,
        learn: arguments.learn,
        normal: arguments.normal,
        site: arguments.site,
        block: arguments.block,
        messages: arguments.ipal.is_some(),
        methods: arguments.methods,
    })?;
    if let Some(file) = &arguments.ipal {
        score::write_ipal(&scored, file)?;
    }
    if !arguments.json {
        return say(score::text(&scored).trim_end());
    }
    score::json(&scored).iter().try_for_each(|line| say(&line.to_string()))
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
