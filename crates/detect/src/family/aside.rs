//! A command of a known master, of a known point, beside the conversation in which that master has always commanded.
//!
//! In December 2016 the attackers' program ran on the operators' own host: it ended the process that spoke with the
//! stations, opened conversations of its own, and commanded. Host, function and point were those of every day. What was not
//! is that a program which polls and commands in one conversation does not begin to command in another, in which nothing
//! is polled. That is a property of the program, so it is learned of the master, over all devices that it commands.

use core::net::{IpAddr, Ipv4Addr};

use gridtap_baseline::{Baseline, Declared, FactKey, FactKind};
use gridtap_model::{
    Conversation, Device, Observation, Severity, SubAddress, Timestamp, Transport, Zone,
};

use super::usual::{Home, Place};
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::config::Config;
use crate::scene::{Candidate, Scene, rank};
use crate::series::Series;
use crate::words;

/// Commands that are further apart are occasions of their own.
const APART_NS: u64 = 300_000_000_000;
/// On so many occasions a master commanded where it polls, before it is held to that.
const OCCASIONS_MIN: u64 = 8;
/// And on so many more for each on which it commanded elsewhere while it was learned: it may have connected anew just then.
const OCCASIONS_EACH: u64 = 40;
/// Who takes the place of a program commands so soon after its conversation has ended.
const TAKEN_OVER_NS: u64 = 600_000_000_000;
/// The end of a conversation is heard so long after it at most: until then something of it may still be under way.
const HEARD_LATE_NS: u64 = 5_000_000_000;
/// Ends that are remembered of two hosts.
const ENDS: usize = 4;

/// What two hosts ended of late, the latest first.
#[derive(Debug, Default)]
struct Ends {
    ends: [Option<(Conversation, Timestamp)>; ENDS],
    /// What was told while the conversation of its master may have ended and nobody could know: which that is.
    told: Option<Box<(Conversation, Timestamp, Series)>>,
}

/// Conversations that ended, by the two who spoke.
pub(crate) struct Asides {
    pairs: Bounded<(Zone, IpAddr, IpAddr), Ends>,
}

impl Asides {
    pub(crate) fn new(config: &Config) -> Self {
        Self { pairs: Bounded::new(config.pairs_max) }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.pairs.evicted()
    }

    /// A conversation ended: perhaps one in whose place somebody has commanded a moment ago.
    pub(crate) fn closed(
        &mut self,
        obs: &Observation<'_>,
        baseline: &Baseline,
        out: &mut Vec<Series>,
    ) {
        if obs.transport != Transport::Tcp || !obs.protocol.is_judged() {
            return;
        }
        let known = || baseline.knows_host(obs.zone, obs.source.address, obs.time);
        let pair = pair(obs.zone, obs.source.address, obs.destination.address);
        let own = self.pairs.entry(pair, known);
        own.ends.rotate_right(1);
        if let Some(first) = own.ends.first_mut() {
            *first = Some((obs.conversation, obs.time));
        }
        if own.told.as_ref().is_some_and(|told| told.0 == obs.conversation)
            && let Some(told) = own.told.take()
            && obs.time.since_ns(told.1) <= HEARD_LATE_NS
        {
            out.push(told.2);
        }
    }

    /// A control, or its announcement, and where its master polls. What is as ever is learned.
    pub(crate) fn command(
        &mut self,
        scene: &Scene<'_>,
        home: Option<&Home>,
        baseline: &mut Baseline,
        found: &mut Vec<Candidate>,
    ) {
        let (obs, message, verdict) = (scene.obs, scene.message, scene.verdict);
        let known = scene.known_commander() || !verdict.armed;
        let open = verdict.declared == Declared::Open && obs.transport == Transport::Tcp;
        let Some(home) = home.filter(|_| scene.controls() && known && open && !scene.to_all) else {
            return;
        };
        let master = message.master.address;
        let pair = pair(obs.zone, master, message.device.address);
        let ends = self.pairs.get(&pair).map_or([None; ENDS], |own| own.ends);
        let ended = |conversation: Conversation| {
            ends.into_iter().flatten().find(|end| end.0 == conversation).map(|end| end.1)
        };
        let [here, elsewhere] = [0, 1].map(|detail| fact(message.device, master, detail));
        let (from, last, ended) = match home.place(obs.conversation, obs.time, ended) {
            Place::Unknown => return,
            Place::Polled => return baseline.facts_mut().note_occasion(here, obs.time, APART_NS),
            // Once the baseline judges, nobody makes a habit of it.
            Place::Aside { .. } if !verdict.armed => {
                return baseline.facts_mut().note_occasion(elsewhere, obs.time, APART_NS);
            }
            Place::Aside { from, last, ended } => (from, last, ended),
        };
        let [here, elsewhere] = [here, elsewhere].map(|fact| baseline.occasions(&fact));
        if here < OCCASIONS_MIN.saturating_add(elsewhere.saturating_mul(OCCASIONS_EACH)) {
            return;
        }
        let ago_ns = ended.map(|ended| obs.time.since_ns(ended));
        let taken_over = ago_ns.is_some_and(|ago| ago <= TAKEN_OVER_NS);
        // The acceptance of a point is none of another program in the master's place.
        if verdict.accepted && !taken_over {
            return;
        }
        let severity = if taken_over { Severity::Critical } else { Severity::High };
        let how = match ago_ns {
            Some(ago) => {
                format!("ended {} s before, and nothing is polled in this one", whole_s(ago))
            }
            None => format!("was last heard polling {} s before", whole_s(obs.time.since_ns(last))),
        };
        let expected = format!(
            "on {here} of {} occasions, whatever it commanded, {} did so in the conversation in which it polls the \
             device; that one {how}",
            here.saturating_add(elsewhere),
            words::host(scene.site, master)
        );
        if ended.is_none() && obs.time.since_ns(last) <= TAKEN_OVER_NS {
            let series = Series::about(DETECTION, Severity::Critical, Cause::Access, obs, message)
                .scored(6.0)
                .naming(words::points(scene, 1))
                .saying(
                    words::observed(scene),
                    "the conversation in which this master polls the device ended just then",
                );
            let known = || verdict.access.host_known;
            self.pairs.entry(pair, known).told = Some(Box::new((from, obs.time, series)));
        }
        found.push(Candidate {
            detection: DETECTION,
            severity,
            rank: rank::NETWORK,
            cause: Cause::Access,
            novelty: true,
            variant: 0,
            of_host: false,
            score: if taken_over { 6.0 } else { 4.0 },
            expected: expected.into(),
        });
    }
}

const DETECTION: &str = "OT-34";

fn pair(zone: Zone, one: IpAddr, other: IpAddr) -> (Zone, IpAddr, IpAddr) {
    (zone, one.min(other), one.max(other))
}

const fn whole_s(span_ns: u64) -> u64 {
    span_ns / 1_000_000_000
}

/// Of a master, whatever it commands: on how many occasions where it polls, and on how many elsewhere.
const fn fact(device: Device, master: IpAddr, detail: u64) -> FactKey {
    let device =
        Device { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), sub: SubAddress::None, ..device };
    FactKey { kind: FactKind::CommandsAside, device, master: Some(master), detail }
}
