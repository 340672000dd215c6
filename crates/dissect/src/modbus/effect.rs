//! What a Modbus function does, in words that hold for every protocol.

use gridtap_modbus::umas::UmasCode;
use gridtap_modbus::{DiagnosticCode, FunctionCode, MeiType};
use gridtap_model::{Class, Effect, Function, Table};

/// The kind of access and what it does beyond.
pub(crate) fn deed(function: FunctionCode, sub: Option<u16>) -> (Class, Effect) {
    match function.0 {
        1..=4 => (Class::Read, Effect::Plain),
        5 | 6 | 15 | 16 => (Class::Command, Effect::Plain),
        7 | 11 | 12 => (Class::Diagnostic, Effect::Inspect),
        8 => (Class::Diagnostic, diagnostic(sub)),
        17 => (Class::Diagnostic, Effect::Identify),
        20 => (Class::File, Effect::FileRead),
        21 => (Class::File, Effect::FileWrite),
        22 => (Class::Command, Effect::Mask),
        23 => (Class::Command, Effect::WriteRead),
        24 => (Class::Read, Effect::Fifo),
        43 => match sub {
            Some(14) => (Class::Diagnostic, Effect::Identify),
            Some(13) => (Class::Configuration, Effect::Vendor),
            _ => (Class::Diagnostic, Effect::Reserved),
        },
        90 => umas(sub),
        91 | 65..=72 | 100..=110 => (Class::Configuration, Effect::Vendor),
        125 => (Class::Program, Effect::Firmware),
        9 | 13 | 18 | 40 | 126 => (Class::Program, Effect::Legacy),
        10 | 14 | 19 | 41 | 127 => (Class::Diagnostic, Effect::Legacy),
        _ => (Class::Diagnostic, Effect::Reserved),
    }
}

fn diagnostic(sub: Option<u16>) -> Effect {
    match sub {
        Some(0) => Effect::Echo,
        Some(1) => Effect::Restart,
        Some(4) => Effect::ListenOnly,
        Some(10 | 20) => Effect::ClearDiagnostics,
        Some(3) => Effect::Plain,
        Some(2 | 11..=19 | 21) => Effect::Inspect,
        Some(_) => Effect::Reserved,
        None => Effect::Inspect,
    }
}

fn umas(sub: Option<u16>) -> (Class, Effect) {
    match sub.unwrap_or(0) {
        0x01 | 0x12 => (Class::Link, Effect::Plain),
        0x02 | 0x03 | 0x39 | 0x72 => (Class::Diagnostic, Effect::Identify),
        0x04..=0x07 | 0x2A | 0x58 | 0x73 | 0x74 => (Class::Diagnostic, Effect::Inspect),
        0x0A => (Class::Diagnostic, Effect::Echo),
        0x10 | 0x11 | 0x6E => (Class::Program, Effect::Reserve),
        0x20 | 0x28 => (Class::Read, Effect::Memory),
        0x21 | 0x29 => (Class::Command, Effect::Memory),
        0x22 | 0x24 | 0x26 | 0x27 | 0x50 | 0x70 => (Class::Read, Effect::Plain),
        0x23 | 0x25 | 0x71 => (Class::Command, Effect::Plain),
        0x30..=0x32 | 0x37 => (Class::Program, Effect::ProgramWrite),
        0x33..=0x36 => (Class::Program, Effect::ProgramRead),
        0x40 => (Class::Program, Effect::Start),
        0x41 => (Class::Program, Effect::Stop),
        0x42 | 0x43 => (Class::Program, Effect::Initialise),
        0x51..=0x53 => (Class::Command, Effect::Debug),
        0x60..=0x66 => (Class::Program, Effect::Debug),
        _ => (Class::Configuration, Effect::Vendor),
    }
}

/// The function with its sub-function, as a key and a name.
pub(crate) fn function(function: FunctionCode, sub: Option<u16>) -> Function {
    let name = sub.and_then(|sub| sub_name(function, sub)).unwrap_or(function.name());
    Function { code: function.0.into(), sub, name }
}

/// A refusal that the side sent that asks: no function, whatever the other bits of its code say.
pub(crate) fn refusal_sent(function: FunctionCode) -> Function {
    Function { code: u16::from(function.0) | 128, sub: None, name: "exception_response" }
}

/// The name of a sub-function.
pub(crate) fn sub_name(function: FunctionCode, sub: u16) -> Option<&'static str> {
    let octet = u8::try_from(sub).ok();
    match function {
        FunctionCode::DIAGNOSTICS => Some(DiagnosticCode(sub).name()),
        FunctionCode::ENCAPSULATED_INTERFACE => octet.map(|mei| MeiType(mei).name()),
        FunctionCode::UMAS => octet.map(|code| UmasCode(code).name()),
        _ => None,
    }
}

/// The table that a function reads or writes.
pub(crate) const fn table(function: FunctionCode) -> Option<Table> {
    match function.0 {
        1 | 5 | 15 => Some(Table::COIL),
        2 => Some(Table::DISCRETE_INPUT),
        4 => Some(Table::INPUT_REGISTER),
        3 | 6 | 16 | 22 | 23 => Some(Table::HOLDING_REGISTER),
        24 => Some(Table::FIFO_QUEUE),
        _ => None,
    }
}
