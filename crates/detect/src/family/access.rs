//! Who may do what: the rules of novelty and of the site file.
//!
//! Novelty of a command alarms by rule, at the table's severity: a new commander, a known one's first command
//! to a device, to a point, with a function. The statistics order such findings and take one step off where
//! the site's own history makes them common. News among reads must earn its alarm ([`super::scans`]), except
//! a master that was never heard at a device: that one is named at once.

use gridtap_baseline::{Baseline, Declared};
use gridtap_model::{Class, Effect, FaultKind, Occasion, Severity};

use super::{Rows, rows};
use crate::book::Cause;
use crate::expected::Expected;
use crate::scene::{Candidate, Scene, rank};
use crate::{float, words};

/// What the rules of access say of a request.
pub(crate) fn candidates(scene: &Scene<'_>, baseline: &Baseline, out: &mut Vec<Candidate>) {
    let verdict = scene.verdict;
    let Some(rows) = rows(scene.message.device.protocol) else { return };
    if verdict.accepted || verdict.declared == Declared::Allowed {
        return;
    }
    if verdict.declared == Declared::Forbidden {
        out.push(forbidden(scene, rows));
        return;
    }
    if !verdict.armed {
        return;
    }
    if verdict.new_at.is_none() {
        // What a select announces is told of its operate.
        if !scene.excused && !scene.selects() {
            known(scene, rows, baseline, out);
        }
        return;
    }
    let before = out.len();
    if scene.excused {
        out.push(first_dialogue(scene, rows));
        return;
    }
    if takes_up(scene) {
        out.push(put_into_service(scene, rows));
        return;
    }
    if scene.commands() {
        command(scene, rows, out);
    } else {
        read(scene, rows, out);
    }
    if out.len() > before {
        network(scene, baseline, out);
    }
}

/// The first time that a known master has to restore a dialogue: it is told once, and learned.
fn first_dialogue(scene: &Scene<'_>, rows: &Rows) -> Candidate {
    let row = (rows.effect)(scene.message.effect, scene.message.function.code);
    let why = match scene.message.dialogue.occasion {
        Occasion::Restart => "the device has restarted",
        Occasion::NeedTime => "the device has asked for the time",
        _ => "the conversation has just begun",
    };
    let expected = Expected::NeverUsedBefore(why);
    let row = row.unwrap_or(rows.new_function);
    let candidate = news(scene, row, Severity::Low, rank::FUNCTION, expected);
    Candidate { novelty: false, variant: 3, ..candidate }
}

/// Whether a master that reads others of their kind begins to read a device that has just come, at an address of its own.
/// A new one behind an address that was polled before is a change of what is in service.
fn takes_up(scene: &Scene<'_>) -> bool {
    let access = &scene.verdict.access;
    access.device_new
        && !access.master_known
        && !access.conversation_known
        && access.class_elsewhere
        && access.function_known_in_zone
        && matches!(scene.message.class, Class::Read | Class::Link)
        && matches!(scene.message.effect, Effect::Plain | Effect::Survey)
}

/// A device that is put into service: its master is none that is new here, and neither is what it does. It is told once,
/// and learned.
fn put_into_service(scene: &Scene<'_>, rows: &Rows) -> Candidate {
    let expected = format!(
        "in {} this device was not here; {} reads others here with the same function, as the master of a device that is \
         put into service would",
        words::heard(scene.verdict, scene.obs.time),
        words::host(scene.site, scene.message.master.address)
    );
    let row = reader_row(scene, rows);
    let candidate = news(scene, row, Severity::Low, rank::CLASS, expected);
    Candidate { novelty: false, variant: 3, of_host: true, ..candidate }
}

fn forbidden(scene: &Scene<'_>, rows: &Rows) -> Candidate {
    let commands = scene.commands();
    Candidate {
        detection: if commands {
            (rows.new_commander)(scene.message)
        } else {
            reader_row(scene, rows)
        },
        severity: if commands { Severity::Critical } else { Severity::High },
        rank: rank::CLASS,
        cause: Cause::Access,
        novelty: true,
        variant: 0,
        of_host: false,
        score: 9.0,
        expected: format!(
            "the site file does not allow {} to use {} with {}",
            words::host(scene.site, scene.message.master.address),
            scene.message.function,
            words::device(scene.site, &scene.message.device)
        )
        .into(),
    }
}

/// A finding of novelty about a message.
fn news(
    scene: &Scene<'_>,
    detection: &'static str,
    severity: Severity,
    rank: u8,
    expected: impl Into<Expected>,
) -> Candidate {
    Candidate {
        detection,
        severity,
        rank,
        cause: Cause::Access,
        novelty: true,
        variant: 0,
        of_host: false,
        score: float::score(scene.verdict.rate.per_block_max),
        expected: expected.into(),
    }
}

/// One step off where the site's own history makes such news common ("a new point under a master that uses four
/// new points a day").
///
/// That history is what was learned. News that alarmed is none of it, as a key that alarmed is not learned by
/// repetition: whoever writes to new points one after the other would otherwise make them common, and lower his own
/// alarms. Each new point is told at once; as findings of one source, target and cause join within the joining
/// time, an operator's first commands after arming are one incident with many updates, not many.
fn stepped(scene: &Scene<'_>, table: Severity) -> Severity {
    // A known commander's select moves nothing, nor does telling a device that its restart was seen.
    if scene.selects() || scene.message.effect == Effect::RestartSeen {
        return Severity::Low;
    }
    // What nobody here ever used is none of the news that is common here, nor what comes in another way.
    let access = &scene.verdict.access;
    let is_like_it = (access.function_known || access.function_known_in_zone)
        && (scene.usual || !scene.commands());
    if scene.verdict.rate.common && is_like_it { table.lowered() } else { table }
}

/// What is known is not always settled: heard in one block only (perhaps an attack while we learned), or so
/// long ago that its return is news.
///
/// An operator acts seldom, so that many of his commands were heard once; who established itself as a
/// commander over several blocks is told of them at low, for the record. A commander that is itself known
/// from one block alone is told one step below a stranger. Hearing it again in another block settles both.
fn known(scene: &Scene<'_>, rows: &Rows, baseline: &Baseline, out: &mut Vec<Candidate>) {
    let verdict = scene.verdict;
    let mut push = |detection, severity, rank, expected| {
        // Apart from what was never heard: its anomaly is another one.
        let variant = 2;
        let novelty = false;
        out.push(Candidate {
            novelty,
            variant,
            ..news(scene, detection, severity, rank, expected)
        });
    };
    if let Some(last) = verdict.absent_since {
        let severity = if scene.commands() { Severity::Medium } else { Severity::Low };
        let row = (rows.new_range)(scene.message);
        push(row, severity, rank::POINT, format!("this was last heard {last}"));
    }
    if !verdict.provisional || !scene.commands() {
        return;
    }
    let heard = words::heard(verdict, scene.obs.time);
    let expected = format!(
        "in {heard} this was heard in one block only, while the baseline learned, and nobody signed it off"
    );
    if baseline.is_established_commander(scene.message.device.zone, scene.message.master.address) {
        push((rows.new_range)(scene.message), Severity::Low, rank::POINT, expected);
    } else {
        let row = (rows.new_commander)(scene.message);
        push(row, Severity::Critical.lowered(), rank::CLASS, expected);
    }
}

fn command(scene: &Scene<'_>, rows: &Rows, out: &mut Vec<Candidate>) {
    let access = &scene.verdict.access;
    if !scene.known_commander() {
        // Never lowered: a stranger's command is critical however often strangers come.
        let expected = Expected::NoOther { commanding: true };
        let row = (rows.new_commander)(scene.message);
        out.push(news(scene, row, Severity::Critical, rank::CLASS, expected));
        if let Some(row) = (rows.effect)(scene.message.effect, scene.message.function.code) {
            // What a function does says more than that a stranger uses it, but of a write in another form.
            let writes = matches!(scene.message.effect, Effect::Mask | Effect::WriteRead);
            let rank = if writes { rank::MASTER } else { rank::EFFECT };
            out.push(news(scene, row, Severity::Critical, rank, Expected::NeverUsed));
        }
        if let Some(row) = rows.write_before_read
            && !access.master_known
            && scene.message.class == Class::Command
        {
            out.push(news(scene, row, Severity::Medium, rank::MASTER, Expected::NeverRead));
        }
        return;
    }
    if access.points_new > 0 || !access.commander {
        // Points that another master commands: a standby that takes over, or two masters on one point.
        let known_to_another = access.commander && access.points_new_to_all == 0;
        let table = if known_to_another { Severity::Medium } else { Severity::High };
        let expected = Expected::NeverCommanded;
        let row = (rows.new_range)(scene.message);
        out.push(news(scene, row, stepped(scene, table), rank::POINT, expected));
        if let Some(row) = rows.two_masters
            && access.shared_with_other_master
        {
            let expected = Expected::OtherCommands;
            out.push(news(scene, row, Severity::Medium, rank::FUNCTION, expected));
        }
    }
    if !access.function_known && scene.names_function() {
        let (severity, expected) = (stepped(scene, Severity::High), Expected::NeverUsed);
        let row = (rows.effect)(scene.message.effect, scene.message.function.code);
        if let Some(row) = row {
            out.push(news(scene, row, severity, rank::EFFECT, expected.clone()));
        }
        out.push(news(scene, rows.new_function, severity, rank::FUNCTION, expected));
    }
}

fn read(scene: &Scene<'_>, rows: &Rows, out: &mut Vec<Candidate>) {
    let access = &scene.verdict.access;
    if let Some(outstation) = rows.outstation
        && scene.message.class == Class::Link
    {
        link(scene, outstation.link_probe, out);
        return;
    }
    if !access.master_known {
        // Another unit behind an address that this master polls already is a new device, not a new master.
        let table = if access.conversation_known { Severity::Medium } else { Severity::High };
        let expected = Expected::NoOther { commanding: false };
        let row = reader_row(scene, rows);
        let reader = news(scene, row, stepped(scene, table), rank::CLASS, expected);
        out.push(Candidate { of_host: true, ..reader });
    }
    if access.function_known || !scene.names_function() {
        return;
    }
    let effect = (rows.effect)(scene.message.effect, scene.message.function.code);
    let looks = matches!(scene.message.effect, Effect::Identify | Effect::Inspect | Effect::Echo);
    if looks && scene.site.is_engineering(scene.message.master.address) {
        return;
    }
    match effect {
        Some(row) => {
            // What is fetched from a device's files, settings and records among them, does not come back.
            let files = scene.message.class == Class::File;
            let table = if files { stepped(scene, Severity::High) } else { Severity::Low };
            out.push(news(scene, row, table, rank::EFFECT, Expected::NeverUsed));
        }
        None if access.master_known => {
            let expected = Expected::NeverUsed;
            out.push(news(scene, rows.new_function, Severity::Low, rank::FUNCTION, expected));
        }
        None => {}
    }
}

/// The link itself needs no point and no right: whoever is no master of the device uses it to find out who is there.
fn link(scene: &Scene<'_>, row: &'static str, out: &mut Vec<Candidate>) {
    let access = &scene.verdict.access;
    if !access.master_known {
        let table = if access.host_known { Severity::Low } else { Severity::Medium };
        let expected = Expected::NoOther { commanding: false };
        let probe = news(scene, row, stepped(scene, table), rank::CLASS, expected);
        out.push(Candidate { of_host: true, ..probe });
    } else if !access.function_known {
        out.push(news(scene, row, Severity::Low, rank::FUNCTION, Expected::NeverUsed));
    }
}

/// The row of a stranger that commands nothing: it reads, but for one that sends refusals, which no side does that
/// asks.
fn reader_row(scene: &Scene<'_>, rows: &Rows) -> &'static str {
    let refusal = scene.message.faults.find(FaultKind::ExceptionFromMaster);
    refusal.map_or(rows.new_reader, |refusal| (rows.fault)(refusal.kind))
}

/// What else is true of a message that a rule of access caught: listed beside the more specific finding.
fn network(scene: &Scene<'_>, baseline: &Baseline, out: &mut Vec<Candidate>) {
    let access = &scene.verdict.access;
    let mut push = |detection, rank| {
        out.push(news(scene, detection, Severity::Low, rank, String::new()));
    };
    if !access.master_known && !baseline.masters(&scene.message.device, false).is_empty() {
        push("OT-03", rank::MASTER);
    }
    if !access.conversation_known {
        push("OT-02", rank::NETWORK);
    }
    if !access.host_known {
        push("OT-01", rank::NETWORK);
    }
    let engineers =
        matches!(scene.message.class, Class::Program | Class::Configuration | Class::File);
    if engineers && !scene.site.is_engineering(scene.message.master.address) {
        push("OT-04", rank::MASTER);
    }
}
