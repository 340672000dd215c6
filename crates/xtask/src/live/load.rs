//! What sends: a capture in memory, many frames a call, at a pace.
//!
//! It sends on a packet socket. The pairs of virtual Ethernets that it is for have no queue, so that nothing stands between
//! the call and who hears. Where a capture is over before the time is, it begins anew with other addresses: the same
//! octets with the same numbers again would be work of another kind for what follows connections.

use std::fs::File;
use std::io::IoSlice;
use std::ops::Range;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use gridtap_capture::Reader;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, MultiHeaders, SockFlag, SockType, bind, sendmmsg, socket,
};

use super::now;

/// A capture in memory.
pub(crate) struct Load {
    octets: Vec<u8>,
    frames: Vec<Range<usize>>,
}

/// What was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sent {
    pub(crate) frames: u64,
    /// How long it took.
    pub(crate) spent: Duration,
    /// How often the capture began anew.
    pub(crate) rounds: u8,
}

/// Frames of one call.
pub(crate) const AT_ONCE: usize = 64;

impl Load {
    /// Reads all frames of a capture.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| name.clone())?;
        let mut reader = Reader::new(&name, 0, Box::new(file))?;
        let (mut octets, mut frames) = (Vec::new(), Vec::new());
        while let Some(frame) = reader.next()? {
            let begin = octets.len();
            octets.extend_from_slice(frame.bytes);
            frames.push(begin..octets.len());
        }
        if frames.is_empty() {
            bail!("{name}: no frames");
        }
        Ok(Self { octets, frames })
    }

    /// Sends at an interface of this thread's network until so much time has passed.
    pub(crate) fn send(&mut self, interface: &str, rate: u64, time: Duration) -> Result<Sent> {
        let mut outlet = Outlet::open(interface)?;
        let (began, mut sent) = (now(), Sent::default());
        loop {
            let frames = &self.frames;
            for chunk in frames.chunks(AT_ONCE) {
                let frames = chunk.iter().map(|frame| self.octets.get(frame.clone()));
                outlet.send(frames.map(Option::unwrap_or_default))?;
                sent.frames += u64::try_from(chunk.len())?;
                sent.spent = began.elapsed();
                if sent.spent >= time {
                    return Ok(sent);
                }
                let due = Duration::from_nanos(sent.frames.saturating_mul(1_000_000_000) / rate);
                // Short waits are waited out: nothing wakes so exactly.
                if let Some(early) = due.checked_sub(sent.spent)
                    && early > Duration::from_micros(200)
                {
                    sleep(early - Duration::from_micros(100));
                }
                while began.elapsed() < due {
                    std::hint::spin_loop();
                }
            }
            sent.rounds = sent.rounds.wrapping_add(1);
            for frame in &self.frames {
                if let Some(frame) = self.octets.get_mut(frame.clone()) {
                    readdress(frame);
                }
            }
        }
    }
}

/// Where frames go out, many a call.
pub(crate) struct Outlet {
    socket: OwnedFd,
    headers: MultiHeaders<LinkAddr>,
}

impl Outlet {
    /// At an interface of this thread's network.
    pub(crate) fn open(interface: &str) -> Result<Self> {
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)
            .context("a packet socket needs root")?;
        bind(socket.as_raw_fd(), &link_address(interface)?)?;
        Ok(Self { socket, headers: MultiHeaders::preallocate(AT_ONCE, None) })
    }

    /// Sends all of them, which are at most [`AT_ONCE`].
    pub(crate) fn send<'a>(&mut self, frames: impl Iterator<Item = &'a [u8]>) -> Result<()> {
        let slices: Vec<[IoSlice<'_>; 1]> = frames.map(|frame| [IoSlice::new(frame)]).collect();
        let addresses = [None; AT_ONCE];
        let mut from = 0;
        while let Some(rest) = slices.get(from..).filter(|rest| !rest.is_empty()) {
            let at = addresses.get(..rest.len()).unwrap_or_default();
            let flags = MsgFlags::empty();
            let socket = self.socket.as_raw_fd();
            match sendmmsg(socket, &mut self.headers, rest, at, [], flags) {
                Ok(done) => from += done.count(),
                Err(Errno::ENOBUFS | Errno::EAGAIN | Errno::EINTR) => {}
                Err(error) => return Err(error).context("sending"),
            }
        }
        Ok(())
    }
}

fn link_address(interface: &str) -> Result<LinkAddr> {
    let of_link = getifaddrs()?
        .filter(|found| found.interface_name == interface)
        .find_map(|found| found.address?.as_link_addr().copied());
    of_link.with_context(|| format!("there is no interface {interface}"))
}

/// Gives both ends of an IPv4 packet the next address in the second octet, and mends its checksums: those of the header,
/// and of TCP or UDP.
fn readdress(frame: &mut [u8]) {
    let mut at = 12;
    while frame.get(at..at + 2) == Some(&[0x81, 0]) {
        at += 4;
    }
    let Some([0x08, 0x00, first, ..]) = frame.get(at..) else { return };
    let header = usize::from(first & 0x0F) * 4;
    let ip = at + 2;
    let transport = frame.get(ip + 9).copied();
    let mut sums = vec![ip + 10];
    match transport {
        Some(6) => sums.push(ip + header + 16),
        Some(17) => sums.push(ip + header + 6),
        _ => {}
    }
    for address in [ip + 12, ip + 16] {
        let Some(octet) = frame.get_mut(address + 1) else { return };
        let (old, new) = (*octet, octet.wrapping_add(1));
        *octet = new;
        for sum in &sums {
            let Some([high, low]) = frame.get_mut(*sum..*sum + 2) else { continue };
            // RFC 1624, equation 3: the octet is the low half of its word.
            let before = u32::from(!u16::from_be_bytes([*high, *low]));
            let changed = before + u32::from(!u16::from(old)) + u32::from(new);
            let folded = (changed & 0xFFFF) + (changed >> 16);
            let folded = (folded & 0xFFFF) + (folded >> 16);
            if let Ok(folded) = u16::try_from(folded) {
                [*high, *low] = (!folded).to_be_bytes();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(words: &[u8]) -> u16 {
        let words = words.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
        let mut sum: u32 = words.sum();
        while sum > 0xFFFF {
            sum = (sum & 0xFFFF) + (sum >> 16);
        }
        u16::try_from(sum).unwrap()
    }

    /// A TCP segment with right checksums, in a VLAN.
    fn segment() -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x81, 0, 0, 7, 0x08, 0]);
        frame.extend([0x45, 0, 0, 42, 0, 1, 0x40, 0, 64, 6, 0, 0, 10, 255, 1, 2, 10, 3, 1, 9]);
        frame.extend([0x9C, 0x40, 1, 0xF6, 0, 0, 0, 9, 0, 0, 0, 8, 0x50, 0x18, 1, 0, 0, 0, 0, 0]);
        frame.extend([0xAB, 0xCD]);
        let header = !sum(&frame[18..38]);
        frame[28..30].copy_from_slice(&header.to_be_bytes());
        let pseudo = [&frame[30..38], &[0, 6, 0, 22][..], &frame[38..]].concat();
        let segment = !sum(&pseudo);
        frame[54..56].copy_from_slice(&segment.to_be_bytes());
        frame
    }

    #[test]
    fn other_addresses_have_right_checksums() {
        let mut frame = segment();
        for round in 1..=300_u16 {
            readdress(&mut frame);
            assert_eq!(frame[31], 255_u8.wrapping_add(u8::try_from(round % 256).unwrap()));
            assert_eq!(sum(&frame[18..38]), 0xFFFF, "round {round}");
            let pseudo = [&frame[30..38], &[0, 6, 0, 22][..], &frame[38..]].concat();
            assert_eq!(sum(&pseudo), 0xFFFF, "round {round}");
        }
    }
}
