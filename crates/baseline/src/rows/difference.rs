//! What differs between two baselines.

use std::collections::BTreeMap;

use super::Row;

/// How two baselines differ in one key.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Difference {
    /// Only the second has it.
    Added(Row),
    /// Only the first has it.
    Removed(Row),
    /// Both have it, and what people decided about it differs, or whether it is held.
    Changed {
        /// As the first has it.
        before: Box<Row>,
        /// As the second has it.
        after: Box<Row>,
    },
}

/// What differs between two baselines, by key.
#[must_use]
pub fn diff(before: &[Row], after: &[Row]) -> Vec<Difference> {
    let mut keys: BTreeMap<&str, (Option<&Row>, Option<&Row>)> = BTreeMap::new();
    for row in before {
        keys.entry(&row.key).or_default().0 = Some(row);
    }
    for row in after {
        keys.entry(&row.key).or_default().1 = Some(row);
    }
    let standing = |row: &Row| (row.is_held(), row.is_signed_off(), row.acceptance.clone());
    let differences = keys.into_values().filter_map(|(before, after)| match (before, after) {
        (None, Some(after)) => Some(Difference::Added(after.clone())),
        (Some(before), None) => Some(Difference::Removed(before.clone())),
        (Some(before), Some(after)) if standing(before) != standing(after) => {
            Some(Difference::Changed {
                before: Box::new(before.clone()),
                after: Box::new(after.clone()),
            })
        }
        _ => None,
    });
    differences.collect()
}
