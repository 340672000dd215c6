//! The command line of outbound web hooks.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// Where the state is: named here, or else in the settings.
#[derive(Debug, Args)]
pub(crate) struct MaybeState {
    /// The directory with the state; without it, service.state of the settings
    #[arg(long = "state", value_name = "DIR", env = "GRIDTAP_STATE")]
    pub directory: Option<PathBuf>,
}

/// What every command on one endpoint takes.
#[derive(Debug, Args)]
pub(crate) struct Called {
    /// The endpoint's name in the settings
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Who decides; by default the user of this session
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// As one object of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub state: MaybeState,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Webhook {
    /// Every endpoint: where it leads, whether it is enabled, what waits, how it was reached last
    List {
        /// As one object of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        state: MaybeState,
    },
    /// Send a message of the type webhook.test to one endpoint, and say what it answers
    #[command(after_help = "\
The message is sent at once, whatever else waits, to an endpoint that is disabled as well, and is not tried again. \
Where a service has the state, the service sends it: from its machine, by its settings. Exit code 1 where the \
receiver does not take it.")]
    Test(Called),
    /// What was sent to whom, newest first
    Deliveries {
        /// Only to this endpoint
        #[arg(long, value_name = "NAME")]
        endpoint: Option<String>,
        /// Only those that stand so
        #[arg(long, value_name = "STATE")]
        only: Option<Only>,
        /// How many at most
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        state: MaybeState,
    },
    /// Send again: one delivery by its id, what failed, or everything since a moment
    #[command(after_help = "\
Each is sent under the id it had, so that a receiver that has it can tell.

Examples:
  gridtap webhook replay 018f3a5e-5c00-7000-8000-0123456789ab --config /etc/gridtap/gridtap.toml
  gridtap webhook replay --failed --endpoint noc --state /var/lib/gridtap
  gridtap webhook replay --since 12h --config /etc/gridtap/gridtap.toml")]
    Replay {
        /// The id of one delivery
        #[arg(value_name = "ID", required_unless_present_any = ["failed", "since"])]
        id: Option<String>,
        /// Those of which every try failed
        #[arg(long, conflicts_with = "id")]
        failed: bool,
        /// What failed or was delivered since then: how long ago (12h), a day, or a moment
        #[arg(long, value_name = "WHEN", conflicts_with_all = ["id", "failed"])]
        since: Option<String>,
        /// Only to this endpoint
        #[arg(long, value_name = "NAME", conflicts_with = "id")]
        endpoint: Option<String>,
        /// Who decides; by default the user of this session
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        state: MaybeState,
    },
    /// Send to an endpoint again that was disabled, by a person or because it said that it is gone (410)
    Enable(Called),
    /// Send nothing to an endpoint until it is enabled again: what it is owed waits
    Disable {
        #[command(flatten)]
        called: Called,
        /// Why, for whoever finds it so
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
}

/// How deliveries stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    /// They wait for a try
    Pending,
    /// They wait for a digest
    Held,
    /// A digest names them
    Digested,
    /// Their receiver has them
    Delivered,
    /// Every try failed
    Failed,
}

impl Only {
    /// The name in the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Held => "held",
            Self::Digested => "digested",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}
