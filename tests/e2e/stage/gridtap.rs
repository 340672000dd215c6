//! The shipped binary, run as a person runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::machine;

/// One call of the binary, being put together.
#[derive(Debug)]
pub(crate) struct Gridtap {
    command: Command,
}

impl Gridtap {
    pub(crate) fn new(subcommand: &str) -> Self {
        let mut command = machine::gridtap();
        command.arg(subcommand);
        Self { command }
    }

    /// `learn` on files, into a state, with blocks short enough for minutes of traffic.
    pub(crate) fn learn(state: &State, files: &[&Path]) -> Self {
        let mut learn = Self::new("learn");
        learn.command.args(files);
        learn.state(state).short_blocks()
    }

    /// `monitor --json` of a file, with a state, with the same blocks.
    pub(crate) fn monitor(state: &State, file: &Path) -> Self {
        let mut monitor = Self::new("monitor");
        monitor.command.arg("--read").arg(file).arg("--json");
        monitor.state(state).short_blocks()
    }

    pub(crate) fn state(mut self, state: &State) -> Self {
        self.command.arg("--state").arg(state.path());
        self
    }

    fn short_blocks(self) -> Self {
        self.set("baseline.block=10s")
    }

    pub(crate) fn set(self, pair: &str) -> Self {
        self.arg("--set").arg(pair)
    }

    pub(crate) fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Run {
        Run::of(self.command.output().expect("gridtap runs"))
    }

    /// Starts it, with its records in a pipe.
    pub(crate) fn spawn(mut self) -> std::process::Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("gridtap starts")
    }
}

/// What a call gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Itself, where the call went well.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.stderr, self.stdout);
        self
    }

    /// Every record, in the order of telling.
    pub(crate) fn records(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// The anomalies in the order of their first telling, each as it stood at the end.
    pub(crate) fn anomalies(&self) -> Vec<Anomaly> {
        let mut order = Vec::new();
        let mut newest = BTreeMap::new();
        for record in self.records() {
            let id = text(&record, "id").to_owned();
            if newest.insert(id.clone(), record).is_none() {
                order.push(id);
            }
        }
        order.iter().filter_map(|id| newest.remove(id)).map(Anomaly).collect()
    }
}

/// One anomaly as the record tells it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Anomaly(pub(crate) Value);

impl Anomaly {
    #[track_caller]
    pub(crate) fn text(&self, field: &str) -> &str {
        text(&self.0, field)
    }

    pub(crate) fn list(&self, field: &str) -> Vec<&str> {
        self.0[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    pub(crate) fn frames(&self) -> Vec<u64> {
        self.0["frames"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    }

    /// The address that the source's port stands behind.
    pub(crate) fn source_address(&self) -> &str {
        self.text("source").rsplit_once(':').expect("address:port").0
    }

    pub(crate) fn is_detection(&self, id: &str) -> bool {
        self.text("detection") == id || self.list("also").contains(&id)
    }

    /// Whether it is about the sensor rather than the network.
    pub(crate) fn is_health(&self) -> bool {
        ["OT-29", "OT-31"].contains(&self.text("detection"))
    }

    pub(crate) fn is_above_low(&self) -> bool {
        ["medium", "high", "critical"].contains(&self.text("severity"))
    }

    /// One line for a person who reads why a test failed.
    pub(crate) fn line(&self) -> String {
        let fields = ["time", "incident", "severity", "detection", "source", "device", "observed"];
        let told: Vec<&str> = fields.iter().map(|field| self.text(field)).collect();
        format!("{} frames {:?}", told.join(" | "), self.frames())
    }
}

/// The incidents that anomalies belong to.
pub(crate) fn incidents<'a>(anomalies: impl IntoIterator<Item = &'a Anomaly>) -> BTreeSet<&'a str> {
    anomalies.into_iter().map(|anomaly| anomaly.text("incident")).collect()
}

/// The anomalies, one a line.
pub(crate) fn told(anomalies: &[Anomaly]) -> String {
    anomalies.iter().map(|anomaly| format!("\n  {}", anomaly.line())).collect()
}

#[track_caller]
fn text<'a>(record: &'a Value, field: &str) -> &'a str {
    record[field].as_str().unwrap_or_else(|| panic!("no {field} in {record}"))
}

/// A state directory of a test's own.
#[derive(Debug)]
pub(crate) struct State {
    directory: tempfile::TempDir,
}

impl State {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a temporary directory") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// A place for files beside the state.
    pub(crate) fn scratch(&self) -> &Path {
        self.directory.path()
    }

    /// Another state that holds the same.
    pub(crate) fn copied(&self) -> Self {
        let copy = Self::new();
        std::fs::create_dir_all(copy.path()).unwrap();
        for entry in std::fs::read_dir(self.path()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }
}
