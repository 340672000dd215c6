//! The command line of acting on anomalies.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use gridtap_model::{Severity, Span, State as Standing};
use gridtap_store::{Disposition, Sort};

use super::State;

#[derive(Debug, Subcommand)]
pub(crate) enum Anomalies {
    /// List anomalies, filtered and sorted
    #[command(after_help = "\
Examples:
  gridtap anomalies list --open --sort severity --state /var/lib/gridtap
  gridtap anomalies list --unacknowledged --severity high --since 12h --state /var/lib/gridtap
  gridtap anomalies list --device 'RTU 21 bay 3' --json --state /var/lib/gridtap | jq .observed")]
    List(Box<List>),
    /// Show one anomaly in full, with its history
    #[command(after_help = "\
Examples:
  gridtap anomalies show 6f0c0102 --state /var/lib/gridtap
  gridtap anomalies show 6f0c0102 --pcap evidence.pcapng --state /var/lib/gridtap")]
    Show {
        /// The anomaly, by its id or the first eight characters of it
        id: String,
        /// Write the frames that were kept of it to this file
        #[arg(long, value_name = "FILE")]
        pcap: Option<PathBuf>,
        /// As one object of JSON: record, history, evidence
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        state: State,
    },
    /// I have seen it and take it on
    #[command(after_help = "\
That somebody looked says nothing of what it was, and teaches the baseline nothing. An anomaly that becomes \
more severe, or comes back after it was over, wants to be acknowledged anew.

Examples:
  gridtap anomalies acknowledge 6f0c0102 --comment 'calling the substation' --state /var/lib/gridtap
  gridtap anomalies acknowledge --incident a41e77d0 --state /var/lib/gridtap")]
    Acknowledge {
        #[command(flatten)]
        deed: Deed,
    },
    /// Take an acknowledgement back
    Unacknowledge {
        #[command(flatten)]
        deed: Deed,
    },
    /// Put it out of sight for a while, at most 12 h; it comes back by itself
    #[command(after_help = "\
Examples:
  gridtap anomalies shelve 6f0c0102 --for 2h --comment 'relay test until noon' --state /var/lib/gridtap")]
    Shelve {
        #[command(flatten)]
        deed: Deed,
        /// For how long, such as 30m or 2h
        #[arg(long = "for", value_name = "TIME", required_unless_present = "until")]
        span: Option<Span>,
        /// Until when, such as 2027-01-31T06:00:00Z
        #[arg(long, value_name = "WHEN", conflicts_with = "span")]
        until: Option<String>,
    },
    /// Bring what was shelved back into sight before its time
    Unshelve {
        #[command(flatten)]
        deed: Deed,
    },
    /// Add a remark to its history
    Comment {
        #[command(flatten)]
        deed: Deed,
    },
    /// Be done with it: say what it was; it must have been acknowledged
    #[command(after_help = "\
Closed is final: the same found again opens a new anomaly. Closing teaches the baseline nothing either; for an \
expected change the command is printed that would make it normal.

Examples:
  gridtap anomalies close 6f0c0102 --as false_positive --state /var/lib/gridtap
  gridtap anomalies close 6f0c0102 --as expected_change --comment 'switching plan 17' --state /var/lib/gridtap")]
    Close {
        #[command(flatten)]
        deed: Deed,
        /// What it turned out to be
        #[arg(long = "as", value_name = "WHAT")]
        verdict: Verdict,
    },
}

/// Which anomalies, in which order.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those that are not closed
    #[arg(long, conflicts_with_all = ["unacknowledged", "states"])]
    pub open: bool,
    /// Only those that nobody has acknowledged
    #[arg(long, conflicts_with = "states")]
    pub unacknowledged: bool,
    /// Only those in one of these states: unacknowledged-active, acknowledged-active,
    /// unacknowledged-cleared, cleared, closed
    #[arg(long = "state-of", value_name = "STATE", value_delimiter = ',', value_parser = standing)]
    pub states: Vec<Standing>,
    /// Only those at least this severe: info, low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", value_parser = super::severity)]
    pub severity: Option<Severity>,
    /// Only those of this detection, such as MB-29
    #[arg(long, value_name = "ID")]
    pub detection: Option<String>,
    /// Only those about this device, by the name that anomalies have
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Only those by this host: an address, or address:port
    #[arg(long, value_name = "ADDRESS")]
    pub source: Option<String>,
    /// Only those in this zone
    #[arg(long, value_name = "NAME")]
    pub zone: Option<String>,
    /// Only those of this incident, by its id or the first eight characters of it
    #[arg(long, value_name = "ID")]
    pub incident: Option<String>,
    /// Only those seen since then: 12h (ago), 2027-01-31, 2027-01-31T06:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only those first seen before then: 12h (ago), 2027-01-31 (to its end), 2027-01-31T06:00:00Z
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Only those that are shelved
    #[arg(long)]
    pub shelved: bool,
    /// Only those that are not shelved
    #[arg(long, conflicts_with = "shelved")]
    pub not_shelved: bool,
    /// Only those that a declared window named, or whose detection is out of service; without it all others
    #[arg(long)]
    pub suppressed: bool,
    /// In which order, by the time each was first seen
    #[arg(long, value_name = "ORDER", default_value = "newest")]
    pub sort: Order,
    /// How many at most; without it a hundred rows, or with --json all
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// The records as they are stored, one a line
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub state: State,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// First seen last
    Newest,
    /// First seen first
    Oldest,
    /// The worst first, of those the newest
    Severity,
}

impl From<Order> for Sort {
    fn from(order: Order) -> Self {
        match order {
            Order::Newest => Self::Newest,
            Order::Oldest => Self::Oldest,
            Order::Severity => Self::Severity,
        }
    }
}

/// What every action takes.
#[derive(Debug, Args)]
pub(crate) struct Deed {
    /// The anomalies, each by its id or the first eight characters of it
    #[arg(value_name = "ID", required_unless_present = "incident")]
    pub ids: Vec<String>,
    /// Every anomaly of this incident with which it is possible
    #[arg(long, value_name = "ID", conflicts_with = "ids")]
    pub incident: Option<String>,
    /// Why, or a remark: kept in the history and in the audit log
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Who acts; by default the user of this session
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Only if it is still at this revision: nobody else was faster
    #[arg(long, value_name = "N")]
    pub expect_revision: Option<u32>,
    /// Print where each stands now as a line of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub state: State,
}

/// What an anomaly turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It was what it said
    TruePositive,
    /// It happened, and was meant to
    ExpectedChange,
    /// It was wrong
    FalsePositive,
}

impl From<Verdict> for Disposition {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::TruePositive => Self::TruePositive,
            Verdict::ExpectedChange => Self::ExpectedChange,
            Verdict::FalsePositive => Self::FalsePositive,
        }
    }
}

fn standing(text: &str) -> Result<Standing, String> {
    const STATES: [(&str, Standing); 5] = [
        ("unacknowledged-active", Standing::UnacknowledgedActive),
        ("acknowledged-active", Standing::AcknowledgedActive),
        ("unacknowledged-cleared", Standing::UnacknowledgedCleared),
        ("cleared", Standing::Cleared),
        ("closed", Standing::Closed),
    ];
    STATES.into_iter().find(|(name, _)| *name == text).map(|(_, state)| state).ok_or_else(|| {
        let names = STATES.map(|(name, _)| name);
        format!("a state is one of {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_goes_by_the_name_that_records_have() {
        for name in ["unacknowledged-active", "cleared", "closed"] {
            let written = serde_json::to_string(&standing(name).unwrap()).unwrap();
            assert_eq!(written, format!("\"{name}\""));
        }
        assert!(standing("open").unwrap_err().contains("unacknowledged-cleared"));
    }
}
