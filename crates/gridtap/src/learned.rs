//! Which captures a state has learned from.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use gridtap_store::{Batch, Capture, Store};
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::feed::{self, Inputs};
use crate::person;

/// As much of the beginning and of the end of a file as tells it apart, with its length.
const PART: u64 = 64 * 1024;

/// The captures of a run, with what the state knows of each. Standard input and interfaces have no fingerprint.
#[derive(Debug)]
pub(crate) struct Learned {
    names: Vec<String>,
    fingerprints: Vec<Option<String>>,
    known: Vec<Option<Capture>>,
}

impl Learned {
    pub(crate) fn of(names: &[String], inputs: &Inputs, store: &Store) -> Result<Self, Failure> {
        let captures = store.captures()?;
        // There may be a file of an interface's name.
        let is_file = matches!(inputs, Inputs::Captures(_));
        let print = |name: &String| is_file.then(|| fingerprint(Path::new(name)).ok()).flatten();
        let fingerprints: Vec<_> = names.iter().map(print).collect();
        let known = fingerprints
            .iter()
            .map(|print| {
                let print = print.as_ref()?;
                captures.iter().find(|capture| capture.fingerprint == *print).cloned()
            })
            .collect();
        Ok(Self { names: names.to_vec(), fingerprints, known })
    }

    /// The captures, in the order of their ordinals.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many frames of each capture were learned before; all of them where it was learned to its end.
    pub(crate) fn frames(&self) -> Vec<u64> {
        let frames = |known: &Option<Capture>| match known {
            None => 0,
            Some(capture) if capture.complete => u64::MAX,
            Some(capture) => capture.frames,
        };
        self.known.iter().map(frames).collect()
    }

    /// The captures that were learned before, by name.
    pub(crate) fn known(&self) -> impl Iterator<Item = (&str, &Capture)> {
        self.names
            .iter()
            .zip(&self.known)
            .filter_map(|(name, known)| Some((name.as_str(), known.as_ref()?)))
    }

    /// The captures, named where they are few.
    pub(crate) fn subject(&self) -> String {
        match self.names.as_slice() {
            few if few.len() <= 3 => few.join(", "),
            many => format!("{} captures", many.len()),
        }
    }

    /// Notes how far each capture was learned now.
    pub(crate) fn note(&self, batch: &mut Batch<'_>, read: &feed::Read) -> Result<(), Failure> {
        for capture in self.captures(&read.last, read.stopped.is_none()) {
            batch.capture(&capture)?;
        }
        Ok(())
    }

    /// How far each capture is learned, with its last frame that was heard now.
    pub(crate) fn captures(&self, last: &[u64], is_complete: bool) -> Vec<Capture> {
        let at = person::now();
        let mut captures = Vec::with_capacity(self.names.len());
        for (nth, (name, print)) in self.names.iter().zip(&self.fingerprints).enumerate() {
            let Some(fingerprint) = print else { continue };
            let frames = last.get(nth).copied().unwrap_or(0);
            let before = self.known.get(nth).and_then(Option::as_ref);
            let complete = is_complete || before.is_some_and(|capture| capture.complete);
            captures.push(Capture {
                fingerprint: fingerprint.clone(),
                path: name.clone(),
                frames: frames.max(before.map_or(0, |capture| capture.frames)),
                complete,
                at,
            });
        }
        captures
    }
}

/// The length of a file and a digest of its beginning and its end.
fn fingerprint(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        // A pipe would lose what is read of it here.
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    let length = metadata.len();
    let mut digest = Sha256::new();
    digest.update(length.to_le_bytes());
    let mut part = Vec::new();
    (&mut file).take(PART).read_to_end(&mut part)?;
    digest.update(&part);
    file.seek(SeekFrom::Start(length.saturating_sub(PART)))?;
    part.clear();
    file.take(PART).read_to_end(&mut part)?;
    digest.update(&part);
    let mut text = String::with_capacity(64);
    for byte in digest.finalize() {
        // A String takes everything that is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_told_apart_by_length_beginning_and_end() {
        let directory = tempfile::tempdir().unwrap();
        let print = |content: &[u8]| {
            let path = directory.path().join("capture");
            std::fs::write(&path, content).unwrap();
            fingerprint(&path).unwrap()
        };
        let long = vec![7; 300_000];
        let mut other_end = long.clone();
        *other_end.last_mut().unwrap() = 8;
        let prints = [
            print(b""),
            print(b"a"),
            print(b"b"),
            print(&long),
            print(&long[1..]),
            print(&other_end),
        ];
        for (nth, one) in prints.iter().enumerate() {
            assert!(prints.iter().skip(nth + 1).all(|other| other != one));
        }
        assert_eq!(print(&long), print(&long));
        assert!(fingerprint(directory.path()).is_err());
    }
}
