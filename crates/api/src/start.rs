//! From settings to a server, and back to silence.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gridtap_model::Span;
use gridtap_store::Handle;
use gridtap_telemetry::Metrics;
use tokio::sync::{Semaphore, oneshot};

use crate::access::Access;
use crate::config::{Config, Fault, Token, usual_listen};
use crate::desk::{Clock, Desk};
use crate::health::Health;
use crate::hook::Hooks;
use crate::limit::Limit;
use crate::network::Network;
use crate::readers::Readers;
use crate::refused::Refused;
use crate::routes::router;
use crate::server::Server;
use crate::tls::acceptor;

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
    /// The token of whoever is on this machine and may read the state directory, such as the command line. Unlike
    /// those of the settings it does not close reading to others.
    pub local_token: Option<Token>,
}

/// The API, ready to listen.
pub struct Api {
    desk: Arc<Desk>,
    server: Server,
    listen: SocketAddr,
}

/// The API at work, on a thread of its own.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

const fn time(span: Span) -> Duration {
    Duration::from_nanos(span.nanos())
}

impl Api {
    /// Checks the settings, and reads the files that they name.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn new(parts: Parts) -> Result<Self, Vec<Fault>> {
        let Parts { config, state_directory, handle, clock, metrics, health, network, local_token } =
            parts;
        let faults = config.check();
        if !faults.is_empty() {
            return Err(faults);
        }
        let access = Access::of(&config, local_token.as_ref())?;
        let hooks = Hooks::of(&config)?;
        let tls = acceptor(&config).map_err(|fault| vec![fault])?;
        let desk = Arc::new(Desk {
            readers: Readers::new(state_directory),
            handle,
            clock,
            metrics,
            health,
            network,
            access,
            hooks,
            limit: Limit::new(config.rate_per_second, config.rate_burst),
            refused: Arc::new(Refused::default()),
            working: Arc::new(Semaphore::new(config.requests_max)),
            timeout: time(config.timeout),
        });
        let server = Server {
            router: router(&desk),
            tls,
            connections_max: config.connections_max,
            header_timeout: time(config.header_timeout),
        };
        Ok(Self { desk, server, listen: config.listen.unwrap_or_else(usual_listen) })
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
        let thread = std::thread::Builder::new().name("api".to_owned()).spawn(move || {
            runtime.block_on(async move {
                match tokio::net::TcpListener::from_std(listener) {
                    Ok(listener) => {
                        let asked = async {
                            // A sender that is gone asks for the same.
                            let _ = stopped.await;
                        };
                        self.serve(listener, asked).await;
                    }
                    Err(error) => tracing::error!(%error, "the API cannot listen"),
                }
            });
        })?;
        Ok(Running { address, stop, thread })
    }

    /// Answers until `stop` is ready, and ends in order.
    async fn serve(self, listener: tokio::net::TcpListener, stop: impl Future<Output = ()>) {
        let Self { desk, server, .. } = self;
        let noting = async {
            loop {
                tokio::time::sleep(LOOK).await;
                desk.note(desk.refused.due(desk.now()));
            }
        };
        tokio::select! {
            () = server.run(listener, stop) => {}
            () = noting => {}
        }
        desk.note_now(desk.refused.rest()).await;
    }
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
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
