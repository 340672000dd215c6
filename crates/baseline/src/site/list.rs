//! A list of points as spreadsheets and the configuration tools of remote terminal units write it: one line a point,
//! under a line that names the columns.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use csv::{ReaderBuilder, StringRecord, Trim};
use gridtap_model::{Protocol, Table};

use super::point::{Normal, SitePoint, WordOrder};
use super::text::{hint, nearest};
use crate::path::{table_code, table_names};

const COLUMNS: [&str; 12] = [
    "group",
    "table",
    "index",
    "name",
    "unit",
    "normal",
    "min",
    "max",
    "scale",
    "offset",
    "commanded",
    "states",
];

/// A point by the code of its table and its index.
pub(super) type Listed = ((u16, u32), SitePoint);

/// Reads a list of a device's points. What is wrong is one sentence that begins with the line.
///
/// Columns come in any order and in any case, apart by commas, semicolons or tabs; those that mean nothing here are
/// left aside, unless they look like a slip of the pen.
pub(super) fn read(text: &str, protocol: Protocol) -> Result<Vec<Listed>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let heading = reader.headers().map_err(|error| error.to_string())?.clone();
    let columns = Columns::of(&heading)?;
    let mut points = BTreeMap::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        if record.iter().all(str::is_empty) {
            continue;
        }
        let row = Row { columns: &columns, record: &record };
        let (key, point) = row.point(protocol).map_err(|wrong| format!("line {line}: {wrong}"))?;
        match points.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert((line, point));
            }
            // Exports list a control and its state, which are one point, each by its group.
            Entry::Occupied(listed) if listed.get().1.name == point.name => {}
            Entry::Occupied(listed) => {
                let (earlier, _) = listed.get();
                return Err(format!(
                    "line {line}: this point was listed in line {earlier} already, by another name"
                ));
            }
        }
    }
    Ok(points.into_iter().map(|(key, (_, point))| (key, point)).collect())
}

/// What stands between the columns: whichever the heading has most of.
fn delimiter(text: &str) -> u8 {
    let heading = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |of: u8| heading.bytes().filter(|byte| *byte == of).count();
    [b'\t', b';', b','].into_iter().max_by_key(|of| count(*of)).unwrap_or(b',')
}

/// Where each known column stands.
struct Columns(BTreeMap<&'static str, usize>);

impl Columns {
    fn of(heading: &StringRecord) -> Result<Self, String> {
        let mut columns = BTreeMap::new();
        for (place, given) in heading.iter().enumerate() {
            let name = given.to_lowercase();
            if let Some(known) = COLUMNS.into_iter().find(|known| *known == name) {
                if columns.insert(known, place).is_some() {
                    return Err(format!("line 1: there are two columns {known:?}"));
                }
            } else if let Some(meant) = nearest(&name, COLUMNS)
                && !heading.iter().any(|other| other.eq_ignore_ascii_case(meant))
            {
                return Err(format!(
                    "line 1: column {given:?} is not known: did you mean {meant:?}?"
                ));
            }
        }
        let has = |name| columns.contains_key(name);
        let missing = match (has("group") || has("table"), has("index"), has("name")) {
            (false, _, _) => "group",
            (_, false, _) => "index",
            (_, _, false) => "name",
            _ => return Ok(Self(columns)),
        };
        let known = COLUMNS.join(", ");
        Err(format!(
            "line 1: there is no column {missing:?}: name the columns, which may be {known}"
        ))
    }
}

/// One point of the list.
struct Row<'a> {
    columns: &'a Columns,
    record: &'a StringRecord,
}

impl Row<'_> {
    fn point(&self, protocol: Protocol) -> Result<Listed, String> {
        let code = self.table(protocol)?;
        let index =
            self.text("index").ok_or("the index is missing: it is as on the wire, from 0")?;
        let index = index
            .parse()
            .map_err(|_| format!("index {index:?} is no number: it is as on the wire, from 0"))?;
        let name = self.text("name").ok_or("the name is missing")?;
        if name.contains('\n') {
            return Err("the name goes on in the next line: a quote is not closed".to_owned());
        }
        let states = self.states()?;
        let point = SitePoint {
            name: name.to_owned(),
            unit: self.text("unit").map(str::to_owned),
            value_type: None,
            word_order: WordOrder::default(),
            scale: self.number("scale")?.unwrap_or(1.0),
            offset: self.number("offset")?.unwrap_or(0.0),
            min: self.number("min")?,
            max: self.number("max")?,
            normal: self.normal(&states)?,
            commanded: self.commanded()?,
            states,
        };
        if point.scale == 0.0 {
            return Err("scale 0 makes every value the same".to_owned());
        }
        if let (Some(min), Some(max)) = (point.min, point.max)
            && min > max
        {
            return Err(format!("the least value {min} is above the greatest {max}"));
        }
        Ok(((code, index), point))
    }

    fn text(&self, column: &str) -> Option<&str> {
        let place = self.columns.0.get(column)?;
        self.record.get(*place).filter(|text| !text.is_empty())
    }

    fn table(&self, protocol: Protocol) -> Result<u16, String> {
        if let Some(table) = self.text("table") {
            return table_code(protocol, table).ok_or_else(|| {
                let names = table_names(protocol).collect::<Vec<_>>().join(", ");
                let hint = hint(table, table_names(protocol));
                format!("{table:?} is no table of {protocol}{hint}: they are {names}")
            });
        }
        let group = self.text("group").ok_or("the group is missing")?;
        // As people write it: `12`, `g12`, `g12v1`.
        let digits = group.strip_prefix(['g', 'G']).unwrap_or(group);
        let digits = digits.split(['v', 'V']).next().unwrap_or_default();
        let table = digits.parse().ok().and_then(|group| Table::of_group(protocol, group));
        table.map(|table| table.code).ok_or_else(|| {
            let right = "DNP3 has points in groups 1 to 4, 10 to 13, 20 to 23, 30 to 34, 40 to 43 and 110 to 113";
            format!("there are no points of {protocol} in group {group:?}: {right}")
        })
    }

    fn number(&self, column: &str) -> Result<Option<f64>, String> {
        let Some(text) = self.text(column) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(format!("{column} {text:?} is no number: write one such as 12.5")),
        }
    }

    fn commanded(&self) -> Result<bool, String> {
        let Some(text) = self.text("commanded") else { return Ok(false) };
        truth(text).ok_or_else(|| format!("commanded {text:?} is neither yes nor no"))
    }

    /// `0=open|1=closed`.
    fn states(&self) -> Result<BTreeMap<i64, String>, String> {
        let text = self.text("states").unwrap_or_default();
        let each = text.split('|').filter(|state| !state.trim().is_empty());
        each.map(|state| {
            let (raw, name) = state.split_once('=').unwrap_or_default();
            let wrong = |_| format!("states {text:?} cannot be read: write 0=open|1=closed");
            Ok((raw.trim().parse().map_err(wrong)?, name.trim().to_owned()))
        })
        .collect()
    }

    fn normal(&self, states: &BTreeMap<i64, String>) -> Result<Option<Normal>, String> {
        let Some(text) = self.text("normal") else { return Ok(None) };
        if let Some(state) = states.values().find(|state| state.eq_ignore_ascii_case(text)) {
            return Ok(Some(Normal::State(state.clone())));
        }
        if let Ok(number) = text.parse() {
            return Ok(Some(Normal::Number(number)));
        }
        if let Some(bit) = truth(text) {
            return Ok(Some(Normal::Bool(bit)));
        }
        // Most lists name a state and do not say which raw value it has.
        if states.is_empty() {
            Ok(Some(Normal::State(text.to_owned())))
        } else {
            let hint = hint(text, states.values().map(String::as_str));
            Err(format!("the normal state {text:?} is not among the states{hint}"))
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "yes" | "true" | "on" | "x" => Some(true),
        "0" | "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
