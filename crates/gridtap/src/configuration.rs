//! Settings from files, the environment and the command line, in layers.
//!
//! Every setting is checked by itself where it was written, so that all faults are told at once, each with
//! its place and what would be right; only then are the layers laid over each other.

mod fault;
mod leaf;

use std::path::{Path, PathBuf};

use config::{Config, FileFormat};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use fault::{Fault, plain};
use leaf::Leaf;

use crate::failure::Failure;

/// Where settings come from, the weakest first.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    pub files: Vec<PathBuf>,
    /// Variables `GRIDTAP_A__B` with their values.
    pub environment: Vec<(String, String)>,
    /// `a.b=value`.
    pub set: Vec<String>,
}

impl Layers {
    /// With the variables of this process that name a setting.
    pub(crate) fn of(files: &[PathBuf], set: &[String]) -> Self {
        let environment = std::env::vars().filter(|(name, _)| leaf::names_setting(name)).collect();
        Self { files: files.to_vec(), environment, set: set.to_vec() }
    }

    /// The settings that these layers make.
    pub(crate) fn load<T: Default + Serialize + DeserializeOwned>(&self) -> Result<T, Failure> {
        let mut faults = Vec::new();
        let mut builder = Config::builder();
        for path in &self.files {
            match read(path) {
                Ok(text) => {
                    faults.extend(leaf::faults_of_file::<T>(path, &text));
                    builder = builder.add_source(config::File::from_str(&text, FileFormat::Toml));
                }
                Err(fault) => faults.push(fault),
            }
        }
        let written = self
            .environment
            .iter()
            .map(|(name, value)| Leaf::of_variable(name, value))
            .chain(self.set.iter().map(|text| Leaf::of_argument(text)));
        for leaf in written {
            let checked = leaf.and_then(|leaf| {
                let value = leaf.check::<T>()?;
                Ok((leaf.key(), value))
            });
            match checked {
                Ok((key, value)) => {
                    let value: config::Value = leaf::layered(value);
                    builder = builder
                        .set_override(&key, value)
                        .map_err(|error| Failure::configuration(format!("{key}: {error}")))?;
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
            return Err(Failure::configuration(lines.join("\n")));
        }
        builder.build().and_then(Config::try_deserialize).map_err(|error| {
            Failure::configuration(format!("the settings do not fit together: {error}"))
        })
    }
}

fn read(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|error| Fault::unreadable(path, &error))
}

#[cfg(test)]
mod tests;
