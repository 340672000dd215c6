use super::*;
use crate::configuration::Layers;

const SITE: &str = "[[hosts]]\nname = \"HMI 1\"\naddresses = [\"10.0.0.7\", \"10.0.0.8\"]\n\
                    [[devices]]\nname = \"RTU 21 bay 3\"\nprotocol = \"modbus\"\naddress = \"10.0.0.21\"\nunit = 3\n";

fn declared(text: &str) -> Result<Planned, Vec<String>> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gridtap.toml");
    std::fs::write(&file, text).unwrap();
    let layered = Layers { files: vec![file.clone()], ..Layers::default() }.read::<Settings>();
    let mut faults = layered.faults.clone();
    let planned = resolve(&layered, &Site::parse(SITE).unwrap());
    faults.extend(planned.as_ref().err().into_iter().flatten().cloned());
    let at = file.display().to_string();
    let told = faults.iter().map(|fault| fault.to_string().replace(&at, "F")).collect();
    if faults.is_empty() { planned.map_err(|_| Vec::new()) } else { Err(told) }
}

const WHO: &str = "reason = 'plan 17'\nby = 'shift lead'\n";
const WHEN: &str = "start = 2027-01-31T06:00:00+01:00\nend = '2027-01-31T07:00:00Z'\n";

#[test]
fn a_window_is_resolved_by_the_names_of_the_site_file() {
    let planned = declared(&format!(
        "[[window]]\nname = 'plan 17'\ntype = 'switching'\n{WHEN}{WHO}kinds = ['MB-29', 'dangerous']\n\
         sources = ['HMI 1', '10.9.0.0/16']\ntargets = ['RTU 21 bay 3', 'dnp3 10.0.0.30 link 10', '10.0.0.40']\n\
         points = ['52-1 trip']\n\
         [[out_of_service]]\ndetection = 'DN-20'\nuntil = 2027-02-01T00:00:00Z\n{WHO}"
    ))
    .unwrap();
    let window = &planned.windows[0];
    assert_eq!(window.start.to_string(), "2027-01-31T05:00:00.000000000Z");
    assert_eq!(window.end.to_string(), "2027-01-31T07:00:00.000000000Z");
    assert_eq!(
        (window.detections.as_slice(), window.classes.as_slice()),
        (&["MB-29"][..], &["dangerous"][..])
    );
    assert_eq!(window.sources.len(), 3);
    let device =
        |protocol, address: [u8; 4], sub| Party::Device { protocol, address: address.into(), sub };
    assert_eq!(
        window.targets,
        [
            device(Protocol::Modbus, [10, 0, 0, 21], SubAddress::Unit(3)),
            device(Protocol::Dnp3, [10, 0, 0, 30], SubAddress::Link(10)),
            Party::Net("10.0.0.40/32".parse().unwrap()),
        ]
    );
    assert_eq!(planned.out_of_service[0].detection, "DN-20");
}

#[test]
fn what_is_wrong_with_what_was_declared_is_told_in_a_sentence_each() {
    let told = |text: &str| declared(text).unwrap_err();
    let window = |more: &str| told(&format!("[[window]]\nname = 'plan 17'\n{more}"));
    let sound = format!("{WHO}targets = ['10.0.0.21']\n");
    for (text, wanted) in [
        (
            WHEN.to_owned() + WHO,
            "it names neither sources nor targets, and would silence the whole site",
        ),
        (
            format!("{WHEN}{WHO}targets = ['RTU 21 bay3']\n"),
            "targets: \"RTU 21 bay3\" is no address, no network and no name of the site file; did you mean \"RTU 21 bay 3\"?",
        ),
        (
            format!("{WHEN}{sound}kinds = ['MB-92']\n"),
            "kinds: \"MB-92\" is no detection of the catalogue; did you mean MB-",
        ),
        (
            format!("{WHEN}{WHO}sources = ['HMI 1']\npoints = ['x']\n"),
            "points are those of targets",
        ),
        (
            format!("start = 2027-01-31T06:00:00Z\n{sound}"),
            "start and end are moments such as 2027-01-31T06:00:00+01:00: name both",
        ),
        (
            format!("start = 2027-01-31T06:00:00Z\nend = 2027-01-31T06:00:00Z\n{sound}"),
            "it ends (2027-01-31T06:00:00Z) before it starts",
        ),
        (
            format!("start = 2027-01-01T00:00:00Z\nend = 2027-01-09T00:00:00Z\n{sound}"),
            "it is longer than 7d: declare longer work in parts",
        ),
        (format!("{WHEN}targets = ['10.0.0.21']\nby = 'me'\n"), "it needs a reason"),
        (
            format!("{WHEN}targets = ['10.0.0.21']\nreason = 'x'\n"),
            "it needs by: who answers for it",
        ),
    ] {
        let told = window(&text);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("F:1:1: window \"plan 17\": {wanted}")), "{told:?}");
    }
    for (text, wanted) in [
        (
            "start = 2027-01-31T06:00:00\n",
            "F:3:1: window.start: 2027-01-31T06:00:00 has no zone: write it as 2027-01-31T06:00:00+01:00",
        ),
        ("start = 2027-01-31\n", "F:3:1: window.start: 2027-01-31 has no zone"),
        ("start = 'tomorrow'\n", "F:3:1: window.start: tomorrow is no moment"),
        ("type = 'party'\n", "F:3:1: window.type: unknown variant `party`"),
    ] {
        let told = window(text);
        assert!(told[0].starts_with(wanted), "{told:?}");
    }
    let one = format!("[[window]]\nname = 'plan 17'\n{WHEN}{sound}");
    let told_twice = told(&format!("{one}{one}"));
    assert!(told_twice[0].contains("another window has this name"), "{told_twice:?}");
    let told = told("[[out_of_service]]\ndetection = 'DN-2O'\n");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with(
            "F:1:1: out_of_service: \"DN-2O\" is no detection of the catalogue; did you mean DN-2"
        ),
        "{told:?}"
    );
}
