use super::*;
use crate::site::Site;

fn device() -> (Device, Site) {
    let site = Site::draw(1);
    let rtu = site.rtus.iter().find(|rtu| rtu.gateway.is_none()).unwrap().clone();
    (Device::all(&rtu, 1).remove(0), site)
}

#[test]
fn a_request_that_the_standard_refuses_gets_the_exception_of_the_standard() {
    let (mut device, _) = device();
    let refusal = |device: &mut Device, request: Request<'_>| match device.serve(&request) {
        Outcome::Refusal(code) => u8::from(code),
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(&mut device, Request::Custom(99, vec![].into())), 1);
    assert_eq!(refusal(&mut device, Request::ReadHoldingRegisters(65_000, 4)), 2);
    assert_eq!(refusal(&mut device, Request::ReadHoldingRegisters(65_535, 2)), 2);
    assert_eq!(refusal(&mut device, Request::ReadHoldingRegisters(0, 0)), 3);
    assert_eq!(refusal(&mut device, Request::ReadHoldingRegisters(0, 126)), 3);
    assert_eq!(refusal(&mut device, Request::Custom(8, vec![0, 99, 0, 0].into())), 1);
}

#[test]
fn a_written_register_reads_back_and_keeps_its_value() {
    let (mut device, _) = device();
    let range = device
        .ranges
        .iter()
        .find(|range| matches!(range.signals.first(), Some(Signal::Constant(_))))
        .unwrap()
        .clone();
    let request = Request::WriteSingleRegister(range.first, 4_321);
    assert!(matches!(device.serve(&request), Outcome::Answer(_)));
    for _ in 0..100 {
        device.step();
    }
    let read = device.serve(&Request::ReadHoldingRegisters(range.first, 1));
    assert_eq!(read, Outcome::Answer(Response::ReadHoldingRegisters(vec![4_321])));
}

#[test]
fn a_device_in_listen_only_mode_is_silent_until_communications_restart() {
    let (mut device, _) = device();
    let eight = |sub: u8| Request::Custom(8, vec![0, sub, 0, 0].into());
    let read = Request::ReportServerId;
    assert_eq!(device.serve(&eight(4)), Outcome::Silence);
    assert_eq!(device.serve(&read), Outcome::Silence);
    assert_eq!(device.serve(&eight(0)), Outcome::Silence);
    assert_eq!(device.serve(&eight(1)), Outcome::SilentRestart);
    assert!(matches!(device.serve(&read), Outcome::Answer(_)));
    assert!(matches!(device.serve(&eight(1)), Outcome::Restart(_)));
}

#[test]
fn measurements_move_and_stay_near_what_they_measure() {
    let (mut device, _) = device();
    let range =
        device.ranges.iter().find(|range| range.table == Table::InputRegister).unwrap().clone();
    let Some(Signal::Voltage(nominal)) = range.signals.first().copied() else { panic!() };
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..1_000 {
        device.step();
        seen.insert(device.words[&(Table::InputRegister, range.first)]);
    }
    assert!(seen.len() > 10);
    assert!(seen.iter().all(|value| value.abs_diff(nominal) < nominal / 3), "{seen:?} {nominal}");
}
