//! Answers: what they answer, and what of them disagrees with it.

use gridtap_modbus::umas::UmasStatus;
use gridtap_modbus::{MeiType, Response, ResponseBody, response};
use gridtap_model::{FaultKind, Faults, Matched, Outcome, Phase, Refusal, Transport};

use super::exchange::{Asked, Match};
use super::framing::{Framing, Message};
use super::observe::{Said, all};
use super::record::{Kind, Meaning, ModbusRecord};
use super::runs::response_runs;
use super::session::Session;
use crate::stage::{Speakers, Stage, ends};

/// How sure it is what an answer answers.
#[derive(Clone, Copy)]
struct Sure {
    /// Nothing was lost that could explain an answer too many.
    clean: bool,
    /// Nor can an answer be taken for that to another request.
    numbered: bool,
}

impl Session {
    /// A message of the server.
    pub(super) fn response(
        &mut self,
        stage: &mut Stage<'_>,
        speakers: &Speakers,
        message: &Message<'_>,
    ) {
        let meant = response(message.pdu);
        let place = stage.place();
        let mut faults = all(&message.faults, &meant.faults);
        // Judged as it stood before this answer paired.
        let hearing = self.hearing(stage, speakers);
        // Datagrams are lost without a trace, and where none is numbered an answer may be that to a lost request.
        let numbered = speakers.transport == Transport::Tcp || self.exchange.transactions_vary;
        let sure = Sure { clean: hearing.is_clean() && numbered, numbered };
        let (asked, repeated) = self.matched(stage, message, &meant, sure, &mut faults);
        let (kind, phase, outcome) = verdict(&meant.body);
        let counters = &mut stage.shared.counters;
        let count = match kind {
            Kind::Exception => &mut counters.modbus_exceptions,
            _ => &mut counters.modbus_responses,
        };
        *count = count.saturating_add(1);
        let sub = response_sub(&meant.body, message.pdu).or(asked.and_then(|asked| asked.sub));
        let said = Said {
            time: stage.time,
            place,
            direction: self.client.reversed(),
            unit: message.unit,
            function: meant.function,
            sub,
            phase,
            runs: &[],
            outcome,
            answers: asked.as_ref(),
            faults,
            hearing,
            identity: identity(&meant.body),
        };
        match meant.body {
            _ if !stage.shared.observations => {}
            ResponseBody::WriteFile(groups) => self.say_groups(stage, speakers, said, groups, true),
            body => {
                let (runs, count) =
                    response_runs(meant.function, &body, asked.as_ref(), message.pdu);
                let runs = runs.get(..count).unwrap_or_default();
                self.say(stage, speakers, &Said { runs, ..said });
            }
        }
        if !stage.shared.records {
            return;
        }
        let ends = ends(speakers, self.client.reversed());
        let record = ModbusRecord {
            kind,
            transaction: (self.framing == Framing::Mbap).then_some(message.transaction),
            unit: message.unit,
            function: meant.function,
            sub,
            meaning: Meaning::Response(meant.body),
            asked,
            request_frame: asked.map(|asked| asked.place.frame).or(repeated),
            latency_ns: asked.map(|asked| stage.time.since_ns(asked.time)),
            faults,
        };
        self.write(stage, speakers, ends, record, place);
    }

    /// The request that a message answers, or the frame of the request that was answered before.
    fn matched(
        &mut self,
        stage: &Stage<'_>,
        message: &Message<'_>,
        meant: &Response<'_>,
        sure: Sure,
        faults: &mut Faults,
    ) -> (Option<Asked>, Option<u64>) {
        let digest = stage.shared.digest.hash_one(message.pdu);
        let (transaction, unit) = (message.transaction, message.unit);
        match self.exchange.answer(transaction, unit, meant.function, digest, stage.time) {
            Match::Request(asked) => {
                if sure.numbered {
                    compare(stage, message, meant, &asked, faults);
                }
                (Some(asked), None)
            }
            Match::Repeated(frame) => (None, Some(frame)),
            Match::Second(frame) => {
                if sure.clean {
                    faults.push(FaultKind::SecondResponse, transaction.into(), 0);
                }
                (None, Some(frame))
            }
            Match::Nothing => {
                if sure.clean && !self.exchange.overflowed {
                    faults.push(FaultKind::Unrequested, transaction.into(), 0);
                }
                (None, None)
            }
        }
    }
}

/// What of an answer disagrees with its request.
fn compare(
    stage: &Stage<'_>,
    message: &Message<'_>,
    meant: &Response<'_>,
    asked: &Asked,
    faults: &mut Faults,
) {
    let mut differs = |of: Matched, found: u32, expected: u32| {
        if found != expected {
            faults.push(FaultKind::ResponseMismatch(of), found, expected);
        }
    };
    differs(Matched::Unit, message.unit.into(), asked.unit.into());
    differs(Matched::Function, meant.function.0.into(), asked.function.0.into());
    if meant.function != asked.function {
        return;
    }
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    match meant.body {
        ResponseBody::Bits(bits) => {
            differs(Matched::Octets, length(bits), asked.quantity.div_ceil(8).into());
        }
        ResponseBody::Words(words) => {
            differs(Matched::Octets, length(words), u32::from(asked.quantity).saturating_mul(2));
        }
        ResponseBody::WriteSingle { address, value } => {
            differs(Matched::Address, address.into(), asked.address.into());
            differs(Matched::Value, value.into(), asked.second.into());
        }
        ResponseBody::WriteMultiple { address, quantity } => {
            differs(Matched::Address, address.into(), asked.address.into());
            differs(Matched::Quantity, quantity.into(), asked.quantity.into());
        }
        ResponseBody::MaskWrite { .. } | ResponseBody::WriteFile(_) => {
            let same = stage.shared.digest.hash_one(message.pdu) == asked.digest;
            differs(Matched::Content, u32::from(!same), 0);
        }
        ResponseBody::Diagnostics { code, .. } => {
            differs(Matched::SubFunction, code.0.into(), asked.sub.unwrap_or(code.0).into());
        }
        _ => {}
    }
}

fn response_sub(body: &ResponseBody<'_>, pdu: &[u8]) -> Option<u16> {
    match body {
        ResponseBody::Diagnostics { code, .. } => Some(code.0),
        ResponseBody::DeviceIdentification { .. } => Some(MeiType::DEVICE_IDENTIFICATION.0.into()),
        ResponseBody::Encapsulated { mei, .. } => Some(mei.0.into()),
        ResponseBody::Opaque(_) if pdu.first() == Some(&43) => pdu.get(1).copied().map(u16::from),
        _ => None,
    }
}

fn verdict(body: &ResponseBody<'_>) -> (Kind, Phase, Outcome) {
    match body {
        ResponseBody::Exception(code) => {
            let (reason, code) = (code.refusal(), code.0.into());
            (Kind::Exception, Phase::Exception, Outcome::Refused { reason, code })
        }
        ResponseBody::Umas(umas) if umas.status == UmasStatus::FAILURE => {
            let (reason, code) = (Refusal::Failure, umas.status.0.into());
            (Kind::Response, Phase::Response, Outcome::Refused { reason, code })
        }
        _ => (Kind::Response, Phase::Response, Outcome::Success),
    }
}

fn identity<'a>(body: &ResponseBody<'a>) -> Option<&'a [u8]> {
    match body {
        ResponseBody::ServerId(id) => Some(id),
        ResponseBody::DeviceIdentification { objects, .. } => Some(objects.octets()),
        _ => None,
    }
}
