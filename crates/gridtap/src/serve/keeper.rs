//! What is due by the clock: shelved things come back, what was long quiet is over, figures are read out, old things
//! are forgotten.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gridtap_model::{Severity, State, Timestamp};
use gridtap_store::{Audit, Handle, Pruned, Retention, Store, StoreError};
use gridtap_telemetry::{AnomalyAcknowledged, Metrics, Queue, StoreWriteFailed, Stored};
use serde_json::json;

use crate::planned;
use crate::serve::health::Health;
use crate::serve::live::Live;
use crate::serve::settings::Size;

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);

/// How often it forgets what may be forgotten, in looks.
const PRUNE_EVERY: u64 = 600;

/// So many parts of what may go with one look.
const PARTS_MAX: u32 = 20;

/// How long the deliveries of inbound hooks are remembered (24 h).
const HOOKS_NS: u64 = 24 * 3600 * 1_000_000_000;

/// So many at once: the rest a second later.
const CLEARED_MAX: u32 = 500;

pub(crate) struct Keeper {
    pub directory: PathBuf,
    pub handle: Handle,
    pub metrics: Metrics,
    pub health: Arc<Health>,
    pub live: Live,
    pub is_stopped: Arc<AtomicBool>,
    /// What the interface tells of the sensor.
    pub board: gridtap_api::Health,
}

impl Keeper {
    /// Keeps house until it is stopped.
    pub(crate) fn run(self) {
        let mut reader = None;
        let mut was_degraded = false;
        let mut look = 0_u64;
        let mut counted = None;
        let mut is_large = false;
        while !self.is_stopped.load(Ordering::Relaxed) {
            let housed = self.house(look.is_multiple_of(PRUNE_EVERY) || is_large);
            if let Err(error) = &housed {
                self.metrics.record(&StoreWriteFailed { error: &error.to_string() });
            }
            self.health.trouble("house", housed.err().map(|error| error.to_string()));
            was_degraded = self.tell_of_health(was_degraded);
            let settings = self.live.get();
            self.health.out_of_service(planned::out_of_service(&settings));
            self.board.set(self.health.condition(&settings.service.name, &settings.detect.sensor));
            let figures = self.figures(&mut reader);
            match figures.and_then(|stored| {
                self.acknowledged(reader.as_ref(), &mut counted).map(|()| stored)
            }) {
                Ok(stored) => {
                    let size_max = settings.service.size_max.map(Size::octets);
                    is_large = size_max.is_some_and(|most| stored.size_bytes > most);
                    self.metrics.stored(stored);
                }
                Err(error) => tracing::debug!("the figures of the store cannot be read: {error}"),
            }
            look = look.wrapping_add(1);
            std::thread::sleep(EVERY);
        }
    }

    fn house(&self, forgets: bool) -> Result<(), StoreError> {
        let heard = self.health.last_packet();
        let clear_after = self.live.get().service.clear_after.nanos();
        self.handle.run(move |batch| {
            batch.unshelve_due()?;
            if let Some(heard) = heard.filter(|_| clear_after > 0) {
                batch.clear_quiet(heard.minus_ns(clear_after), CLEARED_MAX)?;
            }
            Ok::<_, StoreError>(())
        })?;
        if forgets {
            self.forget()?;
        }
        Ok(())
    }

    /// Lets go what retention lets go, and says when that is not enough.
    fn forget(&self) -> Result<(), StoreError> {
        let service = &self.live.get().service;
        let (keep_ns, commands_max) = (service.keep.nanos(), service.commands_max);
        let octets_max = service.size_max.map_or(u64::MAX, Size::octets);
        self.handle.run(|batch| batch.forget_hooks(batch.now().minus_ns(HOOKS_NS)))?;
        // Part by part, so that nobody waits long for the store; the rest with the next look.
        for _ in 0..PARTS_MAX {
            let kept = self.handle.run(move |batch| {
                let before = batch.now().minus_ns(keep_ns);
                batch.retain(Retention { before, octets_max, commands_max }, &by_retention())
            })?;
            if kept.pruned == Pruned::default() {
                let held = (kept.held_over > 0).then(|| {
                    let limit = service.size_max.map(|size| size.to_string()).unwrap_or_default();
                    format!(
                        "the state is {} MiB above service.size_max = {limit}, and all that is left in it is held: close \
                         anomalies that are done with, or raise the limit",
                        kept.held_over.div_ceil(1 << 20)
                    )
                });
                self.health.trouble("retention", held);
                break;
            }
        }
        Ok(())
    }

    /// Tells those who subscribed when the sensor's own state changes. Whether it is degraded.
    fn tell_of_health(&self, was_degraded: bool) -> bool {
        let troubles = self.health.troubles();
        let is_degraded = !troubles.is_empty();
        if is_degraded == was_degraded {
            return is_degraded;
        }
        let (kind, severity) = if is_degraded {
            ("sensor.degraded", Severity::High)
        } else {
            ("sensor.recovered", Severity::Info)
        };
        let data = json!({ "severity": severity.name(), "troubles": troubles });
        let told = self.handle.run(move |batch| batch.announce_other(kind, severity, &data));
        match told {
            Ok(()) => is_degraded,
            // It is tried again with the next look: the store is what is in trouble.
            Err::<_, StoreError>(_) => was_degraded,
        }
    }

    /// Counts what was acknowledged since the last look, by whichever way it came; `counted` is how far that is.
    fn acknowledged(
        &self,
        reader: Option<&Store>,
        counted: &mut Option<i64>,
    ) -> Result<(), StoreError> {
        let Some(store) = reader else { return Ok(()) };
        // What was acknowledged before this start was counted then.
        let place = counted.unwrap_or(i64::MAX);
        let (acknowledged, newest) = store.acknowledged_after(place)?;
        for each in &acknowledged {
            self.metrics.record(&AnomalyAcknowledged {
                id: &each.anomaly,
                by: &each.who,
                delay_ns: each.delay_ns,
            });
        }
        *counted = Some(newest);
        Ok(())
    }

    fn figures(&self, reader: &mut Option<Store>) -> Result<Stored, StoreError> {
        let store = match reader {
            Some(store) => store,
            None => reader.insert(Store::read(&self.directory)?),
        };
        let mut stored = Stored { size_bytes: store.octets()?, ..Stored::default() };
        stored.available_bytes = available(&self.directory);
        for (state, severity, count, oldest) in store.standings()? {
            stored.anomalies.insert((state, severity), count);
            if matches!(state, State::UnacknowledgedActive | State::UnacknowledgedCleared) {
                let since = stored.oldest.entry(severity).or_insert(oldest);
                *since = Timestamp::min(*since, oldest);
            }
        }
        stored.suppressed = store.suppressed()?.into_iter().collect();
        stored.audit_records = store.audit_rows()?;
        stored.queues = store
            .queues()?
            .into_iter()
            .map(|queue| Queue {
                endpoint: queue.endpoint,
                length: queue.waiting,
                oldest: queue.oldest,
            })
            .collect();
        Ok(stored)
    }
}

/// Whose doing it is that something is forgotten.
fn by_retention() -> Audit {
    Audit {
        who: "gridtap".to_owned(),
        role: String::new(),
        via: "retention".to_owned(),
        action: "prune".to_owned(),
        subject: "state".to_owned(),
        outcome: "done".to_owned(),
        detail: String::new(),
    }
}

/// The octets that the file system of a directory has left for this user.
fn available(directory: &std::path::Path) -> Option<u64> {
    let found = nix::sys::statvfs::statvfs(directory).ok()?;
    Some(found.blocks_available().saturating_mul(found.fragment_size()))
}
