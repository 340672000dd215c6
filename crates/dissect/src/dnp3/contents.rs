//! The objects of a message: the points they name, with what is said of each.

use gridtap_dnp3::{
    Block, Carried, ControlBlock, DataSetValues, Fault, Fragment, Item, Object, Point, PointType,
    Points, Prefix, Value as Coded,
};
use gridtap_model::{FaultKind, Faults, Reading, Run, Table, Values};

use super::data_set::DataSet;
use super::data_sets::Descriptors;
use super::effect::{names_range, polled_classes, writes};
use super::faults;
use super::fields::moment;
use super::proof::Step;
use super::readings::{reading, reading_of, value};

/// Points of one message that are told with what is said of them.
const READINGS_MAX: usize = 2_048;
const READINGS_COUNT_MAX: u32 = 2_048;
/// Points that one range names: more indexes there are not in any device.
const RANGE_MAX: u64 = 65_536;

/// Room for the points of one message, used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    readings: Vec<Reading>,
    runs: Vec<Run<'static>>,
}

/// What the objects of a message hold besides points.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contents<'a> {
    /// The first command in an answer that was not done: why.
    pub(super) refused: Option<u8>,
    /// The first control status in a data set that is not 0. Whether it is of a command the request tells.
    pub(super) set_refused: Option<u8>,
    /// A command in an answer that was done.
    pub(super) done: bool,
    /// Text by which the device says what it is.
    pub(super) identity: Option<&'a [u8]>,
    /// A step of authentication.
    pub(super) step: Option<Step>,
    /// Points that are not told, since there are too many.
    pub(super) untold: u64,
}

impl Scratch {
    /// Reads the objects of a fragment and shows their points.
    pub(super) fn read<T>(
        &mut self,
        fragment: &Fragment<'_>,
        known: Option<&Descriptors>,
        faults: &mut Faults,
        show: impl FnOnce(&[Run<'_>], &Contents<'_>, &mut Faults) -> T,
    ) -> T {
        if self.readings.is_empty() && !fragment.objects.is_empty() {
            self.readings.resize(READINGS_MAX, Reading::default());
        }
        let mut runs: Vec<Run<'_>> = core::mem::take(&mut self.runs);
        let mut reader = Reader {
            room: self.readings.as_mut_slice(),
            runs: &mut runs,
            open: None,
            count: 0,
            contents: Contents::default(),
            known,
            answers: fragment.function.0 >= 129,
            writes: writes(fragment.function),
            pattern: false,
        };
        if let Some(classes) = polled_classes(fragment) {
            for class in classes {
                reader.name(Table::EVENT_CLASS, class, 1, reader.writes);
            }
        } else {
            for block in fragment.blocks() {
                match block {
                    Ok(block) => reader.block(&block, faults),
                    Err(fault) => faults::objects(&fault, faults),
                }
            }
        }
        let contents = reader.contents;
        let shown = show(&runs, &contents, faults);
        // Only the room is kept: no run outlives the octets it is of.
        runs.clear();
        self.runs = runs.into_iter().map(|run| Run { values: Values::None, ..run }).collect();
        shown
    }
}

/// The table that a group's points are in.
pub(super) const fn table(group: u8) -> Option<Table> {
    Some(match group {
        50 => Table::CLOCK,
        60 => Table::EVENT_CLASS,
        80 => Table::INDICATION,
        87 | 88 => Table::DATA_SET,
        _ => match PointType::of(group) {
            Some(PointType::BinaryInput) => Table::BINARY_INPUT,
            Some(PointType::DoubleBitInput) => Table::DOUBLE_BIT_INPUT,
            Some(PointType::BinaryOutput) => Table::BINARY_OUTPUT,
            Some(PointType::Counter) => Table::COUNTER,
            Some(PointType::FrozenCounter) => Table::FROZEN_COUNTER,
            Some(PointType::AnalogInput) => Table::ANALOG_INPUT,
            Some(PointType::FrozenAnalogInput) => Table::FROZEN_ANALOG_INPUT,
            Some(PointType::AnalogInputDeadband) => Table::DEAD_BAND,
            Some(PointType::AnalogOutput) => Table::ANALOG_OUTPUT,
            Some(PointType::OctetString) => Table::OCTET_STRING,
            Some(PointType::VirtualTerminal) => Table::VIRTUAL_TERMINAL,
            Some(PointType::Decimal) => Table { code: 101, name: "decimal" },
            Some(PointType::UnsignedInteger) => Table { code: 102, name: "unsigned integer" },
            Some(PointType::SecurityStatistic) => Table { code: 121, name: "security statistic" },
            _ => return None,
        },
    })
}

/// Whether the points of a group in an answer are those that it was commanded, told back.
const fn is_echo(group: u8) -> bool {
    matches!(group, 12 | 41)
}

struct Reader<'r, 'v, 'a> {
    /// Readings that are not in use.
    room: &'r mut [Reading],
    runs: &'v mut Vec<Run<'r>>,
    /// The run that is being read: its table and first index, whether it is written.
    open: Option<(Table, u32, bool)>,
    /// Its points.
    count: usize,
    contents: Contents<'a>,
    /// What the data sets are made of.
    known: Option<&'v Descriptors>,
    answers: bool,
    writes: bool,
    /// The objects being read are the pattern of a control.
    pattern: bool,
}

impl<'r, 'a: 'r> Reader<'r, '_, 'a> {
    fn block(&mut self, block: &Block<'a>, faults: &mut Faults) {
        let header = &block.header;
        if let Some(fault) = &block.fault {
            faults::objects(fault, faults);
        }
        if !matches!(block.fault, Some(Fault::Truncated { .. })) {
            faults::count(header.range.count().unwrap_or(0), faults);
        }
        let written = if self.answers { is_echo(header.group) } else { self.writes };
        // A common time that is written sets a clock; one that is told is what times after it count from.
        let sets = header.group == 51 && self.writes && !self.answers;
        let Some(table) = table(header.group).or(sets.then_some(Table::CLOCK)) else {
            for item in block.items() {
                self.other(&item, faults);
            }
            return;
        };
        if header.group == 60 {
            if let Some(class) = header.variation.checked_sub(1).filter(|class| *class < 4) {
                self.name(table, class.into(), 1, written);
            }
            return;
        }
        if let Some((first, count)) = names_range(block.carried, header.range) {
            let count = u32::try_from(count.min(RANGE_MAX)).unwrap_or(0);
            self.name(table, first, count, written);
            return;
        }
        if matches!((header.group, header.variation), (1 | 10 | 80, 1))
            && block.carried == Carried::Objects
            && header.qualifier.prefix() == Prefix::None
            && let Some(first) = header.range.start()
        {
            let count = u32::try_from(block.count).unwrap_or(0);
            let values = Values::Bits(block.octets);
            self.runs.push(Run { table, first, count, values, written });
            return;
        }
        if let Some(points) = block.points() {
            self.points(table, points, written);
            self.end();
            return;
        }
        // A pattern control block has its points in the mask that follows it.
        self.pattern = (block.header.group, block.header.variation) == (12, 2);
        for item in block.items() {
            self.item(table, &item, written, faults);
        }
        self.end();
    }

    /// Points without values.
    fn name(&mut self, table: Table, first: u32, count: u32, written: bool) {
        if count > 0 {
            self.runs.push(Run { table, first, count, values: Values::None, written });
        }
    }

    /// Points that are all alike.
    fn points(&mut self, table: Table, mut points: Points<'a>, written: bool) {
        if let Some(first) = points.first()
            && first.checked_add(READINGS_COUNT_MAX).is_some()
        {
            return self.range(table, first, &mut points, written);
        }
        while let Some((index, point)) = points.step() {
            let Some(index) = index else { continue };
            let reading = self.reading(&point, written);
            self.put(table, index, written, reading);
        }
    }

    /// Points that follow each other: one run, as far as there is room.
    fn range(&mut self, table: Table, first: u32, points: &mut Points<'a>, written: bool) {
        let room = core::mem::take(&mut self.room);
        let mut count = 0_usize;
        for slot in room.iter_mut() {
            let Some((_, point)) = points.step() else { break };
            *slot = self.reading(&point, written);
            count = count.saturating_add(1);
        }
        self.room = room;
        (self.open, self.count) = (Some((table, first, written)), count);
        self.end();
        let untold = u64::try_from(points.count()).unwrap_or(u64::MAX);
        self.contents.untold = self.contents.untold.saturating_add(untold);
    }

    #[inline]
    fn reading(&mut self, point: &Point<'_>, written: bool) -> Reading {
        let mut reading = reading_of(point);
        if reading.status.is_some() {
            self.answer(&mut reading, written);
        }
        reading
    }

    /// What the device says of a command, where it is the device that speaks.
    fn answer(&mut self, reading: &mut Reading, written: bool) {
        if self.answers {
            let refused = reading.status.filter(|status| *status != 0 && written);
            self.contents.refused = self.contents.refused.or(refused);
            self.contents.done |= reading.status == Some(0) && written;
        } else {
            reading.status = None;
        }
    }

    fn item(&mut self, table: Table, item: &Item<'a>, written: bool, faults: &mut Faults) {
        if let Some(fault) = &item.fault {
            faults::objects(fault, faults);
        }
        if let Object::DataSet(values) = &item.object {
            self.data_set(*values, written);
            return;
        }
        let index = match &item.object {
            Object::Clock(_) | Object::Interval(_) | Object::CommonTime(_) => Some(0),
            _ => item.index,
        };
        let Some(index) = index else {
            // A command without an index: what some device makes of it nobody knows.
            if !self.pattern && matches!(&item.object, Object::Control(_) | Object::Setpoint(_)) {
                faults.push(FaultKind::ObjectHeader, 0, 0);
            }
            return;
        };
        if let Object::Control(block) = &item.object {
            code(block, faults);
        }
        let mut reading = reading(&item.object);
        self.answer(&mut reading, written);
        self.put(table, index, written, reading);
    }

    /// The elements of a data set, each with what its descriptor makes of it.
    fn data_set(&mut self, values: DataSetValues<'_>, written: bool) {
        let set = DataSet::of(values, self.known);
        for (nth, member) in (0_u16..).zip(set.members()) {
            let Some(index) = set.index(nth) else {
                self.contents.untold = self.contents.untold.saturating_add(1);
                continue;
            };
            let reading = Reading {
                value: value(&member.bits().unwrap_or_else(|| member.value())),
                time: set.time.and_then(moment),
                status: member.status().filter(|_| self.answers),
                ..Reading::default()
            };
            let refused = reading.status.filter(|status| *status != 0);
            self.contents.set_refused = self.contents.set_refused.or(refused);
            self.put(Table::DATA_SET_ELEMENT, index, written, reading);
        }
    }

    fn put(&mut self, table: Table, index: u32, written: bool, reading: Reading) {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        let follows = self.open.is_some_and(|(open, first, _)| {
            open.code == table.code && first.checked_add(count) == Some(index)
        });
        if !follows {
            self.end();
            self.open = Some((table, index, written));
        }
        match self.room.get_mut(self.count) {
            Some(slot) => {
                *slot = reading;
                self.count = self.count.saturating_add(1);
            }
            None => self.contents.untold = self.contents.untold.saturating_add(1),
        }
    }

    /// The run ends here.
    fn end(&mut self) {
        let Some((table, first, written)) = self.open.take() else { return };
        let count = core::mem::take(&mut self.count);
        let Some((read, rest)) = core::mem::take(&mut self.room).split_at_mut_checked(count) else {
            return;
        };
        self.room = rest;
        if let Ok(count) = u32::try_from(count)
            && count > 0
        {
            let values = Values::Readings(read);
            self.runs.push(Run { table, first, count, values, written });
        }
    }

    /// An object of no point.
    fn other(&mut self, item: &Item<'a>, faults: &mut Faults) {
        if let Some(fault) = &item.fault {
            faults::objects(fault, faults);
        }
        match &item.object {
            Object::Attribute(attribute) if self.answers => {
                if let Coded::Text(text) = attribute.value {
                    self.contents.identity = self.contents.identity.or(Some(text));
                }
            }
            Object::Authentication(step) => {
                self.contents.step = self.contents.step.or(Step::of(step));
            }
            _ => {}
        }
    }
}

/// An operation that the standard does not have.
fn code(block: &ControlBlock, faults: &mut Faults) {
    let undefined = matches!(block.code.operation(), gridtap_dnp3::Operation::Undefined(_))
        || block.code.trip_close() == gridtap_dnp3::TripClose::Reserved;
    if undefined {
        faults.push(FaultKind::Value, block.code.0.into(), 0);
    }
}
