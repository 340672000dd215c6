//! What each detection needs and says, and what it does not: data for its document, asked by no rule.

use super::{Detection, column, rows};

const DETECTIONS: &str = include_str!("../../data/detections.tsv");
const UNCOVERED: &str = include_str!("../../data/uncovered.tsv");

/// The words for what a detection needs, each with what it means.
pub const NEEDS: [(&str, &str); 12] = [
    ("message", "one decoded message"),
    (
        "dialogue",
        "what belongs to the message: its request or its answer, its select, its conversation",
    ),
    (
        "armed",
        "the flow and function levels of the zone, which judge, or a site file that covers the two",
    ),
    ("zone", "the flow and function levels of the zone, which judge by what was learned"),
    ("news", "the flow and function levels, and news of hosts and conversations that has settled"),
    ("habit", "what was learned of this device, pair or zone beside the levels"),
    ("count", "a count within a time"),
    ("values", "the values that the point had, which were learned"),
    ("timing", "when such messages came, which was learned"),
    ("site", "the site file"),
    ("link", "connections and packets below messages: TCP, ARP, ICMP, checksums"),
    ("health", "the sensor's own counts"),
];

/// How a detection behaves by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Behaviour {
    needs: &'static str,
    settings: &'static str,
    severities: &'static str,
    /// What happens without it saying so.
    pub blind_spots: &'static str,
}

impl Behaviour {
    /// What it needs, in words of [`NEEDS`].
    pub fn needs(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.needs.split_ascii_whitespace().filter(|word| *word != NONE)
    }

    /// The configuration keys that change when it speaks.
    pub fn settings(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.settings.split_ascii_whitespace().filter(|word| *word != NONE)
    }

    /// Its severities, each with when: the first that holds. Without a severity it says what lowers those before it.
    pub fn severities(&self) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
        self.severities.split("; ").map(|part| part.split_once(": ").unwrap_or(("", part)))
    }
}

impl Detection {
    /// What it needs and says by default; none where the table lacks it.
    #[must_use]
    pub fn behaviour(&self) -> Option<Behaviour> {
        let mut columns = column(DETECTIONS, self.id)?.split('\t');
        Some(Behaviour {
            needs: columns.next()?,
            settings: columns.next()?,
            severities: columns.next()?,
            blind_spots: columns.next()?,
        })
    }
}

/// Rows of the plan that no detection covers: id, name, reason.
pub fn uncovered() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    rows(UNCOVERED).map(|(id, rest)| {
        let (name, reason) = rest.split_once('\t').unwrap_or((rest, ""));
        (id, name, reason)
    })
}

/// What stands in a column that has nothing.
const NONE: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{all, detection};

    const SEVERITIES: [&str; 5] = ["critical", "high", "medium", "low", "info"];

    #[test]
    fn every_detection_has_its_row_in_the_order_of_the_catalogue() {
        let known: Vec<&str> = all().map(|entry| entry.id).collect();
        let described: Vec<&str> = rows(DETECTIONS).map(|(id, _)| id).collect();
        for (nth, id) in known.iter().enumerate() {
            let after = nth.checked_sub(1).map_or("the heading", |before| known[before]);
            assert!(
                described.contains(id),
                "crates/detect/data/detections.tsv lacks the row of {id}, after {after}: id, needs, settings, \
                 severities, blind spots, apart by tabs"
            );
        }
        for id in &described {
            assert!(
                known.contains(id),
                "detections.tsv describes {id}, which is not in the catalogue"
            );
        }
        assert_eq!(described, known, "detections.tsv is in the order of the catalogue");
    }

    #[test]
    fn every_row_is_whole_and_in_its_words() {
        for (id, rest) in rows(DETECTIONS) {
            assert_eq!(rest.split('\t').count(), 4, "{id}: columns after the id");
            let behaviour = detection(id).and_then(Detection::behaviour).expect("a behaviour");
            assert!(behaviour.needs().next().is_some(), "{id}: needs nothing");
            for need in behaviour.needs() {
                assert!(
                    NEEDS.iter().any(|(word, _)| *word == need),
                    "{id}: needs {need:?}, which is none of NEEDS in catalogue/behaviour.rs"
                );
            }
            for (severity, when) in behaviour.severities() {
                assert!(
                    SEVERITIES.contains(&severity)
                        || severity.is_empty() && when.starts_with("one step lower where ")
                        || severity.is_empty() && when.starts_with("beside "),
                    "{id}: {severity:?} is no severity; write \"high: when; low: when\""
                );
                assert!(!when.is_empty(), "{id}: {severity} when?");
            }
            let blind = behaviour.blind_spots;
            assert!(blind.len() > 10 && !blind.ends_with('.'), "{id}: blind spots: {blind:?}");
        }
    }

    #[test]
    fn what_is_covered_is_not_listed_as_not_covered() {
        for (id, name, reason) in uncovered() {
            assert!(
                detection(id).is_none(),
                "{id} is in the catalogue: take its row out of crates/detect/data/uncovered.tsv"
            );
            assert!(!name.is_empty() && reason.len() > 20, "{id}: {name}: {reason:?}");
        }
    }
}
