//! Looking at anomalies, and acting on them.

mod act;
mod list;
mod show;

use std::net::IpAddr;

use gridtap_baseline::Site;
use gridtap_model::{State, Timestamp};
use gridtap_store::{Action, Store, Target};

use crate::arguments;
use crate::failure::{Exit, Failure};
use crate::output::{Voice, width};
use crate::person;
use crate::report::{Finding, Layout};
use crate::settings::Settings;
use crate::state;

use act::Wish;

/// The states in which an anomaly wants something of somebody: all but closed.
pub(crate) const OPEN: [State; 4] = [
    State::UnacknowledgedActive,
    State::AcknowledgedActive,
    State::UnacknowledgedCleared,
    State::Cleared,
];

/// Runs one of the commands.
pub(crate) fn run(
    command: &arguments::Anomalies,
    settings: &Settings,
    voice: Voice,
) -> Result<Exit, Failure> {
    use arguments::Anomalies as Command;
    let (deed, action) = match command {
        Command::List(wanted) => {
            return list::run(wanted, &settings.site()?, voice).map(|()| Exit::Done);
        }
        Command::Show { id, pcap, json, state } => {
            let wanted = show::Wanted { id, pcap: pcap.as_deref(), json: *json };
            return show::run(&state.directory, &wanted, &settings.site()?, voice)
                .map(|()| Exit::Done);
        }
        Command::Acknowledge { deed } => (deed, Action::Acknowledge),
        Command::Unacknowledge { deed } => (deed, Action::Unacknowledge),
        Command::Shelve { deed, span, until } => {
            let now = person::now();
            let until = match (span, until) {
                (Some(span), _) => now.plus_ns(span.nanos()),
                (None, Some(text)) => person::until(text, now)?,
                // The command line asks for one of them.
                (None, None) => now,
            };
            (deed, Action::Shelve { until })
        }
        Command::Unshelve { deed } => (deed, Action::Unshelve),
        Command::Comment { deed } => (deed, Action::Comment),
        Command::Close { deed, verdict } => {
            (deed, Action::Close { disposition: (*verdict).into() })
        }
    };
    act::run(&Wish::of(deed, action)?, voice)
}

/// The whole id of what somebody named by all or the first part of it.
fn named(store: &Store, target: Target) -> Result<Target, Failure> {
    let (kind, given) = (target.kind(), target.id().trim().to_ascii_lowercase());
    let target = match target {
        Target::Anomaly(_) => Target::Anomaly(given),
        Target::Incident(_) => Target::Incident(given),
    };
    let mut found = store.ids_like(&target)?;
    let given = target.id();
    match (found.pop(), found.is_empty()) {
        (Some(id), true) => Ok(match target {
            Target::Anomaly(_) => Target::Anomaly(id),
            Target::Incident(_) => Target::Incident(id),
        }),
        (Some(_), false) => Err(refused(format_args!(
            "more than one {kind} begins with {given}: write more of its id"
        ))),
        (None, _) if given.len() < 8 => Err(refused(format_args!(
            "there is no {kind} {given}: write its id, or the first eight characters of it"
        ))),
        (None, _) => Err(refused(format_args!(
            "there is no {kind} {given} in {}: `gridtap anomalies list` shows what there is",
            store.directory().display()
        ))),
    }
}

fn refused(sentence: impl std::fmt::Display) -> Failure {
    Failure { exit: Exit::Failure, error: anyhow::anyhow!("{sentence}") }
}

/// An anomaly out of its stored record.
fn finding(store: &Store, record: &str) -> Result<Finding, Failure> {
    Finding::of(record).map_err(|error| state::damaged(store, error))
}

fn layout(site: &Site) -> Layout<'_> {
    Layout {
        width: width(),
        host: Box::new(|address: IpAddr| site.host_name(address).map(str::to_owned)),
        capture: None,
    }
}

/// A word for a shell, in quotes where it needs them.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=@%+,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// When something was done, by this machine's clock; of what an older version wrote that is not known.
fn at(moment: Timestamp) -> Option<Timestamp> {
    (moment.nanos() != 0).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_comes_through_a_shell_as_it_was() {
        assert_eq!(quoted("/var/lib/gridtap"), "/var/lib/gridtap");
        assert_eq!(quoted("point|zone0|coil 2"), "'point|zone0|coil 2'");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
