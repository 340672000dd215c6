use super::*;
use crate::request::tests::{fault_list, octets};
use FaultKind::{
    ByteCount, ExceptionCode as Exception, Quantity, ReservedFunction, TrailingBytes, Truncated,
    Value,
};

#[track_caller]
fn fits(text: &str, expected: ResponseBody<'_>) {
    let pdu = octets(text);
    let response = response(&pdu);
    assert_eq!(response.body, expected, "{text}");
    assert_eq!(fault_list(&response.faults), [], "{text}");
}

#[track_caller]
fn faulty(text: &str, expected: &[(FaultKind, u32, u32)]) {
    let pdu = octets(text);
    assert_eq!(fault_list(&response(&pdu).faults), expected, "{text}");
}

// The examples are those of the application protocol specification V1.1b3, section 6.
#[test]
fn every_example_of_the_specification_has_its_meaning_and_no_fault() {
    fits("01 03 CD 6B 05", ResponseBody::Bits(&[0xCD, 0x6B, 0x05]));
    fits("02 03 AC DB 35", ResponseBody::Bits(&[0xAC, 0xDB, 0x35]));
    fits("03 06 022B 0000 0064", ResponseBody::Words(&[0x02, 0x2B, 0, 0, 0, 0x64]));
    fits("04 02 000A", ResponseBody::Words(&[0, 10]));
    fits("05 00AC FF00", ResponseBody::WriteSingle { address: 172, value: 0xFF00 });
    fits("06 0001 0003", ResponseBody::WriteSingle { address: 1, value: 3 });
    fits("07 6D", ResponseBody::ExceptionStatus(0x6D));
    fits(
        "08 0000 A537",
        ResponseBody::Diagnostics { code: DiagnosticCode(0), data: &[0xA5, 0x37] },
    );
    fits("0B FFFF 0108", ResponseBody::EventCounter { status: 0xFFFF, events: 264 });
    fits(
        "0C 08 0000 0108 0121 20 00",
        ResponseBody::EventLog { status: 0, events: 264, messages: 289, log: &[0x20, 0] },
    );
    fits("0F 0013 000A", ResponseBody::WriteMultiple { address: 19, quantity: 10 });
    fits("10 0001 0002", ResponseBody::WriteMultiple { address: 1, quantity: 2 });
    fits("11 03 41 42 FF", ResponseBody::ServerId(b"AB\xFF"));
    fits(
        "16 0004 00F2 0025",
        ResponseBody::MaskWrite { address: 4, and_mask: 0xF2, or_mask: 0x25 },
    );
    fits("17 02 00FE", ResponseBody::Words(&[0, 0xFE]));
    fits("18 0006 0002 01B8 1284", ResponseBody::Fifo(&[0x01, 0xB8, 0x12, 0x84]));
    fits("81 02", ResponseBody::Exception(ExceptionCode(2)));
}

#[test]
fn file_answers_yield_their_groups() {
    let pdu = octets("14 0C 05 06 0DFE 0020 05 06 33CD 0040");
    let response = response(&pdu);
    assert_eq!(fault_list(&response.faults), []);
    let ResponseBody::ReadFile(groups) = response.body else { panic!("{response:?}") };
    let data: Vec<_> = groups.map(|group| (group.registers, group.data.to_vec())).collect();
    assert_eq!(data, [(2, octets("0DFE0020")), (2, octets("33CD0040"))]);
}

#[test]
fn device_identification_yields_its_objects() {
    let pdu = octets("2B 0E 01 01 FF 02 02 00 02 4142 01 01 43");
    let response = response(&pdu);
    assert_eq!(fault_list(&response.faults), []);
    let ResponseBody::DeviceIdentification { code, conformity, next, objects } = response.body
    else {
        panic!("{response:?}")
    };
    assert_eq!((code, conformity, next), (1, 1, Some(2)));
    let objects: Vec<_> = objects.map(|object| (object.id, object.text)).collect();
    assert_eq!(objects, [(0, &b"AB"[..]), (1, b"C")]);
    faulty("2B 0E 01 01 00 00 02 00 02 4142 01 05 43", &[(Truncated, 1, 2)]);
    faulty("2B 0E 01 07 01 00 00 00", &[(Value, 7, 0x83), (Value, 1, 0xFF), (TrailingBytes, 1, 0)]);
}

#[test]
fn every_limit_is_reported_and_none_rejects() {
    faulty("01 00", &[(ByteCount, 0, 250)]);
    faulty("03 03 000001", &[(ByteCount, 3, 250)]);
    faulty("03 04 0001", &[(Truncated, 2, 4)]);
    faulty("03 02 0001 02", &[(TrailingBytes, 1, 0)]);
    faulty("05 0000 0001", &[(Value, 1, 0xFF00)]);
    faulty("0B 0001 0000", &[(Value, 1, 0xFFFF)]);
    faulty("10 0000 0000", &[(Quantity, 0, 1)]);
    faulty("18 0006 0003 0001 0002 0003", &[(ByteCount, 6, 8)]);
    faulty("81 06 00", &[(TrailingBytes, 1, 0)]);
    faulty("81 09", &[(Exception, 9, 11)]);
    faulty("81", &[(Truncated, 0, 1)]);
    faulty("2A 00", &[(ReservedFunction, 42, 0)]);
    faulty("", &[(Truncated, 0, 1)]);
}
