//! Whether news comes as news comes that is common: little at a time, in the conversation that polls.
//!
//! Where newly commanded points are common, each of them is told one step lower. What is common there is that an operator
//! uses one more breaker, with the program that polls it. Another program on the same host speaks in a conversation of its
//! own beside it; and at even four new points a day three of them within a quarter of an hour are a matter of one in a
//! thousand. Neither is the news that was learned, and is told as if it were not common.

use core::net::IpAddr;

use gridtap_model::{Conversation, Device, Table, Timestamp, Zone};

use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::window::Window;

/// Findings of one source, target and cause join within this time.
const TOGETHER_NS: u64 = 15 * 60_000_000_000;
/// So many newly commanded points of one master within that time are no chance.
const MANY: usize = 3;
/// A value of 64 bits takes four registers: so many that follow each other are one point.
const REGISTERS_OF_ONE: u32 = 4;
/// A conversation that polled is left for another when it was silent for so long, and for so many times as long as it ever
/// was between two polls; but no longer than an hour, as one that stood still for a night says nothing of its pace.
const LEFT_NS: u64 = 60_000_000_000;
const LEFT_FACTOR: u64 = 4;
const LEFT_MAX_NS: u64 = 3_600_000_000_000;

/// The conversation in which a master polls a device. One that begins beside it is none while the first goes on, however
/// much is asked in it.
#[derive(Debug, Default)]
pub(crate) struct Home {
    conversation: Option<Conversation>,
    last: Timestamp,
    /// The longest time between two polls in it.
    longest_ns: u64,
    /// Others, the latest first, and how often what is polled as ever was asked for in each.
    beside: [Option<(Conversation, u8)>; BESIDE],
}

/// Conversations beside that are remembered.
const BESIDE: usize = 2;

/// Where a master commands a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It was not heard polling.
    Unknown,
    /// In a conversation in which it polls.
    Polled,
    /// In another one than that in which it polls, and polled last at this time.
    Aside { from: Conversation, last: Timestamp, ended: Option<Timestamp> },
}

/// So many known polls in a conversation make it one that polls, while another goes on.
const POLLS_MIN: u8 = 3;

impl Home {
    /// The master asked for something in a conversation: for what it polls as ever, or for something else.
    #[inline]
    pub(crate) fn polled(&mut self, conversation: Conversation, now: Timestamp, known: bool) {
        let silent_ns = now.since_ns(self.last);
        if self.conversation == Some(conversation) {
            self.longest_ns = self.longest_ns.max(silent_ns);
            self.last = self.last.max(now);
        } else if !known {
            // Whoever takes its place asks for what was asked for before.
        } else if self.conversation.is_none() || silent_ns >= self.patience_ns() {
            (self.conversation, self.last) = (Some(conversation), now);
        } else {
            self.beside(conversation);
        }
    }

    #[cold]
    fn beside(&mut self, conversation: Conversation) {
        let is_it =
            |own: &&mut Option<(Conversation, u8)>| own.is_some_and(|own| own.0 == conversation);
        if let Some((_, polls)) = self.beside.iter_mut().find(is_it).and_then(Option::as_mut) {
            *polls = polls.saturating_add(1);
            return;
        }
        self.beside.rotate_right(1);
        if let Some(first) = self.beside.first_mut() {
            *first = Some((conversation, 1));
        }
    }

    /// Where a command comes that is sent in a conversation; `ended` says when another one was closed.
    pub(crate) fn place(
        &self,
        conversation: Conversation,
        now: Timestamp,
        ended: impl Fn(Conversation) -> Option<Timestamp>,
    ) -> Place {
        let Some(from) = self.conversation else { return Place::Unknown };
        let polls = self.beside.iter().flatten().find(|own| own.0 == conversation);
        // What is closed long after its last word was forgotten, not ended.
        let ended = ended(from).filter(|ended| ended.since_ns(self.last) < self.patience_ns());
        let silent_ns = now.since_ns(self.last);
        let goes_on = ended.is_none() && silent_ns <= self.longest_ns.saturating_mul(2);
        let enough = if goes_on { POLLS_MIN } else { 1 };
        if from == conversation || polls.is_some_and(|own| own.1 >= enough) {
            return Place::Polled;
        }
        Place::Aside { from, last: self.last, ended }
    }

    fn patience_ns(&self) -> u64 {
        self.longest_ns.saturating_mul(LEFT_FACTOR).clamp(LEFT_NS, LEFT_MAX_NS)
    }

    /// Whether that is this one, as far as is known.
    pub(crate) fn is(&self, conversation: Conversation) -> bool {
        self.conversation.is_none_or(|home| home == conversation)
    }
}

/// A point of a device that was newly commanded; none where a message names none.
type Newly = (Device, Option<(Table, u32)>);

/// What was newly commanded of late, by master.
pub(crate) struct Lately {
    points: Bounded<(Zone, IpAddr), Window<Newly>>,
}

impl Lately {
    pub(crate) fn new(config: &Config) -> Self {
        Self { points: Bounded::new(config.pairs_max) }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.points.evicted()
    }

    /// Takes in a command; says whether what is new in it comes by itself.
    pub(crate) fn is_single(&mut self, scene: &Scene<'_>) -> bool {
        let (verdict, message) = (scene.verdict, scene.message);
        let access = &verdict.access;
        let newly = verdict.armed && verdict.new_at.is_some() && !verdict.accepted;
        if !newly || !scene.commands() || scene.selects() {
            return true;
        }
        let (master, now) = (message.master.address, scene.obs.time);
        let points = self.points.entry((message.device.zone, master), || access.host_known);
        points.forget(now, TOGETHER_NS);
        for place in newly_commanded(scene) {
            let point = (message.device, place);
            if !points.holds(&point) {
                points.push(now, scene.obs.place.frame, point, TOGETHER_NS, MANY);
            }
        }
        points.count() < MANY
    }
}

/// What of a command stands for a point each. Where several are new, which of them are is not asked: those that are known
/// count as well, so that nobody hides new ones behind one that was told.
fn newly_commanded(scene: &Scene<'_>) -> Vec<Option<(Table, u32)>> {
    let (verdict, message) = (scene.verdict, scene.message);
    if verdict.access.points_new <= 1 {
        return vec![verdict.first_new_point.map(|point| (point.table, point.index))];
    }
    let written = message.runs.iter().filter(|run| run.written);
    let each = written.flat_map(|run| {
        let registers = run.table == Table::HOLDING_REGISTER && run.count <= REGISTERS_OF_ONE;
        let points = if registers { 1 } else { MANY };
        run.points().take(points).map(|point| Some((point.table, point.index)))
    });
    each.take(MANY).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation_that_polls_stays_the_one_while_it_goes_on() {
        let [one, other] = [1, 2].map(Conversation);
        let at = |second: u32| Timestamp::from_parts(1_760_000_000 + i64::from(second), 0);
        let mut home = Home::default();
        assert!(home.is(other), "nothing is known yet");
        for second in 0..1_000 {
            if second % 30 == 0 {
                home.polled(one, at(second), true);
            }
            if second > 0 {
                home.polled(other, at(second), true);
            }
            assert!(home.is(one) && !home.is(other), "{second}");
        }
        for second in 1_000..1_110 {
            home.polled(other, at(second), true);
            assert!(home.is(one), "it may come back: {second}");
        }
        home.polled(other, at(1_110), true);
        assert!(home.is(other), "four times as long as between its polls");
        home.polled(other, at(40_000), true);
        home.polled(one, at(43_599), true);
        assert!(home.is(other), "it may come back");
        home.polled(one, at(43_600), true);
        assert!(home.is(one), "however long it once stood still");
    }
}
