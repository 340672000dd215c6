//! Addresses and ports that cannot take part in a conversation.

use core::net::IpAddr;

use gridtap_model::{Endpoint, Transport};

/// Whether no conversation can go from `source` to `destination`.
///
/// Loopback addresses are left out: captures of a loopback interface hold nothing else. So is the unspecified source
/// of a host that asks for its address.
pub(crate) fn is_impossible(transport: Transport, source: Endpoint, destination: Endpoint) -> bool {
    let asks_for_address = transport == Transport::Udp
        && matches!((source.port, destination.port), (68, 67) | (546, 547));
    source.port == 0
        || destination.port == 0
        || is_group(source.address)
        || is_reserved(source.address)
        || (source.address.is_unspecified() && !asks_for_address)
        || destination.address.is_unspecified()
        || is_reserved(destination.address)
        || (transport == Transport::Tcp && is_group(destination.address))
        || (source == destination && !source.address.is_loopback())
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    }
}

/// 240.0.0.0/4 (RFC 1112, section 4), but for the broadcast address.
fn is_reserved(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets()[0] >= 240 && !address.is_broadcast(),
        IpAddr::V6(_) => false,
    }
}
