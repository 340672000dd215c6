//! The command line, as `--help` and the manual tell it.

mod anomalies;
mod baseline;
mod commands;
mod upkeep;
mod webhook;
mod windows;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gridtap_model::Severity;

use crate::failure::Failure;
use crate::feed::Inputs;
use crate::settings::Settings;

pub(crate) use anomalies::{Anomalies, Deed, List};
pub(crate) use baseline::Baseline;
pub(crate) use commands::Commands;
pub(crate) use upkeep::{Audit, CheckConfig, Database, octets};
pub(crate) use webhook::{Called, Only, Webhook};
pub(crate) use windows::{Add as AddWindow, Sort as WindowSort, Windows};

const EXAMPLES: &str = "\
Examples:
  Judge a capture with what it taught itself (blocks of ten seconds suit minutes of traffic):
    gridtap monitor --read substation.pcapng --set baseline.block=10s

  Learn a quiet week once, then judge a day against it, and fail a job on what is bad:
    gridtap learn week/ --state /var/lib/gridtap
    gridtap monitor --read today.pcap.gz --state /var/lib/gridtap --fail-on high

  See what was learned, and allow one thing that is right:
    gridtap baseline show --state /var/lib/gridtap
    gridtap baseline accept KEY --reason 'switching plan 17' --until 30d --state /var/lib/gridtap

  See what is open, and take one on:
    gridtap anomalies list --open --state /var/lib/gridtap
    gridtap anomalies acknowledge 6f0c0102 --comment 'calling the substation' --state /var/lib/gridtap

  Every message as a line of JSON:
    gridtap decode substation.pcapng | jq 'select(.modbus.function == 5)'

Exit codes: 0 done, 1 failure, 2 usage, 3 configuration, 4 capture or permission, 5 state,
10 anomalies found (--fail-on), 130 or 143 stopped by a signal after storing what was found.";

const STATES: &str = "\
An anomaly is unacknowledged-active until somebody acknowledges it (acknowledged-active). When its condition is \
over it is unacknowledged-cleared (it stays to be looked at) or cleared. Once acknowledged it can be closed, with \
what it turned out to be: closed is final. Shelved ones are out of sight for at most 12 h.

Ids can be shortened to their first eight characters. Every action, also a refused one, is in the audit log with \
who, when and why.";

/// A passive monitor for power-grid control networks.
///
/// gridtap reads what a switch's mirror port or a capture file holds, decodes every control message, learns
/// what is normal, and says in plain words which command is not. It never sends a packet.
#[derive(Debug, Parser)]
#[command(name = "gridtap", version, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub shared: Shared,
    #[command(subcommand)]
    pub command: Command,
}

/// How the log on standard error is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// A line of JSON for each entry
    Json,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Shared {
    /// Read settings from a TOML file and from conf.d/*.toml beside it; may be given more than once, later ones win
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = "General",
        env = "GRIDTAP_CONFIG"
    )]
    pub config: Vec<PathBuf>,
    /// Set one setting, such as baseline.block=10s; wins over files and GRIDTAP_BASELINE__BLOCK
    #[arg(long = "set", value_name = "KEY=VALUE", global = true, help_heading = "General")]
    pub set: Vec<String>,
    /// Read names, zones, declared devices and points of the site from a TOML file
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = "General",
        env = "GRIDTAP_SITE"
    )]
    pub site: Option<PathBuf>,
    /// When to use colours; NO_COLOR is honoured
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        help_heading = "General",
        default_value = "auto"
    )]
    pub color: Color,
    /// How the log on standard error is written
    #[arg(
        long,
        value_name = "FORMAT",
        global = true,
        help_heading = "General",
        env = "GRIDTAP_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
    /// Say more about what is being done (on standard error); twice for more
    #[arg(short, long, global = true, help_heading = "General", action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true, help_heading = "General", conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print every protocol message in captures as a line of JSON
    Decode(Decode),
    /// Learn what is normal from captures
    Learn(Learn),
    /// Judge traffic against what is normal, and learn on
    Monitor(Monitor),
    /// List the interfaces of this machine, and how busy each is
    Interfaces {
        /// Print a line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Look at what was learned, and decide about it
    Baseline {
        #[command(subcommand)]
        command: Baseline,
    },
    /// Look at anomalies, and act on them
    #[command(after_help = STATES)]
    Anomalies {
        #[command(subcommand)]
        command: Anomalies,
    },
    /// Every command that was heard, expected or not: who, what, when, and what came of it
    Commands(Commands),
    /// Planned work: what is declared, declaring it, ending it
    Windows {
        #[command(subcommand)]
        command: Windows,
    },
    /// Who is told by web hooks: try an endpoint, see what waits, send again
    Webhook {
        #[command(subcommand)]
        command: Webhook,
    },
    /// Who did what with this state, sealed row by row
    Audit {
        #[command(subcommand)]
        command: Audit,
    },
    /// Check, copy and prune the database of a state
    Db {
        #[command(subcommand)]
        command: Database,
    },
    /// Check settings without starting anything
    CheckConfig(CheckConfig),
    /// Make the hash of a password, for an [[api.user]] of the configuration
    ///
    /// Asks for the password twice and does not show it; where standard input is no terminal, its first line is the
    /// password. The hash is printed alone, so that it can be written to a file.
    HashPassword,
    /// Print the manual page
    Man {
        /// Write one page a command into this directory instead
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Print every protocol message in captures as a line of JSON.
///
/// One line a message, plus one a stretch that could not be decoded, on standard output. A damaged capture
/// yields everything before the damage, then one sentence on standard error and exit code 4.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gridtap decode substation.pcapng | jq -c 'select(.modbus.kind == \"exception\")'
  gridtap decode --protocol dnp3 rtu.pcap | jq '.dnp3.application.objects[]?.points[]? | select(.trip_close)'
  tcpdump -r big.pcap -w - host 10.0.0.21 | gridtap decode -")]
pub(crate) struct Decode {
    /// Captures (pcap or pcapng, plain, gzip or zstd), directories of them, or - for standard input
    #[arg(value_name = "FILE", required_unless_present_any = ["interface", "follow"])]
    pub files: Vec<PathBuf>,
    /// Decode what this interface of this machine hears, and others, until stopped; needs CAP_NET_RAW
    #[arg(short, long, value_name = "NAME", conflicts_with = "files")]
    pub interface: Vec<String>,
    /// Decode captures that rotate in this directory as they are written, and in others, until stopped
    #[arg(long, value_name = "DIR", conflicts_with_all = ["files", "interface"])]
    pub follow: Vec<PathBuf>,
    /// Only messages of these protocols
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_values = ["modbus", "dnp3"])]
    pub protocol: Vec<Protocol>,
}

impl Decode {
    /// What is decoded.
    pub(crate) fn inputs(&self) -> Inputs {
        Inputs::of(&self.files, &self.interface, &self.follow)
    }
}

/// A protocol that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Modbus over TCP, UDP, and RTU frames over either
    Modbus,
    /// DNP3 over TCP and UDP
    Dnp3,
}

impl Protocol {
    /// The same in the shared vocabulary.
    pub(crate) const fn meant(self) -> gridtap_model::Protocol {
        match self {
            Self::Modbus => gridtap_model::Protocol::Modbus,
            Self::Dnp3 => gridtap_model::Protocol::Dnp3,
        }
    }

    /// The name in sentences.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Modbus => "Modbus",
            Self::Dnp3 => "DNP3",
        }
    }
}

/// Learn what is normal from captures.
///
/// What was learned is added to the state when all captures were read, whole or not at all; a capture that was
/// learned before is left out. Commands that were learned wait in the ledger for a sign-off.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gridtap learn week/*.pcap.gz --state /var/lib/gridtap
  gridtap learn minutes.pcap --state ./state --set baseline.block=10s")]
pub(crate) struct Learn {
    /// Captures (pcap or pcapng, plain, gzip or zstd), directories of them, or - for standard input
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    #[command(flatten)]
    pub state: State,
    /// Learn a capture again that was learned before
    #[arg(long)]
    pub again: bool,
    /// Print what is known afterwards as JSON
    #[arg(long)]
    pub json: bool,
}

/// Judge traffic against what is normal, and learn on.
///
/// Without a state, gridtap learns and judges in one pass: the first blocks teach, what follows is judged. As
/// long as the baseline has not armed it says so, and silence is not a result. With --json each anomaly is a
/// line when it opens and when it changes; without, a table of incidents comes at the end. What is printed was
/// stored first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gridtap monitor --read substation.pcapng --set baseline.block=10s
  gridtap monitor --read today/ --state /var/lib/gridtap --json --fail-on high
  gridtap monitor --read incident.pcap --pace 1        (as it happened, second by second)
  gridtap monitor --follow /var/captures --state /var/lib/gridtap --json
  tcpdump -i eth1 -U -w - | gridtap monitor --serve --read - --config /etc/gridtap/gridtap.toml")]
pub(crate) struct Monitor {
    /// Captures (pcap or pcapng, plain, gzip or zstd), directories of them, or - for standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub read: Vec<PathBuf>,
    /// Hear this interface of this machine as it comes, and others (see gridtap interfaces); needs CAP_NET_RAW
    #[arg(short, long, value_name = "NAME", conflicts_with_all = ["read", "pace"])]
    pub interface: Vec<String>,
    /// Hear captures that rotate in this directory as they are written (tcpdump -G, dumpcap -b, rsync), and in others;
    /// what is there already comes first
    #[arg(long, value_name = "DIR", conflicts_with_all = ["read", "interface", "pace"])]
    pub follow: Vec<PathBuf>,
    /// Hear until stopped, as a service that operators act on (service.enabled in the settings is the same)
    #[arg(long)]
    pub serve: bool,
    /// Keep what is learned and found in this directory; without it, in memory
    #[arg(long, value_name = "DIR", env = "GRIDTAP_STATE")]
    pub state: Option<PathBuf>,
    /// Print anomalies as lines of JSON
    #[arg(long)]
    pub json: bool,
    /// End with exit code 10 when an anomaly at least this severe was found
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    pub fail_on: Option<Severity>,
    /// Read at this multiple of the packets' own pace (1: as it happened); without it, at full speed
    #[arg(long, value_name = "FACTOR", value_parser = factor)]
    pub pace: Option<f64>,
    /// Planned work of this run: a file of [[window]] tables, or the keys of one; may be given more than once
    #[arg(long, value_name = "FILE|KEYS", conflicts_with = "serve")]
    pub window: Vec<String>,
    /// Write counts of what was heard to this file at the end, as JSON
    #[arg(long, value_name = "FILE")]
    pub summary: Option<PathBuf>,
}

impl Monitor {
    /// What is heard: named here, or else in the settings of the service.
    pub(crate) fn inputs(&self, settings: &Settings) -> Result<Inputs, Failure> {
        let service = &settings.service;
        if !self.read.is_empty() || !self.interface.is_empty() || !self.follow.is_empty() {
            return Ok(Inputs::of(&self.read, &self.interface, &self.follow));
        }
        let named = [
            ("service.read", service.read.is_empty()),
            ("service.interfaces", service.interfaces.is_empty()),
            ("service.follow", service.follow.is_empty()),
        ];
        let mut named = named.into_iter().filter_map(|(key, is_empty)| (!is_empty).then_some(key));
        match (named.next(), named.next()) {
            (None, _) => Err(Failure::usage(
                "nothing to hear: name an interface with --interface or service.interfaces, captures with --read (- for standard input) or service.read, or a directory with --follow or service.follow",
            )),
            (Some(one), Some(other)) => Err(Failure::configuration(format_args!(
                "{one} and {other} are both set: a sensor hears captures, interfaces or directories that it follows, leave one out",
            ))),
            _ => Ok(Inputs::of(&service.read, &service.interfaces, &service.follow)),
        }
    }
}

/// Where the state is.
#[derive(Debug, Args)]
pub(crate) struct State {
    /// The directory with the state
    #[arg(long = "state", value_name = "DIR", env = "GRIDTAP_STATE")]
    pub directory: PathBuf,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::ALL.into_iter().find(|severity| severity.name() == text).ok_or_else(|| {
        let names = Severity::ALL.map(Severity::name);
        format!("a severity is one of {}", names.join(", "))
    })
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor.is_finite() && factor > 0.0 => Ok(factor),
        _ => Err("a pace is a number above 0: 1 as it happened, 10 ten times as fast".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_severity_or_pace_that_is_none_is_refused_with_what_would_be_right() {
        assert_eq!(severity("high"), Ok(Severity::High));
        assert!(severity("loud").unwrap_err().contains("critical"));
        assert_eq!(factor("2.5"), Ok(2.5));
        for text in ["0", "-1", "nan", "inf", "fast"] {
            assert!(factor(text).is_err(), "{text}");
        }
    }
}
