//! Settings from files, the environment and the command line, in layers.
//!
//! Every setting is checked by itself where it was written, so that all faults are told at once, each with
//! its place and what would be right; only then does the crate `config` lay the layers over each other. What is wrong is
//! left out, so that the rest can be looked at as a whole all the same.

mod fault;
mod leaf;
mod tree;
mod written;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use fault::{Fault, nearest, plain};
use leaf::Leaf;
pub(crate) use tree::{Node, Step};
use written::Pile;
pub(crate) use written::Written;

use crate::failure::Failure;

/// Beside a file of settings: a folder of more of them, each dropped in by whom it concerns.
const DROP_INS: &str = "conf.d";

/// Where settings come from, the weakest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    /// Files; the `conf.d` beside each comes after all of them.
    pub files: Vec<PathBuf>,
    /// Variables `GRIDTAP_A__B` with their values.
    pub environment: Vec<(String, String)>,
    /// `a.b=value`.
    pub set: Vec<String>,
    /// What arguments of their own name: stronger than all else.
    pub named: Vec<Node>,
    /// Files as they would be: with this text, or gone. One that is not there yet comes after all others.
    pub proposed: Vec<(PathBuf, Option<String>)>,
}

/// What layers make.
#[derive(Debug)]
pub(crate) struct Layered<T> {
    /// The settings, without what is wrong.
    pub settings: T,
    /// What was written, and where.
    pub written: Written,
    /// Everything that is wrong.
    pub faults: Vec<Fault>,
    /// What is not wrong, and probably not meant.
    pub warnings: Vec<String>,
    /// The files that were read, in their order.
    pub files: Vec<PathBuf>,
}

impl Layers {
    /// With the variables of this process that name a setting.
    pub(crate) fn of(files: &[PathBuf], set: &[String]) -> Self {
        let environment = std::env::vars().filter(|(name, _)| leaf::names_setting(name)).collect();
        Self { files: files.to_vec(), environment, set: set.to_vec(), ..Self::default() }
    }

    /// The settings that these layers make, or everything that is wrong with them.
    #[cfg(test)]
    pub(crate) fn load<T: Default + Serialize + DeserializeOwned>(&self) -> Result<T, Failure> {
        let layered = self.read::<T>();
        if layered.faults.is_empty() { Ok(layered.settings) } else { Err(refused(&layered.faults)) }
    }

    /// Reads all layers.
    pub(crate) fn read<T: Default + Serialize + DeserializeOwned>(&self) -> Layered<T> {
        let mut faults = Vec::new();
        let mut warnings = Vec::new();
        let mut pile = Pile::default();
        let mut files = self.files.clone();
        for folder in self.folders() {
            match drop_ins(&folder) {
                Ok((found, left_aside)) => {
                    files.extend(found);
                    warnings.extend(left_aside);
                }
                Err(fault) => faults.push(fault),
            }
        }
        self.propose(&mut files);
        for path in &files {
            match self.text(path) {
                Ok(text) => {
                    let (node, wrong) = leaf::of_file::<T>(path, &text);
                    faults.extend(wrong);
                    pile.beside(node);
                }
                Err(error) => faults.push(Fault::unreadable(path, &error)),
            }
        }
        let single = self
            .environment
            .iter()
            .map(|(name, value)| Leaf::of_variable(name, value))
            .chain(self.set.iter().map(|text| Leaf::of_argument(text)));
        for leaf in single {
            match leaf.and_then(|leaf| leaf.node::<T>()) {
                Ok(node) => pile.over(node),
                Err(fault) => faults.push(fault),
            }
        }
        self.named.iter().cloned().for_each(|node| pile.over(node));
        let (settings, written) = pile.settings::<T>();
        let settings = settings.unwrap_or_else(|error| {
            let sentence = format!("do not fit together: {}", plain(&error.to_string()));
            faults.push(Fault::new("the settings", sentence));
            T::default()
        });
        Layered { settings, written, faults, warnings, files }
    }

    /// Leaves out the files that would be gone, and adds those that would be new.
    fn propose(&self, files: &mut Vec<PathBuf>) {
        for (path, text) in &self.proposed {
            match text {
                None => files.retain(|file| file != path),
                Some(_) if !files.contains(path) => files.push(path.clone()),
                Some(_) => {}
            }
        }
    }

    /// What a file says, or would say.
    fn text(&self, path: &Path) -> io::Result<String> {
        let proposed = self.proposed.iter().find(|(proposed, _)| proposed == path);
        match proposed.and_then(|(_, text)| text.as_ref()) {
            Some(text) => Ok(text.clone()),
            None => std::fs::read_to_string(path),
        }
    }

    /// The folders beside the files, each once.
    fn folders(&self) -> Vec<PathBuf> {
        let mut seen = BTreeSet::new();
        self.files
            .iter()
            .map(|path| beside(path))
            .filter(|folder| seen.insert(folder.clone()))
            .collect()
    }
}

/// The folder beside a file of settings that more of them are dropped into.
pub(crate) fn beside(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(DROP_INS)
}

/// The refusal of settings, a line a fault.
pub(crate) fn refused(faults: &[Fault]) -> Failure {
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    Failure::configuration(lines.join("\n"))
}

/// The settings in a folder in the order of their names, and a word about what else is there.
fn drop_ins(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>), Fault> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(<_>::default()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            let place = folder.display().to_string();
            return Err(Fault::new(&place, "a file, where a directory of settings is wanted"));
        }
        Err(error) => return Err(Fault::unreadable(folder, &error)),
    };
    let (mut files, mut left_aside) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(|error| Fault::unreadable(folder, &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        } else {
            left_aside.push(format!(
                "{}: left aside, because its name does not end in .toml",
                path.display()
            ));
        }
    }
    files.sort();
    left_aside.sort();
    Ok((files, left_aside))
}

#[cfg(test)]
mod tests;
