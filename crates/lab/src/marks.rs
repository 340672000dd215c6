//! Constants by which a capture of the lab could be told from any other.
//!
//! They stand in this one file so that a test can hold them away from the sensor: a detection that knows one of
//! them would pass here and nowhere else.

/// The first two octets of the lab's networks.
pub const NETWORKS: [(u8, u8); 6] =
    [(10, 71), (10, 148), (172, 19), (172, 27), (192, 168), (10, 203)];

/// Vendors of the lab's outstations. None of them exists.
pub const VENDORS: [&str; 5] = [
    "Ostrava Feldtechnik",
    "Kestrel Relay",
    "Nordlys Automation",
    "Brightwater RTU",
    "Halden Controls",
];

/// Products of the lab's outstations. None of them exists.
pub const PRODUCTS: [&str; 5] = ["OF-340", "KR1200", "NLA Bay 7", "BW-Station", "HC-9 Feeder"];

/// Texts that must not occur in a pure crate: everything above that is not also a word or a usual network.
#[must_use]
pub fn telltales() -> Vec<String> {
    let networks = NETWORKS
        .iter()
        .filter(|network| **network != (192, 168))
        .map(|(first, second)| format!("{first}.{second}."));
    VENDORS.iter().chain(&PRODUCTS).map(|text| (*text).to_owned()).chain(networks).collect()
}
