//! Everyone who is told, for whoever lists them or tries one: the same as those that deliver.

use std::sync::{Arc, PoisonError, RwLock};

use gridtap_model::Timestamp;
use gridtap_store::{Store, StoreError};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::courier::Courier;

/// The endpoints of now. Whoever has it sees those of the next settings too.
#[derive(Clone, Default)]
pub struct Couriers(Arc<RwLock<Vec<Arc<Courier>>>>);

/// How it is with one endpoint. Nothing in it is a secret: of its URL the host and the port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointStatus {
    /// Its name in the settings.
    pub name: String,
    /// What it understands.
    pub format: String,
    /// Host and port.
    pub target: String,
    /// Whether anything is sent to it.
    pub enabled: bool,
    /// Why not.
    pub disabled: Option<String>,
    /// Deliveries that wait, those for a digest too.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    #[serde(deserialize_with = "moment")]
    pub oldest: Option<Timestamp>,
    /// When the next is tried.
    #[serde(deserialize_with = "moment")]
    pub next: Option<Timestamp>,
    /// Deliveries that were given up.
    pub failed: u64,
    /// When it last took something.
    #[serde(deserialize_with = "moment")]
    pub last_success: Option<Timestamp>,
    /// What went wrong with the newest of what it has not taken.
    pub last_error: Option<String>,
    /// What it answered to that.
    pub last_status: Option<u16>,
}

/// RFC 3339, as it is written.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let moment: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
    let nanos = i64::try_from(moment.as_nanosecond()).map_err(D::Error::custom)?;
    Ok(Some(Timestamp::from_nanos(nanos)))
}

impl Couriers {
    /// These.
    #[must_use]
    pub fn new(couriers: Vec<Courier>) -> Self {
        let all = Self::default();
        all.set(couriers);
        all
    }

    /// From now on these.
    pub fn set(&self, couriers: Vec<Courier>) {
        let couriers = couriers.into_iter().map(Arc::new).collect();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = couriers;
    }

    /// All of them, in the order of the settings.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Courier>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The one of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Arc<Courier>> {
        self.all().into_iter().find(|courier| courier.endpoint().name == name)
    }

    /// How it is with each; without a store, as it is with those to whom nothing was ever owed.
    ///
    /// # Errors
    ///
    /// The database cannot read.
    pub fn statuses(&self, store: Option<&Store>) -> Result<Vec<EndpointStatus>, StoreError> {
        let queues = store.map(Store::queues).transpose()?.unwrap_or_default();
        let status = |courier: Arc<Courier>| {
            let endpoint = courier.endpoint();
            let queue = queues.iter().find(|queue| queue.endpoint == endpoint.name);
            let reached = store.map(|store| store.reached(&endpoint.name)).transpose()?;
            let reached = reached.unwrap_or_default();
            let next = store.map(|store| store.next_due(&endpoint.name)).transpose()?;
            let disabled = queue.and_then(|queue| queue.disabled.clone());
            Ok(EndpointStatus {
                name: endpoint.name.clone(),
                format: endpoint.format.name().to_owned(),
                target: courier.client().place(),
                enabled: disabled.is_none(),
                disabled,
                waiting: queue.map_or(0, |queue| queue.waiting),
                oldest: queue.and_then(|queue| queue.oldest),
                next: next.flatten(),
                failed: reached.failed,
                last_success: reached.delivered,
                last_error: reached.error,
                last_status: reached.status,
            })
        };
        self.all().into_iter().map(status).collect()
    }
}
