//! One body for cargo-fuzz, the replay of its corpus, and the property tests.

use crate::{
    RequestBody, ResponseBody, Side, mbap, request, request_extent, response, response_extent, rtu,
};

/// Says everything that this crate can say of any octets, in both directions, the texts of debugging included.
///
/// # Panics
/// Where a parser loses an octet.
pub fn everything(input: &[u8]) {
    let mut rest = input;
    while let Ok((adu, after)) = mbap(rest, 1_025) {
        assert_eq!(rest.len(), adu.pdu.len().saturating_add(7).saturating_add(after.len()));
        let _ = format!("{adu:?} {:?}", adu.faults());
        meaning(adu.pdu);
        rest = after;
    }
    for side in [Side::Client, Side::Server] {
        if let Ok((frame, after)) = rtu(input, side) {
            assert_eq!(input.len(), frame.pdu.len().saturating_add(3).saturating_add(after.len()));
        }
    }
    meaning(input);
}

fn meaning(pdu: &[u8]) {
    let request = request(pdu);
    let response = response(pdu);
    let _ = format!("{request:?} {response:?} {}", request.function.name());
    if let RequestBody::Umas(umas) = request.body {
        let _ = (umas.block(), umas.reservation(), umas.function.name());
    }
    if let RequestBody::ReadFile(groups) | RequestBody::WriteFile(groups) = request.body {
        assert!(groups.count() <= pdu.len());
    }
    if let ResponseBody::DeviceIdentification { objects, .. } = response.body {
        assert!(objects.count() <= 255);
    }
    let _ = (request_extent(pdu), response_extent(pdu));
}
