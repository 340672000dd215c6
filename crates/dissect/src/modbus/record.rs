//! The `modbus` object of a record.

use gridtap_modbus::umas::UmasCode;
use gridtap_modbus::{ExceptionCode, FunctionCode, RequestBody, ResponseBody};
use gridtap_model::Faults;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::effect::sub_name;
use super::exchange::Asked;
use super::record_parts::{Groups, Objects, UmasRequest, UmasResponse, Values};
use crate::record::{FaultList, Hex};

/// What a message is in its dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A client asks.
    Request,
    /// A device answers.
    Response,
    /// A device refuses.
    Exception,
    /// Nothing answered in time.
    Unanswered,
}

impl Kind {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Exception => "exception",
            Self::Unanswered => "unanswered",
        }
    }
}

/// The fields of the message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Meaning<'a> {
    Request(RequestBody<'a>),
    Response(ResponseBody<'a>),
    Nothing,
}

/// One Modbus message, or the absence of one.
#[derive(Debug, Clone, Copy)]
pub struct ModbusRecord<'a> {
    /// What it is in its dialogue.
    pub kind: Kind,
    /// The transaction; RTU has none.
    pub transaction: Option<u16>,
    /// The unit identifier.
    pub unit: u8,
    /// The function, low seven bits.
    pub function: FunctionCode,
    /// Sub-function, MEI type or UMAS function, where it is known.
    pub sub: Option<u16>,
    pub(crate) meaning: Meaning<'a>,
    pub(crate) asked: Option<Asked>,
    /// The frame of the request that this answers, where it was seen.
    pub request_frame: Option<u64>,
    /// From request to answer, where both were seen.
    pub latency_ns: Option<u64>,
    /// What does not fit the specification.
    pub faults: Faults,
}

impl Serialize for ModbusRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind.name())?;
        if let Some(transaction) = self.transaction {
            map.serialize_entry("transaction", &transaction)?;
        }
        map.serialize_entry("unit", &self.unit)?;
        map.serialize_entry("function", &self.function.0)?;
        map.serialize_entry("function_name", self.function.name())?;
        self.sub_function(&mut map)?;
        match &self.meaning {
            Meaning::Request(body) => self.request(body, &mut map)?,
            Meaning::Response(body) => self.response(body, &mut map)?,
            Meaning::Nothing => self.address(&mut map)?,
        }
        if let Some(frame) = self.request_frame {
            map.serialize_entry("request_frame", &frame)?;
        }
        if let Some(latency) = self.latency_ns {
            map.serialize_entry("latency_us", &latency.checked_div(1_000))?;
        }
        if self.transaction.is_none() {
            map.serialize_entry("framing", "rtu")?;
        }
        if !self.faults.is_empty() {
            map.serialize_entry("faults", &FaultList(&self.faults))?;
            if self.faults.more() > 0 {
                map.serialize_entry("more_faults", &self.faults.more())?;
            }
        }
        map.end()
    }
}

impl ModbusRecord<'_> {
    /// UMAS has an object of its own for this.
    fn sub_function<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(sub) = self.sub else { return Ok(()) };
        let (code, name) = match self.function {
            FunctionCode::DIAGNOSTICS => ("sub_function", "sub_function_name"),
            FunctionCode::ENCAPSULATED_INTERFACE => ("mei_type", "mei_type_name"),
            _ => return Ok(()),
        };
        map.serialize_entry(code, &sub)?;
        map.serialize_entry(name, sub_name(self.function, sub).unwrap_or("reserved"))
    }

    /// The points of the request that this answers, where it was seen.
    fn address<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let Some(asked) = self.asked.filter(|asked| asked.function == self.function) else {
            return Ok(());
        };
        if !matches!(self.function.0, 1..=6 | 15 | 16 | 22..=24) {
            return Ok(());
        }
        map.serialize_entry("address", &asked.address)?;
        if matches!(self.function.0, 1..=4 | 15 | 16 | 23) {
            map.serialize_entry("quantity", &asked.quantity)?;
        }
        Ok(())
    }

    fn request<M: SerializeMap>(
        &self,
        body: &RequestBody<'_>,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match *body {
            RequestBody::Bare => Ok(()),
            RequestBody::Read { address, quantity } => points(map, address, quantity),
            RequestBody::WriteSingle { address, value } => self.single(map, address, value),
            RequestBody::WriteMultiple { address, quantity, values } => {
                points(map, address, quantity)?;
                map.serialize_entry("values", &self.values(values, Some(quantity)))
            }
            RequestBody::MaskWrite { address, and_mask, or_mask } => {
                masks(map, address, and_mask, or_mask)
            }
            RequestBody::ReadWrite {
                read_address,
                read_quantity,
                write_address,
                write_quantity,
                values,
            } => {
                points(map, read_address, read_quantity)?;
                map.serialize_entry("write_address", &write_address)?;
                map.serialize_entry("write_quantity", &write_quantity)?;
                map.serialize_entry("write_values", &Values::Words(values))
            }
            RequestBody::ReadFifo { address } => map.serialize_entry("address", &address),
            RequestBody::ReadFile(groups) | RequestBody::WriteFile(groups) => {
                map.serialize_entry("records", &Groups(groups))
            }
            RequestBody::Diagnostics { data, .. } | RequestBody::Encapsulated { data, .. } => {
                map.serialize_entry("data", &Hex(data))
            }
            RequestBody::DeviceIdentification { code, object } => {
                map.serialize_entry("read_code", &code)?;
                map.serialize_entry("object", &object)
            }
            RequestBody::Umas(request) => map.serialize_entry("umas", &UmasRequest(request)),
            RequestBody::Opaque(data) => self.opaque(data, map),
            _ => Ok(()),
        }
    }

    fn response<M: SerializeMap>(
        &self,
        body: &ResponseBody<'_>,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match *body {
            ResponseBody::Exception(code) => {
                map.serialize_entry("exception", &code.0)?;
                map.serialize_entry("exception_name", code.name())?;
                self.address(map)
            }
            ResponseBody::Bits(values) | ResponseBody::Words(values) => {
                self.address(map)?;
                let quantity = self.asked.map(|asked| asked.quantity);
                map.serialize_entry("values", &self.values(values, quantity))
            }
            ResponseBody::WriteSingle { address, value } => self.single(map, address, value),
            ResponseBody::WriteMultiple { address, quantity } => points(map, address, quantity),
            ResponseBody::MaskWrite { address, and_mask, or_mask } => {
                masks(map, address, and_mask, or_mask)
            }
            ResponseBody::ExceptionStatus(status) => map.serialize_entry("status", &status),
            ResponseBody::EventCounter { status, events } => {
                map.serialize_entry("status", &status)?;
                map.serialize_entry("events", &events)
            }
            ResponseBody::EventLog { status, events, messages, log } => {
                map.serialize_entry("status", &status)?;
                map.serialize_entry("events", &events)?;
                map.serialize_entry("messages", &messages)?;
                map.serialize_entry("log", &Hex(log))
            }
            ResponseBody::ServerId(id) => map.serialize_entry("server_id", &Hex(id)),
            ResponseBody::ReadFile(groups) | ResponseBody::WriteFile(groups) => {
                map.serialize_entry("records", &Groups(groups))
            }
            ResponseBody::Fifo(queue) => {
                self.address(map)?;
                map.serialize_entry("values", &Values::Words(queue))
            }
            ResponseBody::Diagnostics { data, .. } | ResponseBody::Encapsulated { data, .. } => {
                map.serialize_entry("data", &Hex(data))
            }
            ResponseBody::DeviceIdentification { code, conformity, next, objects } => {
                map.serialize_entry("read_code", &code)?;
                map.serialize_entry("conformity", &conformity)?;
                if let Some(next) = next {
                    map.serialize_entry("next_object", &next)?;
                }
                map.serialize_entry("objects", &Objects(objects))
            }
            ResponseBody::Umas(response) => {
                let function = self.sub.and_then(|sub| u8::try_from(sub).ok()).map(UmasCode);
                map.serialize_entry("umas", &UmasResponse { response, function })
            }
            ResponseBody::Opaque(data) => self.opaque(data, map),
            _ => Ok(()),
        }
    }

    /// What has no fields that we know. Of a refusal sent by a client the first octet is its code.
    fn opaque<M: SerializeMap>(&self, data: &[u8], map: &mut M) -> Result<(), M::Error> {
        if self.kind == Kind::Exception
            && let Some(code) = data.first()
        {
            map.serialize_entry("exception", code)?;
            map.serialize_entry("exception_name", ExceptionCode(*code).name())?;
        }
        if data.is_empty() { Ok(()) } else { map.serialize_entry("data", &Hex(data)) }
    }

    fn single<M: SerializeMap>(
        &self,
        map: &mut M,
        address: u16,
        value: u16,
    ) -> Result<(), M::Error> {
        map.serialize_entry("address", &address)?;
        match (self.function, value) {
            (FunctionCode::WRITE_SINGLE_COIL, 0xFF00) => map.serialize_entry("values", &[true]),
            (FunctionCode::WRITE_SINGLE_COIL, 0) => map.serialize_entry("values", &[false]),
            _ => map.serialize_entry("values", &[value]),
        }
    }

    fn values<'v>(&self, octets: &'v [u8], quantity: Option<u16>) -> Values<'v> {
        match self.function.0 {
            1 | 2 | 15 => Values::Bits(octets, quantity.map(usize::from)),
            _ => Values::Words(octets),
        }
    }
}

fn points<M: SerializeMap>(map: &mut M, address: u16, quantity: u16) -> Result<(), M::Error> {
    map.serialize_entry("address", &address)?;
    map.serialize_entry("quantity", &quantity)
}

fn masks<M: SerializeMap>(
    map: &mut M,
    address: u16,
    and_mask: u16,
    or_mask: u16,
) -> Result<(), M::Error> {
    map.serialize_entry("address", &address)?;
    map.serialize_entry("and_mask", &and_mask)?;
    map.serialize_entry("or_mask", &or_mask)
}
