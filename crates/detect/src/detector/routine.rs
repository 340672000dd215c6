//! What is heard again and again, and of which no rule can say anything: nearly all that is heard.
//!
//! A read that is known at every level, fits the standard and changes nothing is asked of the few that follow each of
//! them: the order of functions, or what was said before in its dialogue and how much is asked; and when requests come.

use gridtap_baseline::{Baseline, Declared};
use gridtap_model::{
    Armed, Authentication, Class, Effect, Message, Observation, Phase, SubAddress,
};

use super::{Detector, armed};
use crate::family::outstation::Outstations;
use crate::family::{OutstationRows, rows};
use crate::scene::Scene;

/// What follows each request of a protocol.
enum Followed {
    /// Which function comes after which.
    Order,
    /// The dialogue, and how much is asked.
    Dialogue(&'static OutstationRows),
}

impl Detector {
    /// Takes in a request that is one of those; says whether it is.
    #[inline]
    pub(super) fn is_routine(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        baseline: &mut Baseline,
    ) -> bool {
        #[cfg(test)]
        if self.is_thorough {
            return false;
        }
        let Some(followed) = reads_plainly(message) else { return false };
        let Some(declared) = baseline.recognise(obs, message) else { return false };
        if declared == Declared::Forbidden {
            return false;
        }
        match followed {
            Followed::Order => {
                if !self.families.sequence.goes_on(obs, message, baseline) {
                    return false;
                }
                baseline.learn_again(obs, message, declared);
            }
            Followed::Dialogue(rows) => {
                if !Outstations::knows_master(message, baseline) {
                    return false;
                }
                self.goes_on(obs, message, declared, rows, baseline);
            }
        }
        true
    }

    /// What goes on with such a request to an outstation.
    fn goes_on(
        &mut self,
        obs: &Observation<'_>,
        message: &Message<'_>,
        declared: Declared,
        rows: &'static OutstationRows,
        baseline: &mut Baseline,
    ) {
        let families = &mut self.families;
        families.occasions.goes_on(obs, message, &mut self.later);
        families.sequence.polled(obs, message);
        let flood = families.outstations.asked(obs, message, baseline);
        let mut was_armed = Armed::Learning;
        self.series.clear();
        if let Some(flood) = flood {
            let verdict = baseline.judge(obs);
            let (site, excused, to_all) = (&self.site, false, false);
            let usual = true;
            let scene = Scene { obs, message, verdict: &verdict, site, excused, to_all, usual };
            was_armed = armed(verdict.armed);
            self.series.push(flood.told(&scene, rows));
        }
        baseline.learn_again(obs, message, declared);
        if !self.series.is_empty() {
            self.enter_series(obs, was_armed, baseline);
        }
        self.enter_later();
    }
}

/// Whether a request only reads, in a way that says nothing by itself: what follows it then.
fn reads_plainly(message: &Message<'_>) -> Option<Followed> {
    let is_plain = message.phase == Phase::Request
        && message.class == Class::Read
        && message.faults.is_empty()
        && message.file.is_none();
    let rows = rows(message.device.protocol).filter(|_| is_plain)?;
    let dialogue = &message.dialogue;
    match rows.outstation {
        None if message.effect == Effect::Plain
            && dialogue.master_sub == SubAddress::None
            && rows.new_transition.is_some() =>
        {
            Some(Followed::Order)
        }
        // All of a device's points at once are read like some of them: only who does it first is told.
        Some(outstation)
            if matches!(message.effect, Effect::Plain | Effect::Survey)
                && rows.new_transition.is_none()
                && dialogue.master_sub != SubAddress::None
                && dialogue.selected.is_none()
                && dialogue.authentication == Authentication::Unknown
                && !message.device.sub.is_broadcast() =>
        {
            Some(Followed::Dialogue(outstation))
        }
        _ => None,
    }
}
