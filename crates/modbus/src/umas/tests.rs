use super::*;
use crate::request::tests::{fault_list, octets};

fn parsed(text: &str) -> (Vec<u8>, Faults) {
    (octets(text), Faults::NONE)
}

#[test]
fn a_memory_read_names_its_block_in_little_endian() {
    let (data, mut faults) = parsed("00 20 01 1400 6400 0000 F600");
    let request = Request::parse(&data, &mut faults).unwrap();
    assert_eq!(request.function.name(), "read_memory_block");
    assert_eq!(request.block(), Some(Block { range: 1, block: 0x14, offset: 100, octets: 246 }));
    assert!(faults.is_empty());
}

#[test]
fn a_reservation_names_who_takes_it() {
    let (data, mut faults) = parsed("00 10 434C0000 04 55534552 00");
    let request = Request::parse(&data, &mut faults).unwrap();
    assert_eq!(request.reservation(), Some((0x4C43, &b"USER"[..])));
    let (data, mut faults) = parsed("00 10 434C0000 09 5553");
    let request = Request::parse(&data, &mut faults).unwrap();
    assert_eq!(request.reservation(), Some((0x4C43, &b"US"[..])));
}

#[test]
fn a_signed_function_is_the_one_inside() {
    let text = format!("07 38 01 {} 5A 07 41 FF00", "AB".repeat(32));
    let (data, mut faults) = parsed(&text);
    let request = Request::parse(&data, &mut faults).unwrap();
    assert_eq!((request.key, request.function, request.signed), (7, UmasCode(0x41), true));
    assert_eq!(request.function.name(), "stop_plc");
    assert_eq!(request.data, [0xFF, 0]);
}

#[test]
fn a_wrapper_that_breaks_off_is_itself() {
    let (data, mut faults) = parsed("07 38 01 ABCD");
    let request = Request::parse(&data, &mut faults).unwrap();
    assert_eq!((request.function, request.signed), (UmasCode::SIGNED, false));
}

#[test]
fn an_answer_carries_its_status() {
    let (data, mut faults) = parsed("01 FE 0400 00");
    let response = Response::parse(&data, &mut faults).unwrap();
    assert_eq!((response.key, response.status.name()), (1, "success"));
    assert_eq!(response.frame_octets_max(), Some(4));
    let (data, mut faults) = parsed("01 83");
    assert!(Response::parse(&data, &mut faults).is_some());
    assert_eq!(fault_list(&faults), [(FaultKind::Value, 0x83, 0xFE)]);
    let (data, mut faults) = parsed("01");
    assert_eq!(Response::parse(&data, &mut faults), None);
    assert_eq!(fault_list(&faults), [(FaultKind::Truncated, 1, 2)]);
}
