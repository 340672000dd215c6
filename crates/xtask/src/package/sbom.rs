//! The list of what the program is made of, in the form of CycloneDX 1.5.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::components::Component;

/// The document. It bears no serial number: the same sources give the same list.
pub(super) fn text(components: &[Component], epoch: i64) -> Result<String> {
    let program = components.iter().find(|each| each.name == "gridtap");
    let program = program.context("the program is not among its components")?;
    let dependencies: Vec<Value> = components
        .iter()
        .map(|each| json!({ "ref": each.reference(), "dependsOn": each.on }))
        .collect();
    let parts: Vec<Value> = components
        .iter()
        .filter(|each| *each != program)
        .map(|each| part(each, "library"))
        .collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": jiff::Timestamp::from_second(epoch)?.to_string(),
            "component": part(program, "application"),
        },
        "components": parts,
        "dependencies": dependencies,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn part(component: &Component, kind: &str) -> Value {
    let mut part = Map::new();
    part.insert("type".to_owned(), json!(kind));
    part.insert("bom-ref".to_owned(), json!(component.reference()));
    part.insert("name".to_owned(), json!(component.name));
    part.insert("version".to_owned(), json!(component.version));
    if !component.licence.is_empty() {
        part.insert("licenses".to_owned(), json!([{ "expression": component.licence }]));
    }
    if let Some(url) = &component.url {
        part.insert("purl".to_owned(), json!(url));
    }
    if let Some(checksum) = &component.checksum {
        part.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    if let Some(repository) = &component.repository {
        part.insert("externalReferences".to_owned(), json!([{ "type": "vcs", "url": repository }]));
    }
    Value::Object(part)
}
