//! Someone tries out what there is: functions, addresses, units.
//!
//! A look is a request that is news to the baseline, remembered with its frame; a refusal of such a look tells
//! that it was a guess. Looks that the device refuses count from a few on; looks that it answers, or whose
//! answers are not heard, need more of them, since new equipment looks the same for a while.

use core::net::IpAddr;

use gridtap_model::{Class, Message, Observation, Outcome, Refusal, Severity, SubAddress, Zone};

use super::rows;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::window::Window;
use crate::words;

/// Looks that are not refused count this many times less.
const UNREFUSED: usize = 2;
/// The most that is remembered of one pair.
const LOOKS_MAX: usize = 64;

#[derive(Debug, Default)]
struct Looks {
    /// Requests that were news, by frame.
    asked: Window<()>,
    functions: Window<u16>,
    functions_refused: Window<u16>,
    ranges: Window<(u16, u32)>,
    ranges_refused: Window<(u16, u32)>,
    ranges_written: Window<(u16, u32)>,
    units: Window<SubAddress>,
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
    pub(crate) fn request(&mut self, scene: &Scene<'_>, out: &mut Vec<Series>) {
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
            if looks.units.count() >= self.config.scan_units {
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
        if !armed || access.range_known {
            return;
        }
        let Some(run) = message.runs.first() else { return };
        let range = (run.table.code, run.first);
        if message.class == Class::Read && !looks.ranges.holds(&range) {
            looks.ranges.push(now, frame, range, span, LOOKS_MAX);
            if looks.ranges.count() >= self.config.scan_addresses.saturating_mul(UNREFUSED) {
                out.push(addresses(
                    scene.site,
                    obs,
                    message,
                    &looks.ranges,
                    "read",
                    rows.address_scan,
                ));
            }
        } else if scene.commands() && access.points_new > 0 && !looks.ranges_written.holds(&range) {
            looks.ranges_written.push(now, frame, range, span, LOOKS_MAX);
            if looks.ranges_written.count() >= self.config.scan_addresses.saturating_mul(UNREFUSED)
            {
                let row = rows.write_before_read;
                out.push(addresses(
                    scene.site,
                    obs,
                    message,
                    &looks.ranges_written,
                    "wrote to",
                    row,
                ));
            }
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
            Refusal::Address => {
                let range =
                    message.runs.first().map_or((0, u32::MAX), |run| (run.table.code, run.first));
                if !looks.ranges_refused.holds(&range) {
                    looks.ranges_refused.push(now, frame, range, span, LOOKS_MAX);
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
    let tried: Vec<String> = looks.units.iter().map(unit).collect();
    let observed = format!(
        "{} asked {} units of {} that it never asked before ({})",
        words::host(site, message.master.address),
        tried.len(),
        message.device.address,
        shortened(&tried)
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
    let codes: Vec<String> = seen.iter().map(u16::to_string).collect();
    let observed = format!(
        "{} {verb} {} function codes that are new here, at {} ({})",
        words::host(site, message.master.address),
        codes.len(),
        words::device(site, &message.device),
        shortened(&codes)
    );
    let expected = "a master uses the functions that its device has; \
                    trying codes one after the other finds out what a device can do";
    scan(row, obs, message, seen.frames()).saying(observed, expected)
}

fn addresses(
    site: &gridtap_baseline::Site,
    obs: &Observation<'_>,
    message: &Message<'_>,
    seen: &Window<(u16, u32)>,
    verb: &str,
    row: &'static str,
) -> Series {
    let firsts: Vec<String> = seen
        .iter()
        .map(|(_, first)| first.to_string())
        .filter(|first| first != "4294967295")
        .collect();
    let observed = format!(
        "{} {verb} {} address ranges that are new here, at {} (from {})",
        words::host(site, message.master.address),
        seen.count(),
        words::device(site, &message.device),
        shortened(&firsts)
    );
    let expected = "a master reads the points of its configuration; \
                    walking through addresses finds out which points a device has";
    scan(row, obs, message, seen.frames()).saying(observed, expected)
}

/// The first few of a list.
fn shortened(list: &[String]) -> String {
    const LISTED: usize = 8;
    let shown = list.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if list.len() > LISTED { format!("{shown}, …") } else { shown }
}
