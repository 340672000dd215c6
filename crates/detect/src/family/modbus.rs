//! The catalogue's Modbus rows.

use gridtap_model::{Effect, FaultKind, Refusal};

use super::Rows;

/// FC 17, report server ID; identification otherwise is FC 43/14.
const REPORT_SERVER_ID: u16 = 17;
/// FC 90, Schneider UMAS.
const UMAS: u16 = 90;
/// FC 8, diagnostics.
const DIAGNOSTICS: u16 = 8;

pub(crate) const ROWS: Rows = Rows {
    new_reader: "MB-28",
    new_commander: |_| "MB-29",
    new_function: "MB-30",
    new_range: |_| "MB-31",
    new_transition: Some("MB-32"),
    two_masters: Some("MB-47"),
    write_before_read: Some("MB-37"),
    command_walk: "MB-37",
    broadcast: "MB-35",
    mass_write: "MB-35",
    command_burst: "MB-36",
    campaign: "MB-36",
    backlog: "MB-09",
    unresponsive: "MB-42",
    poll_changed: "MB-43",
    exception_burst: Some("MB-11"),
    exception_first: "MB-12",
    function_scan: "MB-13",
    address_scan: "MB-14",
    unit_scan: "MB-20",
    readback: Some("MB-44"),
    no_effect: Some("MB-45"),
    feedback: Some("MB-45"),
    value: "MB-34",
    replay: Some("MB-49"),
    oscillation: "MB-46",
    value_changed: Some("MB-33"),
    identity_changed: Some("MB-41"),
    outstation: None,
    audit: None,
    selection: None,
    unselected: |_| false,
    direct_operate: None,
    control_form: None,
    effect,
    fault,
    refusal,
};

fn effect(effect: Effect, function: u16) -> Option<&'static str> {
    if function == UMAS {
        return Some("MB-39");
    }
    match effect {
        Effect::ListenOnly => Some("MB-21"),
        Effect::Restart => Some("MB-22"),
        Effect::ClearDiagnostics => Some("MB-23"),
        Effect::Identify if function == REPORT_SERVER_ID => Some("MB-26"),
        Effect::Identify => Some("MB-25"),
        Effect::Inspect | Effect::Echo if function == DIAGNOSTICS => Some("MB-24"),
        Effect::Inspect => Some("MB-27"),
        Effect::FileRead | Effect::FileWrite | Effect::Mask | Effect::WriteRead | Effect::Fifo => {
            Some("MB-38")
        }
        Effect::Vendor | Effect::Firmware => Some("MB-40"),
        _ => None,
    }
}

fn fault(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::ProtocolIdentifier => "MB-01",
        FaultKind::Oversize => "MB-03",
        FaultKind::ReservedFunction | FaultKind::ReservedSubFunction => "MB-04",
        FaultKind::Quantity | FaultKind::AddressRange | FaultKind::Value => "MB-05",
        FaultKind::ExceptionCode => "MB-06",
        FaultKind::ResponseMismatch(_) => "MB-07",
        FaultKind::Unrequested => "MB-08",
        FaultKind::ExceptionFromMaster => "MB-10",
        FaultKind::SecondResponse | FaultKind::TransactionReuse => "MB-48",
        // Lengths, byte counts, octets missing or left over: the length does not fit the function.
        _ => "MB-02",
    }
}

fn refusal(refusal: Refusal) -> Option<(&'static str, bool)> {
    match refusal {
        Refusal::Value => Some(("MB-15", false)),
        Refusal::Failure => Some(("MB-16", true)),
        Refusal::Acknowledge => Some(("MB-17", true)),
        Refusal::Busy => Some(("MB-18", true)),
        Refusal::Gateway => Some(("MB-19", true)),
        Refusal::Function | Refusal::Address | Refusal::Other | Refusal::Undefined => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_has_the_row_of_the_catalogue_that_names_it_and_plain_access_has_none() {
        for (what, code, row) in [
            (Effect::Plain, 3, None),
            (Effect::Plain, 16, None),
            (Effect::Reserved, 9, None),
            (Effect::ListenOnly, DIAGNOSTICS, Some("MB-21")),
            (Effect::Restart, DIAGNOSTICS, Some("MB-22")),
            (Effect::ClearDiagnostics, DIAGNOSTICS, Some("MB-23")),
            (Effect::Inspect, DIAGNOSTICS, Some("MB-24")),
            (Effect::Echo, DIAGNOSTICS, Some("MB-24")),
            (Effect::Identify, 43, Some("MB-25")),
            (Effect::Identify, REPORT_SERVER_ID, Some("MB-26")),
            (Effect::Inspect, 7, Some("MB-27")),
            (Effect::Inspect, 11, Some("MB-27")),
            (Effect::FileRead, 20, Some("MB-38")),
            (Effect::FileWrite, 21, Some("MB-38")),
            (Effect::Mask, 22, Some("MB-38")),
            (Effect::WriteRead, 23, Some("MB-38")),
            (Effect::Fifo, 24, Some("MB-38")),
            (Effect::Stop, UMAS, Some("MB-39")),
            (Effect::ProgramWrite, UMAS, Some("MB-39")),
            (Effect::ProgramRead, UMAS, Some("MB-39")),
            (Effect::Reserve, UMAS, Some("MB-39")),
            (Effect::Plain, UMAS, Some("MB-39")),
            (Effect::Vendor, 65, Some("MB-40")),
            (Effect::Firmware, 125, Some("MB-40")),
        ] {
            assert_eq!(effect(what, code), row, "{what:?} of function {code}");
        }
    }

    #[test]
    fn a_refusal_has_the_row_that_says_what_it_tells() {
        for (reason, row) in [
            (Refusal::Value, Some(("MB-15", false))),
            (Refusal::Failure, Some(("MB-16", true))),
            (Refusal::Acknowledge, Some(("MB-17", true))),
            (Refusal::Busy, Some(("MB-18", true))),
            (Refusal::Gateway, Some(("MB-19", true))),
            (Refusal::Function, None),
            (Refusal::Address, None),
        ] {
            assert_eq!(refusal(reason), row, "{reason}");
        }
    }
}
