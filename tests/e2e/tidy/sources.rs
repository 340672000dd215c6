//! The files of the repository, as the other tidy tests see them.

pub(super) use crate::machine::root;

/// One file of the repository.
pub(super) struct File {
    /// Relative to the root, with forward slashes.
    pub(super) path: String,
    pub(super) text: String,
    /// The file is not shipped: tests or an example by its place, or declared under `cfg(test)`.
    pub(super) is_test: bool,
}

impl File {
    pub(super) fn new(path: String, text: String) -> Self {
        let is_test = path.starts_with("tests/")
            || path.contains("/tests/")
            || path.contains("/examples/")
            || path.ends_with("/tests.rs");
        Self { path, text, is_test }
    }

    /// The lines before the module's own tests, each with its number from 1.
    pub(super) fn shipped_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = self
            .test_modules()
            .find(|(_, line)| line.ends_with('{'))
            .map_or(usize::MAX, |(number, _)| number);
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.take_while(move |(number, _)| *number < end)
    }

    /// The line after each `#[cfg(test)]` that declares or opens a module, with its number.
    fn test_modules(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut marked = false;
        self.text.lines().enumerate().filter_map(move |(index, line)| {
            let begins = line.trim_start();
            let declares =
                marked && (begins.starts_with("mod ") || begins.starts_with("pub(crate) mod "));
            // Other attributes and comments may stand between.
            marked = begins.starts_with("#[cfg(test)]")
                || marked && (begins.starts_with('#') || begins.starts_with("//"));
            declares.then_some((index + 1, line))
        })
    }

    /// The files and folders, without `.rs`, of the modules that this file declares for tests only.
    fn declared_for_tests(&self) -> Vec<String> {
        let own = self.path.trim_end_matches(".rs");
        let folder = match own.rsplit_once('/') {
            Some((folder, "lib" | "main" | "mod")) => folder,
            _ => own,
        };
        self.test_modules()
            .filter_map(|(_, line)| line.split_whitespace().last()?.strip_suffix(';'))
            .map(|name| format!("{folder}/{name}"))
            .collect()
    }

    /// The shipped lines without their comments and the contents of plain string literals.
    pub(super) fn code_lines(&self) -> impl Iterator<Item = (usize, String)> {
        self.shipped_lines().map(|(number, line)| (number, code(line)))
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
    let mut files = text_files(&["crates", "tests"], |path| path.ends_with(".rs"));
    let declared: Vec<String> = files.iter().flat_map(File::declared_for_tests).collect();
    for file in &mut files {
        let within = |module: &String| {
            file.path
                .strip_prefix(module.as_str())
                .is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        file.is_test |= declared.iter().any(within);
    }
    files
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
            std::fs::read_to_string(root().join(&path)).ok().map(|text| File::new(path, text))
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

#[test]
fn a_module_declared_for_tests_is_no_shipped_code() {
    let lib = "mod a;\n#[cfg(test)]\n#[expect(x)]\nmod b;\nmod c;\n#[cfg(test)]\nmod tests {\n}\n";
    let file = File::new("crates/x/src/lib.rs".to_owned(), lib.to_owned());
    assert_eq!(file.declared_for_tests(), ["crates/x/src/b"]);
    assert_eq!(file.shipped_lines().count(), 6);
}
