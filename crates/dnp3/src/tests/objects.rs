//! Objects of variable size: files, data sets, what a device says of itself (annex A).

use super::*;

/// Function, header and objects, and what they mean.
#[rustfmt::skip]
pub(super) const VECTORS: &[(u8, &str, &[&str])] = &[
    // Group 70, files. Offsets count from the object's first octet
    (129, "46 01 5B 01 2A00  0400 01 00 0100 0200 10000000 E80300000000 A401 07000000 08000000 09000000 03 00 61626364 0200 4142",
        &["File(Identifier(FileIdentifier { name: [97, 98, 99, 100], file_type: 1, attributes: 0, first_record: 1, last_record: 2, file_octets: 16, created_unix_ms: 1000, permissions: FilePermissions(420), file: 7, owner: 8, group: 9, function: 3, status: 0, octets: [65, 66] }))"]),
    (29,  "46 02 5B 01 1200  0C00 0200 0E00 0400 00000000 7573 70617373",
        &["File(Authentication(FileAuthentication { user: [117, 115], password: [112, 97, 115, 115], key: 0 }))"]),
    (25,  "46 03 5B 01 1D00  1A00 0300 E80300000000 A401 04030201 FFFFFFFF 0200 0004 0500 612E62",
        &["File(Command(FileCommand { name: [97, 46, 98], created_unix_ms: 1000, permissions: FilePermissions(420), key: 16909060, file_octets: 4294967295, mode: FileMode(2), block_octets_max: 1024, request: 5 }))"]),
    (129, "46 04 5B 01 0F00  01000000 00010000 0004 0500 10 6F6B",
        &["File(Status { handle: 1, file_octets: 256, block_octets_max: 1024, request: 5, status: FileStatus(16), text: [111, 107] })"]),
    (1,   "46 05 5B 01 0800  01000000 02000000",
        &["File(Transport { handle: 1, block: 2, last: false, octets: [] })"]),
    (2,   "46 05 5B 01 0A00  01000000 02000080 4142",
        &["File(Transport { handle: 1, block: 2, last: true, octets: [65, 66] })"]),
    (129, "46 06 5B 01 0900  01000000 02000080 00",
        &["File(TransportStatus { handle: 1, block: 2, last: true, status: FileStatus(0), text: [] })"]),
    (129, "46 07 5B 01 1700  1400 0300 0000 02000000 E80300000000 A401 0500 612E62",
        &["File(Descriptor(FileDescriptor { name: [97, 46, 98], file_type: FileType(0), file_octets: 2, created_unix_ms: 1000, permissions: FilePermissions(420), request: 5 }))"]),
    (31,  "46 08 5B 01 0300  636667", &["File(Specification([99, 102, 103]))"]),
    // A name that leads out of its object
    (25,  "46 03 5B 01 1A00  1A00 0300 E80300000000 A401 04030201 FFFFFFFF 0200 0004 0500",
        &["Opaque([26, 0, 3, 0, 232, 3, 0, 0, 0, 0, 164, 1, 4, 3, 2, 1, 255, 255, 255, 255, 2, 0, 0, 4, 5, 0]) !object_contents"]),
    // Group 81, buffer fill
    (129, "51 01 07 01  E4 02 00", &["BufferFill(BufferFill { percent: 100, overflow: true, group: 2, variation: 0 })"]),
    // Group 82, device profile: functions 0 to 5, and one header
    (129, "52 01 5B 01 0F00  3F00000000000000 0100 01 02 00 00 09",
        &["[0, 1, 2, 3, 4, 5] 1 headers [01, 02, 00, 00, 09]"]),
    // Group 83, private objects
    (129, "53 01 5B 01 0A00  41434D45 0700 0200 0102",
        &["PrivateRegistration(PrivateRegistration { vendor: [65, 67, 77, 69], object: 7, octets: [1, 2] })"]),
    (129, "53 02 5B 01 1000  41434D45 0700 0200 0100 1E 05 0200 01 02",
        &["ACME 7 [(1, 30, 5), (2, 1, 2)]"]),
    // Groups 85 and 86, prototypes and descriptors: elements of length, code, type, longest length
    (129, "55 01 5B 01 0D00  04 01 00 00 07  07 04 01 10 70756D70",
        &["id none 0 [07]; name visible_string 16 [70, 75, 6D, 70]; "]),
    (2,   "56 01 5B 01 0B00  04 01 00 00 03  05 05 02 04 4156",
        &["id none 0 [03]; data_element unsigned_integer 4 [41, 56]; "]),
    (129, "56 02 5B 01 0100  0B", &["readable,writable,events"]),
    // of one octet, so that they come by range or index as well
    (129, "56 02 00 03 04  0B 07", &["3: readable,writable,events", "4: readable,writable,static_kept"]),
    (129, "56 02 17 01 03  10", &["3: defined_by_master"]),
    (129, "56 02 5B 01 0200  0B00", &["Opaque([11, 0]) !object_size"]),
    // An element whose length leads out of the object, and one too short for its three codes
    (129, "56 01 5B 01 0900  04 01 00 00 03  05 05 02 04", &["id none 0 [03];  !object_contents"]),
    (129, "56 01 5B 01 0800  04 01 00 00 03  02 05 02", &["id none 0 [03];  !object_contents"]),
    // Group 86, points of the elements: ID, then a group and an index each, or nothing
    (129, "56 03 5B 01 0A00  01 03  02 1E 07  00  03 01 0201", &["Some(3) [Some((30, 7)), None, Some((1, 258))]"]),
    (129, "56 03 5B 01 0200  0102", &["Some(2) []"]),
    (129, "56 03 5B 01 0900  01 03  06 1E 0700000000", &["Opaque([1, 3, 6, 30, 7, 0, 0, 0, 0])"]),
    // Groups 87 and 88, values: ID, time, elements
    (129, "57 01 5B 01 0500  01 03 02 3412", &["[[03], [34, 12]]"]),
    (129, "57 01 5B 02 0900  01 03 06 E80300000000 0300  01 04 00",
        &["[[03], [E8, 03, 00, 00, 00, 00]]", "[[04], []]"]),
    (4,   "57 01 5B 01 0400  01 03 01 07", &["[[03], [07]]"]),
    (130, "58 01 5B 01 0900  01 03 06 E80300000000", &["[[03], [E8, 03, 00, 00, 00, 00]]"]),
    // A length that leads out of the object: what is good before it all the same
    (130, "58 01 5B 01 0300  01 03 06", &["[[03]] !object_contents"]),
    (129, "57 01 5B 01 0600  01 03 02 3412 05", &["[[03], [34, 12]] !object_contents"]),
    // No ID
    (129, "57 01 5B 01 0000", &["[] !object_contents"]),
    (129, "57 01 5B 01 0100  00", &["[[]] !object_contents"]),
    // Group 90, applications
    (18,  "5A 01 5B 01 0300  706C63", &["Application([112, 108, 99])"]),
    (17,  "5A 01 06", &[]),
    // Group 91, activation: a delay, and a status each
    (129, "5B 01 07 01  10270000 02 01 00 03 01 6E6F", &["in 10000 ms [(0, []), (1, [110, 111])]"]),
    // A status of no octets
    (129, "5B 01 07 01  00000000 01 00", &["Opaque([0, 0, 0, 0, 1, 0]) !object_contents"]),
    (129, "5B 01 5B 01 0700  10270000 01 01 00", &["in 10000 ms [(0, [])]"]),
];

#[test]
fn each_object_means_what_its_figure_says() {
    for (function, objects, expected) in VECTORS {
        assert_eq!(read(*function, objects), *expected, "{objects}");
    }
}

#[test]
fn the_content_of_a_directory_is_a_run_of_descriptors() {
    let entry = |name: &str| {
        let head = "1400 0300 0100 02000000 E80300000000 A401 0000";
        [octets(head), name.as_bytes().to_vec()].concat()
    };
    let content = [entry("a.b"), entry("c.d"), vec![1, 2]].concat();
    let mut names = Vec::new();
    let mut rest = &content[..];
    while let Some((descriptor, after)) = FileDescriptor::at(rest) {
        names.push(descriptor.name.escape_ascii().to_string());
        rest = after;
    }
    assert_eq!(names, ["a.b", "c.d"]);
    assert_eq!(rest, [1, 2]);
}

#[test]
fn permissions_and_attribute_lists_are_named() {
    let names: Vec<_> = FilePermissions(0o644).names().collect();
    assert_eq!(names, ["owner_read", "owner_write", "group_read", "world_read"]);
    let octets = fragment(129, "00 FF 00 00 00  FE 04 F0 01 F2 00");
    let block = Fragment::of(&octets).unwrap().blocks().next().unwrap().unwrap();
    let Object::Attribute(attribute) = block.items().next().unwrap().object else {
        panic!("no attribute")
    };
    assert_eq!(attribute.listed().collect::<Vec<_>>(), [(240, true), (242, false)]);
}

#[test]
fn a_value_is_typed_by_its_element_where_it_fits_it() {
    let element = |data_type, length_max| Element {
        code: DescriptorCode(5),
        data_type: AttributeType(data_type),
        length_max,
        ancillary: b"Dist",
    };
    let typed = |data_type, length_max, text: &str| {
        value(element(data_type, length_max).value(&octets(text)))
    };
    for (data_type, length_max, text, expected) in [
        (1, 8, "4147", "\"AG\""),
        (2, 4, "2A", "42"),
        (2, 4, "00000080", "2147483648"),
        (3, 4, "FE", "-2"),
        (3, 4, "FEFF", "-2"),
        (3, 4, "FEFFFFFF", "-2"),
        (3, 8, "FEFFFFFFFFFFFFFF", "-2"),
        (4, 8, "0000C03F", "1.5f32"),
        (4, 8, "000000000000F83F", "1.5f64"),
        (5, 8, "0102", "[01, 02]"),
        (6, 2, "0580", "[05, 80]"),
        (7, 6, "E80300000000", "@1000"),
        (8, 8, "C3A9", "\"\\xc3\\xa9\""),
        // Reserved, of a length that its type has not, longer than it may be, and none at all
        (99, 8, "01", "[01]"),
        (4, 8, "000000", "[00, 00, 00]"),
        (2, 1, "0102", "[01, 02]"),
        (2, 4, "", "none"),
    ] {
        assert_eq!(typed(data_type, length_max, text), expected, "type {data_type}: {text}");
    }
}

#[test]
fn the_second_value_of_a_data_set_is_its_time_unless_the_descriptor_has_an_element_for_it() {
    let of = |objects: &str, elements| {
        let octets = fragment(130, objects);
        let block = Fragment::of(&octets).unwrap().blocks().next().unwrap().unwrap();
        let Object::DataSet(values) = block.items().next().unwrap().object else { panic!() };
        let time = values.time(elements);
        (values.id(), time, values.elements(elements).map(<[u8]>::len).collect::<Vec<_>>())
    };
    let timed = "58 01 5B 01 0C00  02 0301  06 E80300000000  01 07";
    for elements in [None, Some(0), Some(1), Some(3)] {
        assert_eq!(of(timed, elements), (Some(0x103), Some(1_000), vec![1]));
    }
    assert_eq!(of(timed, Some(2)), (Some(0x103), None, vec![6, 1]));
    assert_eq!(of("57 01 5B 01 0400  01 03 01 07", None), (Some(3), None, vec![1]));
}
