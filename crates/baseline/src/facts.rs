//! What detections learn on their own account: small facts about a device, and a master of it.
//!
//! They are kept, bounded and restored with the keys, and each detection says what its fact means.

use core::net::IpAddr;

use ahash::RandomState;
use gridtap_model::{Device, Timestamp};
use hashbrown::HashMap;

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// Something that does not fit the standard and that this master or device has always done.
    Habit,
    /// How often a point read back as it was written, and how often not.
    ReadBack,
    /// The most commands in one window of time.
    MostCommands,
    /// Who the device says it is.
    Identity,
    /// One function followed by another.
    Transition,
    /// A function that the device refuses.
    Refusal,
    /// The most points that one command wrote.
    WidestCommand,
    /// What the device says of itself, by the bit.
    Indication,
    /// That the device reports to this host unasked, and the most reports in one window of time.
    Reports,
    /// The most refused controls in one window of time.
    RefusedControls,
    /// The hosts at which an address of the protocol was heard; of the devices, or of the masters of one device.
    AddressHosts,
    /// Messages that were authenticated, and those that were not.
    Authenticated,
    /// The most requests that were open at once.
    OpenRequests,
    /// The most requests in one window of time.
    MostRequests,
    /// The most new hosts that came to a server in one window of time.
    Strangers,
    /// How often a point, or any of a device, was selected before it was operated, and how often not.
    SelectFirst,
    /// How often a select was followed by its operate, and the longest time between the two in ms.
    SelectGap,
    /// The most points that were selected within a while and not operated.
    SelectOnly,
    /// What a point was ever asked to do, in words.
    ControlForm,
    /// How far the clocks that are set here differ from the time of packets.
    ClockOffset,
    /// The most places that a host turned to for the first time in one window of time.
    FanOut,
    /// The most connections or control messages that came to a host in one window of time.
    Connections,
    /// The most connections of one client to a server in one window of time, and of a client to any server.
    Sessions,
    /// The network cards behind an address.
    Card,
    /// The most times that a card looked for others, or made itself known, in one window of time.
    Resolutions,
    /// That a host tells others to send elsewhere.
    Redirects,
    /// The most reads that showed the old value of a point before they showed what was written.
    ReadBackLag,
    /// How many changes events and polls of a device told alike; against it, how many they did not.
    EventsTell,
    /// That a device reports values that were put in by hand.
    Overridden,
    /// How far the times of a device's events are ahead, in milliseconds.
    EventAhead,
    /// The most turns to and fro of a point within a minute; against it, how often it was opened and closed at once.
    Turns,
    /// The most outstations at which a master, or all of a zone, opened something within a while; against it, on how many
    /// occasions it was more than one.
    OutstationsOpened,
    /// On how many occasions a master commanded in the conversation in which it polls; and on how many beside it.
    CommandsAside,
    /// A point that changed after a command to a point, on how many occasions; against it, on how many it was heard and
    /// did not. In words which it is, its state, and the longest time that it took.
    Feedback,
    /// The same of all points of a device, by how far the two are apart.
    FeedbackCommon,
    /// How often a point changed after a command, of which point in words; against it, how often without any.
    FeedbackMoves,
}

const KINDS: [(FactKind, &str); 36] = [
    (FactKind::Habit, "habit"),
    (FactKind::ReadBack, "read-back"),
    (FactKind::MostCommands, "most-commands"),
    (FactKind::Identity, "identity"),
    (FactKind::Transition, "transition"),
    (FactKind::Refusal, "refusal"),
    (FactKind::WidestCommand, "widest-command"),
    (FactKind::Indication, "indication"),
    (FactKind::Reports, "reports"),
    (FactKind::RefusedControls, "refused-controls"),
    (FactKind::AddressHosts, "address-hosts"),
    (FactKind::Authenticated, "authenticated"),
    (FactKind::OpenRequests, "open-requests"),
    (FactKind::MostRequests, "most-requests"),
    (FactKind::Strangers, "strangers"),
    (FactKind::SelectFirst, "select-first"),
    (FactKind::SelectGap, "select-gap"),
    (FactKind::SelectOnly, "select-only"),
    (FactKind::ControlForm, "control-form"),
    (FactKind::ClockOffset, "clock-offset"),
    (FactKind::FanOut, "fan-out"),
    (FactKind::Connections, "connections"),
    (FactKind::Sessions, "sessions"),
    (FactKind::Card, "card"),
    (FactKind::Resolutions, "resolutions"),
    (FactKind::Redirects, "redirects"),
    (FactKind::ReadBackLag, "read-back-lag"),
    (FactKind::OutstationsOpened, "outstations-opened"),
    (FactKind::EventsTell, "events-tell"),
    (FactKind::Overridden, "overridden"),
    (FactKind::EventAhead, "event-ahead"),
    (FactKind::Turns, "turns"),
    (FactKind::CommandsAside, "commands-aside"),
    (FactKind::Feedback, "feedback"),
    (FactKind::FeedbackCommon, "feedback-common"),
    (FactKind::FeedbackMoves, "feedback-moves"),
];

impl FactKind {
    pub(crate) fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        KINDS.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind)
    }
}

/// Tells facts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey {
    /// What it is about.
    pub kind: FactKind,
    /// Of which device.
    pub device: Device,
    /// Of which of its masters, where it is about one.
    pub master: Option<IpAddr>,
    /// What tells facts of one kind apart, as their detection packs it.
    pub detail: u64,
}

/// A fact. A detection says what its numbers mean.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    /// How often, or how much.
    pub count: u64,
    /// How often not.
    pub against: u64,
    /// In words.
    pub text: String,
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) dirty: bool,
    pub(crate) fresh: bool,
}

impl Fact {
    /// When it was noted first.
    #[must_use]
    pub const fn first(&self) -> Timestamp {
        self.first
    }
}

/// The facts of a baseline.
#[derive(Debug, Clone)]
pub struct Facts {
    facts: HashMap<FactKey, Fact, RandomState>,
    most: usize,
    refused: u64,
    /// What comes was heard before and adds nothing.
    repeated: bool,
    pub(crate) dirty: Vec<FactKey>,
    pub(crate) fresh: Vec<FactKey>,
}

impl Facts {
    pub(crate) fn new(hasher: RandomState, most: u32) -> Self {
        Self {
            facts: HashMap::with_hasher(hasher),
            most: usize::try_from(most).unwrap_or(usize::MAX),
            refused: 0,
            repeated: false,
            dirty: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// The fact, where it was noted.
    #[must_use]
    pub fn get(&self, key: &FactKey) -> Option<&Fact> {
        self.facts.get(key)
    }

    /// Whether it was noted.
    #[must_use]
    pub fn known(&self, key: &FactKey) -> bool {
        self.facts.contains_key(key)
    }

    /// Its count; 0 where it was not noted.
    #[must_use]
    pub fn count(&self, key: &FactKey) -> u64 {
        self.facts.get(key).map_or(0, |fact| fact.count)
    }

    /// Of each fact of a kind the device that it is about. It looks at all facts.
    pub fn devices_of(&self, kind: FactKind) -> impl Iterator<Item = &Device> {
        self.facts.keys().filter(move |key| key.kind == kind).map(|key| &key.device)
    }

    /// Facts that were not noted because the table was full of older ones.
    #[must_use]
    pub const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) const fn repeat(&mut self, repeated: bool) {
        self.repeated = repeated;
    }

    /// Changes a fact, which is made where it is new. When the table is full, new ones are not noted.
    pub fn note(&mut self, key: FactKey, time: Timestamp, change: impl FnOnce(&mut Fact)) {
        if self.repeated {
            return;
        }
        if self.facts.len() >= self.most && !self.facts.contains_key(&key) {
            self.refused = self.refused.saturating_add(1);
            return;
        }
        let fresh = &mut self.fresh;
        let fact = self.facts.entry(key).or_insert_with(|| {
            fresh.push(key);
            Fact { first: time, last: time, fresh: true, ..Fact::default() }
        });
        change(fact);
        fact.last = fact.last.max(time);
        if !core::mem::replace(&mut fact.dirty, true) {
            self.dirty.push(key);
        }
    }

    /// Notes the most that was seen so far.
    pub fn note_most(&mut self, key: FactKey, time: Timestamp, count: u64) {
        if count > self.count(&key) {
            self.note(key, time, |fact| fact.count = count);
        }
    }

    /// Notes that it happened once more, in `against`; what comes within such a time of the last note is the same
    /// occasion.
    pub fn note_occasion(&mut self, key: FactKey, time: Timestamp, apart_ns: u64) {
        let known = self.facts.get(&key).filter(|fact| fact.against > 0);
        if known.is_none_or(|fact| time.since_ns(fact.last) > apart_ns) {
            self.note(key, time, |fact| fact.against = fact.against.saturating_add(1));
        }
    }

    pub(crate) fn put(&mut self, key: FactKey, fact: Fact) {
        if self.facts.len() < self.most {
            self.facts.insert(key, fact);
        }
    }

    pub(crate) fn get_mut(&mut self, key: &FactKey) -> Option<&mut Fact> {
        self.facts.get_mut(key)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &FactKey> {
        self.facts.keys()
    }
}
