//! The order of functions: one that never followed another between two parties.
//!
//! It says little by itself (operators act when they like), so it is low and has to earn even that: only
//! between two functions that are both known, and against the budget of its family.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Declared, FactKey, FactKind};
use gridtap_model::{Conversation, Device, Message, Observation, Severity};

use super::rows;
use super::usual::Home;
use crate::book::Cause;
use crate::bounded::Bounded;
use crate::budget::Budget;
use crate::config::Config;
use crate::scene::Scene;
use crate::series::Series;
use crate::words;

/// The function before, by pair.
pub(crate) struct Sequence {
    last: Bounded<(Device, IpAddr), Last>,
    budget: Budget,
}

#[derive(Debug, Default)]
struct Last {
    function: Option<(u16, &'static str)>,
    /// Pairs of functions that are known to follow each other here, as many as there is room for.
    known: [Option<(u16, u16)>; KNOWN],
    /// In which conversation it came.
    home: Home,
}

/// Transitions of one pair that are remembered: masters poll the same few things in turn.
const KNOWN: usize = 4;

impl Sequence {
    pub(crate) fn new(config: &Config) -> Self {
        Self { last: Bounded::new(config.pairs_max), budget: Budget::new(config, 0.25) }
    }

    pub(crate) const fn evicted(&self) -> u64 {
        self.last.evicted()
    }

    /// A request that may follow what came before it. Where it may not, or nobody knows, it is none that was heard yet.
    pub(crate) fn goes_on(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &Baseline,
    ) -> bool {
        let (device, master) = (message.device, message.master.address);
        let function = (message.function.code, message.function.name);
        let last = self.last.entry((device, master), || true);
        last.home.polled(obs.conversation, obs.time, true);
        let Some((before, _)) = last.function else {
            last.function = Some(function);
            return true;
        };
        let pair = (before, function.0);
        if before != function.0 && !last.known.contains(&Some(pair)) {
            if !baseline.facts().known(&fact(&device, master, pair)) {
                return false;
            }
            last.known.rotate_right(1);
            if let Some(first) = last.known.first_mut() {
                *first = Some(pair);
            }
        }
        last.function = Some(function);
        true
    }

    /// A known read of a protocol whose order of functions says nothing.
    pub(crate) fn polled(&mut self, obs: &Observation<'_>, message: &Message<'_>) {
        let key = (message.device, message.master.address);
        self.last.entry(key, || true).home.polled(obs.conversation, obs.time, true);
    }

    /// Whether this is the conversation in which a master polls a device, as far as is known.
    pub(crate) fn is_home(
        &self,
        device: Device,
        master: IpAddr,
        conversation: Conversation,
    ) -> bool {
        self.home(device, master).is_none_or(|home| home.is(conversation))
    }

    /// The conversation in which a master polls a device, as far as is known.
    pub(crate) fn home(&self, device: Device, master: IpAddr) -> Option<&Home> {
        self.last.get(&(device, master)).map(|last| &last.home)
    }

    /// A request, judged against what came before it from the same master to the same device.
    pub(crate) fn request(
        &mut self,
        scene: &Scene<'_>,
        baseline: &mut Baseline,
        out: &mut Vec<Series>,
    ) {
        let (obs, message) = (scene.obs, scene.message);
        let (device, master) = (message.device, message.master.address);
        let function = (message.function.code, message.function.name);
        let last = self.last.entry((device, master), || scene.verdict.access.host_known);
        if !scene.commands() {
            let known = scene.verdict.new_at.is_none() || !scene.verdict.armed;
            last.home.polled(obs.conversation, obs.time, known);
        }
        let Some(row) = rows(message.device.protocol).and_then(|rows| rows.new_transition) else {
            return;
        };
        let Some(before) = last.function.replace(function) else { return };
        if before.0 == function.0 {
            return;
        }
        let fact = fact(&device, master, (before.0, function.0));
        if baseline.facts().known(&fact) {
            return;
        }
        let access = &scene.verdict.access;
        // What the site file allows is normal, after whatever else it comes.
        let open = scene.verdict.declared == Declared::Open && !scene.verdict.accepted;
        let judged = scene.verdict.armed && access.function_known && open;
        if judged {
            let rate = &scene.verdict.rate;
            if let Some(score) = self.budget.earn(device.zone, obs.time, rate) {
                let observed = format!(
                    "{} sent {} to {} right after {}",
                    words::host(scene.site, master),
                    message.function,
                    words::device(scene.site, &device),
                    before.1.replace('_', " ")
                );
                let expected = format!(
                    "in {} the one never followed the other between these two",
                    words::heard(scene.verdict, scene.obs.time)
                );
                out.push(
                    Series::about(row, Severity::Low, Cause::Process, obs, message)
                        .variant(fact.detail)
                        .scored(score)
                        .saying(observed, expected),
                );
            }
        }
        // Facts are kept for good: none of those who alarm for being here at all.
        if scene.is_stranger() {
            return;
        }
        baseline.facts_mut().note(fact, obs.time, |fact| fact.count = 1);
    }
}

/// That one function followed another.
fn fact(device: &Device, master: IpAddr, (before, function): (u16, u16)) -> FactKey {
    let detail = u64::from(before).saturating_mul(65_536).saturating_add(u64::from(function));
    FactKey { kind: FactKind::Transition, device: *device, master: Some(master), detail }
}
