//! Puts a site on a network, lets it run, lets things happen on it, and captures it all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;

use crate::actor::{Sent, Target, cast, take};
use crate::master::converse;
use crate::network::Network;
use crate::outstation::Outstation;
use crate::scenario::{Scenario, Step, Variant};
use crate::site::{Host, Site};

/// How long the masters run before a capture that begins in mid-session.
const RUN_IN: Duration = Duration::from_millis(2_500);

/// Something that happens during a capture.
#[derive(Debug, Clone)]
pub struct Act {
    /// What.
    pub scenario: Scenario,
    /// By whom, to what.
    pub variant: Variant,
    /// Normal traffic before it.
    pub lead: Duration,
}

/// What happened in an act.
#[derive(Debug, Clone)]
pub struct Done {
    /// Who did it, if anyone.
    pub actor: Option<Host>,
    /// To what.
    pub targets: Vec<Target>,
    /// What was sent, each connection in order.
    pub sent: Vec<Sent>,
}

/// How a play is captured.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    /// Tells plays of one site apart: what is random in them is drawn from this.
    pub seed: u64,
    /// The capture begins when the masters are at work already.
    pub mid_session: bool,
    /// Normal traffic after the last act.
    pub tail: Duration,
}

/// Plays a site into a capture.
///
/// # Errors
/// The network cannot be built, the capture is not whole, or an act failed.
pub fn play(site: &Site, acts: &[Act], course: Course, file: &Path) -> Result<Vec<Done>> {
    let _place = Place::take();
    let stage = Stage::build(site, course.seed)?;
    if course.mid_session {
        stage.begin()?;
        sleep(RUN_IN);
    }
    let capture = stage.network.capture(file)?;
    if !course.mid_session {
        stage.begin()?;
    }
    let mut rng = Rng::with_seed(course.seed ^ 0x00ac_7000);
    let mut done = Vec::new();
    for act in acts {
        sleep(act.lead);
        let name = || format!("{} {}", act.scenario.id, act.variant.name);
        done.push(stage.act(act, &mut rng).with_context(name)?);
    }
    sleep(course.tail);
    capture.finish()?;
    Ok(done)
}

/// How many plays run at once. All namespaces of a machine share one table of neighbours, of 1024 by default: a play
/// needs about forty of them, and a host that finds no place in it cannot connect.
const PLACES: usize = 20;

static TAKEN: Mutex<usize> = Mutex::new(0);
static LEFT: Condvar = Condvar::new();

/// Leave to play, until it is dropped.
struct Place;

impl Place {
    fn take() -> Self {
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |taken: &mut usize| *taken >= PLACES;
        let mut taken = LEFT.wait_while(taken, full).unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_add(1);
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        *taken = taken.saturating_sub(1);
        LEFT.notify_one();
    }
}

/// A duration between two bounds in milliseconds.
#[must_use]
pub fn between(rng: &mut Rng, ms: [u64; 2]) -> Duration {
    Duration::from_millis(rng.u64(ms[0]..=ms[1]))
}

/// A site on its network.
struct Stage<'a> {
    site: &'a Site,
    network: Network,
    outstations: BTreeMap<String, Outstation>,
    seed: u64,
}

impl<'a> Stage<'a> {
    fn build(site: &'a Site, seed: u64) -> Result<Self> {
        let network = Network::build(site.hosts())?;
        let mut outstations = BTreeMap::new();
        for (nth, rtu) in (0_u64..).zip(&site.rtus) {
            let outstation = Outstation::new(rtu, seed.rotate_left(8) ^ nth);
            network.on(&rtu.host.name)?.spawn(outstation.clone().serve());
            outstations.insert(rtu.host.name.clone(), outstation);
        }
        Ok(Self { site, network, outstations, seed })
    }

    /// Sets the masters to work.
    fn begin(&self) -> Result<()> {
        let mut seed = Rng::with_seed(self.seed);
        for master in &self.site.masters {
            let handle = self.network.on(&master.host.name)?;
            for link in &master.links {
                let rtu = self.site.rtus.get(link.rtu).context("no such outstation")?;
                handle.spawn(converse(link.clone(), rtu.host.address, seed.u64(..)));
            }
        }
        Ok(())
    }

    fn act(&self, act: &Act, rng: &mut Rng) -> Result<Done> {
        let (actor, targets) = cast(self.site, &act.variant, rng)?;
        let steps = act.variant.steps(&act.scenario);
        let mut sent = Vec::new();
        for target in &targets {
            match &actor {
                None => self.befall(*target, steps, rng)?,
                Some(host) => {
                    let (tell, told) = mpsc::channel();
                    let task = take(self.site.clone(), steps.to_vec(), *target, rng.u64(..));
                    self.network.on(&host.name)?.spawn(async move { tell.send(task.await) });
                    sent.extend(told.recv().context("the actor vanished")??);
                    sleep(between(rng, [50, 600]));
                }
            }
        }
        Ok(Done { actor, targets, sent })
    }

    /// What happens to a target without anyone sending a message.
    fn befall(&self, target: Target, steps: &[Step], rng: &mut Rng) -> Result<()> {
        let rtu = self.site.rtus.get(target.rtu).context("no such outstation")?;
        let name = &rtu.host.name;
        let outstation = self.outstations.get(name).context("no such outstation")?;
        for step in steps {
            match step {
                Step::PowerCycle { dark_ms, boot_ms } => {
                    self.network.plug(name, false)?;
                    outstation.cut();
                    sleep(between(rng, *dark_ms));
                    self.network.plug(name, true)?;
                    sleep(between(rng, *boot_ms));
                    outstation.boot();
                }
                Step::UnitAway { ms } => {
                    outstation.set_absent(target.unit, true);
                    sleep(between(rng, *ms));
                    outstation.set_absent(target.unit, false);
                }
                Step::Wait { ms } => sleep(between(rng, *ms)),
                _ => anyhow::bail!("a step that someone must take, in a scenario of nobody"),
            }
        }
        Ok(())
    }
}
