//! What a simulated site says, held against programs that are not ours and against itself.

use std::collections::BTreeSet;
use std::io::BufWriter;
use std::process::Command;

use super::calendar::{DAY, HOUR, MINUTE, SECOND};
use super::pcap;
use super::spec::{Kind, Site};
use super::week::{Happening, WEEK};
use super::wire::Frame;
use super::world::{Due, World};

mod feedback;

/// The frames of a site from one moment of its second week to another, both after its beginning.
fn frames(kind: Kind, seed: u64, from: i64, to: i64) -> Vec<Frame> {
    let mut world = World::new(Site::draw(kind, seed), seed);
    world.plan_first_week();
    world.plan_second_week();
    let start = world.site.start;
    while world.next_before(start + from).is_some() {}
    std::iter::from_fn(|| world.next_before(start + to)).collect()
}

/// What tshark makes of frames: a line for each for which `filter` holds.
fn tshark(frames: &[Frame], filter: &str, fields: &[&str]) -> Vec<String> {
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("sim.pcap");
    let mut out = BufWriter::new(std::fs::File::create(&file).unwrap());
    pcap::begin(&mut out).unwrap();
    frames.iter().for_each(|frame| pcap::frame(&mut out, frame).unwrap());
    drop(out);
    let mut command = Command::new("tshark");
    command
        .args(["-n", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-r"])
        .arg(&file);
    command.args(["-Y", filter, "-T", "fields"]);
    command.args(fields.iter().flat_map(|field| ["-e", *field]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[track_caller]
fn tshark_finds_nothing_wrong(kind: Kind, seed: u64) {
    // The first hour of all, in which operators try everything and a station restarts.
    let mut world = World::new(Site::draw(kind, seed), seed);
    let start = world.site.start;
    for link in 0..world.site.links.len() {
        for habit in 0..world.site.links[link].habits.len() {
            let at = start + 20 * MINUTE + i64::try_from(link * 7 + habit).unwrap() * 10 * SECOND;
            world.plan(at, Due::Command { link, habit, close: false });
            world.plan(at + 5 * MINUTE, Due::Command { link, habit, close: true });
        }
    }
    world.happens(start + 10 * MINUTE, Happening::Reboot { station: 1, for_ns: 60 * SECOND });
    let frames: Vec<Frame> = std::iter::from_fn(|| world.next_before(start + HOUR)).collect();
    assert!(frames.len() > 2_000, "{}", frames.len());
    assert!(frames.iter().is_sorted_by_key(|frame| frame.time));
    let wrong = tshark(
        &frames,
        "tcp.flags.reset == 0 && !(tcp.flags.syn == 1 && tcp.flags.ack == 0) && (_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || dnp.hdr.CRC.status == 0 \
         || dnp.data_chunk.CRC.status == 0 || tcp.analysis.retransmission || tcp.analysis.lost_segment \
         || tcp.analysis.out_of_order || tcp.analysis.ack_lost_segment || _ws.expert.severity >= 0x00600000)",
        &["frame.number", "_ws.expert.message"],
    );
    assert!(wrong.is_empty(), "{} of {}: {:?}", wrong.len(), frames.len(), wrong.get(..5));
    let spoken = tshark(&frames, "mbtcp || dnp3", &["frame.number"]);
    let carries = frames.iter().filter(|frame| frame.bytes.len() > 60).count();
    assert!(spoken.len() * 10 > carries * 9, "{} of {carries}", spoken.len());
}

#[test]
fn tshark_finds_nothing_wrong_in_an_hour_of_the_plant() {
    tshark_finds_nothing_wrong(Kind::Plant, 1);
}

#[test]
fn tshark_finds_nothing_wrong_in_an_hour_of_the_utility() {
    tshark_finds_nothing_wrong(Kind::Utility, 2);
}

#[test]
fn tshark_finds_nothing_wrong_in_an_hour_of_the_substation() {
    tshark_finds_nothing_wrong(Kind::Substation, 3);
}

/// The DNP3 requests that hold a function and objects, as tshark reads them.
fn requests(lines: &[String]) -> BTreeSet<String> {
    let of_a_request = |line: &&String| {
        line.split('\t').next().and_then(|own| own.parse::<u8>().ok()).is_some_and(|own| own < 128)
    };
    lines.iter().filter(of_a_request).cloned().collect()
}

#[test]
fn what_a_simulated_dnp3_master_asks_is_what_real_ones_ask() {
    let fields = ["dnp3.al.func", "dnp3.al.obj"];
    let own = frames(Kind::Utility, 1, 8 * HOUR, 9 * HOUR);
    let own = requests(&tshark(&own, "dnp3.al.func", &fields));
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/dnp3/");
    let mut real = BTreeSet::new();
    for seed in 1..=3 {
        let file = format!("{folder}learn-{seed}.pcap.gz");
        let mut command = Command::new("tshark");
        command.args(["-n", "-r", &file, "-Y", "dnp3.al.func", "-T", "fields"]);
        command.args(fields.iter().flat_map(|field| ["-e", *field]));
        let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
        real.append(&mut requests(&text.lines().map(str::to_owned).collect::<Vec<_>>()));
    }
    let other: Vec<&String> = own.difference(&real).collect();
    assert!(own.len() > 3 && other.is_empty(), "{other:?}, not of {real:?}");
}

#[test]
fn the_same_seed_gives_the_same_octets_and_another_gives_others() {
    let one = frames(Kind::Substation, 4, 0, HOUR);
    assert_eq!(one, frames(Kind::Substation, 4, 0, HOUR));
    assert_ne!(one, frames(Kind::Substation, 5, 0, HOUR));
}

#[test]
fn a_copy_of_a_site_goes_on_as_the_site_does() {
    let mut world = World::new(Site::draw(Kind::Plant, 6), 6);
    let start = world.site.start;
    while world.next_before(start + 2 * HOUR).is_some() {}
    let mut copy = world.clone();
    loop {
        let (own, other) =
            (world.next_before(start + 3 * HOUR), copy.next_before(start + 3 * HOUR));
        assert_eq!(own, other);
        if own.is_none() {
            break;
        }
    }
}

#[test]
fn a_day_of_the_week_is_a_day_and_clocks_are_put_forward_on_the_second_sunday() {
    let site = Site::draw(Kind::Plant, 7);
    let calendar = site.calendar;
    assert_eq!(calendar.local(site.start), (0, 0));
    assert!(
        !calendar.is_weekend(site.start + 4 * DAY) && calendar.is_weekend(site.start + 5 * DAY)
    );
    let sunday = site.start + WEEK + 6 * DAY;
    assert_eq!(calendar.local(sunday + 2 * HOUR - 1).0, 2 * HOUR - 1);
    assert_eq!(calendar.local(sunday + 2 * HOUR).0, 3 * HOUR);
}
