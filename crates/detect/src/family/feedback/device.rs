//! What is followed of one device: commands that wait for their points, and changes that wait for their reason.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Site};
use gridtap_model::{Class, Device, Message, Observation, Outcome, Phase, Timestamp, Value};

use super::held::{Holding, Trouble};
use super::map::{Command, Moves, Place, Seen};
use super::recent::{Change, Recent};
use super::states::{Stand, States};
use super::tries::Tries;
use super::watch::{Awaited, Shown, Watch, no_event_waits, shown};
use super::{Flip, MILLISECOND_NS, say, shows};
use crate::scene::Scene;
use crate::series::{Later, Series};

const SECOND_NS: u64 = 1_000_000_000;
/// A point that changes later than this has another reason.
pub(super) const WINDOW_NS: u64 = 120 * SECOND_NS;
/// What is not sure yet is heard for so long.
const LEARNS_NS: u64 = 300_000_000_000;
/// A command whose point was not heard for so long is given up: some ask for all states once in two hours.
pub(super) const GIVEN_UP_NS: u64 = 9_000_000_000_000;
/// A point that changes more often than this, in the mean, is no sign of protection.
pub(super) const SIGN_NS: u64 = 600 * SECOND_NS;
/// Answers that say that no event waits.
const ANSWERS_MIN: u8 = 2;
/// What is kept of one device.
const WATCHES_MAX: usize = 8;
const SEEN_MAX: usize = 8;
const MASTERS_MAX: usize = 4;

/// A message from a device, with what is learned and told of it.
pub(super) struct Context<'a, 'b> {
    pub(super) site: &'a Site,
    pub(super) obs: &'a Observation<'b>,
    pub(super) message: &'a Message<'b>,
    pub(super) baseline: &'a mut Baseline,
    pub(super) out: &'a mut Vec<Series>,
}

/// What is followed of one device.
#[derive(Debug, Default)]
pub(super) struct OfDevice {
    states: States,
    watches: Vec<Watch>,
    holding: Holding,
    recent: Recent,
    tries: Tries,
    disturbed: Option<Timestamp>,
    /// Known hosts that command it.
    masters: Vec<IpAddr>,
    /// It is among those at which something is waited for.
    is_listed: bool,
    refused: u64,
}

impl OfDevice {
    pub(super) const fn waits(&self) -> bool {
        !self.watches.is_empty() || !self.holding.is_empty()
    }

    /// Whether something that waits has waited long enough.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.holding.is_due(now)
            || self.watches.iter().any(|watch| {
                let since_ns = now.since_ns(watch.sent);
                let learns = watch.done && watch.learns && !watch.learned;
                since_ns > LEARNS_NS || learns && since_ns > WINDOW_NS
            })
    }

    /// Whether a point that is known to follow a command is waited for.
    pub(super) fn expects(&self) -> bool {
        let waits = |own: &Awaited| own.state == Shown::Waits;
        self.watches.iter().any(|watch| watch.awaited.iter().any(waits))
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

    /// There was no room to let time pass for it.
    pub(super) const fn unlisted(&mut self) {
        self.is_listed = false;
    }

    /// Something of it was not followed.
    pub(super) fn disturbed(&mut self, now: Timestamp) {
        self.disturbed = Some(now);
    }

    /// Something was commanded that is not looked at point by point.
    pub(super) fn commanded_more(&mut self, now: Timestamp) {
        self.recent.forget(now);
        self.watches.iter_mut().for_each(|watch| watch.crowded = true);
    }

    /// How much there was no room for, since this was last asked.
    pub(super) const fn take_refused(&mut self) -> u64 {
        core::mem::replace(&mut self.refused, 0)
            .saturating_add(self.tries.take_refused())
            .saturating_add(self.holding.take_refused())
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
        let by_stranger = scene.is_stranger();
        let order = self.recent.hear(place, command, now, frame, by_stranger);
        if by_stranger {
            // It may move something, and takes nothing from those who wait, unless the device accepts it.
            self.crowd(now);
            return;
        }
        if order.repeats {
            // What is said once more is one command: it is followed from its beginning on.
            let own = self.watches.iter_mut().filter(|watch| watch.command.place == place);
            own.filter(|watch| !watch.done).for_each(|watch| watch.frame = frame);
            return;
        }
        // Whoever commands it again waits for that.
        self.watches.retain(|watch| watch.command.place != place);
        if order.counts {
            self.crowd(now);
        }
        let Some(command) = command else { return };
        if self.watches.len() >= WATCHES_MAX {
            self.refused = self.refused.saturating_add(1);
            return;
        }
        let awaited = command.follows(device, baseline, now).into_iter().map(|follows| {
            let known = self.states.get(follows.place).map(|stand| stand.on);
            let before = before(follows.place).or(known);
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
            learns: learns && !order.again,
            learned: false,
            crowded: order.crowded,
            awaited: awaited.collect(),
            // Asked for with the command, not with the polls that follow.
            seen: Vec::with_capacity(SEEN_MAX),
            empty: 0,
        });
    }

    /// An answer to a command: whether the device accepted it.
    pub(super) fn answered(&mut self, context: &mut Context<'_, '_>) {
        let Some(asked) = context.message.request_frame else { return };
        match context.message.outcome {
            Outcome::Success => {
                let Self { watches, recent, .. } = self;
                watches.retain(|watch| !recent.is_by_stranger(watch.command.place, asked));
                let own = watches.iter_mut().filter(|watch| watch.frame == asked);
                own.for_each(|watch| watch.done = true);
            }
            Outcome::Refused { .. } => {
                self.watches.retain(|watch| watch.frame != asked);
                self.recent.refused(asked);
            }
            _ => {}
        }
    }

    /// Another reason for changes came: what follows the commands before it is not known to be theirs.
    fn crowd(&mut self, now: Timestamp) {
        let open = self.watches.iter_mut().filter(|own| now.since_ns(own.sent) <= WINDOW_NS);
        open.for_each(|watch| watch.crowded = true);
    }

    /// Makes room for the state of one more point: what no command moves and nobody waits for may go.
    fn makes_room(&mut self, device: &Device, baseline: &Baseline) -> bool {
        let Self { states, watches, .. } = self;
        let awaits =
            |place, watch: &Watch| watch.awaited.iter().any(|own| own.follows.place == place);
        states.let_go(|place| {
            !watches.iter().any(|watch| awaits(place, watch))
                && Moves::of(device, baseline, place).is_none()
        })
    }

    /// A state that differs from the one before. Where a point moved that hardly ever does without a command, and
    /// none was heard, says which point is commanded to move it.
    pub(super) fn changed(
        &mut self,
        context: &mut Context<'_, '_>,
        flip: &Flip,
        disturbed: Timestamp,
    ) -> Option<Place> {
        let (now, place) = (context.obs.time, (flip.table.code, flip.index));
        let disturbed = self.disturbed.map_or(disturbed, |own| own.max(disturbed));
        let before = self.states.before(flip, now, disturbed);
        if before == Some(flip.on) {
            return None;
        }
        let known = self.states.get(place).copied();
        if known.is_none() && self.states.is_full() {
            self.refused = self.refused.saturating_add(1);
            if !self.makes_room(&context.message.device, context.baseline) {
                // Where there is no room, what moves with others is not known.
                self.disturbed = Some(now);
                return None;
            }
        }
        let (first, changes) = known.map_or((now, 0), |stand| (stand.first, stand.changes));
        let since = known.map(|stand| stand.since);
        let stand = Stand { on: flip.on, since: now, first, changes: changes.saturating_add(1) };
        self.states.insert(place, stand);
        if flip.doubtful || before.is_none() {
            let awaits = |watch: &Watch| watch.awaited.iter().any(|own| own.follows.place == place);
            self.watches.retain(|watch| !flip.doubtful || !awaits(watch));
            self.crowd(now);
            return None;
        }
        for watch in &mut self.watches {
            let after_ns = now.since_ns(watch.sent);
            let is_new = watch.seen.iter().all(|seen| seen.place != place);
            if after_ns <= WINDOW_NS && is_new && watch.seen.len() < SEEN_MAX {
                let after_ms = after_ns / MILLISECOND_NS;
                watch.seen.push(Seen { place, on: flip.on, after_ms });
            }
        }
        self.holding.moves_again(place);
        let device = &context.message.device;
        let Some(moves) = Moves::of(device, context.baseline, place) else {
            if now.since_ns(first) >= changes.saturating_mul(SIGN_NS) {
                self.holding.sign(now);
            }
            return None;
        };
        let change = Change { time: now, place, on: flip.on, moves: &moves, since };
        if self.recent.explains(&change, device, context.baseline) {
            return None;
        }
        self.holding.hold(context, flip, &moves);
        moves.is_seldom_alone().then_some(moves.by)
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

    /// Lets time pass for commands.
    pub(super) fn tick(
        &mut self,
        device: &Device,
        now: Timestamp,
        disturbed: Option<Timestamp>,
        baseline: &mut Baseline,
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
                for seen in watch.effects() {
                    self.tries.followed(device, baseline, now, watch.command, seen);
                }
            }
        }
        for watch in self.watches.extract_if(.., over) {
            if watch.done && watch.learns && was_heard(&watch) {
                watch.learn_against(device, baseline, now);
            }
        }
    }

    /// Lets time pass for changes that wait for their reason.
    pub(super) fn weigh(
        &mut self,
        device: &Device,
        now: Timestamp,
        trouble: Trouble,
        baseline: &mut Baseline,
        moved_with: impl Fn(Place, Timestamp) -> bool,
        out: &mut Vec<Later>,
    ) {
        let disturbed = self.disturbed.max(trouble.disturbed);
        let trouble = Trouble { disturbed, ..trouble };
        self.holding.weigh(device, now, trouble, baseline, moved_with, out);
    }
}
