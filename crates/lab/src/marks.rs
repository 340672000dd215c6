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

/// How the names of the files begin that the lab's DNP3 outstations have.
pub const JOURNAL: &str = "bay-journal-";

/// What is in them, line after line.
pub const JOURNAL_LINE: &str = "2026-01-01 00:00:00 relay in service\n";

/// Texts that must not occur in a pure crate: everything above that is not also a word or a usual network.
#[must_use]
pub fn telltales() -> Vec<String> {
    let networks = NETWORKS
        .iter()
        .filter(|network| **network != (192, 168))
        .map(|(first, second)| format!("{first}.{second}."));
    let texts = VENDORS.iter().chain(&PRODUCTS).chain(&[JOURNAL, JOURNAL_LINE]);
    texts.map(|text| (*text).trim().to_owned()).chain(networks).collect()
}
