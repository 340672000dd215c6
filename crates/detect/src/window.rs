//! A short memory of when something happened.

use std::collections::VecDeque;

use gridtap_model::Timestamp;

/// The last occurrences of something within a span of time, each with its frame. Bounded.
#[derive(Debug)]
pub(crate) struct Window<T = ()> {
    seen: VecDeque<(Timestamp, u64, T)>,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { seen: VecDeque::new() }
    }
}

impl<T: PartialEq> Window<T> {
    /// Enters an occurrence and forgets those older than `span_ns` and those beyond `max`.
    pub(crate) fn push(&mut self, now: Timestamp, frame: u64, what: T, span_ns: u64, max: usize) {
        while let Some((time, _, _)) = self.seen.front() {
            if now.since_ns(*time) <= span_ns && self.seen.len() < max {
                break;
            }
            self.seen.pop_front();
        }
        self.seen.push_back((now, frame, what));
    }

    /// Forgets those older than `span_ns`.
    pub(crate) fn forget(&mut self, now: Timestamp, span_ns: u64) {
        self.seen.retain(|(time, _, _)| now.since_ns(*time) <= span_ns);
    }

    /// Forgets those that are not as they should be.
    pub(crate) fn keep(&mut self, is_one: impl Fn(&T) -> bool) {
        self.seen.retain(|(_, _, what)| is_one(what));
    }

    /// Forgets those like it.
    pub(crate) fn remove(&mut self, what: &T) {
        self.seen.retain(|(_, _, other)| other != what);
    }

    /// Whether one like it is remembered.
    pub(crate) fn holds(&self, what: &T) -> bool {
        self.seen.iter().any(|(_, _, other)| other == what)
    }

    /// Whether one of this frame is remembered.
    pub(crate) fn holds_frame(&self, frame: u64) -> bool {
        self.seen.iter().any(|(_, other, _)| *other == frame)
    }

    /// How many are remembered.
    pub(crate) fn count(&self) -> usize {
        self.seen.len()
    }

    /// The frames of those remembered, oldest first.
    pub(crate) fn frames(&self) -> Vec<u64> {
        self.seen.iter().map(|(_, frame, _)| *frame).collect()
    }

    /// Those remembered, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.seen.iter().map(|(_, _, what)| what)
    }

    pub(crate) fn clear(&mut self) {
        self.seen.clear();
    }
}
