//! Ways past a monitor, each with the command in it.

use super::line::{
    ACK, FIN, Line, PUSH, RST, SYN, Segment, Sum, URGENT, ethernet, poll, polled, trip,
};

/// What has to come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The command is reported.
    Told,
    /// That something was not decoded is counted.
    Counted(&'static str),
}

/// One way.
pub(super) struct Case {
    pub name: &'static str,
    pub wanted: Wanted,
    pub line: Line,
}

fn told(name: &'static str, line: Line) -> Case {
    Case { name, wanted: Wanted::Told, line }
}

/// The command after two polls, sent as `way` says.
fn after_polls(name: &'static str, way: impl Fn(&mut Line)) -> Case {
    let mut line = Line::opened();
    way(&mut line);
    told(name, line)
}

pub(super) fn all() -> Vec<Case> {
    let mut all = overlaps();
    all.extend(decoys());
    all.extend(fragments());
    all.extend(sessions());
    all.extend(carriers());
    all.extend(messages());
    all.extend(counted());
    all
}

/// A decoy of the command's length.
fn decoy() -> Vec<u8> {
    poll(900)
}

/// Octets of the command from one place to another, at their place.
fn part(line: &Line, whole: &[u8], from: usize, to: usize) -> Segment {
    line.master(&whole[from..to]).at(line.asked + u32::try_from(from).unwrap())
}

#[expect(clippy::too_many_lines, reason = "a list, a way a paragraph")]
fn overlaps() -> Vec<Case> {
    let pieces = |line: &Line| -> Vec<Segment> {
        (0..trip().len()).map(|at| part(line, &trip(), at, at + 1)).collect()
    };
    vec![
        after_polls("overlap: a poll, then the command in its place", |line| {
            let both = [line.master(&decoy()), line.master(&trip())];
            line.tripped_by(&both);
        }),
        after_polls("overlap: the command, then a poll in its place", |line| {
            let both = [line.master(&trip()), line.master(&decoy())];
            line.tripped_by(&both);
        }),
        after_polls("overlap: ahead of a gap, a poll first", |line| {
            let all = [
                part(line, &decoy(), 4, 12),
                part(line, &trip(), 4, 12),
                part(line, &trip(), 0, 4),
            ];
            line.tripped_by(&all);
        }),
        after_polls("overlap: ahead of a gap, the command first", |line| {
            let all = [
                part(line, &trip(), 4, 12),
                part(line, &decoy(), 4, 12),
                part(line, &trip(), 0, 4),
            ];
            line.tripped_by(&all);
        }),
        after_polls("overlap: the function code twice, the poll's first", |line| {
            let all = [part(line, &decoy(), 0, 8), part(line, &trip(), 4, 12)];
            line.tripped_by(&all);
        }),
        after_polls("overlap: the function code twice, the command's first", |line| {
            let all = [
                part(line, &trip(), 0, 8),
                part(line, &[&decoy()[..8], &trip()[8..]].concat(), 4, 12),
            ];
            line.tripped_by(&all);
        }),
        after_polls("overlap: a segment that begins before and ends behind", |line| {
            let all = [
                part(line, &decoy(), 6, 10),
                part(line, &trip(), 5, 12),
                part(line, &trip(), 0, 6),
            ];
            line.tripped_by(&all);
        }),
        after_polls("overlap: after the device has acknowledged a poll", |line| {
            let (first, second) = (line.master(&decoy()), line.master(&trip()));
            line.send(&first);
            line.has_asked(&decoy());
            line.send(&line.device(&[]).flags(ACK));
            line.send(&second);
            line.answer(&trip());
            line.polls(1);
        }),
        after_polls("overlap: a poll is sent again with the command behind it", |line| {
            let (first, again) = (line.master(&poll(7)), line.master(&[poll(7), trip()].concat()));
            line.send(&first);
            line.send(&again);
            line.has_asked(&poll(7));
            line.answer(&polled(7));
            line.has_asked(&trip());
            line.taken();
        }),
        after_polls("segments of one octet", |line| {
            let all = pieces(line);
            line.tripped_by(&all);
        }),
        after_polls("segments of one octet, the last first", |line| {
            let mut all = pieces(line);
            all.reverse();
            line.tripped_by(&all);
        }),
        after_polls("segments of one octet, the odd ones first, all twice", |line| {
            let each = pieces(line);
            let odd = each.iter().skip(1).step_by(2);
            let all: Vec<Segment> =
                odd.chain(each.iter().step_by(2)).chain(&each).cloned().collect();
            line.tripped_by(&all);
        }),
        after_polls("segments of one octet among polls ahead of them", |line| {
            let mut all = vec![part(line, &[&trip()[..], &poll(77)].concat(), 12, 24)];
            all.extend(pieces(line));
            line.tripped_by(&all);
        }),
    ]
}

/// Something that the device drops, in the place of the command and before it.
#[expect(clippy::too_many_lines, reason = "a list, a way a paragraph")]
fn decoys() -> Vec<Case> {
    let before = |name, of: fn(Segment) -> Segment| {
        after_polls(name, move |line| {
            let both = [of(line.master(&decoy())), line.master(&trip())];
            line.tripped_by(&both);
        })
    };
    // Timestamps (RFC 7323): no-operation twice, kind 8, length 10, value, echo.
    let stamped = |value: u32| [&[1, 1, 8, 10][..], &value.to_be_bytes(), &[0, 0, 0, 1]].concat();
    vec![
        before("decoy: a poll with a wrong TCP checksum", |segment| segment.sum(Sum::Wrong)),
        before("decoy: a poll whose hops end before the device", |segment| segment.hops(1)),
        before("decoy: a poll without ACK", |segment| segment.flags(PUSH)),
        before("decoy: a poll with no flags at all", |segment| segment.flags(0)),
        before("decoy: a poll with SYN in mid-session", |segment| segment.flags(SYN | ACK)),
        before("decoy: a poll with FIN and RST", |segment| segment.flags(FIN | RST | PUSH | ACK)),
        before("decoy: a poll that acknowledges what was never sent", |mut segment| {
            segment.acknowledges += 1_000_000;
            segment
        }),
        before("decoy: a poll with an MD5 signature (RFC 2385) of nobody", |segment| {
            segment.options(&[&[1, 1, 19, 18][..], &[7; 16]].concat())
        }),
        after_polls("decoy: a poll with an old timestamp (RFC 7323)", move |line| {
            let both = [
                line.master(&decoy()).options(&stamped(5)),
                line.master(&trip()).options(&stamped(500)),
            ];
            line.send(&line.master(&[]).flags(ACK).options(&stamped(400)));
            line.tripped_by(&both);
        }),
        after_polls("decoy: a poll with a wrong IP checksum", |line| {
            let mut packet = line.master(&decoy()).packet();
            packet[10] ^= 0x5A;
            line.send_packet(&packet);
            let command = [line.master(&trip())];
            line.tripped_by(&command);
        }),
        after_polls("decoy: a poll far outside the window", |line| {
            let far = line.master(&decoy()).at(line.asked + 1_000_000);
            let both = [far, line.master(&trip())];
            line.tripped_by(&both);
        }),
        after_polls("decoy: a poll before the window", |line| {
            let old = line.master(&decoy()).at(line.asked.wrapping_sub(12));
            let both = [old, line.master(&trip())];
            line.tripped_by(&both);
        }),
        after_polls("decoy: a keep-alive with an octet of its own", |line| {
            let old = line.master(&[0x55]).at(line.asked.wrapping_sub(1));
            let both = [old, line.master(&trip())];
            line.tripped_by(&both);
        }),
        after_polls("decoy: a header length beyond the packet", |line| {
            let mut broken = line.master(&decoy()).packet();
            broken[32] = 0xF0;
            line.send_packet(&broken);
            let command = [line.master(&trip())];
            line.tripped_by(&command);
        }),
        after_polls("decoy: an octet that is urgent, taken out by the device", |line| {
            let mut bytes = trip();
            bytes.insert(6, 0x41);
            let mut segment = line.master(&bytes).flags(URGENT | PUSH | ACK);
            segment.urgent = 7;
            line.send(&segment);
            line.has_asked(&bytes);
            line.taken();
        }),
        after_polls("the urgent pointer behind the command", |line| {
            let mut segment = line.master(&trip()).flags(URGENT | PUSH | ACK);
            segment.urgent = 200;
            line.tripped_by(&[segment]);
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a list, a way a paragraph")]
fn fragments() -> Vec<Case> {
    let cut = |name, octets: usize, order: fn(&mut Vec<Vec<u8>>)| {
        after_polls(name, move |line| {
            let mut pieces = line.master(&trip()).fragments(octets);
            order(&mut pieces);
            pieces.iter().for_each(|piece| line.send_packet(piece));
            line.has_asked(&trip());
            line.taken();
        })
    };
    let six = |name, way: fn(&mut Line)| {
        let mut line = Line { is_six: true, ..Line::silent() };
        line.open();
        way(&mut line);
        line.has_asked(&trip());
        line.taken();
        told(name, line)
    };
    let overlapping = |name, is_command_first: bool| {
        after_polls(name, move |line| {
            let (command, poll) = (line.master(&trip()), line.master(&decoy()));
            let (ours, theirs) = (command.fragments(24), poll.fragments(24));
            let both =
                if is_command_first { [&ours[1], &theirs[1]] } else { [&theirs[1], &ours[1]] };
            // The checksum in the first piece says which of them the device takes.
            line.send_packet(both[0]);
            line.send_packet(both[1]);
            line.send_packet(&ours[0]);
            line.has_asked(&trip());
            line.taken();
        })
    };
    vec![
        cut("fragments of 8 octets", 8, |_| {}),
        cut("fragments of 8 octets, the last first", 8, |pieces| pieces.reverse()),
        cut("fragments, each twice", 16, |pieces| {
            let again = pieces.clone();
            pieces.extend(again);
        }),
        cut("fragments of 24 octets: the header whole, the message behind it", 24, |_| {}),
        overlapping("fragments that differ, the command's first", true),
        overlapping("fragments that differ, the poll's first", false),
        after_polls("fragments ten seconds apart", |line| {
            let pieces = line.master(&trip()).fragments(16);
            line.send_packet(&pieces[0]);
            line.wait(10);
            line.send_packet(&pieces[1]);
            line.has_asked(&trip());
            line.taken();
        }),
        six("IPv6: fragments", |line| {
            line.master(&trip()).fragments(8).iter().for_each(|piece| line.send_packet(piece));
        }),
        six("IPv6: a fragment header on a whole packet (RFC 6946)", |line| {
            line.master(&trip()).fragments(64).iter().for_each(|piece| line.send_packet(piece));
        }),
        six("IPv6: hop-by-hop, routing and destination options", |line| {
            let segment = line.master(&trip());
            let chain = [
                &[43, 0, 1, 4, 0, 0, 0, 0][..],
                &[60, 0, 4, 0, 0, 0, 0, 0],
                &[6, 0, 1, 4, 0, 0, 0, 0],
            ];
            line.send_packet(&segment.six(0, &[chain.concat(), segment.transport()].concat()));
        }),
        six("IPv6: seven destination options", |line| {
            let segment = line.master(&trip());
            let mut chain = [60, 0, 1, 4, 0, 0, 0, 0].repeat(6);
            chain.extend([6, 0, 1, 4, 0, 0, 0, 0]);
            line.send_packet(&segment.six(60, &[chain, segment.transport()].concat()));
        }),
        after_polls("IPv4: options", |line| {
            let segment = line.master(&trip());
            line.send_packet(&segment.four(6, 0, &[1, 1, 1, 0], &segment.transport()));
            line.has_asked(&trip());
            line.taken();
        }),
        after_polls("IPv4: source routing", |line| {
            let segment = line.master(&trip());
            let route = [131, 7, 8, 10, 0, 0, 21, 0];
            line.send_packet(&segment.four(6, 0, &route, &segment.transport()));
            line.has_asked(&trip());
            line.taken();
        }),
    ]
}

#[expect(clippy::too_many_lines, reason = "a list, a way a paragraph")]
fn sessions() -> Vec<Case> {
    let reset = |name, of: fn(Segment) -> Segment| {
        after_polls(name, move |line| {
            let both = [of(line.master(&[]).flags(RST | ACK)), line.master(&trip())];
            line.tripped_by(&both);
        })
    };
    let without = |name, unheard: fn(&Segment) -> bool| {
        let mut line = Line::silent();
        let heard = |line: &mut Line, segment: Segment| {
            if !unheard(&segment) {
                line.send(&segment);
            }
        };
        let first = [line.master(&[]).flags(SYN), line.device(&[]).flags(SYN | ACK)];
        first.into_iter().for_each(|segment| heard(&mut line, segment));
        for transaction in 0..3 {
            let request = if transaction == 2 { trip() } else { poll(transaction) };
            let response = if transaction == 2 { trip() } else { polled(transaction) };
            let asked = line.master(&request);
            heard(&mut line, asked);
            line.has_asked(&request);
            let answered = line.device(&response);
            heard(&mut line, answered);
            line.answered += u32::try_from(response.len()).unwrap();
        }
        told(name, line)
    };
    let mut all = vec![
        reset("a reset outside the window", |segment| {
            let at = segment.at + 100_000;
            segment.at(at)
        }),
        reset("a reset with a wrong checksum", |segment| segment.sum(Sum::Wrong)),
        reset("a reset in the window, not where it is due (RFC 5961)", |segment| {
            let at = segment.at + 100;
            segment.at(at)
        }),
        reset("a reset whose hops end before the device", |segment| segment.hops(1)),
        reset("a FIN outside the window", |segment| {
            let at = segment.at + 100_000;
            segment.at(at).flags(FIN | ACK)
        }),
        reset("a FIN with a wrong checksum", |segment| segment.sum(Sum::Wrong).flags(FIN | ACK)),
        after_polls("the command with the FIN", |line| {
            let last = line.master(&trip()).flags(FIN | PUSH | ACK);
            line.send(&last);
            line.has_asked(&trip());
            line.answer(&trip());
        }),
        after_polls("the command after the device's FIN", |line| {
            line.send(&line.device(&[]).flags(FIN | ACK));
            line.ask(&trip());
        }),
        after_polls("a new connection from the same port right behind a reset", |line| {
            line.send(&line.master(&[]).flags(RST | ACK));
            let mut second = Line { starts: [0x7777_0000, 0x8888_0000], ..Line::silent() };
            second.wait(1);
            second.open();
            second.ask(&trip());
            second.taken();
            line.frames.extend(second.frames);
        }),
        without("no handshake, both sides", |segment| segment.flags & SYN != 0),
        without("only the master is heard", |segment| !segment.by_master),
        without("only the master is heard, and no handshake", |segment| {
            !segment.by_master || segment.flags & SYN != 0
        }),
    ];
    let mut line = Line { starts: [u32::MAX - 29, 0xFFFF_FFFA], ..Line::silent() };
    line.open();
    line.ask(&trip());
    line.taken();
    all.push(told("sequence numbers begin anew within the command", line));
    let mut line = Line::silent();
    line.send(&line.master(&trip()).flags(SYN));
    line.has_asked(&trip());
    line.send(&line.device(&[]).flags(SYN | ACK));
    line.taken();
    all.push(told("the command with the SYN", line));
    let mut line = Line::silent();
    line.send(&line.master(&[]).flags(SYN));
    line.send(&line.device(&[]).flags(SYN));
    line.send(&line.master(&[]).flags(SYN | ACK));
    line.send(&line.device(&[]).flags(SYN | ACK));
    line.ask(&trip());
    line.taken();
    all.push(told("both sides open at once", line));
    let mut line = Line::silent();
    let forged = Line { starts: [0x4444_0000, 0x9ABC_DEF0], ..Line::silent() };
    line.send(&forged.master(&[]).flags(SYN));
    line.open();
    line.ask(&trip());
    line.taken();
    all.push(told("a SYN of another number before the right one", line));
    let mut line = Line::silent();
    line.send(&line.master(&[]).flags(SYN));
    let forged = Line { starts: [0x1234_5678, 0x5555_0000], ..Line::silent() };
    line.send(&forged.device(&[]).flags(SYN | ACK).hops(1));
    line.send(&line.device(&[]).flags(SYN | ACK));
    line.send(&line.master(&[]).flags(ACK));
    line.polls(2);
    line.ask(&trip());
    line.taken();
    all.push(told("a forged answer to the SYN before the right one", line));
    all
}

fn carriers() -> Vec<Case> {
    let carried = |name, carrier: fn(&[u8]) -> Vec<u8>| {
        let mut line = Line::opened();
        line.ask(&trip());
        line.taken();
        told(name, line.carried(carrier))
    };
    vec![
        carried("VLAN", |frame| tagged(frame, &[0x81, 0, 0, 5])),
        carried("VLAN in VLAN", |frame| tagged(frame, &[0x88, 0xA8, 0, 9, 0x81, 0, 0, 5])),
        carried("three VLAN tags", |frame| {
            tagged(frame, &[0x88, 0xA8, 0, 9, 0x81, 0, 0, 5, 0x81, 0, 0, 6])
        }),
        carried("IEEE 802.3 with SNAP", |frame| {
            let packet = ip_of(frame);
            let length = u16::try_from(packet.len() + 8).unwrap();
            let behind = [&[0xAA, 0xAA, 3, 0, 0, 0, 8, 0][..], packet].concat();
            [&frame[..12], &length.to_be_bytes(), &behind].concat()
        }),
        carried("MPLS", |frame| [&frame[..12], &[0x88, 0x47, 0, 1, 1, 64], &frame[14..]].concat()),
        carried("PPPoE", |frame| {
            let packet = ip_of(frame);
            let length = u16::try_from(packet.len() + 2).unwrap().to_be_bytes();
            let head = [0x88, 0x64, 0x11, 0, 0, 1, length[0], length[1], 0, 0x21];
            [&frame[..12], &head, packet].concat()
        }),
        carried("IP in IP", |frame| outer(4, ip_of(frame))),
        carried("GRE", |frame| outer(47, &[&[0, 0, 8, 0], ip_of(frame)].concat())),
        carried("GRE with Ethernet in it", |frame| {
            outer(47, &[&[0, 0, 0x65, 0x58], frame].concat())
        }),
        carried("VXLAN", |frame| {
            let length = u16::try_from(16 + frame.len()).unwrap().to_be_bytes();
            let udp = [0xC0, 1, 0x12, 0xB5, length[0], length[1], 0, 0, 8, 0, 0, 0, 0, 0, 7, 0];
            outer(17, &[&udp, frame].concat())
        }),
        carried("IP in IP in IP in a VLAN", |frame| {
            tagged(&outer(4, ip_of(&outer(4, ip_of(frame)))), &[0x81, 0, 0, 5])
        }),
        carried("octets of the link layer behind the packet", |frame| {
            [frame, &poll(3)[..], &[0; 40]].concat()
        }),
    ]
}

fn tagged(frame: &[u8], tags: &[u8]) -> Vec<u8> {
    [&frame[..12], tags, &frame[12..]].concat()
}

/// The packet in a frame, without what the link layer has padded.
fn ip_of(frame: &[u8]) -> &[u8] {
    let length = usize::from(u16::from_be_bytes([frame[16], frame[17]]));
    &frame[14..14 + length]
}

fn outer(kind: u8, payload: &[u8]) -> Vec<u8> {
    ethernet(true, 0x0800, &Line::silent().master(&[]).four(kind, 0, &[], payload))
}

fn messages() -> Vec<Case> {
    let asked = |name, bytes: &dyn Fn() -> Vec<u8>| {
        let mut line = Line::opened();
        line.ask(&bytes());
        line.taken();
        told(name, line)
    };
    let mut all = vec![
        asked("as the fortieth message of a segment", &|| {
            [(0..39).flat_map(poll).collect(), trip()].concat()
        }),
        asked("behind octets that are no message", &|| {
            [b"GET / HTTP/1.1".to_vec(), trip()].concat()
        }),
        asked("behind a message that lies about its length", &|| {
            let mut lie = poll(8);
            lie[5] = 60;
            [lie, trip()].concat()
        }),
        asked("behind a message of protocol 1", &|| {
            let mut other = poll(8);
            other[3] = 1;
            [other, trip()].concat()
        }),
        asked("a function code with the high bit before it", &|| {
            let mut odd = poll(8);
            odd[7] = 0x85;
            [odd, trip()].concat()
        }),
        after_polls("behind a segment that was lost", |line| {
            line.has_asked(&poll(8));
            line.answer(&polled(8));
            line.ask(&trip());
            line.taken();
        }),
        after_polls("behind a segment that was lost, without an answer", |line| {
            line.has_asked(&poll(8));
            line.ask(&trip());
            line.taken();
        }),
        after_polls("with the number of a poll that is not answered yet", |line| {
            line.ask(&poll(900));
            line.ask(&trip());
            line.answer(&polled(900));
            line.taken();
        }),
        after_polls("every frame captured twice", |line| {
            line.ask(&trip());
            line.taken();
            line.frames =
                line.frames.iter().flat_map(|frame| [frame.clone(), frame.clone()]).collect();
        }),
    ];
    for (name, port, is_datagram, sum) in [
        ("on another port", 4_502, false, Sum::Right),
        ("over UDP", 502, true, Sum::Right),
        ("over UDP without a checksum", 502, true, Sum::None),
        ("with checksums that the network card fills in", 502, false, Sum::Wrong),
    ] {
        let mut line = Line { port, is_datagram, sum, ..Line::silent() };
        line.open();
        line.ask(&trip());
        line.taken();
        all.push(told(name, line));
    }
    all
}

/// What no monitor can read, and must not pass over.
fn counted() -> Vec<Case> {
    let mut all = Vec::new();
    let mut half = Line::opened();
    half.send(&part(&half, &trip(), 0, 5));
    half.has_asked(&trip());
    half.answer(&trip());
    half.polls(1);
    all.push(("half of the command was lost", "missing", half));
    let mut lost = Line::opened();
    lost.has_asked(&trip());
    lost.answer(&trip());
    lost.polls(1);
    all.push(("all of the command was lost", "missing", lost));
    let mut first = Line::opened();
    let pieces = first.master(&trip()).fragments(16);
    first.send_packet(&pieces[0]);
    first.polls(1);
    first.wait(120);
    first.polls(1);
    all.push(("a fragment never came", "not_followed", first));
    let mut nested = Line::opened();
    nested.ask(&trip());
    nested.taken();
    let nested = nested.carried(|frame| {
        let packet =
            (0..20).fold(ip_of(frame).to_vec(), |packet, _| ip_of(&outer(4, &packet)).to_vec());
        ethernet(true, 0x0800, &packet)
    });
    all.push(("nested twenty times", "not_followed", nested));
    let mut hidden = Line::opened();
    let secret: Vec<u8> = (0..200_u32).map(|nth| (nth * 167 % 251) as u8).collect();
    hidden.ask(&secret);
    hidden.answer(&secret);
    all.push(("octets that are no message", "skipped", hidden));
    let mut half = Line::opened();
    half.ask(&[poll(8)[..7].to_vec(), trip()].concat());
    half.polls(1);
    all.push(("behind half a message, where the device finds none either", "skipped", half));
    let each = |(name, field, line)| Case { name, wanted: Wanted::Counted(field), line };
    all.into_iter().map(each).collect()
}
