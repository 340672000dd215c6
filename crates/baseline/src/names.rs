//! What keys call functions and files, for people only: the numbers are the keys.

use std::collections::BTreeMap;

use gridtap_model::{Message, Protocol, Table};

use crate::path::{Code, Path, Range};

/// Characters of a file's name that a key has.
const FILE_NAME_MAX: usize = 48;

/// Names of functions as the protocols gave them, and of files as they were opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    functions: BTreeMap<(Protocol, Code), Box<str>>,
    /// Of the files that a key stands for: there are no more of them than keys.
    files: BTreeMap<u32, Box<str>>,
}

impl Names {
    /// Remembers the name of a function, the first one heard.
    pub(crate) fn add(&mut self, protocol: Protocol, code: Code, name: &str) {
        self.functions.entry((protocol, code)).or_insert_with(|| name.into());
    }

    /// The name of a function, empty where none was given.
    pub(crate) fn of(&self, protocol: Protocol, code: Code) -> &str {
        self.functions.get(&(protocol, code)).map_or("", |name| name)
    }

    /// Remembers the name of a file by its number, the first one heard.
    pub(crate) fn add_file(&mut self, index: u32, name: &[u8]) {
        if !name.is_empty() {
            self.files.entry(index).or_insert_with(|| plain(name).into());
        }
    }

    /// The name of a file, empty where none was given.
    pub(crate) fn file(&self, index: u32) -> &str {
        self.files.get(&index).map_or("", |name| name)
    }
}

impl Path {
    /// The text of a key of a message, with the names of its function and its file also where nothing was learned of
    /// them yet: told at the first hearing, it is the text that it keeps.
    pub(crate) fn text_of(&self, names: &Names, message: &Message<'_>) -> String {
        let (protocol, code) = match self {
            Self::Function { role, code } | Self::Address { role, code, .. } => {
                (role.device.protocol, *code)
            }
            _ => return self.text(names),
        };
        let mut own = Names::default();
        match names.of(protocol, code) {
            "" if Code::from(message.function) == code => {
                own.add(protocol, code, message.function.name);
            }
            known => own.add(protocol, code, known),
        }
        if let Self::Address { range: Range { table, first, .. }, .. } = self
            && is_file(protocol, *table)
        {
            own.add_file(*first, names.file(*first).as_bytes());
            let file = message.file.filter(|file| file.index == Some(*first));
            own.add_file(*first, file.and_then(|file| file.name).unwrap_or_default());
        }
        self.text(&own)
    }
}

/// Whether the points of a table are files.
pub(crate) const fn is_file(protocol: Protocol, table: u16) -> bool {
    matches!(protocol, Protocol::Dnp3) && table == Table::FILE.code
}

/// A name as a key has it. Keys are copied into a shell, and whoever names a file may be anyone.
fn plain(name: &[u8]) -> String {
    let harmless = |octet: &u8| {
        let fits = octet.is_ascii_alphanumeric() || b"._-/".contains(octet);
        char::from(if fits { *octet } else { b'_' })
    };
    name.iter().map(harmless).take(FILE_NAME_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_key_is_harmless_in_a_shell_and_ends_no_part_of_the_key() {
        assert_eq!(plain(b"./settings/bay-1.cfg"), "./settings/bay-1.cfg");
        assert_eq!(plain(b"a|b c'; $(rm) `x`\n\x1b\xff"), "a_b_c_____rm___x____");
        assert_eq!(plain(&[b'a'; 100]).len(), FILE_NAME_MAX);
    }
}
