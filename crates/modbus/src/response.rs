//! What a device answers: one function per figure of the specification, in its order.

use gridtap_model::{FaultKind, Faults};

use crate::device_identification::DeviceObjects;
use crate::file_record::FileRecords;
use crate::read::{length, octet, three_words, two_words, word};
use crate::request::{counted, end, need, quantity_fits, taken};
use crate::{DiagnosticCode, ExceptionCode, FunctionCode, FunctionKind, MeiType, umas};

/// An answer: what it says, and what of it does not fit the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// The function, low seven bits.
    pub function: FunctionCode,
    /// Its fields.
    pub body: ResponseBody<'a>,
    /// What does not fit.
    pub faults: Faults,
}

/// The fields of an answer. The answer of a read has no address: that is known from its request alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseBody<'a> {
    /// The device refuses.
    Exception(ExceptionCode),
    /// 1 and 2: packed bits.
    Bits(&'a [u8]),
    /// 3, 4 and 23: words.
    Words(&'a [u8]),
    /// 5 and 6: the request again.
    WriteSingle {
        /// The point.
        address: u16,
        /// Its value.
        value: u16,
    },
    /// 7: eight bits whose meaning is the device's own.
    ExceptionStatus(u8),
    /// 8: diagnostics.
    Diagnostics {
        /// The sub-function.
        code: DiagnosticCode,
        /// Echo, register or counter.
        data: &'a [u8],
    },
    /// 11: the event counter.
    EventCounter {
        /// 0xFFFF while the device is busy.
        status: u16,
        /// Messages completed.
        events: u16,
    },
    /// 12: the event log.
    EventLog {
        /// 0xFFFF while the device is busy.
        status: u16,
        /// Messages completed.
        events: u16,
        /// Messages seen on the bus.
        messages: u16,
        /// One octet an event, newest first.
        log: &'a [u8],
    },
    /// 15 and 16: what was written.
    WriteMultiple {
        /// The first point.
        address: u16,
        /// How many.
        quantity: u16,
    },
    /// 17: device-specific octets with a run indicator somewhere among them.
    ServerId(&'a [u8]),
    /// 20: the records read.
    ReadFile(FileRecords<'a>),
    /// 21: the request again.
    WriteFile(FileRecords<'a>),
    /// 22: the request again.
    MaskWrite {
        /// The register.
        address: u16,
        /// Bits to keep.
        and_mask: u16,
        /// Bits to set where they are not kept.
        or_mask: u16,
    },
    /// 24: the queue.
    Fifo(&'a [u8]),
    /// 43/14: objects.
    DeviceIdentification {
        /// 1 basic, 2 regular, 3 extended, 4 one object.
        code: u8,
        /// What the device can do.
        conformity: u8,
        /// Where to go on: the next object, if more follow.
        next: Option<u8>,
        /// The objects.
        objects: DeviceObjects<'a>,
    },
    /// 43 with any other type: opaque.
    Encapsulated {
        /// The type.
        mei: MeiType,
        /// Its data.
        data: &'a [u8],
    },
    /// 90: UMAS.
    Umas(umas::Response<'a>),
    /// Anything else, and whatever broke off within its fields: the octets behind the function.
    Opaque(&'a [u8]),
}

/// The meaning of an answer. Total: any octets give a value.
#[must_use]
pub fn response(pdu: &[u8]) -> Response<'_> {
    let mut faults = Faults::NONE;
    let Ok((data, code)) = octet(pdu) else {
        faults.push(FaultKind::Truncated, 0, 1);
        return Response { function: FunctionCode(0), body: ResponseBody::Opaque(pdu), faults };
    };
    let function = FunctionCode::of(code);
    let body = if code >= 128 {
        exception(data, &mut faults)
    } else {
        if function.kind() == FunctionKind::Reserved {
            faults.push(FaultKind::ReservedFunction, code.into(), 0);
        }
        body(function, data, &mut faults)
    };
    Response { function, body: body.unwrap_or(ResponseBody::Opaque(data)), faults }
}

/// 7: the code.
fn exception<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let (rest, code) = need(octet(data), data, 1, faults)?;
    if !matches!(code, 1..=8 | 10 | 11) {
        faults.push(FaultKind::ExceptionCode, code.into(), 11);
    }
    end(rest, faults);
    Some(ResponseBody::Exception(ExceptionCode(code)))
}

fn body<'a>(
    function: FunctionCode,
    data: &'a [u8],
    faults: &mut Faults,
) -> Option<ResponseBody<'a>> {
    match function.0 {
        1 | 2 => bits(data, faults),
        3 | 4 | 23 => words(data, faults),
        5 => write_single(data, true, faults),
        6 => write_single(data, false, faults),
        7 => {
            let (rest, status) = need(octet(data), data, 1, faults)?;
            end(rest, faults);
            Some(ResponseBody::ExceptionStatus(status))
        }
        8 => diagnostics(data, faults),
        11 => {
            let (rest, (status, events)) = need(two_words(data), data, 4, faults)?;
            ready_or_busy(status, faults);
            end(rest, faults);
            Some(ResponseBody::EventCounter { status, events })
        }
        12 => event_log(data, faults),
        15 => write_multiple(data, 1_968, faults),
        16 => write_multiple(data, 123, faults),
        17 => counted(data, faults).map(ResponseBody::ServerId),
        20 => {
            let groups = counted(data, faults)?;
            Some(ResponseBody::ReadFile(FileRecords::read_response(groups, faults)))
        }
        21 => {
            let groups = counted(data, faults)?;
            Some(ResponseBody::WriteFile(FileRecords::write(groups, faults)))
        }
        22 => {
            let (rest, (address, and_mask, or_mask)) = need(three_words(data), data, 6, faults)?;
            end(rest, faults);
            Some(ResponseBody::MaskWrite { address, and_mask, or_mask })
        }
        24 => fifo(data, faults),
        43 => encapsulated(data, faults),
        90 => umas::Response::parse(data, faults).map(ResponseBody::Umas),
        _ => None,
    }
}

/// 6.1, 6.2: byte count, bits.
fn bits<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let bits = counted(data, faults)?;
    if bits.is_empty() || bits.len() > 250 {
        faults.push(FaultKind::ByteCount, length(bits.len()), 250);
    }
    Some(ResponseBody::Bits(bits))
}

/// 6.3, 6.4, 6.17: byte count, words.
fn words<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let words = counted(data, faults)?;
    if words.is_empty() || words.len() > 250 || words.len() & 1 == 1 {
        faults.push(FaultKind::ByteCount, length(words.len()), 250);
    }
    Some(ResponseBody::Words(words))
}

/// 6.5, 6.6: address, value.
fn write_single<'a>(data: &'a [u8], coil: bool, faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let (rest, (address, value)) = need(two_words(data), data, 4, faults)?;
    if coil && !matches!(value, 0 | 0xFF00) {
        faults.push(FaultKind::Value, value.into(), 0xFF00);
    }
    end(rest, faults);
    Some(ResponseBody::WriteSingle { address, value })
}

/// 6.8: sub-function, data.
fn diagnostics<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let (rest, code) = need(word(data), data, 4, faults)?;
    let code = DiagnosticCode(code);
    if code.is_reserved() {
        faults.push(FaultKind::ReservedSubFunction, code.0.into(), 0);
    }
    if let Some((after, _)) = need(word(rest), rest, 2, faults)
        && !matches!(code.0, 0 | 21)
    {
        end(after, faults);
    }
    Some(ResponseBody::Diagnostics { code, data: rest })
}

/// 6.9, 6.10: 0x0000 is ready, 0xFFFF busy.
fn ready_or_busy(status: u16, faults: &mut Faults) {
    if !matches!(status, 0 | 0xFFFF) {
        faults.push(FaultKind::Value, status.into(), 0xFFFF);
    }
}

/// 6.10: byte count, status, event count, message count, events.
fn event_log<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let content = counted(data, faults)?;
    let (log, (status, events, messages)) = need(three_words(content), content, 6, faults)?;
    ready_or_busy(status, faults);
    if log.len() > 64 {
        faults.push(FaultKind::ByteCount, length(content.len()), 70);
    }
    Some(ResponseBody::EventLog { status, events, messages, log })
}

/// 6.11, 6.12: address, quantity.
fn write_multiple<'a>(data: &'a [u8], most: u16, faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let (rest, (address, quantity)) = need(two_words(data), data, 4, faults)?;
    quantity_fits(address, quantity, most, faults);
    end(rest, faults);
    Some(ResponseBody::WriteMultiple { address, quantity })
}

/// 6.18: byte count of two octets, register count, registers.
fn fifo<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let (rest, (octets, count)) = need(two_words(data), data, 4, faults)?;
    if count > 31 {
        faults.push(FaultKind::Quantity, count.into(), 31);
    }
    let expected = u32::from(count).saturating_mul(2);
    if u32::from(octets) != expected.saturating_add(2) {
        faults.push(FaultKind::ByteCount, octets.into(), expected.saturating_add(2));
    }
    let queue = taken(rest, usize::from(count).saturating_mul(2), faults);
    Some(ResponseBody::Fifo(queue))
}

/// 6.19–6.21: MEI type, data.
fn encapsulated<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let (rest, mei) = need(octet(data), data, 1, faults)?;
    let mei = MeiType(mei);
    if mei == MeiType::DEVICE_IDENTIFICATION {
        return device_identification(rest, faults);
    }
    if mei != MeiType::CANOPEN {
        faults.push(FaultKind::ReservedSubFunction, mei.0.into(), 14);
    }
    Some(ResponseBody::Encapsulated { mei, data: rest })
}

/// 6.21: code, conformity, more follows, next object, number of objects, objects.
fn device_identification<'a>(data: &'a [u8], faults: &mut Faults) -> Option<ResponseBody<'a>> {
    let Some(([code, conformity, more, next, count], objects)) = data.split_first_chunk() else {
        faults.push(FaultKind::Truncated, length(data.len()), 5);
        return None;
    };
    if !(1..=4).contains(code) {
        faults.push(FaultKind::Value, (*code).into(), 4);
    }
    if !matches!(conformity, 1..=3 | 0x81..=0x83) {
        faults.push(FaultKind::Value, (*conformity).into(), 0x83);
    }
    if !matches!(more, 0 | 0xFF) {
        faults.push(FaultKind::Value, (*more).into(), 0xFF);
    }
    Some(ResponseBody::DeviceIdentification {
        code: *code,
        conformity: *conformity,
        next: (*more != 0).then_some(*next),
        objects: DeviceObjects::new(*count, objects, faults),
    })
}

#[cfg(test)]
mod tests;
