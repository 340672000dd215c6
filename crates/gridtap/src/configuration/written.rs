//! The layers laid over each other, and where each value comes from.
//!
//! The crate `config` does the laying; each value carries its place as the origin that `config` keeps with it.

use std::collections::BTreeMap;

use config::builder::DefaultState;
use config::{ConfigBuilder, ConfigError, Map, Source, Value, ValueKind};
use serde::de::DeserializeOwned;

use super::tree::{Node, Step};

/// Layers in the making, the weakest first.
#[derive(Default)]
pub(super) struct Pile {
    builder: ConfigBuilder<DefaultState>,
    sections: BTreeMap<Vec<String>, String>,
}

/// What was written, and where.
#[derive(Debug, Default)]
pub(crate) struct Written {
    fields: Map<String, Value>,
    /// Of tables that several layers write in, the first place: `config` keeps places of values.
    sections: BTreeMap<Vec<String>, String>,
}

/// A layer whose values take the place of those below.
#[derive(Debug, Clone)]
struct Over(Map<String, Value>);

/// A layer whose tables in double brackets are added to those below: somebody drops one into `conf.d`.
#[derive(Debug, Clone)]
struct Beside(Map<String, Value>);

impl Source for Over {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

impl Source for Beside {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }

    fn collect_to(&self, below: &mut Value) -> Result<(), ConfigError> {
        let mut fields = self.0.clone();
        if let ValueKind::Table(below) = &below.kind {
            gather(&mut fields, below);
        }
        Over(fields).collect_to(below)
    }
}

/// Puts the tables in double brackets that are below before those of the same name.
fn gather(fields: &mut Map<String, Value>, below: &Map<String, Value>) {
    for (name, value) in fields {
        match (&mut value.kind, below.get(name).map(|below| &below.kind)) {
            (ValueKind::Table(fields), Some(ValueKind::Table(below))) => gather(fields, below),
            (ValueKind::Array(items), Some(ValueKind::Array(below)))
                if are_tables(items) && are_tables(below) =>
            {
                items.splice(0..0, below.iter().cloned());
            }
            _ => {}
        }
    }
}

fn are_tables(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item.kind, ValueKind::Table(_)))
}

impl Pile {
    /// Adds a stronger layer; its tables in double brackets take the place of those below.
    pub(super) fn over(&mut self, layer: Node) {
        let fields = self.fields(layer);
        self.add(Over(fields));
    }

    /// Adds a stronger layer; its tables in double brackets are added to those below.
    pub(super) fn beside(&mut self, layer: Node) {
        let fields = self.fields(layer);
        self.add(Beside(fields));
    }

    fn add(&mut self, layer: impl Source + Send + Sync + 'static) {
        self.builder = std::mem::take(&mut self.builder).add_source(layer);
    }

    fn fields(&mut self, layer: Node) -> Map<String, Value> {
        note_sections(&layer, &mut Vec::new(), &mut self.sections);
        match valued(layer).kind {
            ValueKind::Table(fields) => fields,
            _ => Map::new(),
        }
    }

    /// What they make, and where it was written.
    pub(super) fn settings<T: DeserializeOwned>(self) -> (Result<T, ConfigError>, Written) {
        let Self { builder, sections } = self;
        let built = builder.build().and_then(|built| Ok((built.collect()?, built)));
        match built {
            Ok((fields, built)) => (built.try_deserialize(), Written { fields, sections }),
            Err(error) => (Err(error), Written { fields: Map::new(), sections }),
        }
    }
}

/// Where tables are written, the first place of each.
fn note_sections(
    node: &Node,
    path: &mut Vec<String>,
    sections: &mut BTreeMap<Vec<String>, String>,
) {
    let Node::Table { fields, place } = node else { return };
    sections.entry(path.clone()).or_insert_with(|| place.clone());
    for (name, node) in fields {
        path.push(name.clone());
        note_sections(node, path, sections);
        path.pop();
    }
}

/// As `config` wants it.
fn valued(node: Node) -> Value {
    match node {
        Node::Value { value, place } => one(value, &place),
        Node::Table { fields, place } => {
            let each = |(name, node)| (name, valued(node));
            Value::new(Some(&place), fields.into_iter().map(each).collect::<Map<_, _>>())
        }
        Node::List { items, place } => {
            Value::new(Some(&place), items.into_iter().map(valued).collect::<Vec<_>>())
        }
    }
}

fn one(value: toml::Value, place: &String) -> Value {
    let kind: ValueKind = match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(truth) => truth.into(),
        // `config` knows no moments; whoever wants one takes it in quotes as well.
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => {
            items.into_iter().map(|item| one(item, place)).collect::<Vec<_>>().into()
        }
        toml::Value::Table(table) => {
            let each = |(name, value)| (name, one(value, place));
            table.into_iter().map(each).collect::<Map<_, _>>().into()
        }
    };
    Value::new(Some(place), kind)
}

impl Written {
    /// What was written on this path.
    pub(crate) fn at(&self, path: &[Step]) -> Option<&Value> {
        let (Step::Name(first), rest) = path.split_first()? else { return None };
        rest.iter().try_fold(self.fields.get(first)?, |value, step| match (&value.kind, step) {
            (ValueKind::Table(fields), Step::Name(name)) => fields.get(name),
            (ValueKind::Array(items), Step::Item(nth)) => items.get(*nth),
            _ => None,
        })
    }

    /// Where that was; of a table that several layers write in, where it is written first.
    pub(crate) fn place(&self, path: &[Step]) -> Option<&str> {
        self.at(path)?.origin().or_else(|| {
            let names: Option<Vec<String>> = path.iter().map(Step::name).collect();
            self.sections.get(&names?).map(String::as_str)
        })
    }

    /// The places of the tables in double brackets at `a.b`, each with the name that it gives itself.
    pub(crate) fn tables(&self, path: &[Step]) -> impl Iterator<Item = (&str, Option<&str>)> {
        let items = match self.at(path).map(|value| &value.kind) {
            Some(ValueKind::Array(items)) if are_tables(items) => items.as_slice(),
            _ => &[],
        };
        items.iter().map(|item| {
            let name = match &item.kind {
                ValueKind::Table(fields) => fields.get("name").map(|name| &name.kind),
                _ => None,
            };
            let name = match name {
                Some(ValueKind::String(name)) => Some(name.as_str()),
                _ => None,
            };
            (item.origin().unwrap_or_default(), name)
        })
    }
}
