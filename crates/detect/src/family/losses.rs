//! How much of the conversations that are decoded the sensor does not hear.
//!
//! A network that loses a segment sends it again, so octets that never come were lost between the network and the
//! sensor: a mirror port that is overrun, a capture that drops. What is missing was not judged, and that is told here.
//! Everything counted is of what packets brought, so that a file says what the same packets said when they were heard.

use gridtap_model::{Place, Timestamp};

/// Fewer gaps may be one burst.
const GAPS: usize = 5;
/// A mirror port that keeps pace loses less than one in a hundred messages.
const MESSAGES_PER_GAP: u64 = 100;
/// So many gaps among so few messages are much, if they come within this time: a site that exchanges a few dozen messages
/// a minute shows a loss of one in a hundred in some minutes, not in one.
const WINDOW_NS: u64 = 600_000_000_000;

/// One gap: when it was heard of, how many messages of its input had come before, and how long it was.
#[derive(Debug, Clone, Copy)]
struct Gap {
    time: Timestamp,
    messages: u64,
    octets: u64,
}

/// What was heard of one input, and what was not.
#[derive(Debug, Clone)]
struct Input {
    messages: u64,
    /// The last gaps, the oldest first.
    gaps: [Option<Gap>; GAPS],
    /// When there were too many of them last, and where; it was told.
    troubled: Option<(Timestamp, Place)>,
}

impl Input {
    const NEW: Self = Self { messages: 0, gaps: [None; GAPS], troubled: None };

    /// What is missing, where it is much: octets and messages since the oldest of the last gaps.
    fn much(&self, now: Timestamp) -> Option<(u64, u64)> {
        let oldest = self.gaps.first().copied().flatten()?;
        let messages = self.messages.saturating_sub(oldest.messages);
        let gaps = u64::try_from(GAPS).unwrap_or(u64::MAX);
        let is_much = now.since_ns(oldest.time) <= WINDOW_NS
            && messages < gaps.saturating_mul(MESSAGES_PER_GAP);
        let octets = self.gaps.iter().flatten().map(|gap| gap.octets);
        is_much.then(|| (octets.fold(0, u64::saturating_add), messages))
    }
}

/// What the inputs lose, by the ordinal of the capture.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    inputs: Vec<Input>,
}

impl Losses {
    /// A message of an input was heard.
    #[inline]
    pub(crate) fn message(&mut self, capture: u16) {
        match self.inputs.get_mut(usize::from(capture)) {
            Some(input) => input.messages = input.messages.saturating_add(1),
            None => self.inputs.resize(usize::from(capture).saturating_add(1), Input::NEW),
        }
    }

    /// Octets of a conversation are missing: says what is wrong, where it is much and was not told.
    pub(crate) fn missing(&mut self, place: Place, now: Timestamp, octets: u64) -> Option<String> {
        let input = self.inputs.get_mut(usize::from(place.capture))?;
        input.gaps.rotate_left(1);
        if let Some(last) = input.gaps.last_mut() {
            *last = Some(Gap { time: now, messages: input.messages, octets });
        }
        let (octets, messages) = input.much(now)?;
        let is_told = input.troubled.replace((now, place)).is_some();
        (!is_told).then(|| {
            format!(
                "{octets} octets of the conversations that are decoded were not heard: {GAPS} gaps among {messages} messages"
            )
        })
    }

    /// Time passes: an input of which little has been missing for ten minutes, by where too much was missing last.
    pub(crate) fn tick(&mut self, now: Timestamp) -> Option<Place> {
        let is_over = |input: &&mut Input| {
            input.troubled.is_some_and(|(last, _)| now.since_ns(last) > WINDOW_NS)
        };
        let over = self.inputs.iter_mut().find(is_over)?;
        over.troubled.take().map(|(_, place)| place)
    }
}
