//! Files in words: what is done with which, and how far it has come.

use core::fmt::Write as _;

use gridtap_model::{FileAccess, FileMode, Function};

/// Characters of a name that a sentence has.
const NAME_CHARACTERS_MAX: usize = 80;

/// A file by its name: `file "config.xml"`. None where nobody heard its opening.
pub(crate) fn file(file: &FileAccess<'_>) -> Option<String> {
    Some(format!("file {}", quoted(file.name?)))
}

/// What is done with a file: `write of file "config.xml" (opened to write, 4 blocks with 2310 octets so far)`,
/// `delete file "audit.log"`, `close file (one whose opening was not heard)`.
pub(crate) fn done(function: Function, file: &FileAccess<'_>) -> String {
    let mut text = function.to_string();
    let is_said = text.ends_with(" file");
    let Some(name) = file.name else {
        text.push_str(if is_said { " (one" } else { " of a file (one" });
        text.push_str(" whose opening was not heard)");
        return text;
    };
    text.push_str(if is_said { " " } else { " of file " });
    text.push_str(&quoted(name));
    let details = details(file);
    if !details.is_empty() {
        let _ = write!(text, " ({details})");
    }
    text
}

/// How it was opened, and what of it was transferred.
fn details(file: &FileAccess<'_>) -> String {
    let mut text = match file.mode {
        FileMode::Unknown => return String::new(),
        FileMode::Read => "opened to read",
        FileMode::Write => "opened to write",
        FileMode::Append => "opened to append",
    }
    .to_owned();
    let whole = file.octets.filter(|octets| *octets > 0);
    match (file.blocks, whole) {
        (0, None) => {}
        (0, Some(octets)) => {
            let _ = write!(text, ", {octets} octets");
        }
        (blocks, whole) => {
            let plural = if blocks == 1 { "" } else { "s" };
            let _ = write!(text, ", {blocks} block{plural} with {}", file.octets_moved);
            if let Some(whole) = whole {
                let _ = write!(text, " of {whole}");
            }
            text.push_str(" octets so far");
        }
    }
    text
}

/// A name as it may stand in a terminal, whatever octets a device or an attacker gave it.
fn quoted(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut characters = text.chars();
    let shown: String = characters.by_ref().take(NAME_CHARACTERS_MAX).collect();
    let more = if characters.next().is_some() { "…" } else { "" };
    format!("\"{}{more}\"", shown.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Function = Function { code: 25, sub: None, name: "open_file" };
    const WRITE: Function = Function { code: 2, sub: None, name: "write" };

    fn config() -> FileAccess<'static> {
        FileAccess { name: Some(b"config.xml"), mode: FileMode::Write, ..FileAccess::UNKNOWN }
    }

    #[test]
    fn a_file_is_told_by_its_name_its_mode_and_how_far_it_has_come() {
        let opened = FileAccess { octets: Some(2_310), ..config() };
        assert_eq!(done(OPEN, &opened), "open file \"config.xml\" (opened to write, 2310 octets)");
        assert_eq!(done(WRITE, &config()), "write of file \"config.xml\" (opened to write)");
        let going = FileAccess { blocks: 1, octets_moved: 512, ..opened };
        assert_eq!(
            done(WRITE, &going),
            "write of file \"config.xml\" (opened to write, 1 block with 512 of 2310 octets so far)"
        );
        let sized_by_nobody = FileAccess { octets: None, blocks: 4, ..going };
        assert_eq!(
            done(WRITE, &sized_by_nobody),
            "write of file \"config.xml\" (opened to write, 4 blocks with 512 octets so far)"
        );
        let deleted = FileAccess { mode: FileMode::Unknown, ..config() };
        let delete = Function { code: 27, sub: None, name: "delete_file" };
        assert_eq!(done(delete, &deleted), "delete file \"config.xml\"");
    }

    #[test]
    fn a_file_whose_opening_was_not_heard_is_told_as_that() {
        let close = Function { code: 26, sub: None, name: "close_file" };
        let unknown = FileAccess::UNKNOWN;
        assert_eq!(done(close, &unknown), "close file (one whose opening was not heard)");
        assert_eq!(done(WRITE, &unknown), "write of a file (one whose opening was not heard)");
        assert_eq!(file(&unknown), None);
    }

    #[test]
    fn a_name_cannot_steer_a_terminal_nor_fill_the_page() {
        let long = [b'a'; 100];
        for (name, told) in [
            (&b"\x1b[2Jx\"\n"[..], "file \"\\u{1b}[2Jx\\\"\\n\"".to_owned()),
            (b"\xff.cfg", "file \"\u{fffd}.cfg\"".to_owned()),
            (&long, format!("file \"{}…\"", "a".repeat(80))),
        ] {
            assert_eq!(file(&FileAccess { name: Some(name), ..config() }), Some(told));
        }
    }
}
