//! Settings as they were written, each with the place where that was.

use std::collections::BTreeMap;

use toml::Value;

/// A step on the way to a setting: a name, or a place in a list of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Name(String),
    Item(usize),
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

    /// Lays something over it that is stronger. With `gathers`, tables in double brackets are added to those that are
    /// there; without, they take their place, as everything else does.
    pub(crate) fn lay(&mut self, over: Self, gathers: bool) {
        match (&mut *self, over) {
            (Self::Table { fields, .. }, Self::Table { fields: over, .. }) => {
                for (name, over) in over {
                    match fields.get_mut(&name) {
                        Some(under) => under.lay(over, gathers),
                        None => {
                            fields.insert(name, over);
                        }
                    }
                }
            }
            (Self::List { items, .. }, Self::List { items: over, .. }) if gathers => {
                items.extend(over)
            }
            (under, over) => *under = over,
        }
    }

    /// What is written there, without the places.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Value { value, .. } => value.clone(),
            Self::Table { fields, .. } => Value::Table(
                fields.iter().map(|(name, node)| (name.clone(), node.value())).collect(),
            ),
            Self::List { items, .. } => Value::Array(items.iter().map(Self::value).collect()),
        }
    }

    /// What is written on a path.
    pub(crate) fn at(&self, path: &[Step]) -> Option<&Self> {
        let Some((step, rest)) = path.split_first() else { return Some(self) };
        match (self, step) {
            (Self::Table { fields, .. }, Step::Name(name)) => fields.get(name)?.at(rest),
            (Self::List { items, .. }, Step::Item(nth)) => items.get(*nth)?.at(rest),
            _ => None,
        }
    }

    /// Where it was written.
    pub(crate) fn place(&self) -> &str {
        match self {
            Self::Value { place, .. } | Self::Table { place, .. } | Self::List { place, .. } => {
                place
            }
        }
    }

    /// The tables in double brackets at `a.b`.
    pub(crate) fn tables(&self, key: &str) -> &[Self] {
        let path: Vec<Step> = key.split('.').map(|name| Step::Name(name.to_owned())).collect();
        match self.at(&path) {
            Some(Self::List { items, .. }) => items,
            _ => &[],
        }
    }
}

/// Whether this is what double brackets write: tables, and at least one.
pub(crate) fn is_tables(items: &[Value]) -> bool {
    !items.is_empty() && items.iter().all(Value::is_table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str, place: &str) -> Node {
        Node::of(toml::from_str(text).unwrap(), place)
    }

    #[test]
    fn what_is_laid_over_wins_and_tables_in_double_brackets_add_up_where_they_may() {
        let mut all = node("a = 1\nb.c = 2\nlist = [1]\n[[hook]]\nname = 'x'\n", "first");
        all.lay(node("b.d = 3\nlist = [2]\n[[hook]]\nname = 'y'\n", "second"), true);
        let text = all.value().to_string();
        assert_eq!(all.tables("hook").len(), 2, "{text}");
        assert_eq!(
            all.value(),
            node(
                "a = 1\nb.c = 2\nb.d = 3\nlist = [2]\n[[hook]]\nname = 'x'\n[[hook]]\nname = 'y'\n",
                ""
            )
            .value()
        );
        let path = [Step::Name("hook".to_owned()), Step::Item(1), Step::Name("name".to_owned())];
        assert_eq!(all.at(&path).unwrap().place(), "second");
        all.lay(node("[[hook]]\nname = 'z'\n", "third"), false);
        assert_eq!(all.tables("hook").len(), 1);
        assert!(all.at(&[Step::Name("a".to_owned()), Step::Item(0)]).is_none());
    }
}
