//! The catalogue's DNP3 rows.

use gridtap_model::{Class, Effect, FaultKind, Message, Refusal, Table};

use super::{OutstationRows, Rows};

/// FC 2, 4, 5, 6, 9, 10 and 13 to 18: what writes, operates, clears, restarts or stops. A host that uses another
/// function is told as that.
const CONTROLS: [u16; 12] = [2, 4, 5, 6, 9, 10, 13, 14, 15, 16, 17, 18];
/// FC 13, cold restart.
const COLD_RESTART: u16 = 13;
/// FC 15, initialise data, which the standard has given up.
const INITIALIZE_DATA: u16 = 15;
/// FC 19, save configuration, which the standard has given up.
const SAVE_CONFIGURATION: u16 = 19;

pub(crate) const ROWS: Rows = Rows {
    new_reader: "DN-20",
    new_commander,
    new_function: "DN-27",
    new_range,
    new_transition: None,
    two_masters: None,
    write_before_read: None,
    command_walk: "DN-44",
    broadcast: "DN-23",
    mass_write: "DN-44",
    command_burst: "DN-44",
    campaign: "DN-44",
    backlog: "DN-12",
    unresponsive: "DN-38",
    poll_changed: "OT-13",
    exception_burst: None,
    exception_first: "DN-34",
    function_scan: "DN-25",
    address_scan: "DN-24",
    unit_scan: "DN-52",
    readback: None,
    no_effect: None,
    feedback: Some("DN-46"),
    value: "DN-41",
    replay: None,
    oscillation: "DN-44",
    value_changed: None,
    identity_changed: None,
    outstation: Some(&OUTSTATION),
    audit: Some("DN-39"),
    selection: Some("DN-42"),
    unselected,
    direct_operate: Some("DN-43"),
    control_form: Some("DN-40"),
    effect,
    fault,
    refusal,
};

const OUTSTATION: OutstationRows = OutstationRows {
    restarted: "DN-29",
    events_lost: "DN-30",
    corrupt: "DN-31",
    trouble: "DN-32",
    reserved: "DN-33",
    new_indication: "DN-34",
    local_control: "DN-54",
    refused_controls: "DN-45",
    storm: "DN-18",
    stray_report: "DN-19",
    contradiction: "DN-46",
    event_time: "DN-51",
    address_moved: "DN-47",
    authentication: "DN-37",
    flood: "DN-12",
    role: "DN-11",
    foreign: "DN-01",
    link_probe: "DN-52",
    indication,
    status,
};
/// Control status 1 (the select has run out) and 2 (no select before this operate).
fn unselected(code: u16) -> bool {
    matches!(code, 1 | 2)
}

fn new_commander(message: &Message<'_>) -> &'static str {
    if CONTROLS.contains(&message.function.code) { "DN-21" } else { "DN-22" }
}

fn new_range(message: &Message<'_>) -> &'static str {
    if let Some(row) = effect(message.effect, message.function.code) {
        return row;
    }
    if matches!(message.class, Class::Read | Class::Diagnostic | Class::Link) {
        return "DN-20";
    }
    let writes = |table| message.runs.iter().any(|run| run.written && run.table == table);
    if writes(Table::BINARY_OUTPUT) {
        "DN-40"
    } else if writes(Table::ANALOG_OUTPUT) {
        "DN-41"
    } else {
        "DN-27"
    }
}

fn effect(effect: Effect, function: u16) -> Option<&'static str> {
    match effect {
        Effect::Restart if function == COLD_RESTART => Some("DN-13"),
        Effect::Restart => Some("DN-14"),
        Effect::Initialise if function == INITIALIZE_DATA => Some("DN-16"),
        Effect::Start | Effect::Stop | Effect::Initialise => Some("DN-15"),
        Effect::Configure if function == SAVE_CONFIGURATION => Some("DN-16"),
        Effect::Configure => Some("DN-35"),
        Effect::ReportingOff => Some("DN-17"),
        Effect::Survey => Some("DN-26"),
        Effect::ClockSet => Some("DN-28"),
        Effect::RestartSeen => Some("DN-29"),
        Effect::FileRead | Effect::FileWrite | Effect::FileService => Some("DN-36"),
        Effect::Authenticate => Some("DN-37"),
        Effect::ReportingChange => Some("DN-48"),
        Effect::Freeze | Effect::FreezeClear => Some("DN-49"),
        Effect::Identify => Some("DN-53"),
        _ => None,
    }
}

fn fault(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::ProtocolIdentifier => "DN-01",
        FaultKind::HeaderChecksum => "DN-02",
        FaultKind::DataChecksum => "DN-03",
        FaultKind::Length | FaultKind::Oversize => "DN-04",
        FaultKind::Segments => "DN-05",
        FaultKind::ReservedAddress => "DN-06",
        FaultKind::ReservedFunction | FaultKind::ReservedSubFunction => "DN-07",
        FaultKind::UnknownObject => "DN-08",
        FaultKind::Quantity => "DN-09",
        FaultKind::Direction | FaultKind::ExceptionFromMaster => "DN-11",
        FaultKind::ReservedBits => "DN-33",
        FaultKind::NoSelect
        | FaultKind::SelectDiffers
        | FaultKind::SelectSequence
        | FaultKind::SelectLate => "DN-42",
        FaultKind::Unrequested | FaultKind::SecondResponse | FaultKind::TransactionReuse => "DN-50",
        // Qualifiers, ranges, values, octets missing or left over, parts that may not be.
        _ => "DN-10",
    }
}

fn refusal(_: Refusal) -> Option<(&'static str, bool)> {
    None
}

/// IEEE 1815-2012, clause 4.2.2.7: the internal indications, first octet first.
const fn indication(bit: u32) -> &'static str {
    match bit {
        0 => "has received a broadcast",
        4 => "wants its clock set",
        5 => "has outputs in local control",
        6 => "has trouble",
        7 => "has restarted",
        11 => "has lost events",
        12 => "is doing already what it was told",
        13 => "has a corrupt configuration",
        14 | 15 => "sets bits that the standard keeps back",
        _ => "sets another indication",
    }
}

/// IEEE 1815-2012, clause 11.9.1: control-related status codes.
const fn status(code: u8) -> &'static str {
    match code {
        0 => "done",
        1 => "the select has timed out",
        2 => "nothing was selected",
        3 => "the request has a format error",
        4 => "the point does not support this",
        5 => "the point is already active",
        6 => "the hardware failed",
        7 => "the point is in local control",
        8 => "too many controls at once",
        9 => "not authorised",
        10 => "automation inhibits it",
        11 => "processing is limited",
        12 => "the value is out of range",
        126 => "the device takes no part in this",
        _ => "for a reason without a name",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_has_the_row_of_the_catalogue_that_names_it_and_plain_access_has_none() {
        for (what, code, row) in [
            (Effect::Plain, 1, None),
            (Effect::Plain, 5, None),
            (Effect::ReportingOn, 20, None),
            (Effect::Echo, 23, None),
            (Effect::Restart, 13, Some("DN-13")),
            (Effect::Restart, 14, Some("DN-14")),
            (Effect::Initialise, 15, Some("DN-16")),
            (Effect::Initialise, 16, Some("DN-15")),
            (Effect::Start, 17, Some("DN-15")),
            (Effect::Stop, 18, Some("DN-15")),
            (Effect::Configure, 19, Some("DN-16")),
            (Effect::Configure, 31, Some("DN-35")),
            (Effect::ReportingOff, 21, Some("DN-17")),
            (Effect::Survey, 1, Some("DN-26")),
            (Effect::ClockSet, 2, Some("DN-28")),
            (Effect::ClockSet, 24, Some("DN-28")),
            (Effect::FileRead, 25, Some("DN-36")),
            (Effect::FileWrite, 27, Some("DN-36")),
            (Effect::FileService, 28, Some("DN-36")),
            (Effect::ReportingChange, 22, Some("DN-48")),
            (Effect::ReportingChange, 2, Some("DN-48")),
            (Effect::Freeze, 7, Some("DN-49")),
            (Effect::FreezeClear, 9, Some("DN-49")),
            (Effect::Identify, 1, Some("DN-53")),
        ] {
            assert_eq!(effect(what, code), row, "{what:?} of function {code}");
        }
    }

    #[test]
    fn damage_of_the_link_of_the_message_and_of_its_place_are_told_apart() {
        for (kind, row) in [
            (FaultKind::HeaderChecksum, "DN-02"),
            (FaultKind::DataChecksum, "DN-03"),
            (FaultKind::Length, "DN-04"),
            (FaultKind::Segments, "DN-05"),
            (FaultKind::ReservedAddress, "DN-06"),
            (FaultKind::ReservedFunction, "DN-07"),
            (FaultKind::UnknownObject, "DN-08"),
            (FaultKind::Quantity, "DN-09"),
            (FaultKind::ObjectHeader, "DN-10"),
            (FaultKind::Truncated, "DN-10"),
            (FaultKind::Direction, "DN-11"),
            (FaultKind::ReservedBits, "DN-33"),
            (FaultKind::SelectDiffers, "DN-42"),
            (FaultKind::SecondResponse, "DN-50"),
        ] {
            assert_eq!(fault(kind), row, "{kind:?}");
        }
    }
}
