use super::*;
use crate::request::tests::octets;

#[test]
fn the_header_lines_up_with_the_figure() {
    //                  transaction protocol length unit  fc address quantity | next frame
    let input = octets("1501        0000     0006   FF    03 0004    0001       1502");
    let (adu, rest) = mbap(&input, 254).unwrap();
    assert_eq!((adu.transaction, adu.protocol, adu.length, adu.unit), (0x1501, 0, 6, 255));
    assert_eq!(adu.pdu, octets("03 0004 0001"));
    assert_eq!(rest, [0x15, 0x02]);
    assert!(adu.faults().is_empty());
}

#[test]
fn a_length_that_cannot_be_one_is_said_at_once() {
    assert_eq!(mbap(&octets("0001 0000 0001"), 254), Err(FrameError::Length(1)));
    assert_eq!(mbap(&octets("0001 0000 00FF"), 254), Err(FrameError::Oversize(255)));
    assert_eq!(mbap(&octets("0001 0000 00FF"), 1_025), Err(FrameError::Incomplete));
}

#[test]
fn a_foreign_protocol_and_a_long_frame_are_faults() {
    let mut long = octets("0001 0000 0100 01 03");
    long.resize(6 + 256, 0);
    let (adu, _) = mbap(&long, 1_025).unwrap();
    assert_eq!(adu.faults().find(FaultKind::Oversize).unwrap().found, 256);
    long[7] = 90;
    let (adu, _) = mbap(&long, 1_025).unwrap();
    assert!(adu.faults().is_empty(), "UMAS agrees on longer frames");
    let foreign = octets("0001 0010 0002 01 07");
    let (adu, _) = mbap(&foreign, 254).unwrap();
    assert_eq!(adu.faults().find(FaultKind::ProtocolIdentifier).unwrap().found, 16);
}

// Check values: the catalogue of parametrised CRC algorithms, and the specification's own frames.
#[test]
fn the_crc_is_that_of_the_serial_line_guide() {
    assert_eq!(crc16(b"123456789"), 0x4B37);
    assert_eq!(crc16(&octets("01 03 0000 0001")).to_le_bytes(), [0x84, 0x0A]);
    assert_eq!(crc16(&octets("11 03 006B 0003")).to_le_bytes(), [0x76, 0x87]);
}

#[test]
fn an_rtu_frame_ends_where_its_function_says() {
    let input = octets("11 03 006B 0003 7687 11");
    let (frame, rest) = rtu(&input, Side::Client).unwrap();
    assert_eq!((frame.unit, frame.pdu), (0x11, &input[1..6]));
    assert_eq!(rest, [0x11]);
    assert_eq!(rtu(&octets("11 03 006B 0003 7688"), Side::Client), Err(FrameError::Crc));
}

#[test]
fn an_rtu_frame_of_an_unknown_function_takes_all_there_is() {
    let mut input = octets("01 41 0203");
    let crc = crc16(&input).to_le_bytes();
    input.extend(crc);
    let (frame, rest) = rtu(&input, Side::Client).unwrap();
    assert_eq!((frame.pdu, rest), (&input[1..4], &[][..]));
    input.push(1);
    assert_eq!(rtu(&input, Side::Client), Err(FrameError::Unbounded(0x41)));
}
