//! Monitoring as a service: it hears until it is stopped, stores what it finds, and lets operators act on it.
//!
//! Each part is a thread of its own with one way to the store: the one that hears packets, the one that stores and
//! tells findings, one that keeps house by the clock, one for each receiver of web hooks, and those of the interface.
//! None of them waits for another but for the store.

mod clock;
mod commands;
mod health;
mod hearing;
pub(crate) mod interface;
mod keeper;
mod live;
mod news;
mod outgoing;
mod overview;
mod settings;
mod supervisor;
mod teller;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use gridtap_notify::{Bell, Couriers, Deliveries, Told, World};
use gridtap_sensor::Pipeline;
use gridtap_store::{Announcement, Audit, Handle, Store, StoreError, Writer};
use gridtap_telemetry::{DeliveryResult, DeliveryTried, Known, Metrics};

use crate::arguments;
use crate::configuration::{Layered, refused};
use crate::failure::{Exit, Failure};
use crate::feed::{Feed, Inputs, Read};
use crate::learned::Learned;
use crate::output::{Voice, complain};
use crate::settings::Settings;
use crate::sound::{self, Sound};
use crate::{person, state};

use health::Health;
use hearing::{Hearing, Ways};
use interface::{Boards, Interface};
use keeper::Keeper;
use live::Live;
use news::News;
use outgoing::Outgoing;
use overview::Overview;
use supervisor::Supervisor;
use teller::Teller;

pub(crate) use settings::{AtEnd, Service};

/// How long deliveries under way may take to end when the service does.
const DELIVERIES_PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the service was asked to stop, once its input has ended.
const REST: Duration = Duration::from_millis(200);

/// Hears, tells and serves until the input ends or a signal comes.
pub(crate) fn run(
    arguments: &arguments::Monitor,
    layered: &Layered<Settings>,
    voice: Voice,
) -> Result<Exit, Failure> {
    let plan = Plan::of(arguments, &layered.settings);
    let sound = Sound::of(layered).map_err(|faults| match &plan {
        Err(also) if also.exit == Exit::Configuration => {
            let told = refused(&faults).error;
            Failure::configuration(format_args!("{told}\n{}", also.error))
        }
        _ => refused(&faults),
    })?;
    let plan = plan?;
    for warning in sound::warnings(layered) {
        tracing::warn!("{warning}");
    }
    let settings = &layered.settings;
    let Sound { site, couriers, planned } = sound;
    let feed = Feed::open(&plan.inputs, plan.pace, &settings.tap, voice)?;
    let mut store = Store::open(&plan.directory, person::now())?;
    let learned = Learned::of(feed.names(), &plan.inputs, &store)?;
    let mut pipeline = Pipeline::new(&settings.sensor(), site, feed.names().to_vec());
    pipeline.plan(planned);
    state::restore(&store, pipeline.baseline_mut())?;
    let news = news(&store, &mut pipeline)?;
    pipeline.log_commands(feed.names(), settings.service.commands_per_second);
    let announcement = announcement(settings);
    store.announce(
        announcement.clone(),
        couriers.iter().map(|courier| courier.endpoint().subscription()).collect(),
    );
    let metrics = Metrics::new(&known(settings));
    let live = Live::new(settings);
    let couriers = Couriers::new(couriers);
    let parts = Parts::start(&plan, settings, &live, store, couriers, announcement, &metrics)?;
    let mut ready = format!("hears {}", feed.names().join(", "));
    if let Some(interface) = &parts.interface {
        ready.push_str(&format!(", and answers on {}", interface.address()));
    }
    parts.supervisor.ready(&ready);
    tracing::info!(state = %plan.directory.display(), "gridtap serves: it {ready}");
    let ways = Ways {
        outgoing: Arc::clone(&parts.outgoing),
        metrics,
        health: Arc::clone(&parts.health),
        overview: parts.overview(settings),
        supervisor: parts.supervisor,
    };
    let mut hearing = Hearing::new(pipeline, learned, news, ways, settings, plan.is_live);
    let read = hear(feed, &mut hearing, &plan, &parts);
    parts.supervisor.stopping();
    let unstored = parts.stop();
    if unstored > 0 {
        complain(format_args!(
            "{unstored} findings could not be stored before the end: see the log for what the store said"
        ));
    }
    let read = read?;
    if unstored > 0 {
        return Ok(Exit::Store);
    }
    if read.stopped.is_some() {
        // To be stopped is how a service ends.
        return Ok(Exit::Done);
    }
    if plan.is_live {
        complain(
            "standard input ended by itself: see what became of the program that feeds this sensor",
        );
        return Ok(Exit::Capture);
    }
    Ok(read.exit())
}

/// What was told of devices before. They are missed from now on.
fn news(store: &Store, pipeline: &mut Pipeline) -> Result<News, Failure> {
    let text = store.meta(news::META)?;
    let news = News::of(text.as_deref(), pipeline.baseline())
        .map_err(|error| state::damaged(store, error))?;
    news.missed().for_each(|known| pipeline.know(&known));
    Ok(news)
}

/// The whole input, and then the quiet after it, where it was asked for.
fn hear(
    mut feed: Feed,
    hearing: &mut Hearing,
    plan: &Plan,
    parts: &Parts,
) -> Result<Read, Failure> {
    let stop = feed.stop().clone();
    let mut read = if plan.is_live { feed.run_live(hearing)? } else { feed.run(hearing)? };
    hearing.finish(&read)?;
    parts.health.input_ended();
    if plan.at_end == AtEnd::Stay && read.stopped.is_none() {
        tracing::info!("the input has ended; the service stays until it is stopped");
        while stop.asked().is_none() {
            std::thread::sleep(REST);
            parts.supervisor.alive();
        }
        read.stopped = stop.asked();
    }
    Ok(read)
}

/// What a service is to do, from its settings and its command line.
struct Plan {
    directory: PathBuf,
    inputs: Inputs,
    pace: Option<f64>,
    is_live: bool,
    at_end: AtEnd,
    prints: bool,
}

impl Plan {
    fn of(arguments: &arguments::Monitor, settings: &Settings) -> Result<Self, Failure> {
        let directory = arguments.state.clone().or_else(|| settings.service.state.clone());
        let Some(directory) = directory else {
            return Err(Failure::configuration(
                "a service keeps what it finds: name a directory with service.state or --state",
            ));
        };
        let inputs = arguments.inputs(settings)?;
        if arguments.summary.is_some() || arguments.fail_on.is_some() {
            return Err(Failure::usage(
                "--summary and --fail-on are for captures that end: leave them out, or leave out --serve",
            ));
        }
        let is_live = inputs.is_live();
        let at_end = if is_live { AtEnd::Stop } else { settings.service.at_end };
        Ok(Self {
            directory,
            is_live,
            at_end,
            inputs,
            pace: arguments.pace.or(settings.service.pace),
            prints: arguments.json,
        })
    }
}

/// What every message adds to what it tells.
pub(crate) fn announcement(settings: &Settings) -> Announcement {
    Announcement {
        site: settings.service.name.clone(),
        sensor: settings.detect.sensor.clone(),
        attack_version: gridtap_detect::catalogue::ATTACK_VERSION.to_owned(),
        links: settings.service.links.clone(),
    }
}

fn known(settings: &Settings) -> Known {
    Known {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("GRIDTAP_COMMIT").unwrap_or_default().to_owned(),
        detections: gridtap_detect::catalogue::all().map(|detection| detection.id).collect(),
        endpoints: settings.notify.endpoint.iter().map(|each| each.name.clone()).collect(),
        hooks: settings.api.hook.iter().map(|each| each.name.clone()).collect(),
    }
}

/// Everything that runs beside the thread that hears.
struct Parts {
    writer: Writer,
    outgoing: Arc<Outgoing>,
    health: Arc<Health>,
    teller: JoinHandle<u64>,
    keeper: JoinHandle<()>,
    is_stopped: Arc<AtomicBool>,
    deliveries: Deliveries,
    interface: Option<Interface>,
    network: gridtap_api::Network,
    supervisor: Supervisor,
}

impl Parts {
    fn start(
        plan: &Plan,
        settings: &Settings,
        live: &Live,
        store: Store,
        couriers: Couriers,
        announcement: Announcement,
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        let bell = Bell::default();
        let ring = bell.clone();
        let writer = Writer::start(store, person::now, move || ring.ring())?;
        let handle = writer.handle();
        let health = Arc::new(Health::default());
        let board = gridtap_api::Health::default();
        board.set(health.condition(&settings.service.name, &settings.detect.sensor));
        note(&handle, "start", &format!("version {}", env!("CARGO_PKG_VERSION")))?;
        let outgoing = Arc::new(Outgoing::default());
        let is_stopped = Arc::new(AtomicBool::new(false));
        let teller = Teller {
            outgoing: Arc::clone(&outgoing),
            handle: handle.clone(),
            metrics: metrics.clone(),
            health: Arc::clone(&health),
            prints: plan.prints,
            is_live: plan.is_live,
        };
        let keeper = Keeper {
            directory: plan.directory.clone(),
            handle: handle.clone(),
            metrics: metrics.clone(),
            health: Arc::clone(&health),
            live: live.clone(),
            is_stopped: Arc::clone(&is_stopped),
            board: board.clone(),
        };
        let network = gridtap_api::Network::default();
        let boards = Boards { health: board, network: network.clone(), couriers: couriers.clone() };
        let interface =
            Interface::start(settings, &plan.directory, handle.clone(), metrics.clone(), boards)?;
        let world = World {
            directory: plan.directory.clone(),
            handle,
            announcement,
            clock: Arc::new(person::now),
            tell: Arc::new(counted(metrics.clone())),
        };
        Ok(Self {
            writer,
            outgoing,
            health,
            teller: spawn("teller", move || teller.run())?,
            keeper: spawn("keeper", move || keeper.run())?,
            is_stopped,
            deliveries: Deliveries::start(couriers.all(), &world, &bell)?,
            interface,
            network,
            supervisor: Supervisor::of_environment(),
        })
    }

    /// Whoever hears writes on the board only where there is an interface to read it.
    fn overview(&self, settings: &Settings) -> Option<Overview> {
        let board = self.interface.as_ref().map(|_| self.network.clone())?;
        Some(Overview::new(board, settings.service.overview_rows))
    }

    /// Ends every part in its order: what is on its way is stored before the store closes. How many findings could
    /// not be stored.
    fn stop(self) -> u64 {
        self.outgoing.close();
        let unstored = self.teller.join().unwrap_or(0);
        self.is_stopped.store(true, Ordering::Relaxed);
        if self.keeper.join().is_err() {
            complain("the thread that keeps house has fallen: this is a fault of gridtap");
        }
        if !self.deliveries.stop(DELIVERIES_PATIENCE) {
            tracing::warn!("a delivery was left under way; it is repeated after the next start");
        }
        if let Some(interface) = self.interface {
            interface.stop();
        }
        let handle = self.writer.handle();
        if let Err(error) = note(&handle, "stop", "") {
            complain(error);
        }
        drop(handle);
        if self.writer.stop().is_none() {
            complain("the thread that writes has fallen: this is a fault of gridtap");
        }
        unstored
    }
}

/// A row of the audit log about the service itself.
fn note(handle: &Handle, action: &str, detail: &str) -> Result<(), StoreError> {
    let row = Audit {
        who: person::user(),
        role: String::new(),
        via: "service".to_owned(),
        action: action.to_owned(),
        subject: "service".to_owned(),
        outcome: "done".to_owned(),
        detail: detail.to_owned(),
    };
    handle.run(move |batch| batch.audit(&row))
}

/// What deliveries tell, counted and logged.
fn counted(metrics: Metrics) -> impl Fn(&Told<'_>) + Send + Sync + 'static {
    use gridtap_store::Outcome;
    move |told| match told {
        Told::Attempt { due, outcome } => {
            let (result, error) = match outcome {
                Outcome::Delivered { .. } => (DeliveryResult::Delivered, ""),
                Outcome::Retry { error, .. } => (DeliveryResult::Retried, error.as_str()),
                Outcome::Failed { error, .. } => (DeliveryResult::Failed, error.as_str()),
                Outcome::Gone { .. } => (DeliveryResult::Disabled, "the receiver is gone (410)"),
            };
            metrics.record(&DeliveryTried { endpoint: &due.endpoint, result, error });
        }
        Told::Resent { endpoint, alerts, error: Some(error) } => {
            tracing::warn!(endpoint, alerts, error, "alerts that stand could not be sent again");
        }
        Told::Silences { endpoint, error: Some(error), .. } => {
            tracing::warn!(endpoint, error, "the Alertmanager could not be asked for its silences");
        }
        Told::Trouble { endpoint, error } => {
            tracing::error!(endpoint, error, "deliveries are held up");
        }
        _ => {}
    }
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    Ok(std::thread::Builder::new().name(name.to_owned()).spawn(work)?)
}
