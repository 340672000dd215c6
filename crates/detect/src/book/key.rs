//! What an entry of the book is under, and its words.

use super::{Subject, Words};

/// What an entry is under: what it is about, and what excuses it. What is excused and what is not never share one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) subject: Subject,
    pub(super) excuse: Option<String>,
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
