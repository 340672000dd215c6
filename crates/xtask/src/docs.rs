//! `cargo xtask docs`: makes the documents that are made.

use anyhow::{Context, Result};
use gridtap_xtask::documents;

use crate::process::{root, say};

/// Make docs/detection.md and the ATT&CK Navigator layer out of the catalogue and the tests
///
/// Nothing else is needed after a change of the catalogue, of crates/detect/data, or of which test names which
/// detection. A test holds that the files are current.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<()> {
    let root = root();
    for document in documents::all(&root)? {
        if document.fault(&root).is_none() {
            say(&format!("{} is current", document.path));
            continue;
        }
        let path = root.join(document.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        std::fs::write(&path, &document.text).with_context(|| path.display().to_string())?;
        say(&format!("{} written", document.path));
    }
    Ok(())
}
