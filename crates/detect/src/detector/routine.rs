//! What is heard again and again, and of which no rule can say anything: nearly all that is heard.
//!
//! A read that is known at every level, fits the standard and changes nothing is asked of the only two that follow each
//! of them: the order of functions, and when requests come.

use gridtap_baseline::{Baseline, Declared};
use gridtap_model::{Class, Effect, Message, Observation, Phase, SubAddress};

use super::Detector;
use crate::family::rows;

impl Detector {
    /// Takes in a request that is one of those; says whether it is.
    #[inline]
    pub(super) fn is_routine(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
    ) -> bool {
        if !reads_plainly(message) {
            return false;
        }
        let Some(declared) = baseline.recognise(obs, message) else { return false };
        if declared == Declared::Forbidden || !self.families.sequence.goes_on(message, baseline) {
            return false;
        }
        baseline.learn_again(obs, message, declared);
        true
    }
}

/// Whether a request only reads, in a way that says nothing by itself.
fn reads_plainly(message: &Message<'_>) -> bool {
    message.phase == Phase::Request
        && message.class == Class::Read
        && message.effect == Effect::Plain
        && message.faults.is_empty()
        && message.file.is_none()
        // Of protocols of outstations more is followed.
        && message.dialogue.master_sub == SubAddress::None
        && rows(message.device.protocol).is_some_and(|rows| {
            rows.outstation.is_none() && rows.new_transition.is_some()
        })
}
