//! One layer of settings as it was written, each with the place where that was.

use std::collections::BTreeMap;

use toml::Value;

/// A step on the way to a setting: a name, or a place in a list of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Item(usize),
}

impl Step {
    /// The path `a.b`.
    pub(crate) fn path(key: &str) -> Vec<Self> {
        key.split('.').map(|name| Self::Name(name.to_owned())).collect()
    }

    /// The name, where it is one.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Self::Name(name) => Some(name.clone()),
            Self::Item(_) => None,
        }
    }
}

/// Something that was written, and where.
#[derive(Debug, Clone)]
pub(crate) enum Node {
    Value {
        value: Value,
        place: String,
    },
    Table {
        fields: BTreeMap<String, Node>,
        place: String,
    },
    /// Tables in double brackets.
    List {
        items: Vec<Node>,
        place: String,
    },
}

impl Node {
    /// Where nothing is written yet.
    pub(crate) const fn empty() -> Self {
        Self::Table { fields: BTreeMap::new(), place: String::new() }
    }

    /// A value with everything in it, all of it written at one place.
    pub(crate) fn of(value: Value, place: &str) -> Self {
        let place = place.to_owned();
        match value {
            Value::Table(table) => {
                let each = |(name, value)| (name, Self::of(value, &place));
                Self::Table { fields: table.into_iter().map(each).collect(), place }
            }
            Value::Array(items) if is_tables(&items) => Self::List {
                items: items.into_iter().map(|item| Self::of(item, &place)).collect(),
                place,
            },
            value => Self::Value { value, place },
        }
    }

    /// The same below a path.
    pub(crate) fn below(self, path: &[String]) -> Self {
        path.iter().rev().fold(self, |node, name| {
            let place = node.place().to_owned();
            Self::Table { fields: BTreeMap::from([(name.clone(), node)]), place }
        })
    }

    /// Where it was written.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Value { place, .. } | Self::Table { place, .. } | Self::List { place, .. } => {
                place
            }
        }
    }
}

/// Whether this is what double brackets write: tables, and at least one.
pub(crate) fn is_tables(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_table)
}
