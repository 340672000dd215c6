//! What is told of an event by itself.

use gridtap_baseline::{Baseline, Fact, FactKey, FactKind};
use gridtap_model::{Point, Reading, Severity};

use super::super::control;
use super::super::outstation::Heard;
use crate::book::Cause;
use crate::series::Series;
use crate::words;

/// An event this far ahead is looked up; a network and a queue make it late, never early.
const AHEAD_LOOKED_UP_MS: u64 = 1_000;
/// Clocks of stations are set to some seconds at the worst.
const AHEAD_MIN_MS: u64 = 10 * AHEAD_LOOKED_UP_MS;

/// A change that comes with the mark that somebody overrode the point.
pub(super) fn overridden(
    heard: &Heard<'_>,
    point: &Point,
    baseline: &mut Baseline,
    out: &mut Vec<Series>,
) {
    let (obs, message, site) = (heard.obs, heard.message, heard.site);
    let device = message.device;
    let key = FactKey { kind: FactKind::Overridden, device, master: None, detail: 0 };
    let armed = baseline.is_armed(&device, message.master.address);
    if !armed || baseline.facts().known(&key) {
        let again = |fact: &mut Fact| fact.count = fact.count.saturating_add(1);
        baseline.facts_mut().note(key, obs.time, again);
        return;
    }
    let name = words::point(site, &device, point);
    let state = point.value.map_or_else(String::new, |value| value.to_string());
    let observed = format!(
        "{} reports that {name} is {state} now, and that this value was put in by hand",
        words::device(site, &device)
    );
    out.push(
        Series::about(heard.rows.contradiction, Severity::High, Cause::Process, obs, message)
            .by_sender(obs)
            .variant(control::variant(point))
            .scored(3.0)
            .naming(vec![name])
            .saying(
                observed,
                "this device never reported a value that was put in by hand, and nobody commanded this point; somebody \
                 who works at the device and blocks the point would explain it",
            ),
    );
}

/// An event from the future: its clock, or whoever made it, is wrong.
pub(super) fn ahead(
    heard: &Heard<'_>,
    point: &Point,
    reading: &Reading,
    baseline: &mut Baseline,
    out: &mut Vec<Series>,
) {
    let (obs, message) = (heard.obs, heard.message);
    let Some(time) = reading.time else { return };
    let ahead_ms = time.since_ns(obs.time).checked_div(1_000_000).unwrap_or(0);
    if ahead_ms < AHEAD_LOOKED_UP_MS {
        return;
    }
    let device = message.device;
    let key = FactKey { kind: FactKind::EventAhead, device, master: None, detail: 0 };
    let most_ms = baseline.facts().count(&key);
    let armed = baseline.is_armed(&device, message.master.address);
    if !armed || ahead_ms <= AHEAD_MIN_MS.max(most_ms.saturating_mul(2)) {
        baseline.facts_mut().note_most(key, obs.time, ahead_ms);
        return;
    }
    let name = words::point(heard.site, &device, point);
    let observed = format!(
        "{} reports an event of {name} at {time}, {} s after it was heard",
        words::device(heard.site, &device),
        ahead_ms.checked_div(1_000).unwrap_or(0)
    );
    out.push(
        Series::about(heard.rows.event_time, Severity::Low, Cause::Process, obs, message)
            .by_sender(obs)
            .naming(vec![name])
            .saying(
                observed,
                format!(
                    "events of this device are at most {} s ahead; a clock that was set wrongly, or to local time, would \
                     explain it",
                    AHEAD_MIN_MS.max(most_ms).checked_div(1_000).unwrap_or(0)
                ),
            ),
    );
}
