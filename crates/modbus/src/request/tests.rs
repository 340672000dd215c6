use super::*;
use FaultKind::{
    AddressRange, ByteCount, ExceptionFromMaster, Quantity, ReservedFunction, ReservedSubFunction,
    TrailingBytes, Truncated, Value,
};

/// Octets from text: `03 006B 0003`.
pub(crate) fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

pub(crate) fn fault_list(faults: &Faults) -> Vec<(FaultKind, u32, u32)> {
    faults.iter().map(|fault| (fault.kind, fault.found, fault.expected)).collect()
}

#[track_caller]
fn fits(text: &str, expected: RequestBody<'_>) {
    let pdu = octets(text);
    let request = request(&pdu);
    assert_eq!(request.body, expected, "{text}");
    assert_eq!(fault_list(&request.faults), [], "{text}");
}

#[track_caller]
fn faulty(text: &str, expected: &[(FaultKind, u32, u32)]) {
    let pdu = octets(text);
    assert_eq!(fault_list(&request(&pdu).faults), expected, "{text}");
}

// The examples are those of the application protocol specification V1.1b3, section 6.
#[test]
fn every_example_of_the_specification_has_its_meaning_and_no_fault() {
    fits("01 0013 0013", RequestBody::Read { address: 19, quantity: 19 });
    fits("02 00C4 0016", RequestBody::Read { address: 196, quantity: 22 });
    fits("03 006B 0003", RequestBody::Read { address: 107, quantity: 3 });
    fits("04 0008 0001", RequestBody::Read { address: 8, quantity: 1 });
    fits("05 00AC FF00", RequestBody::WriteSingle { address: 172, value: 0xFF00 });
    fits("06 0001 0003", RequestBody::WriteSingle { address: 1, value: 3 });
    fits("07", RequestBody::Bare);
    fits("08 0000 A537", RequestBody::Diagnostics { code: DiagnosticCode(0), data: &[0xA5, 0x37] });
    fits("0B", RequestBody::Bare);
    fits("0C", RequestBody::Bare);
    let values = [0xCD, 0x01];
    fits(
        "0F 0013 000A 02 CD01",
        RequestBody::WriteMultiple { address: 19, quantity: 10, values: &values },
    );
    let values = [0x00, 0x0A, 0x01, 0x02];
    fits(
        "10 0001 0002 04 000A 0102",
        RequestBody::WriteMultiple { address: 1, quantity: 2, values: &values },
    );
    fits("11", RequestBody::Bare);
    fits("16 0004 00F2 0025", RequestBody::MaskWrite { address: 4, and_mask: 0xF2, or_mask: 0x25 });
    let values = [0x00, 0xFF, 0x00, 0xFF, 0x00, 0xFF];
    fits(
        "17 0003 0006 000E 0003 06 00FF 00FF 00FF",
        RequestBody::ReadWrite {
            read_address: 3,
            read_quantity: 6,
            write_address: 14,
            write_quantity: 3,
            values: &values,
        },
    );
    fits("18 04DE", RequestBody::ReadFifo { address: 0x04DE });
    fits("2B 0E 01 00", RequestBody::DeviceIdentification { code: 1, object: 0 });
    fits("2B 0D 0102", RequestBody::Encapsulated { mei: MeiType::CANOPEN, data: &[1, 2] });
}

#[test]
fn file_requests_yield_their_groups() {
    let pdu = octets("14 0E 06 0004 0001 0002 06 0003 0009 0002");
    let request = request(&pdu);
    assert_eq!(fault_list(&request.faults), []);
    let RequestBody::ReadFile(groups) = request.body else { panic!("{request:?}") };
    let places: Vec<_> = groups.map(|g| (g.file, g.record, g.registers, g.data.len())).collect();
    assert_eq!(places, [(Some(4), Some(1), 2, 0), (Some(3), Some(9), 2, 0)]);

    let pdu = octets("15 0D 06 0004 0007 0003 06AF 04BE 100D");
    let request = super::request(&pdu);
    assert_eq!(fault_list(&request.faults), []);
    let RequestBody::WriteFile(mut groups) = request.body else { panic!("{request:?}") };
    let group = groups.next().unwrap();
    assert_eq!((group.file, group.record, group.registers), (Some(4), Some(7), 3));
    assert_eq!(group.data, [0x06, 0xAF, 0x04, 0xBE, 0x10, 0x0D]);
    assert_eq!(groups.next(), None);
}

#[test]
fn a_list_that_breaks_off_yields_the_good_groups() {
    let pdu = octets("14 0A 06 0004 0001 0002 06 0003");
    let request = request(&pdu);
    let RequestBody::ReadFile(groups) = request.body else { panic!("{request:?}") };
    assert_eq!(groups.count(), 1);
    assert_eq!(fault_list(&request.faults), [(Truncated, 3, 7)]);
}

#[test]
fn every_limit_is_reported_and_none_rejects() {
    faulty("01 0000 0000", &[(Quantity, 0, 1)]);
    faulty("01 0000 07D0", &[]);
    faulty("01 0000 07D1", &[(Quantity, 2001, 2000)]);
    faulty("02 0000 07D1", &[(Quantity, 2001, 2000)]);
    faulty("03 0000 007D", &[]);
    faulty("03 0000 007E", &[(Quantity, 126, 125)]);
    faulty("04 FFFF 0001", &[]);
    faulty("04 FFFF 0002", &[(AddressRange, 65_537, 65_536)]);
    faulty("05 0000 0001", &[(Value, 1, 0xFF00)]);
    faulty("05 0000 FF00 00", &[(TrailingBytes, 1, 0)]);
    faulty("06 0000", &[(Truncated, 2, 4)]);
    faulty("07 00000000", &[(TrailingBytes, 4, 0)]);
    faulty("08 0004 0001", &[(Value, 1, 0)]);
    faulty("08 0001 1234", &[(Value, 0x1234, 0)]);
    faulty("08 0006 0000", &[(ReservedSubFunction, 6, 0)]);
    faulty("0F 0000 0008 02 FFFF", &[(ByteCount, 2, 1)]);
    faulty("10 0000 007C F8", &[(Quantity, 124, 123), (Truncated, 0, 248)]);
    faulty("10 0000 0002 04 0001", &[(Truncated, 2, 4)]);
    faulty("14 00", &[(ByteCount, 0, 7)]);
    faulty(
        "14 07 05 0000 2710 0001",
        &[(ReservedSubFunction, 5, 6), (AddressRange, 0, 1), (AddressRange, 10_000, 9_999)],
    );
    faulty(
        "17 0000 007E 0000 007A F4",
        &[(Quantity, 126, 125), (Quantity, 122, 121), (Truncated, 0, 244)],
    );
    faulty("2B 0E 05 07", &[(Value, 5, 4), (Value, 7, 6)]);
    faulty("2B 10 01", &[(ReservedSubFunction, 16, 14)]);
    faulty("00 01", &[(ReservedFunction, 0, 0)]);
    faulty("2A", &[(ReservedFunction, 42, 0)]);
    faulty("41 0102", &[]);
    faulty("81 02", &[(ExceptionFromMaster, 0x81, 127)]);
    faulty("", &[(Truncated, 0, 1)]);
}

#[test]
fn what_breaks_off_keeps_its_octets() {
    let pdu = octets("03 0010 00");
    assert_eq!(request(&pdu).body, RequestBody::Opaque(&[0x00, 0x10, 0x00]));
    let pdu = octets("10 0010 0002 04 0001");
    assert_eq!(
        request(&pdu).body,
        RequestBody::WriteMultiple { address: 16, quantity: 2, values: &[0, 1] }
    );
}

#[test]
fn every_function_code_has_a_name_and_a_kind() {
    for code in 0..=127 {
        let function = FunctionCode(code);
        let reserved = function.kind() == FunctionKind::Reserved;
        assert_eq!(function.name() == "reserved", reserved, "{code}");
        let user = function.kind() == FunctionKind::UserDefined;
        assert_eq!(function.name() == "user_defined", user, "{code}");
    }
}
