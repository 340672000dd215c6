//! Object headers: every qualifier, and what does not fit.

use super::*;

#[test]
fn every_range_form_is_read() {
    let read = |objects: &str| {
        let octets = fragment(1, objects);
        let block = Fragment::of(&octets).unwrap().blocks().next().unwrap().unwrap();
        (block.header.range, block.header.range.count(), block.fault.map(|fault| fault.name()))
    };
    let indexes = |start, stop| Range::Indexes { start, stop };
    let addresses = |start, stop| Range::Addresses { start, stop };
    assert_eq!(read("0100 00 02 05"), (indexes(2, 5), Some(4), None));
    assert_eq!(read("0100 01 0200 0003"), (indexes(2, 768), Some(767), None));
    assert_eq!(read("0100 02 00000000 FFFFFFFF"), (indexes(0, u32::MAX), Some(1 << 32), None));
    assert_eq!(read("6601 03 02 05"), (addresses(2, 5), Some(4), None));
    assert_eq!(read("6601 04 0200 0500"), (addresses(2, 5), Some(4), None));
    assert_eq!(read("6601 05 02000000 05000000"), (addresses(2, 5), Some(4), None));
    assert_eq!(read("3C02 06"), (Range::All, None, None));
    assert_eq!(read("3C02 07 FF"), (Range::Count(255), Some(255), None));
    assert_eq!(read("3C02 08 0001"), (Range::Count(256), Some(256), None));
    assert_eq!(read("3C02 09 FFFFFFFF"), (Range::Count(u32::MAX), Some(0xFFFF_FFFF), None));
    assert_eq!(read("4605 5B 00"), (Range::VariableCount(0), Some(0), None));
    assert_eq!(read("0100 0B 02"), (Range::VariableCount(2), Some(2), Some("qualifier")));
    assert_eq!(read("0100 0A"), (Range::Reserved(10), None, Some("qualifier")));
    assert_eq!(read("0100 0F"), (Range::Reserved(15), None, Some("qualifier")));
    assert_eq!(read("0100 00 05 02"), (indexes(5, 2), Some(0), Some("range_reversed")));
}

#[test]
fn every_prefix_is_read() {
    assert_eq!(read(129, "0102 17 01 05 81"), ["5: on online"]);
    assert_eq!(read(129, "0102 28 0100 0500 81"), ["5: on online"]);
    assert_eq!(read(129, "0102 39 01000000 05000000 81"), ["5: on online"]);
    assert_eq!(read(129, "0102 19 01000000 05 81"), ["5: on online"]);
    assert_eq!(read(129, "4608 4B 01 02 6162"), ["File(Specification([97, 98]))"]);
    assert_eq!(read(129, "4608 6B 01 02000000 6162"), ["File(Specification([97, 98]))"]);
    // The two octets behind a reserved prefix code are of nobody knows what.
    assert_eq!(read(129, "0102 77 01 05 81"), ["! qualifier 0x77"]);
    // A prefix that does not go with its range is read, and said.
    assert_eq!(read(129, "0102 10 05 05 05 81"), ["5: on online", "! qualifier 0x10"]);
    assert_eq!(read(129, "0102 80 05 05 81"), ["5: on online", "! qualifier 0x80"]);
}

#[test]
fn what_carries_objects_depends_on_the_function() {
    // Ranges only, and what follows is the next header.
    for function in [1, 7, 8, 9, 10, 20, 21, 22] {
        assert_eq!(read(function, "1400 00 00 05  3C02 06"), [""; 0], "{function}");
        assert_eq!(read(function, "1400 17 02 05 07  3C02 06"), ["5: Named", "7: Named"]);
    }
    // A freeze at a time names what is frozen behind its time.
    assert_eq!(
        read(12, "3202 07 01 E80300000000 00000000  1400 17 01 05  1E00 00 00 09"),
        ["@1000 every 0 milliseconds", "5: Named"]
    );
    // Objects with their data.
    for function in [2, 3, 4, 5, 6, 129, 130] {
        assert_eq!(read(function, "2902 17 01 05 0100 00"), ["5: +1 success"], "{function}");
    }
    // A response says which objects it carries.
    assert_eq!(read(129, "0102 06"), ["! qualifier 0x06"]);
    // What follows a function that is not known is not known.
    assert_eq!(read(112, "0102 06"), ["! objects of function 112, which is not known"]);
}

#[test]
fn good_objects_before_a_fault_are_kept() {
    assert_eq!(
        read(129, "0102 00 00 05 81 01 81"),
        ["0: on online", "1: off online", "2: on online", "! 3 objects of 6"]
    );
    assert_eq!(
        read(129, "0101 00 00 0F  FF  "),
        [(0..8).map(|n| format!("{n}: on")).collect::<Vec<_>>(), vec!["! 8 objects of 16".into()]]
            .concat()
    );
    assert_eq!(
        read(129, "0102 00 00 00 81  0501 00 00 00 01"),
        ["0: on online", "! object g5v1 is not known"]
    );
    assert_eq!(
        read(129, "0102 00 00 00 81  4604 07 01 00"),
        ["0: on online", "! objects g70v4 without their size"]
    );
    assert_eq!(
        read(129, "0102 00 00 00 81  01 02"),
        ["0: on online", "! object header cut after 2 octets"]
    );
    assert_eq!(
        read(129, "0102 00 00 00 81  0102 01 00"),
        ["0: on online", "! object header cut after 4 octets"]
    );
    assert_eq!(
        read(129, "00F2 00 00 01  01 02 6162 01 09 61"),
        ["0: software_version visible_string \"ab\"", "! 1 objects of 2"]
    );
    // A size before the object lets the rest be found.
    assert_eq!(
        read(129, "0501 5B 01 0200 AABB  0102 00 00 00 81"),
        ["Opaque([170, 187])", "! object g5v1 is not known", "0: on online"]
    );
    assert_eq!(
        read(129, "1E02 5B 02 0200 AABB 0300 010200"),
        ["Opaque([170, 187]) !object_size", "+2 online"]
    );
    assert_eq!(read(1, "0501 06  3C02 06"), ["! object g5v1 is not known"]);
}

#[test]
fn a_count_is_never_believed() {
    let most = "FFFFFFFF";
    // Without objects nothing is counted out: the header names the points.
    assert_eq!(read(1, &format!("0102 02 00000000 {most}")), [""; 0]);
    assert_eq!(read(1, &format!("0102 09 {most}  3C02 06")), [""; 0]);
    // Objects without octets end at once, and the header behind them is found.
    assert_eq!(read(2, &format!("7000 02 00000000 {most}  5001 00 07 07 00")), ["7: off"]);
    assert_eq!(read(129, &format!("3C02 09 {most}  0102 00 00 00 81")), ["0: on online"]);
    // Prefixes bound them as well.
    assert_eq!(
        read(1, &format!("1400 39 {most} 05000000")),
        ["5: Named", "! 1 objects of 4294967295"]
    );
    assert_eq!(
        read(2, &format!("7000 39 {most} 05000000")),
        ["5: []", "! 1 objects of 4294967295"]
    );
    assert_eq!(read(129, &format!("0101 09 {most} 01"))[8], "! 8 objects of 4294967295");
    assert_eq!(read(129, &format!("4604 6B FF {most} 01")), ["! 0 objects of 255"]);
    // A range that stops before it starts hides where the next header is, but not where nothing follows it.
    assert_eq!(read(129, "0102 00 05 02 81"), ["! range from 5 to 2"]);
    assert_eq!(read(2, "0A01 00 FF 00 00"), ["! range from 255 to 0"]);
    assert_eq!(read(20, "3C02 00 05 02  3C03 00 05 02").len(), 2);
}

#[test]
fn relative_time_without_its_base_is_no_time() {
    assert_eq!(read(130, "0203 17 01 04 81 E803"), ["4: on online +1000=None"]);
    // The last base counts.
    assert_eq!(
        read(130, "3301 07 01 E80300000000 3302 07 01 D00700000000 0203 17 01 04 81 0100"),
        ["@1000 synchronised true", "@2000 synchronised false", "4: on online +1=Some(2001)"]
    );
}

#[test]
fn application_headers_are_read() {
    let read = |text: &str| {
        let octets = octets(text);
        let fragment = Fragment::of(&octets)?;
        let faults: Vec<_> = fragment.faults().map(|fault| fault.name()).collect();
        Some((fragment.control.part(), fragment.function.name(), fragment.iin, faults))
    };
    assert_eq!(read("C0"), None);
    assert_eq!(read("C301"), Some((Part::Single, "read", None, vec![])));
    assert_eq!(read("C381 9024"), Some((Part::Single, "response", Some(Iin(0x2490)), vec![])));
    assert_eq!(read("A381 0000").unwrap().0, Part::First);
    assert_eq!(read("2381 0000").unwrap().0, Part::Middle);
    assert_eq!(read("4381 0000").unwrap().0, Part::Final);
    assert_eq!(read("F082 0000").unwrap().3, [""; 0]);
    assert_eq!(read("D000").unwrap().3, [""; 0]);
    assert_eq!(read("C082 0000").unwrap().3, ["unsolicited_bit"]);
    assert_eq!(read("D081 0000").unwrap().3, ["unsolicited_bit"]);
    assert_eq!(read("E001").unwrap().3, ["request_wants_confirm"]);
    assert_eq!(read("8001").unwrap().3, ["request_part"]);
    assert_eq!(read("C070").unwrap().3, ["reserved_function"]);
    assert_eq!(read("C081 00").unwrap().3, ["no_indications"]);
    assert_eq!(read("C081 0080").unwrap().3, ["reserved_indications"]);
    let iin = Iin(0x2490);
    assert_eq!(iin.to_string(), "need_time, device_restart, parameter_error, config_corrupt");
    assert!(iin.has(Indication::DeviceRestart) && iin.is_refusal());
    assert_eq!(ApplicationControl(0xCF).next_sequence(), 0);
}

#[test]
fn every_function_says_who_sends_it() {
    let names = |kind| (0..=255).map(FunctionCode).filter(|code| code.kind() == kind).count();
    assert_eq!(names(FunctionKind::Request), 33);
    assert_eq!(names(FunctionKind::Response), 3);
    assert_eq!(names(FunctionKind::Confirm), 1);
    for code in 0..=255 {
        let function = FunctionCode(code);
        assert_eq!(function.name() == "reserved", function.kind() == FunctionKind::Reserved);
    }
    let unanswered: Vec<u8> = (1..=33).filter(|code| !FunctionCode(*code).is_answered()).collect();
    assert_eq!(unanswered, [6, 8, 10, 12, 33]);
}

#[test]
fn control_codes_say_what_they_do() {
    let code = ControlCode(0x81);
    assert_eq!((code.operation(), code.trip_close()), (Operation::PulseOn, TripClose::Trip));
    assert!(code.is_interoperable() && !code.clears() && !code.is_queued());
    assert_eq!(ControlCode(0x45).operation(), Operation::Undefined(5));
    assert!(!ControlCode(0xC3).is_interoperable());
    let request = ControlBlock { code, count: 1, on_ms: 100, off_ms: 0, status: ControlStatus(0) };
    assert!(request.asks_the_same(&ControlBlock { status: ControlStatus::LOCAL, ..request }));
    assert!(!request.asks_the_same(&ControlBlock { count: 2, ..request }));
}
