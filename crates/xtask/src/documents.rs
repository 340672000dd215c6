//! Documents made out of the catalogue of detections: nobody keeps them by hand, and a test holds that they are current.

mod detection;
mod evidence;
mod layer;

use std::path::Path;

use anyhow::Result;

/// A document as it has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where, below the workspace root.
    pub path: &'static str,
    /// What it says.
    pub text: String,
}

impl Document {
    /// Says how the file differs from what it has to be; none where it is current.
    #[must_use]
    pub fn fault(&self, root: &Path) -> Option<String> {
        let Ok(there) = std::fs::read_to_string(root.join(self.path)) else {
            return Some(format!("{} is not there: `cargo xtask docs` makes it", self.path));
        };
        if there == self.text {
            return None;
        }
        let differs =
            self.text.lines().zip(there.lines()).position(|(made, stands)| made != stands);
        let line = differs.unwrap_or_else(|| self.text.lines().count().min(there.lines().count()));
        let at = |text: &str| text.lines().nth(line).unwrap_or("the end of the file").to_owned();
        Some(format!(
            "{} is not current: `cargo xtask docs` makes it anew. Line {} is\n  {}\nand has to be\n  {}",
            self.path,
            line + 1,
            at(&there),
            at(&self.text)
        ))
    }
}

/// Every document that is made, of the sources under a root.
///
/// # Errors
///
/// Where a source cannot be read, or names what does not exist.
pub fn all(root: &Path) -> Result<Vec<Document>> {
    Ok(vec![
        Document { path: "docs/detection.md", text: detection::text(root)? },
        Document { path: "deploy/attack/gridtap-ics-layer.json", text: layer::text()? },
    ])
}
