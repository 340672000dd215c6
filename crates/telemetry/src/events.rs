//! What happens one at a time: each event is one struct, logged and counted by one call.

use gridtap_model::Severity;

use crate::labels::{DeliveryResult, InboundResult, Label};
use crate::metrics::State;

/// Something that happened.
pub trait Event: sealed::Sealed {
    /// Writes it to the log.
    fn log(&self);
    #[doc(hidden)]
    fn count(&self, state: &mut State);
}

mod sealed {
    /// Events are listed here, so that what is counted has a row in the table.
    pub trait Sealed {}
    impl Sealed for super::AnomalyOpened<'_> {}
    impl Sealed for super::AnomalyAcknowledged<'_> {}
    impl Sealed for super::DeliveryTried<'_> {}
    impl Sealed for super::InboundAnswered<'_> {}
    impl Sealed for super::StoreWriteFailed<'_> {}
}

/// An anomaly was opened and stored.
#[derive(Debug, Clone, Copy)]
pub struct AnomalyOpened<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// The catalogue's id.
    pub detection: &'static str,
    /// How bad if true.
    pub severity: Severity,
    /// From its packet to its being stored; none where the packets are not heard as they come.
    pub delay_ns: Option<u64>,
}

impl Event for AnomalyOpened<'_> {
    fn log(&self) {
        let Self { id, detection, severity, delay_ns } = self;
        tracing::info!(id, detection, severity = severity.name(), delay_ns, "anomaly opened");
    }

    fn count(&self, state: &mut State) {
        let count = state.anomalies.entry((self.detection, self.severity)).or_default();
        *count = count.saturating_add(1);
        if let Some(ns) = self.delay_ns {
            state.detection_delay.add(ns);
        }
    }
}

/// An anomaly was acknowledged.
#[derive(Debug, Clone, Copy)]
pub struct AnomalyAcknowledged<'a> {
    /// Its identifier.
    pub id: &'a str,
    /// Who did it.
    pub by: &'a str,
    /// How long it had been open.
    pub delay_ns: u64,
}

impl Event for AnomalyAcknowledged<'_> {
    fn log(&self) {
        let Self { id, by, delay_ns } = self;
        tracing::info!(id, by, delay_ns, "anomaly acknowledged");
    }

    fn count(&self, state: &mut State) {
        state.acknowledge_delay.add(self.delay_ns);
    }
}

/// A delivery to an endpoint was tried.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryTried<'a> {
    /// The endpoint's name in the configuration.
    pub endpoint: &'a str,
    /// How it ended.
    pub result: DeliveryResult,
    /// What went wrong, in one sentence; empty where nothing did.
    pub error: &'a str,
}

impl Event for DeliveryTried<'_> {
    fn log(&self) {
        let Self { endpoint, result, error } = self;
        let result = result.name();
        if error.is_empty() {
            tracing::debug!(endpoint, result, "delivery tried");
        } else {
            tracing::warn!(endpoint, result, error, "delivery tried");
        }
    }

    fn count(&self, state: &mut State) {
        state.delivered(self.endpoint, self.result);
    }
}

/// A call of one of our web hooks was answered.
#[derive(Debug, Clone, Copy)]
pub struct InboundAnswered<'a> {
    /// The hook's name in the configuration; of a hook that is not there, any other.
    pub hook: &'a str,
    /// How.
    pub result: InboundResult,
}

impl Event for InboundAnswered<'_> {
    /// Refusals are quiet: whoever may call could fill the log. They are counted, and kept in the audit log.
    fn log(&self) {
        let Self { hook, result } = self;
        let result = result.name();
        tracing::debug!(hook, result, "web hook answered");
    }

    fn count(&self, state: &mut State) {
        state.inbound(self.hook, self.result);
    }
}

/// The store could not write.
#[derive(Debug, Clone, Copy)]
pub struct StoreWriteFailed<'a> {
    /// Why.
    pub error: &'a str,
}

impl Event for StoreWriteFailed<'_> {
    fn log(&self) {
        tracing::error!(error = self.error, "the store could not write");
    }

    fn count(&self, state: &mut State) {
        state.store_errors = state.store_errors.saturating_add(1);
    }
}
