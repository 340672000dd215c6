//! Whose conversations are heard together.

use core::net::IpAddr;

use crate::{Endpoint, Protocol};

/// The conversations that know of each other at once: all that go to one server on the port of a protocol that we
/// decode; of others, those between two hosts. What is heard in one group is told the same whatever is heard in others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group([IpAddr; 2]);

impl Group {
    /// The group of a conversation, whichever end is named first.
    #[inline]
    #[must_use]
    pub fn of(one: Endpoint, other: Endpoint) -> Self {
        let is_server = |end: Endpoint| Protocol::of_port(end.port) != Protocol::Unknown;
        match (is_server(one), is_server(other)) {
            (true, false) => Self([one.address; 2]),
            (false, true) => Self([other.address; 2]),
            _ => Self::of_hosts(one.address, other.address),
        }
    }

    /// The group of what two hosts say to each other without ports.
    #[inline]
    #[must_use]
    pub fn of_hosts(one: IpAddr, other: IpAddr) -> Self {
        Self(if one <= other { [one, other] } else { [other, one] })
    }

    /// The server, or the lower address of two hosts, and the other host.
    #[inline]
    #[must_use]
    pub const fn hosts(self) -> [IpAddr; 2] {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_speak_with_a_server_are_one_group_and_others_go_by_two() {
        let at = |last: u8, port| Endpoint::new(IpAddr::from([10, 0, 0, last]), port);
        let server = Group::of(at(1, 50_000), at(9, 20_000));
        assert_eq!(server, Group::of(at(9, 20_000), at(2, 50_001)));
        assert_eq!(server, Group::of(at(2, 50_002), at(9, 502)));
        let peers = Group::of(at(9, 20_000), at(2, 20_000));
        assert_eq!(peers, Group::of(at(2, 80), at(9, 50_000)));
        assert_ne!(peers, server);
    }
}
