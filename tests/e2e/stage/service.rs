//! gridtap as a service, as an integrator sets it up, for as long as a test lasts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::machine;
use crate::stage::{patience, web};

/// A running service. Dropped, it is gone.
pub(crate) struct Service {
    directory: TempDir,
    child: Child,
    more: Vec<String>,
    pub(crate) address: String,
}

impl Service {
    /// Starts it with these settings, whose `service.state` is added, and waits until it answers.
    pub(crate) fn start(settings: &str, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("gridtap.toml"), settings).expect("a file");
        let more: Vec<_> = more.iter().map(|argument| (*argument).to_owned()).collect();
        let child = spawned(directory.path(), &more);
        let mut service = Self { directory, child, more, address: String::new() };
        service.address = patience("the service listens", || service.note());
        service
    }

    /// Stops it as a supervisor does, and starts it again over the same state.
    pub(crate) fn restart(&mut self) {
        let id = self.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().expect("kill");
        assert!(asked.success());
        let ended = self.child.wait().expect("it is our child");
        assert_eq!(ended.code(), Some(0), "{}", self.log());
        fs::remove_file(self.state().join("gridtap.api")).unwrap_or_default();
        self.child = spawned(self.directory.path(), &self.more);
        self.address = patience("the service listens", || self.note());
    }

    /// The directory with its state.
    pub(crate) fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// What a path of its interface answers.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (status, body) = web::get(&self.address, path);
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }

    fn note(&mut self) -> Option<String> {
        let ended = self.child.try_wait().expect("it is our child");
        assert!(ended.is_none(), "the service ended by itself: {}", self.log());
        let note = fs::read_to_string(self.state().join("gridtap.api")).ok()?;
        let note: Value = serde_json::from_str(&note).ok()?;
        Some(note["address"].as_str()?.to_owned())
    }
}

fn spawned(directory: &Path, more: &[String]) -> Child {
    let log = fs::File::create(directory.join("log")).expect("a file");
    let mut command = machine::gridtap();
    command.args(["monitor", "--serve", "--config"]).arg(directory.join("gridtap.toml"));
    command.arg("--state").arg(directory.join("state")).args(more);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("gridtap starts")
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program that does not outlive its test.
pub(crate) struct Running(pub(crate) Option<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
