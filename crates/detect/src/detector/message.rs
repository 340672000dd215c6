//! What the rules found about one message becomes one anomaly.

use gridtap_baseline::{Baseline, Declared, Site};
use gridtap_model::{Effect, FileMode, Message, Run, Severity, Table, Value};

use crate::book::{Book, Cause, Finding, Words};
use crate::budget::Budget;
use crate::catalogue;
use crate::family::readback::Readback;
use crate::family::rows;
use crate::scene::{Candidate, Scene, rank};
use crate::series::{Found, Series};
use crate::words;

/// Points that a record lists.
const POINTS_LISTED: usize = 16;

/// A known reader reads a range that it never read: low, once its family has earned it.
pub(super) fn read_range(scene: &Scene<'_>, budget: &mut Budget) -> Option<Candidate> {
    let (verdict, message) = (scene.verdict, scene.message);
    let access = &verdict.access;
    let new = verdict.armed
        && verdict.new_at.is_some()
        && verdict.declared == Declared::Open
        && access.master_known
        && access.function_known
        && !access.range_known
        && !verdict.accepted;
    if !new || message.runs.is_empty() {
        return None;
    }
    let rows = rows(message.device.protocol)?;
    let score = budget.earn(message.device.zone, scene.obs.time, &verdict.rate)?;
    Some(Candidate {
        detection: (rows.new_range)(message),
        severity: Severity::Low,
        rank: rank::POINT,
        cause: Cause::Reconnaissance,
        novelty: true,
        variant: 1,
        of_host: false,
        score,
        expected: format!(
            "in {} this master {} of this device; new ranges come {} here",
            words::heard(verdict, scene.obs.time),
            if message.file.is_some() { "asked for other files" } else { "read other addresses" },
            words::how_often(&verdict.rate)
        )
        .into(),
    })
}

/// What tells the file of a message from others, where all that is done to it is one finding: opened to write, its
/// blocks, closed. What is read of a device's files is one finding, whichever they are.
fn transfer(scene: &Scene<'_>, detection: &str) -> Option<u64> {
    let message = scene.message;
    let row = (rows(message.device.protocol)?.effect)(message.effect, message.function.code);
    let file = message.file.filter(|_| row == Some(detection))?;
    let writes = message.effect == Effect::FileWrite
        || matches!(file.mode, FileMode::Write | FileMode::Append);
    // Above all functions with their sub-functions.
    file.index.filter(|_| writes).map(|index| u64::from(index).saturating_add(1 << 32))
}

/// What a message says in short: its function, and the first of its points with their values (FNV-1a).
fn gist(message: &Message<'_>) -> u32 {
    let mut gist = 0x811C_9DC5_u32;
    let mut take = |word: u64| {
        for octet in word.to_le_bytes() {
            gist = (gist ^ u32::from(octet)).wrapping_mul(0x0100_0193);
        }
    };
    take(u64::from(message.function.code));
    for point in message.runs.iter().flat_map(Run::points).take(4) {
        take(u64::from(point.table.code) << 32 | u64::from(point.index));
        take(match point.value {
            Some(Value::Bit(bit)) => u64::from(bit),
            Some(Value::Word(word)) => u64::from(word),
            Some(Value::Integer(integer)) => integer.cast_unsigned(),
            Some(Value::Float(float)) => float.to_bits(),
            Some(Value::Control(control)) => u64::from(control.code()),
            Some(Value::Time(_)) | None => 0,
        });
    }
    gist
}

/// The most severe finding, of those the most specific; the others are its `also`. What is out of service says nothing
/// where something else serves.
pub(super) fn primary(
    candidates: &[Candidate],
    serves: impl Fn(&str) -> bool,
) -> Option<(&Candidate, Vec<&'static str>)> {
    let is_any = candidates.iter().any(|candidate| serves(candidate.detection));
    let speaks = |candidate: &&Candidate| !is_any || serves(candidate.detection);
    let speaking = candidates.iter().filter(speaks);
    let primary = speaking.clone().max_by_key(|candidate| (candidate.severity, candidate.rank))?;
    let mut also = Vec::new();
    for candidate in speaking {
        if candidate.detection != primary.detection && !also.contains(&candidate.detection) {
            also.push(candidate.detection);
        }
    }
    Some((primary, also))
}

/// Enters the finding about one request. True where its keys must not be learned by repetition.
pub(super) fn enter_message(
    book: &mut Book,
    scene: &Scene<'_>,
    candidates: &[Candidate],
    readback: &Readback,
    baseline: &Baseline,
) -> bool {
    let serves = |detection: &str| book.serves(detection, scene.obs.time);
    let Some((primary, also)) = primary(candidates, serves) else { return false };
    let Some(detection) = catalogue::detection(primary.detection) else { return false };
    let (obs, message) = (scene.obs, scene.message);
    let access = &scene.verdict.access;
    let stranger = primary.novelty && (!access.host_known || !access.master_known)
        || primary.severity == Severity::Critical;
    let variant = transfer(scene, primary.detection).unwrap_or(primary.variant);
    let mut subject = scene.subject(primary.detection, variant);
    // Where only answers are heard, the one who asked is still the master.
    let asks = obs.source == message.master;
    subject.device = subject.device.filter(|_| !primary.of_host);
    // What is new may be how something known is used.
    let key = || {
        let key = scene.verdict.key.or_else(|| baseline.finest_key(message));
        Some(baseline.text_of(key.filter(|_| primary.novelty)?, Some(message)))
    };
    let finding = Finding {
        subject,
        detection,
        also: &also,
        severity: primary.severity,
        score: primary.score,
        cause: primary.cause,
        time: obs.time,
        place: obs.place,
        earlier: &[],
        protocol: obs.protocol,
        zone: obs.zone,
        source: message.master,
        destination: if asks { obs.destination } else { obs.source },
        armed: scene.armed(),
        gist: gist(message),
        key: &key,
        stranger,
        unknown: !access.host_known,
    };
    book.enter(&finding, || {
        let mut observed = words::observed(scene);
        if let [told] = words::told(scene, 2).as_slice()
            && told.first.table != Table::CLOCK
            && let Some(last) = told.at(|point| readback.last(&message.device, point))
            && let Some(last) = last.value(scene.site, &message.device)
        {
            match told.control() {
                Some(_) => observed.push_str(&format!(" (last asked to: {last})")),
                None => observed.push_str(&format!(" (last written: {last})")),
            }
        }
        Words {
            zone: scene.site.zone_name(obs.zone).to_owned(),
            device: words::device(scene.site, &message.device),
            points: words::points(scene, POINTS_LISTED),
            observed,
            expected: primary.expected.of_message(scene, baseline),
        }
    });
    candidates.iter().any(|candidate| candidate.novelty)
}

/// Enters one finding about a series of messages.
pub(super) fn enter_one(
    book: &mut Book,
    site: &Site,
    series: &Series,
    found: &Found,
    unknown: bool,
) {
    let Some(detection) = catalogue::detection(series.subject.detection) else { return };
    let finding = Finding {
        subject: series.subject,
        detection,
        also: &[],
        severity: series.severity,
        score: series.score,
        cause: series.cause,
        time: found.time,
        place: found.place,
        earlier: &series.frames,
        protocol: found.protocol,
        zone: found.zone,
        source: series.source,
        destination: series.destination,
        armed: found.armed,
        gist: 0,
        key: &|| None,
        stranger: false,
        unknown,
    };
    book.enter(&finding, || Words {
        zone: site.zone_name(found.zone).to_owned(),
        device: words::device(site, &series.device),
        points: series.points.clone(),
        observed: series.observed.clone(),
        expected: series.expected.clone(),
    });
}
