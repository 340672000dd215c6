//! From settings to a server, and back to silence.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gridtap_model::Span;
use gridtap_notify::Couriers;
use gridtap_store::Handle;
use gridtap_telemetry::Metrics;
use tokio::sync::{Semaphore, oneshot};

use crate::access::Access;
use crate::config::{Config, Fault, Token, usual_listen};
use crate::decide::{Decide, Decisions};
use crate::desk::{Clock, Desk};
use crate::health::Health;
use crate::hook::Hooks;
use crate::limit::Limit;
use crate::network::Network;
use crate::page::runbook::Guide;
use crate::page::{Door, Gate, Users};
use crate::readers::Readers;
use crate::refused::Refused;
use crate::routes::router;
use crate::server::{Answering, Counts, Current, Server};
use crate::tls::{Tls, acceptor};

/// Minutes that are over are written down within this time.
const LOOK: Duration = Duration::from_secs(10);

/// What the API is made of.
pub struct Parts {
    /// The settings.
    pub config: Config,
    /// Where the store lives, to be read.
    pub state_directory: PathBuf,
    /// The way to the store's writer.
    pub handle: Handle,
    /// The clock of this machine.
    pub clock: Clock,
    /// What Prometheus reads, and where calls of hooks are counted.
    pub metrics: Metrics,
    /// How the sensor is.
    pub health: Health,
    /// What the sensor hears.
    pub network: Network,
    /// Makes decisions about the baseline.
    pub decide: Decide,
    /// Who is told by web hooks.
    pub couriers: Couriers,
    /// What is known of each detection, for its runbook.
    pub guides: Vec<Guide>,
    /// The token of whoever is on this machine and may read the state directory, such as the command line. Unlike
    /// those of the settings it does not close reading to others.
    pub local_token: Option<Token>,
}

/// The API, ready to listen.
pub struct Api {
    server: Server,
    listen: SocketAddr,
    maker: Maker,
}

/// The API at work, on a thread of its own.
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
    current: Arc<Current>,
    maker: Maker,
    tell: Option<TellCertificate>,
}

/// Wants to know which certificate is shown.
type TellCertificate = Box<dyn Fn(Option<&str>) + Send + Sync>;

/// What every desk is made of, those of other settings as well.
struct Maker {
    state_directory: PathBuf,
    handle: Handle,
    clock: Clock,
    metrics: Metrics,
    health: Health,
    network: Network,
    decisions: Decisions,
    couriers: Couriers,
    guides: Arc<[Guide]>,
    local_token: Option<Token>,
    /// Refusals are counted on over a reload: else it would be a way to fill the audit log.
    refused: Arc<Refused>,
    /// So are logins, and whoever is logged in stays it.
    door: Arc<Door>,
}

/// What the settings name, read.
struct Named {
    access: Access,
    users: Users,
    hooks: Hooks,
    tls: Option<Tls>,
}

impl Named {
    fn of(config: &Config, local: Option<&Token>) -> Result<Self, Vec<Fault>> {
        let mut faults = config.check();
        let access = Access::of(config, local).map_err(|found| faults.extend(found));
        let users = Users::of(config).map_err(|found| faults.extend(found));
        let hooks = Hooks::of(config).map_err(|found| faults.extend(found));
        let tls = acceptor(config).map_err(|fault| faults.push(fault));
        // What is wrong by itself is wrong again when it is used.
        let mut told = BTreeSet::new();
        faults.retain(|fault| told.insert(fault.to_string()));
        match (access, users, hooks, tls) {
            (Ok(access), Ok(users), Ok(hooks), Ok(tls)) if faults.is_empty() => {
                Ok(Self { access, users, hooks, tls })
            }
            _ => Err(faults),
        }
    }
}

/// Everything that is wrong with settings and with the files that they name.
#[must_use]
pub fn faults(config: &Config) -> Vec<Fault> {
    Named::of(config, None).err().unwrap_or_default()
}

const fn time(span: Span) -> Duration {
    Duration::from_nanos(span.nanos())
}

impl Maker {
    /// What answers with these settings.
    fn answering(&self, config: &Config) -> Result<Answering, Vec<Fault>> {
        let Named { access, users, hooks, tls } = Named::of(config, self.local_token.as_ref())?;
        let desk = Arc::new(Desk {
            readers: Readers::new(self.state_directory.clone()),
            handle: self.handle.clone(),
            clock: Arc::clone(&self.clock),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            network: self.network.clone(),
            decisions: self.decisions.clone(),
            couriers: self.couriers.clone(),
            guides: Arc::clone(&self.guides),
            access,
            gate: Gate::of(config, users, Arc::clone(&self.door)),
            hooks,
            limit: Limit::new(config.rate_per_second, config.rate_burst),
            refused: Arc::clone(&self.refused),
            working: Arc::new(Semaphore::new(config.requests_max)),
            working_of: Counts::default(),
            working_of_one: config.requests_max.div_ceil(4),
            timeout: time(config.timeout),
        });
        let header_timeout = time(config.header_timeout);
        Ok(Answering { router: router(&desk), desk, tls, header_timeout })
    }
}

impl Api {
    /// Checks the settings, and reads the files that they name.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(parts: Parts) -> Result<Self, Vec<Fault>> {
        let Parts {
            config,
            state_directory,
            handle,
            clock,
            metrics,
            health,
            network,
            decide,
            couriers,
            guides,
            local_token,
        } = parts;
        let maker = Maker {
            state_directory,
            handle,
            clock,
            metrics,
            health,
            network,
            decisions: Decisions::new(decide),
            couriers,
            guides: guides.into(),
            local_token,
            refused: Arc::default(),
            door: Arc::new(Door::new().map_err(|fault| vec![fault])?),
        };
        let current = Arc::new(Current::new(maker.answering(&config)?));
        let server = Server { current, connections_max: config.connections_max };
        Ok(Self { server, listen: config.listen.unwrap_or_else(usual_listen), maker })
    }

    /// Listens where the settings say, and answers on a thread of its own. It listens when this returns.
    ///
    /// # Errors
    /// The address is not to be had, or the system gives no thread.
    pub fn start(self) -> io::Result<Running> {
        let listener = TcpListener::bind(self.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let Self { server, maker, .. } = self;
        let current = Arc::clone(&server.current);
        let thread = std::thread::Builder::new().name("api".to_owned()).spawn(move || {
            runtime.block_on(async move {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let asked = async {
                            // A sender that is gone asks for the same.
                            let _ = stopped.await;
                        };
                        serve(server, listener, asked).await;
                    }
                    Err(error) => tracing::error!(%error, "the API cannot listen"),
                }
            });
        })?;
        Ok(Running { address, stop, thread, current, maker, tell: None })
    }
}

/// Answers until `stop` is ready, and ends in order.
async fn serve(server: Server, listener: tokio::net::TcpListener, stop: impl Future<Output = ()>) {
    let current = Arc::clone(&server.current);
    let noting = async {
        loop {
            tokio::time::sleep(LOOK).await;
            let desk = Arc::clone(&current.get().desk);
            desk.note(desk.refused.due(desk.now()));
        }
    };
    tokio::select! {
        () = server.run(listener, stop) => {}
        () = noting => {}
    }
    let desk = Arc::clone(&current.get().desk);
    desk.note_now(desk.refused.rest()).await;
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Running({})", self.address)
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The SHA-256 of the certificate that it shows now, in hexadecimal; none where it speaks no TLS. Other settings
    /// may change it.
    #[must_use]
    pub fn certificate(&self) -> Option<String> {
        self.current.get().tls.as_ref().map(|tls| tls.certificate.clone())
    }

    /// From now on each reload tells which certificate is shown after it.
    pub fn tell_certificate(&mut self, tell: impl Fn(Option<&str>) + Send + Sync + 'static) {
        self.tell = Some(Box::new(tell));
    }

    /// Takes other settings: who asks from now on is answered by them, whoever is being answered is not cut off. Where
    /// it listens and how many connections there may be stay as they are.
    ///
    /// # Errors
    /// Everything that is wrong with them, and nothing has changed.
    pub fn reload(&self, config: &Config) -> Result<(), Vec<Fault>> {
        self.current.set(self.maker.answering(config)?);
        if let Some(tell) = &self.tell {
            tell(self.certificate().as_deref());
        }
        Ok(())
    }

    /// Answers what it is at and listens no more. The store's writer must still run.
    pub fn stop(self) {
        // It may have ended by itself.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the thread of the API fell");
        }
    }
}
