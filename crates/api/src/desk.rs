//! What every request needs, in one place.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use gridtap_model::Timestamp;
use gridtap_notify::Couriers;
use gridtap_store::{Audit, Batch, Handle, StoreError};
use gridtap_telemetry::Metrics;
use tokio::sync::Semaphore;

use crate::access::{Access, Caller};
use crate::config::source_of;
use crate::decide::Decisions;
use crate::health::Health;
use crate::hook::Hooks;
use crate::limit::Limit;
use crate::network::Network;
use crate::page::Gate;
use crate::page::runbook::Guide;
use crate::problem::Problem;
use crate::readers::Readers;
use crate::refused::Refused;
use crate::role::Role;
use crate::server::Counts;

/// The clock of this machine, as nanoseconds since 1970.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Peer {
    /// Nobody knows of a request that came by no connection: it is treated as one from anywhere.
    pub(crate) fn of(request: &Request) -> Self {
        let unknown = Self(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        request.extensions().get().copied().unwrap_or(unknown)
    }

    /// As far as limits and the audit log are concerned.
    pub(crate) fn source(self) -> IpAddr {
        source_of(self.0)
    }
}

/// What every request needs.
pub(crate) struct Desk {
    pub(crate) readers: Readers,
    pub(crate) handle: Handle,
    pub(crate) clock: Clock,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) network: Network,
    pub(crate) decisions: Decisions,
    pub(crate) access: Access,
    pub(crate) hooks: Hooks,
    pub(crate) couriers: Couriers,
    pub(crate) guides: Arc<[Guide]>,
    pub(crate) limit: Limit<IpAddr>,
    pub(crate) gate: Gate,
    pub(crate) refused: Arc<Refused>,
    pub(crate) working: Arc<Semaphore>,
    /// How many of these each source has, and how many it may have.
    pub(crate) working_of: Counts,
    pub(crate) working_of_one: usize,
    pub(crate) timeout: std::time::Duration,
}

/// Writes that wait for the store at once are bounded by the requests that are worked on at once.
impl Desk {
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Has the store's own thread do something, and waits until it is on the disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Batch<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let handle = self.handle.clone();
        let written = tokio::task::spawn_blocking(move || handle.run(job)).await;
        written.map_err(|_| Problem::store_down())?.map_err(|error| Problem::store(&error))
    }

    /// Who asks, if it may.
    pub(crate) fn caller(&self, request: &Request, needed: Role) -> Result<Caller, Problem> {
        let peer = Peer::of(request);
        let caller = self.access.caller(request.headers(), needed).inspect_err(|_| {
            self.note(self.refused.count("api", peer.source(), "unauthorized", self.now()));
        })?;
        if caller.role >= needed {
            return Ok(caller);
        }
        self.note_role("api", &caller, needed, request);
        let (role, needed) = (caller.role.name(), needed.name());
        Err(Problem::forbidden(format!(
            "this needs the role {needed}, and this token has the role {role}"
        )))
    }

    /// Writes down that somebody asked for more than their role may do.
    pub(crate) fn note_role(&self, via: &str, caller: &Caller, needed: Role, request: &Request) {
        let source = Peer::of(request).source();
        let (is_single, mut rows) = self.refused.is_single(via, source, "role", self.now());
        if is_single {
            rows.push(Audit {
                who: caller.name.clone(),
                role: caller.role.name().to_owned(),
                via: via.to_owned(),
                action: request.method().as_str().to_owned(),
                subject: bounded(request.uri().path()),
                outcome: format!("refused: needs the role {}", needed.name()),
                detail: String::new(),
            });
        }
        self.note(rows);
    }

    /// Writes rows of the audit log when the store comes to it; nobody waits for it.
    pub(crate) fn note(&self, rows: Vec<Audit>) {
        if rows.is_empty() {
            return;
        }
        let handle = self.handle.clone();
        tokio::task::spawn_blocking(move || write_down(&handle, &rows));
    }

    /// Writes rows of the audit log.
    pub(crate) async fn note_now(&self, rows: Vec<Audit>) {
        if rows.is_empty() {
            return;
        }
        let handle = self.handle.clone();
        // Why it failed is in the log by then, and there is nobody else to tell.
        let _ = tokio::task::spawn_blocking(move || write_down(&handle, &rows)).await;
    }
}

fn write_down(handle: &Handle, rows: &[Audit]) {
    let rows = rows.to_vec();
    let written = handle.run(move |batch| rows.iter().try_for_each(|row| batch.audit(row)));
    if let Err(error) = written {
        tracing::error!(%error, "refused requests could not be written into the audit log");
    }
}

/// Text of a caller as much of it as the audit log keeps.
pub(crate) fn bounded(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(128).collect()
}
