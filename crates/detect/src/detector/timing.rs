//! What the passing of time shows: requests that are late, or have changed their pace.

use gridtap_baseline::Baseline;
use gridtap_model::{Armed, Protocol, Timestamp};

use super::Detector;
use super::health::{Condition, Trouble};
use super::message::enter_one;
use crate::family::timing::Said;
use crate::series::Found;

impl Detector {
    /// A frame came from an input, whatever it brings.
    #[inline]
    pub fn frame(&mut self, capture: u16) {
        self.families.timing.frame(capture);
    }

    /// Lets time pass for what comes regularly: before [`Detector::tick`].
    pub fn pace(&mut self, now: Timestamp, baseline: &mut Baseline) {
        self.families.feedbacks.tick(now, baseline, &mut self.later);
        self.enter_later();
        let mut said = core::mem::take(&mut self.said);
        self.families.timing.tick(now, &self.site, baseline, &mut said);
        for said in said.drain(..) {
            match said {
                Said::Series(series, time, place) => {
                    let zone = series.device.zone;
                    let protocol: Protocol = series.device.protocol;
                    let found = Found { time, place, protocol, zone, armed: Armed::Armed };
                    enter_one(&mut self.book, &self.site, &series, &found, false);
                }
                Said::Pause(place, observed) => self.sensor_troubled(&Condition {
                    time: now,
                    place,
                    trouble: Trouble::Pause,
                    observed: &observed,
                }),
            }
        }
        self.said = said;
    }
}
