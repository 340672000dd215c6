//! What the standard's own dialogues explain: a device that has restarted, a conversation that begins, a clock that
//! wants to be set.
//!
//! A master that starts tells its device to be silent, polls everything and lets it report again. The first of
//! these, alone, is also how an intruder hides what he does next. So it is excused where it is this master's habit
//! or opens its conversation, and told after all where nothing follows, or another conversation that was alive goes on.

use core::net::IpAddr;
use std::collections::VecDeque;

use gridtap_baseline::Verdict;
use gridtap_model::{
    Class, Conversation, Device, Effect, Endpoint, Message, Observation, Occasion, Phase, Severity,
    SubAddress, Timestamp, Zone,
};

use super::rows;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::series::{Found, Later, Series};
use crate::words;

/// A conversation in which a message was heard so short a while ago goes on.
const ALIVE_NS: u64 = 5_000_000_000;
/// Within this time what was excused must be followed by what it is for.
const FOLLOWED_NS: u64 = 30_000_000_000;
/// Conversations of one pair of hosts that are told apart.
const CONVERSATIONS_MAX: usize = 8;

type Pair = (Zone, IpAddr, IpAddr);

#[derive(Debug, Clone, Copy)]
struct Spoken {
    conversation: Conversation,
    sub: SubAddress,
    last: Timestamp,
    /// Something was read in it, and reports were switched on.
    read: bool,
    reporting: bool,
}

/// A request that masters begin with, excused until its time is over.
#[derive(Debug)]
struct Excused {
    pair: Pair,
    device: Device,
    conversation: Conversation,
    frame: u64,
    /// It silences the device: something must follow it.
    silences: bool,
    /// Something has followed.
    followed: bool,
    /// Conversations beside it then, and whether one that goes on shows that this one replaces none of them.
    beside: Vec<(Conversation, bool)>,
    later: Later,
}

/// The conversations of masters with their devices, and what was excused in them.
pub(crate) struct Occasions {
    spoken: Bounded<Pair, Vec<Spoken>>,
    excused: VecDeque<Excused>,
    excused_max: usize,
    dropped: u64,
}

impl Occasions {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            spoken: Bounded::new(config.pairs_max),
            excused: VecDeque::new(),
            excused_max: config.pairs_max.div_ceil(16),
            dropped: 0,
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.spoken.evicted().saturating_add(self.dropped)
    }

    /// Whether a request is explained by the dialogue that it belongs to. Told what is over by it.
    pub(crate) fn request(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        verdict: &Verdict,
        over: &mut Vec<Later>,
    ) -> bool {
        if message.dialogue.master_sub == SubAddress::None {
            return false;
        }
        let before = self.heard(obs, message, verdict.access.host_known, over);
        // A master of others begins with a device that has just come as it began with them.
        let access = &verdict.access;
        let takes_up = access.device_new && access.class_elsewhere;
        let familiar = access.master_known || takes_up || !verdict.armed;
        if !familiar || !is_of_dialogue(message.effect) {
            return false;
        }
        match message.dialogue.occasion {
            Occasion::None => false,
            Occasion::NeedTime => message.effect == Effect::ClockSet,
            Occasion::Restart => true,
            // Who has polled, or switched reports on, has begun already.
            Occasion::Opening if message.effect == Effect::ReportingOff && before.reporting => {
                false
            }
            Occasion::Opening => {
                let begins = message.effect != Effect::ReportingOff || !before.read;
                verdict.access.function_known || begins
            }
        }
    }

    /// A request of a known master that is in no need of an excuse.
    pub(crate) fn goes_on(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        over: &mut Vec<Later>,
    ) {
        self.heard(obs, message, true, over);
    }

    /// Takes note of a request in its conversation; says how that stood before.
    fn heard(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        known: bool,
        over: &mut Vec<Later>,
    ) -> Spoken {
        let pair = (message.device.zone, message.master.address, message.device.address);
        self.follow(obs, message, pair, over);
        spoke(self.spoken.entry(pair, || known), obs, message)
    }

    /// Remembers an excused request until its time is over: one to report nothing must be followed, and of any that
    /// opens a conversation, no other may go on.
    pub(crate) fn excuse(&mut self, scene: &Scene<'_>) {
        let (obs, message) = (scene.obs, scene.message);
        let silences = message.effect == Effect::ReportingOff;
        let opens = message.dialogue.occasion == Occasion::Opening;
        let unusual = opens && !scene.verdict.access.function_known;
        // Of what tells the device nothing that could hide an attack, only the unusual is watched.
        let changes = matches!(message.effect, Effect::ReportingOn | Effect::ClockSet);
        if !scene.excused || !(silences || changes && unusual && scene.verdict.armed) {
            return;
        }
        let Some(rows) = rows(message.device.protocol) else { return };
        let Some(row) = (rows.effect)(message.effect, message.function.code) else { return };
        let pair = (message.device.zone, message.master.address, message.device.address);
        let waits = |other: &Excused| {
            other.pair == pair
                && other.device == message.device
                && other.conversation == obs.conversation
                && other.silences == silences
        };
        if self.excused.iter().any(waits) {
            return;
        }
        if self.excused.len() >= self.excused_max {
            self.excused.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        let others = self.spoken.get(&pair).map(Vec::as_slice).unwrap_or_default();
        let beside = others.iter().filter(|other| other.conversation != obs.conversation);
        let beside = beside.map(|other| {
            let alive =
                other.sub == message.device.sub && obs.time.since_ns(other.last) <= ALIVE_NS;
            (other.conversation, opens && alive || silences && unusual)
        });
        let series = Series::about(row, Severity::High, Cause::Dangerous, obs, message)
            .scored(4.0)
            .saying(words::observed(scene), FOLLOWS);
        self.excused.push_back(Excused {
            pair,
            device: message.device,
            conversation: obs.conversation,
            frame: obs.place.frame,
            silences,
            followed: false,
            beside: beside.collect(),
            later: Later {
                series,
                found: Found::by(obs, scene.armed()),
                unknown: !scene.verdict.access.host_known,
            },
        });
    }

    /// What a request makes of what was excused before it: it follows from it, or shows that the excuse was none.
    fn follow(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        pair: Pair,
        over: &mut Vec<Later>,
    ) {
        if self.excused.is_empty() {
            return;
        }
        let follows = message.class == Class::Read || message.effect == Effect::ReportingOn;
        self.excused.retain_mut(|excused| {
            if excused.pair != pair || excused.device != message.device {
                return true;
            }
            let beside = excused.beside.iter().find(|(other, _)| *other == obs.conversation);
            if let Some((_, shows)) = beside {
                if !shows {
                    return true;
                }
                excused.later.series.frames.push(obs.place.frame);
                OTHER_GOES_ON.clone_into(&mut excused.later.series.expected);
                over.push(excused.later.clone());
                return false;
            }
            excused.followed |= follows;
            true
        });
    }

    /// A request of which no answer came: the device was not there to be silenced.
    pub(crate) fn unanswered(&mut self, message: &Message<'_>) {
        if message.effect == Effect::ReportingOff {
            self.excused.retain(|excused| {
                excused.device != message.device || Some(excused.frame) != message.request_frame
            });
        }
    }

    /// A conversation has ended.
    pub(crate) fn closed(&mut self, obs: &Observation<'_>) {
        let pair = |master: Endpoint, device: Endpoint| (obs.zone, master.address, device.address);
        let (one, other) = (obs.source, obs.destination);
        for pair in [pair(one, other), pair(other, one)] {
            if let Some(spoken) = self.spoken.get_mut(&pair) {
                spoken.retain(|spoken| spoken.conversation != obs.conversation);
            }
        }
    }

    /// What was excused and not followed by what it is for.
    pub(crate) fn tick(&mut self, now: Timestamp, over: &mut Vec<Later>) {
        self.excused.retain(|excused| {
            let waits = now.since_ns(excused.later.found.time) <= FOLLOWED_NS;
            if !waits && excused.silences && !excused.followed {
                over.push(excused.later.clone());
            }
            waits
        });
    }
}

const FOLLOWS: &str = "a master that begins by switching reports off asks for everything next, and this one asked \
                       for nothing within 30 s";
const OTHER_GOES_ON: &str =
    "a master that starts anew has left its other conversation, and this one's went on";

/// Takes note of a request in its conversation; says how that stood before.
fn spoke(spoken: &mut Vec<Spoken>, obs: &Observation<'_>, message: &Message<'_>) -> Spoken {
    let (conversation, sub) = (obs.conversation, message.device.sub);
    let this = |spoken: &Spoken| spoken.conversation == conversation && spoken.sub == sub;
    let nth = spoken.iter().position(this);
    let new = Spoken { conversation, sub, last: obs.time, read: false, reporting: false };
    let before = nth.and_then(|nth| spoken.get(nth)).copied().unwrap_or(new);
    let after = Spoken {
        last: before.last.max(obs.time),
        read: before.read || message.class == Class::Read,
        reporting: before.reporting || message.effect == Effect::ReportingOn,
        ..before
    };
    if let Some(known) = nth.and_then(|nth| spoken.get_mut(nth)) {
        *known = after;
        return before;
    }
    if spoken.len() >= CONVERSATIONS_MAX {
        let oldest = spoken.iter().enumerate().min_by_key(|(_, spoken)| spoken.last);
        if let Some(oldest) = oldest.map(|(nth, _)| nth) {
            spoken.swap_remove(oldest);
        }
    }
    spoken.push(after);
    before
}

/// Whether a function is one of those that masters begin with.
const fn is_of_dialogue(effect: Effect) -> bool {
    matches!(
        effect,
        Effect::ReportingOff | Effect::ReportingOn | Effect::RestartSeen | Effect::ClockSet
    )
}

/// A restart that is taken note of although none was heard.
pub(crate) fn candidates(scene: &Scene<'_>, out: &mut Vec<Candidate>) {
    let message = scene.message;
    let out_of_place = message.effect == Effect::RestartSeen
        && message.dialogue.occasion == Occasion::None
        && message.phase == Phase::Request
        && message.hearing.is_clean()
        && !scene.verdict.accepted;
    let Some(rows) = rows(message.device.protocol).filter(|_| out_of_place) else { return };
    let Some(detection) = (rows.effect)(message.effect, message.function.code) else { return };
    out.push(Candidate {
        detection,
        severity: Severity::Low,
        rank: rank::MESSAGE,
        cause: Cause::Process,
        novelty: false,
        variant: 5,
        of_host: false,
        score: 1.0,
        expected: "the device has not said that it restarted".to_owned().into(),
    });
}
