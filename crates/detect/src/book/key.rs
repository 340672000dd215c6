//! What an entry of the book is under, and its words.

use super::{Subject, Words};

/// What an entry is under: what it is about, and what excuses it. What is excused and what is not never share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) subject: Subject,
    pub(super) excuse: Option<String>,
    /// Its place among those of the same subject that were put by; 0 for the one that findings come to.
    pub(super) place: u64,
}

impl Key {
    /// Where findings of a subject come to.
    pub(super) const fn new(subject: Subject, excuse: Option<String>) -> Self {
        Self { subject, excuse, place: 0 }
    }

    /// The same, put by.
    pub(super) fn put_by(&self, place: u64) -> Self {
        Self { place, ..self.clone() }
    }
}

/// Words that are made when they are needed first.
pub(crate) enum Lazy<F> {
    Make(F),
    Made(Words),
}

impl<F: FnOnce() -> Words> Lazy<F> {
    pub(crate) fn get(self) -> Words {
        match self {
            Self::Make(make) => make(),
            Self::Made(words) => words,
        }
    }
}
