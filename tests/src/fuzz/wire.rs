//! Any frames, and any session of any segments, through the wire.

mod account;

use gridtap_model::{Span, Timestamp};
use gridtap_wire::{Config, Frame, LinkType, Wire};

use super::packet::{Carries, Packet};
use super::script::Script;
use account::Account;

const FIN: u8 = 1;
const SYN: u8 = 2;

/// Limits that a short input reaches.
fn config() -> Config {
    Config {
        flows_max: 3,
        reassembly_bytes_max: 16 << 10,
        direction_bytes_max: 8 << 10,
        direction_segments_max: 8,
        fragment_datagrams_max: 3,
        fragment_bytes_max: 4 << 10,
        gap_patience: Span::from_secs(1),
        ..Config::default()
    }
}

/// The wire under its own account.
struct Bench {
    wire: Wire,
    config: Config,
    account: Account,
    time: i64,
    number: u64,
}

impl Bench {
    fn new() -> Self {
        let config = config();
        let wire = Wire::new(config.clone());
        Self {
            wire,
            config,
            account: Account::default(),
            time: 1_700_000_000_000_000_000,
            number: 0,
        }
    }

    fn frame(&mut self, link: LinkType, bytes: &[u8], original_length: usize) {
        self.number = self.number.saturating_add(1);
        let frame = Frame {
            time: Timestamp::from_nanos(self.time),
            capture: 0,
            number: self.number,
            link,
            bytes,
            original_length: u32::try_from(original_length).unwrap_or(u32::MAX),
        };
        let Self { wire, account, .. } = self;
        wire.frame(&frame, &mut |heard| account.heard(heard));
        self.bounds();
    }

    /// Time passes, by a power of two nanoseconds, and now and then steps back.
    fn wait(&mut self, octet: u8) {
        if octet & 0x80 != 0 {
            self.time = self.time.saturating_add(1 << (octet % 42));
        } else if octet == 0x7f {
            self.time = self.time.saturating_sub(3_000_000_000);
        }
        if octet & 0x40 != 0 {
            let Self { wire, account, time, .. } = self;
            wire.tick(Timestamp::from_nanos(*time), &mut |heard| account.heard(heard));
            self.bounds();
        }
    }

    fn bounds(&self) {
        let Config { flows_max, reassembly_bytes_max, fragment_bytes_max, .. } = self.config;
        let flows = u32::try_from(self.wire.flows()).unwrap_or(u32::MAX);
        assert!(flows <= flows_max, "{flows} flows are open");
        assert_eq!(self.wire.flows(), self.account.flows(), "every open flow was told");
        let most = reassembly_bytes_max.saturating_add(fragment_bytes_max);
        let waiting = self.wire.waiting_bytes();
        assert!(waiting <= most, "{waiting} octets wait, {most} may");
    }

    fn finish(mut self) {
        let Self { wire, account, .. } = &mut self;
        wire.finish(&mut |heard| account.heard(heard));
        assert_eq!(self.account.flows(), 0, "every flow is closed at the end");
        assert_eq!(self.wire.waiting_bytes(), 0, "nothing waits after the end");
        let _ = format!("{:?}", self.wire.counters());
    }
}

/// Octets as frames of any link type, each behind its length.
pub(super) fn any_frames(input: &[u8]) {
    const LINKS: [LinkType; 8] = [
        LinkType::Ethernet,
        LinkType::LinuxCooked1,
        LinkType::LinuxCooked2,
        LinkType::RawIp,
        LinkType::Null,
        LinkType::Ethernet,
        LinkType::RawIp,
        LinkType::Other(147),
    ];
    let mut bench = Bench::new();
    bench.account.distrust();
    let mut script = Script::new(input);
    while !script.is_empty() {
        let choice = script.u8();
        let link = LINKS.into_iter().cycle().nth(usize::from(choice & 7)).unwrap_or(LinkType::Null);
        if choice & 0x80 != 0 {
            let octet = script.u8();
            bench.wait(octet);
        }
        let length =
            if choice & 0x40 == 0 { usize::from(script.u8()) } else { usize::from(script.u16()) };
        let cut = if choice & 0x20 == 0 { 0 } else { usize::from(script.u8()) };
        let bytes = script.take(length);
        bench.frame(link, bytes, bytes.len().saturating_add(cut));
    }
    bench.finish();
}

/// Where a direction of a session stands.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    next: u32,
}

/// A script of segments of four sessions: any order, overlap, repetition, loss, flags, fragments, damage. Payload
/// is a function of its place, so that whatever is delivered must be in one piece.
pub(super) fn any_session(input: &[u8]) {
    let mut bench = Bench::new();
    let mut script = Script::new(input);
    let mut standings = [[Standing::default(); 2]; 4];
    // Near the end of the numbers, so that they wrap around.
    for (flow, standing) in standings.iter_mut().enumerate() {
        for direction in standing.iter_mut() {
            direction.next = 0xffff_f000_u32.wrapping_mul(u32::try_from(flow).unwrap_or(0));
        }
    }
    while !script.is_empty() {
        let (kind, wait) = (script.u8(), script.u8());
        bench.wait(wait);
        let (flow, direction) = (usize::from(kind & 3), usize::from(kind >> 2 & 1));
        let Some(standing) = standings.get_mut(flow) else { return };
        let both = (standing.first().copied(), standing.last().copied());
        let (Some(first), Some(second)) = both else { return };
        let (own, other) = if direction == 0 { (first, second) } else { (second, first) };
        let (mut packet, next) = step(&mut script, kind, own, other);
        if let Some(own) = standing.get_mut(direction) {
            own.next = next;
        }
        // No two datagrams share fragments.
        packet.identification = u16::try_from(bench.number & 0xffff).unwrap_or(0);
        let frames = packet.frames();
        let damaged = kind & 0x80 != 0;
        let damage = if damaged { (usize::from(script.u8()), script.u8()) } else { (0, 0) };
        for mut frame in frames {
            if let Some(octet) = frame.get_mut(damage.0) {
                *octet ^= damage.1;
            }
            if damage.1 != 0 {
                bench.account.distrust();
            }
            let length = frame.len();
            bench.frame(LinkType::Ethernet, &frame, length);
        }
    }
    bench.finish();
}

/// One packet, and where its direction stands after it.
fn step(script: &mut Script<'_>, kind: u8, own: Standing, other: Standing) -> (Packet, u32) {
    let (shape, flags) = (script.u8(), script.u8());
    let scale = [1, 16, 1460, 65_536].into_iter().nth(usize::from(shape & 3)).unwrap_or(1_i32);
    // Half of all segments follow where the last one ended.
    let jump = i32::from(script.u8().cast_signed());
    let jump = if shape & 4 == 0 { 0 } else { jump.wrapping_mul(scale) };
    let length = usize::from(script.u8()).saturating_mul(if shape & 8 == 0 { 1 } else { 6 });
    let sequence = own.next.wrapping_add_signed(jump);
    let behind = if shape & 0x10 == 0 { 0 } else { u32::from(script.u8()) };
    let host = kind & 3;
    let (direction, udp) = (kind & 4, kind & 0x18 == 0x18);
    let ports = ((host, 40_000), (host | 0x40, 502));
    let (source, destination) = if direction == 0 { ports } else { (ports.1, ports.0) };
    let salt = u32::from(kind & 7);
    let begins = if flags & SYN == 0 { sequence } else { sequence.wrapping_add(1) };
    let payload = account::payload(salt, begins, length);
    let count = u32::try_from(length).unwrap_or(0);
    let after = begins.wrapping_add(count).wrapping_add(u32::from(flags & FIN));
    let carries = if udp {
        Carries::Udp { payload }
    } else {
        let acknowledgement = other.next.wrapping_sub(behind);
        Carries::Tcp { sequence, acknowledgement, flags, payload }
    };
    let packet = Packet {
        vlan: kind & 0x20 != 0,
        version_6: kind & 0x40 != 0,
        source,
        destination,
        carries,
        checksum_wrong: shape & 0x20 != 0,
        fragment_at: (shape & 0x40 != 0).then_some(24),
        identification: 0,
    };
    let next = if udp || jump != 0 { own.next } else { after };
    (packet, next)
}
