//! The tasks of the house, run as `cargo xtask <task>`.
//!
//! `test` is what a newcomer types and `ci` is exactly what CI runs: the same steps, with nothing
//! allowed to be missing. Each task is one file. Nothing here is part of the shipped binary.

mod bench;
mod ci;
mod deny;
mod docs;
mod evaluate;
mod fixtures;
mod floods;
mod frames;
mod fuzz;
mod live;
mod package;
mod process;
mod python;
mod requirements;
mod soak;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the gridtap workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = false)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    Bench(bench::Arguments),
    Test(test::Arguments),
    Ci(ci::Arguments),
    Docs(docs::Arguments),
    Evaluate(Box<evaluate::Arguments>),
    Fixtures(fixtures::Arguments),
    Floods(floods::Arguments),
    Fuzz(fuzz::Arguments),
    Package(package::Arguments),
    Soak(soak::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Ci(arguments) => ci::run(&arguments),
        Task::Docs(arguments) => docs::run(&arguments),
        Task::Evaluate(arguments) => evaluate::run(&arguments),
        Task::Fixtures(arguments) => fixtures::run(&arguments),
        Task::Floods(arguments) => floods::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Package(arguments) => package::run(&arguments),
        Task::Soak(arguments) => soak::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            process::say(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
