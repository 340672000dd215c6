//! How far directories were read that are followed, so that the next run goes on there.

use std::collections::{BTreeMap, VecDeque};

use gridtap_capture::{Ledger, Read, Turn};
use gridtap_model::Timestamp;
use gridtap_store::Store;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::feed::Inputs;
use crate::state;

/// Under which name the state keeps it.
pub(crate) const META: &str = "followed";

/// How many directories are remembered.
const DIRECTORIES_MAX: usize = 64;

/// What is followed, and how much of it was judged.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    directories: Vec<Directory>,
    /// What the state knows of others.
    others: BTreeMap<String, Kept>,
}

#[derive(Debug)]
struct Directory {
    key: String,
    number: u64,
    ledger: Ledger,
    /// The files whose frames are under way, the last of them the current one.
    turns: VecDeque<Turn>,
}

/// A directory as the state keeps it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// The number of the last frame.
    number: u64,
    /// The first frame's time of the youngest file that is forgotten.
    forgotten_ns: Option<i64>,
    /// Which capture, how many of its frames, and whether it was left at its end.
    files: Vec<(String, u64, bool)>,
}

impl Followed {
    /// What the state knows of the inputs.
    pub(crate) fn of(inputs: &Inputs, store: &Store) -> Result<Self, Failure> {
        let Inputs::Followed(paths) = inputs else { return Ok(Self::default()) };
        let text = store.meta(META)?.unwrap_or_else(|| "{}".to_owned());
        let mut others: BTreeMap<String, Kept> =
            serde_json::from_str(&text).map_err(|error| state::damaged(store, error))?;
        let mut directories = Vec::with_capacity(paths.len());
        for path in paths {
            // The same directory under another name is the same.
            let key = path.canonicalize().unwrap_or_else(|_| path.clone()).display().to_string();
            let kept = others.remove(&key).unwrap_or_default();
            let (number, ledger) = (kept.number, kept.ledger());
            directories.push(Directory { key, number, ledger, turns: VecDeque::new() });
        }
        while others.len().saturating_add(directories.len()) > DIRECTORIES_MAX
            && others.pop_first().is_some()
        {}
        Ok(Self { directories, others })
    }

    /// Where each directory goes on.
    pub(crate) fn places(&self) -> impl Iterator<Item = (Ledger, u64)> {
        self.directories.iter().map(|each| (each.ledger.clone(), each.number))
    }

    /// The next file of a directory is read.
    pub(crate) fn turned(&mut self, turn: &Turn) {
        if let Some(directory) = self.directories.get_mut(usize::from(turn.capture)) {
            directory.turns.push_back(turn.clone());
        }
    }

    /// What the state is to keep, once the frames up to these numbers are judged; none where nothing is followed.
    pub(crate) fn text(&mut self, numbers: &[u64]) -> Result<Option<String>, serde_json::Error> {
        if self.directories.is_empty() {
            return Ok(None);
        }
        for (directory, number) in self.directories.iter_mut().zip(numbers) {
            directory.judged(*number);
        }
        let kept = self.directories.iter().map(|each| (&each.key, Kept::of(each)));
        let kept: BTreeMap<&String, Kept> = kept.collect();
        let all: BTreeMap<&String, &Kept> =
            self.others.iter().chain(kept.iter().map(|(key, kept)| (*key, kept))).collect();
        serde_json::to_string(&all).map(Some)
    }
}

impl Directory {
    /// All frames up to this one are judged.
    fn judged(&mut self, number: u64) {
        self.number = self.number.max(number);
        while let Some(turn) = self.turns.front() {
            if turn.number > number {
                break;
            }
            let next = self.turns.get(1).filter(|next| next.number <= number);
            let upto = next.map_or(number, |next| next.number);
            let frames = turn.from.saturating_add(upto.saturating_sub(turn.number));
            let complete = next.is_some_and(|next| next.completed);
            self.ledger.note(turn.print, Read { frames, complete });
            if next.is_none() {
                break;
            }
            self.turns.pop_front();
        }
    }
}

impl Kept {
    fn of(directory: &Directory) -> Self {
        let files = directory.ledger.iter();
        let files = files.map(|(print, read)| (print.to_string(), read.frames, read.complete));
        Self {
            number: directory.number,
            forgotten_ns: directory.ledger.forgotten().map(Timestamp::nanos),
            files: files.collect(),
        }
    }

    fn ledger(&self) -> Ledger {
        let files = self.files.iter().filter_map(|(print, frames, complete)| {
            Some((print.parse().ok()?, Read { frames: *frames, complete: *complete }))
        });
        Ledger::new(self.forgotten_ns.map(Timestamp::from_nanos), files)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use gridtap_capture::Print;

    use super::*;
    use crate::person;

    fn turn(second: i64, number: u64, from: u64, completed: bool) -> Turn {
        let print = Print { first: Timestamp::from_parts(second, 0), digest: 1 };
        Turn { capture: 0, file: format!("{second}"), print, number, from, completed }
    }

    fn read(followed: &Followed) -> (u64, Vec<(i64, u64, bool)>) {
        let (ledger, number) = followed.places().next().unwrap();
        let seconds = |print: &Print| print.first.nanos() / 1_000_000_000;
        let files = ledger.iter().map(|(print, read)| (seconds(print), read.frames, read.complete));
        (number, files.collect())
    }

    #[test]
    fn what_was_judged_is_kept_and_no_more_and_another_directory_stays() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("state"), person::now()).unwrap();
        let inputs = |name: &str| Inputs::Followed(vec![PathBuf::from(name)]);
        let mut followed = Followed::of(&inputs("/captures"), &store).unwrap();
        for turn in [turn(1, 0, 0, false), turn(2, 10, 0, true), turn(1, 15, 10, false)] {
            followed.turned(&turn);
        }
        let mut keep = |followed: &mut Followed, number| {
            let text = followed.text(&[number]).unwrap().unwrap();
            let mut batch = store.batch(person::now()).unwrap();
            batch.meta(META, &text).unwrap();
            batch.commit().unwrap();
            Followed::of(&inputs("/captures"), &store).unwrap()
        };
        let expected = [
            (4, vec![(1, 4, false)]),
            (10, vec![(1, 10, true), (2, 0, false)]),
            (12, vec![(1, 10, true), (2, 2, false)]),
            (18, vec![(1, 13, false), (2, 5, false)]),
        ];
        for (number, files) in expected {
            assert_eq!(read(&keep(&mut followed, number)), (number, files));
        }
        let mut others = Followed::of(&inputs("/elsewhere"), &store).unwrap();
        assert_eq!(read(&others), (0, Vec::new()));
        let text = others.text(&[3]).unwrap().unwrap();
        assert!(text.contains("/captures") && text.contains("/elsewhere"), "{text}");
    }
}
