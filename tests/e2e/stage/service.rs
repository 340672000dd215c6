//! gridtap as a service, as an integrator sets it up, for as long as a test lasts.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::machine;
use crate::stage::{patience, web};

/// A running service. Dropped, it is gone.
pub(crate) struct Service {
    directory: TempDir,
    child: Child,
    pub(crate) address: String,
}

impl Service {
    /// Starts it with these settings, whose `service.state` is added, and waits until it answers.
    pub(crate) fn start(settings: &str, more: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let state = directory.path().join("state");
        let file = directory.path().join("gridtap.toml");
        fs::write(&file, settings).expect("a file");
        let log = fs::File::create(directory.path().join("log")).expect("a file");
        let mut command = machine::gridtap();
        command.args(["monitor", "--serve", "--config"]).arg(&file).arg("--state").arg(&state);
        command.args(more).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("gridtap starts");
        let mut service = Self { directory, child, address: String::new() };
        service.address = patience("the service listens", || service.note());
        service
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

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
