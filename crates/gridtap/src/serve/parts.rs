//! Everything that runs beside the thread that hears, from its start to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use gridtap_baseline::Site;
use gridtap_notify::{Bell, Couriers, Deliveries, Told, World};
use gridtap_store::{Announcement, Audit, Handle, Store, StoreError, Writer};
use gridtap_telemetry::{DeliveryResult, DeliveryTried, Metrics};

use super::Plan;
use super::deciding::{self, Docket};
use super::health::Health;
use super::interface::{Boards, Interface};
use super::keeper::Keeper;
use super::live::{Inbox, Live};
use super::outgoing::Outgoing;
use super::overview::Overview;
use super::reload::Reload;
use super::supervisor::Supervisor;
use super::teller::Teller;
use crate::arguments;
use crate::failure::Failure;
use crate::output::{LogDial, complain};
use crate::person;
use crate::settings::Settings;

/// How long deliveries under way may take to end when the service does.
const DELIVERIES_PATIENCE: Duration = Duration::from_secs(5);

/// Everything that runs beside the thread that hears.
pub(super) struct Parts {
    writer: Writer,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) health: Arc<Health>,
    teller: JoinHandle<u64>,
    keeper: JoinHandle<()>,
    is_stopped: Arc<AtomicBool>,
    /// Gives back what it has changed, for it to be ended.
    reloader: JoinHandle<(Deliveries, Option<Interface>)>,
    /// Where the interface listens, where there is one.
    pub(super) address: Option<SocketAddr>,
    network: gridtap_api::Network,
    pub(super) supervisor: Supervisor,
    pub(super) inbox: Inbox,
}

/// What a reload needs of the start.
pub(super) struct Asker {
    pub(super) shared: arguments::Shared,
    /// Whether somebody asked for one.
    pub(super) is_asked: Arc<AtomicBool>,
    pub(super) site: Site,
    pub(super) dial: LogDial,
}

impl Parts {
    pub(super) fn start(
        plan: &Plan,
        settings: &Settings,
        asker: Asker,
        store: Store,
        couriers: Couriers,
        announcement: Announcement,
        metrics: &Metrics,
    ) -> Result<(Self, Docket), Failure> {
        let bell = Bell::default();
        let ring = bell.clone();
        let writer = Writer::start(store, person::now, move || ring.ring())?;
        let handle = writer.handle();
        let health = Arc::new(Health::default());
        let board = gridtap_api::Health::default();
        board.set(health.condition(&settings.service.name, &settings.detect.sensor));
        note(&handle, "start", "done", &format!("version {}", env!("CARGO_PKG_VERSION")))?;
        let live = Live::new(settings);
        let outgoing = Arc::new(Outgoing::default());
        let is_stopped = Arc::new(AtomicBool::new(false));
        let teller = Teller {
            outgoing: Arc::clone(&outgoing),
            handle: handle.clone(),
            metrics: metrics.clone(),
            health: Arc::clone(&health),
            prints: plan.prints,
            is_prompt: plan.inputs.is_prompt(),
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
        let (boards, docket) = boards(plan, &handle, board, &network, &couriers);
        let interface =
            Interface::start(settings, &plan.directory, handle.clone(), metrics.clone(), boards)?;
        let address = interface.as_ref().map(Interface::address);
        let world = world(plan, handle.clone(), announcement, metrics.clone());
        let supervisor = Supervisor::of_environment();
        let inbox = Inbox::default();
        let reload = Reload {
            shared: asker.shared,
            is_asked: asker.is_asked,
            is_stopped: Arc::clone(&is_stopped),
            live,
            site: asker.site,
            inbox: inbox.clone(),
            deliveries: Deliveries::start(couriers.all(), &world, &bell)?,
            couriers,
            world,
            bell,
            interface,
            handle,
            metrics: metrics.clone(),
            health: Arc::clone(&health),
            dial: asker.dial,
            supervisor,
        };
        let parts = Self {
            writer,
            outgoing,
            health,
            teller: spawn("teller", move || teller.run())?,
            keeper: spawn("keeper", move || keeper.run())?,
            is_stopped,
            reloader: spawn("reloader", move || reload.run())?,
            address,
            network,
            supervisor,
            inbox,
        };
        Ok((parts, docket))
    }

    /// Whoever hears writes on the board only where there is an interface to read it.
    pub(super) fn overview(&self, settings: &Settings) -> Option<Overview> {
        let board = self.address.map(|_| self.network.clone())?;
        Some(Overview::new(board, settings.service.overview_rows))
    }

    /// Ends every part in its order: what is on its way is stored before the store closes. How many findings could
    /// not be stored.
    pub(super) fn stop(self) -> u64 {
        self.outgoing.close();
        let unstored = self.teller.join().unwrap_or(0);
        self.is_stopped.store(true, Ordering::Relaxed);
        if self.keeper.join().is_err() {
            complain("the thread that keeps house has fallen: this is a fault of gridtap");
        }
        match self.reloader.join() {
            Ok((deliveries, interface)) => {
                if !deliveries.stop(DELIVERIES_PATIENCE) {
                    tracing::warn!(
                        "a delivery was left under way; it is repeated after the next start"
                    );
                }
                if let Some(interface) = interface {
                    interface.stop();
                }
            }
            Err(_) => complain("the thread that reloads has fallen: this is a fault of gridtap"),
        }
        let handle = self.writer.handle();
        if let Err(error) = note(&handle, "stop", "done", "") {
            complain(error);
        }
        drop(handle);
        if self.writer.stop().is_none() {
            complain("the thread that writes has fallen: this is a fault of gridtap");
        }
        unstored
    }
}

/// What the interface shows and calls, and where the decisions come out that are made through it.
fn boards(
    plan: &Plan,
    handle: &Handle,
    health: gridtap_api::Health,
    network: &gridtap_api::Network,
    couriers: &Couriers,
) -> (Boards, Docket) {
    let (decider, docket) = deciding::ways(plan.directory.clone(), handle.clone());
    let decide = Arc::new(move |decision| decider.decide(decision));
    (Boards { health, network: network.clone(), decide, couriers: couriers.clone() }, docket)
}

/// A row of the audit log about the service itself.
pub(super) fn note(
    handle: &Handle,
    action: &str,
    outcome: &str,
    detail: &str,
) -> Result<(), StoreError> {
    let row = Audit {
        who: person::user(),
        role: String::new(),
        via: "service".to_owned(),
        action: action.to_owned(),
        subject: "service".to_owned(),
        outcome: outcome.to_owned(),
        detail: detail.to_owned(),
    };
    handle.run(move |batch| batch.audit(&row))
}

/// What deliveries need of the world.
fn world(plan: &Plan, handle: Handle, announcement: Announcement, metrics: Metrics) -> World {
    World {
        directory: plan.directory.clone(),
        handle,
        announcement,
        clock: Arc::new(person::now),
        tell: Arc::new(counted(metrics)),
    }
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
