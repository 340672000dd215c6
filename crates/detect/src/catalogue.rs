//! Every detection with its name, its advice and its techniques: data, no rules.

pub mod behaviour;
mod dnp3_commands;
mod dnp3_messages;
mod modbus_commands;
mod modbus_messages;
mod network;

#[cfg(test)]
mod tests;

/// The version of MITRE ATT&CK for ICS that the technique ids are of.
pub const ATTACK_VERSION: &str = "18.1";

const TECHNIQUES: &str = include_str!("../data/techniques.tsv");
const ATTACK: &str = include_str!("../data/attack-ics-18.1.tsv");
const FAMILIES: [&[Detection]; 5] = [
    modbus_messages::DETECTIONS,
    modbus_commands::DETECTIONS,
    dnp3_messages::DETECTIONS,
    dnp3_commands::DETECTIONS,
    network::DETECTIONS,
];

/// All detections by their ids: every finding asks for its detection.
const BY_ID: &[&Detection] = &in_order::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut rest): (usize, &[&[Detection]]) = (0, &FAMILIES);
    while let [family, others @ ..] = rest {
        (count, rest) = (count.saturating_add(family.len()), others);
    }
    count
}

/// Sorted by the compiler, which refuses what would be a panic anywhere else.
#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "at compile time")]
const fn in_order<const COUNT: usize>() -> [&'static Detection; COUNT] {
    let mut sorted = [&FAMILIES[0][0]; COUNT];
    let (mut family, mut nth, mut count) = (0, 0, 0);
    while family < FAMILIES.len() {
        if nth == FAMILIES[family].len() {
            (family, nth) = (family + 1, 0);
            continue;
        }
        let detection = &FAMILIES[family][nth];
        let mut place = count;
        while place > 0 && is_before(detection.id.as_bytes(), sorted[place - 1].id.as_bytes()) {
            sorted[place] = sorted[place - 1];
            place -= 1;
        }
        sorted[place] = detection;
        (nth, count) = (nth + 1, count + 1);
    }
    sorted
}

const fn is_before(mut one: &[u8], mut other: &[u8]) -> bool {
    while let ([first, rest @ ..], [second, others @ ..]) = (one, other) {
        if *first != *second {
            return *first < *second;
        }
        (one, other) = (rest, others);
    }
    one.len() < other.len()
}

/// Whom a detection concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something on the network that was not expected.
    Security,
    /// The sensor's own ability to hear and judge; never counted as a false alarm.
    Health,
}

/// One entry of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detection {
    /// Stable, the same in every release: `MB-29`.
    pub id: &'static str,
    /// What it is called on the screen and in records.
    pub name: &'static str,
    /// Whom it concerns.
    pub kind: Kind,
    /// What to check first, what would make it benign, what to do if it is not.
    pub advice: &'static str,
}

impl Detection {
    /// The ids of the ATT&CK for ICS techniques that it may show, the closest first.
    pub fn techniques(&self) -> impl Iterator<Item = &'static str> + use<> {
        column(TECHNIQUES, self.id).unwrap_or_default().split_ascii_whitespace()
    }
}

/// All detections, protocol by protocol; within one, what messages look like before what they do.
pub fn all() -> impl Iterator<Item = &'static Detection> {
    FAMILIES.into_iter().flatten()
}

/// The detection of an id.
#[must_use]
pub fn detection(id: &str) -> Option<&'static Detection> {
    let place = BY_ID.binary_search_by(|detection| detection.id.cmp(id)).ok()?;
    BY_ID.get(place).copied()
}

/// The name of an ATT&CK for ICS technique: `T0855` is "Unauthorized Command Message".
#[must_use]
pub fn technique_name(id: &str) -> Option<&'static str> {
    column(ATTACK, id)
}

/// The second column of the row that begins with `key`.
///
/// Scanned, not indexed: the tables have tens of rows and are asked once an anomaly.
fn column(table: &'static str, key: &str) -> Option<&'static str> {
    rows(table).find(|(first, _)| *first == key).map(|(_, second)| second)
}

fn rows(table: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    table.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once('\t'))
}
