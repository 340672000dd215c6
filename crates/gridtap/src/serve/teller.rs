//! The thread between the pipeline and the store: what was found is stored, and then told.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use gridtap_baseline::FORMAT;
use gridtap_model::{Anomaly, Timestamp};
use gridtap_store::{Event, Handle, StoreError, Told};
use gridtap_telemetry::{AnomalyOpened, Metrics, StoreWriteFailed};

use crate::serve::health::Health;
use crate::serve::news;
use crate::serve::outgoing::{Bundle, Outgoing};
use crate::{followed, person};

/// How long a store that failed is left alone before the next try.
const TROUBLE_WAIT: Duration = Duration::from_secs(1);

/// How often a store that fails is tried at the end, before what is left is given up and counted.
const LAST_TRIES: u32 = 5;

/// Stores and tells, until nothing more comes.
pub(crate) struct Teller {
    pub outgoing: Arc<Outgoing>,
    pub handle: Handle,
    pub metrics: Metrics,
    pub health: Arc<Health>,
    /// Whether each change is a line of JSON on standard output.
    pub prints: bool,
    /// Whether packets come at once, so that their time is this machine's.
    pub is_prompt: bool,
}

impl Teller {
    /// Everything until the end. How many findings could not be stored.
    pub(crate) fn run(mut self) -> u64 {
        let mut last_tries = 0_u32;
        while let Some(bundle) = self.outgoing.take() {
            let bundle = Arc::new(bundle);
            match self.store(&bundle) {
                Ok(told) => {
                    self.health.store_works();
                    bundle.decisions.iter().for_each(|due| due.told(Ok(())));
                    if bundle.slices_lost > 0 {
                        tracing::warn!(
                            slices = bundle.slices_lost,
                            "evidence was lost: the store was behind, and there was no room to hold it"
                        );
                    }
                    if bundle.commands_lost > 0 {
                        tracing::warn!(
                            commands = bundle.commands_lost,
                            "commands were not written down: the store was behind, and there was no room to hold them"
                        );
                    }
                    self.tell(&bundle.anomalies, &told);
                    last_tries = 0;
                }
                Err(error) => {
                    self.metrics.record(&StoreWriteFailed { error: &error.to_string() });
                    self.health.store_fails(&error);
                    let mut unwritten = Arc::unwrap_or_clone(bundle);
                    // Whoever waits for one is told, and may try again: it is not made behind their back.
                    for due in unwritten.decisions.drain(..) {
                        due.told(Err(error.clone()));
                    }
                    if self.outgoing.is_closed() {
                        last_tries = last_tries.saturating_add(1);
                        if last_tries > LAST_TRIES {
                            return u64::try_from(unwritten.anomalies.len()).unwrap_or(u64::MAX);
                        }
                        std::thread::sleep(TROUBLE_WAIT);
                    }
                    self.outgoing.put_back(unwritten);
                    self.outgoing.rest(TROUBLE_WAIT);
                }
            }
        }
        0
    }

    fn store(&self, bundle: &Arc<Bundle>) -> Result<Vec<Told>, StoreError> {
        let bundle = Arc::clone(bundle);
        self.handle.run(move |batch| {
            let mut told = Vec::with_capacity(bundle.anomalies.len());
            for anomaly in &bundle.anomalies {
                told.push(batch.anomaly(anomaly)?);
            }
            for (key, row) in &bundle.rows {
                match row {
                    Some(row) => batch.baseline_row(key, row)?,
                    None => batch.forget_baseline_row(key)?,
                }
            }
            for due in &bundle.decisions {
                due.planned.store(batch)?;
            }
            if let Some(text) = &bundle.baseline {
                batch.baseline_state(FORMAT, text)?;
            }
            for event in &bundle.events {
                batch.announce_other(event.kind, event.severity, &event.data)?;
            }
            if let Some(text) = &bundle.devices {
                batch.meta(news::META, text)?;
            }
            if let Some(text) = &bundle.followed {
                batch.meta(followed::META, text)?;
            }
            for capture in &bundle.captures {
                batch.capture(capture)?;
            }
            for row in &bundle.commands {
                batch.command(&row.commanded, row.anomaly.as_deref())?;
            }
            for (id, slice) in &bundle.evidence {
                batch.evidence_of_origin(&id.to_string(), slice)?;
            }
            Ok(told)
        })
    }

    fn tell(&mut self, anomalies: &[Anomaly], told: &[Told]) {
        let now = person::now();
        let mut text = String::new();
        for (anomaly, told) in anomalies.iter().zip(told) {
            if told.event == Some(Event::Opened) {
                self.metrics.record(&AnomalyOpened {
                    id: &told.standpoint.id,
                    detection: anomaly.detection,
                    severity: anomaly.severity,
                    delay_ns: self.is_prompt.then(|| delay(anomaly.time, now)),
                });
            }
            if told.event == Some(Event::Suppressed) {
                let (id, by) = (&told.standpoint.id, &told.standpoint.suppressed);
                tracing::info!(id, detection = anomaly.detection, by, "anomaly suppressed");
            }
            // What was declared beforehand alarms nobody.
            if self.prints && told.event.is_some() && told.standpoint.suppressed.is_none() {
                text.push_str(&told.standpoint.record);
                text.push('\n');
            }
        }
        if !text.is_empty() {
            let mut out = io::stdout().lock();
            // Nobody reads: it is stored, and those who subscribed are told all the same.
            self.prints = out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok();
        }
    }
}

fn delay(from: Timestamp, to: Timestamp) -> u64 {
    to.since_ns(from)
}
