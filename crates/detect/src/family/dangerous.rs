//! Functions that are never taken for normal: they alarm from the first packet, learned or not, unless the
//! site file allows them or a person accepted exactly this (invariant L0).

use gridtap_baseline::Declared;
use gridtap_model::{Effect, Severity};

use super::rows;
use crate::book::Cause;
use crate::scene::{Candidate, Scene, rank};
use crate::words;

/// What the rules of dangerous functions say of a request.
pub(crate) fn candidates(scene: &Scene<'_>, out: &mut Vec<Candidate>) {
    let message = scene.message;
    let Some(rows) = rows(message.device.protocol) else { return };
    let Some(danger) = danger(message.effect) else { return };
    if scene.verdict.accepted || scene.excused {
        return;
    }
    let Some(detection) = (rows.effect)(message.effect, message.function.code) else { return };
    let verdict = scene.verdict;
    let stranger = verdict.armed && !scene.known_commander();
    let severity = match verdict.declared {
        Declared::Allowed => Severity::Info,
        Declared::Forbidden => danger.stranger,
        Declared::Open if stranger => danger.stranger,
        Declared::Open => danger.known,
    };
    let history = if verdict.access.function_known {
        "this master has used it with this device before"
    } else {
        "this master never used it with this device"
    };
    out.push(Candidate {
        detection,
        severity,
        rank: rank::EFFECT,
        cause: Cause::Dangerous,
        novelty: false,
        variant: u64::from(message.function.code)
            .saturating_mul(65_536)
            .saturating_add(u64::from(message.function.sub.unwrap_or(0))),
        of_host: false,
        score: if verdict.access.function_known { 2.0 } else { 4.0 },
        expected: format!(
            "this {} and is never taken for normal; in {} {history}",
            danger.consequence,
            words::heard(verdict, scene.obs.time)
        )
        .into(),
    });
}

/// How bad a function is, by whoever sends it.
struct Danger {
    stranger: Severity,
    known: Severity,
    consequence: &'static str,
}

fn danger(effect: Effect) -> Option<Danger> {
    use Severity::{Critical, High, Medium};
    let (stranger, known, consequence) = match effect {
        Effect::Restart => (Critical, High, "restarts the device or its communications"),
        Effect::ListenOnly => (Critical, High, "silences the device until it is restarted"),
        Effect::Stop => (Critical, High, "stops the program"),
        Effect::Start => (Critical, High, "starts the program"),
        Effect::Initialise => (Critical, High, "initialises the program"),
        Effect::ProgramWrite => (Critical, High, "replaces the program"),
        Effect::Firmware => (Critical, High, "replaces the firmware"),
        Effect::FileWrite => (Critical, High, "writes to the device's files"),
        Effect::Configure => (Critical, High, "saves or activates a configuration"),
        Effect::ReportingOff => (Critical, High, "keeps the device from reporting what happens"),
        Effect::Reserve => (Critical, High, "takes exclusive access to the controller"),
        Effect::Debug => (Critical, High, "forces values or steps the program"),
        Effect::ProgramRead => (High, Medium, "reads the program out of the controller"),
        Effect::ClearDiagnostics => (High, Medium, "erases the counters that show what happened"),
        _ => return None,
    };
    Some(Danger { stranger, known, consequence })
}
