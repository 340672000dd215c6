//! What is told of the course of a poll.

use gridtap_model::{Point, Run};

use super::block::PollBlock;
use super::flow::{Beyond, Course, Flow};
use super::{Departure, FLOWS_MAX, Measure, Now, STILL_OTHERS_MIN, Values};
use crate::baseline::Baseline;
use crate::float::real;
use crate::key::NO_PARENT;
use crate::tables::slot;

impl Values {
    /// A poll brought another state.
    pub(super) fn moved(&mut self, id: u32, run: &Run<'_>, now: Now, out: &mut Vec<Departure>) {
        let Some(block) = self.blocks.get_mut(slot(id)) else { return };
        self.changes = self.changes.wrapping_add(1);
        if block.count_change() && self.flows < FLOWS_MAX {
            self.flows = self.flows.saturating_add(1);
            block.flow = Some(Box::new(Flow::new(Course::default())));
        }
        let Some(flow) = &block.flow else { return };
        let fingerprint = block.fingerprint(&self.hasher, &flow.set);
        let Some(flow) = &mut block.flow else { return };
        flow.changes_of_others = self.changes;
        let beyond = flow.moved(fingerprint, now.armed);
        let tests = now.tests_of(self.flows);
        out.extend(beyond.map(|beyond| departure(Measure::Replay, run, now, beyond, tests)));
    }

    /// A poll brought the state that it brought before.
    #[inline]
    pub(super) fn stood(&mut self, id: u32, run: &Run<'_>, now: Now, out: &mut Vec<Departure>) {
        let Some(block) = self.blocks.get_mut(slot(id)) else { return };
        let Some(flow) = &mut block.flow else { return };
        let Some(beyond) = flow.stood(now.armed) else { return };
        // Where nothing else moves either, nobody polls; what is nothing is out of service.
        let others = self.changes.wrapping_sub(flow.changes_of_others);
        if others >= STILL_OTHERS_MIN && !block.is_dead(&run.values) {
            let tests = now.tests_of(self.flows);
            out.push(departure(Measure::Still, run, now, beyond, tests));
        }
    }
}

impl Baseline {
    /// Finds out anew which points of the polls whose course is kept are set by masters: what is set comes again because
    /// it is set again, and says nothing of a measurement.
    pub(crate) fn find_set_points(&mut self) {
        for id in 0..self.values.blocks.len() {
            let Some(set) = self.values.blocks.get(id).and_then(|block| self.set_points(block))
            else {
                continue;
            };
            if let Some(flow) = self.values.blocks.get_mut(id).and_then(|block| block.flow.as_mut())
            {
                flow.set = set;
            }
        }
    }

    /// The points of a poll that masters set, by their offsets, where its course is kept and there are any.
    fn set_points(&self, block: &PollBlock) -> Option<Box<[u32]>> {
        block.flow.as_ref()?;
        let (device, table, first, count) = block.range();
        let device = self.tables.device(device)?;
        let masters = || self.others(device, NO_PARENT);
        let is_set = |offset: &u32| {
            let index = first.saturating_add(*offset);
            masters().any(|commanded| commanded.holds(table, index, 1))
        };
        let any = masters().any(|commanded| commanded.touches(table, first, count));
        any.then(|| (0..count).filter(is_set).collect())
    }
}

/// A finding about a whole poll, told of its first point.
fn departure(
    measure: Measure,
    run: &Run<'_>,
    now: Now,
    beyond: Beyond,
    tests_per_day: f64,
) -> Departure {
    Departure {
        point: Point { table: run.table, index: run.first, value: run.values.at(0) },
        written: false,
        measure,
        found: beyond.found,
        learned: beyond.learned,
        support: u64::from(beyond.support),
        score: beyond.score,
        block: now.block,
        tests_per_day,
    }
}

impl Now {
    /// Courses of polls that are tested a day.
    fn tests_of(self, flows: u32) -> f64 {
        real(u64::from(flows)).max(1.0) * self.blocks_per_day
    }
}
