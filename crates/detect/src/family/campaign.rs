//! One master that opens breakers at many outstations: each command may be what an operator does, all of them together
//! are what nobody does.
//!
//! In December 2015 the operators' own stations opened the breakers of some thirty substations one after the other, by
//! the right functions and at the right points. What gave them away is how many outstations they reached in how short
//! a time; so that is compared with the most that was learned, of this master and of all masters of the zone together.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gridtap_baseline::{Baseline, FactKey, FactKind};
use gridtap_model::{
    Control, Device, Operation, Severity, SubAddress, Timestamp, TripClose, Value, Zone,
};

use super::rows;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::words;

/// What is opened within this time belongs together.
const WINDOW_NS: u64 = 600_000_000_000;
/// The most that was learned within such a time says something once so many of them were heard.
const HEARD_MIN: u64 = 12;
/// On so many occasions it is a habit to open something at more than one outstation.
const HABIT: u64 = 3;
/// Openings of one master that are remembered.
const OPENED_MAX: usize = 256;
/// Frames and outstations that a record names.
const LISTED: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Opened {
    time: Timestamp,
    device: Device,
    master: IpAddr,
    frame: u64,
}

/// What was opened of late, the latest last.
#[derive(Debug, Default)]
struct Recent {
    openings: VecDeque<Opened>,
    /// How many of them were at which outstation: counted as they come and go, as there may be many.
    outstations: BTreeMap<Device, u32>,
}

/// What was opened of late, by zone and master; without a master, by all of the zone.
pub(crate) struct Campaigns {
    opened: Bounded<(Zone, Option<IpAddr>), Recent>,
    outstations: u64,
}

impl Recent {
    fn push(&mut self, opened: Opened) {
        while let Some(first) = self.openings.front()
            && (self.openings.len() >= OPENED_MAX || opened.time.since_ns(first.time) > WINDOW_NS)
        {
            let device = first.device;
            self.forget(device);
            self.openings.pop_front();
        }
        self.openings.push_back(opened);
        let times = self.outstations.entry(opened.device).or_default();
        *times = times.saturating_add(1);
    }

    fn forget(&mut self, device: Device) {
        if let Entry::Occupied(mut times) = self.outstations.entry(device) {
            match times.get().saturating_sub(1) {
                0 => drop(times.remove()),
                left => *times.get_mut() = left,
            }
        }
    }
}

impl Campaigns {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            opened: Bounded::new(config.pairs_max),
            outstations: u64::try_from(config.campaign_outstations).unwrap_or(u64::MAX),
        }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.opened.evicted()
    }

    /// A control that is carried out, not one that is only selected.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (obs, message) = (scene.obs, scene.message);
        let device = message.device;
        if !scene.controls() || scene.selects() || device.sub.is_broadcast() || !opens(scene) {
            return;
        }
        let Some(rows) = rows(device.protocol) else { return };
        let master = message.master.address;
        let opened = Opened { time: obs.time, device, master, frame: obs.place.frame };
        let known = scene.verdict.access.host_known;
        // Of all masters together one outstation more than of one, as two people may be at work.
        let scopes = [(Some(master), self.outstations), (None, self.outstations.saturating_add(1))];
        for (whose, least) in scopes {
            let recent = self.opened.entry((obs.zone, whose), || known);
            recent.push(opened);
            let count = u64::try_from(recent.outstations.len()).unwrap_or(u64::MAX);
            let fact = fact(device, whose);
            let usual = baseline.usual_count(&fact);
            let heard = scene.verdict.rate.heard_ns >= WINDOW_NS.saturating_mul(HEARD_MIN);
            let judged = heard && baseline.is_zone_armed(obs.zone);
            let is_habit = baseline.occasions(&fact) >= HABIT;
            if judged && count >= least.max(record(usual, is_habit)) {
                out.push(told(scene, rows.campaign, &recent.openings, count, usual, whose));
                return;
            }
            // What a stranger does is no measure of what is done here, and one more than ever each time would walk away.
            let learns = !judged || count < least;
            if learns && !scene.is_stranger() {
                if count > 1 {
                    baseline.facts_mut().note_occasion(fact, obs.time, WINDOW_NS);
                }
                baseline.facts_mut().note_most(fact, obs.time, count);
            }
        }
    }
}

/// What is more than the most that was learned. Where several outstations are switched together as a matter of course,
/// the most of one week is beaten in the next about as often as not, and by the more the larger it is: half as many again
/// is seldom, and so are two more than a few.
fn record(usual: u64, is_habit: bool) -> u64 {
    let more = usual.div_ceil(2);
    usual.saturating_add(if is_habit { more.max(2) } else { more.max(1) })
}

fn told(
    scene: &Scene<'_>,
    detection: &'static str,
    recent: &VecDeque<Opened>,
    count: u64,
    usual: u64,
    whose: Option<IpAddr>,
) -> Series {
    let (obs, message) = (scene.obs, scene.message);
    let span_s =
        recent.front().map_or(0, |first| obs.time.since_ns(first.time).div_ceil(1_000_000_000));
    let masters: BTreeSet<IpAddr> = recent.iter().map(|one| one.master).collect();
    let masters: Vec<IpAddr> = masters.into_iter().collect();
    let observed = format!(
        "{} opened something at {count} outstations within {span_s} s, the last: {} at {}",
        words::hosts(scene.site, &masters),
        words::request(scene),
        words::device(scene.site, &message.device)
    );
    let by = if whose.is_some() { "this master" } else { "all masters of this zone together" };
    let expected = match usual {
        0 => format!("while it was learned {by} opened nothing within any ten minutes"),
        1 => format!(
            "while it was learned {by} opened something at one outstation within ten minutes at the most"
        ),
        most => format!(
            "while it was learned {by} opened something at {most} outstations within ten minutes at the most"
        ),
    };
    let frames = recent.iter().rev().map(|one| one.frame).take(LISTED);
    Series::about(detection, Severity::Critical, Cause::Access, obs, message)
        .variant(9)
        .scored(6.0)
        .naming(words::points(scene, LISTED))
        .shown_by(frames.collect::<Vec<u64>>().into_iter().rev().collect())
        .saying(observed, expected)
}

/// Whether something of it is opened: tripped, or put off for good.
fn opens(scene: &Scene<'_>) -> bool {
    let is_open = |value: Option<Value>| match value {
        Some(Value::Control(control)) => is_opening(control),
        Some(Value::Bit(bit)) => !bit,
        _ => false,
    };
    let mut points =
        scene.message.runs.iter().filter(|run| run.written).flat_map(|run| run.points());
    points.by_ref().take(LISTED).any(|point| is_open(point.value))
}

const fn is_opening(control: Control) -> bool {
    match control.trip_close {
        TripClose::Trip => true,
        TripClose::None => {
            matches!(control.operation, Operation::LatchOff | Operation::PulseOff)
        }
        TripClose::Close | TripClose::Undefined => false,
    }
}

const fn fact(device: Device, master: Option<IpAddr>) -> FactKey {
    let device =
        Device { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), sub: SubAddress::None, ..device };
    FactKey { kind: FactKind::OutstationsOpened, device, master, detail: 0 }
}

#[cfg(test)]
mod tests {
    use super::record;

    #[test]
    fn a_record_is_beaten_by_more_where_it_is_larger_or_a_habit() {
        assert_eq!([0, 1, 2, 3, 4, 5, 8].map(|usual| record(usual, false)), [1, 2, 3, 5, 6, 8, 12]);
        assert_eq!([1, 2, 3, 5].map(|usual| record(usual, true)), [3, 4, 5, 8]);
    }
}
