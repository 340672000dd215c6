//! The frames of a stream, the fragments they make up, and the account of what is neither.

use gridtap_dnp3::{
    Damage, Damaged, Ending, FRAME_OCTETS_MAX, Found, Fragment, Frame, LinkHeader, SkipReason,
    TransportFault, TransportHeader, frame,
};
use gridtap_model::{Direction, Fault, FaultKind, Transport, Zone};

use super::course::Said;
use super::lines::{Asker, GivenBack, OnLine};
use super::links::Brought;
use super::recognise::is_home;
use super::second_copy::digest;
use super::session::{Reading, Session};
use crate::record::{Problem, Reason};
use crate::stage::{Speakers, ends};

/// A stretch of octets of no frame.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Skipping {
    pub(super) octets: u64,
    /// Why the first of them were skipped.
    why: Option<Reason>,
    /// What its sender formed wrongly in it and was told: once a kind, so that junk is not told octet by octet.
    told: [Option<FaultKind>; KINDS],
}

/// The kinds of damage that a stretch can show.
const KINDS: usize = 4;

const fn fault(kind: FaultKind, found: u32, expected: u32) -> Option<Fault> {
    Some(Fault { kind, found, expected })
}

/// The shortest length field.
const LENGTH_MIN: u32 = 5;

impl Session {
    /// Takes what there is from the head of the bytes: how many octets are done with, and how many frames those were.
    pub(super) fn read(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        bytes: &[u8],
        ending: Ending,
    ) -> (usize, usize) {
        let (mut used, mut frames) = (0_usize, 0_usize);
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let octets = match frame(rest, ending) {
                Found::Frame(frame) => {
                    frames = frames.saturating_add(1);
                    self.frame(reading, &frame);
                    frame.octets()
                }
                Found::Damaged(damaged) => self.damaged(reading, &damaged),
                Found::Skipped(skipped) => {
                    let (reason, fault) = match skipped.reason {
                        SkipReason::Junk => (Reason::Garbage, None),
                        SkipReason::Length(length) => (
                            Reason::LinkLength,
                            fault(FaultKind::Length, length.into(), LENGTH_MIN),
                        ),
                        SkipReason::HeaderCrc => {
                            (Reason::LinkCrc, fault(FaultKind::HeaderChecksum, 0, 0))
                        }
                        SkipReason::Cut => (Reason::Incomplete, cut(reading, 0)),
                    };
                    self.skip(reading, skipped.octets, reason, fault);
                    skipped.octets
                }
                Found::More(_) => return (used, frames),
            };
            used = used.saturating_add(octets);
        }
    }

    fn damaged(&mut self, reading: &mut Reading<'_, '_, '_>, damaged: &Damaged<'_>) -> usize {
        let (reason, fault) = match damaged.damage {
            Damage::Block(block) => {
                (Reason::LinkCrc, fault(FaultKind::DataChecksum, block.into(), 0))
            }
            Damage::Cut(_) => (Reason::Incomplete, cut(reading, damaged.header.length)),
        };
        self.skip(reading, damaged.octets(), reason, fault);
        damaged.octets()
    }

    fn skip(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        octets: usize,
        reason: Reason,
        fault: Option<Fault>,
    ) {
        let skipping = &mut self.stream(reading.direction).skipping;
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        skipping.octets = skipping.octets.saturating_add(octets);
        skipping.why = skipping.why.or(Some(reason));
        let Some(fault) = fault else { return };
        let known = |slot: &&mut Option<FaultKind>| slot.is_none_or(|kind| kind == fault.kind);
        if let Some(slot @ None) = skipping.told.iter_mut().find(known) {
            *slot = Some(fault.kind);
            self.course.malformed(reading, fault, true);
        }
    }

    /// Octets before a whole frame, inside of what a header claims.
    pub(super) fn skip_claimed(&mut self, reading: &mut Reading<'_, '_, '_>, octets: usize) {
        self.skip(reading, octets, Reason::Incomplete, fault(FaultKind::Length, 0, 0));
    }

    /// Accounts for what was skipped up to here, as one stretch.
    pub(super) fn report_skipped(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        resumed_frame: Option<u64>,
    ) {
        let skipping = core::mem::take(&mut self.stream(reading.direction).skipping);
        if skipping.octets == 0 {
            return;
        }
        if skipping.told.iter().any(Option::is_some) {
            self.links.doubt(reading.direction);
        }
        self.course.excuse();
        let why = skipping.why.unwrap_or(Reason::Garbage);
        self.lose(reading, skipping.octets, why, resumed_frame);
    }

    /// Accounts for octets that are part of no message.
    pub(super) fn lose(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        bytes: u64,
        reason: Reason,
        resumed_frame: Option<u64>,
    ) {
        if bytes == 0 {
            return;
        }
        let problem = Problem { reason, bytes, resumed_frame };
        let parties = self.parties(reading.speakers, reading.direction);
        self.account.skip(reading.stage, reading.speakers, parties, problem);
    }

    /// A whole frame.
    fn frame(&mut self, reading: &mut Reading<'_, '_, '_>, frame: &Frame<'_>) {
        let here = Some(reading.stage.frame);
        self.report_skipped(reading, here);
        let place = reading.stage.place();
        let echo = note_line(reading, &frame.header, &mut self.asked);
        if !frame.header.function().carries_user_data() {
            self.account.decode(reading.stage, u64::try_from(frame.octets()).unwrap_or(u64::MAX));
            self.link_frame(reading, frame, (place, echo));
            return;
        }
        self.recent.note(digest(reading.stage, frame));
        let config = &reading.stage.shared.config;
        let room = (config.dnp3_links_max, config.dnp3_fragment_octets_max);
        let from_start = self.course.heard_from_start(reading.speakers, reading.direction);
        if let Some(lost) = self.links.make_room(reading.direction, frame, room, from_start) {
            count(&mut reading.stage.shared.counters.dnp3_links_evicted);
            self.lose(reading, lost, Reason::Incomplete, None);
        }
        let parties = self.parties(reading.speakers, reading.direction);
        let Self { links, course, account, .. } = self;
        let Some(brought) =
            links.push(reading.direction, frame, &mut reading.stage.shared.fragments)
        else {
            return;
        };
        if let Some((fault, sure)) = segments(reading, &brought) {
            course.malformed(reading, fault, sure);
        }
        if brought.lost > 0 {
            let resumed_frame = here.filter(|_| brought.segment.fragment.is_some());
            let problem =
                Problem { reason: Reason::Incomplete, bytes: brought.lost, resumed_frame };
            account.skip(reading.stage, reading.speakers, parties, problem);
        }
        if brought.decoded > 0 {
            account.decode(reading.stage, brought.decoded);
        }
        let said = Said { frame, place, transport: brought.segment.fault, known: None, echo };
        match brought.segment.fragment {
            Some(octets) => match Fragment::of(octets) {
                Some(fragment) => {
                    count(&mut reading.stage.shared.counters.dnp3_fragments);
                    course.fragment(reading, &said, &fragment);
                }
                None => course.link(reading, &said, Some(octets)),
            },
            None if brought.segment.header.is_none() => {
                count(&mut reading.stage.shared.counters.dnp3_link_frames);
                course.link(reading, &said, None);
            }
            None => {}
        }
        self.links.settle(&mut reading.stage.shared.fragments);
    }

    /// A frame whose function carries no user data. Where it holds a whole fragment all the same, that is shown with
    /// the fault: no station should take it, and one may. Resets and status requests act on the link whatever they
    /// hold.
    fn link_frame(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        frame: &Frame<'_>,
        (place, echo): (gridtap_model::Place, bool),
    ) {
        let function = frame.header.function();
        let acts_on_link = !function.primary || matches!(function.code, 0 | 1 | 9);
        let mut octets = [0_u8; FRAME_OCTETS_MAX];
        let mut length = 0_usize;
        for (octet, slot) in frame.user_data().flatten().zip(octets.iter_mut()) {
            *slot = *octet;
            length = length.saturating_add(1);
        }
        let held = octets.get(..length).unwrap_or_default().split_first();
        let whole = held.filter(|(header, _)| {
            let header = TransportHeader(**header);
            !acts_on_link && header.is_first() && header.is_final()
        });
        let said = Said { frame, place, transport: None, known: None, echo };
        let counters = &mut reading.stage.shared.counters;
        match whole.and_then(|(_, fragment)| Fragment::of(fragment)) {
            Some(fragment) => {
                count(&mut counters.dnp3_fragments);
                self.course.fragment(reading, &said, &fragment);
            }
            None => {
                count(&mut counters.dnp3_link_frames);
                self.course.link(reading, &said, None);
            }
        }
    }
}

/// A frame of a master that told the line nothing new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    /// The link addresses of device and master.
    pair: (u16, u16),
    zone: Zone,
    direction: Direction,
    called: bool,
    /// By the count of changes of what is known of lines.
    at: u64,
}

/// Takes note of who asks whom; says whether a frame is what the other side was told before, given back by the line.
fn note_line(
    reading: &mut Reading<'_, '_, '_>,
    header: &LinkHeader,
    last: &mut Option<Asked>,
) -> bool {
    if !header.control.from_master() {
        return false;
    }
    let Reading { stage, speakers, direction } = reading;
    let called = is_called(speakers, *direction);
    let asked = Asked {
        pair: (header.destination.0, header.source.0),
        zone: speakers.zone,
        direction: *direction,
        called,
        at: stage.shared.lines.changes(),
    };
    // Masters say the same to the same, frame after frame.
    if *last == Some(asked) {
        return false;
    }
    let [source, destination] = ends(speakers, *direction);
    let at = |host| OnLine {
        zone: speakers.zone,
        host,
        device: header.destination.0,
        master: header.source.0,
    };
    let said =
        GivenBack { to: destination.address, everybody: header.destination.is_broadcast(), called };
    let echo = stage.shared.lines.is_echo(speakers.group(), at(source.address), said);
    if !echo {
        let asker = Asker { host: source.address, conversation: speakers.conversation };
        stage.shared.lines.ask(speakers.group(), at(destination.address), asker);
    }
    let is_old = !echo && stage.shared.lines.changes() == asked.at;
    *last = is_old.then_some(asked);
    echo
}

/// Whether who speaks in a direction was called by the other side: by its handshake, else by the ports.
fn is_called(speakers: &Speakers, direction: Direction) -> bool {
    if speakers.handshake {
        return direction == Direction::Backward;
    }
    let [source, destination] = ends(speakers, direction);
    is_home(source) && !is_home(destination)
}

/// A frame that ends before its length says: a datagram says so; a stream may go on unheard.
fn cut(reading: &Reading<'_, '_, '_>, length: u8) -> Option<Fault> {
    match reading.speakers.transport {
        Transport::Udp => fault(FaultKind::Truncated, length.into(), 0),
        Transport::Tcp => None,
    }
}

/// What is wrong with the segments, and whether no loss can explain it: a datagram is lost without a trace.
fn segments(reading: &Reading<'_, '_, '_>, brought: &Brought<'_>) -> Option<(Fault, bool)> {
    let (found, expected): (u32, u32) = match brought.segment.fault? {
        TransportFault::NoFirst { sequence, .. } | TransportFault::Unfinished { sequence, .. } => {
            (sequence.into(), 0)
        }
        TransportFault::Sequence { expected, found, .. } => (found.into(), expected.into()),
        TransportFault::Oversize { octets_max } => (octets_max, octets_max),
        _ => return None,
    };
    let sure = brought.certain && reading.speakers.transport == Transport::Tcp;
    Some((Fault { kind: FaultKind::Segments, found, expected }, sure))
}

/// How many octets come before a whole frame that is inside of what another claims.
pub(super) fn before_a_frame(carry: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let rest = carry.get(at..)?;
        let octets = match frame(rest, Ending::Closed) {
            Found::Frame(_) => return (at > 0).then_some(at),
            Found::Damaged(damaged) => damaged.octets(),
            Found::Skipped(skipped) => skipped.octets,
            Found::More(_) => return None,
        };
        at = at.saturating_add(octets);
    }
}

pub(super) const fn count_many(counter: &mut u64, more: u64) {
    *counter = counter.saturating_add(more);
}

pub(super) const fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
