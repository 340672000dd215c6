//! Whether news comes as news comes that is common: one thing at a time, in the conversation that polls.
//!
//! Where newly commanded points are common, each of them is told one step lower. What is common there is that an operator
//! uses one more breaker, with the program that polls it. Another program on the same host speaks in a conversation of its
//! own beside it; and at even four new points a day three of them within a quarter of an hour are a matter of one in a
//! thousand. Neither is the news that was learned, and is told as if it were not common.

use core::net::IpAddr;

use gridtap_model::{Conversation, Device, Point, Table, Zone};

use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::window::Window;

/// Findings of one source, target and cause join within this time.
const TOGETHER_NS: u64 = 15 * 60_000_000_000;
/// So many newly commanded points of one master within that time are no chance.
const MANY: usize = 3;
/// A value of 64 bits takes four registers: so many points are one.
const POINTS_OF_ONE: u32 = 4;
/// Polls in a row by which a conversation is taken for the one that polls, and as many for another.
const WEIGHT_MAX: u8 = 32;

/// The conversation in which a master polls a device, by the majority of what it lately asked there.
#[derive(Debug, Default)]
pub(crate) struct Home {
    conversation: Option<Conversation>,
    weight: u8,
}

impl Home {
    /// The master asked for something in a conversation.
    #[inline]
    pub(crate) fn polled(&mut self, conversation: Conversation) {
        if self.conversation == Some(conversation) {
            self.weight = self.weight.saturating_add(1).min(WEIGHT_MAX);
        } else if self.weight == 0 {
            *self = Self { conversation: Some(conversation), weight: 1 };
        } else {
            self.weight = self.weight.saturating_sub(1);
        }
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
        let place = |point: Point| (point.table, point.index);
        let point = (message.device, verdict.first_new_point.map(place));
        if !points.holds(&point) {
            points.push(now, scene.obs.place.frame, point, TOGETHER_NS, MANY);
        }
        access.points_new <= POINTS_OF_ONE && points.count() < MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_conversation_that_polls_stays_the_one_until_another_polls_more() {
        let [one, other] = [1, 2].map(Conversation);
        let mut home = Home::default();
        assert!(home.is(other), "nothing is known yet");
        home.polled(one);
        assert!(home.is(one) && !home.is(other));
        for _ in 0..100 {
            home.polled(one);
        }
        for _ in 0..WEIGHT_MAX {
            home.polled(other);
            assert!(home.is(one), "a few requests beside it change nothing");
        }
        home.polled(other);
        assert!(home.is(other), "the master has connected anew");
    }
}
