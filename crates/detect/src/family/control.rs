//! What an output is asked to do: in a way it never was asked before, or as ever, for the record.

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Control, Operation, Point, Severity, TripClose, Value};

use super::rows;
use crate::book::Cause;
use crate::scene::{Candidate, Scene, rank};
use crate::words;

/// Points of one message that are looked at.
const POINTS_OF_MESSAGE_MAX: usize = 128;
/// Ways in which one point is asked that are remembered.
const FORMS_MAX: usize = 16;
/// Between two of them, in the fact.
const BETWEEN: &str = "; ";

/// What the rules of controls say of a request: a known point, asked for what it never was.
pub(crate) fn candidates(scene: &Scene<'_>, baseline: &Baseline, out: &mut Vec<Candidate>) {
    let verdict = scene.verdict;
    let Some(rows) = rows(scene.message.device.protocol) else { return };
    let Some(detection) = rows.control_form else { return };
    if !verdict.armed || verdict.accepted || verdict.access.points_new > 0 || !scene.controls() {
        return;
    }
    // Whoever opens a breaker closes it one day; who only ever closed one has not opened it. A select
    // of another kind is told as its operate would be: it moves nothing yet, and says what comes.
    let new = |(point, control): (Point, Control)| {
        let known = &baseline.facts().get(&key(scene, &point))?.text;
        let is = |form: &Control| holds(known, &form.to_string());
        let returns =
            is(&opposite(control)) && (!opens(control) || known.split(BETWEEN).any(was_opened));
        (!is(&control)).then(|| (point, returns, known.clone()))
    };
    let Some((point, is_usual, known)) = controls(scene).find_map(new) else { return };
    let name = words::told_with(scene, &point).name(scene.site, &scene.message.device);
    out.push(Candidate {
        detection,
        severity: if is_usual { Severity::Low } else { Severity::High },
        rank: rank::MESSAGE,
        cause: Cause::Access,
        novelty: !is_usual,
        variant: variant(&point),
        of_host: false,
        score: if is_usual { 2.0 } else { 4.0 },
        expected: format!(
            "in {} {name} was only asked to: {known}",
            words::heard(verdict, scene.obs.time)
        )
        .into(),
    });
}

/// A control that nothing speaks against: for the record, one for a master and its device.
pub(crate) fn audit(scene: &Scene<'_>) -> Option<Candidate> {
    let detection = rows(scene.message.device.protocol)?.audit?;
    let moves = scene.controls() && !scene.selects();
    if !moves || scene.points(1).is_empty() {
        return None;
    }
    Some(Candidate {
        detection,
        severity: Severity::Info,
        rank: rank::POINT,
        cause: Cause::Record,
        novelty: false,
        variant: 0,
        of_host: false,
        score: 0.0,
        expected: "nothing else: this is the record of an expected control".to_owned().into(),
    })
}

/// Learns what the points of a control that did not alarm were asked to do.
pub(crate) fn learn(scene: &Scene<'_>, baseline: &mut Baseline) {
    let has_row =
        rows(scene.message.device.protocol).is_some_and(|rows| rows.control_form.is_some());
    if !has_row || !scene.controls() || scene.selects() {
        return;
    }
    for (point, control) in controls(scene) {
        let form = control.to_string();
        baseline.facts_mut().note(key(scene, &point), scene.obs.time, |fact| {
            fact.count = fact.count.saturating_add(1);
            if !holds(&fact.text, &form) && fact.text.split(BETWEEN).count() < FORMS_MAX {
                if !fact.text.is_empty() {
                    fact.text.push_str(BETWEEN);
                }
                fact.text.push_str(&form);
            }
        });
    }
}

fn controls(scene: &Scene<'_>) -> impl Iterator<Item = (Point, Control)> + use<> {
    scene.points(POINTS_OF_MESSAGE_MAX).into_iter().filter_map(|point| match point.value {
        Some(Value::Control(control)) => Some((point, control)),
        _ => None,
    })
}

fn holds(known: &str, form: &str) -> bool {
    known.split(BETWEEN).any(|known| known == form)
}

/// What brings the output back: close for trip, off for on, with the same times.
const fn opposite(control: Control) -> Control {
    let trip_close = match control.trip_close {
        TripClose::Close => TripClose::Trip,
        TripClose::Trip => TripClose::Close,
        other => other,
    };
    let turned = matches!(control.trip_close, TripClose::None | TripClose::Undefined);
    let (operation, on_ms, off_ms) = match control.operation {
        Operation::LatchOn => (Operation::LatchOff, control.on_ms, control.off_ms),
        Operation::LatchOff => (Operation::LatchOn, control.on_ms, control.off_ms),
        Operation::PulseOn if turned => (Operation::PulseOff, control.off_ms, control.on_ms),
        Operation::PulseOff if turned => (Operation::PulseOn, control.off_ms, control.on_ms),
        other => (other, control.on_ms, control.off_ms),
    };
    Control { operation, trip_close, on_ms, off_ms, ..control }
}

/// Whether it trips, or switches off where there is one output.
pub(in crate::family) const fn opens(control: Control) -> bool {
    match control.trip_close {
        TripClose::Trip => true,
        TripClose::Close => false,
        TripClose::None | TripClose::Undefined => {
            matches!(control.operation, Operation::LatchOff | Operation::PulseOff)
        }
    }
}

/// Whether a form that is known, in words, is one that opens.
fn was_opened(form: &str) -> bool {
    ["trip, ", "latch off", "pulse off"].iter().any(|opening| form.starts_with(opening))
}

/// What tells points of one device apart.
pub(in crate::family) fn variant(point: &Point) -> u64 {
    u64::from(point.table.code).saturating_mul(1 << 32).saturating_add(u64::from(point.index))
}

fn key(scene: &Scene<'_>, point: &Point) -> FactKey {
    FactKey {
        kind: FactKind::ControlForm,
        device: scene.message.device,
        master: None,
        detail: variant(point),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_the_other_coil_or_the_other_state_in_the_same_time() {
        let pulse = Control {
            operation: Operation::PulseOn,
            trip_close: TripClose::Trip,
            clear: false,
            count: 1,
            on_ms: 100,
            off_ms: 0,
        };
        assert_eq!(opposite(pulse).to_string(), "close, pulse on 100 ms");
        let latch = Control { operation: Operation::LatchOn, trip_close: TripClose::None, ..pulse };
        assert_eq!(opposite(latch).to_string(), "latch off");
        let both = Control { operation: Operation::LatchOn, trip_close: TripClose::Close, ..pulse };
        assert_eq!(opposite(both).to_string(), "trip, latch off");
        let plain = Control { trip_close: TripClose::None, ..pulse };
        assert_eq!(opposite(plain).to_string(), "pulse off 100 ms");
        assert_eq!(opposite(opposite(plain)), plain);
    }

    #[test]
    fn a_form_is_found_whole() {
        assert!(holds("latch on; latch off", "latch off"));
        assert!(!holds("trip, pulse on 1000 ms", "trip, pulse on 100 ms"));
        assert!(!holds("", "latch on"));
    }
}
