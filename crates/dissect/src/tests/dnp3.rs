//! DNP3 is known by its structure on any port, every octet of it is accounted for, and nothing makes it go unheard:
//! whatever comes before a direct operate, the operate is decoded.

mod blind;
mod captures;
mod data_sets;
mod dialogue;
mod exchange;
mod faults;
mod files;
mod fragments;
mod lines;
mod others;
mod recognition;
mod select;

use super::*;

/// The port of DNP3.
const HOME: (u16, u16) = (49_152, 20_000);
const MASTER: u16 = 1;
const OUTSTATION: u16 = 10;

/// A frame with every CRC right.
fn framed(control: u8, source: u16, destination: u16, data: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x05, 0x64, u8::try_from(data.len() + 5).unwrap(), control];
    frame.extend(destination.to_le_bytes());
    frame.extend(source.to_le_bytes());
    frame.extend(gridtap_dnp3::crc16(&frame).to_le_bytes());
    for block in data.chunks(16) {
        frame.extend(block);
        frame.extend(gridtap_dnp3::crc16(block).to_le_bytes());
    }
    frame
}

/// A segment from the master, with its transport octet.
fn from_master(data: &[u8]) -> Vec<u8> {
    framed(0xC4, MASTER, OUTSTATION, data)
}

/// A segment from the outstation.
fn from_outstation(data: &[u8]) -> Vec<u8> {
    framed(0x44, OUTSTATION, MASTER, data)
}

/// Direct operate of a trip on point 7.
fn operate() -> Vec<u8> {
    from_master(&octets("C0 C3 05 0C 01 28 0100 0700 81 01 64000000 00000000 00"))
}

/// A segment from the master: a fragment with this control octet.
fn ask(control: u8, fragment: &str) -> Vec<u8> {
    from_master(&[&[0xC0, control][..], &octets(fragment)].concat())
}

/// A segment from the outstation.
fn answer(control: u8, fragment: &str) -> Vec<u8> {
    from_outstation(&[&[0xC0, control][..], &octets(fragment)].concat())
}

fn tcp() -> Talk {
    Talk::new(Transport::Tcp, HOME, true)
}

/// Class 0 read.
fn read() -> Vec<u8> {
    from_master(&octets("C1 C2 01 3C 01 06"))
}

const OPERATED: &str = concat!(
    r#""dnp3":{"link":{"source":1,"destination":10,"from_master":true,"function":"unconfirmed_user_data"},"#,
    r#""application":{"sequence":3,"first":true,"final":true,"confirm":false,"unsolicited":false,"#,
    r#""function":5,"function_name":"direct_operate","objects":[{"group":12,"variation":1,"qualifier":40,"#,
    r#""count":1,"points":[{"index":7,"operation":"pulse_on","trip_close":"trip","clear":false,"count":1,"#,
    r#""on_ms":100,"off_ms":0,"status":0}]}]}}}"#,
);

/// How often the operate was decoded.
fn operates(talk: &Talk) -> usize {
    talk.records.iter().filter(|record| record.ends_with(OPERATED)).count()
}

/// Octets decoded, skipped and missing.
fn accounts(talk: &Talk) -> (usize, usize, usize) {
    let bytes = talk.dissector.counters().bytes;
    let [decoded, skipped, missing] = [bytes.decoded, bytes.skipped, bytes.missing]
        .map(|octets| usize::try_from(octets).unwrap());
    (decoded, skipped, missing)
}

/// Reason, bytes and the frame it resumed in, of every stretch that was not decoded.
fn problems(talk: &Talk) -> Vec<String> {
    let problem = |record: &String| {
        record.split_once(r#""problem":{"reason":"#).map(|(_, rest)| {
            rest.trim_end_matches('}').replace("\"bytes\":", "").replace("\"resumed_frame\":", "")
        })
    };
    talk.records.iter().filter_map(problem).map(|text| text.replace('"', "")).collect()
}

/// What the messages of the application layer ask, by name.
fn functions(talk: &Talk) -> Vec<&str> {
    talk.records
        .iter()
        .filter(|record| !record.contains(r#""kind":"unanswered""#))
        .filter_map(|record| record.split_once(r#""function_name":""#))
        .filter_map(|(_, rest)| rest.split('"').next())
        .collect()
}
