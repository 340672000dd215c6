//! What a client asks: one function per figure of the specification, in its order.

use gridtap_model::{FaultKind, Faults};

use crate::file_record::FileRecords;
use crate::read::{length, octet, three_words, two_words, word};
use crate::{DiagnosticCode, FunctionCode, FunctionKind, MeiType, umas};

/// A request: what it asks, and what of it does not fit the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The function, low seven bits.
    pub function: FunctionCode,
    /// Its fields.
    pub body: RequestBody<'a>,
    /// What does not fit.
    pub faults: Faults,
}

/// The fields of a request. Points are zero-based, as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestBody<'a> {
    /// 1–4: read points.
    Read {
        /// The first point.
        address: u16,
        /// How many.
        quantity: u16,
    },
    /// 5 and 6: write one point.
    WriteSingle {
        /// The point.
        address: u16,
        /// The register's value; for a coil 0xFF00 is on and 0x0000 off.
        value: u16,
    },
    /// 7, 11, 12 and 17: nothing to say beyond the function.
    Bare,
    /// 8: diagnostics.
    Diagnostics {
        /// The sub-function.
        code: DiagnosticCode,
        /// Its data: one word for all but loopback.
        data: &'a [u8],
    },
    /// 15 and 16: write points.
    WriteMultiple {
        /// The first point.
        address: u16,
        /// How many.
        quantity: u16,
        /// Their values, as many as there are: packed bits, or words.
        values: &'a [u8],
    },
    /// 20: read file records.
    ReadFile(FileRecords<'a>),
    /// 21: write file records.
    WriteFile(FileRecords<'a>),
    /// 22: change a register by two masks.
    MaskWrite {
        /// The register.
        address: u16,
        /// Bits to keep.
        and_mask: u16,
        /// Bits to set where they are not kept.
        or_mask: u16,
    },
    /// 23: write registers, then read registers.
    ReadWrite {
        /// The first register to read.
        read_address: u16,
        /// How many.
        read_quantity: u16,
        /// The first register to write.
        write_address: u16,
        /// How many.
        write_quantity: u16,
        /// Their values, as many as there are.
        values: &'a [u8],
    },
    /// 24: read a queue.
    ReadFifo {
        /// The register that points to it.
        address: u16,
    },
    /// 43/14: read device identification.
    DeviceIdentification {
        /// 1 basic, 2 regular, 3 extended, 4 one object.
        code: u8,
        /// The first object, or the one.
        object: u8,
    },
    /// 43 with any other type: opaque.
    Encapsulated {
        /// The type.
        mei: MeiType,
        /// Its data.
        data: &'a [u8],
    },
    /// 90: UMAS.
    Umas(umas::Request<'a>),
    /// Anything else, and whatever broke off within its fields: the octets behind the function.
    Opaque(&'a [u8]),
}

/// The meaning of a request. Total: any octets give a value.
#[must_use]
pub fn request(pdu: &[u8]) -> Request<'_> {
    let mut faults = Faults::NONE;
    let Ok((data, code)) = octet(pdu) else {
        faults.push(FaultKind::Truncated, 0, 1);
        return Request { function: FunctionCode(0), body: RequestBody::Opaque(pdu), faults };
    };
    let function = FunctionCode::of(code);
    if code >= 128 {
        faults.push(FaultKind::ExceptionFromMaster, code.into(), 127);
        return Request { function, body: RequestBody::Opaque(data), faults };
    }
    if function.kind() == FunctionKind::Reserved {
        faults.push(FaultKind::ReservedFunction, code.into(), 0);
    }
    let body = body(function, data, &mut faults).unwrap_or(RequestBody::Opaque(data));
    Request { function, body, faults }
}

fn body<'a>(
    function: FunctionCode,
    data: &'a [u8],
    faults: &mut Faults,
) -> Option<RequestBody<'a>> {
    match function.0 {
        1 | 2 => read(data, 2_000, faults),
        3 | 4 => read(data, 125, faults),
        5 => write_single(data, true, faults),
        6 => write_single(data, false, faults),
        7 | 11 | 12 | 17 => {
            end(data, faults);
            Some(RequestBody::Bare)
        }
        8 => diagnostics(data, faults),
        15 => write_multiple(data, Points::BITS, faults),
        16 => write_multiple(data, Points::WORDS, faults),
        20 => {
            let groups = counted(data, faults)?;
            Some(RequestBody::ReadFile(FileRecords::read_request(groups, faults)))
        }
        21 => {
            let groups = counted(data, faults)?;
            Some(RequestBody::WriteFile(FileRecords::write(groups, faults)))
        }
        22 => mask_write(data, faults),
        23 => read_write(data, faults),
        24 => {
            let (rest, address) = need(word(data), data, 2, faults)?;
            end(rest, faults);
            Some(RequestBody::ReadFifo { address })
        }
        43 => encapsulated(data, faults),
        90 => umas::Request::parse(data, faults).map(RequestBody::Umas),
        _ => None,
    }
}

/// How many points a write may carry, and in how many octets.
#[derive(Clone, Copy)]
struct Points {
    most: u16,
    per_octet: u16,
    octets_each: u16,
}

impl Points {
    const BITS: Self = Self { most: 1_968, per_octet: 8, octets_each: 1 };
    const WORDS: Self = Self { most: 123, per_octet: 1, octets_each: 2 };

    fn octets(self, quantity: u16) -> u32 {
        u32::from(quantity.div_ceil(self.per_octet)).saturating_mul(self.octets_each.into())
    }
}

/// The field, or a fault where the octets end first.
pub(crate) fn need<'a, T>(
    field: crate::read::Field<'a, T>,
    data: &[u8],
    octets: u32,
    faults: &mut Faults,
) -> Option<(&'a [u8], T)> {
    field.map_err(|_| faults.push(FaultKind::Truncated, length(data.len()), octets)).ok()
}

/// Nothing may follow.
pub(crate) fn end(rest: &[u8], faults: &mut Faults) {
    if !rest.is_empty() {
        faults.push(FaultKind::TrailingBytes, length(rest.len()), 0);
    }
}

/// A quantity within 1 and its limit, of points that do not leave their table.
pub(crate) fn quantity_fits(address: u16, quantity: u16, most: u16, faults: &mut Faults) {
    if quantity == 0 {
        faults.push(FaultKind::Quantity, 0, 1);
    } else if quantity > most {
        faults.push(FaultKind::Quantity, quantity.into(), most.into());
    }
    let end = u32::from(address).saturating_add(quantity.into());
    if end > 65_536 {
        faults.push(FaultKind::AddressRange, end, 65_536);
    }
}

/// As many octets as the first one counts; fewer where they break off.
pub(crate) fn counted<'a>(data: &'a [u8], faults: &mut Faults) -> Option<&'a [u8]> {
    let (rest, count) = need(octet(data), data, 1, faults)?;
    Some(taken(rest, count.into(), faults))
}

pub(crate) fn taken<'a>(rest: &'a [u8], count: usize, faults: &mut Faults) -> &'a [u8] {
    match rest.split_at_checked(count) {
        Some((taken, rest)) => {
            end(rest, faults);
            taken
        }
        None => {
            faults.push(FaultKind::Truncated, length(rest.len()), length(count));
            rest
        }
    }
}

/// 6.1–6.4: address, quantity.
fn read<'a>(data: &'a [u8], most: u16, faults: &mut Faults) -> Option<RequestBody<'a>> {
    let (rest, (address, quantity)) = need(two_words(data), data, 4, faults)?;
    quantity_fits(address, quantity, most, faults);
    end(rest, faults);
    Some(RequestBody::Read { address, quantity })
}

/// 6.5, 6.6: address, value.
fn write_single<'a>(data: &'a [u8], coil: bool, faults: &mut Faults) -> Option<RequestBody<'a>> {
    let (rest, (address, value)) = need(two_words(data), data, 4, faults)?;
    if coil && !matches!(value, 0 | 0xFF00) {
        faults.push(FaultKind::Value, value.into(), 0xFF00);
    }
    end(rest, faults);
    Some(RequestBody::WriteSingle { address, value })
}

/// 6.8: sub-function, data.
fn diagnostics<'a>(data: &'a [u8], faults: &mut Faults) -> Option<RequestBody<'a>> {
    let (rest, code) = need(word(data), data, 4, faults)?;
    let code = DiagnosticCode(code);
    if code.is_reserved() {
        faults.push(FaultKind::ReservedSubFunction, code.0.into(), 0);
    }
    if let Some((after, field)) = need(word(rest), rest, 2, faults) {
        diagnostic_data(code, field, faults);
        if code != DiagnosticCode::RETURN_QUERY_DATA {
            end(after, faults);
        }
    }
    Some(RequestBody::Diagnostics { code, data: rest })
}

fn diagnostic_data(code: DiagnosticCode, field: u16, faults: &mut Faults) {
    let fits = match code.0 {
        1 => matches!(field, 0 | 0xFF00),
        2 | 4 | 10..=20 => field == 0,
        3 => field & 0xFF == 0,
        21 => matches!(field, 3 | 4),
        _ => true,
    };
    if !fits {
        faults.push(FaultKind::Value, field.into(), 0);
    }
}

/// 6.11, 6.12: address, quantity, byte count, values.
fn write_multiple<'a>(
    data: &'a [u8],
    points: Points,
    faults: &mut Faults,
) -> Option<RequestBody<'a>> {
    let (rest, (address, quantity)) = need(two_words(data), data, 5, faults)?;
    quantity_fits(address, quantity, points.most, faults);
    let values = values(rest, points.octets(quantity), faults);
    Some(RequestBody::WriteMultiple { address, quantity, values })
}

/// A byte count that agrees with the quantity, and as many octets as there are.
fn values<'a>(data: &'a [u8], expected: u32, faults: &mut Faults) -> &'a [u8] {
    let Some((rest, count)) = need(octet(data), data, 1, faults) else { return &[] };
    if u32::from(count) != expected {
        faults.push(FaultKind::ByteCount, count.into(), expected);
    }
    taken(rest, count.into(), faults)
}

/// 6.16: address, two masks.
fn mask_write<'a>(data: &'a [u8], faults: &mut Faults) -> Option<RequestBody<'a>> {
    let (rest, (address, and_mask, or_mask)) = need(three_words(data), data, 6, faults)?;
    end(rest, faults);
    Some(RequestBody::MaskWrite { address, and_mask, or_mask })
}

/// 6.17: read address and quantity, write address and quantity, byte count, values.
fn read_write<'a>(data: &'a [u8], faults: &mut Faults) -> Option<RequestBody<'a>> {
    let (rest, (read_address, read_quantity)) = need(two_words(data), data, 9, faults)?;
    let (rest, (write_address, write_quantity)) = need(two_words(rest), data, 9, faults)?;
    quantity_fits(read_address, read_quantity, 125, faults);
    quantity_fits(write_address, write_quantity, 121, faults);
    let values = values(rest, Points::WORDS.octets(write_quantity), faults);
    Some(RequestBody::ReadWrite {
        read_address,
        read_quantity,
        write_address,
        write_quantity,
        values,
    })
}

/// 6.19–6.21: MEI type, data.
fn encapsulated<'a>(data: &'a [u8], faults: &mut Faults) -> Option<RequestBody<'a>> {
    let (data, mei) = need(octet(data), data, 1, faults)?;
    let mei = MeiType(mei);
    if mei == MeiType::DEVICE_IDENTIFICATION {
        let (rest, code) = need(octet(data), data, 2, faults)?;
        let (rest, object) = need(octet(rest), data, 2, faults)?;
        if !(1..=4).contains(&code) {
            faults.push(FaultKind::Value, code.into(), 4);
        }
        if (7..128).contains(&object) {
            faults.push(FaultKind::Value, object.into(), 6);
        }
        end(rest, faults);
        return Some(RequestBody::DeviceIdentification { code, object });
    }
    if mei != MeiType::CANOPEN {
        faults.push(FaultKind::ReservedSubFunction, mei.0.into(), 14);
    }
    Some(RequestBody::Encapsulated { mei, data })
}

#[cfg(test)]
pub(crate) mod tests;
