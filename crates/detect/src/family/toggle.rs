//! A commanded point that is driven to and fro.
//!
//! A turn is a command that brings a point back to where it was: open after close, the old setpoint after a new one.
//! A breaker lives through a few thousand of them, and one that is closed on a fault again and again, or out of step,
//! damages what hangs on it. A point that always did so, such as a pulse that is made of two writes, a heartbeat or a
//! controller that follows its measurement, is known by the most turns that were learned of it. Until the points of a
//! zone are known, one that turns no more than others of its kind did is not told.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_baseline::{Baseline, Fact, FactKey, FactKind, Level};

use gridtap_model::{
    Class, Control, Device, Point, Severity, SubAddress, Timestamp, TripClose, Value,
};

use super::{control, rows};
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::window::Window;
use crate::words;

/// Turns are counted in a sliding window of this length.
const WINDOW_NS: u64 = 60_000_000_000;
/// A breaker that opened is closed again by a person, or by an automatic that waits for its drive, no sooner.
const RECLOSE_NS: u64 = 1_000_000_000;
/// More than so many times the most that was learned is no longer the same habit.
const HABIT_FACTOR: u64 = 2;
/// A point that turns more often is pulsed or beats, and says nothing of how others are switched.
const POOLED_MAX: u64 = 6;
/// What stands for all points of a zone.
const WHOLE_ZONE: u64 = u64::MAX;
/// Turns of one point that are remembered.
const TURNS_MAX: usize = 128;
/// Points of one message that are followed.
const POINTS_OF_MESSAGE_MAX: usize = 128;

/// Where a command puts a point.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Position {
    /// Off, open, tripped; or the other.
    Side(bool),
    /// A setpoint, by the bits of its value.
    Set(u64),
}

#[derive(Debug, Default)]
struct Moved {
    now: Option<Position>,
    before: Option<Position>,
    /// When it was put where it is.
    since: Timestamp,
    turns: Window<()>,
    /// When the running minute began, the most turns in it, and whether they were told.
    minute: Timestamp,
    most: u64,
    told: bool,
}

/// A turn, and how it stands to those before.
struct Turn {
    /// Turns within the window, this one among them.
    count: u64,
    /// It was opened and closed again within this time.
    reclosed_ns: Option<u64>,
    frames: Vec<u64>,
    is_side: bool,
    /// The most turns of the minute before, where nothing was told of it.
    minute_over: Option<u64>,
}

/// Where commanded points were put.
pub(crate) struct Toggles {
    points: Bounded<(Device, u16, u32), Moved>,
    least: u64,
}

impl Toggles {
    pub(crate) fn new(config: &Config) -> Self {
        Self { points: Bounded::new(config.points_max), least: config.turns_per_minute }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.points.evicted()
    }

    /// A command: each of its points that comes back to where it was.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let moves = scene.message.class == Class::Command && !scene.selects();
        if !moves || rows(scene.message.device.protocol).is_none() {
            return;
        }
        let runs = scene.message.runs.iter().filter(|run| run.written);
        for point in runs.flat_map(gridtap_model::Run::points).take(POINTS_OF_MESSAGE_MAX) {
            let Some(position) = point.value.and_then(position) else { continue };
            let closes = matches!(point.value, Some(Value::Control(control)) if closes(control));
            let Some(turn) = self.turn(scene, &point, position, closes) else { continue };
            if let Some(series) = judge(scene, baseline, &point, &turn, self.least) {
                out.push(series);
                let key = (scene.message.device, point.table.code, point.index);
                if let Some(moved) = self.points.get_mut(&key) {
                    moved.told = true;
                }
            }
        }
    }

    fn turn(
        &mut self,
        scene: &Scene<'_>,
        point: &Point,
        position: Position,
        closes: bool,
    ) -> Option<Turn> {
        let (now, frame) = (scene.obs.time, scene.obs.place.frame);
        let key = (scene.message.device, point.table.code, point.index);
        let moved = self.points.entry(key, || scene.verdict.access.host_known);
        if moved.now == Some(position) {
            return None;
        }
        let stood_ns = now.since_ns(moved.since);
        let turns = matches!(position, Position::Side(_)) || moved.before == Some(position);
        // What was open when it was first heard of was not opened just now.
        let was_turned = moved.before.is_some();
        moved.before = moved.now.replace(position);
        moved.since = now;
        if moved.before.is_none() || !turns {
            return None;
        }
        let minute_over = moved.minute_over(now);
        moved.turns.push(now, frame, (), WINDOW_NS, TURNS_MAX);
        moved.turns.forget(now, WINDOW_NS);
        let count = u64::try_from(moved.turns.count()).unwrap_or(u64::MAX);
        moved.most = moved.most.max(count);
        Some(Turn {
            count,
            reclosed_ns: (was_turned && closes && stood_ns < RECLOSE_NS).then_some(stood_ns),
            frames: moved.turns.frames(),
            is_side: matches!(position, Position::Side(_)),
            minute_over,
        })
    }
}

impl Moved {
    /// Begins another minute where the running one is over. Gives the most turns in it, where nothing was told of it.
    fn minute_over(&mut self, now: Timestamp) -> Option<u64> {
        if now.since_ns(self.minute) <= WINDOW_NS {
            return None;
        }
        self.minute = now;
        let told = core::mem::take(&mut self.told);
        Some(core::mem::take(&mut self.most)).filter(|most| *most > 0 && !told)
    }
}

/// Whether it is the closing coil of a breaker. A latch or a bare bit does not say which of its states is closed, and
/// pulses are made of two of them.
fn closes(control: Control) -> bool {
    control.trip_close == TripClose::Close
}

fn position(value: Value) -> Option<Position> {
    Some(match value {
        Value::Bit(bit) => Position::Side(bit),
        Value::Control(control) => Position::Side(!control::opens(control)),
        Value::Word(word) => Position::Set(u64::from(word)),
        Value::Integer(integer) => Position::Set(u64::from_be_bytes(integer.to_be_bytes())),
        Value::Float(float) => Position::Set(float.to_bits()),
        Value::Time(_) => return None,
    })
}

/// Learns a turn that is within the habit of its point, or tells it.
fn judge(
    scene: &Scene<'_>,
    baseline: &mut Baseline,
    point: &Point,
    turn: &Turn,
    least: u64,
) -> Option<Series> {
    let device = scene.message.device;
    let detail = control::variant(point);
    let key = FactKey { kind: FactKind::Turns, device, master: None, detail };
    let zone = FactKey {
        device: Device {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            sub: SubAddress::None,
            ..device
        },
        detail: WHOLE_ZONE,
        ..key
    };
    let now = scene.obs.time;
    let (verdict, learns) = (scene.verdict, !scene.is_stranger());
    let settled = verdict.armed && baseline.level_armed(Level::Point);
    if let Some(over) = turn.minute_over.filter(|_| learns && !settled) {
        learn(baseline, key, zone, now, over);
    }
    let known = baseline.facts().get(&key);
    let (most, reclosed) = known.map_or((0, 0), |fact| (fact.count, fact.against));
    let pooled = if settled { 0 } else { baseline.facts().count(&zone) };
    let judged = verdict.armed && !verdict.accepted;
    let habit = most.max(pooled).saturating_mul(HABIT_FACTOR);
    let too_many = turn.count > least.max(habit);
    let too_soon = turn.reclosed_ns.filter(|_| reclosed == 0);
    if judged && (too_many || too_soon.is_some()) {
        return told(scene, point, turn, most, too_soon.filter(|_| !too_many));
    }
    if !judged && learns {
        learn(baseline, key, zone, now, turn.count);
        if turn.reclosed_ns.is_some() {
            let again = |fact: &mut Fact| fact.against = fact.against.saturating_add(1);
            baseline.facts_mut().note(key, now, again);
        }
    }
    None
}

fn learn(baseline: &mut Baseline, point: FactKey, zone: FactKey, now: Timestamp, turns: u64) {
    let facts = baseline.facts_mut();
    facts.note_most(point, now, turns);
    if turns <= POOLED_MAX {
        facts.note_most(zone, now, turns);
    }
}

fn told(
    scene: &Scene<'_>,
    point: &Point,
    turn: &Turn,
    most: u64,
    too_soon_ns: Option<u64>,
) -> Option<Series> {
    let row = rows(scene.message.device.protocol)?.oscillation;
    let (site, device) = (scene.site, &scene.message.device);
    let name = words::told_with(scene, point).name(site, device);
    let master = words::host(site, scene.message.master.address);
    let (device, asked) = (words::device(site, device), words::request(scene));
    let heard = words::heard(scene.verdict, scene.obs.time);
    let (observed, expected) = match too_soon_ns {
        Some(stood_ns) => (
            format!(
                "{master} closed {name} of {device} {} ms after opening it: {asked}",
                stood_ns.checked_div(1_000_000).unwrap_or(0)
            ),
            format!(
                "in {heard} this point was never closed again within a second; an output that is pulsed by two writes \
                 would explain it"
            ),
        ),
        None => (
            format!(
                "{master} sent {name} of {device} to and fro {} times within 60 s, the last: {asked}",
                turn.count
            ),
            format!(
                "in {heard} this point turned {} within 60 s; a test of the output, or a controller that hunts, would \
                 explain it",
                if most == 0 { "never".to_owned() } else { format!("at most {most} times") }
            ),
        ),
    };
    // What switches is harmed by switching; a setpoint that comes and goes disturbs.
    let severity = if turn.is_side { Severity::High } else { Severity::Medium };
    let series = Series::about(row, severity, Cause::Process, scene.obs, scene.message)
        .variant(control::variant(point))
        .scored(4.0)
        .shown_by(turn.frames.clone())
        .naming(vec![name])
        .saying(observed, expected);
    Some(series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridtap_model::Operation;

    #[test]
    fn a_command_has_a_side_where_it_switches_and_a_value_where_it_sets() {
        let trip = Control {
            operation: Operation::PulseOn,
            trip_close: TripClose::Trip,
            clear: false,
            count: 1,
            on_ms: 100,
            off_ms: 0,
        };
        assert_eq!(position(Value::Control(trip)), Some(Position::Side(false)));
        let close = Control { trip_close: TripClose::Close, ..trip };
        assert_eq!(position(Value::Control(close)), Some(Position::Side(true)));
        let off = Control { trip_close: TripClose::None, operation: Operation::LatchOff, ..trip };
        assert_eq!(position(Value::Control(off)), Some(Position::Side(false)));
        assert_eq!(position(Value::Word(7)), Some(Position::Set(7)));
        assert_ne!(position(Value::Float(0.5)), position(Value::Float(0.25)));
        assert_eq!(position(Value::Time(Timestamp::MIN)), None);
    }
}
