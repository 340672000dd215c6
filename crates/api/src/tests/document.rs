//! The document of the interface, the routes and the answers say the same.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Answer;
use crate::routes::{DOCUMENT, routes};

static PARSED: LazyLock<Value> = LazyLock::new(|| serde_json::from_str(DOCUMENT).unwrap());

/// What a reference leads to.
fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => PARSED.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// Whether a value is what a schema of the document says.
fn fits(schema: &Value, value: &Value, what: &str) {
    let whole = json!({ "allOf": [schema], "components": PARSED["components"] });
    let validator = jsonschema::validator_for(&whole).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{what}: {faults:?} in {value}");
}

/// The operation that a request is one of.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let (_, found) = PARSED["paths"].as_object().unwrap().iter().find(|(template, _)| {
        let mut given = path.split('/');
        let fits = template
            .split('/')
            .all(|part| given.next().is_some_and(|word| part.starts_with('{') || part == word));
        fits && given.next().is_none()
    })?;
    found.get(method.to_lowercase())
}

/// An answer is one that the document promises.
pub(super) fn holds(method: &str, path: &str, answer: &Answer) {
    let what = format!("{method} {path} {}", answer.status);
    for name in ["x-content-type-options", "content-security-policy", "cache-control"] {
        assert!(answer.header(name).is_some(), "{what} has no {name}");
    }
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(
        answer.header("retry-after").is_some(),
        [429, 503].contains(&answer.status) && answer.problem().1 != "degraded",
        "{what}"
    );
    if method == "HEAD" {
        return;
    }
    let Some(operation) = operation(method, path) else {
        assert!([404, 405].contains(&answer.status), "{what} is not in the document");
        return fits(&json!({ "$ref": "#/components/schemas/Problem" }), &answer.json(), &what);
    };
    let response = operation["responses"].get(answer.status.to_string());
    let response = resolved(response.unwrap_or_else(|| panic!("{what} is not in the document")));
    let given = answer.header("content-type").unwrap();
    let given = given
        .strip_suffix("; charset=utf-8")
        .filter(|_| !given.contains("version"))
        .unwrap_or(given);
    let content = response["content"].get(given);
    let content = content.unwrap_or_else(|| panic!("{what}: {given} is not in the document"));
    if given == "application/json" {
        fits(&content["schema"], &answer.json(), &what);
    }
}

#[test]
fn every_route_is_in_the_document_and_the_other_way_round() {
    let routed: BTreeSet<(String, String)> = routes()
        .iter()
        .map(|(path, method, _)| ((*path).to_owned(), method.as_str().to_lowercase()))
        .collect();
    let mut documented = BTreeSet::new();
    for (path, operations) in PARSED["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            documented.insert((path.clone(), method.clone()));
        }
    }
    assert_eq!(routed, documented);
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut seen = 0;
    let mut check = |content: &'static Value, what: &str| {
        for media in content.as_object().into_iter().flat_map(|content| content.values()) {
            let many = media.get("examples").and_then(Value::as_object);
            let many = many.into_iter().flatten().map(|(_, example)| &example["value"]);
            for example in media.get("example").into_iter().chain(many) {
                fits(&media["schema"], example, what);
                seen += 1;
            }
        }
    };
    for (path, operations) in PARSED["paths"].as_object().unwrap() {
        for operation in operations.as_object().unwrap().values() {
            check(&operation["requestBody"]["content"], path);
            for response in operation["responses"].as_object().unwrap().values() {
                check(&resolved(response)["content"], path);
            }
        }
    }
    assert!(seen > 50, "{seen} examples");
}

#[test]
fn every_filter_is_in_the_document() {
    use crate::network::lists::{CONVERSATIONS, DEVICES, HOSTS, LEDGER};
    for (path, filters) in [
        ("/api/v1/anomalies", &crate::query::FILTERS[..]),
        ("/api/v1/incidents", &crate::query::FILTERS),
        ("/api/v1/hosts", &HOSTS),
        ("/api/v1/devices", &DEVICES),
        ("/api/v1/conversations", &CONVERSATIONS),
        ("/api/v1/baseline/ledger", &LEDGER),
    ] {
        let documented: Vec<&str> = PARSED["paths"][path]["get"]["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(documented, filters);
    }
}
