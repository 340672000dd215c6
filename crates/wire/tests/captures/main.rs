//! Agreement with tshark on captures of real traffic: the same octets in both directions of every TCP stream.

mod nested;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use gridtap_capture::Sources;
use gridtap_model::{Direction, Timestamp, Transport};
use gridtap_wire::{Config, Event, FlowId, Heard, Wire};

/// What each side of a conversation said, the sides in order; conversations that look the same are counted.
type Conversations = BTreeMap<[(String, Vec<u8>); 2], usize>;

/// Captures with mid-session starts, checksum offload in either direction, hundreds of gaps and retransmissions; and how
/// many streams with data they have.
const CAPTURES: [(&str, usize); 6] = [
    ("public/ITI+ICS-Security-Tools/pcaps/bro/modbus/modbusBig.pcap", 3),
    ("public/ITI+ICS-Security-Tools/pcaps/bro/modbus/modbusSmall.pcap", 16),
    ("public/ITI+ICS-Security-Tools/pcaps/IEC60870-5-104/TestDissectIec104.pcap", 6),
    ("public/ITI+ICS-Security-Tools/pcaps/s7/wincc_s400_production.pcapng", 1),
    ("public/cisagov+icsnpp-modbus/testing/traces/modbus_example.pcap", 2),
    ("public/zeek+zeek/testing/btest/Traces/modbus/4SICS-GeekLounge-151022-min.pcap", 1),
];

fn captures() -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");
    std::env::var_os("GRIDTAP_CAPTURES").map_or_else(|| PathBuf::from(root), PathBuf::from)
}

fn count(conversations: &mut Conversations, mut sides: [(String, Vec<u8>); 2]) {
    // A single octet is a keep-alive probe of a session that says nothing else: tshark counts it.
    if sides.iter().map(|(_, octets)| octets.len()).sum::<usize>() > 1 {
        sides.sort();
        *conversations.entry(sides).or_default() += 1;
    }
}

fn heard(path: &Path) -> Result<Conversations, Box<dyn Error>> {
    let mut sources = Sources::open(&[path])?;
    let mut wire = Wire::new(Config::default());
    let mut open: BTreeMap<FlowId, [Vec<u8>; 2]> = BTreeMap::new();
    let mut conversations = Conversations::new();
    let mut hear = |heard: &Heard<'_>| {
        let flow = heard.flow;
        if flow.transport != Transport::Tcp {
            return;
        }
        let said = open.entry(flow.id).or_default();
        match heard.event {
            Event::Bytes { direction: Direction::Forward, bytes } => said[0].extend(bytes),
            Event::Bytes { direction: Direction::Backward, bytes } => said[1].extend(bytes),
            Event::Closed(_) => {
                let [forward, backward] = open.remove(&flow.id).unwrap_or_default();
                let sides =
                    [(flow.first.to_string(), forward), (flow.second.to_string(), backward)];
                count(&mut conversations, sides);
            }
            _ => {}
        }
    };
    let mut second = Timestamp::MIN;
    while let Some(frame) = sources.next()? {
        if frame.time >= second {
            wire.tick(frame.time, &mut hear);
            second = frame.time.plus_ns(1_000_000_000);
        }
        wire.frame(&frame, &mut hear);
    }
    wire.finish(&mut hear);
    Ok(conversations)
}

fn tshark(arguments: &[String]) -> Option<String> {
    let output = Command::new("tshark").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The streams as tshark follows them. Where octets are missing it writes so into the stream, which is taken out.
fn followed(path: &Path) -> Option<Conversations> {
    let read = ["-n", "-r"].map(str::to_owned).into_iter().chain([path.display().to_string()]);
    let read: Vec<String> = read.collect();
    let fields = ["-Y", "tcp", "-T", "fields", "-e", "tcp.stream"].map(str::to_owned);
    let streams = tshark(&[&read[..], &fields].concat())?;
    let last = streams.lines().filter_map(|line| line.parse::<usize>().ok()).max()?;
    let follow =
        (0..=last).flat_map(|stream| ["-z".to_owned(), format!("follow,tcp,raw,{stream}")]);
    let arguments: Vec<String> = read.into_iter().chain(["-q".to_owned()]).chain(follow).collect();
    let mut conversations = Conversations::new();
    for block in tshark(&arguments)?
        .split("===================================================================")
    {
        let node = |name: &str| {
            block
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .map(|node| node.trim().to_owned())
        };
        let (Some(first), Some(second)) = (node("Node 0:"), node("Node 1:")) else { continue };
        let mut said = [Vec::new(), Vec::new()];
        for line in block.lines().skip_while(|line| !line.starts_with("Node 1:")).skip(1) {
            let side = usize::from(line.starts_with('\t'));
            let octets = unhex(line.trim());
            if !octets.starts_with(b"[")
                || !octets.windows(16).any(|part| part == b"bytes missing in")
            {
                said[side].extend(octets);
            }
        }
        let [forward, backward] = said;
        count(&mut conversations, [(first, forward), (second, backward)]);
    }
    Some(conversations)
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map_while(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok())
        .collect()
}

#[test]
fn streams_are_those_that_tshark_follows() {
    let root = captures();
    if !root.is_dir() {
        println!("no captures at {}: nothing compared", root.display());
        return;
    }
    for (name, streams) in CAPTURES {
        let path = root.join(name);
        if !path.is_file() {
            println!("{name} is not there");
            continue;
        }
        let Some(followed) = followed(&path) else {
            println!("tshark does not run: nothing compared");
            return;
        };
        let heard = heard(&path).unwrap();
        let differing: Vec<_> = followed
            .iter()
            .filter(|(sides, count)| heard.get(*sides) != Some(count))
            .map(|(sides, _)| {
                sides.each_ref().map(|(side, octets)| format!("{side} {} octets", octets.len()))
            })
            .collect();
        assert!(differing.is_empty(), "{name}: not as tshark follows them: {differing:?}");
        assert_eq!(heard.len(), followed.len(), "{name}: streams that tshark does not have");
        assert_eq!(
            followed.values().sum::<usize>(),
            streams,
            "{name}: the comparison is of the whole capture"
        );
    }
}
