//! Answers, and what devices say unasked.

use gridtap_dnp3::{File, Fragment, FunctionCode};
use gridtap_model::{
    Authentication, Class, Direction, FaultKind, Faults, Hearing, Indications, Outcome, Phase,
    Refusal, Run, Timestamp, Transport,
};

use super::contents::Contents;
use super::course::{Course, Said};
use super::dialogue::Unconfirmed;
use super::effect::{self, deed};
use super::exchange::{Answered, Asked, Pair};
use super::framing::count_many;
use super::lines::OnLine;
use super::observe::{Back, Roles, Telling, outcome, tell, write};
use super::open_files::{Followed, file_of};
use super::proof::{Proof, Step};
use super::record::Dnp3Record;
use super::session::Reading;
use crate::stage::{Stage, ends};

/// An answer, as much of it as its request is found by.
struct Arrived {
    pair: Pair,
    /// The way that its request went.
    asking: Direction,
    sequence: u8,
    /// The first part of an answer, and the last.
    first: bool,
    last: bool,
    /// Of the objects.
    digest: u64,
    time: Timestamp,
    hearing: Hearing,
    /// What it answers may have been lost without a trace.
    datagrams: bool,
}

impl Course {
    /// A message that only devices send.
    pub(super) fn answer(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        fragment: &Fragment<'_>,
        roles: Roles,
        mut faults: Faults,
    ) {
        let mut scratch = core::mem::take(&mut reading.stage.shared.dnp3);
        if reading.stage.shared.observations {
            scratch.read(fragment, said.known, &mut faults, |runs, contents, faults| {
                self.answer_read(reading, said, fragment, roles, (runs, contents, faults));
            });
        } else {
            let read = (&[][..], &Contents::default(), &mut faults);
            self.answer_read(reading, said, fragment, roles, read);
        }
        reading.stage.shared.dnp3 = scratch;
    }

    fn answer_read(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        fragment: &Fragment<'_>,
        roles: Roles,
        (runs, contents, faults): (&[Run<'_>], &Contents<'_>, &mut Faults),
    ) {
        let Reading { stage, speakers, direction } = reading;
        count_many(&mut stage.shared.counters.dnp3_points_untold, contents.untold);
        let begun = self.dialogues.find(roles.pair).is_some_and(|dialogue| dialogue.paired);
        // Judged as it stood before this answer paired.
        let hearing = self.hearing(stage, speakers, begun);
        let function = effect::function(fragment.function);
        let indications = fragment.iin.map(|iin| Indications(iin.0));
        let mut telling = Telling {
            phase: Phase::Response,
            runs,
            outcome: outcome(indications.unwrap_or_default(), contents),
            faults: *faults,
            identity: contents.identity,
            indications,
            authentication: match contents.step {
                Some(Step::Error(code)) => Authentication::Failed(code),
                _ => Authentication::Unknown,
            },
            ..Telling::of(stage.time, said.place, *direction, roles, function, hearing)
        };
        let digest = stage.shared.digest.hash_one(fragment.objects);
        let datagrams = speakers.transport == Transport::Udp;
        let asked = self.place_answer(fragment, (digest, datagrams), contents, &mut telling);
        // What an answer is about its request says, where it was heard.
        if asked.is_none() || fragment.function != FunctionCode::RESPONSE {
            (telling.class, telling.effect) = deed(fragment);
        }
        if let Some(asked) = &asked {
            self.settle(asked.direction);
            let [_, device] = ends(speakers, asked.direction);
            let (master, link) = asked.pair;
            let host = device.address;
            let on_line = OnLine { zone: speakers.zone, host, device: link, master };
            stage.shared.lines.answer(speakers.group(), on_line);
            self.note_select(asked, telling.outcome);
        }
        if let Some(indications) = indications {
            self.dialogues.say(roles.pair.1, indications, stage.time);
        }
        let file = file_of(fragment);
        let file =
            file.and_then(|file| self.told_of_file(stage, asked.as_ref(), roles.pair, &file));
        telling.file = file.as_ref().map(Followed::access);
        self.note_unconfirmed(fragment, roles.pair, said.place.frame, stage.time);
        // A refusal mostly repeats nothing: its points are those of its request.
        let kept;
        if let Some(asked) = &asked
            && runs.is_empty()
            && effect::is_about_its_request(asked, telling.phase)
        {
            kept = asked.named();
            telling.runs = kept.as_slice();
        }
        tell(stage, speakers, &telling);
        let record = Dnp3Record::fragment(said.frame, said.transport, *fragment);
        let record = record.described(said.known).answers(telling.back).about(file.as_ref());
        write(stage, speakers, ends(speakers, *direction), said.place, record);
    }

    /// The file that an answer is about.
    fn told_of_file(
        &mut self,
        stage: &mut Stage<'_>,
        asked: Option<&Asked>,
        pair: Pair,
        file: &File<'_>,
    ) -> Option<Followed> {
        let files_max = stage.shared.config.dnp3_files_max;
        let (followed, evicted) = self.dialogues.with_files(pair, |files| {
            (files.answer(asked, file, files_max), files.take_evicted())
        })?;
        count_many(&mut stage.shared.counters.dnp3_files_evicted, evicted);
        followed
    }

    /// Where in its dialogue an answer stands: the request that it answers, and what it tells of that.
    fn place_answer(
        &mut self,
        fragment: &Fragment<'_>,
        (digest, datagrams): (u64, bool),
        contents: &Contents<'_>,
        telling: &mut Telling<'_>,
    ) -> Option<Asked> {
        let (pair, sequence) = (telling.roles.pair, fragment.control.sequence());
        if fragment.function == FunctionCode::UNSOLICITED_RESPONSE {
            (telling.phase, telling.outcome) = (Phase::Unsolicited, Outcome::Success);
            return None;
        }
        if matches!(telling.outcome, Outcome::Refused { .. }) {
            telling.phase = Phase::Exception;
        }
        if fragment.function == FunctionCode::AUTHENTICATE_RESP
            && self.challenged(pair, sequence, contents.step)
        {
            let challenged = self.exchange.find(pair, Some(sequence))?;
            telling.back = Some(challenged.back(telling.time));
            if let Proof::Failed(code) = challenged.proof {
                telling.authentication = Authentication::Failed(code);
            }
            return None;
        }
        let arrived = Arrived {
            pair,
            asking: telling.roles.asking,
            sequence,
            first: fragment.control.is_first(),
            last: fragment.control.is_final(),
            digest,
            time: telling.time,
            hearing: telling.hearing,
            datagrams,
        };
        let asked;
        (asked, telling.back) = self.matched(&arrived, &mut telling.faults);
        let asked = asked?;
        if fragment.function == FunctionCode::RESPONSE {
            (telling.class, telling.effect) = (asked.class, asked.effect);
            telling.function = asked.function;
            telling.authentication = asked.proof.shown(asked.code);
            let refused = contents.set_refused.filter(|_| asked.class == Class::Command);
            if let Some(status) = refused.filter(|_| telling.outcome == Outcome::Success) {
                telling.phase = Phase::Exception;
                telling.outcome = Outcome::Refused { reason: Refusal::Other, code: status.into() };
            }
        }
        Some(asked)
    }

    /// A challenge, or an error, in the place of an answer: what it is of waits on. Whether it is of anything.
    fn challenged(&mut self, pair: Pair, sequence: u8, step: Option<Step>) -> bool {
        let Some(asked) = self.exchange.find(pair, Some(sequence)) else { return false };
        let Some(step) = step.filter(|_| !effect::is_step(asked.code)) else { return false };
        asked.proof = asked.proof.after(step);
        asked.excused = true;
        true
    }

    /// The request that a message answers; of one that repeats an answer, the frame of its request.
    fn matched(&mut self, arrived: &Arrived, faults: &mut Faults) -> (Option<Asked>, Option<Back>) {
        let Arrived { pair, asking, sequence, first, last, .. } = *arrived;
        let Arrived { digest, time, hearing, datagrams, .. } = *arrived;
        let waiting = self.exchange.find(pair, Some(sequence)).map(|asked| asked.begun);
        // What goes on from a part before it, and what begins, are never each other's.
        let fits = waiting.is_some_and(|begun| first != begun);
        let overflowed = self.exchange.overflowed;
        let asked = match fits {
            true => self.exchange.answer((pair, asking), Some(sequence), last),
            false => None,
        };
        if asked.is_none() {
            self.exchange.miss(pair, sequence, time);
        }
        let Some(dialogue) = self.dialogues.find(pair) else { return (None, None) };
        if let Some(asked) = asked {
            let (frame, repeats) = (asked.place.frame, asked.repeats);
            dialogue.note_answer(Answered { sequence, digest, frame, repeats });
            return (Some(asked), Some(asked.back(time)));
        }
        let earlier = dialogue.answered.iter_mut().flatten();
        let earlier = earlier.into_iter().find(|answered| answered.sequence == sequence);
        let Some(earlier) = earlier else {
            if datagrams {
                dialogue.selection.doubt();
            }
            if hearing.is_clean() && !overflowed {
                faults.push(FaultKind::Unrequested, sequence.into(), 0);
            }
            return (None, None);
        };
        let same = earlier.digest == digest;
        if !same && earlier.repeats == 0 && hearing.is_clean() {
            faults.push(FaultKind::SecondResponse, sequence.into(), 0);
        }
        earlier.repeats = earlier.repeats.saturating_sub(1);
        (None, Some(Back { frame: earlier.frame, latency_ns: None }))
    }

    /// A select that was refused selects nothing; one that is answered late stands all the same.
    fn note_select(&mut self, asked: &Asked, outcome: Outcome) {
        if asked.code == FunctionCode::SELECT
            && let Some(dialogue) = self.dialogues.find(asked.pair)
        {
            match outcome {
                Outcome::Success => dialogue.selection.accept(asked.sequence),
                _ => dialogue.selection.refuse(asked.sequence),
            }
        }
    }

    fn note_unconfirmed(
        &mut self,
        fragment: &Fragment<'_>,
        pair: Pair,
        frame: u64,
        time: Timestamp,
    ) {
        if fragment.control.wants_confirm()
            && let Some(dialogue) = self.dialogues.find(pair)
        {
            let sequence = fragment.control.sequence();
            let unasked = fragment.control.is_unsolicited();
            *dialogue.unconfirmed_mut(unasked) = Some(Unconfirmed { sequence, frame, time });
        }
    }
}
