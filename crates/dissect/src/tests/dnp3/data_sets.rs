//! Data sets: what a device said of them tells what their values are (IEEE 1815-2012, groups 85 to 88).

use proptest::prelude::*;

use std::path::Path;

use gridtap_capture::Sources;
use gridtap_wire::Wire;

use super::*;
use crate::tests::captures::captures;

/// Objects with their sizes before them, as hexadecimal text.
fn sized(group: u8, variation: u8, objects: &[Vec<u8>]) -> String {
    let mut octets = vec![group, variation, 0x5B, u8::try_from(objects.len()).unwrap()];
    for object in objects {
        octets.extend(u16::try_from(object.len()).unwrap().to_le_bytes());
        octets.extend(object);
    }
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// An element of a prototype or descriptor: its three codes and what it says.
fn element(codes: [u8; 3], ancillary: &[u8]) -> Vec<u8> {
    let length = u8::try_from(ancillary.len() + 3).unwrap();
    [&[length][..], &codes, ancillary].concat()
}

const UUID: [u8; 16] = *b"0123456789abcdef";

/// Of a feeder fault: three elements with values among the rest.
fn prototype() -> String {
    sized(
        85,
        1,
        &[[
            element([1, 0, 0], &[0]),
            element([2, 0, 0], &UUID),
            element([3, 0, 0], b"Some Org"),
            element([4, 0, 0], b"Fault"),
            element([5, 4, 8], b"Current"),
            element([5, 6, 2], b"Triggers"),
            element([5, 1, 8], b"Class"),
        ]
        .concat()],
    )
}

/// A data set of a number, the prototype, and a control with its status.
fn descriptor(id: u8, name: &[u8]) -> Vec<u8> {
    [
        element([1, 0, 0], &[id]),
        element([4, 0, 0], name),
        element([5, 2, 4], b"Distance"),
        element([6, 0, 0], &[&UUID[..], b"Fault data"].concat()),
        element([7, 3, 4], b"Set"),
        element([8, 2, 1], b"Set status"),
    ]
    .concat()
}

/// Data set 1 with a value for each of its elements; what is of the prototype is the second to fourth.
const VALUES: &str = "01 01  06 E80300000000  02 3412  04 0000C03F  02 0580  02 4147  01 FE  01 00";

fn values(group: u8) -> String {
    sized(group, 1, &[octets(VALUES)])
}

/// The `points` of the first object of the last record.
fn points(talk: &Talk) -> String {
    let record: serde_json::Value = serde_json::from_str(talk.records.last().unwrap()).unwrap();
    record["dnp3"]["application"]["objects"][0]["points"].to_string()
}

/// A conversation that has begun.
fn begun() -> Talk {
    let mut talk = tcp();
    talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
    talk.said();
    talk
}

/// The device tells its prototype and its data set.
fn tell(talk: &mut Talk) {
    let sets = sized(86, 1, &[descriptor(1, b"Feeder 11")]);
    talk.ask(&ask(0xC3, "01 55 01 06 56 01 06"));
    talk.answer(&answer(0xC3, &format!("81 0000 {}{sets}", prototype())));
    talk.said();
}

const TOLD: &str = concat!(
    r#"[{"data_set":1,"elements":["#,
    r#"{"code":"data_element","element":0,"name":"Distance","type":"unsigned_integer","value":4660},"#,
    r#"{"code":"data_element","element":1,"name":"Current","type":"floating_point","value":1.5},"#,
    r#"{"code":"data_element","data":"0580","element":2,"name":"Triggers","type":"bit_string"},"#,
    r#"{"code":"data_element","element":3,"name":"Class","type":"visible_string","value":"AG"},"#,
    r#"{"code":"control_value","element":4,"name":"Set","type":"integer","value":-2},"#,
    r#"{"code":"control_status","element":5,"name":"Set status","type":"unsigned_integer","value":0}],"#,
    r#""name":"Feeder 11","time":"1970-01-01T00:00:01.000000000Z","#,
    r#""values":["01","e80300000000","3412","0000c03f","0580","4147","fe","00"]}]"#,
);

const UNTOLD: &str = concat!(
    r#"[{"data_set":1,"elements":[{"data":"3412","element":0},{"data":"0000c03f","element":1},"#,
    r#"{"data":"0580","element":2},{"data":"4147","element":3,"text":"AG"},{"data":"fe","element":4},"#,
    r#"{"data":"00","element":5}],"time":"1970-01-01T00:00:01.000000000Z","#,
    r#""values":["01","e80300000000","3412","0000c03f","0580","4147","fe","00"]}]"#,
);

#[test]
fn values_are_told_by_the_descriptors_and_prototypes_heard_before() {
    let mut talk = begun();
    tell(&mut talk);
    talk.ask(&ask(0xC4, "01 57 01 00 01 01"))
        .answer(&answer(0xC4, &format!("81 0000 {}", values(87))));
    assert_eq!(points(&talk), TOLD);
    assert_eq!(
        talk.said(),
        [
            "Request read Link(10) data set->1+1",
            "Response read Link(10) data set element->65536+6=4660,1.5,32773,-2,0 of 5",
        ]
    );
    // A snapshot unasked, and a command to it.
    talk.answer(&answer(0xF0, &format!("82 0000 {}", values(88))));
    assert_eq!(points(&talk), TOLD);
    talk.ask(&ask(0xC5, &format!("05 {}", values(87))));
    assert_eq!(points(&talk), TOLD);
    assert_eq!(
        talk.said(),
        [
            "Unsolicited unsolicited_response Link(10) data set element->65536+6=4660,1.5,32773,-2,0",
            "Request direct_operate Link(10) data set element<-65536+6=4660,1.5,32773,-2,0",
        ]
    );
    assert_eq!(talk.faults, []);
}

#[test]
fn a_control_status_in_a_data_set_tells_how_a_command_to_it_went() {
    let mut talk = begun();
    tell(&mut talk);
    // Status 7 is the last value.
    let refused = sized(87, 1, &[octets(&VALUES.replacen("01 FE  01 00", "01 FE  01 07", 1))]);
    talk.ask(&ask(0xC4, &format!("03 {}", values(87))));
    talk.answer(&answer(0xC4, &format!("81 0000 {refused}")));
    talk.ask(&ask(0xC5, &format!("05 {}", values(87))));
    talk.answer(&answer(0xC5, &format!("81 0000 {}", values(87))));
    // To a read it says how some command went before.
    talk.ask(&ask(0xC6, "01 57 01 06")).answer(&answer(0xC6, &format!("81 0000 {refused}")));
    let answers = talk.said();
    let heads = answers.iter().map(|line| line.split(" Link").next().unwrap());
    assert_eq!(
        heads.collect::<Vec<_>>(),
        [
            "Select select",
            "Exception select",
            "Request direct_operate",
            "Response direct_operate",
            "Request read",
            "Response read"
        ]
    );
    assert!(answers[1].contains(" refused 7 "), "{}", answers[1]);
}

#[test]
fn values_that_nothing_describes_come_one_by_one_as_octets_with_their_place() {
    let mut talk = begun();
    talk.answer(&answer(0xF0, &format!("82 0000 {}", values(88))));
    assert_eq!(points(&talk), UNTOLD);
    assert_eq!(
        talk.said(),
        ["Unsolicited unsolicited_response Link(10) data set element->65536+6"]
    );
    // Another data set, and another device.
    tell(&mut talk);
    let other = VALUES.replacen("01 01", "01 02", 1);
    talk.answer(&answer(0xF1, &format!("82 0000 {}", sized(88, 1, &[octets(&other)]))));
    assert!(!points(&talk).contains("name"), "{}", points(&talk));
    let whole = [vec![0xC0, 0xF2], octets(&format!("82 0000 {}", values(88)))].concat();
    talk.answer(&framed(0x44, 11, MASTER, &whole));
    assert_eq!(points(&talk), UNTOLD);
}

#[test]
fn what_stands_behind_an_unknown_prototype_is_not_guessed() {
    let mut talk = begun();
    let sets = sized(86, 1, &[descriptor(1, b"Feeder 11")]);
    talk.ask(&ask(0xC3, "01 56 01 06")).answer(&answer(0xC3, &format!("81 0000 {sets}")));
    talk.answer(&answer(0xF0, &format!("82 0000 {}", values(88))));
    let told = points(&talk);
    assert!(
        told.contains(r#""name":"Distance","type":"unsigned_integer","value":4660}"#),
        "{told}"
    );
    assert!(told.contains(r#"{"data":"0000c03f","element":1}"#), "{told}");
    assert!(told.contains(r#"{"data":"00","element":5}"#), "{told}");
}

#[test]
fn a_length_that_leads_out_of_a_data_set_is_a_fault_behind_what_is_good() {
    let mut talk = begun();
    tell(&mut talk);
    let cut = octets("01 01  06 E80300000000  02 3412  09 0000");
    talk.answer(&answer(0xF0, &format!("82 0000 {}", sized(88, 1, &[cut]))));
    let told = points(&talk);
    assert!(
        told.contains(r#""name":"Distance","type":"unsigned_integer","value":4660}]"#),
        "{told}"
    );
    assert!(told.contains(r#""data":"090000""#), "{told}");
    assert!(told.contains(r#""faults":[{"kind":"object_contents"}]"#), "{told}");
    assert_eq!(talk.faults.len(), 1);
}

#[test]
fn a_write_describes_a_data_set_until_the_device_says_otherwise() {
    let of = |name: &[u8]| {
        sized(86, 1, &[[element([1, 0, 0], &[1]), element([5, 2, 4], name)].concat()])
    };
    let report = answer(0xF0, &format!("82 0000 {}", sized(88, 1, &[octets("01 01 01 07")])));
    let mut talk = begun();
    talk.ask(&ask(0xC3, &format!("02 {}", of(b"written")))).answer(&report);
    assert!(points(&talk).contains(r#""name":"written""#), "{}", points(&talk));
    let changed = |talk: &Talk| talk.dissector.counters().dnp3_descriptors_changed;
    assert_eq!(changed(&talk), 0);
    talk.answer(&answer(0xC3, "81 0000"));
    talk.ask(&ask(0xC4, "01 56 01 06")).answer(&answer(0xC4, &format!("81 0000 {}", of(b"told"))));
    assert_eq!(changed(&talk), 1);
    // A write may be refused: it takes nothing back that the device said.
    talk.ask(&ask(0xC5, &format!("02 {}", of(b"forged"))))
        .answer(&answer(0xF1, &format!("82 0000 {}", sized(88, 1, &[octets("01 01 01 07")]))));
    assert!(points(&talk).contains(r#""name":"told""#), "{}", points(&talk));
    assert_eq!(changed(&talk), 1);
}

#[test]
fn an_element_is_linked_to_the_point_it_is_of() {
    let mut talk = begun();
    tell(&mut talk);
    let links = sized(86, 3, &[octets("01 01  02 1E 07  00  03 01 0201")]);
    talk.ask(&ask(0xC4, "01 56 03 06")).answer(&answer(0xC4, &format!("81 0000 {links}")));
    let link = r#"[{"data_set":1,"elements":[{"element":0,"of_group":30,"of_index":7},{"element":1},{"element":2,"of_group":1,"of_index":258}]}]"#;
    assert_eq!(points(&talk), link);
    talk.answer(&answer(0xF0, &format!("82 0000 {}", values(88))));
    let told = points(&talk);
    assert!(
        told.contains(r#""of_group":30,"of_index":7,"type":"unsigned_integer","value":4660"#),
        "{told}"
    );
    assert!(
        told.contains(r#""element":2,"name":"Triggers","of_group":1,"of_index":258"#),
        "{told}"
    );
}

/// A conversation in which few descriptors are kept: of four devices, and two of each.
fn narrow() -> Talk {
    let config =
        Config { dnp3_data_set_devices_max: 4, dnp3_data_set_octets_max: 100, ..Config::default() };
    let mut talk = Talk::with(config, Transport::Tcp, HOME, true);
    talk.ask(&read()).answer(&answer(0xC2, "81 0000"));
    talk
}

/// A data set of one number. 37 octets of it are kept but for its ID.
fn wide(id: u8) -> String {
    sized(86, 1, &[[element([1, 0, 0], &[id]), element([5, 2, 4], &[b'n'; 33])].concat()])
}

/// Whether a value of a data set of a device is described.
fn is_described(talk: &mut Talk, device: u16, id: u8) -> bool {
    let value = sized(88, 1, &[vec![1, id, 1, 7]]);
    let whole = [vec![0xC0, 0xF0], octets(&format!("82 0000 {value}"))].concat();
    talk.answer(&framed(0x44, device, MASTER, &whole));
    points(talk).contains("nnn")
}

#[test]
fn descriptors_of_a_device_are_bounded_and_what_it_said_outlives_a_flood_of_writes() {
    let mut talk = narrow();
    for id in 0..5 {
        talk.answer(&answer(0xF0 | id, &format!("82 0000 {}", wide(id))));
    }
    assert_eq!(talk.dissector.counters().dnp3_descriptors_evicted, 3);
    let described: Vec<_> = (0..5).map(|id| is_described(&mut talk, OUTSTATION, id)).collect();
    assert_eq!(described, [false, false, false, true, true]);
    for id in 10..20 {
        talk.ask(&ask(0xC0 | (id & 15), &format!("02 {}", wide(id))));
    }
    assert_eq!(talk.dissector.counters().dnp3_descriptors_evicted, 3 + 10);
    assert!(is_described(&mut talk, OUTSTATION, 3), "{:?}", talk.records.last());
    assert!(is_described(&mut talk, OUTSTATION, 4), "{:?}", talk.records.last());
}

#[test]
fn addresses_that_a_host_makes_up_take_no_room_from_devices_of_others() {
    let mut talk = narrow();
    let report = |device: u16| {
        let whole = [vec![0xC0, 0xF0], octets(&format!("82 0000 {}", wide(1)))].concat();
        framed(0x44, device, MASTER, &whole)
    };
    talk.answer(&report(OUTSTATION));
    // Another host.
    talk.flow.second.address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 66));
    talk.flow.id = FlowId { slot: 1, generation: 0 };
    for device in 100..130 {
        talk.answer(&report(device));
    }
    assert_eq!(talk.dissector.counters().dnp3_descriptors_evicted, 27);
    talk.flow.second.address = SERVER;
    talk.flow.id = FlowId { slot: 0, generation: 0 };
    assert!(is_described(&mut talk, OUTSTATION, 1));
}

/// The records of a capture's only conversation, and of a frame that its outstation adds.
fn replay(path: &Path, frame: &[u8]) -> Vec<String> {
    let mut wire = Wire::new(gridtap_wire::Config::default());
    let mut dissector = Dissector::with_records(Config::default());
    let mut records = Vec::new();
    let mut write = |output: Output<'_>| {
        if let Output::Record(record) = output {
            records.push(serde_json::to_string(record).unwrap());
        }
    };
    let mut sources = Sources::open(&[path]).unwrap();
    let mut last = None;
    while let Ok(Some(frame)) = sources.next() {
        wire.frame(&frame, &mut |heard| {
            last = Some(*heard.flow);
            dissector.heard(heard, &mut write);
        });
    }
    let flow = last.unwrap();
    let direction =
        if flow.first.port == HOME.1 { Direction::Forward } else { Direction::Backward };
    let event = Event::Bytes { direction, bytes: frame };
    let heard = Heard { time: Timestamp::MAX, capture: 0, frame: 99, flow: &flow, event };
    dissector.heard(&heard, &mut write);
    records
}

#[test]
fn the_data_sets_of_a_capture_that_others_made_describe_their_values() {
    let Some(captures) = captures() else { return };
    let path = captures.join("public/ITI+ICS-Security-Tools/pcaps/dnp3/dataset_exchange.pcap");
    if !path.exists() {
        return;
    }
    // The device described three data sets; then it reports the second, which is its prototype alone.
    let report = [
        octets("01 01  06 E80300000000"),
        octets("04 0000C03F 04 00002040 08 000000000000F83F 04 00000000"),
        octets("02 0580  02 4147  04 2A000000"),
    ];
    let report =
        [vec![0xC0, 0xF0], octets(&format!("82 0000 {}", sized(88, 1, &[report.concat()])))];
    let records = replay(&path, &framed(0x44, 4, 3, &report.concat()));
    let mut told = records.last().unwrap().as_str();
    for (name, value) in [
        ("Fdr 11-A Fault", ""),
        ("Current Phs A", r#""value":1.5"#),
        ("Current Phs B", r#""value":2.5"#),
        ("Current Phs C", r#""value":1.5"#),
        ("Current Grnd", r#""value":0.0"#),
        ("Triggers", r#""data":"0580""#),
        ("Fault Class", r#""value":"AG""#),
        ("Dist", r#""value":42"#),
    ] {
        let (_, rest) = told.split_once(&format!(r#""name":"{name}""#)).expect(name);
        told = rest.split_once(value).expect(value).1;
    }
}

proptest! {
    #[test]
    fn any_descriptors_and_values_are_heard_in_bounds(
        objects in prop::collection::vec(
            (85_u8..89, 0_u8..4, prop::collection::vec(prop_oneof![0_u8..9, any::<u8>()], 0..60)),
            0..4,
        ),
        codes in prop::collection::vec(prop::sample::select(vec![0x81_u8, 0x82, 0x02, 0x05]), 1..4),
    ) {
        let mut talk = begun();
        tell(&mut talk);
        let all: String = objects.iter().map(|(group, variation, octets)| {
            sized(*group, *variation, core::slice::from_ref(octets))
        }).collect();
        for code in codes {
            match code {
                0x81 | 0x82 => talk.answer(&answer(0xF0, &format!("{code:02X} 0000 {all}"))),
                _ => talk.ask(&ask(0xC6, &format!("{code:02X} {all}"))),
            };
        }
        for record in &talk.records {
            let _: serde_json::Value = serde_json::from_str(record).unwrap();
        }
    }
}
