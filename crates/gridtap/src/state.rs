//! Between the baseline and the rows of the store.

use std::collections::BTreeMap;
use std::path::Path;

use gridtap_baseline::{Baseline, FORMAT, Meta, Row};
use gridtap_store::{Batch, Store, StoreError, VERSION};

use crate::failure::{Exit, Failure};
use crate::person;

/// Opens a state for reading, beside a writer if there is one. One that an older gridtap wrote is brought up to date
/// first.
pub(crate) fn read(directory: &Path) -> Result<Store, Failure> {
    let store = Store::read(directory)?;
    if store.version()? >= VERSION {
        return Ok(store);
    }
    drop(store);
    drop(Store::open(directory, person::now())?);
    Ok(Store::read(directory)?)
}

/// Opens a state for writing, which must be there.
pub(crate) fn existing(directory: &Path) -> Result<Store, StoreError> {
    // A reader's refusal of what is not there is the right one; it must not be made here.
    drop(Store::read(directory)?);
    Store::open(directory, person::now())
}

/// Gives a baseline what the state knows.
pub(crate) fn restore(store: &Store, baseline: &mut Baseline) -> Result<(), Failure> {
    let meta = match store.baseline_state()? {
        Some((format, _)) if format > FORMAT => {
            return Err(damaged(
                store,
                format_args!("its baseline is in form {format}, this gridtap reads up to {FORMAT}"),
            ));
        }
        Some((_, text)) => {
            let meta: Meta = serde_json::from_str(&text).map_err(|error| damaged(store, error))?;
            Some(meta)
        }
        None => None,
    };
    let mut is_empty = meta.is_none();
    if !is_empty {
        baseline.begin_restoring(meta).map_err(|error| damaged(store, error))?;
    }
    // Never all at once: their texts take several times what they become.
    let fault = store.each_baseline_row(|_, text| {
        let mut restore = || {
            if core::mem::take(&mut is_empty) {
                baseline.begin_restoring(None).map_err(|error| damaged(store, error))?;
            }
            let row: Row = serde_json::from_str(text).map_err(|error| damaged(store, error))?;
            baseline.restore_row(&row).map_err(|error| damaged(store, error))
        };
        restore().err()
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if !is_empty {
        baseline.end_restoring();
    }
    Ok(())
}

/// The learned keys of a state.
pub(crate) fn rows(store: &Store) -> Result<Vec<Row>, Failure> {
    let rows = store.baseline_rows()?;
    rows.iter()
        .map(|(_, row)| serde_json::from_str(row).map_err(|error| damaged(store, error)))
        .collect()
}

/// Rows of values that are in memory at once; in each are those of up to 64 points.
const VALUES_AT_ONCE: usize = 256;

/// What the baseline has learned since this was last asked: each changed key with its row, or without one where it was
/// forgotten.
pub(crate) struct Changes {
    pub rows: BTreeMap<String, Option<String>>,
    /// More was learned of values than is taken at once.
    pub is_more: bool,
}

/// What the baseline has learned. With `new_only`, only what is new or was forgotten.
pub(crate) fn changes(baseline: &mut Baseline, new_only: bool) -> Result<Changes, Failure> {
    let mut rows: BTreeMap<String, Option<String>> =
        baseline.take_removed().into_iter().map(|key| (key, None)).collect();
    let values = if new_only { Vec::new() } else { baseline.dirty_values(VALUES_AT_ONCE) };
    let is_more = values.len() >= VALUES_AT_ONCE;
    for row in baseline.dirty_rows(new_only).into_iter().chain(values) {
        let text = serde_json::to_string(&row)?;
        rows.insert(row.key, Some(text));
    }
    Ok(Changes { rows, is_more })
}

/// Stores everything that the baseline has learned since it was last stored.
pub(crate) fn keep(batch: &mut Batch<'_>, baseline: &mut Baseline) -> Result<(), Failure> {
    loop {
        let Changes { rows, is_more } = changes(baseline, false)?;
        for (key, row) in rows {
            match row {
                Some(row) => batch.baseline_row(&key, &row)?,
                None => batch.forget_baseline_row(&key)?,
            }
        }
        if !is_more {
            break;
        }
    }
    batch.baseline_state(FORMAT, &serde_json::to_string(&baseline.meta())?)?;
    Ok(())
}

pub(crate) fn damaged(store: &Store, cause: impl std::fmt::Display) -> Failure {
    let error =
        StoreError::Damaged { directory: store.directory().to_owned(), cause: cause.to_string() };
    Failure { exit: Exit::Store, error: error.into() }
}
