//! The values of messages, and whose they are.

use gridtap_model::{Message, Table};

use super::{Departure, Now, POINTS_OF_MESSAGE_MAX, block, point};
use crate::baseline::Baseline;
use crate::float::real;
use crate::verdict::Level;
use crate::zone::{News, ZoneState};

impl Baseline {
    /// Takes in the values that an answer brings, or a request writes. What goes beyond what was learned of a point is
    /// added to `out`. It teaches nothing in a repeated capture.
    pub fn hear_values(&mut self, message: &Message<'_>, written: bool, out: &mut Vec<Departure>) {
        if self.repeated {
            return;
        }
        let zone = message.device.zone;
        let Some(zone_slot) = self.zones.iter().position(|state| state.zone() == zone) else {
            return;
        };
        let Some(state) = self.zones.get(zone_slot) else { return };
        let now = Now {
            block: state.blocks,
            armed: state.is_armed(Level::Value) && self.judges_in(zone),
            tests_per_day: 0.0,
            blocks_per_day: self.blocks_per_day(),
            admits: true,
        };
        // What strangers read or write takes no room.
        let admits = self.is_master_of(&message.device, message.master.address);
        let points = real(u64::try_from(self.values.points()).unwrap_or(u64::MAX)).max(1.0);
        let now = Now { admits, tests_per_day: points * now.blocks_per_day, ..now };
        for run in message.runs {
            let valued = run.written == written && run.count <= POINTS_OF_MESSAGE_MAX;
            if !valued || !block::has_numbers(run) {
                continue;
            }
            let novelty = self.values.hear(&message.device, run, now, out);
            if let Some(zone) = self.zones.get_mut(zone_slot) {
                novelty.count(zone);
            }
        }
    }

    /// Calls back with each bit that an answer showed otherwise than the one before, since this was last asked: its table
    /// and index, and what it is now. Of what changes at once the first few.
    #[inline]
    pub fn take_changed_bits(&mut self, changed: impl FnMut((Table, u32, bool))) {
        if !self.values.changed_bits.is_empty() {
            self.values.changed_bits.drain(..).for_each(changed);
        }
    }

    /// Blocks a day, of at least an hour each.
    fn blocks_per_day(&self) -> f64 {
        let block_s = real(self.block_ns()) / 1e9;
        (86_400.0 / block_s.max(1.0)).clamp(1.0, 24.0)
    }
}

impl point::Novelty {
    pub(super) fn add(&mut self, other: Self) {
        self.new = self.new.saturating_add(other.new);
        self.again = self.again.saturating_add(other.again);
    }

    fn count(self, zone: &mut ZoneState) {
        for _ in 0..self.new {
            zone.learned(News::Value);
        }
        for _ in 0..self.again {
            zone.heard_again(News::Value, zone.blocks);
        }
    }
}
