//! Facts as rows.

use gridtap_model::Timestamp;

use super::Row;
use crate::baseline::Baseline;
use crate::facts::{Fact, FactKey, FactKind};
use crate::path::{self, KeyError, Path};

/// What the rows of facts begin with.
pub(super) const FACT: &str = "fact|";

impl Baseline {
    pub(super) fn fact_row(&self, key: &FactKey) -> Option<Row> {
        let fact = self.facts.get(key)?;
        let device = Path::Device(key.device).text(&self.tables.names);
        let master = key.master.map_or_else(|| "-".to_owned(), |master| master.to_string());
        Some(Row {
            key: format!("{FACT}{}|{}|{master}|{device}", key.kind.name(), key.detail),
            first_ns: fact.first.nanos(),
            last_ns: fact.last.nanos(),
            count: fact.count,
            blocks: 0,
            block: 0,
            flags: 0,
            value: None,
            acceptance: None,
            against: (fact.against > 0).then_some(fact.against),
            text: (!fact.text.is_empty()).then(|| fact.text.clone()),
            cadence: None,
        })
    }

    pub(super) fn dirty_facts(&mut self, new_only: bool) -> Vec<Row> {
        let fresh = core::mem::take(&mut self.facts.fresh);
        let keys = if new_only { fresh } else { core::mem::take(&mut self.facts.dirty) };
        for key in &keys {
            if let Some(fact) = self.facts.get_mut(key) {
                fact.fresh = false;
                fact.dirty &= new_only;
            }
        }
        keys.iter().filter_map(|key| self.fact_row(key)).collect()
    }

    pub(super) fn restore_fact(&mut self, text: &str, row: &Row) -> Result<(), KeyError> {
        let wrong = || KeyError::new(&row.key, "fact");
        let mut parts = text.splitn(4, '|');
        let kind = parts.next().and_then(FactKind::of).ok_or_else(wrong)?;
        let detail = parts.next().and_then(|detail| detail.parse().ok()).ok_or_else(wrong)?;
        let master = match parts.next().ok_or_else(wrong)? {
            "-" => None,
            address => Some(address.parse().map_err(|_| wrong())?),
        };
        let Path::Device(device) = path::parse(parts.next().ok_or_else(wrong)?)?.path else {
            return Err(wrong());
        };
        let fact = Fact {
            count: row.count,
            against: row.against.unwrap_or(0),
            text: row.text.clone().unwrap_or_default(),
            first: Timestamp::from_nanos(row.first_ns),
            last: Timestamp::from_nanos(row.last_ns),
            dirty: false,
            fresh: false,
        };
        self.facts.put(FactKey { kind, device, master, detail }, fact);
        Ok(())
    }
}
