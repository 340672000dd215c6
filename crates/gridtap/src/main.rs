//! The command line of gridtap: what a person types, and what is printed for a person.
//!
//! No logic of its own lives here: it reads settings, joins the pieces, keeps what is found in the state
//! before it tells anybody, and renders it.

mod anomalies;
mod arguments;
mod audit;
mod baseline;
mod check_config;
mod commands;
mod condition;
mod configuration;
mod database;
mod decision;
mod decode;
mod failure;
mod feed;
mod followed;
mod interfaces;
mod json;
mod knowledge;
mod learn;
mod learned;
mod manual;
mod monitor;
mod network;
mod output;
mod password;
mod person;
mod planned;
mod report;
mod rights;
mod serve;
mod service;
mod settings;
mod sound;
mod state;
mod stop;
mod watch;
mod webhook;
mod windows;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use failure::{Exit, Failure};
use output::Voice;
use settings::Settings;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let voice = Voice::of(&arguments.shared);
    match run(&arguments, voice) {
        Ok(exit) => exit.into(),
        Err(failure) if failure.is_broken_pipe() => Exit::Done.into(),
        Err(Failure { exit, error }) => {
            for sentence in format!("{error:#}").lines() {
                output::complain(sentence);
            }
            exit.into()
        }
    }
}

fn run(arguments: &Arguments, voice: Voice) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Man { out } => manual::man(out.as_deref()).map(|()| Exit::Done),
        Command::Completions { shell } => manual::completions(*shell).map(|()| Exit::Done),
        Command::CheckConfig(command) => {
            check_config::run(&arguments.shared, command.explain, command.json, voice)
        }
        Command::HashPassword => password::run().map(|()| Exit::Done),
        Command::Interfaces { json } => interfaces::run(*json, voice).map(|()| Exit::Done),
        Command::Decode(command) => decode::run(command, &settings(arguments, voice)?, voice),
        Command::Baseline { command } => {
            baseline::run(command, &settings(arguments, voice)?, voice)
        }
        Command::Anomalies { command } => {
            anomalies::run(command, &settings(arguments, voice)?, voice)
        }
        Command::Commands(command) => commands::run(command, voice).map(|()| Exit::Done),
        Command::Windows { command } => {
            voice.start_log(false, None);
            windows::run(command, &arguments.shared, voice)
        }
        Command::Webhook { command } => webhook::run(command, &settings(arguments, voice)?, voice),
        Command::Audit { command } => audit::run(command, voice),
        Command::Db { command } => database::run(command, voice),
        Command::Learn(command) => learn::run(command, &settings(arguments, voice)?, voice),
        Command::Monitor(command) => {
            let layered = Settings::read_with(&arguments.shared, of_this_run(command)?);
            let settings = &layered.settings;
            let is_service = command.serve || settings.service.enabled;
            if is_service && !command.window.is_empty() {
                return Err(Failure::usage(
                    "--window is for one run: a service takes windows from its settings (`gridtap windows add`)",
                ));
            }
            let dial = voice.start_log(is_service, settings.log.level);
            if is_service {
                return serve::run(command, &layered, &arguments.shared, voice, dial);
            }
            monitor::run(command, &layered, voice)
        }
    }
}

/// The windows that are named for one run, as files beside the settings.
fn of_this_run(command: &arguments::Monitor) -> Result<Vec<(PathBuf, Option<String>)>, Failure> {
    let numbered = (1_u32..).zip(&command.window);
    numbered
        .map(|(nth, argument)| {
            let (place, text) = windows::of_argument(argument)?;
            let is_file = place != Path::new("--window");
            let place = if is_file { place } else { PathBuf::from(format!("--window ({nth})")) };
            Ok((place, Some(text)))
        })
        .collect()
}

/// What can be set, and the log as it is set.
fn settings(arguments: &Arguments, voice: Voice) -> Result<Settings, Failure> {
    let settings = Settings::of(&arguments.shared)?;
    voice.start_log(false, settings.log.level);
    Ok(settings)
}
