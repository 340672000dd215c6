//! The functions that an access rule names.

use gridtap_model::Protocol;

use super::FunctionName;
use super::file::FunctionEntry;
use crate::path::Code;

/// A function as the file names it, for devices of these protocols; no protocol means any.
///
/// # Errors
/// What is wrong with it, where none of the protocols has such a number.
pub(super) fn read(entry: &FunctionEntry, of: &[Protocol]) -> Result<FunctionName, String> {
    match entry {
        FunctionEntry::Code(code) => whole(*code, &code.to_string(), of),
        FunctionEntry::Name(name) => named(name, of),
    }
}

/// `8.4` is a code with its sub-function, anything else that is no number a name.
fn named(name: &str, of: &[Protocol]) -> Result<FunctionName, String> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match name.split_once('.') {
        Some((code, sub)) if is_number(code) && is_number(sub) => {
            let FunctionName::Code(code) = whole(code.parse().unwrap_or(i64::MAX), name, of)?
            else {
                return Err(no_function(name, of));
            };
            let sub = sub.parse().map_err(|_| {
                format!("{name:?} is no function: sub-functions go from 0 to {}", u16::MAX)
            })?;
            Ok(FunctionName::Code(Code { sub: Some(sub), ..code }))
        }
        None if is_number(name) => whole(name.parse().unwrap_or(i64::MAX), name, of),
        _ => Ok(FunctionName::Name(name.replace(' ', "_"))),
    }
}

fn whole(code: i64, given: &str, of: &[Protocol]) -> Result<FunctionName, String> {
    let any = [Protocol::Modbus, Protocol::Dnp3, Protocol::Iec104];
    let of = if of.is_empty() { &any } else { of };
    let fits = of.iter().any(|protocol| (least(*protocol)..=most(*protocol)).contains(&code));
    match u16::try_from(code) {
        Ok(code) if fits => Ok(FunctionName::Code(Code { code, sub: None })),
        _ => Err(no_function(given, of)),
    }
}

fn no_function(given: &str, of: &[Protocol]) -> String {
    match of {
        [one] => {
            let (least, most) = (least(*one), most(*one));
            format!("{given} is no function of {one}: they go from {least} to {most}")
        }
        _ => format!("{given} is no function: they go from 0 to 255"),
    }
}

const fn least(protocol: Protocol) -> i64 {
    // A Modbus function 0 is not valid, nor is an IEC 104 type 0; in DNP3 it is the confirmation.
    match protocol {
        Protocol::Dnp3 => 0,
        _ => 1,
    }
}

const fn most(protocol: Protocol) -> i64 {
    // In Modbus the highest bit marks a refusal.
    match protocol {
        Protocol::Modbus => 127,
        _ => 255,
    }
}
