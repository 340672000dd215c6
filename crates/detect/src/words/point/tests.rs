use core::net::{IpAddr, Ipv4Addr};

use gridtap_model::{SubAddress, Zone};

use super::*;

const DEVICE: Device = Device {
    zone: Zone(0),
    protocol: Protocol::Modbus,
    address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 21)),
    sub: SubAddress::Unit(1),
};

fn site(order: &str) -> Site {
    let head =
        "[[devices]]\nname = \"RTU A\"\nprotocol = \"modbus\"\naddress = \"10.0.0.21\"\nunit = 1\n";
    let point = |index: u32, name: &str, rest: &str| {
        format!(
            "[[devices.points]]\ntable = \"holding register\"\nindex = {index}\nname = \"{name}\"\n{rest}\n"
        )
    };
    let points = [
        point(600, "target power", "type = \"f32\"\nunit = \"MW\""),
        point(610, "tap", "type = \"i16\"\nscale = 0.1\nunit = \"kV\""),
        point(620, "badly declared", "type = \"u32\""),
        point(621, "its neighbour", "type = \"u16\""),
    ];
    Site::parse(&format!("{head}word_order = \"{order}\"\n{}", points.concat())).unwrap()
}

/// The sentences about a run of registers.
fn said(order: &str, first: u32, words: &[u16]) -> Vec<String> {
    let octets: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let (table, count) = (Table::HOLDING_REGISTER, u32::try_from(words.len()).unwrap());
    let run = Run { table, first, count, values: Values::Words(&octets), written: true };
    let site = site(order);
    told_of(&site, &DEVICE, &run).map(|told| told.with_value(&site, &DEVICE)).collect()
}

#[test]
fn two_registers_of_one_declared_value_are_one_point_with_its_value() {
    let whole = "target power (holding registers 600 and 601) := 123.5 MW (raw 0x42f70000)";
    assert_eq!(said("little", 600, &[0, 17_143]), [whole]);
    assert_eq!(said("big", 600, &[17_143, 0]), [whole]);
    assert_eq!(
        said("big", 599, &[7, 17_143, 0, 8]),
        ["holding register 599 := 7", whole, "holding register 602 := 8"]
    );
}

#[test]
fn half_of_a_declared_value_is_called_so_and_has_no_unit() {
    let low = "target power (low word, holding register 600) := 17143";
    let high = "target power (high word, holding register 601) := 5";
    assert_eq!(said("little", 600, &[17_143]), [low]);
    assert_eq!(said("little", 601, &[5]), [high]);
    assert_eq!(
        said("big", 600, &[17_143]),
        ["target power (high word, holding register 600) := 17143"]
    );
    assert_eq!(
        said("big", 601, &[5, 6]),
        ["target power (low word, holding register 601) := 5", "holding register 602 := 6"]
    );
}

#[test]
fn a_register_of_its_own_keeps_its_value_and_its_name() {
    assert_eq!(said("big", 610, &[1_103]), ["tap (holding register 610) := 110.3 kV (raw 1103)"]);
    let both = said("big", 620, &[0, 9]);
    assert_eq!(both.len(), 2, "a register that is declared by itself is no half: {both:?}");
    assert_eq!(both[1], "its neighbour (holding register 621) := 9 (raw 9)");
}

#[test]
fn a_request_without_values_names_two_registers_as_one_point() {
    let site = site("big");
    let (table, values) = (Table::HOLDING_REGISTER, Values::None);
    let run = Run { table, first: 600, count: 3, values, written: false };
    let names: Vec<_> =
        told_of(&site, &DEVICE, &run).map(|told| told.with_value(&site, &DEVICE)).collect();
    assert_eq!(names, ["target power (holding registers 600 and 601)", "holding register 602"]);
}

#[test]
fn points_of_other_protocols_are_never_halves() {
    let device = Device { protocol: Protocol::Dnp3, ..DEVICE };
    let at = |index| Point { table: Table::HOLDING_REGISTER, index, value: None };
    assert!(!is_rest(&site("big"), &device, &at(600), &at(601)));
    assert!(is_rest(&site("big"), &DEVICE, &at(600), &at(601)));
}
