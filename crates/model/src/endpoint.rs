//! Who speaks on the network.

use core::fmt;
use core::net::IpAddr;

/// A host and its port. Prints as `10.0.0.7:502`, IPv6 in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// The host.
    pub address: IpAddr,
    /// Its TCP or UDP port.
    pub port: u16,
}

impl Endpoint {
    /// A host and its port.
    #[must_use]
    pub const fn new(address: IpAddr, port: u16) -> Self {
        Self { address, port }
    }
}

/// The text of an [`Endpoint`].
#[derive(Debug, Clone, Copy)]
pub struct EndpointText {
    octets: [u8; ENDPOINT_BYTES_MAX],
    length: usize,
}

/// `[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535` has as many.
const ENDPOINT_BYTES_MAX: usize = 53;

impl EndpointText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let octets = self.octets.get(..self.length).unwrap_or_default();
        core::str::from_utf8(octets).unwrap_or_default()
    }

    fn push(&mut self, octet: u8) {
        if let Some(place) = self.octets.get_mut(self.length) {
            *place = octet;
            self.length = self.length.saturating_add(1);
        }
    }

    /// A number without leading zeros: divided by ten only, which costs a multiplication.
    fn number(&mut self, number: u16) {
        let mut digits = [0; 5];
        let (mut rest, mut zeros) = (number, digits.len());
        for digit in digits.iter_mut().rev() {
            *digit = u8::try_from(rest.rem_euclid(10)).unwrap_or_default().saturating_add(b'0');
            rest = rest.div_euclid(10);
            zeros = zeros.saturating_sub(1);
            if rest == 0 {
                break;
            }
        }
        digits.iter().skip(zeros).for_each(|digit| self.push(*digit));
    }
}

impl fmt::Write for EndpointText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|octet| self.push(octet));
        Ok(())
    }
}

impl Endpoint {
    /// This endpoint as text, without allocation and, for IPv4, without the formatting machinery: each
    /// record has two.
    #[must_use]
    pub fn text(self) -> EndpointText {
        let mut text = EndpointText { octets: [0; ENDPOINT_BYTES_MAX], length: 0 };
        match self.address {
            IpAddr::V4(address) => {
                let [first, rest @ ..] = address.octets();
                text.number(u16::from(first));
                for octet in rest {
                    text.push(b'.');
                    text.number(u16::from(octet));
                }
            }
            IpAddr::V6(address) => {
                // Its text is never longer than the room for it.
                let _ = fmt::write(&mut text, format_args!("[{address}]"));
            }
        }
        text.push(b':');
        text.number(self.port);
        text
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl serde::Serialize for Endpoint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

/// What carries the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A reassembled TCP stream.
    Tcp,
    /// One UDP datagram at a time.
    Udp,
}

/// A side of a conversation. The *first* side sent the first packet heard, or the SYN where one was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From the first side to the second.
    Forward,
    /// From the second side to the first.
    Backward,
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::SocketAddr;

    use super::*;

    // The standard library's text of a socket address is the same, but for the scope of an IPv6 address.
    #[test]
    fn an_endpoint_reads_as_a_socket_address_does() {
        let addresses = [
            "0.0.0.0",
            "10.0.0.7",
            "255.255.255.255",
            "192.168.100.1",
            "::",
            "::1",
            "fd00::7:0:0:1",
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "::ffff:255.255.255.255",
        ];
        for address in addresses {
            for port in [0, 1, 9, 10, 99, 102, 502, 2404, 9_999, 10_000, 20_000, u16::MAX] {
                let address: IpAddr = address.parse().unwrap();
                let endpoint = Endpoint::new(address, port);
                assert_eq!(endpoint.to_string(), SocketAddr::new(address, port).to_string());
            }
        }
    }
}
