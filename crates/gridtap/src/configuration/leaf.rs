//! One setting, wherever it was written.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::fault::Fault;

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
    pub(crate) fn key(&self) -> String {
        self.path.join(".")
    }

    /// The value, where the settings have such a key and take such a value.
    pub(crate) fn check<T: Default + Serialize + DeserializeOwned>(&self) -> Result<Value, Fault> {
        let mut message = String::new();
        for reading in &self.readings {
            match fits::<T>(&self.path, reading) {
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
fn fits<T: DeserializeOwned>(path: &[String], value: &Value) -> Result<(), String> {
    let mut nested = value.clone();
    for segment in path.iter().rev() {
        let mut table = toml::Table::new();
        table.insert(segment.clone(), nested);
        nested = Value::Table(table);
    }
    T::deserialize(nested).map(drop).map_err(|error| error.message().trim().to_owned())?;
    let ceiling = path.last().is_some_and(|name| name.ends_with("_max"));
    if ceiling && *value == Value::Integer(0) {
        return Err("0 would keep nothing: a ceiling is at least 1".to_owned());
    }
    Ok(())
}

/// Everything wrong with a file of settings.
pub(crate) fn faults_of_file<T: Default + Serialize + DeserializeOwned>(
    path: &Path,
    text: &str,
) -> Vec<Fault> {
    let (spans, values) = match (DeTable::parse(text), toml::from_str::<toml::Table>(text)) {
        (Ok(spans), Ok(values)) => (spans, values),
        (Err(error), _) | (_, Err(error)) => {
            let place = Fault::place_in(path, text, error.span().map_or(0, |span| span.start));
            return vec![Fault::new(
                &place,
                format!("not valid TOML: {}", one_line(error.message())),
            )];
        }
    };
    let mut file = File { path, text, faults: Vec::new() };
    file.walk::<T>(&mut Vec::new(), spans.get_ref(), &values);
    file.faults.sort_by_key(|(offset, _)| *offset);
    file.faults.into_iter().map(|(_, fault)| fault).collect()
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
    /// Each with its offset.
    faults: Vec<(usize, Fault)>,
}

impl File<'_> {
    fn walk<T: Default + Serialize + DeserializeOwned>(
        &mut self,
        prefix: &mut Vec<String>,
        spans: &DeTable<'_>,
        values: &toml::Table,
    ) {
        for (name, spanned) in spans {
            let Some(value) = values.get(name.get_ref().as_ref()) else { continue };
            prefix.push(name.get_ref().to_string());
            match (spanned.get_ref(), value) {
                (DeValue::Table(spans), Value::Table(values)) if !values.is_empty() => {
                    self.walk::<T>(prefix, spans, values);
                }
                _ => {
                    if let Err(message) = fits::<T>(prefix, value) {
                        let offset = name.span().start;
                        let place = Fault::place_in(self.path, self.text, offset);
                        let fault = Fault::refused::<T>(&place, &prefix.join("."), &message);
                        self.faults.push((offset, fault));
                    }
                }
            }
            prefix.pop();
        }
    }
}

/// The value in the terms of the layers.
pub(crate) fn layered(value: Value) -> config::Value {
    config::Value::deserialize(value.clone())
        .unwrap_or_else(|_| config::Value::from(value.to_string()))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
