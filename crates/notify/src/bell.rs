//! Wakes the threads of deliveries when something may have changed.

use core::time::Duration;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A bell that anyone may ring and many may hear. It is made before the store's writer, which rings it after each
/// commit.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Counts the rings, so that none is missed between looking and waiting.
    rings: Mutex<u64>,
    changed: Condvar,
}

impl Bell {
    /// Says that there may be something to do.
    pub fn ring(&self) {
        let mut rings = self.locked();
        *rings = rings.wrapping_add(1);
        self.0.changed.notify_all();
    }

    /// How often it rang.
    pub(crate) fn rings(&self) -> u64 {
        *self.locked()
    }

    /// Waits for another ring than those that were `heard`, or for so long.
    pub(crate) fn wait(&self, heard: u64, longest: Duration) {
        // Whatever woke it, the caller looks for itself.
        let _ = self.0.changed.wait_timeout_while(self.locked(), longest, |rings| *rings == heard);
    }

    fn locked(&self) -> MutexGuard<'_, u64> {
        self.0.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
