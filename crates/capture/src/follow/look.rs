//! Which files there are, and what became of them since the last look.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use super::file::{Probe, probe};
use super::listing::{self, Listing, Standing, list};
use super::{Absent, Entry, Event, Follow, State};

impl Follow {
    /// Sees which files there are, about once a second.
    pub fn look(&mut self) {
        let Listing { files, is_more } = match list(&self.directory) {
            Ok(listing) => listing,
            Err(error) => {
                if !core::mem::replace(&mut self.is_gone, true) {
                    self.events.push(Event::Gone(error));
                }
                return;
            }
        };
        if core::mem::take(&mut self.is_gone) {
            self.events.push(Event::Back);
        }
        if is_more && !core::mem::replace(&mut self.is_crowded, true) {
            self.events.push(Event::Crowded { max: listing::FILES_MAX });
        }
        self.is_crowded &= is_more;
        self.miss(&files);
        for (name, standing) in files {
            self.see(&name, standing);
        }
        let new =
            |(name, entry): (&OsString, &Entry)| (entry.state == State::New).then(|| name.clone());
        for name in self.entries.iter().filter_map(new).collect::<Vec<_>>() {
            self.examine(&name);
        }
        self.give_up();
    }

    /// Forgets what is in the directory no more.
    fn miss(&mut self, files: &BTreeMap<OsString, Standing>) {
        if let Some(current) = &mut self.current {
            current.name.take_if(|name| !files.contains_key(name));
        }
        let Self { entries, absent, .. } = self;
        entries.retain(|name, entry| {
            let is_there = files.contains_key(name);
            if !is_there {
                absent.extend(Absent::of(name, entry));
            }
            is_there
        });
    }

    /// Compares a file with what it was at the last look.
    fn see(&mut self, name: &OsStr, standing: Standing) {
        let path = self.directory.join(name);
        let Some(entry) = self.entries.get_mut(name) else {
            let state = State::New;
            let entry = Entry {
                standing,
                state,
                is_settled: false,
                unknown: 0,
                read: None,
                was_told: false,
            };
            self.entries.insert(name.to_owned(), entry);
            return;
        };
        entry.is_settled = entry.standing == standing;
        if entry.is_settled {
            return;
        }
        if let Some(current) = &mut self.current
            && current.name.as_deref() == Some(name)
        {
            if current.inode == standing.inode {
                // What is written in its place has another length, which is not its own.
                if matches!(probe(&path, "", true), Probe::Capture(print) if print == current.print)
                {
                    current.length = standing.length;
                }
                entry.standing = standing;
                return;
            }
            // The name became another file's, and leads to this one no more.
            current.name = None;
        }
        self.absent.extend(Absent::of(name, entry));
        if let State::Damaged(print) = entry.state {
            entry.read = Some((print, u64::MAX));
        }
        if entry.standing.inode != standing.inode {
            entry.read = None;
        }
        (entry.state, entry.standing) = (State::New, standing);
    }

    /// Says what a file is that is new or has changed.
    fn examine(&mut self, name: &OsStr) {
        let path = self.directory.join(name);
        let file = path.display().to_string();
        let Some(entry) = self.entries.get_mut(name) else { return };
        let print = match probe(&path, &file, entry.is_settled) {
            Probe::NotYet => return entry.state = State::Quiet,
            Probe::Unsettled => {
                entry.unknown = entry.unknown.saturating_add(1);
                return;
            }
            Probe::Foreign(error) => {
                entry.state = State::Quiet;
                if !core::mem::replace(&mut entry.was_told, true) {
                    self.events.push(Event::Unread(error));
                }
                return;
            }
            Probe::Capture(print) => print,
        };
        if let Some(current) = self.current.as_mut().filter(|current| current.print == print) {
            if current.inode == entry.standing.inode {
                // It was renamed.
                current.name = Some(name.to_owned());
            }
            return entry.state = State::Read(print);
        }
        let read = entry.read.filter(|(before, _)| *before == print).map(|(_, read)| read);
        let has_grown = read.is_some_and(|read| entry.standing.length > read);
        entry.state = match self.ledger.get(&print) {
            _ if read == Some(u64::MAX) => State::Damaged(print),
            Some(read) if read.complete && !has_grown => State::Read(print),
            None if self.ledger.is_past(&print) => {
                if !core::mem::replace(&mut entry.was_told, true) {
                    self.events.push(Event::Past { file });
                }
                State::Read(print)
            }
            _ => {
                if has_grown && !core::mem::replace(&mut entry.was_told, true) {
                    self.events.push(Event::Grew { file });
                }
                State::Waiting(print)
            }
        };
    }

    /// What vanished unread and did not come under another name is lost.
    fn give_up(&mut self) {
        let Self { absent, entries, ledger, events, current, directory, .. } = self;
        absent.retain_mut(|each| {
            let is_it = |state: State| {
                matches!(state, State::Waiting(print) | State::Read(print) if print == each.print)
            };
            let is_read = ledger.get(&each.print).is_some_and(|read| read.complete)
                || current.as_ref().is_some_and(|current| current.print == each.print);
            if is_read || entries.values().any(|entry| is_it(entry.state)) {
                return false;
            }
            if entries.get(&each.name).is_some_and(|entry| entry.state == State::New) {
                // What became of it is still to be seen.
                return true;
            }
            each.looks = each.looks.saturating_sub(1);
            if each.looks == 0 {
                let file = directory.join(&each.name).display().to_string();
                events.push(Event::Lost { file, bytes: each.bytes });
            }
            each.looks > 0
        });
    }
}
