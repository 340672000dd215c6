//! Clocks: what they are set to, against the time of the packets that set them.
//!
//! A front end sets all its devices to one time, which differs from the sensor's by what the two clocks and their
//! time zones differ. That difference is learned; a clock that is set to another one is told, at whatever occasion.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{Device, Effect, Severity, SubAddress, Table, Timestamp, Value};

use super::rows;
use crate::book::Cause;
use crate::scene::{Candidate, Scene, rank};

/// Clocks that are set may differ by so much.
const SLACK_MS: i64 = 10 * SECOND_MS;
const SECOND_MS: i64 = 1_000;
/// So many writes of one difference make it the site's own.
const REFERENCE_MIN: u64 = 2;

/// What the rules of clocks say of a request.
pub(crate) fn candidates(scene: &Scene<'_>, baseline: &Baseline, out: &mut Vec<Candidate>) {
    let message = scene.message;
    let effect = (message.effect, message.function.code);
    let Some(rows) = rows(message.device.protocol) else { return };
    let Some(detection) = (rows.effect)(effect.0, effect.1) else { return };
    let usual = baseline.facts().get(&key(scene)).map(|fact| (fact.count, signed(fact.against)));
    let usual = usual.filter(|(count, usual)| is_trusted(*count, *usual));
    let reference = usual.map_or(0, |(_, usual)| usual);
    let Some(offset) = worst_offset_ms(scene, reference) else { return };
    let (severity, expected) = match usual {
        Some((_, usual)) if !is_near(offset, usual) => (
            Severity::High,
            format!(
                "clocks that were set here before were {}; this one is {} {} them",
                apart(usual),
                much(offset.saturating_sub(usual)),
                side(offset.saturating_sub(usual)),
            ),
        ),
        None if offset.saturating_abs() > SLACK_MS => (
            Severity::Low,
            format!(
                "this is {}, and no clock was set here before to compare it with",
                apart(offset)
            ),
        ),
        _ => return,
    };
    out.push(Candidate {
        detection,
        severity,
        rank: rank::EFFECT,
        cause: Cause::Process,
        // What is wrong by the learned difference must not become it by repetition.
        novelty: severity == Severity::High,
        variant: 4,
        of_host: false,
        score: if severity == Severity::High { 4.0 } else { 2.0 },
        expected: expected.into(),
    });
}

/// Learns the difference from a clock that was set without alarm.
pub(crate) fn learn(scene: &Scene<'_>, baseline: &mut Baseline) {
    if scene.message.effect != Effect::ClockSet {
        return;
    }
    let armed = scene.verdict.armed;
    let usual = baseline.facts().get(&key(scene)).map(|fact| signed(fact.against));
    let Some(offset) = worst_offset_ms(scene, usual.unwrap_or(0)) else { return };
    let agrees = usual.is_some_and(|usual| is_near(offset, usual)) || is_near(offset, 0);
    if armed && !agrees && !scene.verdict.accepted {
        // However often it comes, it is no measure of what comes after it.
        return;
    }
    baseline.facts_mut().note(key(scene), scene.obs.time, |fact| {
        let goes_on = fact.count > 0 && is_near(offset, signed(fact.against));
        // Small steps, each within the slack, must not walk the clocks away once the difference is known.
        let stays = armed && goes_on && is_trusted(fact.count, signed(fact.against));
        fact.count = if goes_on { fact.count.saturating_add(1) } else { 1 };
        if !stays {
            fact.against = folded(offset);
        }
    });
}

/// Whether a difference is the site's own. That it agrees with the sensor's own clock is no coincidence.
const fn is_trusted(count: u64, usual: i64) -> bool {
    count >= REFERENCE_MIN || count > 0 && usual.saturating_abs() <= SLACK_MS
}

/// How far the time that is written is ahead of the packet: of several times, the one farthest from what is usual.
fn worst_offset_ms(scene: &Scene<'_>, usual: i64) -> Option<i64> {
    if scene.message.effect != Effect::ClockSet {
        return None;
    }
    let clock = |run: &&gridtap_model::Run<'_>| run.written && run.table == Table::CLOCK;
    let points = scene.message.runs.iter().filter(clock).flat_map(gridtap_model::Run::points);
    let offsets = points.filter_map(|point| match point.value {
        Some(Value::Time(time)) => Some(ms(time).saturating_sub(ms(scene.obs.time))),
        _ => None,
    });
    offsets.max_by_key(|offset| offset.saturating_sub(usual).saturating_abs())
}

fn ms(time: Timestamp) -> i64 {
    time.nanos().div_euclid(1_000_000)
}

const fn is_near(one: i64, other: i64) -> bool {
    one.saturating_sub(other).saturating_abs() <= SLACK_MS
}

/// One fact for all clocks of a zone.
fn key(scene: &Scene<'_>) -> FactKey {
    let device = Device {
        sub: SubAddress::None,
        address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ..scene.message.device
    };
    FactKey { kind: FactKind::ClockOffset, device, master: None, detail: 0 }
}

/// A signed number as a fact keeps it: 0, -1, 1, -2, 2 …
fn folded(number: i64) -> u64 {
    let twice = number.unsigned_abs().saturating_mul(2);
    if number < 0 { twice.saturating_sub(1) } else { twice }
}

fn signed(folded: u64) -> i64 {
    let half = i64::try_from(folded.div_ceil(2)).unwrap_or(i64::MAX);
    if folded.is_multiple_of(2) { half } else { half.saturating_neg() }
}

/// `1 h 0 min ahead of this sensor's`, `within a second of this sensor's`.
fn apart(offset_ms: i64) -> String {
    if seconds(offset_ms) <= 1 {
        return "within a second of this sensor's".to_owned();
    }
    format!("{} {} this sensor's", much(offset_ms), side(offset_ms))
}

const fn side(offset_ms: i64) -> &'static str {
    if offset_ms > 0 { "ahead of" } else { "behind" }
}

/// To the nearest.
fn seconds(offset_ms: i64) -> u64 {
    offset_ms.unsigned_abs().saturating_add(500).checked_div(1_000).unwrap_or(0)
}

fn much(offset_ms: i64) -> String {
    let seconds = seconds(offset_ms);
    let (minutes, hours) = (seconds / 60, seconds / 3_600);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 if minutes < 60 => format!("{minutes} min"),
        _ if hours < 72 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_kept_as_they_are_and_said_as_a_person_would() {
        for number in [0, 1, -1, 3_600_000, -3_600_000, i64::MAX / 4, i64::MIN / 4] {
            assert_eq!(signed(folded(number)), number);
        }
        assert_eq!(apart(300), "within a second of this sensor's");
        assert_eq!(apart(-12_000), "12 s behind this sensor's");
        assert_eq!(apart(180_000), "3 min ahead of this sensor's");
        assert_eq!(apart(3_600_000), "1 h 0 min ahead of this sensor's");
        assert_eq!(apart(-20 * 365 * 86_400_000), "7300 days behind this sensor's");
    }
}
