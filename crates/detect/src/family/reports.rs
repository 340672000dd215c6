//! What an outstation reports of what switches, held against what it reported before.
//!
//! A device that tells each change as an event contradicts itself where a poll shows another state than its last event,
//! or where a state is another one and no event told the change: one of the two reports is not its own. Whether a device
//! tells its changes is learned from those that agreed. A change that comes as overridden from a device that never
//! overrode anything is no movement of the plant. Protection that trips tells its events, and contradicts nothing.

mod event;
mod kept;

use gridtap_baseline::{Baseline, Fact, FactKey, FactKind};
use gridtap_model::{
    Device, Indications, Outcome, Phase, Point, Quality, Reading, Run, Severity, Table, Timestamp,
    Value,
};

use super::control;
use super::feedback::{Flip, Told, flipped};
use super::outstation::Heard;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::series::Series;
use crate::sorted::Sorted;
use crate::words;

use kept::{change, octet, of_octet};

/// Changes that a poll and an event told alike, and none that they did not, before a contradiction means something.
const SUPPORT: u64 = 20;
/// An event may wait in its device until it is asked for.
const EVENT_LATE_NS: u64 = 60_000_000_000;
/// Points of one device whose state no event told yet.
const DOUBTS_MAX: usize = 64;
/// Points of one device whose last event is not confirmed by a poll yet.
const EVENTS_MAX: usize = 1_024;
/// Runs of one device whose states are kept, and points of one.
const RUNS_MAX: usize = 64;
const POINTS_MAX: u32 = 4_096;

/// A table, and the index of a point in it.
type Place = (u16, u32);

/// The state of a point by its last event.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Event {
    state: Value,
    frame: u64,
}

/// States as the last poll of some points showed them.
#[derive(Debug)]
struct Polled {
    table: u16,
    first: u32,
    /// Each in one octet: there are many, and nearly every poll goes through all of them.
    states: Vec<u8>,
    frame: u64,
}

/// A state that no event told yet.
#[derive(Debug, Clone, Copy)]
struct Doubt {
    point: Point,
    /// The last event, where it told another state.
    event: Option<Event>,
    frame: u64,
    since: Timestamp,
}

/// What a device reported.
#[derive(Debug, Default)]
struct Reported {
    doubts: Sorted<Place, Doubt>,
    /// Events since the last poll that showed the point.
    events: Sorted<Place, Event>,
    polled: Vec<Polled>,
}

/// What devices reported of what switches.
pub(crate) struct Reports {
    devices: Bounded<Device, Reported>,
    /// What the message at hand shows otherwise than it was, as far as the state before is known.
    flips: Vec<Flip>,
}

impl Reports {
    pub(crate) fn new(config: &Config) -> Self {
        Self { devices: Bounded::new(config.pairs_max), flips: Vec::new() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.devices.evicted()
    }

    /// Another message is at hand, of whatever protocol.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.flips.clear();
    }

    /// What the last message showed otherwise than it was before.
    #[inline]
    pub(crate) fn flips(&self) -> &[Flip] {
        &self.flips
    }

    /// The last state of a point that is known.
    pub(crate) fn is_on(&self, device: &Device, place: Place) -> Option<bool> {
        match self.devices.get(device)?.state(place.0, place.1)? {
            Value::Bit(on) => Some(on),
            _ => None,
        }
    }

    /// What a device reports.
    pub(crate) fn answer(
        &mut self,
        heard: &Heard<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let message = heard.message;
        let reports = matches!(message.phase, Phase::Response | Phase::Unsolicited)
            && message.outcome == Outcome::Success;
        if !reports || !message.runs.iter().any(switches) {
            return;
        }
        let restarts =
            message.dialogue.indications.is_some_and(|now| now.has(Indications::RESTART));
        if restarts || !message.hearing.is_clean() {
            // What was missed, or forgotten by the device, is no contradiction.
            self.devices.remove(&message.device);
            return;
        }
        let (zone, master) = (message.device.zone, message.master.address);
        let known = || baseline.knows_host(zone, master, heard.obs.time);
        let reported = self.devices.entry(message.device, known);
        let flips = &mut self.flips;
        for run in message.runs.iter().filter(|run| switches(run)) {
            if message.phase == Phase::Response && run.count > 1 {
                reported.poll(heard, run, flips, baseline, out);
                continue;
            }
            for offset in 0..run.count.min(POINTS_MAX) {
                let Some(reading) = run.values.reading(offset) else { continue };
                let index = run.first.saturating_add(offset);
                let point = Point { table: run.table, index, value: reading.value };
                reported.event(heard, &point, &reading, flips, baseline, out);
            }
        }
    }
}

/// Whether a run tells states of what switches.
fn switches(run: &Run<'_>) -> bool {
    !run.written
        && run.count > 0
        && [Table::BINARY_INPUT, Table::DOUBLE_BIT_INPUT, Table::BINARY_OUTPUT].contains(&run.table)
}

impl Reported {
    /// The last state of a point that is known.
    fn state(&self, table: u16, index: u32) -> Option<Value> {
        if let Some(event) = self.events.get((table, index)) {
            return Some(event.state);
        }
        self.polled.iter().filter(|polled| polled.table == table).find_map(|polled| {
            let offset = usize::try_from(index.checked_sub(polled.first)?).ok()?;
            polled.states.get(offset).copied().and_then(of_octet)
        })
    }

    fn event(
        &mut self,
        heard: &Heard<'_>,
        point: &Point,
        reading: &Reading,
        flips: &mut Vec<Flip>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Some(state) = reading.value else { return };
        event::ahead(heard, point, reading, baseline, out);
        let before = self.state(point.table.code, point.index);
        let is_event = heard.message.phase == Phase::Unsolicited || reading.time.is_some();
        let told = if is_event { Told::Event } else { Told::Report };
        flipped(flips, point, before, reading, told);
        let forced = Quality::LOCAL_FORCED.with(Quality::REMOTE_FORCED);
        if before != Some(state) && reading.quality.is_some_and(|quality| quality.has(forced)) {
            event::overridden(heard, point, baseline, out);
        }
        if let Some(doubt) = self.doubts.remove((point.table.code, point.index))
            && doubt.point.value == Some(state)
        {
            differed(heard, point.table.code, baseline);
        }
        if self.events.len() < EVENTS_MAX {
            let event = Event { state, frame: heard.obs.place.frame };
            self.events.insert((point.table.code, point.index), event);
        }
    }

    fn poll(
        &mut self,
        heard: &Heard<'_>,
        run: &Run<'_>,
        flips: &mut Vec<Flip>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (table, first) = (run.table.code, run.first);
        let (frame, count) = (heard.obs.place.frame, run.count.min(POINTS_MAX));
        let mut place = polled(&mut self.polled, run, frame);
        let changed_from = |place: &Option<&mut Polled>, from| {
            place.as_ref().and_then(|place| change(&run.values, &place.states, from))
        };
        let mut changed = changed_from(&place, 0);
        // Nearly every poll shows what the one before did.
        if place.is_some() && changed.is_none() && self.events.is_empty() && self.doubts.is_empty()
        {
            return;
        }
        let (mut agreed, mut against) = (0_u64, None);
        let since = heard.obs.time;
        let before =
            place.as_mut().map_or(frame, |place| core::mem::replace(&mut place.frame, frame));
        let range = (table, first)..=(table, first.saturating_add(count.saturating_sub(1)));
        // Few of its points have an event that the poll shows, and fewer are in doubt.
        let mut doubted_next = self.doubts.first_in(&range);
        let mut shown =
            self.events.extract(&range, |at| run.values.at(at.1.abs_diff(first)).is_some());
        let mut next = shown.next();
        loop {
            let told = next.as_ref().map(|(at, _)| at.1.abs_diff(first));
            let in_doubt = doubted_next.map(|at| at.1.abs_diff(first));
            let Some(nth) = [changed, told, in_doubt].into_iter().flatten().min() else { break };
            if changed == Some(nth) {
                changed = changed_from(&place, nth.saturating_add(1));
            }
            let index = first.saturating_add(nth);
            let state = run.values.at(nth);
            let event = next.take_if(|(at, _)| at.1 == index).map(|(_, event)| event);
            if event.is_some() {
                next = shown.next();
            }
            let is_doubted = in_doubt == Some(nth);
            if is_doubted {
                doubted_next = self.doubts.first_behind((table, index), &range);
            }
            let kept = usize::try_from(nth).ok().zip(place.as_mut());
            let kept = kept.and_then(|(offset, place)| place.states.get_mut(offset));
            let old = kept.and_then(|kept| of_octet(core::mem::replace(kept, octet(state))));
            let Some(state) = state else { continue };
            if event.is_none() && !is_doubted && old.is_none_or(|old| old == state) {
                continue;
            }
            let point = Point { table: run.table, index, value: Some(state) };
            if let Some(reading) = run.values.reading(nth).filter(|_| event.is_none()) {
                flipped(flips, &point, old, &reading, Told::Poll);
            }
            match (event, old) {
                (Some(event), _) if event.state == state => {
                    agreed = agreed.saturating_add(u64::from(old.is_some_and(|old| old != state)));
                }
                (Some(event), _) => {
                    let doubt = Doubt { point, event: Some(event), frame: event.frame, since };
                    doubted(&mut self.doubts, doubt);
                }
                (None, Some(old)) if old != state => {
                    let doubt = Doubt { point, event: None, frame: before, since };
                    doubted(&mut self.doubts, doubt);
                }
                _ => against = against.or_else(|| stands(&mut self.doubts, &point, since)),
            }
        }
        if agreed > 0 || against.is_some() {
            weigh(heard, run, agreed, against, baseline, out);
        }
    }
}

/// The states of the points of a run as the last poll showed them, none where there is no room for them.
fn polled<'a>(polled: &'a mut Vec<Polled>, run: &Run<'_>, frame: u64) -> Option<&'a mut Polled> {
    let (table, first, count) = (run.table.code, run.first, run.count.min(POINTS_MAX));
    let is_it = |polled: &Polled| {
        (polled.table, polled.first) == (table, first)
            && u32::try_from(polled.states.len()) == Ok(count)
    };
    let at = match polled.iter().position(is_it) {
        None if polled.len() < RUNS_MAX => {
            let states = (0..count).map(|_| octet(None)).collect();
            polled.push(Polled { table, first, states, frame });
            polled.len().checked_sub(1)
        }
        at => at,
    };
    at.and_then(|at| polled.get_mut(at))
}

/// Remembers a state that no event told yet.
fn doubted(doubts: &mut Sorted<Place, Doubt>, doubt: Doubt) {
    if doubts.len() < DOUBTS_MAX {
        doubts.insert((doubt.point.table.code, doubt.point.index), doubt);
    }
}

/// A doubt about a point that has stood for as long as an event may take.
fn stands(doubts: &mut Sorted<Place, Doubt>, point: &Point, now: Timestamp) -> Option<Doubt> {
    let place = (point.table.code, point.index);
    let doubt = *doubts.get(place)?;
    let stands = doubt.point.value == point.value;
    let late = now.since_ns(doubt.since) >= EVENT_LATE_NS;
    if !stands || late {
        doubts.remove(place);
    }
    (stands && late).then_some(doubt)
}

/// Learns that events and polls agreed, or tells that they do not where they always did.
fn weigh(
    heard: &Heard<'_>,
    run: &Run<'_>,
    agreed: u64,
    against: Option<Doubt>,
    baseline: &mut Baseline,
    out: &mut Vec<Series>,
) {
    let (obs, message, site) = (heard.obs, heard.message, heard.site);
    let device = message.device;
    let detail = u64::from(run.table.code);
    let key = FactKey { kind: FactKind::EventsTell, device, master: None, detail };
    if agreed > 0 {
        baseline.facts_mut().note(key, obs.time, |fact| {
            fact.count = fact.count.saturating_add(agreed);
        });
    }
    let Some(Doubt { point, event, frame, .. }) = against else { return };
    let known = baseline.facts().get(&key).map_or((0, 0), |fact| (fact.count, fact.against));
    let armed = baseline.is_armed(&device, message.master.address);
    if !armed || known.0 < SUPPORT || known.1 > 0 {
        return differed(heard, run.table.code, baseline);
    }
    let name = words::point(site, &device, &point);
    let which = words::device(site, &device);
    let state = point.value.map_or_else(|| "another state".to_owned(), |value| value.to_string());
    let observed = match event {
        Some(event) => format!(
            "{which} shows {name} = {state} when it is polled, although its last event said {}, and no event told that it \
             changed back",
            event.state
        ),
        None => format!("{which} shows {name} = {state}, and no event told that it changed"),
    };
    out.push(
        Series::about(heard.rows.contradiction, Severity::High, Cause::Process, obs, message)
            .by_sender(obs)
            .variant(control::variant(&point))
            .scored(3.0)
            .shown_by(vec![frame, obs.place.frame])
            .naming(vec![name])
            .saying(
                observed,
                format!(
                    "the last {} changes of such points of this device were told alike by its events and its polls; a lost \
                     event buffer, or a point that was taken out of its event classes, would explain it",
                    known.0
                ),
            ),
    );
}

/// Learns that a device does not tell its changes by events, or late.
fn differed(heard: &Heard<'_>, table: u16, baseline: &mut Baseline) {
    let device = heard.message.device;
    let detail = u64::from(table);
    let key = FactKey { kind: FactKind::EventsTell, device, master: None, detail };
    let again = |fact: &mut Fact| fact.against = fact.against.saturating_add(1);
    baseline.facts_mut().note(key, heard.obs.time, again);
}
