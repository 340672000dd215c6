//! Someone tries out what there is: functions, addresses, units.
//!
//! A look is a request that is news to the baseline, remembered with its frame; a refusal of such a look tells
//! that it was a guess. Looks that the device refuses count from a few on; looks that it answers, or whose
//! answers are not heard, need more of them, since new equipment looks the same for a while.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Declared};
use gridtap_model::{
    Class, Message, Observation, Outcome, Refusal, Severity, SubAddress, Table, Timestamp, Zone,
};

use super::{Rows, rows};
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::window::Window;
use crate::words;

/// Looks that are not refused count this many times less.
const UNREFUSED: usize = 2;
/// How a walk over commanded points is called.
const WROTE_TO: &str = "wrote to";
/// The most that is remembered of one pair.
const LOOKS_MAX: usize = 64;
/// How often a scan that goes on is told.
const TELL_EVERY_NS: u64 = 100_000_000;

#[derive(Debug, Default)]
struct Looks {
    /// Requests that were news, by frame.
    asked: Window<()>,
    functions: Window<u16>,
    functions_refused: Window<u16>,
    ranges: Window<Start>,
    ranges_refused: Window<Start>,
    ranges_written: Window<Start>,
    units: Window<SubAddress>,
    told: Tellings,
}

/// When each kind of scan was told last.
#[derive(Debug, Default)]
struct Tellings(Vec<(&'static str, Timestamp)>);

impl Tellings {
    /// Whether it is time to tell of it again: a scan that goes on says the same with other examples.
    fn may_tell(&mut self, row: &'static str, now: Timestamp) -> bool {
        let Some((_, told)) = self.0.iter_mut().find(|(told, _)| *told == row) else {
            self.0.push((row, now));
            return true;
        };
        // Before it is a clock that was set back.
        let is_due = now < *told || now.since_ns(*told) >= TELL_EVERY_NS;
        if is_due {
            *told = now;
        }
        is_due
    }
}

/// Where a range begins that was tried: the table and the first address, none where the request named none.
///
/// The same range at another unit is the same range: whoever walks over units is told as that.
#[derive(Debug, Clone, Copy)]
struct Start {
    at: Option<(Table, u32)>,
    unit: SubAddress,
}

impl PartialEq for Start {
    fn eq(&self, other: &Self) -> bool {
        let place = |start: &Self| start.at.map(|(table, first)| (table.code, first));
        place(self) == place(other)
    }
}

impl Start {
    fn of(message: &Message<'_>) -> Self {
        let at = message.runs.first().map(|run| (run.table, run.first));
        Self { at, unit: message.device.sub }
    }
}

/// What is tried out, by who tries and which host is tried.
pub(crate) struct Scans {
    pairs: Bounded<(Zone, IpAddr, IpAddr), Looks>,
    config: Config,
}

impl Scans {
    pub(crate) fn new(config: &Config) -> Self {
        Self { pairs: Bounded::new(config.pairs_max), config: config.clone() }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }

    /// A request that is news.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        baseline: &Baseline,
        out: &mut Vec<Series>,
    ) {
        let (obs, message, access) = (scene.obs, scene.message, &scene.verdict.access);
        if scene.verdict.new_at.is_none() || scene.verdict.accepted {
            return;
        }
        let Some(rows) = rows(message.device.protocol) else { return };
        let (now, frame) = (obs.time, obs.place.frame);
        let span = self.config.scan_window.nanos();
        let looks = self.pairs.entry(pair(message), || access.host_known);
        looks.asked.push(now, frame, (), span, LOOKS_MAX);
        let armed = scene.verdict.armed;
        if armed && !access.master_known && !looks.units.holds(&message.device.sub) {
            looks.units.push(now, frame, message.device.sub, span, LOOKS_MAX);
            if looks.units.count() >= self.config.scan_units
                && looks.told.may_tell(rows.unit_scan, now)
            {
                out.push(units(scene.site, obs, message, looks, rows.unit_scan));
            }
        }
        let code = message.function.code;
        if armed && !access.function_known && !looks.functions.holds(&code) {
            looks.functions.push(now, frame, code, span, LOOKS_MAX);
            if looks.functions.count() >= self.config.scan_functions.saturating_mul(UNREFUSED) {
                out.push(functions(
                    scene.site,
                    obs,
                    message,
                    &looks.functions,
                    "tried",
                    rows.function_scan,
                ));
            }
        }
        if armed && !access.range_known && !message.runs.is_empty() {
            self.range(scene, baseline, rows, out);
        }
    }

    /// A request about a range that is news.
    fn range(
        &mut self,
        scene: &Scene<'_>,
        baseline: &Baseline,
        rows: &Rows,
        out: &mut Vec<Series>,
    ) {
        let (obs, message) = (scene.obs, scene.message);
        let start = Start::of(message);
        let span = self.config.scan_window.nanos();
        let most = self.config.scan_addresses.saturating_mul(UNREFUSED);
        let Some(looks) = self.pairs.get_mut(&pair(message)) else { return };
        let (seen, verb, row) = if message.class == Class::Read {
            if !is_read_judged(scene, baseline) {
                return;
            }
            (&mut looks.ranges, "read", rows.address_scan)
        } else if scene.commands()
            && !scene.selects()
            && scene.verdict.access.points_new > 0
            // Each file that is written is told by itself.
            && message.file.is_none()
        {
            if !is_command_judged(scene, baseline) {
                return;
            }
            (&mut looks.ranges_written, WROTE_TO, rows.command_walk)
        } else {
            return;
        };
        if seen.holds(&start) {
            return;
        }
        seen.push(obs.time, obs.place.frame, start, span, LOOKS_MAX);
        if seen.count() >= most && looks.told.may_tell(row, obs.time) {
            out.push(addresses(scene.site, obs, message, seen, verb, row));
        }
    }

    /// An answer that refuses a look. Says whether it belongs to a scan that is told: then it is no news of its own.
    pub(crate) fn answer(
        &mut self,
        site: &gridtap_baseline::Site,
        obs: &Observation<'_>,
        message: &Message<'_>,
        out: &mut Vec<Series>,
    ) -> bool {
        let Outcome::Refused { reason, .. } = message.outcome else { return false };
        let Some(rows) = rows(message.device.protocol) else { return false };
        let Some(looks) = self.pairs.get_mut(&pair(message)) else { return false };
        let Some(asked) = message.request_frame else { return false };
        if !looks.asked.holds_frame(asked) {
            return false;
        }
        let told = out.len();
        let (now, frame) = (obs.time, obs.place.frame);
        let span = self.config.scan_window.nanos();
        // Outstations call an index that they do not have a wrong parameter.
        let range = matches!(reason, Refusal::Address)
            || rows.outstation.is_some() && matches!(reason, Refusal::Value);
        match reason {
            Refusal::Function => {
                let code = message.function.code;
                if !looks.functions_refused.holds(&code) {
                    looks.functions_refused.push(now, frame, code, span, LOOKS_MAX);
                }
                if looks.functions_refused.count() >= self.config.scan_functions {
                    let seen = &looks.functions_refused;
                    out.push(functions(
                        site,
                        obs,
                        message,
                        seen,
                        "was refused",
                        rows.function_scan,
                    ));
                }
            }
            _ if range => {
                let start = Start::of(message);
                if !looks.ranges_refused.holds(&start) {
                    looks.ranges_refused.push(now, frame, start, span, LOOKS_MAX);
                }
                if looks.ranges_refused.count() >= self.config.scan_addresses {
                    let seen = &looks.ranges_refused;
                    out.push(addresses(site, obs, message, seen, "was refused", rows.address_scan));
                }
            }
            Refusal::Gateway => return looks.units.count() >= self.config.scan_units,
            _ => {}
        }
        out.len() > told
    }
}

/// Whether news among reads is judged: once the zone has learned, and not by the site file alone. A declared master
/// that nobody heard yet reads nothing but what is new. It does not wait for the address level, which takes two days:
/// a walk from a host that polls here would be missed as long as the device answers it.
fn is_read_judged(scene: &Scene<'_>, baseline: &Baseline) -> bool {
    scene.verdict.declared == Declared::Forbidden
        || baseline.is_zone_armed(scene.message.device.zone)
}

/// The same of commands, whose news alarms by rule once the coarse levels judge, but for what the site file allows:
/// that needs points which were learned, or declared.
fn is_command_judged(scene: &Scene<'_>, baseline: &Baseline) -> bool {
    let device = &scene.message.device;
    let declares = || {
        let declared = scene.site.device(device);
        declared.is_some_and(|device| device.points.values().any(|point| point.commanded))
    };
    match scene.verdict.declared {
        Declared::Open | Declared::Forbidden => true,
        Declared::Allowed => {
            baseline.is_zone_armed(device.zone) && scene.verdict.rate.armed || declares()
        }
    }
}

fn pair(message: &Message<'_>) -> (Zone, IpAddr, IpAddr) {
    (message.device.zone, message.master.address, message.device.address)
}

/// A scan is one finding for the scanner and the host, whichever unit, function or address comes next.
fn scan(
    detection: &'static str,
    obs: &Observation<'_>,
    message: &Message<'_>,
    frames: Vec<u64>,
) -> Series {
    Series::about(detection, Severity::Medium, Cause::Reconnaissance, obs, message)
        .of_host()
        .scored(4.0)
        .shown_by(frames)
}

fn units(
    site: &gridtap_baseline::Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    looks: &Looks,
    row: &'static str,
) -> Series {
    let observed = format!(
        "{} asked {} units of {} that it never asked before ({})",
        words::host(site, message.master.address),
        looks.units.count(),
        message.device.address,
        shortened(looks.units.iter().map(unit))
    );
    scan(row, obs, message, looks.units.frames())
        .saying(observed, "a master asks the units it is configured for")
}

fn unit(sub: &SubAddress) -> String {
    match sub {
        SubAddress::None => "none".to_owned(),
        SubAddress::Unit(unit) => unit.to_string(),
        SubAddress::Link(address) | SubAddress::Common(address) => address.to_string(),
    }
}

fn functions(
    site: &gridtap_baseline::Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    seen: &Window<u16>,
    verb: &str,
    row: &'static str,
) -> Series {
    let observed = format!(
        "{} {verb} {} function codes that are new here, at {} ({})",
        words::host(site, message.master.address),
        seen.count(),
        words::device(site, &message.device),
        shortened(seen.iter().map(u16::to_string))
    );
    let expected = "a master uses the functions that its device has; \
                    trying codes one after the other finds out what a device can do";
    scan(row, obs, message, seen.frames()).saying(observed, expected)
}

fn addresses(
    site: &gridtap_baseline::Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    seen: &Window<Start>,
    verb: &str,
    row: &'static str,
) -> Series {
    let several = |differ: &dyn Fn(&Start, &Start) -> bool| {
        seen.iter().zip(seen.iter().skip(1)).any(|(one, next)| differ(one, next))
    };
    let tables = several(&|one, next| {
        one.at.map(|(table, _)| table.code) != next.at.map(|(table, _)| table.code)
    });
    let mut starts = seen.iter().filter_map(|start| start.at).map(|(table, first)| {
        if tables { format!("{} {first}", table.name) } else { first.to_string() }
    });
    // Ranges of several units are those of their host.
    let place = if several(&|one, next| one.unit != next.unit) {
        let mut tried: Vec<SubAddress> = seen.iter().map(|start| start.unit).collect();
        tried.sort_unstable();
        tried.dedup();
        format!("units {} of {}", shortened(tried.iter().map(unit)), message.device.address)
    } else {
        words::device(site, &message.device)
    };
    let from = match shortened(&mut starts) {
        none if none.is_empty() => none,
        starts => format!(" (from {starts})"),
    };
    let observed = format!(
        "{} {verb} {} address ranges that are new here, at {place}{from}",
        words::host(site, message.master.address),
        seen.count(),
    );
    let does = if verb == WROTE_TO { "commands" } else { "reads" };
    let expected = format!(
        "a master {does} the points of its configuration; \
         walking through addresses finds out which points a device has"
    );
    scan(row, obs, message, seen.frames()).saying(observed, expected)
}

/// The first few of a list.
fn shortened(mut list: impl Iterator<Item = String>) -> String {
    const LISTED: usize = 8;
    let shown = list.by_ref().take(LISTED).collect::<Vec<_>>().join(", ");
    if list.next().is_some() { format!("{shown}, …") } else { shown }
}
