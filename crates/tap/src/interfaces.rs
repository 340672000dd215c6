//! The interfaces of this machine, or of the network namespace that the caller is in: nothing is opened, and no right
//! needed.

use core::ffi::c_int;
use std::collections::BTreeMap;
use std::fs;
use std::io;

use gridtap_wire::LinkType;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// An interface of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `eth1`.
    pub name: String,
    /// Whether it is switched on, and has a carrier.
    pub is_up: bool,
    /// Megabits a second, where it says so.
    pub speed_mbit: Option<u64>,
    /// Whether its frames can be decoded.
    pub is_decoded: bool,
    /// Since it came up.
    pub counts: Counts,
}

/// What an interface counts of what it received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames.
    pub packets: u64,
    /// Octets.
    pub bytes: u64,
    /// Frames that it lost before any program could have them.
    pub drops: u64,
}

/// What is known of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) index: c_int,
    /// Its type, as linux/if_arp.h numbers them.
    pub(crate) kind: u32,
    pub(crate) is_up: bool,
}

/// Those that there are now, by name.
///
/// # Errors
/// The system does not say.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let all = all()?;
    Ok(all
        .into_iter()
        .map(|(name, known)| Interface {
            is_up: known.is_up,
            speed_mbit: of_sys(&name, known.index, "speed"),
            is_decoded: link(known.kind).is_some(),
            counts: counts(&name).unwrap_or_default(),
            name,
        })
        .collect())
}

fn all() -> io::Result<BTreeMap<String, Known>> {
    let running = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING;
    let mut all = BTreeMap::new();
    for each in getifaddrs()? {
        // Each has one such address; the others are of the protocols that it speaks.
        let link = each.address.as_ref().and_then(|address| address.as_link_addr());
        let Some(link) = link else { continue };
        let Ok(index) = c_int::try_from(link.ifindex()) else { continue };
        let (kind, is_up) = (u32::from(link.hatype()), each.flags.contains(running));
        all.insert(each.interface_name, Known { index, kind, is_up });
    }
    Ok(all)
}

/// An interface as it is now; none where it is gone.
pub(crate) fn known(name: &str) -> Option<Known> {
    all().ok()?.remove(name)
}

/// What an interface counted so far; none where it is gone.
#[must_use]
pub fn counts(name: &str) -> Option<Counts> {
    let text = fs::read_to_string("/proc/thread-self/net/dev").ok()?;
    let row = text.lines().find_map(|line| {
        let (named, row) = line.split_once(':')?;
        (named.trim() == name).then_some(row)
    })?;
    let mut row = row.split_ascii_whitespace().map(|word| word.parse::<u64>().unwrap_or(0));
    // Octets, frames, errors, drops, and overruns of its queue. The drops have in them what no protocol of this machine
    // wanted, which is most of a mirror's frames and is heard all the same.
    let (bytes, packets, overruns) = (row.next()?, row.next()?, row.nth(2)?);
    let missed =
        known(name).and_then(|known| of_sys(name, known.index, "statistics/rx_missed_errors"));
    Some(Counts { packets, bytes, drops: overruns.saturating_add(missed.unwrap_or(0)) })
}

/// A number of `/sys`, which may show another namespace's interface of that name.
fn of_sys(name: &str, index: c_int, what: &str) -> Option<u64> {
    let read = |what: &str| fs::read_to_string(format!("/sys/class/net/{name}/{what}")).ok();
    let is_it = read("ifindex")?.trim().parse() == Ok(index);
    read(what).filter(|_| is_it)?.trim().parse().ok()
}

/// What the first octets of its frames are, by its type of linux/if_arp.h.
pub(crate) const fn link(kind: u32) -> Option<LinkType> {
    match kind {
        // Ethernet, and the loopback, which has the same head.
        1 | 772 => Some(LinkType::Ethernet),
        // None, PPP, tunnels of IP in IP, and raw IP: a packet without a head.
        65534 | 512 | 768 | 769 | 776 | 778 | 519 => Some(LinkType::RawIp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_is_there_and_can_be_heard() {
        let all = interfaces().unwrap();
        let loopback = all.iter().find(|each| each.name == "lo").expect("every Linux has one");
        assert!(loopback.is_decoded);
        assert!(known("lo").is_some_and(|known| known.kind == 772));
        assert!(counts("lo").is_some());
    }

    #[test]
    fn what_is_not_there_is_not_there() {
        for name in ["", "..", "lo/statistics", "none-of-that-name"] {
            assert_eq!(known(name), None, "{name:?}");
            assert_eq!(counts(name), None, "{name:?}");
        }
    }
}
