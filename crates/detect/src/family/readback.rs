//! What was written against what is read back, and who wrote it.
//!
//! A point whose reads have always shown what was last written, several writes in a row, contradicts when a
//! read shows something else and nobody wrote in between. Points that reset by themselves, are clamped by
//! their device or are moved on site never get there.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use ahash::RandomState;
use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{Device, Message, Observation, Outcome, Phase, Point, Severity, Value};

use super::rows;
use crate::book::Cause;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::words::{self, Told};

/// Reads that must have shown the number that was written before a contradiction means something.
const SUPPORT: u64 = 5;
/// The same of a single bit, which any point shows in half of all cases: once in 4,096 all twelve by chance.
const SUPPORT_OF_BIT: u64 = 12;
/// Reads that may show the old value after a write: devices take their inputs and outputs over once a cycle, and a
/// gateway reads them now and then.
const PATIENCE: u64 = 3;
/// A point that took long may take so many times longer.
const PATIENCE_FACTOR: u64 = 2;
/// Points of one message that are followed.
const POINTS_OF_MESSAGE_MAX: usize = 128;

#[derive(Debug, Clone, Copy)]
struct Written {
    value: Value,
    /// The value before, where it was known.
    before: Option<Value>,
    frame: u64,
    /// The device said that it was done.
    done: bool,
    /// Compared with a read already.
    compared: bool,
    /// Reads that showed the value before.
    stale: u64,
}

/// What a read says of what was written.
enum Shown {
    /// Nothing to tell.
    Settled,
    /// Still the value before: it may follow.
    Waits,
    /// Something else, where so many reads agreed before.
    Otherwise { agreed: u64 },
    /// Still the value before, after all the time that it may take.
    Unmoved { agreed: u64, reads: u64 },
}

/// A point whose read does not show what was written.
struct Against {
    point: Point,
    agreed: u64,
    /// Reads that showed the value before, where that is what is wrong.
    reads: Option<u64>,
}

/// What was written to one device.
#[derive(Default)]
struct OfDevice {
    /// By table and index.
    points: BTreeMap<(u16, u32), Written>,
    /// How many of them were not compared yet. Where all were, a read says nothing new: most answers are to reads.
    open: usize,
    /// Between which of them those are: what is read is mostly something else.
    open_within: Option<((u16, u32), (u16, u32))>,
    /// In which tables, each by one bit that it may share with others.
    open_in: u64,
}

fn bit_of(table: u16) -> u64 {
    1_u64.rotate_left(u32::from(table))
}

impl OfDevice {
    /// A point was written that is still to be compared.
    fn opened(&mut self, point: (u16, u32)) {
        let (first, last) = match self.open_within {
            Some((first, last)) if self.open > 0 => (first.min(point), last.max(point)),
            _ => (point, point),
        };
        self.open_in = bit_of(point.0) | if self.open > 0 { self.open_in } else { 0 };
        self.open_within = Some((first, last));
        self.open = self.open.saturating_add(1);
    }

    /// Whether some of these points may still be to be compared.
    fn may_be_open(&self, first: (u16, u32), last: (u16, u32)) -> bool {
        self.open > 0
            && (first.0 != last.0 || self.open_in & bit_of(first.0) != 0)
            && self.open_within.is_some_and(|within| first <= within.1 && within.0 <= last)
    }

    fn remove(&mut self, point: &(u16, u32)) -> bool {
        let removed = self.points.remove(point);
        let was_open = removed.is_some_and(|written| !written.compared);
        self.open = self.open.saturating_sub(usize::from(was_open));
        removed.is_some()
    }
}

/// The last value written to each commanded point.
pub(crate) struct Readback {
    written: HashMap<Device, OfDevice, RandomState>,
    points: usize,
    points_max: usize,
    refused: u64,
}

impl Readback {
    pub(crate) fn new(config: &Config) -> Self {
        // Fixed seeds: what is kept is bounded by count, and only what is below a device is gone through.
        let written = HashMap::with_hasher(RandomState::with_seeds(5, 6, 7, 8));
        Self { written, points: 0, points_max: config.points_max, refused: 0 }
    }

    /// Points that were not followed because the table was full.
    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    /// The last value written to a point, if any.
    pub(crate) fn last(&self, device: &Device, point: &Point) -> Option<Value> {
        let written = self.written.get(device)?.points.get(&(point.table.code, point.index))?;
        Some(written.value)
    }

    /// A command: its values count once the device says that it is done. While an incident about its master
    /// is open, a changed value is told with it.
    pub(crate) fn command(&mut self, scene: &Scene<'_>, concerning: bool, out: &mut Vec<Series>) {
        let (message, frame) = (scene.message, scene.obs.place.frame);
        // Strangers, who may be any number, leave half of it to known hosts.
        let share = if scene.verdict.access.host_known { 1 } else { 2 };
        let most = self.points_max.div_ceil(share);
        let points = scene.points(POINTS_OF_MESSAGE_MAX);
        if points.is_empty() || self.points >= most && !self.written.contains_key(&message.device) {
            self.refused = self.refused.saturating_add(points.len().try_into().unwrap_or(u64::MAX));
            return;
        }
        let device = self.written.entry(message.device).or_default();
        let mut befores = BTreeMap::new();
        for point in points {
            let Some(value) = point.value else { continue };
            let new =
                Written { value, before: None, frame, done: false, compared: false, stale: 0 };
            let place = (point.table.code, point.index);
            match device.points.entry(place) {
                Entry::Vacant(_) if self.points >= most => {
                    self.refused = self.refused.saturating_add(1);
                }
                Entry::Vacant(vacant) => {
                    self.points = self.points.saturating_add(1);
                    vacant.insert(new);
                    device.opened(place);
                }
                Entry::Occupied(mut occupied) => {
                    let Written { value: before, compared, .. } = *occupied.get();
                    if concerning {
                        befores.insert(place, before);
                    }
                    occupied.insert(Written { before: Some(before), ..new });
                    if compared {
                        device.opened(place);
                    }
                }
            }
        }
        if device.points.is_empty() {
            self.written.remove(&message.device);
        }
        if !befores.is_empty() {
            let told = words::told(scene, POINTS_OF_MESSAGE_MAX);
            out.extend(told.iter().flat_map(|told| changes(scene, told, &befores)));
        }
    }

    /// An answer: it confirms or refuses a write, or reads points back.
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let Some(asked) = message.request_frame else { return };
        if self.written.is_empty() {
            return;
        }
        let Some(device) = self.written.get_mut(&message.device) else { return };
        let is_refused = matches!(message.outcome, Outcome::Refused { .. });
        if device.open == 0 && !is_refused {
            return;
        }
        for run in message.runs {
            let (table, last) =
                (run.table.code, run.first.saturating_add(run.count.saturating_sub(1)));
            if !is_refused && !device.may_be_open((table, run.first), (table, last)) {
                continue;
            }
            let range = (table, run.first)..=(table, last);
            let (mut refused, mut contradicted) = (Vec::new(), Vec::new());
            for (key, written) in device.points.range_mut(range) {
                if written.frame == asked {
                    match message.outcome {
                        Outcome::Success => written.done = true,
                        Outcome::Refused { .. } => refused.push(*key),
                        _ => {}
                    }
                    continue;
                }
                let offset = key.1.saturating_sub(run.first);
                let Some(read) = run.values.at(offset) else { continue };
                let after = written.done && asked > written.frame;
                if run.written || !after || written.compared || message.phase != Phase::Response {
                    continue;
                }
                let point = Point { table: run.table, index: key.1, value: Some(read) };
                let (agreed, reads) = match compare(obs, message, baseline, &point, written) {
                    Shown::Waits => {
                        written.stale = written.stale.saturating_add(1);
                        continue;
                    }
                    Shown::Settled => (None, None),
                    Shown::Otherwise { agreed } => (Some(agreed), None),
                    Shown::Unmoved { agreed, reads } => (Some(agreed), Some(reads)),
                };
                written.compared = true;
                device.open = device.open.saturating_sub(1);
                contradicted.extend(agreed.map(|agreed| Against { point, agreed, reads }));
            }
            let mut last = None;
            for against in contradicted {
                let point = against.point;
                let whole = words::told_at(site, &message.device, run, &point);
                let is_written = |at: Point| device.points.contains_key(&(at.table.code, at.index));
                let alone = Told { first: point, second: None };
                let told = if whole.points().all(is_written) { whole } else { alone };
                // Both registers of one value contradict once.
                if last.replace(told) != Some(told) {
                    out.extend(contradiction(site, obs, message, told, &against, &device.points));
                }
            }
            for key in refused {
                let removed = device.remove(&key);
                self.points = self.points.saturating_sub(usize::from(removed));
            }
        }
        if device.points.is_empty() {
            self.written.remove(&message.device);
        }
    }
}

/// What tells points of one device apart.
fn variant(point: &Point) -> u64 {
    u64::from(point.table.code).saturating_mul(1 << 32).saturating_add(u64::from(point.index))
}

/// The history of a point, as context of an incident. Of a value in two registers both must be known to tell it.
fn changes(scene: &Scene<'_>, told: &Told, befores: &BTreeMap<(u16, u32), Value>) -> Vec<Series> {
    let before = |told: &Told| told.at(|at| befores.get(&(at.table.code, at.index)).copied());
    let whole = before(told).is_some();
    let parts = told.points().map(|first| Told { first, second: None });
    let told: Vec<Told> = if whole { vec![*told] } else { parts.collect() };
    told.iter().filter_map(|told| changed(scene, told, &before(told)?)).collect()
}

fn changed(scene: &Scene<'_>, told: &Told, before: &Told) -> Option<Series> {
    if told == before {
        return None;
    }
    let row = rows(scene.message.device.protocol)?.value_changed?;
    let device = &scene.message.device;
    let name = told.name(scene.site, device);
    let before = before.value(scene.site, device)?;
    let value = told.value(scene.site, device)?;
    let observed = format!(
        "{} changed {name} of {} from {before} to {value}",
        words::host(scene.site, scene.message.master.address),
        words::device(scene.site, &scene.message.device)
    );
    // One for a master and its device: a controller that follows its setpoint writes without end.
    let mut series = Series::about(row, Severity::Info, Cause::Access, scene.obs, scene.message)
        .saying(observed, format!("the value that was last written, {before}"));
    series.points = vec![name];
    Some(series)
}

/// Compares what was read with what was written.
fn compare(
    obs: &Observation<'_>,
    message: &Message<'_>,
    baseline: &mut Baseline,
    point: &Point,
    written: &Written,
) -> Shown {
    let Some(read) = point.value else { return Shown::Settled };
    // What an output is told and the state it is in are two things.
    if core::mem::discriminant(&read) != core::mem::discriminant(&written.value) {
        return Shown::Settled;
    }
    let device = &message.device;
    let key_of = |kind| FactKey { kind, device: *device, master: None, detail: variant(point) };
    let (key, lag) = (key_of(FactKind::ReadBack), key_of(FactKind::ReadBackLag));
    let known = baseline.facts().get(&key);
    let (agreed, differed) = known.map_or((0, 0), |fact| (fact.count, fact.against));
    let bit = matches!(written.value, Value::Bit(_));
    let was_so = written.before == Some(read);
    if read == written.value {
        // A bit that stayed what it was says nothing of what the write did.
        if !bit || !was_so {
            let facts = baseline.facts_mut();
            facts.note(key, obs.time, |fact| fact.count = fact.count.saturating_add(1));
            facts.note_most(lag, obs.time, written.stale);
        }
        return Shown::Settled;
    }
    let support = if bit { SUPPORT_OF_BIT } else { SUPPORT };
    let trusted = agreed >= support && differed == 0 && message.hearing.is_clean();
    let longest = baseline.facts().count(&lag);
    let reads = written.stale.saturating_add(1);
    // A bit has but one other value: where reads followed at once, that is a contradiction like any other.
    let may_follow = was_so && !(bit && trusted && longest == 0);
    if may_follow && reads < PATIENCE.max(longest.saturating_mul(PATIENCE_FACTOR)) {
        return Shown::Waits;
    }
    if !trusted || !baseline.is_armed(device, message.master.address) {
        let facts = baseline.facts_mut();
        facts.note(key, obs.time, |fact| fact.against = fact.against.saturating_add(1));
        return Shown::Settled;
    }
    if may_follow { Shown::Unmoved { agreed, reads } } else { Shown::Otherwise { agreed } }
}

fn contradiction(
    site: &Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    read: Told,
    against: &Against,
    of_device: &BTreeMap<(u16, u32), Written>,
) -> Option<Series> {
    let rows = rows(message.device.protocol)?;
    let device = &message.device;
    let of = |at: &Point| of_device.get(&(at.table.code, at.index));
    let written = read.at(|at| Some(of(at)?.value))?;
    let frames = read.points().filter_map(|at| Some(of(&at)?.frame));
    let name = read.name(site, device);
    let shown = read.value(site, device)?;
    let written = written.value(site, device)?;
    let (which, agreed) = (words::device(site, device), against.agreed);
    let (row, observed, expected) = match against.reads {
        Some(reads) => (
            rows.no_effect?,
            format!(
                "{which} still shows {name} = {shown}, {reads} reads after {written} was written to it and accepted"
            ),
            format!(
                "the last {agreed} writes of this point soon showed in it; nobody was heard writing in between, and \
                 local control or a limit inside the device would explain it"
            ),
        ),
        None => {
            let before = read.at(|at| of(at)?.before);
            let before = before.and_then(|before| before.value(site, device));
            let before = before.map_or(String::new(), |before| format!(" (before: {before})"));
            (
                rows.readback?,
                format!(
                    "{which} shows {name} = {shown}, although {written} was written to it and accepted{before}"
                ),
                format!(
                    "the last {agreed} reads after a write of this point showed what was written; \
                     nobody was heard writing in between"
                ),
            )
        }
    };
    let mut shown: Vec<u64> = frames.collect();
    shown.dedup();
    shown.push(obs.place.frame);
    let mut series = Series::about(row, Severity::High, Cause::Process, obs, message)
        .variant(variant(&read.first))
        .scored(3.0)
        .shown_by(shown)
        .saying(observed, expected);
    series.points = vec![name];
    Some(series)
}
