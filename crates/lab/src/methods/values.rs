//! What points show, one by one.
//!
//! Wolsing, Thiemt, van Sloun, Wagner, Wehrle and Henze, "Can industrial intrusion detection be SIMPLE?" (ESORICS 2022), with
//! the parameters of IPAL. *MinMax*: a value beyond what learning showed by more than half of its span is an alert; where
//! learning showed at most 10 values, any beyond. *Steadytime*, where it showed at most 10: a value that it did not show, or
//! that lasts longer or shorter than it did by more than half of the span of how long it lasted, counted in readings. A
//! point that was not learned has no alert. What is read and what is written are points apart.

use std::collections::BTreeMap;

use super::{Said, quantity};

/// Values up to which a point is taken for a switch or the like.
const DISCRETE: usize = 10;
/// Of the span, what is tolerated beyond it.
const SLACK: f64 = 0.5;

/// How long a value lasted, in readings: shortest and longest.
type Lasting = Option<(u32, u32)>;

#[derive(Debug, Clone)]
struct Seen {
    least: f64,
    most: f64,
    /// By the bits of the value; none where there are more than a few.
    lasting: Option<BTreeMap<u64, Lasting>>,
    /// The bits of the value that it has, and for how many readings.
    now: Option<(u64, u32)>,
}

impl Seen {
    fn learn(&mut self, value: f64) {
        self.least = self.least.min(value);
        self.most = self.most.max(value);
        let Some(lasting) = &mut self.lasting else { return };
        let bits = value.to_bits();
        lasting.entry(bits).or_default();
        if lasting.len() > DISCRETE {
            self.lasting = None;
            return;
        }
        if let Some((was, count)) = turned(&mut self.now, bits)
            && let Some(own) = lasting.get_mut(&was)
        {
            let (least, most) = own.unwrap_or((count, count));
            *own = Some((least.min(count), most.max(count)));
        }
    }

    fn limits(&self, value: f64) -> Option<f64> {
        let beyond = (self.least - value).max(value - self.most);
        let slack = if self.lasting.is_some() { 0.0 } else { SLACK * (self.most - self.least) };
        (beyond > slack).then_some(beyond / slack)
    }

    fn steady(&mut self, value: f64) -> Option<f64> {
        let lasting = self.lasting.as_ref()?;
        let bits = value.to_bits();
        if !lasting.contains_key(&bits) {
            return Some(f64::INFINITY);
        }
        let over = |was: u64, count: u32, ended: bool| {
            let (least, most) = (*lasting.get(&was)?)?;
            let slack = SLACK * f64::from(most - least);
            let long = f64::from(count) - f64::from(most);
            let short = if ended { f64::from(least) - f64::from(count) } else { 0.0 };
            let beyond = long.max(short);
            (beyond > slack).then_some(beyond / slack)
        };
        if let Some((was, count)) = turned(&mut self.now, bits) {
            return over(was, count, true);
        }
        // The framework dates an alert back to when a value had lasted too long, once it ends; it is told then.
        let (was, count) = self.now?;
        over(was, count, false)
    }
}

/// Goes on counting a value; where it is another one, what it was and for how many readings.
fn turned(now: &mut Option<(u64, u32)>, bits: u64) -> Option<(u64, u32)> {
    match now {
        Some((own, count)) if *own == bits => {
            *count = count.saturating_add(1);
            None
        }
        _ => now.replace((bits, 1)),
    }
}

/// Every point.
#[derive(Debug, Clone, Default)]
pub(super) struct Points {
    /// By device, table and direction, then by index.
    tables: BTreeMap<(u64, u16, bool), BTreeMap<u32, Seen>>,
}

impl Points {
    pub(super) fn learn(&mut self, said: &Said<'_>) {
        for run in said.runs {
            let key = (said.device, run.table.code, run.written || said.commands);
            for point in run.points() {
                let Some(value) = point.value.and_then(quantity) else { continue };
                let seen =
                    self.tables.entry(key).or_default().entry(point.index).or_insert_with(|| {
                        Seen {
                            least: value,
                            most: value,
                            lasting: Some(BTreeMap::new()),
                            now: None,
                        }
                    });
                seen.learn(value);
            }
        }
    }

    pub(super) fn learned(&mut self) {
        let points = self.tables.values_mut().flat_map(BTreeMap::values_mut);
        points.for_each(|seen| seen.now = None);
    }

    /// Alerts of MinMax and of Steadytime: the worst that any of its points gives.
    pub(super) fn judge(&mut self, said: &Said<'_>) -> [Option<f64>; 2] {
        let (mut limits, mut steady) = (None, None);
        let worst = |one: Option<f64>, other: Option<f64>| match (one, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
        for run in said.runs {
            let key = (said.device, run.table.code, run.written || said.commands);
            let Some(table) = self.tables.get_mut(&key) else { continue };
            for point in run.points() {
                let Some(value) = point.value.and_then(quantity) else { continue };
                let Some(seen) = table.get_mut(&point.index) else { continue };
                limits = worst(limits, seen.limits(value));
                steady = worst(steady, seen.steady(value));
            }
        }
        [limits, steady]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(values: &[f64]) -> Seen {
        let mut seen =
            Seen { least: values[0], most: values[0], lasting: Some(BTreeMap::new()), now: None };
        values.iter().for_each(|value| seen.learn(*value));
        seen.now = None;
        seen
    }

    #[test]
    fn a_measurement_may_leave_its_span_by_half_of_it_and_a_switch_by_nothing() {
        let measured: Vec<f64> = (0..=20).map(f64::from).collect();
        let measured = learned(&measured);
        assert_eq!([30.0, -10.0].map(|value| measured.limits(value)), [None, None]);
        assert_eq!(measured.limits(40.0), Some(2.0));
        assert_eq!(learned(&[0.0, 1.0]).limits(2.0), Some(f64::INFINITY));
    }

    #[test]
    fn a_switch_that_stands_longer_or_shorter_than_ever_is_an_alert() {
        let mut values = Vec::new();
        for closed in [4, 6, 4] {
            values.extend(vec![1.0; closed]);
            values.push(0.0);
            values.push(0.0);
        }
        let mut seen = learned(&values);
        let mut judged = |value: f64, times: usize| {
            (0..times).map(|_| seen.steady(value)).filter(Option::is_some).count()
        };
        // Open for two readings always; closed for four to six, and one more or less is tolerated.
        assert_eq!([judged(1.0, 7), judged(0.0, 2), judged(1.0, 3), judged(0.0, 1)], [0; 4]);
        assert_eq!(judged(0.0, 2), 1);
        assert_eq!(judged(1.0, 10), 1 + 3);
        assert_eq!(judged(2.0, 1), 1);
    }
}
