//! Requests, and the receipts of masters.

use gridtap_dnp3::{File, Fragment, FunctionCode};
use gridtap_model::{
    Class, Effect, FaultKind, Faults, Indications, Outcome, Phase, Run, Transport,
};

use super::contents::Contents;
use super::course::{Course, Said};
use super::dialogue::Last;
use super::effect::{self, Deed, deed};
use super::exchange::Asked;
use super::framing::count_many;
use super::observe::{Back, Roles, Telling, tell, write};
use super::open_files::{Followed, file_of};
use super::proof::{self, Step};
use super::record::Dnp3Record;
use super::select::Control;
use super::session::Reading;
use crate::stage::{Stage, ends};

/// What two requests are compared by: all of their objects.
#[derive(Clone, Copy)]
struct Digests {
    /// Of function and objects.
    whole: u64,
    /// Of the objects.
    objects: u64,
}

/// So many requests of one master go unheard in a row, by chance.
const UNHEARD_MAX: u8 = 3;

impl Course {
    /// A message that only masters send.
    pub(super) fn request(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        fragment: &Fragment<'_>,
        roles: Roles,
        mut faults: Faults,
    ) {
        let mut scratch = core::mem::take(&mut reading.stage.shared.dnp3);
        let file = file_of(fragment);
        let file =
            file.and_then(|file| self.ask_of_file(reading.stage, said, roles, fragment, &file));
        let file = file.as_ref();
        let (class, effect) = deed(fragment);
        if reading.stage.shared.observations {
            let run = file.and_then(|file| file.access().run(effect == Effect::FileWrite));
            let run = run.filter(|_| class == Class::File);
            scratch.read(fragment, said.known, &mut faults, |runs, contents, faults| {
                let with_file: Vec<Run<'_>>;
                let runs = match run {
                    Some(run) => {
                        with_file = runs.iter().copied().chain([run]).collect();
                        &with_file
                    }
                    None => runs,
                };
                let read = (runs, contents, file, faults);
                self.request_read(reading, said, fragment, roles, (class, effect), read);
            });
        } else {
            let contents = Contents { step: reply(fragment), ..Contents::default() };
            let read = (&[][..], &contents, file, &mut faults);
            self.request_read(reading, said, fragment, roles, (class, effect), read);
        }
        reading.stage.shared.dnp3 = scratch;
    }

    /// The file that a request is about.
    fn ask_of_file(
        &mut self,
        stage: &mut Stage<'_>,
        said: &Said<'_>,
        roles: Roles,
        fragment: &Fragment<'_>,
        file: &File<'_>,
    ) -> Option<Followed> {
        let files_max = stage.shared.config.dnp3_files_max;
        let (followed, evicted) = self.dialogues.with_files(roles.pair, |files| {
            let followed = files.request(fragment.function, file, said.place, files_max);
            (followed, files.take_evicted())
        })?;
        count_many(&mut stage.shared.counters.dnp3_files_evicted, evicted);
        followed
    }

    fn request_read(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        fragment: &Fragment<'_>,
        roles: Roles,
        (class, effect): Deed,
        (runs, contents, file, faults): (&[Run<'_>], &Contents<'_>, Option<&Followed>, &mut Faults),
    ) {
        let Reading { stage, speakers, direction } = reading;
        count_many(&mut stage.shared.counters.dnp3_points_untold, contents.untold);
        let digests = Digests {
            whole: stage.shared.digest.hash_one((fragment.function.0, fragment.objects)),
            objects: stage.shared.digest.hash_one(fragment.objects),
        };
        let begun = self.dialogues.find(roles.pair).is_some_and(|dialogue| dialogue.paired);
        let phase = phase(fragment.function);
        let hearing = match phase {
            Phase::Operate => self.hearing_of_operate(stage, speakers, (*direction, begun)),
            _ => self.hearing(stage, speakers, begun),
        };
        let broadcast = said.frame.header.destination.is_broadcast();
        let answered = fragment.function.is_answered() && !broadcast;
        let mut telling = Telling {
            class,
            effect,
            phase,
            runs,
            faults: *faults,
            file: file.map(Followed::access),
            authentication: proof::of_request(fragment.function, contents.step, answered),
            ..Telling::of(
                stage.time,
                said.place,
                *direction,
                roles,
                effect::function(fragment.function),
                hearing,
            )
        };
        let mut asked =
            Asked::new(stage.time, said.place, roles, Some(fragment.control.sequence()));
        (asked.code, asked.function) = (fragment.function, telling.function);
        (asked.class, asked.effect, asked.digest) = (class, effect, digests.whole);
        asked.runs = Asked::kept(runs);
        let late_ns = stage.shared.config.dnp3_select_late.nanos();
        let circumstances = (broadcast, late_ns, speakers.transport == Transport::Udp);
        self.place_request(fragment, &asked, digests, circumstances, &mut telling);
        if contents.step == Some(Step::Reply) {
            self.reply(&asked, Step::Reply);
        } else if !broadcast {
            // One that is not to be answered may be refused all the same.
            asked.expired = !answered;
            if contents.step == Some(Step::Aggressive) {
                asked.proof = asked.proof.after(Step::Aggressive);
            }
            let reused = self.ask(stage, speakers, asked);
            let known = telling.faults.find(FaultKind::TransactionReuse).is_some();
            if reused && hearing.is_clean() && !known && telling.phase != Phase::Operate {
                let sequence = fragment.control.sequence().into();
                telling.faults.push(FaultKind::TransactionReuse, sequence, 0);
            }
        }
        tell(stage, speakers, &telling);
        let record = Dnp3Record::fragment(said.frame, said.transport, *fragment)
            .described(said.known)
            .about(file);
        write(stage, speakers, ends(speakers, *direction), said.place, record);
    }

    /// The proof that a challenged request waited for.
    fn reply(&mut self, reply: &Asked, step: Step) {
        if let Some(asked) = self.exchange.find(reply.pair, reply.sequence) {
            asked.proof = asked.proof.after(step);
        }
    }

    /// Where in its dialogue a request stands: what it repeats, what it was selected by, what explains it.
    fn place_request(
        &mut self,
        fragment: &Fragment<'_>,
        asked: &Asked,
        digests: Digests,
        (broadcast, late_ns, datagrams): (bool, u64, bool),
        telling: &mut Telling<'_>,
    ) {
        // Steps of authentication go between a request and its answer, with its sequence number.
        let is_step = effect::is_step(fragment.function);
        if broadcast {
            self.dialogues.cancel_all(asked.pair.0);
        }
        let clean = telling.hearing.is_clean();
        let Some(dialogue) = self.dialogues.find(asked.pair) else { return };
        let sequence = fragment.control.sequence();
        let last = dialogue.last;
        let again =
            last.is_some_and(|last| (last.sequence, last.digest) == (sequence, digests.whole));
        if !is_step {
            let same_number = last.is_some_and(|last| last.sequence == sequence);
            let reused = same_number && !again && dialogue.sequences_vary && clean;
            if reused && telling.phase != Phase::Operate {
                telling.faults.push(FaultKind::TransactionReuse, sequence.into(), 0);
            }
            // A datagram is lost without a trace but in the numbers of those after it.
            let unheard =
                last.map_or(0, |last| sequence.wrapping_sub(last.sequence.wrapping_add(1)) & 0x0F);
            if datagrams && (1..=UNHEARD_MAX).contains(&unheard) {
                dialogue.selection.doubt_nothing();
                dialogue.doubt_files();
            }
            dialogue.sequences_vary |= last.is_some() && !same_number;
            dialogue.last =
                Some(Last { sequence, digest: digests.whole, direction: asked.direction });
            let (time, frame) = (asked.time, asked.place.frame);
            let control = Control { digest: digests.objects, sequence, time, frame };
            match telling.phase {
                Phase::Select => dialogue.selection.select(control),
                Phase::Operate => {
                    let mut found = Faults::NONE;
                    let rules = (late_ns, dialogue.sequences_vary);
                    telling.selected = dialogue.selection.operate(control, rules, &mut found);
                    if clean {
                        let found = found.iter();
                        found.for_each(|it| telling.faults.push(it.kind, it.found, it.expected));
                    }
                }
                _ => dialogue.selection.cancel(),
            }
        }
        let from_start = dialogue.from_start || datagrams;
        telling.occasion =
            dialogue.opening.next(&dialogue.condition, telling.effect, asked.time, from_start);
        if telling.effect == Effect::ClockSet && fragment.function == FunctionCode::WRITE {
            self.dialogues.set_time((!broadcast).then_some(asked.pair.1));
        }
    }

    /// A confirm, or a function of which nobody says who sends it.
    pub(super) fn receipt(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        said: &Said<'_>,
        fragment: &Fragment<'_>,
        roles: Roles,
        faults: Faults,
    ) {
        let Reading { stage, speakers, direction } = reading;
        let confirms = fragment.function == FunctionCode::CONFIRM;
        let by_master = roles.asking == *direction;
        let (class, effect) = deed(fragment);
        let mut back = None;
        let mut begun = false;
        if let Some(dialogue) = self.dialogues.find(roles.pair) {
            begun = dialogue.paired;
            if confirms && by_master {
                let unasked = fragment.control.is_unsolicited();
                let of = dialogue.unconfirmed_mut(unasked);
                let sequence = fragment.control.sequence();
                if let Some(of) = of.take_if(|of| of.sequence == sequence) {
                    let latency_ns = Some(stage.time.since_ns(of.time));
                    back = Some(Back { frame: of.frame, latency_ns });
                    dialogue.paired = true;
                }
            }
        }
        let (phase, outcome) = match (confirms, by_master) {
            (true, _) => (Phase::Confirm, Outcome::Success),
            (false, true) => (Phase::Request, Outcome::Pending),
            (false, false) => (Phase::Unsolicited, Outcome::Success),
        };
        let hearing = self.hearing(stage, speakers, begun);
        let name = effect::function(fragment.function);
        if !confirms && by_master && !said.frame.header.destination.is_broadcast() {
            // What no standard has a device may refuse.
            let sequence = Some(fragment.control.sequence());
            let mut asked = Asked::new(stage.time, said.place, roles, sequence);
            (asked.code, asked.function) = (fragment.function, name);
            (asked.class, asked.effect, asked.expired) = (class, effect, true);
            self.ask(stage, speakers, asked);
        }
        let telling = Telling {
            class,
            effect,
            phase,
            outcome,
            back,
            faults,
            indications: fragment.iin.map(|iin| Indications(iin.0)),
            ..Telling::of(stage.time, said.place, *direction, roles, name, hearing)
        };
        tell(stage, speakers, &telling);
        let record = Dnp3Record::fragment(said.frame, said.transport, *fragment)
            .described(said.known)
            .answers(back);
        write(stage, speakers, ends(speakers, *direction), said.place, record);
    }
}

const fn phase(code: FunctionCode) -> Phase {
    match code {
        FunctionCode::SELECT => Phase::Select,
        FunctionCode::OPERATE => Phase::Operate,
        _ => Phase::Request,
    }
}

/// Whether a request is the answer to a challenge, by its first object alone.
fn reply(fragment: &Fragment<'_>) -> Option<Step> {
    let is_reply = effect::is_step(fragment.function) && fragment.objects.starts_with(&[120, 2]);
    is_reply.then_some(Step::Reply)
}
