//! Standard output and error.

use std::io::{self, IsTerminal, StdoutLock, Write};

use anstream::AutoStream;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, reload};

use crate::arguments::{Color, LogFormat, Shared};
use crate::settings::LogLevel;

/// The width of prose where standard output is no terminal.
const WIDTH: usize = 100;

/// What a person asked for: colours, and how much to hear of what is being done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voice {
    color: Color,
    quiet: bool,
    verbose: u8,
    log_format: LogFormat,
}

impl Voice {
    pub(crate) const fn of(shared: &Shared) -> Self {
        Self {
            color: shared.color,
            quiet: shared.quiet,
            verbose: shared.verbose,
            log_format: shared.log_format,
        }
    }

    /// Standard output for prose: colours only where they are wanted and can be seen.
    pub(crate) fn prose(self) -> AutoStream<StdoutLock<'static>> {
        let stdout = io::stdout();
        let choice = match self.color {
            Color::Auto => AutoStream::choice(&stdout),
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        AutoStream::new(stdout.lock(), choice)
    }

    /// A sentence on standard error about what is being done or was noticed.
    pub(crate) fn say(self, sentence: impl std::fmt::Display) {
        if !self.quiet {
            complain(sentence);
        }
    }

    /// Whether a progress bar is wanted and can be seen. With a log on the same terminal it is not.
    pub(crate) fn shows_progress(self) -> bool {
        !self.quiet && self.verbose == 0 && io::stderr().is_terminal()
    }

    /// Where the log of what is being done goes. A service says more of it: nobody watches it.
    pub(crate) fn start_log(self, is_service: bool, level: Option<LogLevel>) -> LogDial {
        let (filter, handle) = reload::Layer::new(self.level(is_service, level));
        let ansi = match self.color {
            Color::Auto => AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never,
            Color::Always => true,
            Color::Never => false,
        };
        let log = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(ansi)
            .with_target(false);
        let registry = tracing_subscriber::registry().with(filter);
        match self.log_format {
            LogFormat::Text => registry.with(log).init(),
            LogFormat::Json => registry.with(log.json().flatten_event(true)).init(),
        }
        LogDial { handle, voice: self, is_service }
    }

    fn level(self, is_service: bool, level: Option<LogLevel>) -> LevelFilter {
        match (self.quiet, self.verbose, level) {
            (true, _, _) => LevelFilter::ERROR,
            (_, 0, Some(level)) => level.into(),
            (_, 0, None) if is_service => LevelFilter::INFO,
            (_, 0, None) => LevelFilter::WARN,
            (_, 1, _) => LevelFilter::INFO,
            _ => LevelFilter::DEBUG,
        }
    }
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
        }
    }
}

/// How much the log says, to be changed while it is written.
#[derive(Debug, Clone)]
pub(crate) struct LogDial {
    handle: reload::Handle<LevelFilter, Registry>,
    voice: Voice,
    is_service: bool,
}

impl LogDial {
    /// What the settings say; what was asked for on the command line stays.
    pub(crate) fn set(&self, level: Option<LogLevel>) {
        // A log that is gone has nobody to be told.
        let _ = self.handle.reload(self.voice.level(self.is_service, level));
    }
}

/// A sentence on standard error that is always told.
pub(crate) fn complain(sentence: impl std::fmt::Display) {
    // Nobody is left to hear it where this fails.
    let _ = writeln!(anstream::stderr().lock(), "gridtap: {sentence}");
}

/// Columns of the terminal, or of what stands for it.
pub(crate) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || {
        let (terminal_size::Width(width), _) = terminal_size::terminal_size_of(io::stdout())?;
        Some(usize::from(width))
    };
    terminal().or(columns).unwrap_or(WIDTH).clamp(72, 240)
}
