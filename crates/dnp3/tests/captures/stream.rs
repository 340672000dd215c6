//! The fragments of a capture: frames through the wire, its bytes through the scanner and the reassemblers.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::path::{Path, PathBuf};

use gridtap_capture::Sources;
use gridtap_dnp3::{Ending, Found, Fragment, Frame, LinkHeader, Reassembler, frame};
use gridtap_model::{Direction, Timestamp, Transport};
use gridtap_wire::{Config, Event, FlowId, Heard, Wire};

pub(crate) fn captures() -> Option<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/captures");
    let root = std::env::var_os("GRIDTAP_CAPTURES").map_or_else(|| root.into(), PathBuf::from);
    if !root.is_dir() {
        println!("no captures at {}: nothing compared", root.display());
        return None;
    }
    Some(root)
}

/// What was heard in a capture beside fragments.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) frames: usize,
    pub(crate) damaged: usize,
    pub(crate) skipped_octets: usize,
    pub(crate) transport_faults: usize,
}

/// One direction of a conversation.
#[derive(Default)]
struct Half {
    buffer: Vec<u8>,
    reassemblers: BTreeMap<(u16, u16), Reassembler>,
}

/// Hands every fragment of a capture to `hear`, with the header of the frame that completed it.
pub(crate) fn fragments(
    path: &Path,
    mut hear: impl FnMut(&LinkHeader, &Fragment<'_>),
) -> Result<Account, Box<dyn Error>> {
    let mut sources = Sources::open(&[path])?;
    let mut wire = Wire::new(Config::default());
    let mut halves: HashMap<(FlowId, bool), Half> = HashMap::new();
    let mut account = Account::default();
    let mut second = Timestamp::MIN;
    let mut heard = |heard: &Heard<'_>| {
        let flow = heard.flow;
        if ![flow.first.port, flow.second.port].contains(&20_000) {
            return;
        }
        let (direction, bytes) = match heard.event {
            Event::Bytes { direction, bytes } => (direction, bytes),
            Event::Gap { direction, .. }
            | Event::Ahead { direction, .. }
            | Event::Returned { direction } => (direction, &[][..]),
            Event::Closed(_) => {
                for direction in [false, true] {
                    if let Some(mut half) = halves.remove(&(flow.id, direction)) {
                        drain(&mut half, Ending::Closed, &mut account, &mut hear);
                    }
                }
                return;
            }
            _ => return,
        };
        let half = halves.entry((flow.id, direction == Direction::Forward)).or_default();
        let whole = bytes.is_empty() || flow.transport == Transport::Udp;
        half.buffer.extend(bytes);
        let ending = if whole { Ending::Closed } else { Ending::Open };
        drain(half, ending, &mut account, &mut hear);
    };
    while let Some(frame) = sources.next()? {
        if frame.time >= second {
            wire.tick(frame.time, &mut heard);
            second = frame.time.plus_ns(1_000_000_000);
        }
        wire.frame(&frame, &mut heard);
    }
    wire.finish(&mut heard);
    Ok(account)
}

fn drain(
    half: &mut Half,
    ending: Ending,
    account: &mut Account,
    hear: &mut impl FnMut(&LinkHeader, &Fragment<'_>),
) {
    let buffer = std::mem::take(&mut half.buffer);
    let mut at = 0;
    loop {
        at += match frame(&buffer[at..], ending) {
            Found::Frame(frame) => {
                account.frames += 1;
                take(half, &frame, account, hear);
                frame.octets()
            }
            Found::Damaged(damaged) => {
                account.damaged += 1;
                damaged.octets()
            }
            Found::Skipped(skipped) => {
                account.skipped_octets += skipped.octets;
                skipped.octets
            }
            Found::More(_) => break,
        };
    }
    half.buffer = buffer[at..].to_vec();
}

fn take(
    half: &mut Half,
    frame: &Frame<'_>,
    account: &mut Account,
    hear: &mut impl FnMut(&LinkHeader, &Fragment<'_>),
) {
    let header = frame.header;
    if !header.function().carries_user_data() {
        // Stations take nothing of it. It is read all the same, for itself.
        if let Some(fragment) = Reassembler::new(250).push(frame).fragment.and_then(Fragment::of) {
            hear(&header, &fragment);
        }
        return;
    }
    let key = (header.source.0, header.destination.0);
    let segment = half.reassemblers.entry(key).or_default().push(frame);
    account.transport_faults += usize::from(segment.fault.is_some());
    if let Some(fragment) = segment.fragment.and_then(Fragment::of) {
        hear(&header, &fragment);
    }
}
