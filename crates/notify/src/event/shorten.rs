//! Making a body fit, in an order that loses least.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What finds and ranks an anomaly, or says what else is gone: it stays whatever happens.
const KEPT: [&str; 14] = [
    "id",
    "incident",
    "revision",
    "state",
    "time",
    "last_time",
    "count",
    "detection",
    "severity",
    "site",
    "sensor",
    "links",
    "anomalies",
    "shortened",
];

/// What ends a text that was cut.
const MARK: char = '…';

/// One step: the longest that lists and texts may be after it.
struct Step {
    items_max: usize,
    characters_max: usize,
}

const STEPS: [Step; 4] = [
    Step { items_max: 16, characters_max: usize::MAX },
    Step { items_max: 16, characters_max: 1_000 },
    Step { items_max: 4, characters_max: 1_000 },
    Step { items_max: 4, characters_max: 200 },
];

/// Shortens the data of a body until its text has at most `octets_max`, or nothing is left that may go.
pub(super) fn to_fit(body: &mut Value, octets_max: usize) {
    let mut shortened = BTreeSet::new();
    for step in STEPS {
        let Some(data) = data(body) else { return };
        for (name, value) in data.iter_mut().filter(|(name, _)| *name != "anomalies") {
            if cut(value, &step) {
                shortened.insert(name.clone());
            }
        }
        if fits(body, &shortened, octets_max) {
            return;
        }
    }
    loop {
        let Some(data) = data(body) else { return };
        let longest = data
            .iter()
            .filter(|(name, _)| !KEPT.contains(&name.as_str()))
            .max_by_key(|(_, value)| value.to_string().len())
            .map(|(name, _)| name.clone());
        let Some(name) = longest else { return };
        data.remove(&name);
        shortened.insert(name);
        if fits(body, &shortened, octets_max) {
            return;
        }
    }
}

fn data(body: &mut Value) -> Option<&mut Map<String, Value>> {
    body.get_mut("data").and_then(Value::as_object_mut)
}

/// Writes down what lost something, and whether it is enough.
fn fits(body: &mut Value, shortened: &BTreeSet<String>, octets_max: usize) -> bool {
    if let Some(data) = data(body) {
        let names = shortened.iter().cloned().map(Value::String).collect();
        data.insert("shortened".to_owned(), Value::Array(names));
    }
    body.to_string().len() <= octets_max
}

/// Cuts lists and texts, at any depth; whether anything was lost.
fn cut(value: &mut Value, step: &Step) -> bool {
    match value {
        Value::String(text) => cut_text(text, step.characters_max),
        Value::Array(items) => {
            let is_cut = items.len() > step.items_max;
            items.truncate(step.items_max);
            items.iter_mut().fold(is_cut, |is_cut, item| cut(item, step) | is_cut)
        }
        Value::Object(fields) => {
            fields.values_mut().fold(false, |is_cut, field| cut(field, step) | is_cut)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn cut_text(text: &mut String, characters_max: usize) -> bool {
    let Some((end, _)) = text.char_indices().nth(characters_max) else { return false };
    // The mark takes the place of the last character that would have fitted.
    let end = text.get(..end).and_then(|kept| kept.char_indices().last()).map_or(0, |(at, _)| at);
    text.truncate(end);
    text.push(MARK);
    true
}
