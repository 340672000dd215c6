//! The points that a message names.

use gridtap_modbus::{FunctionCode, RequestBody, ResponseBody};
use gridtap_model::{Run, Table, Values};

use super::effect::table;
use super::exchange::Asked;

pub(super) const fn run<'a>(
    table: Table,
    first: u32,
    count: u32,
    values: Values<'a>,
    written: bool,
) -> Run<'a> {
    Run { table, first, count, values, written }
}

/// No points: a table without a name is never shown.
const NOWHERE: Run<'static> = run(Table::COIL, 0, 0, Values::None, false);

/// Up to two runs, and how many there are.
pub(super) type Runs<'a> = ([Run<'a>; 2], usize);

fn one(run: Run<'_>) -> Runs<'_> {
    ([run, NOWHERE], 1)
}

const ON: [u8; 1] = [1];
const OFF: [u8; 1] = [0];

/// The bit that a single coil is set to; none for a value that is neither on nor off.
const fn coil(value: u16) -> Values<'static> {
    match value {
        0xFF00 => Values::Bits(&ON),
        0 => Values::Bits(&OFF),
        _ => Values::None,
    }
}

/// The value of function 5 or 6; a word as its own octets in the message.
fn single(function: FunctionCode, value: u16, pdu: &[u8]) -> Values<'_> {
    match function {
        FunctionCode::WRITE_SINGLE_COIL => coil(value),
        _ => pdu.get(3..5).map_or(Values::None, Values::Words),
    }
}

/// Bits for coils and discrete inputs, words for registers.
fn packed(function: FunctionCode, values: &[u8]) -> Values<'_> {
    match function.0 {
        1 | 2 | 15 => Values::Bits(values),
        _ => Values::Words(values),
    }
}

pub(super) fn request_runs<'a>(
    function: FunctionCode,
    body: &RequestBody<'a>,
    pdu: &'a [u8],
) -> Runs<'a> {
    let none = ([NOWHERE; 2], 0);
    let Some(table) = table(function) else { return none };
    match *body {
        RequestBody::Read { address, quantity } => {
            one(run(table, address.into(), quantity.into(), Values::None, false))
        }
        RequestBody::WriteSingle { address, value } => {
            one(run(table, address.into(), 1, single(function, value, pdu), true))
        }
        RequestBody::WriteMultiple { address, quantity, values } => {
            let values = packed(function, values);
            one(run(table, address.into(), quantity.into(), values, true))
        }
        RequestBody::MaskWrite { address, .. } => {
            one(run(table, address.into(), 1, Values::None, true))
        }
        RequestBody::ReadWrite {
            read_address,
            read_quantity,
            write_address,
            write_quantity,
            values,
        } => {
            let read = run(table, read_address.into(), read_quantity.into(), Values::None, false);
            let written = Values::Words(values);
            let write = run(table, write_address.into(), write_quantity.into(), written, true);
            ([read, write], 2)
        }
        RequestBody::ReadFifo { address } => {
            one(run(table, address.into(), 1, Values::None, false))
        }
        _ => none,
    }
}

/// The points of an answer: its own where it names them, else those of its request.
pub(super) fn response_runs<'a>(
    function: FunctionCode,
    body: &ResponseBody<'a>,
    asked: Option<&Asked>,
    pdu: &'a [u8],
) -> Runs<'a> {
    let none = ([NOWHERE; 2], 0);
    let Some(table) = table(function) else { return none };
    let asked = asked.filter(|asked| asked.function == function);
    match *body {
        ResponseBody::Bits(values) | ResponseBody::Words(values) => {
            let Some(asked) = asked else { return none };
            let values = packed(function, values);
            one(run(table, asked.address.into(), asked.quantity.into(), values, false))
        }
        ResponseBody::WriteSingle { address, value } => {
            one(run(table, address.into(), 1, single(function, value, pdu), true))
        }
        ResponseBody::WriteMultiple { address, quantity } => {
            one(run(table, address.into(), quantity.into(), Values::None, true))
        }
        ResponseBody::MaskWrite { address, .. } => {
            one(run(table, address.into(), 1, Values::None, true))
        }
        _ => asked.map_or(none, asked_runs),
    }
}

/// The points of a request whose octets are gone.
pub(super) fn asked_runs(asked: &Asked) -> Runs<'static> {
    let Some(table) = table(asked.function) else { return ([NOWHERE; 2], 0) };
    let (first, count) = (asked.address.into(), asked.quantity.into());
    match asked.function.0 {
        23 => {
            let (second, written) = (asked.second.into(), asked.second_quantity.into());
            let read = run(table, first, count, Values::None, false);
            ([read, run(table, second, written, Values::None, true)], 2)
        }
        code => one(run(table, first, count, Values::None, matches!(code, 5 | 6 | 15 | 16 | 22))),
    }
}
