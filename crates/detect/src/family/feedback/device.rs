//! What is followed of one device: commands that wait for their points, and changes that wait for their reason.

use core::net::IpAddr;
use std::collections::VecDeque;

use gridtap_baseline::{Baseline, Site};
use gridtap_model::{Armed, Class, Device, Message, Observation, Outcome, Phase, Timestamp, Value};

use super::map::{Command, Follows, Moves, Place, Seen};
use super::watch::{Awaited, Shown, Watch, no_event_waits, shown};
use super::{Flip, MILLISECOND_NS, later, say, shows};
use crate::scene::Scene;
use crate::series::{Found, Later, Series};
use crate::sorted::Sorted;

const SECOND_NS: u64 = 1_000_000_000;
/// A point that changes later than this has another reason.
const WINDOW_NS: u64 = 120 * SECOND_NS;
/// What is not sure yet is heard for so long.
const LEARNS_NS: u64 = 300_000_000_000;
/// A command whose point was not heard for so long is given up: some ask for all states once in two hours.
const GIVEN_UP_NS: u64 = 9_000_000_000_000;
/// An event of a point of which nothing was heard so far tells a change where nothing was missed for so long.
const UNDISTURBED_NS: u64 = 300_000_000_000;
/// How long a reason for a change is waited for, and how long before it a reason may have come.
const REASON_NS: u64 = 90 * SECOND_NS;
/// A point comes back by itself from a pulse within this time.
const RETURNS_NS: u64 = 60 * SECOND_NS;
/// A point that changes more often than this, in the mean, is no sign of protection.
const SIGN_NS: u64 = 600 * SECOND_NS;
/// Answers that say that no event waits.
const ANSWERS_MIN: u8 = 2;
/// What is kept of one device.
const STATES_MAX: usize = 64;
const WATCHES_MAX: usize = 8;
const SEEN_MAX: usize = 8;
const HELD_MAX: usize = 4;
const RECENT_MAX: usize = 32;
const MASTERS_MAX: usize = 4;

/// A message from a device, with what is learned and told of it.
pub(super) struct Context<'a, 'b> {
    pub(super) site: &'a Site,
    pub(super) obs: &'a Observation<'b>,
    pub(super) message: &'a Message<'b>,
    pub(super) baseline: &'a mut Baseline,
    pub(super) out: &'a mut Vec<Series>,
}

/// The state of a point that changed.
#[derive(Debug, Clone, Copy)]
struct Stand {
    on: bool,
    since: Timestamp,
    first: Timestamp,
    changes: u64,
}

/// A command that was heard.
#[derive(Debug, Clone, Copy)]
struct Sent {
    place: Place,
    /// Which way; none of what is no switch.
    command: Option<Command>,
    time: Timestamp,
    frame: u64,
}

/// A change without a command.
#[derive(Debug)]
struct Held {
    place: Place,
    found: Found,
    judged: bool,
    series: Series,
}

/// What is followed of one device.
#[derive(Debug, Default)]
pub(super) struct OfDevice {
    states: Sorted<Place, Stand>,
    watches: Vec<Watch>,
    held: Vec<Held>,
    recent: VecDeque<Sent>,
    /// When another point moved that may tell of protection.
    sign: Option<Timestamp>,
    disturbed: Option<Timestamp>,
    /// Known hosts that command it.
    masters: Vec<IpAddr>,
    /// It is among those at which something is waited for.
    is_listed: bool,
}

impl OfDevice {
    pub(super) const fn waits(&self) -> bool {
        !self.watches.is_empty() || !self.held.is_empty()
    }

    /// Whether something is waited for here that nobody lets time pass for yet.
    pub(super) const fn is_to_be_listed(&mut self) -> bool {
        self.waits() && !core::mem::replace(&mut self.is_listed, true)
    }

    /// Whether something is waited for still.
    pub(super) const fn stays_listed(&mut self) -> bool {
        self.is_listed = self.waits();
        self.is_listed
    }

    pub(super) fn disturbed(&mut self, now: Timestamp) {
        self.disturbed = Some(now);
    }

    pub(super) fn masters(&self) -> &[IpAddr] {
        &self.masters
    }

    /// A known host commands it; says whether there is room to follow it.
    pub(super) fn has_master(&mut self, master: IpAddr) -> bool {
        let is_known = self.masters.contains(&master);
        if !is_known && self.masters.len() < MASTERS_MAX {
            self.masters.push(master);
            return true;
        }
        is_known
    }

    pub(super) fn command(
        &mut self,
        scene: &Scene<'_>,
        place: Place,
        command: Option<Command>,
        learns: bool,
        before: impl Fn(Place) -> Option<bool>,
        baseline: &Baseline,
    ) {
        let (now, frame) = (scene.obs.time, scene.obs.place.frame);
        let device = &scene.message.device;
        // What is repeated within the window is the same occasion.
        let again = |sent: &&Sent| sent.place == place && now.since_ns(sent.time) < WINDOW_NS;
        let is_again = self.recent.iter().any(|sent| again(&sent));
        if self.recent.len() >= RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(Sent { place, command, time: now, frame });
        // Whoever commands it again waits for that.
        self.watches.retain(|watch| watch.command.place != place);
        let Some(command) = command else { return };
        if self.watches.len() >= WATCHES_MAX {
            return;
        }
        let awaited = command.follows(device, baseline, now).into_iter().map(|follows| {
            let known = self.states.get(follows.place).map(|stand| stand.on);
            let before = known.or_else(|| before(follows.place));
            let is_there = before == Some(follows.on);
            Awaited { follows, before, state: if is_there { Shown::Settled } else { Shown::Waits } }
        });
        let is_bit = scene.points(1).iter().any(|point| matches!(point.value, Some(Value::Bit(_))));
        self.watches.push(Watch {
            command,
            sent: now,
            frame,
            master: scene.message.master,
            is_bit,
            done: false,
            learns: learns && !is_again,
            learned: false,
            awaited: awaited.collect(),
            seen: Vec::new(),
            empty: 0,
        });
    }

    /// An answer to a command: whether the device accepted it.
    pub(super) fn answered(&mut self, context: &mut Context<'_, '_>) {
        let Some(asked) = context.message.request_frame else { return };
        match context.message.outcome {
            Outcome::Success => {
                let own = self.watches.iter_mut().filter(|watch| watch.frame == asked);
                own.for_each(|watch| watch.done = true);
            }
            Outcome::Refused { .. } => {
                self.watches.retain(|watch| watch.frame != asked);
                // One point that was refused did not move; of several, some may have.
                let of = self.recent.iter().filter(|sent| sent.frame == asked).count();
                self.recent.retain(|sent| sent.frame != asked || of > 1);
            }
            _ => {}
        }
    }

    /// A state that differs from the one before.
    pub(super) fn changed(
        &mut self,
        context: &mut Context<'_, '_>,
        flip: &Flip,
        disturbed: Timestamp,
    ) {
        let (now, place) = (context.obs.time, (flip.table.code, flip.index));
        let known = self.states.get(place).copied();
        let disturbed = self.disturbed.map_or(disturbed, |own| own.max(disturbed));
        let undisturbed = now.since_ns(disturbed) >= UNDISTURBED_NS;
        let before = known.map(|stand| stand.on).or(flip.before);
        let before = before.or_else(|| undisturbed.then_some(!flip.on));
        if before == Some(flip.on) {
            return;
        }
        if known.is_none() && self.states.len() >= STATES_MAX {
            // Where there is no room, what moves with others is not known.
            self.disturbed = Some(now);
            return;
        }
        let (first, changes) = known.map_or((now, 0), |stand| (stand.first, stand.changes));
        let since = known.map(|stand| stand.since);
        let stand = Stand { on: flip.on, since: now, first, changes: changes.saturating_add(1) };
        self.states.insert(place, stand);
        if flip.doubtful {
            let awaits = |watch: &Watch| watch.awaited.iter().any(|own| own.follows.place == place);
            self.watches.retain(|watch| !awaits(watch));
            return;
        }
        if before.is_none() {
            return;
        }
        for watch in &mut self.watches {
            let after_ns = now.since_ns(watch.sent);
            let is_new = watch.seen.iter().all(|seen| seen.place != place);
            if after_ns <= WINDOW_NS && is_new && watch.seen.len() < SEEN_MAX {
                let after_ms = after_ns / MILLISECOND_NS;
                watch.seen.push(Seen { place, on: flip.on, after_ms });
            }
        }
        let moves = Moves::of(&context.message.device, context.baseline, place);
        let Some(moves) = moves else {
            let often = now.since_ns(first) < changes.saturating_mul(SIGN_NS);
            self.sign = if often { self.sign } else { Some(now) };
            return;
        };
        if !self.is_commanded(context, place, flip.on, &moves, since) {
            self.hold(context, flip, moves);
        }
    }

    /// Whether a command that was heard may be why a point changed.
    fn is_commanded(
        &self,
        context: &Context<'_, '_>,
        place: Place,
        on: bool,
        moves: &Moves,
        since: Option<Timestamp>,
    ) -> bool {
        let (now, device) = (context.obs.time, &context.message.device);
        self.recent.iter().any(|sent| {
            let ago_ns = now.since_ns(sent.time);
            let Some(command) = sent.command else { return ago_ns <= WINDOW_NS };
            let follows = command.follows(device, context.baseline, now);
            let of_point = |own: &&Follows| own.place == place;
            if sent.place == moves.by || follows.iter().any(|own| of_point(&own)) {
                let is_last = since.is_none_or(|since| since <= sent.time);
                let leads = follows.iter().find(of_point).is_none_or(|own| own.on == on);
                return is_last && leads || ago_ns <= RETURNS_NS;
            }
            let is_known = follows.iter().any(|own| own.sure);
            ago_ns <= WINDOW_NS && !is_known
        })
    }

    fn hold(&mut self, context: &mut Context<'_, '_>, flip: &Flip, moves: Moves) {
        let place = (flip.table.code, flip.index);
        let device = context.message.device;
        let armed = context.baseline.is_armed(&device, context.message.master.address);
        let sure = |closes| {
            let command = Command { place: moves.by, closes };
            let follows = command.follows(&device, context.baseline, context.obs.time);
            follows.iter().any(|own| own.sure && own.place == place)
        };
        let judged = armed && moves.follows_commands() && (sure(false) || sure(true));
        // What moves again and again is counted at once.
        let is_again = self.held.iter().any(|held| held.place == place);
        if is_again || self.held.len() >= HELD_MAX {
            if !judged {
                Moves::moved_alone(&device, context.baseline, context.obs.time, place);
            }
            return;
        }
        let Some(series) = say::without_command(context, flip, &moves) else { return };
        self.held.push(Held {
            place,
            found: Found::by(context.obs, if armed { Armed::Armed } else { Armed::Learning }),
            judged,
            series,
        });
    }

    /// What a message says of the points that are waited for.
    pub(super) fn heard(
        &mut self,
        context: &mut Context<'_, '_>,
        line: Option<Timestamp>,
        relinked: Option<Timestamp>,
    ) {
        let now = context.obs.time;
        let disturbed = self.disturbed.max(line);
        self.watches.retain(|watch| disturbed.is_none_or(|at| at < watch.sent));
        if !shows(context.message) {
            return;
        }
        let device = context.message.device;
        // An answer to a command may come before the device looks at its inputs.
        let is_empty = (context.message.phase, context.message.class)
            == (Phase::Response, Class::Read)
            && context.message.dialogue.indications.is_some_and(no_event_waits);
        for watch in self.watches.iter_mut().filter(|watch| watch.done) {
            let after_ns = now.since_ns(watch.sent);
            let longest = watch.awaited.iter().map(|own| own.limit_ns()).max();
            if is_empty && longest.is_some_and(|longest| after_ns >= longest) {
                watch.empty = watch.empty.saturating_add(1);
            }
            let events = watch.empty >= ANSWERS_MIN && relinked.is_none_or(|at| at < watch.sent);
            let mut told = None;
            for awaited in &mut watch.awaited {
                let follows = awaited.follows;
                if awaited.state != Shown::Waits {
                    continue;
                }
                let stand =
                    self.states.get(follows.place).filter(|stand| stand.since >= watch.sent);
                let shown = shown(context.message, follows.place).or(stand.map(|stand| stand.on));
                let late = after_ns >= awaited.limit_ns();
                awaited.state = match shown {
                    Some(on) if on == follows.on => Shown::Settled,
                    Some(_) if late => Shown::Otherwise,
                    None if events && awaited.before.is_some() => Shown::Otherwise,
                    _ => Shown::Waits,
                };
                let read_back = watch.is_bit && follows.place == watch.command.place;
                if awaited.state == Shown::Otherwise && follows.sure && !read_back {
                    told = Some(follows);
                }
            }
            let armed = context.baseline.is_armed(&device, watch.master.address);
            if let Some(follows) = told.filter(|_| armed) {
                watch.learns = false;
                let series = say::without_effect(context, watch, &follows);
                context.out.extend(series);
            }
        }
    }

    /// Lets time pass.
    pub(super) fn tick(
        &mut self,
        device: &Device,
        now: Timestamp,
        disturbed: Option<Timestamp>,
        baseline: &mut Baseline,
        out: &mut Vec<Later>,
    ) {
        let disturbed = self.disturbed.max(disturbed);
        let over = |watch: &mut Watch| {
            let since_ns = now.since_ns(watch.sent);
            let waits = |own: &Awaited| own.state == Shown::Waits && own.follows.sure;
            let is_held = watch.done && watch.awaited.iter().any(waits);
            since_ns > if is_held { GIVEN_UP_NS } else { LEARNS_NS }
        };
        let was_heard = |watch: &Watch| disturbed.is_none_or(|at| at < watch.sent);
        for watch in &mut self.watches {
            let is_over = now.since_ns(watch.sent) > WINDOW_NS;
            if is_over && watch.done && watch.learns && !watch.learned && was_heard(watch) {
                watch.learned = true;
                watch.learn(device, baseline, now);
            }
        }
        for watch in self.watches.extract_if(.., over) {
            if watch.done && watch.learns && was_heard(&watch) {
                watch.learn_against(device, baseline, now);
            }
        }
        let waited = |held: &mut Held| now.since_ns(held.found.time) > REASON_NS;
        let waited: Vec<Held> = self.held.extract_if(.., waited).collect();
        for held in waited {
            let near = |at: Option<Timestamp>| {
                at.is_some_and(|at| {
                    held.found.time.since_ns(at) <= REASON_NS || at >= held.found.time
                })
            };
            if near(disturbed) || near(self.sign) {
                continue;
            }
            if held.judged {
                out.push(later(held.series, held.found));
            } else {
                Moves::moved_alone(device, baseline, now, held.place);
            }
        }
    }
}
