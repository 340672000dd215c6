//! Messages whose header is wrong and whose content is right: on a port of Modbus they are Modbus with a fault,
//! also where they are the first thing a conversation says.

use gridtap_modbus::{Extent, FunctionCode, FunctionKind, Header, Side};

use super::framing::{is_exact, is_plausible};

/// What octets behind a wrong header are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damaged<'a> {
    /// A message, to the octet, but for its header.
    Message(&'a [u8]),
    /// The beginning of one, perhaps.
    More,
    /// Nothing of Modbus.
    No,
}

/// The shortest PDU that says enough by itself.
const CONTENT_OCTETS_MIN: usize = 3;

/// What is at the head of the bytes, where the header is not one that Modbus/TCP would send or claims more than
/// there is. One of its two fields may be wrong, not both: a protocol identifier that is not 0, with a length
/// that is right; or a length that is wrong, with the identifier 0. The content has to be an exact request (who
/// begins asks; what counts its own octets fits other protocols too easily) and either all there is or followed
/// by another header.
pub(crate) fn damaged<'a>(header: &Header, bytes: &'a [u8], length_max: u16) -> Damaged<'a> {
    let foreign = header.protocol != 0;
    if foreign && !(2..=254).contains(&header.length) {
        return Damaged::No;
    }
    let body = bytes.get(7..).unwrap_or_default();
    let extent = match Side::Client.extent(body) {
        Extent::Octets(extent) => extent,
        Extent::More => return Damaged::More,
        Extent::Unknown => return Damaged::No,
    };
    let agrees = extent.saturating_add(1) == usize::from(header.length);
    if extent < CONTENT_OCTETS_MIN || foreign && !agrees {
        return Damaged::No;
    }
    let Some((pdu, behind)) = body.split_at_checked(extent) else { return Damaged::More };
    if !is_exact(pdu, Side::Client) {
        return Damaged::No;
    }
    match Header::at(behind) {
        Some(next) => {
            let like = Header { protocol: 0, ..next };
            let same = next.protocol == 0 || next.protocol == header.protocol;
            if same && next.unit == header.unit && is_plausible(&like, length_max) {
                Damaged::Message(pdu)
            } else {
                Damaged::No
            }
        }
        None if behind.is_empty() => Damaged::Message(pdu),
        None => Damaged::More,
    }
}

/// Whether the bytes are the beginning of a message of a public function that needs just what its header
/// claims: what is left where a capture or a connection ended within a message.
pub(crate) fn is_begun(header: &Header, bytes: &[u8]) -> bool {
    let body = bytes.get(7..).unwrap_or_default();
    let claimed = usize::from(header.length).saturating_sub(1);
    FunctionCode::of(header.function).kind() == FunctionKind::Public
        && [Side::Client, Side::Server]
            .into_iter()
            .any(|side| side.extent(body) == Extent::Octets(claimed))
}
