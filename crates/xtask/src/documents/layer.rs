//! The layer for the ATT&CK Navigator: which techniques detections stand for.

use std::collections::BTreeMap;

use anyhow::Result;
use gridtap_detect::catalogue::{ATTACK_VERSION, all, technique_name};
use serde_json::json;

/// A layer in the Navigator's format 4.5: each technique with the detections for it, and how many they are.
pub(super) fn text() -> Result<String> {
    let covered = techniques();
    let most = covered.values().map(Vec::len).max().unwrap_or(1);
    let techniques: Vec<serde_json::Value> = covered
        .iter()
        .map(|(technique, detections)| {
            json!({
                "techniqueID": technique,
                "score": detections.len(),
                "enabled": true,
                "comment": detections.join(" "),
            })
        })
        .collect();
    let version = ATTACK_VERSION.split('.').next().unwrap_or(ATTACK_VERSION);
    let layer = json!({
        "name": "gridtap",
        "versions": { "attack": version, "navigator": "5.1.0", "layer": "4.5" },
        "domain": "ics-attack",
        "description": "Techniques of ATT&CK for ICS that detections of gridtap stand for; the score is how many, the \
                        comment which. docs/detection.md says what each needs and what it does not see.",
        "sorting": 3,
        "hideDisabled": false,
        "techniques": techniques,
        "gradient": { "colors": ["#dbe9f6", "#2171b5"], "minValue": 1, "maxValue": most },
        "legendItems": [],
        "showTacticRowBackground": false,
        "selectTechniquesAcrossTactics": true,
    });
    Ok(serde_json::to_string_pretty(&layer)? + "\n")
}

/// The detections of each technique, in the catalogue's order.
pub(super) fn techniques() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut techniques: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
    for detection in all() {
        for technique in detection.techniques().filter(|id| technique_name(id).is_some()) {
            techniques.entry(technique).or_default().push(detection.id);
        }
    }
    techniques
}
