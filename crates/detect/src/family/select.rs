//! Select before operate: the two steps that keep a wrong click from moving a breaker.
//!
//! Whether an operate fits its select is told by the protocol's session; who else holds the selection of a point,
//! what is selected and then left alone, and whether a point is one that is always selected first, is told here.

mod habit;
mod rivals;

use core::net::IpAddr;
use std::collections::VecDeque;

use gridtap_baseline::{Baseline, FactKey, FactKind, Site};
use gridtap_model::{
    Conversation, Device, Fault, FaultKind, Message, Observation, Outcome, Phase, Point, Severity,
    SubAddress, Table, Timestamp, Value,
};

use super::rows;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::series::{Found, Later, Series};
use crate::window::Window;
use crate::words;

pub(crate) use habit::learn;
use habit::{direct, unusual_gap, weight};
use rivals::Rivals;

/// Points of one message that are followed.
const POINTS_OF_MESSAGE_MAX: usize = 128;
/// Points of a refusal that are named.
const POINTS_NAMED: usize = 16;
/// No device keeps a selection for longer.
const HELD_NS: u64 = 60_000_000_000;
/// A select in another conversation is no older than this when its operate comes.
const ELSEWHERE_NS: u64 = 30_000_000_000;
/// Within this time points that are selected and left alone belong together.
const LEFT_NS: u64 = 60_000_000_000;
/// Points that a record lists.
const POINTS_LISTED: usize = 16;
/// Points of one pair that are remembered as selected.
const LEFT_MAX: usize = 256;
/// A single message that selects many points is followed by its operate within this time.
const PATIENCE_NS: u64 = 10_000_000_000;
/// Who has selected a point.
#[derive(Debug, Clone, Copy)]
struct Holder {
    master: IpAddr,
    sub: SubAddress,
    conversation: Conversation,
    time: Timestamp,
    frame: u64,
    /// What the point was selected for.
    value: Option<Value>,
}

type Place = (Table, u32);

#[derive(Debug)]
struct Watched {
    due: Timestamp,
    pair: (Device, IpAddr),
    limit: usize,
    later: Later,
}

/// What is selected, and by whom.
pub(crate) struct Selects {
    held: Bounded<(Device, Place), Option<Holder>>,
    left: Bounded<(Device, IpAddr), Window<Place>>,
    rivals: Rivals,
    watched: VecDeque<Watched>,
    watched_max: usize,
    least: usize,
    dropped: u64,
}

impl Selects {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            held: Bounded::new(config.points_max),
            left: Bounded::new(config.pairs_max),
            rivals: Rivals::new(config.pairs_max),
            watched: VecDeque::new(),
            watched_max: config.pairs_max.div_ceil(16),
            least: config.selects_left.max(1),
            dropped: 0,
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.held
            .evicted()
            .saturating_add(self.left.evicted())
            .saturating_add(self.rivals.evicted())
            .saturating_add(self.dropped)
    }

    /// What selecting and operating say of a request.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        found: &mut Vec<Candidate>,
        series: &mut Vec<Series>,
    ) {
        let message = scene.message;
        let Some(rows) = rows(message.device.protocol) else { return };
        if matches!(message.phase, Phase::Select | Phase::Operate) {
            self.rivals.note(scene.obs, message, || scene.verdict.access.host_known);
        }
        match message.phase {
            Phase::Select => {
                if let Some(row) = rows.selection {
                    series.extend(self.select(scene, baseline, row));
                }
            }
            Phase::Operate => {
                if let Some(row) = rows.selection {
                    self.operate(scene, baseline, row, found);
                }
            }
            Phase::Request if scene.controls() => {
                found.extend(rows.direct_operate.and_then(|row| direct(scene, baseline, row)));
            }
            _ => {}
        }
    }

    fn select(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        row: &'static str,
    ) -> Option<Series> {
        let (obs, message) = (scene.obs, scene.message);
        let (device, master) = (message.device, message.master.address);
        let (now, frame) = (obs.time, obs.place.frame);
        let known = || scene.verdict.access.host_known;
        let habit = FactKey { kind: FactKind::SelectOnly, device, master: Some(master), detail: 0 };
        let usual = usize::try_from(baseline.facts().count(&habit)).unwrap_or(usize::MAX);
        let limit = self.least.max(usual.saturating_add(1));
        let left = self.left.entry((device, master), known);
        left.forget(now, LEFT_NS);
        let before = left.count();
        let judged = scene.verdict.armed && !scene.verdict.accepted;
        if !scene.verdict.armed {
            let most = u64::try_from(before).unwrap_or(u64::MAX);
            baseline.facts_mut().note_most(habit, now, most);
        }
        let told = (judged && before >= limit).then(|| walk(scene, row, left));
        let holder = Holder {
            master,
            sub: message.dialogue.master_sub,
            conversation: obs.conversation,
            time: now,
            frame,
            value: None,
        };
        for point in scene.points(POINTS_OF_MESSAGE_MAX) {
            let place = (point.table, point.index);
            *self.held.entry((device, place), known) =
                Some(Holder { value: point.value, ..holder });
            if !left.holds(&place) {
                left.push(now, frame, place, LEFT_NS, LEFT_MAX);
            }
        }
        if told.is_some() {
            self.watched.retain(|watched| watched.pair != (device, master));
        } else if judged && left.count() >= limit {
            // Many, and then nothing: no further select would tell.

            let later = Later {
                series: walk(scene, row, left),
                found: Found::by(obs, scene.armed()),
                unknown: !scene.verdict.access.host_known,
            };
            self.watch(Watched {
                due: now.plus_ns(PATIENCE_NS),
                pair: (device, master),
                limit,
                later,
            });
        }
        told
    }

    fn watch(&mut self, watched: Watched) {
        if self.watched.iter().any(|other| other.pair == watched.pair) {
            return;
        }
        if self.watched.len() >= self.watched_max {
            self.watched.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.watched.push_back(watched);
    }

    /// What was selected at once and not operated in time.
    pub(crate) fn tick(&mut self, now: Timestamp, over: &mut Vec<Later>) {
        let left = &self.left;
        self.watched.retain(|watched| {
            if now < watched.due {
                return true;
            }
            if left.get(&watched.pair).is_some_and(|left| left.count() >= watched.limit) {
                over.push(watched.later.clone());
            }
            false
        });
    }

    fn operate(
        &mut self,
        scene: &Scene<'_>,
        baseline: &Baseline,
        row: &'static str,
        found: &mut Vec<Candidate>,
    ) {
        let message = scene.message;
        let (device, master) = (message.device, message.master.address);
        let points = scene.points(POINTS_OF_MESSAGE_MAX);
        let mut other = None;
        // All of it, as it was selected: one point selected elsewhere excuses no other.
        let mut own = 0_usize;
        for point in &points {
            let place = (point.table, point.index);
            if let Some(left) = self.left.get_mut(&(device, master)) {
                left.remove(&place);
            }
            let Some(holder) = self.held.get(&(device, place)).and_then(Option::as_ref) else {
                continue;
            };
            if scene.obs.time.since_ns(holder.time) > HELD_NS {
                continue;
            }
            let is_own = holder.master == master && holder.sub == message.dialogue.master_sub;
            if !is_own {
                other = other.or(Some(*holder));
            } else if holder.conversation != scene.obs.conversation
                && scene.obs.time.since_ns(holder.time) <= ELSEWHERE_NS
                && holder.value == point.value
            {
                own = own.saturating_add(1);
            }
            self.held.remove(&(device, place));
        }
        // Without a select of its own that was heard, it acts on the other's, wherever its conversation began.
        let of_other = other.is_some() && message.dialogue.selected.is_none();
        let of_other = (of_other && !message.hearing.gap).then_some((NO_SELECT, Severity::High));
        let fault = select_faults(message)
            .find_map(|fault| Some((fault, weight(scene, baseline, fault)?)))
            .or(of_other);
        if let Some((fault, severity)) = fault {
            // It was selected, only in another conversation of the same two.
            let whole = scene.points_written() <= u64::try_from(points.len()).unwrap_or(u64::MAX);
            let all = whole && own > 0 && own == points.len();
            if fault.kind == FaultKind::NoSelect && all && other.is_none() {
                return;
            }
            found.push(violation(scene, row, (fault, severity), other));
        } else if let Some(late) = unusual_gap(scene, baseline, row) {
            found.push(late);
        }
    }

    /// An answer: a select that is refused holds nothing; a refusal may say that nothing was selected.
    pub(crate) fn answer(
        &mut self,
        site: &Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        out: &mut Vec<Series>,
    ) {
        let Outcome::Refused { code, .. } = message.outcome else { return };
        let Some(rows) = rows(message.device.protocol) else { return };
        let Some(row) = rows.selection else { return };
        for point in message.runs.iter().flat_map(gridtap_model::Run::points) {
            let key = (message.device, (point.table, point.index));
            let holder = self.held.get(&key).and_then(Option::as_ref);
            if holder.is_some_and(|holder| Some(holder.frame) == message.request_frame) {
                self.held.remove(&key);
            }
        }
        if !(rows.unselected)(code) || !message.hearing.is_clean() {
            return;
        }
        let frames = message.request_frame.into_iter().chain([obs.place.frame]).collect();
        let observed = format!(
            "{} refused an operate of {}: the point was not selected, or too long ago (status {code})",
            words::device(site, &message.device),
            words::host(site, message.master.address),
        );
        // A device with one selection for all loses this master's when another comes between.
        let rival = self.rivals.between(obs, message);
        let (severity, score) = match rival {
            Some(_) => (Severity::Low, 1.0),
            None => (Severity::High, 4.0),
        };
        let mut series = Series::about(row, severity, Cause::Process, obs, message)
            .scored(score)
            .shown_by(frames);
        series = match rival {
            Some(rival) => series.variant(3).saying(
                observed,
                format!(
                    "a device that several masters share keeps one selection; {} used it in between, in frame {}",
                    words::host(site, rival.master),
                    rival.frame
                ),
            ),
            None => series.saying(observed, "a master operates what it has just selected"),
        };
        let points = message.runs.iter().flat_map(gridtap_model::Run::points);
        let named = points.take(POINTS_NAMED).map(|at| words::point(site, &message.device, &at));
        series.points = named.collect();
        out.push(series);
    }
}

/// Points that were selected one after the other and left alone.
fn walk(scene: &Scene<'_>, row: &'static str, left: &Window<Place>) -> Series {
    let device = &scene.message.device;
    let names = left.iter().map(|(table, index)| {
        words::point(scene.site, device, &Point { table: *table, index: *index, value: None })
    });
    let points: Vec<String> = names.take(POINTS_LISTED).collect();
    let observed = format!(
        "{} selected {} points of {} within a minute and operated none of them, the last: {}",
        words::host(scene.site, scene.message.master.address),
        left.count(),
        words::device(scene.site, device),
        words::request(scene)
    );
    let expected =
        "what is selected is operated next; selecting alone finds out which outputs there are";
    let series =
        Series::about(row, Severity::Medium, Cause::Reconnaissance, scene.obs, scene.message)
            .variant(1)
            .scored(4.0)
            .shown_by(left.frames())
            .saying(observed, expected);
    Series { points, ..series }
}

const NO_SELECT: Fault = Fault { kind: FaultKind::NoSelect, found: 0, expected: 0 };

/// What is wrong between an operate and its select, where no loss explains it.
fn select_faults(message: &Message<'_>) -> impl Iterator<Item = Fault> {
    let kinds = [
        FaultKind::NoSelect,
        FaultKind::SelectDiffers,
        FaultKind::SelectSequence,
        FaultKind::SelectLate,
    ];
    let heard = message.hearing.is_clean();
    message.faults.iter().filter(move |fault| heard && kinds.contains(&fault.kind))
}

fn violation(
    scene: &Scene<'_>,
    row: &'static str,
    (fault, severity): (Fault, Severity),
    other: Option<Holder>,
) -> Candidate {
    let expected = match other {
        Some(holder) => format!(
            "a master operates what it has selected itself; this point was selected by {} in frame {}; this is {}",
            words::host(scene.site, holder.master),
            holder.frame,
            words::fault(fault)
        ),
        None => {
            format!("a master operates what it has just selected; this is {}", words::fault(fault))
        }
    };
    Candidate {
        detection: row,
        severity: if other.is_some() { Severity::Critical } else { severity },
        rank: rank::EFFECT,
        cause: Cause::Process,
        novelty: false,
        variant: 0,
        of_host: false,
        score: 4.0,
        expected: expected.into(),
    }
}
