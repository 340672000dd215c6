//! The command line of the audit log, of the database and of checking settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gridtap_model::Span;

use super::State;

#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// List who did what, oldest first
    List {
        #[command(flatten)]
        state: State,
        /// Only rows after this one, by its number
        #[arg(long, value_name = "ROW", default_value_t = 0)]
        after: u64,
        /// How many rows at most; without it all
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
        /// As lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Check the seal of every row, and tell the last one
    #[command(after_help = "\
Each row is sealed with the one before it: what is changed, taken out or put in between breaks every seal after \
it. Rows cut off at the end break none: note the last seal somewhere else, and check later with --seal that it is \
still there. Exit code 1 where something does not hold.")]
    Verify {
        #[command(flatten)]
        state: State,
        /// A seal that was noted earlier: it must be one of the log
        #[arg(long, value_name = "HEX", value_parser = seal)]
        seal: Option<String>,
        /// As one object of JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Database {
    /// Check the database, the histories and the audit log
    Check {
        #[command(flatten)]
        state: State,
        /// A seal of the audit log that was noted earlier: it must be one of the log
        #[arg(long, value_name = "HEX", value_parser = seal)]
        seal: Option<String>,
        /// As one object of JSON
        #[arg(long)]
        json: bool,
    },
    /// Copy the whole state into a new file, while it is in use
    #[command(after_help = "\
To restore, put the file as gridtap.db into an empty directory and name that with --state.")]
    Backup {
        /// The new file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        state: State,
    },
    /// Forget closed anomalies, commands and deliveries that are old; what is open is held
    #[command(after_help = "\
Examples:
  gridtap db prune --keep 365d --state /var/lib/gridtap
  gridtap db prune --keep 365d --max-size 2GiB --state /var/lib/gridtap")]
    Prune {
        /// How long is kept what has not changed since, such as 365d
        #[arg(long, value_name = "TIME")]
        keep: Span,
        /// Beyond this size the oldest go first, however young, such as 2GiB
        #[arg(long, value_name = "SIZE", value_parser = octets)]
        max_size: Option<u64>,
        /// Who decides; by default the user of this session
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// As one object of JSON
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        state: State,
    },
}

/// Check settings without starting anything.
///
/// Everything is checked that a start would check: every file of settings and its conf.d, the environment, the site
/// file, secrets, tokens and certificates, whom deliveries may go to, where the API may listen. Each fault is a line.
/// Neither the state nor the network is touched. A running service does the same before it takes settings on a reload
/// (SIGHUP, or systemctl reload gridtap).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gridtap check-config --config /etc/gridtap/gridtap.toml
  gridtap check-config --config /etc/gridtap/gridtap.toml --explain | grep service

Exit codes: 0 sound, 3 something is wrong.")]
pub(crate) struct CheckConfig {
    /// Print every setting in its effect, where it comes from, and whether a reload takes it
    #[arg(long)]
    pub explain: bool,
    /// As one object of JSON
    #[arg(long)]
    pub json: bool,
}

/// A seal is a SHA-256 in hexadecimal.
fn seal(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err("a seal is 64 hexadecimal digits, as `gridtap audit verify` prints them".to_owned())
}

/// A size in octets.
pub(crate) fn octets(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("B", 1),
    ];
    let size = UNITS.into_iter().find_map(|(unit, octets)| {
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(octets)
    });
    size.ok_or_else(|| "a size is a whole number and a unit, such as 500MiB or 2GiB".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_or_seal_that_is_none_is_refused_with_what_would_be_right() {
        assert_eq!(octets("2GiB"), Ok(2 << 30));
        assert_eq!(octets("500MB"), Ok(500_000_000));
        assert_eq!(octets("7B"), Ok(7));
        for text in ["", "2", "GiB", "-1GiB", "1.5GiB", "99999999999999TiB", "2 parsecs"] {
            assert!(octets(text).unwrap_err().contains("2GiB"), "{text}");
        }
        assert_eq!(seal(&"Ab".repeat(32)), Ok("ab".repeat(32)));
        assert!(seal("abc").is_err() && seal(&"x".repeat(64)).is_err());
    }
}
