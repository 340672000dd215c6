//! Points in words: two registers that hold one declared value are one point, and half of one is called so.

use gridtap_baseline::{Site, SitePoint, WordOrder};
use gridtap_model::{
    Control, Device, Indications, Point, Protocol, Run, Table, Timestamp, Value, Values,
};

use crate::scene::Scene;

/// What a sentence calls a point: one of the protocol's, or both registers of a declared 32-bit value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Told {
    /// The point, or the first register of the value.
    pub(crate) first: Point,
    /// The second register, where the message names both.
    pub(crate) second: Option<Point>,
}

impl Told {
    /// Its points.
    pub(crate) fn points(&self) -> impl Iterator<Item = Point> + use<> {
        core::iter::once(self.first).chain(self.second)
    }

    /// The same with other values. None where one of them is not known.
    pub(crate) fn at(&self, value: impl Fn(&Point) -> Option<Value>) -> Option<Self> {
        let with = |point: &Point| Some(Point { value: Some(value(point)?), ..*point });
        let second = match &self.second {
            Some(second) => Some(with(second)?),
            None => None,
        };
        Some(Self { first: with(&self.first)?, second })
    }

    /// Its name and address: `52-1 trip (coil 2)`, `target power (holding registers 600 and 601)`.
    pub(crate) fn name(&self, site: &Site, device: &Device) -> String {
        match (&self.second, site.point_name(device, &self.first)) {
            (Some(second), Some(name)) => {
                format!(
                    "{name} ({}s {} and {})",
                    self.first.table.name, self.first.index, second.index
                )
            }
            _ => point(site, device, &self.first),
        }
    }

    /// Its value, in engineering units or by its state's name where the site file has them: `99.9 A`.
    pub(crate) fn value(&self, site: &Site, device: &Device) -> Option<String> {
        self.scaled(site, device).or_else(|| self.raw(site, device))
    }

    /// What it is told to do, where it is an output.
    pub(crate) const fn control(&self) -> Option<Control> {
        match self.first.value {
            Some(Value::Control(control)) => Some(control),
            _ => None,
        }
    }

    /// Its name with the value that the message carries for it.
    pub(crate) fn with_value(&self, site: &Site, device: &Device) -> String {
        let name = self.name(site, device);
        if let Some(control) = self.control() {
            return format!("\"{control}\" on {name}");
        }
        match (self.scaled(site, device), self.raw(site, device)) {
            (Some(scaled), Some(raw)) => format!("{name} := {scaled} (raw {raw})"),
            (_, Some(raw)) => format!("{name} := {raw}"),
            _ => name,
        }
    }

    fn scaled(&self, site: &Site, device: &Device) -> Option<String> {
        let Some(octets) = self.octets() else {
            // Half a number says nothing in its unit.
            let whole = half(site, device, &self.first).is_none();
            return site.scaled(device, &self.first).filter(|_| whole);
        };
        let Point { table, index: first, .. } = self.first;
        let values = Values::Words(&octets);
        site.scaled_in(device, &Run { table, first, count: 2, values, written: false }, 0)
    }

    /// As the message carries it: of two registers the bits of their number, the more significant ones first.
    fn raw(&self, site: &Site, device: &Device) -> Option<String> {
        let Some([a, b, c, d]) = self.octets() else {
            return self.first.value.map(|value| match value {
                Value::Time(time) => whole(time),
                value => value.to_string(),
            });
        };
        let order = site.point(device, &self.first).map(|declared| declared.word_order);
        let bits = if order == Some(WordOrder::Little) { [c, d, a, b] } else { [a, b, c, d] };
        Some(format!("{:#010x}", u32::from_be_bytes(bits)))
    }

    /// The octets of both registers.
    fn octets(&self) -> Option<[u8; 4]> {
        let (Some(Value::Word(first)), Some(Value::Word(second))) =
            (self.first.value, self.second?.value)
        else {
            return None;
        };
        let ([a, b], [c, d]) = (first.to_be_bytes(), second.to_be_bytes());
        Some([a, b, c, d])
    }
}

/// A point by its name and address: `52-1 trip (coil 2)`, `target power (low word, holding register 600)`.
pub(crate) fn point(site: &Site, device: &Device, point: &Point) -> String {
    match (half(site, device, point), site.point_name(device, point)) {
        (Some((declared, second)), _) => {
            let low = second == (declared.word_order == WordOrder::Big);
            format!("{} ({} word, {point})", declared.name, if low { "low" } else { "high" })
        }
        (None, Some(name)) => format!("{name} ({point})"),
        (None, None) => alone(point),
    }
}

/// A moment without the zeros after its last figure.
fn whole(time: Timestamp) -> String {
    let text = time.to_string();
    let Some((seconds, parts)) = text.trim_end_matches('Z').split_once('.') else { return text };
    match parts.trim_end_matches('0') {
        "" => format!("{seconds}Z"),
        parts => format!("{seconds}.{parts}Z"),
    }
}

/// A point without a name: of some tables a number says less than what it stands for.
fn alone(point: &Point) -> String {
    let restart = Indications::RESTART.0.trailing_zeros();
    match point.table {
        Table::CLOCK => "clock".to_owned(),
        Table::INDICATION if point.index == restart => "restart indication".to_owned(),
        _ => point.to_string(),
    }
}

/// The points that a message means, as they are told. At most `max`.
pub(crate) fn told(scene: &Scene<'_>, max: usize) -> Vec<Told> {
    let runs = scene.message.runs;
    let writes = runs.iter().any(|run| run.written);
    // A file is told by its name.
    let meant = runs.iter().filter(|run| (run.written || !writes) && run.table != Table::FILE);
    meant.flat_map(|run| told_of(scene.site, &scene.message.device, run)).take(max).collect()
}

/// A point of a message with what else of its declared value the message names.
pub(crate) fn told_with(scene: &Scene<'_>, point: &Point) -> Told {
    let runs = scene.message.runs.iter().filter(|run| run.table == point.table);
    let with = |run| told_at(scene.site, &scene.message.device, run, point);
    runs.map(with)
        .find(|told| told.second.is_some())
        .unwrap_or(Told { first: *point, second: None })
}

/// A point of a run with what else of its declared value the run names.
pub(crate) fn told_at(site: &Site, device: &Device, run: &Run<'_>, point: &Point) -> Told {
    let alone = Told { first: *point, second: None };
    let Some((_, is_second)) = half(site, device, point) else { return alone };
    let index = point.index.saturating_sub(u32::from(is_second));
    let (Some(first), Some(second)) = (in_run(run, index), in_run(run, index.saturating_add(1)))
    else {
        return alone;
    };
    if is_rest(site, device, &first, &second) {
        Told { first, second: Some(second) }
    } else {
        alone
    }
}

fn in_run(run: &Run<'_>, index: u32) -> Option<Point> {
    let offset = index.checked_sub(run.first).filter(|offset| *offset < run.count)?;
    Some(Point { table: run.table, index, value: run.values.at(offset) })
}

fn told_of(site: &Site, device: &Device, run: &Run<'_>) -> impl Iterator<Item = Told> {
    let mut points = run.points().peekable();
    core::iter::from_fn(move || {
        let first = points.next()?;
        let second = points.next_if(|second| is_rest(site, device, &first, second));
        Some(Told { first, second })
    })
}

/// Whether the second register holds the rest of the declared value that the first one begins.
fn is_rest(site: &Site, device: &Device, first: &Point, second: &Point) -> bool {
    let is = |point, is_second| half(site, device, point).is_some_and(|half| half.1 == is_second);
    first.index.checked_add(1) == Some(second.index) && is(first, false) && is(second, true)
}

/// The declared value of which this register is one half, and whether it is the second one.
fn half<'a>(site: &'a Site, device: &Device, point: &Point) -> Option<(&'a SitePoint, bool)> {
    let registers = [Table::HOLDING_REGISTER.code, Table::INPUT_REGISTER.code];
    if device.protocol != Protocol::Modbus || !registers.contains(&point.table.code) {
        return None;
    }
    let is_long = |declared: &&SitePoint| declared.registers() == 2;
    if let Some(declared) = site.point(device, point) {
        return Some((declared, false)).filter(|(declared, _)| is_long(declared));
    }
    let before = Point { index: point.index.checked_sub(1)?, ..*point };
    site.point(device, &before).filter(is_long).map(|declared| (declared, true))
}

#[cfg(test)]
mod tests;
