//! A cyclic automaton for each channel.
//!
//! Goldenberg and Wool, "Accurate modeling of Modbus/TCP for intrusion detection in SCADA systems" (IJCIP 6(2), 2013). The
//! first hundred messages of a channel give its pattern: the stretch within the first half of them that, said again and
//! again, foretells most of what follows it; the shorter of two that are as good. From then on a message is
//! *normal* where the pattern goes on with it, a *retransmission* where it is the last one again, a *miss* where it stands
//! elsewhere in the pattern, and *unknown* where it does not. Misses and unknown messages are alerts. A channel that has not
//! said a hundred messages has no pattern, and nothing is said of it.

use std::collections::BTreeMap;

use super::Said;

/// Messages that a channel's pattern is made of, as published.
const LEARNING: usize = 100;

/// A channel: what was heard while there is no pattern, then the pattern and how far it has come.
#[derive(Debug, Clone)]
enum Channel {
    Heard(Vec<u64>),
    Trained(Pattern),
}

#[derive(Debug, Clone)]
struct Pattern {
    symbols: Vec<u64>,
    place: usize,
}

/// What a message is to a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Normal,
    Retransmission,
    Miss,
    Unknown,
}

impl Pattern {
    /// The best pattern of a channel's first messages.
    fn of(heard: &[u64]) -> Self {
        let half = heard.len() / 2;
        let stretches =
            (1..=half).flat_map(|length| (0..=half - length).map(move |first| (first, length)));
        let mut best: Option<(usize, usize, Self)> = None;
        for (first, length) in stretches {
            let (stretch, rest) = heard.split_at(first + length);
            let symbols = stretch.iter().skip(first).copied().collect();
            let mut own = Self { symbols, place: length - 1 };
            let wrong = rest.iter().filter(|symbol| own.step(**symbol) != Step::Normal).count();
            let fewer = |(least, of, _): &(usize, usize, Self)| wrong * of < least * rest.len();
            if best.as_ref().is_none_or(fewer) {
                best = Some((wrong, rest.len(), own));
            }
        }
        best.map_or(Self { symbols: Vec::new(), place: 0 }, |own| own.2)
    }

    fn step(&mut self, symbol: u64) -> Step {
        let length = self.symbols.len().max(1);
        let is_at = |place: usize| self.symbols.get(place % length) == Some(&symbol);
        if is_at(self.place + 1) {
            self.place = (self.place + 1) % length;
            return Step::Normal;
        }
        if is_at(self.place) {
            return Step::Retransmission;
        }
        match (2..length).find(|on| is_at(self.place + on)) {
            Some(on) => {
                self.place = (self.place + on) % length;
                Step::Miss
            }
            None => Step::Unknown,
        }
    }

    fn is_alert(&mut self, symbol: u64) -> bool {
        matches!(self.step(symbol), Step::Miss | Step::Unknown)
    }
}

/// An automaton for each channel.
#[derive(Debug, Clone, Default)]
pub(super) struct Automata {
    channels: BTreeMap<u64, Channel>,
}

impl Automata {
    /// Whether a message is an alert; it teaches where its channel has no pattern yet.
    pub(super) fn judge(&mut self, said: &Said<'_>) -> bool {
        let channel =
            self.channels.entry(said.channel).or_insert_with(|| Channel::Heard(Vec::new()));
        match channel {
            Channel::Heard(heard) => {
                heard.push(said.symbol);
                if heard.len() == LEARNING {
                    *channel = Channel::Trained(Pattern::of(heard));
                }
                false
            }
            Channel::Trained(pattern) => pattern.is_alert(said.symbol),
        }
    }

    /// How many channels have a pattern, and how many have none.
    pub(super) fn trained(&self) -> (usize, usize) {
        let trained = self.channels.values().filter(|own| matches!(own, Channel::Trained(_)));
        let trained = trained.count();
        (trained, self.channels.len() - trained)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alerts(pattern: &mut Pattern, symbols: &[u64]) -> Vec<bool> {
        symbols.iter().map(|symbol| pattern.is_alert(*symbol)).collect()
    }

    #[test]
    fn a_cycle_is_found_at_its_length_and_what_leaves_it_is_an_alert() {
        let heard: Vec<u64> = (0..LEARNING).map(|nth| [7, 8, 8, 9][nth % 4]).collect();
        let mut pattern = Pattern::of(&heard);
        assert_eq!(pattern.symbols, [7, 8, 8, 9]);
        assert_eq!(alerts(&mut pattern, &[7, 8, 8, 9, 7]), [false; 5]);
        // Said again, left out, never heard.
        assert_eq!(alerts(&mut pattern, &[7]), [false]);
        assert_eq!(alerts(&mut pattern, &[9, 7]), [true, false]);
        assert_eq!(alerts(&mut pattern, &[5, 8]), [true, false]);
    }
}
