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
    /// Every learned key as text, one a line in a stable order, for reviews and for diff; or all of it, to be imported
    #[command(after_help = "\
Examples:
  gridtap baseline export --state /var/lib/gridtap > keys.txt
  openssl genpkey -algorithm ed25519 -out key.pem && openssl pkey -in key.pem -pubout -out public.pem
  gridtap baseline export --to north.jsonl --sign-with key.pem --state /var/lib/gridtap

The signature is Ed25519 over the whole file, as base64 in a file beside it (north.jsonl.sig).")]
    Export {
        #[command(flatten)]
        state: State,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
        /// Write everything that an import needs to this file, a line of JSON a key
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        to: Option<PathBuf>,
        /// Sign it with this private Ed25519 key (PEM)
        #[arg(long, value_name = "PEM", requires = "to")]
        sign_with: Option<PathBuf>,
    },
    /// Take in what `baseline export --to` wrote, after its signature was checked
    ///
    /// The baseline of the state becomes that of the file: levels that judged there judge here. Anomalies and the audit
    /// log stay as they are. No service may be running on the state.
    #[command(after_help = "\
Examples:
  gridtap baseline import north.jsonl --signed-by public.pem --dry-run --state /var/lib/gridtap
  gridtap baseline import north.jsonl --signed-by public.pem --replace --state /var/lib/gridtap")]
    Import {
        /// The file
        file: PathBuf,
        /// The public Ed25519 key (PEM) of whoever signed it
        #[arg(long, value_name = "PEM", required_unless_present = "unsigned")]
        signed_by: Option<PathBuf>,
        /// Take it in although nobody vouches for it
        #[arg(long, conflicts_with = "signed_by")]
        unsigned: bool,
        /// Put it in the place of what the state knows
        #[arg(long)]
        replace: bool,
        /// List what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// What changes, as lines of JSON
        #[arg(long)]
        json: bool,
        /// Who does it; by default the user of this session
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        #[command(flatten)]
        state: State,
    },
    /// Which past anomalies a proposed change would have silenced; nothing is changed
    #[command(after_help = "\
The file has what is proposed, in TOML: [[accept]] with a key, [[window]] as in the settings, and anything of a site
file, such as [[access]], which is added to the one that there is.

Examples:
  gridtap baseline replay --change proposal.toml --state /var/lib/gridtap
  gridtap baseline replay --change proposal.toml --json --state /var/lib/gridtap | jq 'select(.severity == \"critical\")'")]
    Replay {
        /// The file with the change
        #[arg(long, value_name = "FILE")]
        change: PathBuf,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        state: State,
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
