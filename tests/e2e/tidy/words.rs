//! Length and words: what makes a file readable by a stranger.

use super::sources::{File, all, assert_none, rust};

/// Lines of a source file, its tests apart.
const LINES_MAX: usize = 400;

#[test]
fn no_source_file_is_longer_than_400_lines_without_its_tests() {
    let mut faults = Vec::new();
    for file in rust().iter().filter(|file| !file.is_test) {
        let lines = file.shipped_lines().count();
        if lines > LINES_MAX {
            faults.push(format!("{}: {lines} lines", file.path));
        }
    }
    assert_none("files to be split", &faults);
}

#[test]
fn names_are_domain_nouns() {
    let empty = ["Manager", "Handler", "Helper", "Util", "Utils", "Common", "Prelude"];
    let mut faults = Vec::new();
    for file in rust() {
        let stem = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if empty
            .iter()
            .any(|word| stem == word.to_lowercase() || stem == format!("{}s", word.to_lowercase()))
        {
            faults.push(file.path.clone());
        }
        for (number, line) in file.code_lines() {
            let Some(name) = declared(&line) else { continue };
            if empty.iter().any(|word| ends_with_word(name, word)) {
                faults.push(format!("{}:{number}: {name}", file.path));
            }
        }
    }
    assert_none("names that say nothing", &faults);
}

/// The name that a line declares, if it declares a type, a module or a function.
fn declared(line: &str) -> Option<&str> {
    let mut words =
        line.split_whitespace().skip_while(|word| word.starts_with("pub") || *word == "const");
    let keyword = words.next()?;
    if !["struct", "enum", "trait", "type", "mod", "fn", "union"].contains(&keyword) {
        return None;
    }
    let name = words.next()?;
    let end = name
        .find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(name.len());
    name.get(..end)
}

/// Whether a CamelCase or snake_case name ends with a word.
fn ends_with_word(name: &str, word: &str) -> bool {
    name.ends_with(word)
        || name == word.to_lowercase()
        || name.ends_with(&format!("_{}", word.to_lowercase()))
}

#[test]
fn nothing_is_left_for_later_in_the_source() {
    // Put together here, so that this file does not find itself.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("HA", "CK")];
    let switched_off = concat!("#[", "ignore");
    let mut faults = Vec::new();
    for file in rust() {
        for (index, line) in file.text.lines().enumerate() {
            let marked = marks.iter().any(|mark| has_word(line, mark));
            if marked || line.trim_start().starts_with(switched_off) {
                faults.push(format!("{}:{}: {}", file.path, index + 1, line.trim()));
            }
        }
    }
    assert_none("left for later, or tests switched off", &faults);
}

#[test]
fn output_goes_through_a_writer_that_may_fail() {
    let macros = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    let mut faults = Vec::new();
    for file in rust().iter().filter(|file| !file.is_test) {
        for (number, line) in file.code_lines() {
            if macros.iter().any(|each| has_word(&line, each)) {
                faults.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none("macros that panic when their reader is gone", &faults);
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let roots = ["work", "home", "root", "Users"].map(|each| format!("/{each}/"));
    let mut faults = Vec::new();
    for file in all() {
        for (number, line) in with_numbers(&file) {
            if roots.iter().any(|each| names_path(line, each)) {
                faults.push(format!("{}:{number}: {}", file.path, line.trim()));
            }
        }
    }
    assert_none("paths of one machine", &faults);
}

fn with_numbers(file: &File) -> impl Iterator<Item = (usize, &str)> {
    file.text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// Whether a line names a path below `root`, and not one that merely contains it, such as `a/home/b`.
fn names_path(line: &str, root: &str) -> bool {
    let part_of_another = |before: char| before.is_alphanumeric() || "._-}$".contains(before);
    around(line, root).any(|(before, _)| !before.ends_with(part_of_another))
}

fn has_word(line: &str, word: &str) -> bool {
    let inside = |character: char| character.is_alphanumeric() || character == '_';
    around(line, word)
        .any(|(before, after)| !before.ends_with(inside) && !after.starts_with(inside))
}

/// What stands before and after each place where `line` has `part`.
fn around<'a>(line: &'a str, part: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    line.match_indices(part)
        .filter_map(move |(at, _)| Some((line.get(..at)?, line.get(at + part.len()..)?)))
}

#[test]
fn a_word_is_found_alone_and_not_inside_another() {
    assert!(has_word("a(print!(", "print!") && !has_word("eprint!(", "print!"));
    assert!(ends_with_word("FlowManager", "Manager") && ends_with_word("flow_util", "Util"));
    assert!(!ends_with_word("Utilisation", "Util"));
    let path = concat!("/ho", "me/x");
    let root = concat!("/ho", "me/");
    assert!(names_path(path, root) && !names_path(&format!("a{path}"), root));
    assert_eq!(declared("pub(crate) const fn name(a: B)"), Some("name"));
}
