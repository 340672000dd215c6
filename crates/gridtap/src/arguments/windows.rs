//! The command line of planned work.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub(crate) enum Windows {
    /// What is declared: running, to come, and over with what it suppressed
    #[command(after_help = "\
Examples:
  gridtap windows list --config /etc/gridtap/gridtap.toml
  gridtap windows list --running --json | jq -r .name")]
    List {
        /// Only those that are running now
        #[arg(long)]
        running: bool,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
        /// The directory with the state, to tell what was suppressed; by default that of the settings
        #[arg(long, value_name = "DIR", env = "GRIDTAP_STATE")]
        state: Option<PathBuf>,
    },
    /// Declare a window: what it names is kept, and alarms nobody
    #[command(after_help = "\
Examples:
  gridtap windows add --name 'switching plan 17' --type switching --from '2027-01-31 06:00' --to 3h \\
    --source 'HMI 1' --target 'RTU 21 bay 3' --point '52-1 trip' --kind MB-31 --reason 'relay test'
  gridtap windows add --name 'firmware of RTU 22' --from now --to 2h --target 10.0.0.22 --reason 'order 4711'

A time is now, 06:00 (the next time it is that o'clock), '2027-01-31 06:00' (by this machine's time zone),
2027-01-31T06:00:00+01:00, or a length such as 2h: from now on, or of --to, after --from.")]
    Add(Box<Add>),
    /// End a window now, or withdraw one that is to come
    End {
        /// What it is called
        name: String,
        /// Who does it; by default the user of this session
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// The directory with the state of the service; by default that of the settings
        #[arg(long, value_name = "DIR", env = "GRIDTAP_STATE")]
        state: Option<PathBuf>,
    },
}

/// Declare a window: what it names is kept, and alarms nobody.
///
/// It is written as a file of its own into conf.d beside the settings (--config), checked together with them first; a
/// service that has the state is asked to take it.
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// What the plan is called: it stands in the record of everything it names
    #[arg(long)]
    pub name: String,
    /// What sort of work it is
    #[arg(long = "type", value_name = "TYPE", default_value = "maintenance")]
    pub sort: Sort,
    /// When it begins, as below
    #[arg(long, value_name = "TIME")]
    pub from: String,
    /// When it ends, at most seven days later, as below
    #[arg(long, value_name = "TIME")]
    pub to: String,
    /// Whose doing: a host of the site file, an address or a network; again for more
    #[arg(long, value_name = "HOST")]
    pub source: Vec<String>,
    /// To what: a device or host of the site file, an address or a network; again for more
    #[arg(long, value_name = "DEVICE")]
    pub target: Vec<String>,
    /// Which points of the targets, by name or address; all where none is named
    #[arg(long, value_name = "POINT")]
    pub point: Vec<String>,
    /// Which detections (MB-31) and classes (dangerous); all but the sensor's own hearing where none is named
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<String>,
    /// Why
    #[arg(long)]
    pub reason: String,
    /// Who answers for it; by default the user of this session
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Check it and print the file, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// The directory with the state of the service; by default that of the settings
    #[arg(long, value_name = "DIR", env = "GRIDTAP_STATE")]
    pub state: Option<PathBuf>,
}

/// What sort of work a window is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// Work on devices: restarts, programs, configuration
    Maintenance,
    /// A switching plan
    Switching,
}
