//! The settings that hold now: a reload puts others in their place.

use std::sync::{Arc, PoisonError, RwLock};

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
}
