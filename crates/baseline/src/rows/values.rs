//! What was learned of the values of points, as rows.
//!
//! There are many points, and each has a dozen numbers: neighbours share a row, and their numbers are read octet by
//! octet. A state of some ten thousand points is read back at every start.

use core::fmt::Write as _;
use std::collections::BTreeSet;

use gridtap_model::Device;

use super::Row;
use super::facts::FACT;
use super::numbers::Numbers;
use crate::baseline::Baseline;
use crate::path::{self, KeyError, Path};
use crate::tables::slot;
use crate::values::{Learned, PointKey, Record, State};

/// What the rows of values begin with.
pub(super) const VALUE: &str = "fact|values|";
/// What tells written points from read ones, above their table and index.
const WRITTEN: u64 = 1 << 63;
/// Numbers of a record, before its states.
const NUMBERS: usize = 13;
/// Points of one row: those whose indices differ in their low bits only.
const POINTS: u32 = 64;
/// Between two points of a row.
const NEXT: char = ';';

impl Baseline {
    /// The rows of points whose values were learned anew since they were last asked for, so many at a time: there may be
    /// more of them than there is room for at once. With fewer than asked for, these are the last.
    pub fn dirty_values(&mut self, most: usize) -> Vec<Row> {
        let mut rows = Vec::new();
        while rows.len() < most {
            let id = self.values.kept;
            let Some((point, ..)) = self.values.learned(id) else {
                self.values.kept = 0;
                break;
            };
            if point.dirty {
                let ids = self.neighbours(point.key());
                for id in &ids {
                    if let Some(point) = self.values.point_mut(*id) {
                        point.dirty = false;
                    }
                }
                rows.extend(self.value_row(&ids));
            }
            self.values.kept = id.saturating_add(1);
        }
        rows
    }

    /// The rows of all points.
    pub(super) fn all_value_rows(&self) -> impl Iterator<Item = Row> {
        let mut done = BTreeSet::new();
        (0..self.values.points()).filter_map(move |id| {
            let key = self.values.learned(id)?.0.key();
            let row = (key.device, key.table, key.written, key.index / POINTS);
            done.insert(row).then(|| self.value_row(&self.neighbours(key))).flatten()
        })
    }

    /// The points that share a row with this one, by their numbers.
    fn neighbours(&self, key: PointKey) -> Vec<usize> {
        let begin = key.index.saturating_sub(key.index % POINTS);
        let indices = (0..POINTS).filter_map(|offset| begin.checked_add(offset));
        let ids = indices.filter_map(|index| self.values.find(PointKey { index, ..key }));
        ids.map(slot).collect()
    }

    fn value_row(&self, ids: &[usize]) -> Option<Row> {
        let mut text = String::new();
        let (mut changes, mut blocks, mut first) = (0_u64, 0, None);
        for id in ids {
            let Some((point, device, states)) = self.values.learned(*id) else { continue };
            let learned = point.learned;
            if learned.blocks == 0 {
                continue;
            }
            let key = point.key();
            first = first.or(Some((key, *device)));
            changes = changes.saturating_add(u64::from(learned.changes));
            blocks = blocks.max(learned.blocks);
            let offset = key.index % POINTS;
            if !text.is_empty() {
                text.push(NEXT);
            }
            let _ = write!(text, "{offset} {} {}", learned.blocks, learned.changes);
            for number in singles(&learned, point.value()) {
                let _ = write!(text, " {number}");
            }
            for state in states {
                let again = u8::from(state.came_again());
                let _ = write!(text, " {}:{}:{again}", state.value, state.block());
            }
        }
        let (key, device) = first?;
        let device = Path::Device(device).text(&self.tables.names);
        let way = if key.written { WRITTEN } else { 0 };
        let begin = key.index.saturating_sub(key.index % POINTS);
        let detail = way | u64::from(key.table) << 32 | u64::from(begin);
        Some(Row {
            count: changes,
            blocks: u32::from(blocks),
            text: Some(text),
            ..Row::named(&format!("{FACT}values|{detail}|-|{device}"))
        })
    }

    pub(super) fn restore_value(&mut self, text: &str, row: &Row) -> Result<(), KeyError> {
        let wrong = || KeyError::new(&row.key, "value");
        let mut parts = text.splitn(3, '|');
        let detail: u64 = parts.next().and_then(|detail| detail.parse().ok()).ok_or_else(wrong)?;
        let device = parts.nth(1).ok_or_else(wrong)?;
        let Path::Device(device) = path::parse(device)?.path else { return Err(wrong()) };
        let text = row.text.as_deref().ok_or_else(wrong)?;
        let table = u16::try_from((detail & !WRITTEN) >> 32).map_err(|_| wrong())?;
        let begin = u32::try_from(detail & u64::from(u32::MAX)).map_err(|_| wrong())?;
        let is_written = detail & WRITTEN != 0;
        let mut states = Vec::new();
        for text in text.split(NEXT) {
            states.clear();
            let (offset, learned, value) = read(text, &mut states).ok_or_else(wrong)?;
            let index = begin.checked_add(offset).ok_or_else(wrong)?;
            self.put_value(&device, (table, index, is_written), learned, value, &states);
        }
        Ok(())
    }

    fn put_value(
        &mut self,
        device: &Device,
        (table, index, is_written): (u16, u32, bool),
        learned: Learned,
        value: f32,
        states: &[State],
    ) {
        if let Some(id) = self.values.enter(device, table, index, is_written)
            && let Some(point) = self.values.point_mut(slot(id))
        {
            point.learned = learned;
            point.begin_at(value);
            self.values.put_states(id, states);
        }
    }
}

fn singles(learned: &Learned, value: f32) -> [f32; NUMBERS - 2] {
    let Learned { high, low, spread, step, drift, quantum, .. } = *learned;
    [
        high.most, high.mean, low.most, low.mean, spread, step.most, step.mean, drift.most,
        drift.mean, quantum, value,
    ]
}

/// One point of a row: its offset, what was learned of it and its last value. Its states are added to `states`.
fn read(text: &str, states: &mut Vec<State>) -> Option<(u32, Learned, f32)> {
    let mut rest = Numbers::new(text);
    let offset = rest.next_whole()?;
    let blocks = u16::try_from(rest.next_whole()?).ok()?;
    let changes = rest.next_whole()?;
    let mut number = || rest.next_single();
    let learned = Learned {
        blocks,
        changes,
        high: Record { most: number()?, mean: number()? },
        low: Record { most: number()?, mean: number()? },
        spread: number()?,
        step: Record { most: number()?, mean: number()? },
        drift: Record { most: number()?, mean: number()? },
        quantum: number()?,
    };
    let value = number()?;
    while !rest.is_over() {
        let (value, block) = (rest.next_single()?, rest.next_whole()?);
        states.push(State::new(value, block, rest.next_whole()? == 1));
    }
    Some((offset, learned, value))
}
