//! Observations that wait until it is their turn to be judged.
//!
//! An observation borrows from the packet that it is of. Kept, all that it borrows stands in a few vectors that are
//! used again, so that keeping one costs no allocation.

use core::ops::Range;

use gridtap_dissect::Output;
use gridtap_model::{FileAccess, Message, Observation, Reading, Run, Value, Values, What};

use crate::shards::Gather;

/// Observations in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Observations {
    all: Vec<Kept>,
    runs: Vec<KeptRun>,
    octets: Vec<u8>,
    values: Vec<Value>,
    readings: Vec<Reading>,
}

/// An observation, without what it borrows.
#[derive(Debug)]
struct Kept {
    observation: Observation<'static>,
    runs: Range<usize>,
    identity: Option<Range<usize>>,
    file_name: Option<Range<usize>>,
}

/// A run, without what it borrows.
#[derive(Debug)]
struct KeptRun {
    run: Run<'static>,
    values: KeptValues,
}

#[derive(Debug, Clone)]
enum KeptValues {
    None,
    Bits(Range<usize>),
    Words(Range<usize>),
    Each(Range<usize>),
    Readings(Range<usize>),
}

/// Runs of a message that need no allocation when it is taken out.
const RUNS_FEW: usize = 4;

const NO_RUN: Run<'static> = Run {
    table: gridtap_model::Table::FILE,
    first: 0,
    count: 0,
    values: Values::None,
    written: false,
};

fn append<T: Clone>(all: &mut Vec<T>, more: &[T]) -> Range<usize> {
    let from = all.len();
    all.extend_from_slice(more);
    from..all.len()
}

impl Observations {
    /// Keeps one.
    fn push(&mut self, observation: &Observation<'_>) {
        let (mut runs, mut identity, mut file_name) = (0..0, None, None);
        let what = match observation.what {
            What::Link(event) => What::Link(event),
            What::Network(event) => What::Network(event),
            What::Message(message) => {
                runs = self.keep_runs(message.runs);
                identity = message.identity.map(|octets| append(&mut self.octets, octets));
                let name = message.file.and_then(|file| file.name);
                file_name = name.map(|octets| append(&mut self.octets, octets));
                What::Message(without_borrows(&message))
            }
        };
        let Observation { time, place, zone, conversation, transport, protocol, .. } = *observation;
        let Observation { source, destination, .. } = *observation;
        let observation = Observation {
            time,
            place,
            zone,
            conversation,
            transport,
            protocol,
            source,
            destination,
            what,
        };
        self.all.push(Kept { observation, runs, identity, file_name });
    }

    fn keep_runs(&mut self, runs: &[Run<'_>]) -> Range<usize> {
        let from = self.runs.len();
        for run in runs {
            let values = match run.values {
                Values::None => KeptValues::None,
                Values::Bits(octets) => KeptValues::Bits(append(&mut self.octets, octets)),
                Values::Words(octets) => KeptValues::Words(append(&mut self.octets, octets)),
                Values::Each(values) => KeptValues::Each(append(&mut self.values, values)),
                Values::Readings(readings) => {
                    KeptValues::Readings(append(&mut self.readings, readings))
                }
            };
            let Run { table, first, count, written, .. } = *run;
            let run = Run { table, first, count, values: Values::None, written };
            self.runs.push(KeptRun { run, values });
        }
        from..self.runs.len()
    }

    /// Looks at one as it was.
    pub(crate) fn look(&self, nth: usize, look: impl FnOnce(&Observation<'_>)) {
        let Some(kept) = self.all.get(nth) else { return };
        let What::Message(message) = &kept.observation.what else { return look(&kept.observation) };
        let octets = |range: &Range<usize>| self.octets.get(range.clone()).unwrap_or_default();
        let runs = self.runs.get(kept.runs.clone()).unwrap_or_default();
        let (mut few, many);
        let runs = if runs.len() <= RUNS_FEW {
            few = [NO_RUN; RUNS_FEW];
            few.iter_mut().zip(runs).for_each(|(run, kept)| *run = self.run(kept));
            few.get(..runs.len()).unwrap_or_default()
        } else {
            many = runs.iter().map(|run| self.run(run)).collect::<Vec<_>>();
            &*many
        };
        let file = message
            .file
            .map(|file| FileAccess { name: kept.file_name.as_ref().map(octets), ..file });
        let identity = kept.identity.as_ref().map(octets);
        let what = What::Message(Message { runs, identity, file, ..*message });
        look(&Observation { what, ..kept.observation });
    }

    fn run(&self, kept: &KeptRun) -> Run<'_> {
        let octets = |range: &Range<usize>| self.octets.get(range.clone()).unwrap_or_default();
        let values = match &kept.values {
            KeptValues::None => Values::None,
            KeptValues::Bits(range) => Values::Bits(octets(range)),
            KeptValues::Words(range) => Values::Words(octets(range)),
            KeptValues::Each(range) => {
                Values::Each(self.values.get(range.clone()).unwrap_or_default())
            }
            KeptValues::Readings(range) => {
                Values::Readings(self.readings.get(range.clone()).unwrap_or_default())
            }
        };
        Run { values, ..kept.run }
    }
}

/// A message without its runs, its identity and the name of its file.
fn without_borrows(message: &Message<'_>) -> Message<'static> {
    let Message { master, device, class, phase, function, effect, outcome, .. } = *message;
    let Message { request_frame, latency_ns, faults, hearing, file, dialogue, .. } = *message;
    let file = file.map(|FileAccess { index, mode, octets, blocks, octets_moved, .. }| {
        FileAccess { name: None, index, mode, octets, blocks, octets_moved }
    });
    Message {
        master,
        device,
        class,
        phase,
        function,
        effect,
        runs: &[],
        outcome,
        request_frame,
        latency_ns,
        faults,
        hearing,
        identity: None,
        file,
        dialogue,
    }
}

/// Gathers observations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatherObservations;

impl Gather for GatherObservations {
    type Kept = Observations;

    fn take(&mut self, output: &Output<'_>, kept: &mut Observations) -> bool {
        let Output::Observation(observation) = output else { return false };
        kept.push(observation);
        true
    }

    fn clear(kept: &mut Observations) {
        let Observations { all, runs, octets, values, readings } = kept;
        all.clear();
        runs.clear();
        octets.clear();
        values.clear();
        readings.clear();
    }
}
