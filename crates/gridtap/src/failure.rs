//! How a run ends.

use std::fmt;
use std::process::ExitCode;

use gridtap_store::StoreError;

/// Exit codes, as the manual lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failure,
    Usage,
    Configuration,
    Capture,
    Store,
    Anomalies,
    /// Stopped by a signal, by its number.
    Signal(u8),
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Capture => 4,
            Self::Store => 5,
            Self::Anomalies => 10,
            // The shells' own convention.
            Self::Signal(number) => 128_u8.saturating_add(number),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a command gave up: one sentence, and the exit code of its kind.
#[derive(Debug)]
pub(crate) struct Failure {
    pub exit: Exit,
    pub error: anyhow::Error,
}

impl Failure {
    pub(crate) fn usage(sentence: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, error: anyhow::anyhow!("{sentence}") }
    }

    pub(crate) fn configuration(sentence: impl fmt::Display) -> Self {
        Self { exit: Exit::Configuration, error: anyhow::anyhow!("{sentence}") }
    }

    pub(crate) fn capture(sentence: impl fmt::Display) -> Self {
        Self { exit: Exit::Capture, error: anyhow::anyhow!("{sentence}") }
    }

    /// Whoever read our output has gone: nothing is wrong, and nobody listens.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self { exit: Exit::Store, error: error.into() }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self { exit: Exit::Failure, error: error.into() }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::from(std::io::Error::from(error))
    }
}
