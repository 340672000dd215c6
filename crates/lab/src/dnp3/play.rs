//! Puts a site on a network, lets its peers run, lets things happen, and captures it all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use serde_json::json;

use super::actor::{Hand, Sent};
use super::cast::{Target, target};
use super::peers::{self, Peer};
use super::scenario::{Scenario, Variant};
use super::site::Site;
use crate::network::Network;
use crate::play::Course;

/// How long the masters run before a capture that begins in mid-session.
const RUN_IN: Duration = Duration::from_secs(9);

/// The same over a slow line, on which masters begin one after the other.
const LINE_RUN_IN: Duration = Duration::from_secs(25);

/// How many plays run at once: each has a process for every host.
const PLACES: usize = 6;

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

/// Something that happens during a capture.
#[derive(Debug, Clone)]
pub(super) struct Act {
    /// What.
    pub(super) scenario: Scenario,
    /// By whom, to what.
    pub(super) variant: Variant,
    /// Normal traffic before it.
    pub(super) lead: Duration,
}

/// What happened.
#[derive(Debug, Clone)]
pub(super) struct Done<'a> {
    /// To what.
    pub(super) target: Target<'a>,
    /// What was sent, in order.
    pub(super) sent: Vec<Sent>,
}

/// Plays a site into a capture, with one act or with none.
pub(super) fn play<'a>(
    site: &'a Site,
    act: Option<&Act>,
    course: Course,
    file: &Path,
) -> Result<Option<Done<'a>>> {
    let _place = Place::take();
    let mut stage = Stage::build(site, course.seed)?;
    if course.mid_session {
        stage.begin()?;
        let line = site.stations.iter().any(|station| station.line.is_some());
        sleep(if line { LINE_RUN_IN } else { RUN_IN });
    }
    let capture = stage.network.capture(file)?;
    if !course.mid_session {
        stage.begin()?;
    }
    let mut rng = Rng::with_seed(course.seed ^ 0x00d4_ac70);
    let mut done = None;
    if let Some(act) = act {
        sleep(act.lead);
        let target = target(site, &act.variant, &mut rng)?;
        stage.operators("hold")?;
        let mut hand = Hand::new(site, &mut stage, target.clone(), act.variant.actor, &mut rng)?;
        for step in act.variant.steps(&act.scenario) {
            hand.step(step)?;
        }
        let sent = hand.sent;
        stage.operators("resume")?;
        done = Some(Done { target, sent });
    }
    stage.idle(course.tail, act.is_none(), &mut rng)?;
    capture.finish()?;
    Ok(done)
}

/// A site on its network.
pub(super) struct Stage<'a> {
    pub(super) site: &'a Site,
    pub(super) network: Network,
    pub(super) stations: BTreeMap<usize, Peer>,
    pub(super) masters: BTreeMap<String, Peer>,
    seed: u64,
}

impl<'a> Stage<'a> {
    fn build(site: &'a Site, seed: u64) -> Result<Self> {
        let network = Network::build(site.hosts())?;
        let stations = BTreeMap::new();
        let mut stage = Self { site, network, stations, masters: BTreeMap::new(), seed };
        for nth in 0..site.stations.len() {
            stage.boot(nth, false)?;
        }
        Ok(stage)
    }

    /// Starts the process of a station: after a restart, or at the beginning of a play.
    pub(super) fn boot(&mut self, nth: usize, restarted: bool) -> Result<()> {
        let seed = self.seed.rotate_left(8) ^ u64::try_from(nth)?;
        self.stations.insert(nth, peers::station(&self.network, self.site, nth, seed, restarted)?);
        Ok(())
    }

    /// Sets the masters to work.
    fn begin(&mut self) -> Result<()> {
        let mut seed = Rng::with_seed(self.seed);
        for master in &self.site.masters {
            let peer = peers::master(&self.network, self.site, master, seed.u64(..))?;
            self.masters.insert(master.host.name.clone(), peer);
        }
        Ok(())
    }

    /// Lets the operators rest, so that what an act commands is not mixed up with what they do, or go on.
    fn operators(&mut self, order: &str) -> Result<()> {
        self.masters.values_mut().try_for_each(|peer| peer.order(&json!({ "do": order })))
    }

    pub(super) fn front_end(&mut self) -> Result<&mut Peer> {
        self.masters.get_mut("front end").context("no front end")
    }

    /// Lets normal traffic run; in a capture to learn from, a connection breaks off now and then.
    fn idle(&mut self, mut left: Duration, breaks: bool, rng: &mut Rng) -> Result<()> {
        while breaks && left > Duration::from_secs(30) {
            let pause = Duration::from_millis(rng.u64(15_000..24_000));
            sleep(pause);
            left = left.saturating_sub(pause);
            let nth = rng.usize(..self.site.stations.len());
            let master = self.site.masters.get(rng.usize(..2)).context("a master is missing")?;
            let station = self.stations.get_mut(&nth).context("no such station")?;
            station.order(&json!({ "do": "drop", "address": master.host.address }))?;
        }
        sleep(left);
        Ok(())
    }
}
