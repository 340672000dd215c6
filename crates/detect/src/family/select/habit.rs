//! How points of a device are operated by habit: selected first or at once, and how soon after.

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Device, Fault, FaultKind, Phase, Point, Severity, SubAddress};

use super::{POINTS_OF_MESSAGE_MAX, select_faults};
use crate::book::Cause;
use crate::family::{control, rows};
use crate::scene::{Candidate, Scene, rank};
use crate::words;

/// Operates of a point that were selected first, before one that is not means something.
const POINT_SUPPORT: u64 = 2;
/// The same of all points of its kind of a device, for a point that was never operated.
const DEVICE_SUPPORT: u64 = 3;
/// The same of all that a master operated of a kind in a zone, for a device that it never operated. Devices differ: where
/// one in five was operated at once, so may be the next.
const MASTER_SUPPORT: u64 = 10;
const MASTER_RULE: u64 = 4;
/// Operates whose time after their select was learned, before a longer one means something.
const GAP_SUPPORT: u64 = 5;
/// A person takes so long without being noticed.
const GAP_MIN_MS: u64 = 5 * SECOND_MS;
const SECOND_MS: u64 = 1_000;
/// Tells this habit from others.
const NUMBER_OF_SELECT: u64 = 2;
/// What stands for all points of a device; older versions told breakers and set points not apart.
const WHOLE_DEVICE: u64 = u64::MAX;
/// What stands for all points of a table: above all points.
const WHOLE_TABLE: u64 = 1 << 62;

/// Learns from a control that did not alarm whether its points are selected first, and how long before.
pub(crate) fn learn(scene: &Scene<'_>, baseline: &mut Baseline) {
    let message = scene.message;
    let selected = message.phase == Phase::Operate;
    let has_row = rows(message.device.protocol).is_some_and(|rows| rows.direct_operate.is_some());
    if !has_row || scene.selects() || !scene.controls() {
        return;
    }
    let now = scene.obs.time;
    let mut late = false;
    for fault in select_faults(message) {
        match weight(scene, baseline, fault) {
            Some(Severity::High) => return,
            // Only what is not judged yet teaches how this master counts, and takes its time.
            Some(_) if !late_by(fault) => {
                baseline.facts_mut().note(number_key(scene), now, |fact| {
                    fact.count = fact.count.saturating_add(1);
                });
            }
            _ => late |= late_by(fault) && scene.verdict.armed,
        }
    }
    let points = scene.points(POINTS_OF_MESSAGE_MAX);
    let mut tables: Vec<u64> = points.iter().map(whole).collect();
    tables.dedup();
    let keys = points.iter().map(|point| first_key(scene, control::variant(point)));
    let of_tables =
        tables.iter().flat_map(|table| [first_key(scene, *table), master_key(scene, *table)]);
    for key in keys.chain(of_tables) {
        baseline.facts_mut().note(key, now, |fact| {
            let count = if selected { &mut fact.count } else { &mut fact.against };
            *count = count.saturating_add(1);
        });
    }
    if let Some(selected) = message.dialogue.selected.filter(|_| !late) {
        baseline.facts_mut().note(gap_key(scene), now, |fact| {
            fact.count = fact.count.saturating_add(1);
            fact.against = fact.against.max(in_ms(selected.gap_ns));
        });
    }
}

/// How bad it is that an operate does not fit its select; nothing where this master always did so. Devices differ in
/// how long they keep a selection, and there are masters that do not count: while that is learned it weighs little, and
/// what the device makes of it is told by its answer.
pub(super) fn weight(scene: &Scene<'_>, baseline: &Baseline, fault: Fault) -> Option<Severity> {
    let follows = fault.found.wrapping_add(1) & 0x0F;
    let usual = match fault.kind {
        FaultKind::SelectLate => {
            let learned = baseline.facts().get(&gap_key(scene));
            let gap_ms = scene.message.dialogue.selected.map(|it| in_ms(it.gap_ns));
            learned.zip(gap_ms).is_some_and(|(learned, gap_ms)| {
                learned.count >= GAP_SUPPORT && gap_ms <= learned.against.saturating_mul(2)
            })
        }
        FaultKind::SelectSequence if follows == fault.expected => {
            baseline.facts().known(&number_key(scene))
        }
        _ => return Some(Severity::High),
    };
    match (usual, scene.verdict.armed) {
        (true, _) => None,
        (false, true) => Some(Severity::High),
        (false, false) => Some(Severity::Low),
    }
}

const fn late_by(fault: Fault) -> bool {
    matches!(fault.kind, FaultKind::SelectLate)
}

fn number_key(scene: &Scene<'_>) -> FactKey {
    let (device, master) = (scene.message.device, Some(scene.message.master.address));
    FactKey { kind: FactKind::Habit, device, master, detail: NUMBER_OF_SELECT }
}

fn first_key(scene: &Scene<'_>, detail: u64) -> FactKey {
    let device = scene.message.device;
    FactKey { kind: FactKind::SelectFirst, device, master: None, detail }
}

/// All points of the table of this one.
fn whole(point: &Point) -> u64 {
    WHOLE_TABLE | u64::from(point.table.code)
}

/// What a master operates in a zone, whatever the device.
fn master_key(scene: &Scene<'_>, detail: u64) -> FactKey {
    let address = scene.message.master.address;
    let device = Device { address, sub: SubAddress::None, ..scene.message.device };
    FactKey { kind: FactKind::SelectFirst, device, master: Some(address), detail }
}

fn gap_key(scene: &Scene<'_>) -> FactKey {
    let (device, master) = (scene.message.device, Some(scene.message.master.address));
    FactKey { kind: FactKind::SelectGap, device, master, detail: 0 }
}

fn in_ms(nanos: u64) -> u64 {
    nanos.checked_div(1_000_000).unwrap_or(0)
}

/// An operate much longer after its select than ever.
pub(super) fn unusual_gap(
    scene: &Scene<'_>,
    baseline: &Baseline,
    row: &'static str,
) -> Option<Candidate> {
    let gap_ms = in_ms(scene.message.dialogue.selected?.gap_ns);
    let learned = baseline.facts().get(&gap_key(scene))?;
    let most_ms = learned.against.saturating_mul(2).max(GAP_MIN_MS);
    let judged = scene.verdict.armed && learned.count >= GAP_SUPPORT;
    if !judged || gap_ms <= most_ms {
        return None;
    }
    Some(Candidate {
        detection: row,
        severity: Severity::Low,
        rank: rank::EFFECT,
        cause: Cause::Process,
        novelty: false,
        variant: 2,
        of_host: false,
        score: 2.0,
        expected: format!(
            "the longest that this master took from select to operate is {} ms, of {} times; this took {gap_ms} ms",
            learned.against, learned.count
        ).into(),
    })
}

/// Whose rule it is to select first.
#[derive(Debug, Clone, Copy)]
enum Of {
    Point,
    Device,
    Master,
}

/// A control in one step where two are the rule.
pub(super) fn direct(
    scene: &Scene<'_>,
    baseline: &Baseline,
    row: &'static str,
) -> Option<Candidate> {
    if !scene.verdict.armed || scene.verdict.accepted {
        return None;
    }
    let counts = |key: FactKey| {
        let fact = baseline.facts().get(&key);
        fact.map_or((0, 0), |fact| (fact.count, fact.against))
    };
    // A rule of a point or device has no exception. Where too little is known of the point, that of its device, and where
    // too little is known of that, what its master mostly does.
    let rule = |point: &Point| {
        let own = counts(first_key(scene, whole(point)));
        let device = match counts(first_key(scene, WHOLE_DEVICE)) {
            (before, 0) if own.1 == 0 => (own.0.saturating_add(before), 0),
            _ => own,
        };
        let each = [
            (counts(first_key(scene, control::variant(point))), POINT_SUPPORT, Of::Point),
            (device, DEVICE_SUPPORT, Of::Device),
            (counts(master_key(scene, whole(point))), MASTER_SUPPORT, Of::Master),
        ];
        let decides = |((selected, at_once), support, _): &((u64, u64), u64, Of)| {
            *at_once > 0 || selected >= support
        };
        let ((selected, at_once), support, of) = each.into_iter().find(decides)?;
        let is_rule = match of {
            Of::Master => selected >= at_once.saturating_mul(MASTER_RULE),
            Of::Point | Of::Device => at_once == 0,
        };
        (is_rule && selected >= support).then_some((selected, at_once, of))
    };
    let points = scene.points(POINTS_OF_MESSAGE_MAX);
    let (point, (times, at_once, of)) =
        points.iter().find_map(|point| Some((point, rule(point)?)))?;
    let device = &scene.message.device;
    let name = words::told_with(scene, point).name(scene.site, device);
    let what = match of {
        Of::Point => name,
        Of::Device => "every point of this kind of this device that was operated".to_owned(),
        Of::Master => format!(
            "what {} operated of this kind here",
            words::host(scene.site, scene.message.master.address)
        ),
    };
    let otherwise = match at_once {
        0 => "never operated at once".to_owned(),
        times => format!("and operated at once {times}×"),
    };
    Some(Candidate {
        detection: row,
        severity: Severity::High,
        rank: rank::EFFECT,
        cause: Cause::Access,
        novelty: true,
        variant: 0,
        of_host: false,
        score: 4.0,
        expected: format!(
            "in {} {what} was selected before it was operated ({times}×), {otherwise}",
            words::heard(scene.verdict, scene.obs.time)
        )
        .into(),
    })
}
