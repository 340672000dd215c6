//! The command line of what was learned.

use std::path::PathBuf;

use clap::Subcommand;

use super::State;

#[derive(Debug, Subcommand)]
pub(crate) enum Baseline {
    /// Everything heard so far, how much is known, and which levels judge
    Show {
        #[command(flatten)]
        state: State,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Every command that was learned, for sign-off
    Ledger {
        #[command(flatten)]
        state: State,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Every learned key as text, one a line, for reviews and for diff
    Export {
        #[command(flatten)]
        state: State,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// A draft of a site file, made from what was learned, to read, correct and name
    Draft {
        #[command(flatten)]
        state: State,
    },
    /// Which keys are in one baseline and not in the other
    Diff {
        #[command(flatten)]
        state: State,
        /// Another state directory, or a file that `baseline export` wrote
        #[arg(value_name = "OTHER")]
        other: PathBuf,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Accept one exact key as normal, for a reason and a time
    #[command(after_help = "\
The key is the text that `baseline export`, `baseline ledger` and an anomaly name. What commands or
diagnoses a device takes two people: it holds once a second one has accepted it too.")]
    Accept {
        /// The exact key
        key: String,
        /// Why it is normal
        #[arg(long)]
        reason: String,
        /// Until when: 2027-01-31, 2027-01-31T06:00:00Z, or a length of time such as 12h or 30d
        #[arg(long, value_name = "WHEN")]
        until: String,
        /// Who decides; by default the user of this session
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[command(flatten)]
        state: State,
    },
    /// Confirm that a command was learned rightly
    SignOff {
        /// The exact key
        key: String,
        /// A remark for the record
        #[arg(long, default_value = "")]
        reason: String,
        /// Who decides; by default the user of this session
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[command(flatten)]
        state: State,
    },
}
