//! Everything that can be set.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gridtap_baseline::Site;
use serde::{Deserialize, Serialize};

use crate::arguments::Shared;
use crate::configuration::{Fault, Layers, plain};
use crate::failure::Failure;
use crate::serve::Service;

/// Everything that can be set, by the names that files, the environment and `--set` use.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// The site file.
    pub site: Option<PathBuf>,
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
    /// Evidence.
    pub sensor: gridtap_sensor::EvidenceConfig,
    /// The interface of the service.
    pub api: gridtap_api::Config,
    /// Monitoring as a service.
    pub service: Service,
    /// Who is told by web hooks.
    pub notify: gridtap_notify::Config,
}

impl Settings {
    /// What the layers make, with what is named on the command line on top.
    pub(crate) fn of(shared: &Shared) -> Result<Self, Failure> {
        let mut settings: Self = Layers::of(&shared.config, &shared.set).load()?;
        if shared.site.is_some() {
            settings.site.clone_from(&shared.site);
        }
        Ok(settings)
    }

    /// The settings of the whole pipeline.
    pub(crate) fn sensor(&self) -> gridtap_sensor::Config {
        gridtap_sensor::Config {
            wire: self.wire.clone(),
            dissect: self.dissect.clone(),
            baseline: self.baseline.clone(),
            detect: self.detect.clone(),
            telemetry: self.telemetry.clone(),
        }
    }

    /// What a person declared; nothing where no site file is named.
    pub(crate) fn site(&self) -> Result<Site, Failure> {
        let Some(path) = &self.site else { return Ok(Site::default()) };
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::configuration(Fault::unreadable(path, &error)))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut list = |name: &str| {
            let path = folder.join(name);
            std::fs::read_to_string(&path).map_err(|error| match error.kind() {
                ErrorKind::NotFound => format!("there is no file {}", path.display()),
                ErrorKind::InvalidData => "not in UTF-8: save the list as that".to_owned(),
                _ => format!("cannot be read: {error}"),
            })
        };
        let site = Site::parse_with(&text, &mut list).map_err(|error| {
            Failure::configuration(format!("{}: {}", path.display(), plain(&error.to_string())))
        })?;
        Ok(site.named(path.display().to_string()))
    }
}
