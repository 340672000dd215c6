use super::*;

fn reads_back(text: &str) {
    let parsed = parse(text).unwrap_or_else(|error| panic!("{error}"));
    let mut names = Names::default();
    if let Some((protocol, code, name)) = parsed.name {
        names.add(protocol, code, name);
    }
    if let Some((index, name)) = parsed.file {
        names.add_file(index, name.as_bytes());
    }
    assert_eq!(parsed.path.text(&names), text);
}

#[test]
fn every_kind_of_key_reads_back_as_it_is_written() {
    for text in [
        "host|zone0|10.0.0.7",
        "host|zone65535|2001:db8::1",
        "device|zone0|modbus|10.0.0.21#3",
        "device|zone0|dnp3|10.0.0.21#65519",
        "device|zone2|iec104|fe80::1#7",
        "device|zone0|modbus|10.0.0.21",
        "conversation|zone0|modbus|10.0.0.21|10.0.0.7",
        "conversation|zone0|unknown|10.0.0.21|10.0.0.7|445",
        "conversation|zone0|unknown|255.255.255.255|0.0.0.0",
        "access|zone0|modbus|10.0.0.21#3|10.0.0.7|read",
        "function|zone0|modbus|10.0.0.21#3|10.0.0.7|command|5:write_single_coil",
        "function|zone0|modbus|10.0.0.21#3|10.0.0.7|diagnostic|8.4:force_listen_only_mode",
        "function|zone0|modbus|10.0.0.21#3|10.0.0.7|diagnostic|99",
        "address|zone0|modbus|10.0.0.21#3|10.0.0.7|read|3|holding register|40|10|read",
        "address|zone0|modbus|10.0.0.21#3|10.0.0.7|command|23|holding register|40|65535|write",
        "point|zone0|modbus|10.0.0.21#3|10.0.0.7|command|coil|2",
        "point|zone0|dnp3|10.0.0.21#3|10.0.0.7|command|table-12|4294967295",
        "address|zone0|dnp3|10.0.0.21#3|10.0.0.7|file|25:open_file|file|608385449:./bay-1.log|1|read",
        "address|zone0|dnp3|10.0.0.21#3|10.0.0.7|file|2|file|7|1|write",
        "point|zone0|dnp3|10.0.0.21#3|10.0.0.7|file|file|608385449:bay-1.log",
    ] {
        reads_back(text);
    }
}

#[test]
fn what_is_no_key_is_said_with_what_is_wrong() {
    for (text, part) in [
        ("", "zone"),
        ("host|zone0", "address"),
        ("host|0|10.0.0.7", "zone"),
        ("host|zone0|10.0.0.7|", "end"),
        ("guest|zone0|modbus|10.0.0.21#3|10.0.0.7|command", "kind"),
        ("device|zone0|modbus|10.0.0.21#300", "device"),
        ("device|zone0|modbuss|10.0.0.21#3", "protocol"),
        ("conversation|zone0|unknown|10.0.0.21|10.0.0.7|", "port"),
        ("access|zone0|modbus|10.0.0.21#3|10.0.0.7|write", "class"),
        ("function|zone0|modbus|10.0.0.21#3|10.0.0.7|command|5.x", "function"),
        ("point|zone0|modbus|10.0.0.21#3|10.0.0.7|command|spool|2", "table"),
        ("address|zone0|modbus|10.0.0.21#3|10.0.0.7|read|3|coil|1|1|both", "direction"),
        ("point|zone0|modbus|10.0.0.21#3|10.0.0.7|command|coil|2:a", "index"),
        ("point|zone0|dnp3|10.0.0.21#3|10.0.0.7|file|file|a:a", "index"),
    ] {
        let error = parse(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(&format!("its {part} is missing or wrong")), "{text}: {error}");
    }
}
