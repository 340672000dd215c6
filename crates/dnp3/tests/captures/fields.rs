//! Indexes, values, flags, times, commands and files as tshark prints them, on captures that cover every group there is
//! a capture of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use gridtap_dnp3::{
    File, FileMode, Fragment, Item, Object, ObjectHeader, Point, Prefix, Quality, Time, Value,
};

use crate::stream::{captures, fragments};

/// How often a field had a value in a capture.
type Values = BTreeMap<(&'static str, String), usize>;

const FIELDS: [&str; 28] = [
    "dnp3.al.func",
    "dnp3.al.iin",
    "dnp3.al.seq",
    "dnp3.al.obj",
    "dnp3.al.point_index",
    "dnp3.al.index",
    "dnp3.al.bit",
    "dnp3.al.2bit",
    "dnp3.al.biq.b7",
    "dnp3.al.boq.b7",
    "dnp3.al.boq.b0",
    "dnp3.al.ctrq.b0",
    "dnp3.al.aiq.b0",
    "dnp3.al.aoq.b0",
    "dnp3.al.cnt",
    "dnp3.al.ana.int",
    "dnp3.al.ana.float",
    "dnp3.al.anaout.int",
    "dnp3.al.anaout.float",
    "dnp3.al.ctrlstatus",
    "dnp3.al.on_time",
    "dnp3.al.off_time",
    "dnp3.al.count",
    "dnp3.al.timestamp",
    "dnp3.al.reltimestamp",
    "dnp3.al.file.handle",
    "dnp3.al.file.status",
    "dnp3.al.file.blocknum",
];

fn tshark(path: &Path) -> Option<Values> {
    let mut arguments: Vec<&str> = vec!["-n", "-Y", "dnp3", "-T", "fields", "-E", "aggregator=;"];
    for field in FIELDS {
        arguments.extend(["-e", field]);
    }
    let output = Command::new("tshark").arg("-r").arg(path).args(arguments).output().ok()?;
    let mut values = Values::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        for (field, texts) in FIELDS.into_iter().zip(line.split('\t')) {
            for text in texts.split(';').filter(|text| !text.is_empty()) {
                let text = match text.parse::<f64>() {
                    Ok(number) if field.ends_with("float") => six_digits(number),
                    _ => text.to_owned(),
                };
                *values.entry((field, text)).or_default() += 1;
            }
        }
    }
    output.status.success().then_some(values)
}

/// As many digits as tshark prints.
fn six_digits(number: f64) -> String {
    format!("{number:.5e}")
}

/// As tshark prints a time: `Oct 11, 2004 09:39:01.483000000 UTC`.
fn date(unix_ms: u64) -> String {
    let (days, ms) = (unix_ms / 86_400_000, unix_ms % 86_400_000);
    let (mut year, mut day) = (1970, days);
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let months = [
        ("Jan", 31),
        ("Feb", february),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let mut month = "";
    for (name, days) in months {
        month = name;
        if day < days {
            break;
        }
        day -= days;
    }
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    let ms = ms % 1_000;
    format!("{month} {:2}, {year} {hour:02}:{minute:02}:{second:02}.{ms:03}000000 UTC", day + 1)
}

/// Behind these functions tshark reads no objects.
const UNREAD: [u8; 8] = [16, 17, 18, 22, 31, 32, 33, 131];

fn said(fragment: &Fragment<'_>, mut say: impl FnMut(&'static str, String)) {
    say("dnp3.al.func", fragment.function.0.to_string());
    say("dnp3.al.seq", fragment.control.sequence().to_string());
    if let Some(iin) = fragment.iin {
        say("dnp3.al.iin", format!("0x{:04x}", iin.0.swap_bytes()));
    }
    if UNREAD.contains(&fragment.function.0) {
        return;
    }
    for block in fragment.blocks().flatten() {
        let ObjectHeader { group, variation, qualifier, .. } = block.header;
        say("dnp3.al.obj", format!("0x{group:02x}{variation:02x}"));
        for (nth, item) in block.items().enumerate() {
            // Objects that are counted and not prefixed have an index from 0 on there.
            match (qualifier.prefix(), item.index) {
                (Prefix::Index(_), Some(index)) => say("dnp3.al.index", index.to_string()),
                (Prefix::None, Some(index)) => say("dnp3.al.point_index", index.to_string()),
                (Prefix::None, None) => say("dnp3.al.point_index", nth.to_string()),
                _ => {}
            }
            object(group, &item, &mut say);
        }
    }
}

fn quality_and_value(group: u8, point: Point<'_>, say: &mut impl FnMut(&'static str, String)) {
    if let Some(flags) = point.flags {
        let online = u8::from(flags.is_online()).to_string();
        let state = (flags.octet >> 7).to_string();
        match flags.quality {
            Quality::BinaryInput => say("dnp3.al.biq.b7", state),
            Quality::BinaryOutput => {
                say("dnp3.al.boq.b0", online);
                say("dnp3.al.boq.b7", state);
            }
            Quality::Counter => say("dnp3.al.ctrq.b0", online),
            Quality::Analog if group < 40 => say("dnp3.al.aiq.b0", online),
            Quality::Analog => say("dnp3.al.aoq.b0", online),
            Quality::DoubleBitInput => say("dnp3.al.biq.b7", state),
            Quality::Statistic => {}
        }
    }
    let output = group >= 40;
    match point.value {
        Value::Bit(bit) if point.flags.is_none() => say("dnp3.al.bit", u8::from(bit).to_string()),
        Value::Unsigned(count) => say("dnp3.al.cnt", count.to_string()),
        Value::Signed(number) if output => say("dnp3.al.anaout.int", number.to_string()),
        Value::Signed(number) => say("dnp3.al.ana.int", number.to_string()),
        Value::Float32(number) if output => say("dnp3.al.anaout.float", six_digits(number.into())),
        Value::Float32(number) => say("dnp3.al.ana.float", six_digits(number.into())),
        _ => {}
    }
    match point.time {
        Some(Time::Absolute(unix_ms)) => say("dnp3.al.timestamp", date(unix_ms)),
        Some(Time::Relative { after_ms, .. }) => say(
            "dnp3.al.reltimestamp",
            format!("{}.{:03}000000", after_ms / 1_000, after_ms % 1_000),
        ),
        None => {}
    }
}

fn object(group: u8, item: &Item<'_>, say: &mut impl FnMut(&'static str, String)) {
    match item.object {
        Object::Point(point) => quality_and_value(group, point, say),
        Object::Control(block) => {
            say("dnp3.al.ctrlstatus", block.status.0.to_string());
            say("dnp3.al.on_time", block.on_ms.to_string());
            say("dnp3.al.off_time", block.off_ms.to_string());
            say("dnp3.al.count", block.count.to_string());
        }
        Object::Setpoint(setpoint) => {
            say("dnp3.al.ctrlstatus", setpoint.status.0.to_string());
            if let Value::Signed(number) = setpoint.value {
                say("dnp3.al.anaout.int", number.to_string());
            }
        }
        Object::Clock(unix_ms) => say("dnp3.al.timestamp", date(unix_ms)),
        Object::CommonTime(time) => say("dnp3.al.timestamp", date(time.unix_ms)),
        Object::File(File::Command(command)) if command.mode == FileMode::WRITE => {
            say("dnp3.al.timestamp", date(command.created_unix_ms));
        }
        Object::File(File::Status { handle, status, .. }) => {
            say("dnp3.al.file.handle", format!("0x{handle:08x}"));
            say("dnp3.al.file.status", status.0.to_string());
        }
        Object::File(File::Transport { handle, block, .. }) => {
            say("dnp3.al.file.handle", format!("0x{handle:08x}"));
            say("dnp3.al.file.blocknum", format!("0x{block:08x}"));
        }
        Object::File(File::TransportStatus { handle, block, status, .. }) => {
            say("dnp3.al.file.handle", format!("0x{handle:08x}"));
            say("dnp3.al.file.blocknum", format!("0x{block:08x}"));
            say("dnp3.al.file.status", status.0.to_string());
        }
        _ => {}
    }
}

/// Below `public`.
const CAPTURES: [&str; 37] = [
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_del_measure.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_en_spon.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_file_del.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_file_read.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_file_write.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_link_only.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_read.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_rec_time.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_select_operate.pcap",
    "ITI+ICS-Security-Tools/pcaps/bro/dnp3/dnp3_write.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/dataset_exchange.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/direct_operate_analog_output.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/direct_operate_no_ack_crob.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/directoperate_and_response.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/file_list_directory.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/file_read.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/file_write.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/full_exchange.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/immediate_freeze.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/lan_time_sync.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/read_and_response.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/select_operate_and_responses.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/serial_time_sync.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/unsolcited_response_and_confirm.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/write_binary_output.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/write_iin_and_response.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/6.1.2/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.3.2/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.5.2.2.1/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.5.3.2.1/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.5.4.2.1/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.6.6.2.4/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.9.1.2/dump.pcap",
    "ITI+ICS-Security-Tools/pcaps/dnp3/opendnp3-3/conformance/8.9.2.2/dump.pcap",
    "zeek+zeek/testing/btest/Traces/dnp3/dnp3_udp_read.pcap",
    "zeek+zeek/testing/btest/Traces/dnp3/dnp3_udp_select_operate.pcap",
];

/// What differs in a capture; none where tshark does not run.
fn differences(path: &Path) -> Option<Vec<String>> {
    let theirs = tshark(path)?;
    let mut ours = Values::new();
    let say = |ours: &mut Values, field, value| *ours.entry((field, value)).or_default() += 1;
    let heard =
        fragments(path, |_, fragment| said(fragment, |field, value| say(&mut ours, field, value)));
    assert!(heard.is_ok(), "{}: {heard:?}", path.display());
    let all: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let differing = all.into_iter().filter(|key| ours.get(key) != theirs.get(key));
    let told = differing.map(|key| {
        format!("{}: {key:?} {:?}, not {:?}", path.display(), ours.get(key), theirs.get(key))
    });
    Some(told.collect())
}

#[test]
fn fields_are_those_of_tshark() {
    let Some(root) = captures() else { return };
    let half = |names: &[&str]| -> Option<Vec<String>> {
        names
            .iter()
            .map(|name| differences(&root.join("public").join(name)))
            .collect::<Option<Vec<_>>>()
            .map(|all| all.concat())
    };
    let (first, second) = CAPTURES.split_at(CAPTURES.len() / 2);
    let differing = std::thread::scope(|scope| {
        let first = scope.spawn(|| half(first));
        let second = half(second);
        Some([first.join().unwrap()?, second?].concat())
    });
    match differing {
        Some(differing) => assert!(differing.is_empty(), "{}", differing.join("\n")),
        None => println!("tshark does not run: nothing compared"),
    }
}
