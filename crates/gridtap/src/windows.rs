//! Planned work at the command line: what is declared, declaring it, and ending it.
//!
//! A window is a file of its own in `conf.d`, so that nothing that a person wrote is touched: it is checked together with
//! all settings before it is there, and comes and goes whole.

mod list;
mod moment;
mod offline;
mod written;

use std::io::Write;
use std::path::{Path, PathBuf};

use gridtap_baseline::Site;
use gridtap_store::{StoreError, write_whole};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::arguments::{self, AddWindow, Shared, WindowSort};
use crate::configuration::{Fault, Layered, beside, refused};
use crate::failure::{Exit, Failure};
use crate::output::Voice;
use crate::planned::{Sort, Window};
use crate::serve::interface::NOTE;
use crate::settings::Settings;
use crate::sound::Sound;
use crate::{person, state};

pub(crate) use offline::of_argument;

/// Runs one of the commands.
pub(crate) fn run(
    command: &arguments::Windows,
    shared: &Shared,
    voice: Voice,
) -> Result<Exit, Failure> {
    match command {
        arguments::Windows::List { running, json, state } => {
            let layered = sound(Settings::read(shared))?;
            let directory = state.clone().or_else(|| layered.settings.service.state.clone());
            list::list(&layered, directory.as_deref(), *running, *json, voice)?;
        }
        arguments::Windows::Add(add) => declare(add, shared, voice)?,
        arguments::Windows::End { name, by, state } => {
            end(name, by.as_deref(), state.clone(), shared, voice)?;
        }
    }
    Ok(Exit::Done)
}

/// The settings, unless something is wrong with them.
fn sound(layered: Layered<Settings>) -> Result<Layered<Settings>, Failure> {
    if layered.faults.is_empty() { Ok(layered) } else { Err(refused(&layered.faults)) }
}

fn declare(add: &AddWindow, shared: &Shared, voice: Voice) -> Result<(), Failure> {
    let folder = folder(shared)?;
    let now = person::now();
    let times = moment::span(&add.from, &add.to, now)?;
    let text = written::file(add, &times, &person::named(add.by.as_deref())?, now)?;
    let path = written::free_name(&folder, &add.name);
    let layered = Settings::read_with(shared, vec![(path.clone(), Some(text.clone()))]);
    checked(&layered)?;
    if add.dry_run {
        voice.prose().write_all(text.as_bytes())?;
        voice.say(format_args!("sound; without --dry-run this is written to {}", path.display()));
        return Ok(());
    }
    std::fs::create_dir_all(&folder)
        .and_then(|()| write_whole(&path, text.as_bytes()))
        .map_err(|error| unwritable(&path, &error))?;
    let mut out = voice.prose();
    writeln!(
        out,
        "Declared: {:?} from {} to {}, in {}.",
        add.name,
        times.start,
        times.end,
        path.display()
    )?;
    let directory = add.state.clone().or_else(|| layered.settings.service.state.clone());
    tell(&mut out, directory.as_deref(), "window add", &add.name, &add.reason)
}

fn end(
    name: &str,
    by: Option<&str>,
    named: Option<PathBuf>,
    shared: &Shared,
    voice: Voice,
) -> Result<(), Failure> {
    let layered = sound(Settings::read(shared))?;
    let now = person::now();
    let declared = layered.settings.window.iter().find(|window| window.name == name);
    let Some((window, start, until)) =
        declared.and_then(|window| Some((window, window.start?, window.end?)))
    else {
        return Err(Failure::usage(format!(
            "no window is called {name:?}: `gridtap windows list` shows those that there are"
        )));
    };
    if until.timestamp() <= now {
        return Err(Failure::usage(format!(
            "{name:?} is over since {until}: nothing is left to end"
        )));
    }
    let Some(path) = layered.files.iter().find(|path| written::is_of(path, name)) else {
        let place = list::place(&layered, name);
        return Err(Failure::usage(format!(
            "{name:?} was written by hand, at {place}: change its end there, and reload the service"
        )));
    };
    let who = person::named(by)?;
    let is_running = start.timestamp() < now;
    let text = is_running.then(|| written::ended(window, now, &who)).transpose()?;
    let directory = named.or_else(|| layered.settings.service.state.clone());
    checked(&Settings::read_with(shared, vec![(path.clone(), text.clone())]))?;
    let mut out = voice.prose();
    match &text {
        Some(text) => {
            write_whole(path, text.as_bytes()).map_err(|error| unwritable(path, &error))?;
            writeln!(out, "Ended: {name:?}, which would have gone on until {until}.")?;
        }
        None => {
            std::fs::remove_file(path).map_err(|error| unwritable(path, &error))?;
            writeln!(out, "Withdrawn: {name:?}, which would have begun at {start}.")?;
        }
    }
    tell(&mut out, directory.as_deref(), "window end", name, &format!("by {who}"))
}

/// Everything that a start would refuse, the window among it.
fn checked(layered: &Layered<Settings>) -> Result<Site, Failure> {
    match Sound::of(layered) {
        Ok(sound) => Ok(sound.site),
        Err(faults) => {
            let failure = refused(&faults);
            Err(Failure {
                error: anyhow::anyhow!("{}\nnothing was written", failure.error),
                ..failure
            })
        }
    }
}

/// The folder beside the settings that files are dropped into.
fn folder(shared: &Shared) -> Result<PathBuf, Failure> {
    let Some(config) = shared.config.last() else {
        return Err(Failure::usage(
            "which settings? Name the file that the service reads, such as --config /etc/gridtap/gridtap.toml",
        ));
    };
    if !config.is_file() {
        return Err(refused(&[Fault::unreadable(config, &std::io::ErrorKind::NotFound.into())]));
    }
    Ok(beside(config))
}

/// Who takes the window now: an audit row where nobody has the state, a word to the service where one does.
fn tell(
    out: &mut impl Write,
    directory: Option<&Path>,
    action: &str,
    name: &str,
    detail: &str,
) -> Result<(), Failure> {
    let later = "A running service takes it with a reload: `systemctl reload gridtap`.";
    let Some(directory) = directory.filter(|directory| directory.join("gridtap.db").exists())
    else {
        writeln!(out, "{later}")?;
        return Ok(());
    };
    match state::existing(directory) {
        Ok(mut store) => {
            let mut batch = store.batch(person::now())?;
            batch.audit(&person::audited(&person::user(), action, name, detail))?;
            batch.commit()?;
            writeln!(
                out,
                "No service is running on {}: the next one takes it.",
                directory.display()
            )?;
        }
        Err(StoreError::InUse { process, .. }) => match reload(directory, &process) {
            true => writeln!(
                out,
                "The service (process {process}) was asked to take it: `gridtap audit list` says whether it did."
            )?,
            false => writeln!(out, "{later}")?,
        },
        // What is wrong with the state is no reason to say that the window is not there.
        Err(error) => writeln!(out, "{later} ({error})")?,
    }
    Ok(())
}

/// Asks the service that has a state to reload; says whether it could be asked. Of another program, or a run that is no
/// service, the signal would be the end.
fn reload(directory: &Path, process: &str) -> bool {
    let is_service = directory.join(NOTE).exists();
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    let number = process.parse::<i32>().ok().filter(|number| *number > 1);
    is_service
        && name.trim() == "gridtap"
        && number.is_some_and(|number| kill(Pid::from_raw(number), Signal::SIGHUP).is_ok())
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure {
        exit: Exit::Failure,
        error: anyhow::anyhow!("{}: cannot be written: {error}; nothing changed", path.display()),
    }
}

impl From<WindowSort> for Sort {
    fn from(sort: WindowSort) -> Self {
        match sort {
            WindowSort::Maintenance => Self::Maintenance,
            WindowSort::Switching => Self::Switching,
        }
    }
}

/// What a person calls a sort of work.
pub(super) const fn sort_name(window: &Window) -> &'static str {
    match window.sort {
        Sort::Maintenance => "maintenance",
        Sort::Switching => "switching",
    }
}
