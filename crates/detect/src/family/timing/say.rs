//! What is said of requests that do not come when they use to.

use gridtap_baseline::{Baseline, Drifted, Late, Poll, Site, Slowed};
use gridtap_model::{Endpoint, Place, Point, Severity, Timestamp};

use super::{Reach, Said, Told};
use crate::book::{Cause, Subject};
use crate::family::rows;
use crate::float;
use crate::series::Series;
use crate::words;

/// How many requests a record names.
const POLLS_LISTED: usize = 16;

/// An input brings frames again, after requests were due in vain.
pub(super) fn paused(capture: u16, since: Timestamp, now: Timestamp, missed: u64) -> Said {
    let place = Place { capture, frame: 0, position: 0 };
    let span = rounded(now.since_ns(since));
    let polls = if missed == 1 { "a request".to_owned() } else { format!("{missed} requests") };
    Said::Pause(
        place,
        format!("nothing was heard at this input for {span}, while {polls} should have come"),
    )
}

/// What fell silent at this moment, one finding a party.
pub(super) fn silences(
    site: &Site,
    baseline: &Baseline,
    now: Timestamp,
    mut all: Vec<(Late, Told)>,
    out: &mut Vec<Said>,
) {
    // Of a party together, in an order that does not depend on when each was looked at.
    let party = |(late, told): &(Late, Told)| {
        let device = (told.reach >= Reach::Device).then_some(late.poll.device);
        // Whoever asks a device that is silent: it is one silence.
        let master = matches!(told.reach, Reach::Master | Reach::Poll).then_some(late.poll.master);
        (late.poll.device.zone, *told, master, device)
    };
    all.sort_by_key(|each| (party(each), each.0.poll));
    for same in all.chunk_by(|one, other| party(one) == party(other)) {
        let Some((first, told)) = same.first() else { continue };
        let lates: Vec<&Late> = same.iter().map(|(late, _)| late).collect();
        if told.reach == Reach::Zone {
            out.push(silent_zone(site, baseline, first, now));
        } else if let Some(series) = silence(site, baseline, *told, &lates) {
            out.push(Said::Series(Box::new(series), now, first.place));
        }
    }
}

fn silent_zone(site: &Site, baseline: &Baseline, late: &Late, now: Timestamp) -> Said {
    let zone = late.poll.device.zone;
    let polls = baseline.regular_polls(zone);
    Said::Pause(
        late.place,
        format!(
            "in zone {} nothing of {polls} requests that come regularly was heard for {}, while other packets came: the \
             link, the mirror port or the master stands still",
            site.zone_name(zone),
            rounded(now.since_ns(late.last))
        ),
    )
}

fn silence(site: &Site, baseline: &Baseline, told: Told, lates: &[&Late]) -> Option<Series> {
    let longest = lates.iter().max_by(|a, b| a.surprise.total_cmp(&b.surprise))?;
    let poll = longest.poll;
    let silent = rounded(lates.iter().map(|late| late.silent_ns).max()?);
    let (master, device) = (words::host(site, poll.master), words::device(site, &poll.device));
    let what = asked(site, baseline, longest.poll);
    let more = others(lates.len());
    let (detection, observed) = match told.reach {
        Reach::Poll => (
            rows(poll.device.protocol)?.poll_changed,
            format!(
                "{master} has not asked {device} for {what}{more} for {silent}, while the two go on speaking"
            ),
        ),
        Reach::Device => (
            "OT-12",
            format!(
                "nothing is heard of {device} for {silent}: {master} asked it for {what}{more}"
            ),
        ),
        _ => (
            "OT-12",
            format!(
                "nothing is heard of {master} for {silent}: it asked {device} for {what}{more}"
            ),
        ),
    };
    let expected = format!(
        "it asked for {what} every {}, and never took longer than {}",
        rounded(longest.usual_ns),
        rounded(longest.longest_ns)
    );
    let series = about(detection, told.severity(), poll)
        .scored(score(longest.surprise))
        .shown_by(lates.iter().map(|late| late.place.frame).take(POLLS_LISTED).collect())
        .naming(lates.iter().filter_map(|late| point(site, baseline, late.poll)).collect())
        .saying(observed, expected);
    Some(match told.reach {
        Reach::Master => series.of_many(),
        Reach::Device => of_device(series),
        _ => series,
    })
}

/// A finding about the device alone, whoever asks it.
fn of_device(series: Series) -> Series {
    let address = series.device.address;
    let subject = Subject { actor: address, target: address, ..series.subject };
    Series { subject, source: series.destination, destination: series.source, ..series }
}

/// What changed its pace: one finding a master and device, or a master where there are many.
pub(super) fn drifts(
    site: &Site,
    baseline: &Baseline,
    all: &[Drifted],
    many: usize,
    waited: impl Fn(&Drifted) -> bool,
    out: &mut Vec<Said>,
) {
    let mut sorted: Vec<&Drifted> = all.iter().collect();
    let party = |drifted: &Drifted| (drifted.poll.device.zone, drifted.poll.master, drifted.slower);
    sorted.sort_by_key(|drifted| (party(drifted), drifted.poll));
    for of_master in sorted.chunk_by(|one, other| party(one) == party(other)) {
        let device = |drifted: &&Drifted| drifted.poll.device;
        let devices = of_master.chunk_by(|one, other| device(one) == device(other));
        if devices.clone().count() > many {
            out.extend(drift(site, baseline, of_master, true, &waited));
        } else {
            out.extend(devices.filter_map(|same| drift(site, baseline, same, false, &waited)));
        }
    }
}

fn drift(
    site: &Site,
    baseline: &Baseline,
    same: &[&Drifted],
    of_many: bool,
    waited: &impl Fn(&Drifted) -> bool,
) -> Option<Said> {
    let most = same.iter().max_by(|a, b| a.surprise.total_cmp(&b.surprise))?;
    let Drifted { poll, from, last, count, slower, .. } = **most;
    let now_ns = last.since_ns(from).checked_div(u64::from(count.max(1))).unwrap_or(0);
    let (master, device) = (words::host(site, poll.master), words::device(site, &poll.device));
    let pace = if slower { "more seldom" } else { "more often" };
    let more = others(same.len());
    let mut observed = format!(
        "{master} asks {device} for {}{more} {pace} than it did: {count} times within {}, once every {}",
        asked(site, baseline, poll),
        rounded(last.since_ns(from)),
        rounded(now_ns)
    );
    // Whoever waits in vain asks later, and asks again.
    let explained = same.iter().any(|drifted| waited(drifted));
    if explained {
        observed.push_str("; meanwhile some of its requests were not answered");
    }
    let expected =
        format!("once every {}, as in every block that was learned", rounded(most.usual_ns));
    let severity = if explained { Severity::Low } else { Severity::Medium };
    let series = about(rows(poll.device.protocol)?.poll_changed, severity, poll)
        .variant(if slower { 2 } else { 3 })
        .scored(score(most.surprise))
        .shown_by(vec![most.frame, most.place.frame])
        .naming(
            same.iter()
                .filter_map(|each| point(site, baseline, each.poll))
                .take(POLLS_LISTED)
                .collect(),
        )
        .saying(observed, expected);
    let series = if of_many { series.of_many() } else { series };
    Some(Said::Series(Box::new(series), last, most.place))
}

/// A device answers more slowly.
pub(super) fn slowed(site: &Site, slowed: &Slowed) -> Option<Said> {
    let Slowed { device, count, from, last, place, .. } = *slowed;
    let observed = format!(
        "{} takes longer to answer than it did: {} for the last answer, and longer than ever over {count} answers \
         within {}",
        words::device(site, &device),
        rounded(slowed.took_ns),
        rounded(last.since_ns(from))
    );
    let expected =
        format!("about {}, as in every block that was learned", rounded(slowed.usual_ns));
    let end = Endpoint::new(device.address, 0);
    let subject = Subject {
        detection: rows(device.protocol)?.poll_changed,
        actor: device.address,
        target: device.address,
        device: Some(device),
        variant: 4,
    };
    let series = Series {
        subject,
        severity: Severity::Medium,
        cause: Cause::Availability,
        score: score(slowed.surprise),
        frames: vec![slowed.frame, place.frame],
        device,
        source: end,
        destination: end,
        points: Vec::new(),
        observed,
        expected,
    };
    Some(Said::Series(Box::new(series), last, place))
}

fn about(detection: &'static str, severity: Severity, poll: Poll) -> Series {
    Series {
        subject: Subject {
            detection,
            actor: poll.master,
            target: poll.device.address,
            device: Some(poll.device),
            variant: 0,
        },
        severity,
        cause: Cause::Availability,
        score: 1.0,
        frames: Vec::new(),
        device: poll.device,
        source: Endpoint::new(poll.master, 0),
        destination: Endpoint::new(poll.device.address, 0),
        points: Vec::new(),
        observed: String::new(),
        expected: String::new(),
    }
}

/// What a request asks for: `holding registers 0 to 9`, or the name of its function.
fn asked(site: &Site, baseline: &Baseline, poll: Poll) -> String {
    let Some(polled) = baseline.polled(poll) else { return "what it always asked for".to_owned() };
    match polled.range {
        Some((table, first, count)) if count > 1 => {
            let last = first.saturating_add(u32::from(count)).saturating_sub(1);
            format!("{}s {first} to {last}", table.name)
        }
        Some((table, first, _)) => {
            words::point(site, &poll.device, &Point { table, index: first, value: None })
        }
        None => polled.function,
    }
}

fn point(site: &Site, baseline: &Baseline, poll: Poll) -> Option<String> {
    let (table, first, count) = baseline.polled(poll)?.range?;
    (count == 1)
        .then(|| words::point(site, &poll.device, &Point { table, index: first, value: None }))
}

fn others(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        2 => " and one thing more".to_owned(),
        more => format!(" and {} things more", more.saturating_sub(1)),
    }
}

/// Evidence as a score: log10 of one over the probability.
fn score(surprise: f64) -> f64 {
    float::rounded(surprise / core::f64::consts::LN_10)
}

/// A time with the figures that matter: `350 ms`, `1.2 s`, `40 s`, `15 min`.
fn rounded(nanos: u64) -> String {
    let seconds = float::of(nanos) / 1e9;
    match seconds {
        ..0.9995 => format!("{:.0} ms", seconds * 1e3),
        ..9.95 => format!("{seconds:.1} s"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.0} h", seconds / 3600.0),
    }
}
