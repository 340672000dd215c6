//! Which points of a message are new.

use gridtap_model::{Message, Point, Run, Timestamp};

use crate::baseline::Baseline;
use crate::key::{Kind, NO_PARENT};
use crate::message::{is_commanded, range_of};
use crate::path::{Code, Path, Role};
use crate::tables::{Pair, Sight, point_detail, slot};
use crate::verdict::{Declared, Verdict};

#[derive(Default)]
struct RunNews {
    new: u32,
    new_to_all: u32,
    first: Option<Point>,
}

impl Baseline {
    /// Fills in which points are new. Says whether some of a run's points were known and others not.
    pub(super) fn judge_points(
        &self,
        role: &Role,
        code: Code,
        message: &Message<'_>,
        time: Timestamp,
        verdict: &mut Verdict,
    ) -> bool {
        let mut partial = false;
        let mut range_known = true;
        let declared = verdict.declared == Declared::Allowed;
        for run in message.runs {
            let range = range_of(message, run);
            let sight = Sight { role: *role, code, range: Some(range) };
            let exact = self.tables.exact(&sight).is_some_and(|id| self.is_role_known(id, time));
            let news = if exact && run.count <= u32::from(u16::MAX) {
                RunNews::default()
            } else {
                self.run_news(role, range.written, run, time, declared)
            };
            range_known &= exact || news.new == 0;
            partial |= news.new > 0 && news.new < run.count;
            let access = &mut verdict.access;
            access.points_new = access.points_new.saturating_add(news.new);
            access.points_new_to_all = access.points_new_to_all.saturating_add(news.new_to_all);
            verdict.first_new_point = verdict.first_new_point.or(news.first);
        }
        let function_known = verdict.access.function_known;
        verdict.access.range_known =
            if message.runs.is_empty() { function_known } else { range_known };
        verdict.access.shared_with_other_master = match self.tables.pair_of(role) {
            Some(pair) => self.is_shared(pair, message),
            None => self.tables.device(&role.device).is_some_and(|device| {
                self.others(device, NO_PARENT).any(|other| {
                    let runs = message.runs.iter().filter(|run| is_commanded(message, run));
                    runs.into_iter().any(|run| other.touches(run.table.code, run.first, run.count))
                })
            }),
        };
        partial
    }

    /// Whether a range is known, and the function and class above it.
    fn is_role_known(&self, id: u32, time: Timestamp) -> bool {
        let mut at = Some(id);
        for _ in 0..3 {
            let Some(key) = at.and_then(|id| self.tables.key(id).map(|key| (id, key))) else {
                break;
            };
            if !self.tables.is_known(key.0, time) {
                return false;
            }
            at = (key.1.kind != Kind::Access).then_some(key.1.parent);
        }
        true
    }

    /// Which points of a run this master never accessed so.
    fn run_news(
        &self,
        role: &Role,
        commanded: bool,
        run: &Run<'_>,
        time: Timestamp,
        allowed: bool,
    ) -> RunNews {
        let tables = &self.tables;
        let pair = tables.pair_of(role);
        let own = pair.and_then(|pair| tables.pairs.get(slot(pair)));
        let way = |pair: &Pair, index: u32| pair.way(commanded).holds(run.table.code, index, 1);
        let access = tables.find_path(&Path::Access(*role));
        let known = |index| {
            let detail = point_detail(run.table.code, index);
            let id = access.and_then(|access| tables.find(Kind::Point, access, detail));
            id.is_some_and(|id| tables.is_known(id, time))
        };
        let device = tables.device(&role.device).and_then(|id| tables.devices.get(slot(id)));
        let others = device.map(|device| device.pairs.as_slice()).unwrap_or_default();
        // The whole run at once, where nobody accesses any of it, or somebody else all of it: a stranger's case.
        let count = run.count.min(self.config.points_of_message_max);
        let touches = |pair: &Pair| pair.way(commanded).touches(run.table.code, run.first, count);
        let whole = |pair: &Pair| pair.way(commanded).holds(run.table.code, run.first, count);
        let other = || others.iter().filter_map(|other| tables.pairs.get(slot(*other)));
        if access.is_none() && !own.is_some_and(touches) && !(commanded && allowed) {
            let first = run.points().next();
            if !other().any(touches) {
                return RunNews { new: count, new_to_all: count, first };
            }
            if other().any(whole) {
                return RunNews { new: count, new_to_all: 0, first };
            }
        }
        let mut news = RunNews::default();
        for point in run.points().take(slot(self.config.points_of_message_max)) {
            if own.is_some_and(|own| way(own, point.index)) {
                continue;
            }
            if commanded && known(point.index) {
                continue;
            }
            let declared =
                |point| self.site.point(&role.device, point).is_some_and(|p| p.commanded);
            if commanded && allowed && declared(&point) {
                continue;
            }
            news.new = news.new.saturating_add(1);
            news.first = news.first.or(Some(point));
            if !other().any(|other| way(other, point.index)) {
                news.new_to_all = news.new_to_all.saturating_add(1);
            }
        }
        news
    }
}
