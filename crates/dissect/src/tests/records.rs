//! The lines of `decode`, as they stand in the contract.

use super::*;

/// The `modbus` objects of a request and its answer.
fn objects(request: &str, response: &str) -> [String; 2] {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, request)).answer(&adu(1, 3, response));
    let object = |record: &String| {
        let value: serde_json::Value = serde_json::from_str(record).unwrap();
        assert_eq!(value["protocol"], "modbus");
        let text = record.split_once(r#""modbus":{"#).unwrap().1;
        text.strip_suffix("}}").unwrap().to_owned()
    };
    let [first, second] = &talk.records[..] else { panic!("{:?}", talk.records) };
    [object(first), object(second)]
}

#[track_caller]
fn reads(request: &str, response: &str, expected: [&str; 2]) {
    let objects = objects(request, response);
    for ((object, expected), kind) in objects.iter().zip(expected).zip(["request", "response"]) {
        let kind = if expected.contains("exception") { "exception" } else { kind };
        let head = format!(r#""kind":"{kind}","transaction":1,"unit":3,"#);
        assert_eq!(object.strip_prefix(&head), Some(expected), "{object}");
    }
}

const PAIRED: &str = r#""request_frame":1,"latency_us":1000"#;

#[test]
fn a_record_is_the_line_of_the_contract() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "10 0028 0002 04 0001 0002"));
    assert_eq!(
        talk.records,
        [concat!(
            r#"{"time":"1970-01-01T00:16:40.001000000Z","frame":1,"protocol":"modbus","#,
            r#""transport":"tcp","source":"10.0.0.7:49152","destination":"10.0.0.21:502","#,
            r#""modbus":{"kind":"request","transaction":1,"unit":3,"function":16,"#,
            r#""function_name":"write_multiple_registers","address":40,"quantity":2,"values":[1,2]}}"#,
        )]
    );
    talk.records.clear();
    talk.later(2).answer(&adu(1, 3, "90 02"));
    assert_eq!(
        talk.records,
        [concat!(
            r#"{"time":"1970-01-01T00:16:40.004000000Z","frame":2,"protocol":"modbus","#,
            r#""transport":"tcp","source":"10.0.0.21:502","destination":"10.0.0.7:49152","#,
            r#""modbus":{"kind":"exception","transaction":1,"unit":3,"function":16,"#,
            r#""function_name":"write_multiple_registers","exception":2,"#,
            r#""exception_name":"illegal_data_address","address":40,"quantity":2,"#,
            r#""request_frame":1,"latency_us":3000}}"#,
        )]
    );
}

#[test]
fn coils_and_diagnostics_have_their_fields() {
    reads(
        "01 0013 000A",
        "01 02 CD 01",
        [
            r#""function":1,"function_name":"read_coils","address":19,"quantity":10"#,
            &format!(
                r#""function":1,"function_name":"read_coils","address":19,"quantity":10,"values":[true,false,true,true,false,false,true,true,true,false],{PAIRED}"#
            ),
        ],
    );
    reads(
        "05 0010 FF00",
        "05 0010 FF00",
        [
            r#""function":5,"function_name":"write_single_coil","address":16,"values":[true]"#,
            &format!(
                r#""function":5,"function_name":"write_single_coil","address":16,"values":[true],{PAIRED}"#
            ),
        ],
    );
    reads(
        "08 0004 0000",
        "08 0004 0000",
        [
            r#""function":8,"function_name":"diagnostics","sub_function":4,"sub_function_name":"force_listen_only_mode","data":"0000""#,
            &format!(
                r#""function":8,"function_name":"diagnostics","sub_function":4,"sub_function_name":"force_listen_only_mode","data":"0000",{PAIRED}"#
            ),
        ],
    );
    reads(
        "0C",
        "0C 08 0000 0108 0121 2000",
        [
            r#""function":12,"function_name":"get_comm_event_log""#,
            &format!(
                r#""function":12,"function_name":"get_comm_event_log","status":0,"events":264,"messages":289,"log":"2000",{PAIRED}"#
            ),
        ],
    );
}

#[test]
fn files_masks_and_queues_have_their_fields() {
    reads(
        "15 0D 06 0004 0007 0003 06AF 04BE 100D",
        "95 02",
        [
            r#""function":21,"function_name":"write_file_record","records":[{"reference":6,"file":4,"record":7,"registers":3,"values":[1711,1214,4109]}]"#,
            &format!(
                r#""function":21,"function_name":"write_file_record","exception":2,"exception_name":"illegal_data_address",{PAIRED}"#
            ),
        ],
    );
    reads(
        "16 0004 00F2 0025",
        "16 0004 00F2 0025",
        [
            r#""function":22,"function_name":"mask_write_register","address":4,"and_mask":242,"or_mask":37"#,
            &format!(
                r#""function":22,"function_name":"mask_write_register","address":4,"and_mask":242,"or_mask":37,{PAIRED}"#
            ),
        ],
    );
    reads(
        "17 0003 0001 000E 0001 02 00FF",
        "17 02 0009",
        [
            r#""function":23,"function_name":"read_write_multiple_registers","address":3,"quantity":1,"write_address":14,"write_quantity":1,"write_values":[255]"#,
            &format!(
                r#""function":23,"function_name":"read_write_multiple_registers","address":3,"quantity":1,"values":[9],{PAIRED}"#
            ),
        ],
    );
    reads(
        "18 04DE",
        "18 0006 0002 01B8 1284",
        [
            r#""function":24,"function_name":"read_fifo_queue","address":1246"#,
            &format!(
                r#""function":24,"function_name":"read_fifo_queue","address":1246,"values":[440,4740],{PAIRED}"#
            ),
        ],
    );
}

#[test]
fn an_identity_has_its_objects() {
    reads(
        "2B 0E 01 00",
        "2B 0E 01 01 00 00 01 00 02 4142",
        [
            r#""function":43,"function_name":"encapsulated_interface_transport","mei_type":14,"mei_type_name":"read_device_identification","read_code":1,"object":0"#,
            &format!(
                r#""function":43,"function_name":"encapsulated_interface_transport","mei_type":14,"mei_type_name":"read_device_identification","read_code":1,"conformity":1,"objects":[{{"id":0,"name":"vendor_name","text":"AB"}}],{PAIRED}"#
            ),
        ],
    );
}

#[test]
fn a_umas_answer_is_named_by_its_request() {
    reads(
        "5A 00 20 01 1400 6400 0000 0200",
        "5A 00 FE 01 0200 ABCD",
        [
            r#""function":90,"function_name":"umas","umas":{"key":0,"function":32,"function_name":"read_memory_block","range":1,"block":20,"offset":100,"octets":2}"#,
            &format!(
                r#""function":90,"function_name":"umas","umas":{{"key":0,"function":32,"function_name":"read_memory_block","status":254,"status_name":"success","data":"010200abcd"}},{PAIRED}"#
            ),
        ],
    );
}

#[test]
fn what_is_not_known_is_kept_as_octets_with_its_faults() {
    reads(
        "63 0102",
        "63 03",
        [
            r#""function":99,"function_name":"reserved","data":"0102","faults":[{"kind":"reserved_function","found":99,"expected":0}]"#,
            &format!(
                r#""function":99,"function_name":"reserved","data":"03",{PAIRED},"faults":[{{"kind":"reserved_function","found":99,"expected":0}}]"#
            ),
        ],
    );
}

#[test]
fn an_unanswered_request_is_a_line_at_its_deadline() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "03 0010 0002")).later(7_000).close(Closing::Finished);
    assert!(talk.records[1].starts_with(r#"{"time":"1970-01-01T00:16:45.001000000Z","frame":1,"#));
    assert!(talk.records[1].ends_with(concat!(
        r#""modbus":{"kind":"unanswered","transaction":1,"unit":3,"function":3,"#,
        r#""function_name":"read_holding_registers","address":16,"quantity":2,"request_frame":1}}"#,
    )));
}

#[test]
fn text_from_a_device_cannot_break_a_line() {
    let mut talk = Talk::tcp();
    talk.ask(&adu(1, 3, "2B 0E 01 00"));
    talk.answer(&adu(1, 3, "2B 0E 01 01 00 00 02 00 04 220A 005C 01 02 FFFE"));
    assert!(talk.records[1].contains(r#"{"id":0,"name":"vendor_name","text":"\"\n\u0000\\"}"#));
    assert!(talk.records[1].contains(r#"{"id":1,"name":"product_code","data":"fffe"}"#));
}

#[test]
fn records_alone_are_the_same_records() {
    let talk = |records_alone| {
        let mut talk = Talk::tcp();
        if records_alone {
            talk.dissector = Dissector::of_records(Config::default());
        }
        talk.ask(&adu(1, 3, "03 0010 0002")).answer(&adu(1, 3, "03 04 0001 0002"));
        talk.ask(&adu(2, 3, "14 07 06 0004 0001 0002")).answer(&adu(2, 3, "94 02"));
        talk.ask(&adu(3, 3, "83 02")).ask(&[0xff; 20]).ask(&adu(4, 3, "05 0001 FF00"));
        talk.later(10_000).close(Closing::Finished);
        (talk.records, talk.lines.len())
    };
    let (records, _) = talk(false);
    assert_eq!(talk(true), (records, 0));
}
