//! The methods beside the monitor: the same frames, heard by the same decoders.

use gridtap_dissect::{Dissector, Output};
use gridtap_model::Timestamp;
use gridtap_sensor::{Config, Ear};
use gridtap_wire::{Frame, Wire};

use super::{Alerts, COUNT, Methods, Said, Threshold, calibrated};

/// How far a bench has come.
#[derive(Debug)]
enum Stage {
    /// All is learned.
    Learning,
    /// All is learned, and what was learned before is judged by it.
    Calibrating(Box<Methods>),
    /// All is judged.
    Judging,
}

/// What was learned, with the thresholds that suit it.
#[derive(Debug, Clone)]
pub struct Trained {
    methods: Methods,
    /// By method.
    pub thresholds: [Threshold; COUNT],
    /// From how many messages.
    pub messages: u64,
}

/// Every method, and what it alerts on.
#[derive(Debug)]
pub struct Bench {
    hearing: Hearing,
    stage: Stage,
    methods: Methods,
    thresholds: [Threshold; COUNT],
    /// By method, of what was judged, or of what calibrates.
    pub alerts: [Alerts; COUNT],
    /// How many messages were heard that the methods look at, since they learn or since they judge.
    pub messages: u64,
    /// How many they learned from.
    pub learned: u64,
}

#[derive(Debug)]
struct Hearing {
    ear: Ear,
    second: i64,
}

impl Bench {
    /// A bench that learns from now on.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let ear = Ear {
            wire: Wire::new(config.wire.clone()),
            dissector: Dissector::new(config.dissect.clone()),
        };
        Self {
            hearing: Hearing { ear, second: i64::MIN },
            stage: Stage::Learning,
            methods: Methods::default(),
            thresholds: [Threshold::PUBLISHED; COUNT],
            alerts: Default::default(),
            messages: 0,
            learned: 0,
        }
    }

    /// A bench that judges from now on.
    #[must_use]
    pub fn judging(config: &Config, trained: &Trained) -> Self {
        let Trained { methods, thresholds, messages: learned } = trained.clone();
        Self { methods, thresholds, learned, stage: Stage::Judging, ..Self::new(config) }
    }

    /// One frame.
    pub fn frame(&mut self, frame: &Frame<'_>) {
        let Self { hearing, stage, methods, alerts, messages, .. } = self;
        let mut take = |output: Output<'_>| {
            let Output::Observation(observation) = output else { return };
            let Some(said) = Said::of(observation) else { return };
            *messages += 1;
            let scores = match stage {
                Stage::Learning => return methods.learn(&said),
                Stage::Calibrating(old) => {
                    methods.learn(&said);
                    old.judge(&said)
                }
                Stage::Judging => methods.judge(&said),
            };
            for (alerts, score) in alerts.iter_mut().zip(scores) {
                if let Some(score) = score {
                    alerts.add(said.time, said.pair, score);
                }
            }
        };
        let second = frame.time.nanos().div_euclid(1_000_000_000);
        if second > hearing.second {
            hearing.second = second;
            hearing.ear.tick(Timestamp::from_parts(second, 0), &mut take);
        }
        hearing.ear.frame(frame, &mut take);
    }

    /// What was learned until now judges what is learned from now on, so that thresholds can be found.
    pub fn calibrate(&mut self) {
        let mut old = self.methods.clone();
        old.learned();
        self.stage = Stage::Calibrating(Box::new(old));
    }

    /// Learning is over. What was judged while calibrating may come to so many incidents.
    pub fn arm(&mut self, incidents_max: f64) {
        if matches!(self.stage, Stage::Calibrating(_)) {
            let own = self.alerts.iter().map(|alerts| calibrated(alerts.list(), incidents_max));
            self.thresholds.iter_mut().zip(own).for_each(|(place, own)| *place = own);
        }
        self.methods.learned();
        self.stage = Stage::Judging;
        self.alerts = Default::default();
        self.learned = core::mem::take(&mut self.messages);
    }

    /// What was learned, to go on with elsewhere.
    #[must_use]
    pub fn trained(&self) -> Trained {
        let (methods, thresholds) = (self.methods.clone(), self.thresholds);
        Trained { methods, thresholds, messages: self.learned }
    }

    /// By method, the threshold that keeps to one incident a day; as published where nothing was calibrated.
    #[must_use]
    pub const fn thresholds(&self) -> &[Threshold; COUNT] {
        &self.thresholds
    }

    /// For how many channels there is an automaton, and for how many there is none.
    #[must_use]
    pub fn channels(&self) -> (usize, usize) {
        self.methods.channels()
    }
}
