//! Sequences as a Markov chain of order 1.
//!
//! Caselli, Zambon and Kargl, "Sequence-aware intrusion detection in industrial control systems" (CPSS 2015); Ferling,
//! Chromik, Caselli and Remke (MMB 2018). A chain for each pair of hosts; a state is a message's function with addresses and
//! quantities. A state, or a transition between states, that learning never showed is an alert: the threshold on a
//! transition's probability is 0. What a state is reached from again is not learned while judging.

use std::collections::{BTreeMap, BTreeSet};

use super::Said;

/// A chain for each channel. A device behind a gateway has one of its own: a master that asks several in turn would else
/// have a transition for any two of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Markov {
    states: BTreeSet<u64>,
    transitions: BTreeSet<(u64, u64)>,
    last: BTreeMap<u64, u64>,
}

impl Markov {
    pub(super) fn learn(&mut self, said: &Said<'_>) {
        self.states.insert(said.symbol);
        if let Some(before) = self.last.insert(said.channel, said.symbol) {
            self.transitions.insert((before, said.symbol));
        }
    }

    /// Whether a message is an alert.
    pub(super) fn judge(&mut self, said: &Said<'_>) -> bool {
        let before = self.last.insert(said.channel, said.symbol);
        !self.states.contains(&said.symbol)
            || before.is_some_and(|before| !self.transitions.contains(&(before, said.symbol)))
    }
}
