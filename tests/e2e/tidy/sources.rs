//! The files of the repository, as the other tidy tests see them.

pub(super) use crate::machine::root;

/// One file of the repository.
pub(super) struct File {
    /// Relative to the root, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
}

impl File {
    /// The lines before the module's own tests, each with its number from 1.
    pub(super) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }

    /// The shipped lines without their comments and the contents of plain string literals.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, String)> {
        self.shipped_lines().map(|(number, line)| (number, code(line)))
    }

    /// Whether the whole file is tests.
    pub(super) fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.contains("/benches/")
            || self.path.ends_with("/tests.rs")
    }
}

/// A line without a trailing comment and without what stands between its quotes.
fn code(line: &str) -> String {
    let mut code = String::new();
    let mut characters = line.chars().peekable();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted => {
                characters.next();
            }
            '"' => {
                quoted = !quoted;
                code.push('"');
            }
            '/' if !quoted && characters.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => code.push(character),
        }
    }
    code
}

/// Every Rust file of the workspace's crates and tests.
pub(super) fn rust() -> Vec<File> {
    text_files(&["crates", "tests"], |path| path.ends_with(".rs"))
}

/// Every text file of the repository that a person wrote.
pub(super) fn all() -> Vec<File> {
    let mut files = text_files(&[""], |_| true);
    files.retain(|file| file.path != "Cargo.lock");
    files
}

fn text_files(directories: &[&str], wanted: impl Fn(&str) -> bool) -> Vec<File> {
    let mut files: Vec<File> = directories
        .iter()
        .flat_map(|directory| paths(directory))
        .filter(|path| wanted(path))
        .filter_map(|path| {
            std::fs::read_to_string(root().join(&path)).ok().map(|text| File { path, text })
        })
        .collect();
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

/// Every file under a directory of the repository, but for what is built or downloaded.
pub(super) fn paths(directory: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(directory)];
    while let Some(directory) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            let built = ["target", ".git", "corpus", "artifacts", "__pycache__"];
            if built.iter().any(|each| name == *each) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if let Ok(relative) = path.strip_prefix(root()) {
                found.push(relative.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

/// Fails with every fault at once, one a line.
#[track_caller]
pub(super) fn assert_none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n  {}", faults.join("\n  "));
}

#[test]
fn a_comment_and_a_string_are_not_code() {
    assert_eq!(code(r#"let a = "x // \" y"; // z"#), r#"let a = ""; "#);
}
