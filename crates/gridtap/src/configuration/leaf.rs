//! One setting, wherever it was written.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;
use toml::de::{DeArray, DeTable, DeValue};

use super::fault::Fault;
use super::tree::{Node, Step, is_tables};

const PREFIX: &str = "GRIDTAP_";
const SEPARATOR: &str = "__";

/// Whether a variable of the environment names a setting: `GRIDTAP_A__B`. (One without the double underscore,
/// such as `GRIDTAP_STATE`, stands for an argument.)
pub(crate) fn names_setting(variable: &str) -> bool {
    variable.strip_prefix(PREFIX).is_some_and(|rest| rest.contains(SEPARATOR))
}

/// One setting: its path, what was written, and where.
#[derive(Debug)]
pub(crate) struct Leaf {
    path: Vec<String>,
    /// Readings of what was written, the likeliest first.
    readings: Vec<Value>,
    place: String,
}

impl Leaf {
    /// From `a.b=value`.
    pub(crate) fn of_argument(text: &str) -> Result<Self, Fault> {
        let place = format!("--set {text}");
        let Some((key, value)) = text.split_once('=') else {
            return Err(Fault::new(
                &place,
                "a setting is written KEY=VALUE, such as baseline.block=10s",
            ));
        };
        let path: Vec<String> = key.trim().split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return Err(Fault::new(
                &place,
                "a key is names with full stops between them, such as baseline.block",
            ));
        }
        Ok(Self { path, readings: readings(value), place })
    }

    /// From a variable of the environment.
    pub(crate) fn of_variable(name: &str, value: &str) -> Result<Self, Fault> {
        let path = name
            .strip_prefix(PREFIX)
            .unwrap_or(name)
            .split(SEPARATOR)
            .map(str::to_ascii_lowercase)
            .collect();
        Ok(Self { path, readings: readings(value), place: format!("environment {name}") })
    }

    /// Its key with full stops.
    fn key(&self) -> String {
        self.path.join(".")
    }

    /// What it writes, where the settings have such a key and take such a value.
    pub(crate) fn node<T: Default + Serialize + DeserializeOwned>(&self) -> Result<Node, Fault> {
        Ok(Node::of(self.check::<T>()?, &self.place).below(&self.path))
    }

    fn check<T: Default + Serialize + DeserializeOwned>(&self) -> Result<Value, Fault> {
        let mut message = String::new();
        for reading in &self.readings {
            let path: Vec<Step> = self.path.iter().cloned().map(Step::Name).collect();
            match fits::<T>(&path, reading) {
                Ok(()) => return Ok(reading.clone()),
                // That the text is a text says nothing where its likelier reading was refused too.
                Err(error) if !message.is_empty() && error.starts_with("invalid type: string") => {}
                Err(error) => message = error,
            }
        }
        Err(Fault::refused::<T>(&self.place, &self.key(), &message))
    }
}

/// A value as TOML where it is TOML, and as plain text: nobody quotes `10s` on a command line.
fn readings(text: &str) -> Vec<Value> {
    let plain = Value::String(text.to_owned());
    match toml::from_str::<toml::Table>(&format!("x = {text}")).ok().and_then(|mut t| t.remove("x"))
    {
        Some(value) if !text.contains('\n') => vec![value, plain],
        _ => vec![plain],
    }
}

/// Whether the settings take this value at this path; else the deserialiser's message.
fn fits<T: DeserializeOwned>(path: &[Step], value: &Value) -> Result<(), String> {
    let mut nested = value.clone();
    for step in path.iter().rev() {
        nested = match step {
            Step::Name(name) => Value::Table(toml::Table::from_iter([(name.clone(), nested)])),
            Step::Item(_) => Value::Array(vec![nested]),
        };
    }
    T::deserialize(nested).map(drop).map_err(|error| error.message().trim().to_owned())?;
    let ceiling = matches!(path.last(), Some(Step::Name(name)) if name.ends_with("_max"));
    if ceiling && *value == Value::Integer(0) {
        return Err("0 would keep nothing: a ceiling is at least 1".to_owned());
    }
    Ok(())
}

/// What is written in a file of settings, without what is wrong in it, and everything that is.
pub(crate) fn of_file<T: Default + Serialize + DeserializeOwned>(
    path: &Path,
    text: &str,
) -> (Node, Vec<Fault>) {
    let (spans, values) = match (DeTable::parse(text), toml::from_str::<toml::Table>(text)) {
        (Ok(spans), Ok(values)) => (spans, values),
        (Err(error), _) | (_, Err(error)) => {
            let place = Fault::place_in(path, text, error.span().map_or(0, |span| span.start));
            let fault =
                Fault::new(&place, format!("not valid TOML: {}", one_line(error.message())));
            return (Node::empty(), vec![fault]);
        }
    };
    let mut file = File { path, text, faults: Vec::new() };
    let fields = file.fields::<T>(&mut Vec::new(), spans.get_ref(), &values);
    file.faults.sort_by_key(|(offset, _)| *offset);
    let faults = file.faults.into_iter().map(|(_, fault)| fault).collect();
    (Node::Table { fields, place: path.display().to_string() }, faults)
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    /// Each with its offset.
    faults: Vec<(usize, Fault)>,
}

impl File<'_> {
    fn fields<T: Default + Serialize + DeserializeOwned>(
        &mut self,
        prefix: &mut Vec<Step>,
        spans: &DeTable<'_>,
        values: &toml::Table,
    ) -> BTreeMap<String, Node> {
        let mut fields = BTreeMap::new();
        for (name, spanned) in spans {
            let Some(value) = values.get(name.get_ref().as_ref()) else { continue };
            let offset = name.span().start;
            prefix.push(Step::Name(name.get_ref().to_string()));
            let place = Fault::place_in(self.path, self.text, offset);
            let node = match (spanned.get_ref(), value) {
                (DeValue::Table(spans), Value::Table(values)) if !values.is_empty() => {
                    let fields = self.fields::<T>(prefix, spans, values);
                    // Nothing good in it: then it may be nothing that there is.
                    (!fields.is_empty()).then_some(Node::Table { fields, place })
                }
                (DeValue::Array(spans), Value::Array(values)) if is_tables(values) => self
                    .takes_tables::<T>(prefix, offset, &place)
                    .then(|| Node::List { items: self.items::<T>(prefix, spans, values), place }),
                _ => self
                    .takes::<T>(prefix, value, offset, &place)
                    .then(|| Node::Value { value: value.clone(), place }),
            };
            prefix.pop();
            if let Some(node) = node {
                fields.insert(name.get_ref().to_string(), node);
            }
        }
        fields
    }

    fn items<T: Default + Serialize + DeserializeOwned>(
        &mut self,
        prefix: &mut Vec<Step>,
        spans: &DeArray<'_>,
        values: &[Value],
    ) -> Vec<Node> {
        let mut items = Vec::with_capacity(values.len());
        for ((nth, spanned), value) in spans.iter().enumerate().zip(values) {
            let (DeValue::Table(spans), Value::Table(values)) = (spanned.get_ref(), value) else {
                continue;
            };
            prefix.push(Step::Item(nth));
            let place = Fault::place_in(self.path, self.text, spanned.span().start);
            items.push(Node::Table { fields: self.fields::<T>(prefix, spans, values), place });
            prefix.pop();
        }
        items
    }

    /// Whether the settings take a list of tables there. That is asked once, and then of each what is in it.
    fn takes_tables<T: Default + Serialize + DeserializeOwned>(
        &mut self,
        path: &[Step],
        offset: usize,
        place: &str,
    ) -> bool {
        let one = Value::Array(vec![Value::Table(toml::Table::new())]);
        if fits::<T>(path, &Value::Table(toml::Table::new())).is_ok() {
            let key = key_of(path);
            let sentence = format!("{key} is one table: write [{key}], in single brackets");
            self.faults.push((offset, Fault::new(place, sentence)));
            return false;
        }
        self.takes::<T>(path, &one, offset, place)
    }

    /// Whether the settings take it; else that is a fault.
    fn takes<T: Default + Serialize + DeserializeOwned>(
        &mut self,
        path: &[Step],
        value: &Value,
        offset: usize,
        place: &str,
    ) -> bool {
        let Err(message) = fits::<T>(path, value) else { return true };
        self.faults.push((offset, Fault::refused::<T>(place, &key_of(path), &message)));
        false
    }
}

/// A way as a key: `api.token.role`, whichever token it is.
fn key_of(path: &[Step]) -> String {
    let names = path.iter().filter_map(|step| match step {
        Step::Name(name) => Some(name.as_str()),
        Step::Item(_) => None,
    });
    names.collect::<Vec<_>>().join(".")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
