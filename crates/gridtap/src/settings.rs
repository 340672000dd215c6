//! Everything that can be set.

use core::hash::{BuildHasher, Hasher};
use std::hash::RandomState;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gridtap_baseline::Site;
use serde::{Deserialize, Serialize};

use crate::arguments::Shared;
use crate::configuration::{Fault, Layered, Layers, Node, plain, refused};
use crate::failure::Failure;
use crate::planned::{OutOfService, Window};
use crate::serve::Service;

/// Everything that can be set, by the names that files, the environment and `--set` use.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The site file.
    pub site: Option<PathBuf>,
    /// Hearing interfaces.
    pub tap: gridtap_tap::Config,
    /// Conversations out of frames.
    pub wire: gridtap_wire::Config,
    /// Messages out of conversations.
    pub dissect: gridtap_dissect::Config,
    /// Learning.
    pub baseline: gridtap_baseline::Config,
    /// Judging.
    pub detect: gridtap_detect::Config,
    /// Counts.
    pub telemetry: gridtap_telemetry::Config,
    /// Threads, and evidence.
    pub sensor: gridtap_sensor::SensorConfig,
    /// The interface of the service.
    pub api: gridtap_api::Config,
    /// Monitoring as a service.
    pub service: Service,
    /// Who is told by web hooks.
    pub notify: gridtap_notify::Config,
    /// What the program says of what it does.
    pub log: Log,
    /// Work that is planned: what it names alarms nobody.
    pub window: Vec<Window>,
    /// Detections that somebody switched off.
    pub out_of_service: Vec<OutOfService>,
}

/// What the program says of what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// The least that is said; absent, `info` of a service and `warn` of all else. `-v` and `-q` win.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<LogLevel>,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    /// What failed.
    Error,
    /// And what should be looked at.
    Warn,
    /// And what is being done.
    Info,
    /// And its particulars.
    Debug,
}

impl Settings {
    /// What the layers make, with what is named on the command line on top.
    pub(crate) fn of(shared: &Shared) -> Result<Self, Failure> {
        let layered = Self::read(shared);
        if layered.faults.is_empty() { Ok(layered.settings) } else { Err(refused(&layered.faults)) }
    }

    /// The same with where each was written, and with what is wrong.
    pub(crate) fn read(shared: &Shared) -> Layered<Self> {
        Self::read_with(shared, Vec::new())
    }

    /// The same as it would be with files that are not as they are on the disk.
    pub(crate) fn read_with(
        shared: &Shared,
        proposed: Vec<(PathBuf, Option<String>)>,
    ) -> Layered<Self> {
        let mut layers = Layers::of(&shared.config, &shared.set);
        layers.proposed = proposed;
        if let Some(site) = &shared.site {
            let is_variable = std::env::var_os("GRIDTAP_SITE").is_some_and(|text| text == *site);
            let place = if is_variable { "environment GRIDTAP_SITE" } else { "--site" };
            let value = toml::Value::String(site.display().to_string());
            layers.named.push(Node::of(value, place).below(&["site".to_owned()]));
        }
        let mut layered = layers.read::<Self>();
        if let Some(site) = &shared.site {
            // As it is, also where its name is not UTF-8.
            layered.settings.site = Some(site.clone());
        }
        layered
    }

    /// The settings of the wire. Where nobody asked for a seed nobody can foresee it; what is told is the same with any.
    pub(crate) fn wire(&self) -> gridtap_wire::Config {
        let mut wire = self.wire.clone();
        if wire.hash_seed == gridtap_wire::Config::default().hash_seed {
            wire.hash_seed = RandomState::new().build_hasher().finish();
        }
        wire
    }

    /// The settings of the whole pipeline.
    pub(crate) fn sensor(&self) -> gridtap_sensor::Config {
        gridtap_sensor::Config {
            wire: self.wire(),
            dissect: self.dissect.clone(),
            baseline: self.baseline.clone(),
            detect: self.detect.clone(),
            telemetry: self.telemetry.clone(),
            sensor: self.sensor.clone(),
        }
    }

    /// What a person declared; nothing where no site file is named.
    pub(crate) fn site(&self) -> Result<Site, Failure> {
        self.declared().map_err(Failure::configuration)
    }

    /// The same, with what is wrong as a fault beside others.
    pub(crate) fn declared(&self) -> Result<Site, Fault> {
        if self.site.is_none() { Ok(Site::default()) } else { self.declared_with("") }
    }

    /// The same as it would be with more at the end of the file.
    pub(crate) fn declared_with(&self, more: &str) -> Result<Site, Fault> {
        let nowhere = PathBuf::from("site file");
        let (path, text) = match &self.site {
            None => (&nowhere, String::new()),
            Some(path) => {
                let text = std::fs::read_to_string(path);
                (path, text.map_err(|error| Fault::unreadable(path, &error))?)
            }
        };
        let text = if more.is_empty() { text } else { format!("{text}\n{more}") };
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut list = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => format!("there is no file {}", path.display()),
                ErrorKind::InvalidData => "not in UTF-8: save the list as that".to_owned(),
                _ => format!("cannot be read: {error}"),
            })
        };
        let site = Site::parse_with(&text, &mut list)
            .map_err(|error| Fault::new(&path.display().to_string(), plain(&error.to_string())))?;
        Ok(site.named(path.display().to_string()))
    }
}

/// What changes without a restart: a reload (SIGHUP) takes it. Of all else it says that it waits for a restart.
const RELOADED: [&str; 13] = [
    "site",
    "api",
    "notify",
    "log",
    "service.name",
    "service.links",
    "service.clear_after",
    "service.silent_after",
    "service.keep",
    "service.commands_max",
    "service.size_max",
    "window",
    "out_of_service",
];

/// What of those does not all the same.
const FIXED: [&str; 2] = ["api.listen", "api.connections_max"];

/// Whether a reload takes a setting, by its key (`api.token[0].role`).
pub(crate) fn is_reloaded(key: &str) -> bool {
    let is_of = |prefix: &str| {
        key.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    RELOADED.into_iter().any(is_of) && !FIXED.into_iter().any(is_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reload_takes_goes_by_whole_names() {
        for key in ["site", "api.token[0].role", "service.keep", "window[1].start", "log.level"] {
            assert!(is_reloaded(key), "{key}");
        }
        for key in ["api.listen", "service.keeper", "service.state", "baseline.block", "sites"] {
            assert!(!is_reloaded(key), "{key}");
        }
    }
}
