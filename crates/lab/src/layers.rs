//! The layer of the detector that a detection belongs to, for what each of them adds.
//!
//! L0 invariants and what is always dangerous, L1 novelty and refusals, L2 what commands mean, L3 values, L4 timing, L5
//! sequence, L6 breadth: campaigns and reconnaissance. What is about the sensor itself, or about plans, belongs to none.

/// All layers.
pub const ALL: [&str; 7] = ["L0", "L1", "L2", "L3", "L4", "L5", "L6"];

/// Detections by layer.
const DETECTIONS: [&str; 7] = [
    "MB-01 MB-02 MB-03 MB-04 MB-05 MB-06 MB-07 MB-08 MB-10 MB-21 MB-22 MB-35 MB-38 MB-39 MB-40 MB-48 DN-01 DN-02 DN-03 \
     DN-04 DN-05 DN-06 DN-07 DN-08 DN-09 DN-10 DN-11 DN-13 DN-14 DN-15 DN-16 DN-17 DN-23 DN-28 DN-31 DN-33 DN-35 DN-36 DN-37 \
     DN-48 DN-49 DN-50 OT-09 OT-20 OT-23 OT-24 OT-25 OT-27",
    "MB-11 MB-12 MB-15 MB-16 MB-17 MB-18 MB-19 MB-23 MB-24 MB-25 MB-26 MB-27 MB-28 MB-29 MB-30 MB-31 MB-37 MB-41 DN-19 \
     DN-20 DN-21 DN-22 DN-26 DN-27 DN-29 DN-30 DN-32 DN-34 DN-39 DN-40 DN-41 DN-45 DN-47 DN-52 DN-53 OT-01 OT-02 OT-03 OT-04 \
     OT-11 OT-14 OT-15 OT-16 OT-30",
    "MB-44 MB-45 MB-46 MB-47 DN-42 DN-43 DN-54",
    "MB-33 MB-34 MB-49 DN-46 DN-51",
    "MB-09 MB-36 MB-42 MB-43 DN-12 DN-18 DN-38 OT-10 OT-12 OT-13",
    "MB-32",
    "MB-13 MB-14 MB-20 DN-24 DN-25 DN-44 OT-05 OT-06 OT-07 OT-08 OT-34",
];

/// The layer of a detection.
#[must_use]
pub fn layer(detection: &str) -> Option<&'static str> {
    let own = DETECTIONS.iter().position(|own| own.split_whitespace().any(|id| id == detection));
    own.and_then(|nth| ALL.get(nth).copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::HEALTH;

    #[test]
    fn every_detection_has_its_layer_but_those_about_the_sensor_and_about_plans() {
        let ids = gridtap_detect::catalogue::all().map(|own| own.id);
        let without: Vec<&str> = ids.filter(|id| layer(id).is_none()).collect();
        let plans = without.iter().filter(|id| !HEALTH.contains(id)).count();
        assert_eq!([plans, without.len()], [1, 1 + HEALTH.len()], "{without:?}");
    }
}
