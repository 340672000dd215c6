//! The command line of the log of commands.

use clap::Args;

use super::State;

/// Every command that was heard, expected or not, newest first.
///
/// A service writes down all requests that change something: controls, writes, restarts, configuration, files and
/// programs, clocks; with the points and values that they name, what the device answered, and the anomaly that was told
/// of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gridtap commands --since 12h --state /var/lib/gridtap
  gridtap commands --device 'RTU 21 bay 3' --state /var/lib/gridtap
  gridtap commands --master 10.0.0.99 --json --state /var/lib/gridtap | jq 'select(.outcome == \"refused\")'")]
pub(crate) struct Commands {
    /// Only to devices in whose address this stands, or that the site file calls so
    #[arg(long, value_name = "TEXT")]
    pub device: Option<String>,
    /// Only by this address
    #[arg(long, value_name = "ADDRESS")]
    pub master: Option<String>,
    /// Only those heard since then: how long ago (12h), a day, or a moment
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only those heard before: how long ago, a day to its end, or a moment
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// How many at most; without it 100, and all as JSON
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
    /// As lines of JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub state: State,
}
