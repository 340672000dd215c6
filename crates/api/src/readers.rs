//! Reading the store beside its writer: a few connections, used by turns, on threads that may wait for a disk.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use gridtap_store::{Store, StoreError};
use tokio::sync::Semaphore;

use crate::problem::Problem;

/// Connections that read at once.
const READERS_MAX: usize = 4;

/// The connections.
#[derive(Debug, Clone)]
pub(crate) struct Readers(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    directory: PathBuf,
    idle: Mutex<Vec<Store>>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(directory: PathBuf) -> Self {
        let turns = Arc::new(Semaphore::new(READERS_MAX));
        Self(Arc::new(Shelf { directory, idle: Mutex::default(), turns }))
    }

    /// Asks the store something.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Problem> {
        let shelf = Arc::clone(&self.0);
        // The turn goes along: whoever stops waiting does not free the thread that still reads.
        let turn = Arc::clone(&shelf.turns).acquire_owned().await;
        let turn = turn.map_err(|_| Problem::busy())?;
        let asked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            let idle = shelf.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let store = match idle {
                Some(store) => store,
                None => Store::read(&shelf.directory)?,
            };
            let answer = ask(&store)?;
            // A connection that failed is not used again.
            shelf.idle.lock().unwrap_or_else(PoisonError::into_inner).push(store);
            Ok::<_, StoreError>(answer)
        });
        asked.await.map_err(|_| Problem::store_down())?.map_err(|error| Problem::store(&error))
    }
}
