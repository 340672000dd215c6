//! The settings that hold now, and what of them the thread that hears has still to take.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use gridtap_baseline::Site;
use gridtap_detect::Planned;

use crate::settings::Settings;

/// The settings that hold now. All clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Live(Arc<RwLock<Arc<Settings>>>);

impl Live {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(settings.clone()))))
    }

    pub(crate) fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, settings: Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }
}

/// What changes for the thread that hears.
#[derive(Debug)]
pub(crate) struct Change {
    /// What the site file declares, where that may change.
    pub site: Option<Site>,
    /// What is declared beforehand.
    pub planned: Planned,
    /// After how long a silence is told.
    pub silent_after: Duration,
}

/// Where a change lies until the thread that hears comes by: between two packets, and at the price of one look. All
/// clones are one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Inbox(Arc<Letter>);

#[derive(Debug, Default)]
struct Letter {
    is_there: AtomicBool,
    /// Nobody comes by any more.
    is_closed: AtomicBool,
    change: Mutex<Option<Change>>,
}

impl Inbox {
    /// Leaves a change, in the place of one that nobody took yet.
    pub(crate) fn put(&self, change: Change) {
        *self.0.change.lock().unwrap_or_else(PoisonError::into_inner) = Some(change);
        self.0.is_there.store(true, Ordering::Release);
    }

    /// Takes the change, where there is one.
    pub(crate) fn take(&self) -> Option<Change> {
        if !self.0.is_there.swap(false, Ordering::Acquire) {
            return None;
        }
        self.0.change.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Nothing is heard any more: what comes now changes nothing.
    pub(crate) fn close(&self) {
        self.0.is_closed.store(true, Ordering::Release);
    }

    /// Whether it was taken, or need not be.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_closed.load(Ordering::Acquire) || !self.0.is_there.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_change_is_taken_once() {
        let inbox = Inbox::default();
        assert!(inbox.take().is_none());
        for seconds in [1, 2] {
            let silent_after = Duration::from_secs(seconds);
            inbox.put(Change { site: None, planned: Planned::default(), silent_after });
        }
        assert!(!inbox.is_empty());
        assert_eq!(inbox.take().unwrap().silent_after, Duration::from_secs(2));
        assert!(inbox.is_empty() && inbox.take().is_none());
        inbox.put(Change { site: None, planned: Planned::default(), silent_after: Duration::ZERO });
        assert!(!inbox.is_empty());
        inbox.close();
        assert!(inbox.is_empty(), "nobody is waited for that comes no more");
    }
}
