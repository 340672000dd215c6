//! The licences of what others wrote: a list, and then every text once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Result;

use super::components::Component;

/// How the names of files begin that hold the terms of a crate.
const BEGINNINGS: [&str; 5] = ["LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

const RULE: &str = "------------------------------------------------------------------------";

/// The document.
pub(super) fn text(components: &[Component]) -> Result<String> {
    let others: Vec<&Component> = components.iter().filter(|each| each.url.is_some()).collect();
    let mut text = String::from(
        "What others wrote that is linked into gridtap, each with its licence. The texts follow as their authors\n\
         pass them on; where an author passes on none, the licence is known by its name alone.\n\n",
    );
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for component in &others {
        writeln!(text, "{:<28} {:<20} {}", component.name, component.version, component.licence)?;
        for terms in terms(&component.folder)? {
            texts.entry(terms).or_default().insert(component.reference());
        }
    }
    for (terms, of) in texts {
        let of: Vec<String> = of.into_iter().collect();
        write!(text, "\n{RULE}\nOf {}:\n{RULE}\n\n{}\n", of.join(", "), terms.trim_end())?;
    }
    Ok(text)
}

/// The texts of the licence of a crate, in no order.
fn terms(folder: &Path) -> Result<Vec<String>> {
    let mut terms = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_terms = BEGINNINGS.iter().any(|beginning| name.starts_with(beginning));
        if is_terms && entry.file_type()?.is_file() {
            let octets = fs::read(entry.path())?;
            terms.push(String::from_utf8_lossy(&octets).replace('\r', ""));
        }
    }
    Ok(terms)
}
