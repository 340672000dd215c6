use core::net::Ipv4Addr;

use gridtap_model::{Run, Table, Value, Values};

use super::*;

const SITE: &str = r#"
[[zones]]
name = "substation-17"
subnets = ["10.0.0.0/24"]
from = ["control-centre"]

[[zones]]
name = "control-centre"
vlans = [17]
captures = ["eth1"]

[[hosts]]
name = "HMI 1"
addresses = ["10.0.0.7", "10.9.0.0/16"]
role = "master"

[[hosts]]
name = "HMI 2"
addresses = ["10.0.0.8"]
role = "standby"
standby_for = "HMI 1"

[[hosts]]
name = "laptop of the relay engineers"
addresses = ["10.9.9.9"]
role = "engineering"

[[devices]]
name = "RTU 21 bay 3"
protocol = "modbus"
address = "10.0.0.21"
unit = 3
word_order = "little"
complete = true

[[devices.points]]
table = "coil"
index = 2
name = "52-1 trip"
states = { 0 = "open", 1 = "closed" }
normal = "closed"

[[devices.points]]
table = "holding register"
index = 40
name = "busbar voltage"
unit = "kV"
type = "i16"
scale = 0.1
min = 100
max = 120.5

[[devices.points]]
table = "holding register"
index = 50
name = "energy"
unit = "kWh"
type = "u32"

[[devices]]
name = "meter"
protocol = "modbus"
address = "10.0.0.22"

[[access]]
hosts = ["HMI 1"]
devices = ["RTU 21 bay 3"]
classes = ["read", "command"]

[[access]]
hosts = ["HMI 1"]
devices = ["*"]
functions = [16, "8.4", "report_server_id"]
forbid = true
"#;

fn address(last: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, last))
}

fn rtu(last: u8, unit: u8) -> Device {
    Device {
        zone: Zone(1),
        protocol: Protocol::Modbus,
        address: address(last),
        sub: SubAddress::Unit(unit),
    }
}

fn point(table: Table, index: u32, value: Option<Value>) -> Point {
    Point { table, index, value }
}

#[test]
fn things_have_the_names_that_the_site_gives_them() {
    let site = Site::parse(SITE).unwrap();
    assert_eq!(site.host_name(address(7)), Some("HMI 1"));
    assert_eq!(site.host_name("10.9.1.1".parse().unwrap()), Some("HMI 1"));
    let laptop = "10.9.9.9".parse().unwrap();
    assert_eq!(site.host_name(laptop), Some("laptop of the relay engineers"), "the narrowest");
    assert!(site.is_engineering(laptop) && !site.is_engineering(address(7)));
    assert_eq!(site.device_name(&rtu(21, 3)), Some("RTU 21 bay 3"));
    assert_eq!(site.device_name(&rtu(21, 4)), None);
    assert_eq!(site.device_name(&rtu(22, 255)), Some("meter"), "the host itself");
    assert_eq!(site.point_name(&rtu(21, 3), &point(Table::COIL, 2, None)), Some("52-1 trip"));
    assert_eq!(site.zone_name(Zone(1)), "substation-17");
    assert_eq!(site.zone_name(Zone(0)), "default");
    assert_eq!(site.zone_name(Zone(9)), "default");
    assert_eq!(site.stands_in_for(address(8)), [address(7)]);
}

#[test]
fn values_read_as_engineers_read_them() {
    let site = Site::parse(SITE).unwrap();
    let scaled = |table, index, value| site.scaled(&rtu(21, 3), &point(table, index, Some(value)));
    assert_eq!(scaled(Table::COIL, 2, Value::Bit(true)).unwrap(), "closed");
    let holding = Table::HOLDING_REGISTER;
    assert_eq!(scaled(holding, 40, Value::Word(1103)).unwrap(), "110.3 kV");
    assert_eq!(scaled(holding, 40, Value::Word(65_535)).unwrap(), "-0.1 kV");
    assert_eq!(scaled(holding, 50, Value::Word(1)), None, "half a number says too little");
    assert_eq!(scaled(holding, 41, Value::Word(1)), None);
    let run = Run {
        table: holding,
        first: 49,
        count: 3,
        values: Values::Words(&[0, 0, 0, 1, 0, 2]),
        written: true,
    };
    let whole = site.scaled_in(&rtu(21, 3), &run, 1).unwrap();
    assert_eq!(whole, "131073 kWh", "low word first: 2 << 16 | 1");
    let end = Run { count: 2, values: Values::Words(&[0, 0, 0, 1]), ..run };
    assert_eq!(site.scaled_in(&rtu(21, 3), &end, 1), None);
}

#[test]
fn what_is_declared_is_allowed_or_forbidden_and_the_rest_is_open() {
    let site = Site::parse(SITE).unwrap();
    let says = |device, master, class, code, sub, name| {
        let role = Role { device, master, class };
        site.declared(&role, Code { code, sub }, name)
    };
    let (hmi, standby, stranger) = (address(7), address(8), address(99));
    let write = (Class::Command, 5, None, "write_single_coil");
    let of =
        |device, master, (class, code, sub, name)| says(device, master, class, code, sub, name);
    assert_eq!(of(rtu(21, 3), hmi, write), Declared::Allowed);
    assert_eq!(of(rtu(21, 3), standby, write), Declared::Allowed, "it takes the other's place");
    assert_eq!(of(rtu(21, 3), stranger, write), Declared::Forbidden, "the list is complete");
    assert_eq!(of(rtu(22, 1), stranger, write), Declared::Open);
    assert_eq!(of(rtu(22, 1), hmi, write), Declared::Open);
    let registers = (Class::Command, 16, None, "write_multiple_registers");
    assert_eq!(of(rtu(21, 3), hmi, registers), Declared::Forbidden, "what forbids goes first");
    let listen = (Class::Diagnostic, 8, Some(4), "force_listen_only_mode");
    assert_eq!(of(rtu(22, 1), hmi, listen), Declared::Forbidden);
    let identify = (Class::Diagnostic, 17, None, "report_server_id");
    assert_eq!(of(rtu(22, 1), hmi, identify), Declared::Forbidden);
    assert!(site.covers(&rtu(21, 3), stranger) && site.covers(&rtu(22, 1), hmi));
    assert!(!site.covers(&rtu(22, 1), stranger));
}

#[test]
fn a_conversation_belongs_to_the_zone_whose_rule_holds_first() {
    let site = Site::parse(SITE).unwrap();
    let far = "192.0.2.1".parse().unwrap();
    let zone = |capture, vlan, ends| site.zone_of_conversation(capture, vlan, ends);
    assert_eq!(zone("eth0", None, [address(7), far]), Zone(1));
    assert_eq!(zone("eth1", Some(17), [far, far]), Zone(2));
    assert_eq!(zone("eth1", Some(18), [far, far]), Zone(0));
    assert_eq!(zone("eth1", None, [far, far]), Zone(0));
    assert_eq!(site.zone_of(address(200)), Some(Zone(1)));
    assert_eq!(site.zone_of(far), None);
    assert!(site.conduit(Zone(2), Zone(1)) && site.conduit(Zone(1), Zone(2)));
    assert!(!site.conduit(Zone(0), Zone(1)), "the zone lists whose hosts may");
}

/// The sentence for a file that is wrong.
fn said(text: &str) -> String {
    Site::parse(text).map(|_| String::new()).unwrap_or_else(|error| error.to_string())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of files and the sentence for each")]
fn what_is_wrong_is_said_with_its_line_and_what_would_be_right() {
    let host = "[[hosts]]\nname = \"a\"\naddresses = [\"10.0.0.1\"]\n";
    let device = "[[devices]]\nname = \"d\"\nprotocol = \"modbus\"\naddress = \"10.0.0.2\"\n";
    let access = |functions: &str| {
        format!(
            "{host}{device}[[access]]\nhosts = [\"a\"]\ndevices = [\"d\"]\nfunctions = [{functions}]\n"
        )
    };
    for (text, expected) in [
        (
            "[[hosts]]\nname = \"a\"\nadresses = [\"10.0.0.1\"]\n".to_owned(),
            "line 3: there is no field `adresses` here: did you mean `addresses`? There are name, zone, addresses, role, standby_for",
        ),
        (
            "[[host]]\n".to_owned(),
            "line 1: there is no field `host` here: did you mean `hosts`? There are zones, hosts, devices, access",
        ),
        (
            format!("{host}role = \"maser\"\n"),
            "line 4: there is no value `maser` here: did you mean `master`? There are master, standby, engineering, historian, other",
        ),
        (
            "[[hosts]]\nname = \"a\"\naddresses = [\"10.0.0.256\"]\n".to_owned(),
            "line 3: \"10.0.0.256\" is no address and no network: write an address such as 10.0.0.7 or a network such as 10.0.0.0/24",
        ),
        (
            "[[hosts]]\nname = \"a\"\naddresses = []\n".to_owned(),
            "line 3: host \"a\" has no address: give it at least one",
        ),
        (format!("{host}{host}"), "line 5: there is already a host named \"a\": names must differ"),
        (
            format!("{host}[[hosts]]\nname = \"b\"\naddresses = [\"10.0.0.1\"]\n"),
            "line 6: 10.0.0.1 already belongs to host \"a\"",
        ),
        (
            format!("{host}standby_for = \"A\"\n"),
            "line 4: no host is named \"A\" (did you mean \"a\"?)",
        ),
        (format!("{host}standby_for = \"a\"\n"), "line 4: a host cannot take its own place"),
        (
            "[[devices]]\nname = \"d\"\nprotocol = \"modbuss\"\naddress = \"10.0.0.2\"\n"
                .to_owned(),
            "line 3: \"modbuss\" is no protocol (did you mean \"modbus\"?): it is modbus, dnp3 or iec104",
        ),
        (
            format!("{device}link = 3\n"),
            "line 5: a modbus device has no `link`: its address is its `unit`",
        ),
        (
            format!("{device}[[devices.points]]\ntable = \"coils\"\nindex = 1\nname = \"x\"\n"),
            "line 6: \"coils\" is no table of modbus (did you mean \"coil\"?): they are coil, discrete input, input register, holding register, file record, FIFO queue",
        ),
        (
            format!(
                "{device}[[devices.points]]\ntable = \"coil\"\nindex = 1\nname = \"x\"\nmin = 3\nmax = 2\n"
            ),
            "line 9: the least value 3 is above the greatest 2",
        ),
        (
            format!(
                "{device}[[devices.points]]\ntable = \"coil\"\nindex = 1\nname = \"x\"\nstates = {{ on = \"y\" }}\n"
            ),
            "line 8: \"on\" is no raw value of a state: write states = { 0 = \"open\", 1 = \"closed\" }",
        ),
        (
            format!(
                "{device}[[devices.points]]\ntable = \"coil\"\nindex = 1\nname = \"x\"\nnormal = \"opn\"\nstates = {{ 0 = \"open\" }}\n"
            ),
            "line 9: the normal state \"opn\" is not among the states (did you mean \"open\"?)",
        ),
        (
            format!("{host}{device}[[access]]\nhosts = [\"a\"]\ndevices = [\"e\"]\n"),
            "line 10: no device is named \"e\" (did you mean \"d\"?); \"*\" is all of them",
        ),
        (
            format!(
                "{host}{device}[[access]]\nhosts = [\"a\"]\ndevices = [\"d\"]\nclasses = [\"write\"]\n"
            ),
            "line 11: \"write\" is no class: they are read, command, configuration, program, time, file, diagnostic, link",
        ),
        (access("300"), "line 11: 300 is no function of modbus: they go from 1 to 127"),
        (access("3, 0"), "line 11: 0 is no function of modbus: they go from 1 to 127"),
        (access("-1"), "line 11: -1 is no function of modbus: they go from 1 to 127"),
        (access("\"128.1\""), "line 11: 128.1 is no function of modbus: they go from 1 to 127"),
        (access("\"70000\""), "line 11: 70000 is no function of modbus: they go from 1 to 127"),
        (
            access("\"8.70000\""),
            "line 11: \"8.70000\" is no function: sub-functions go from 0 to 65535",
        ),
        (access("1, 127, \"8.4\", \"read coils\""), ""),
        (access("0, 129").replace("modbus", "dnp3"), ""),
        (
            access("256").replace("modbus", "dnp3"),
            "line 11: 256 is no function of dnp3: they go from 0 to 255",
        ),
        (
            "[[zones]]\nname = \"z\"\n".to_owned(),
            "line 2: nothing says what belongs to zone \"z\": give it subnets, vlans or captures",
        ),
        (
            "[[zones]]\nname = \"z\"\nvlans = [5000]\n".to_owned(),
            "line 3: 5000 is no VLAN: they go from 0 to 4094",
        ),
    ] {
        assert_eq!(said(&text), expected);
    }
}

#[test]
fn what_is_no_toml_is_said_in_one_line() {
    for text in ["[[hosts]\n", "name = \n", "\u{0}", "[[hosts]]\nname = 3\naddresses = [\"::1\"]\n"]
    {
        let said = said(text);
        assert!(said.starts_with("line "), "{said}");
        assert!(!said.contains('\n'), "{said}");
    }
    assert_eq!(said(""), "");
}

#[test]
fn a_zone_rule_holds_where_everything_it_names_fits_and_what_it_leaves_empty_fits_everything() {
    let far = IpAddr::V4(Ipv4Addr::new(192, 168, 9, 9));
    let rule = |captures: &[&str], vlans: &[u16], subnets: &[&str]| ZoneRule {
        zone: Zone(1),
        captures: captures.iter().map(|name| (*name).to_owned()).collect(),
        vlans: vlans.to_vec(),
        subnets: subnets.iter().map(|net| net.parse().unwrap()).collect(),
    };
    let net = &["10.0.0.0/24"][..];
    for (why, rule, capture, vlan, ends, holds) in [
        ("nothing is named", rule(&[], &[], &[]), "eth0", None, [far, far], true),
        ("the capture fits", rule(&["eth0"], &[], &[]), "eth0", None, [far, far], true),
        ("another capture", rule(&["eth0"], &[], &[]), "eth1", None, [far, far], false),
        ("one of two captures", rule(&["a", "b"], &[], &[]), "b", None, [far, far], true),
        ("the tag fits", rule(&[], &[17], &[]), "eth0", Some(17), [far, far], true),
        ("another tag", rule(&[], &[17], &[]), "eth0", Some(18), [far, far], false),
        ("no tag", rule(&[], &[17], &[]), "eth0", None, [far, far], false),
        ("one end is inside", rule(&[], &[], net), "eth0", None, [far, address(7)], true),
        ("the other end is", rule(&[], &[], net), "eth0", None, [address(7), far], true),
        ("neither end is", rule(&[], &[], net), "eth0", None, [far, far], false),
        ("all three fit", rule(&["eth0"], &[17], net), "eth0", Some(17), [far, address(7)], true),
        ("the tag does not", rule(&["eth0"], &[17], net), "eth0", None, [far, address(7)], false),
        ("the net does not", rule(&["eth0"], &[17], net), "eth0", Some(17), [far, far], false),
    ] {
        assert_eq!(rule.holds(capture, vlan, ends), holds, "{why}");
    }
}
