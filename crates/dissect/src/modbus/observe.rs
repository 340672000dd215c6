//! What a message says, to observations and records.

use gridtap_modbus::{FileRecords, FunctionCode, MeiType, RequestBody, request};
use gridtap_model::{
    Class, Device, Dialogue, Direction, Effect, Endpoint, FaultKind, Faults, Hearing,
    Message as Heard, Observation, Outcome, Phase, Place, Protocol, Run, SubAddress, Table,
    Timestamp, Values, What,
};

use super::effect::{deed, function, refusal_sent};
use super::exchange::Asked;
use super::framing::{Framing, Message};
use super::record::{Kind, Meaning, ModbusRecord};
use super::runs::{asked_runs, request_runs, run};
use super::session::Session;
use crate::record::{Detail, Record};
use crate::sides::side;
use crate::stage::{Speakers, Stage, ends};

/// The parts of an observation that differ from message to message.
pub(super) struct Said<'a> {
    pub(super) time: Timestamp,
    pub(super) place: Place,
    pub(super) direction: Direction,
    pub(super) unit: u8,
    pub(super) function: FunctionCode,
    pub(super) sub: Option<u16>,
    pub(super) phase: Phase,
    pub(super) runs: &'a [Run<'a>],
    pub(super) outcome: Outcome,
    pub(super) answers: Option<&'a Asked>,
    pub(super) faults: Faults,
    pub(super) hearing: Hearing,
    pub(super) identity: Option<&'a [u8]>,
}

/// Groups of a file message that are named one by one; a message within the limits has no more.
const GROUPS_MAX: usize = 36;

impl Session {
    pub(super) fn hearing(&self, stage: &Stage<'_>, speakers: &Speakers) -> Hearing {
        Hearing {
            gap: self.lossy_until.is_some_and(|until| stage.time <= until),
            mid_session: !speakers.handshake && !self.exchange.paired,
            // An answer within a connection whose client was never heard had a request all the same.
            one_direction: self.circumstances.one_direction || speakers.silent(self.client),
        }
    }

    /// A message of the client.
    pub(super) fn request(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        message: &Message<'_>,
    ) {
        let meant = request(message.pdu);
        let place = stage.place();
        let sub = request_sub(&meant.body);
        let mut faults = all(&message.faults, &meant.faults);
        let exception = message.pdu.first().is_some_and(|code| *code >= 128);
        let count = &mut stage.shared.counters;
        if exception {
            count.modbus_exceptions = count.modbus_exceptions.saturating_add(1);
        } else {
            count.modbus_requests = count.modbus_requests.saturating_add(1);
            let asked = self.asked(stage, place, message, meant.function, sub, &meant.body);
            let (reused, evicted) = self.exchange.ask(asked, stage.shared.config.pending_max);
            if reused {
                faults.push(FaultKind::TransactionReuse, message.transaction.into(), 0);
            }
            if let Some(gone) = evicted {
                // So many wait that this one cannot be waited for: a flood is told by its number.
                let count = &mut stage.shared.counters.pending_evicted;
                *count = count.saturating_add(1);
                self.unanswered(stage, speakers, &gone, stage.time);
            }
        }
        let said = Said {
            time: stage.time,
            place,
            direction: self.client,
            unit: message.unit,
            function: meant.function,
            sub,
            phase: Phase::Request,
            runs: &[],
            outcome: Outcome::Pending,
            answers: None,
            faults,
            hearing: self.hearing(stage, speakers),
            identity: None,
        };
        match meant.body {
            _ if !stage.shared.observations => {}
            RequestBody::ReadFile(groups) => self.say_groups(stage, speakers, said, groups, false),
            RequestBody::WriteFile(groups) => self.say_groups(stage, speakers, said, groups, true),
            body => {
                let (runs, count) = request_runs(meant.function, &body, message.pdu);
                let runs = runs.get(..count).unwrap_or_default();
                self.say(stage, speakers, &Said { runs, ..said });
            }
        }
        if !stage.shared.records {
            return;
        }
        let kind = if exception { Kind::Exception } else { Kind::Request };
        let ends = ends(speakers, self.client);
        self.write(
            stage,
            speakers,
            ends,
            ModbusRecord {
                kind,
                transaction: (self.framing == Framing::Mbap).then_some(message.transaction),
                unit: message.unit,
                function: meant.function,
                sub,
                meaning: Meaning::Request(meant.body),
                asked: None,
                request_frame: None,
                latency_ns: None,
                faults,
            },
            place,
        );
    }

    fn asked(
        &self,
        stage: &Stage<'_>,
        place: Place,
        message: &Message<'_>,
        function: FunctionCode,
        sub: Option<u16>,
        body: &RequestBody<'_>,
    ) -> Asked {
        let (address, quantity, second, second_quantity) = match *body {
            RequestBody::Read { address, quantity }
            | RequestBody::WriteMultiple { address, quantity, .. } => (address, quantity, 0, 0),
            RequestBody::WriteSingle { address, value } => (address, 1, value, 0),
            RequestBody::MaskWrite { address, .. } | RequestBody::ReadFifo { address } => {
                (address, 1, 0, 0)
            }
            RequestBody::ReadWrite {
                read_address,
                read_quantity,
                write_address,
                write_quantity,
                ..
            } => (read_address, read_quantity, write_address, write_quantity),
            _ => (0, 0, 0, 0),
        };
        // Listen-only mode is never confirmed, and nobody answers a serial broadcast.
        let silent = (function, sub) == (FunctionCode::DIAGNOSTICS, Some(4))
            || (self.framing == Framing::Rtu && message.unit == 0);
        Asked {
            time: stage.time,
            place,
            transaction: message.transaction,
            unit: message.unit,
            function,
            sub,
            address,
            quantity,
            second,
            second_quantity,
            digest: stage.shared.digest.hash_one(message.pdu),
            excused: silent,
            expired: false,
        }
    }

    /// Nothing answered a request in time.
    pub(super) fn unanswered(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        asked: &Asked,
        deadline: Timestamp,
    ) {
        if asked.excused || !side(&self.circumstances.answers_heard, self.client) {
            let withheld = &mut stage.shared.counters.unanswered_withheld;
            *withheld = withheld.saturating_add(1);
            return;
        }
        let unanswered = &mut stage.shared.counters.unanswered;
        *unanswered = unanswered.saturating_add(1);
        let (runs, count) = asked_runs(asked);
        self.say(
            stage,
            speakers,
            &Said {
                time: deadline,
                place: asked.place,
                direction: self.client,
                unit: asked.unit,
                function: asked.function,
                sub: asked.sub,
                phase: Phase::Unanswered,
                runs: runs.get(..count).unwrap_or_default(),
                outcome: Outcome::Unanswered,
                answers: Some(asked),
                faults: Faults::NONE,
                hearing: self.hearing(stage, speakers),
                identity: None,
            },
        );
        let heard_at = stage.time;
        stage.time = deadline;
        let ends = ends(speakers, self.client);
        self.write(
            stage,
            speakers,
            ends,
            ModbusRecord {
                kind: Kind::Unanswered,
                transaction: (self.framing == Framing::Mbap).then_some(asked.transaction),
                unit: asked.unit,
                function: asked.function,
                sub: asked.sub,
                meaning: Meaning::Nothing,
                asked: Some(*asked),
                request_frame: Some(asked.place.frame),
                latency_ns: None,
                faults: Faults::NONE,
            },
            asked.place,
        );
        stage.time = heard_at;
    }

    /// A file message: one run a group.
    pub(super) fn say_groups(
        &self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        said: Said<'_>,
        groups: FileRecords<'_>,
        written: bool,
    ) {
        let nothing = run(Table::FILE_RECORD, 0, 0, Values::None, written);
        let mut runs = [nothing; GROUPS_MAX];
        let mut count = 0_usize;
        for (slot, group) in runs.iter_mut().zip(groups) {
            let first = u32::from(group.file.unwrap_or(0))
                .saturating_mul(65_536)
                .saturating_add(group.record.unwrap_or(0).into());
            let values = if written { Values::Words(group.data) } else { Values::None };
            let length = group.registers.into();
            *slot = Run { table: Table::FILE_RECORD, first, count: length, values, written };
            count = count.saturating_add(1);
        }
        self.say(stage, speakers, &Said { runs: runs.get(..count).unwrap_or_default(), ..said });
    }

    pub(super) fn say(&self, stage: &mut Stage<'_>, speakers: &Speakers, said: &Said<'_>) {
        if !stage.shared.observations {
            return;
        }
        let [client, server] = self.roles(speakers);
        let [source, destination] = ends(speakers, said.direction);
        let refuses = said.faults.find(FaultKind::ExceptionFromMaster).is_some();
        let ((class, effect), function) = if refuses {
            ((Class::Diagnostic, Effect::Reserved), refusal_sent(said.function))
        } else {
            (deed(said.function, said.sub), function(said.function, said.sub))
        };
        let message = Heard {
            master: client,
            device: Device {
                zone: speakers.zone,
                protocol: Protocol::Modbus,
                address: server.address,
                sub: SubAddress::Unit(said.unit),
            },
            class,
            phase: said.phase,
            function,
            effect,
            runs: said.runs,
            outcome: said.outcome,
            request_frame: said.answers.map(|asked| asked.place.frame),
            latency_ns: match said.phase {
                Phase::Unanswered => None,
                _ => said.answers.map(|asked| said.time.since_ns(asked.time)),
            },
            faults: said.faults,
            hearing: said.hearing,
            identity: said.identity,
            file: None,
            dialogue: Dialogue::NONE,
        };
        stage.observe(&Observation {
            time: said.time,
            place: said.place,
            zone: speakers.zone,
            conversation: speakers.conversation,
            transport: speakers.transport,
            protocol: Protocol::Modbus,
            source,
            destination,
            what: What::Message(message),
        });
    }

    pub(super) fn write(
        &self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        [source, destination]: [Endpoint; 2],
        message: ModbusRecord<'_>,
        place: Place,
    ) {
        if !stage.shared.records {
            return;
        }
        stage.record(&Record {
            time: stage.time,
            place,
            capture: None,
            protocol: Protocol::Modbus,
            transport: speakers.transport,
            source,
            destination,
            detail: Detail::Modbus(message),
        });
    }
}

/// Faults of the frame, then of the meaning.
pub(super) fn all(frame: &Faults, meaning: &Faults) -> Faults {
    if frame.is_empty() {
        return *meaning;
    }
    let mut faults = *frame;
    for fault in meaning.iter() {
        faults.push(fault.kind, fault.found, fault.expected);
    }
    faults
}

fn request_sub(body: &RequestBody<'_>) -> Option<u16> {
    match body {
        RequestBody::Diagnostics { code, .. } => Some(code.0),
        RequestBody::DeviceIdentification { .. } => Some(MeiType::DEVICE_IDENTIFICATION.0.into()),
        RequestBody::Encapsulated { mei, .. } => Some(mei.0.into()),
        RequestBody::Umas(umas) => Some(umas.function.0.into()),
        _ => None,
    }
}
