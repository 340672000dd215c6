use gridtap_store::{Act, Action, Evidence, Person, Target};
use serde_json::Value;

use super::{ADMIN, NOW, OPERATOR, Stage, VIEWER, bearer, config, id, incident};
use crate::Config;

fn ids(page: &Value) -> Vec<String> {
    let list = page.get("anomalies").or(page.get("incidents")).unwrap();
    list.as_array().unwrap().iter().map(|each| each["id"].as_str().unwrap().to_owned()).collect()
}

/// Everything, page by page.
fn walked(stage: &Stage, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = stage.get(&format!("{path}&limit=2{after}"), VIEWER);
        assert_eq!(page.status, 200);
        found.extend(ids(&page.json()));
        match page.json()["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

#[test]
fn pages_lead_through_everything_once_in_the_order_that_was_asked_for() {
    let stage = Stage::with(config(), 6);
    let of = |order: [u8; 6]| order.map(id).to_vec();
    assert_eq!(walked(&stage, "/api/v1/anomalies?sort=oldest"), of([1, 2, 3, 4, 5, 6]));
    assert_eq!(walked(&stage, "/api/v1/anomalies?sort=newest"), of([6, 5, 4, 3, 2, 1]));
    assert_eq!(walked(&stage, "/api/v1/anomalies?sort=severity"), of([6, 3, 5, 4, 2, 1]));
    for sort in ["newest", "oldest", "severity"] {
        let mut found = walked(&stage, &format!("/api/v1/incidents?sort={sort}"));
        found.sort();
        assert_eq!(found, [incident(2), incident(1)]);
    }
    // A page that holds exactly the rest is the last.
    assert!(stage.get("/api/v1/anomalies?limit=6", VIEWER).json()["next"].is_null());
    assert!(stage.get("/api/v1/anomalies?limit=5", VIEWER).json()["next"].is_string());
}

#[test]
fn a_record_is_passed_on_octet_for_octet() {
    let stage = Stage::with(config(), 2);
    let record = stage.store().anomaly(&id(2)).unwrap().unwrap().record;
    for path in
        ["anomalies", &format!("anomalies/{}", id(2)), &format!("incidents/{}", incident(2))]
    {
        let answer = stage.get(&format!("/api/v1/{path}"), VIEWER);
        assert!(answer.text().contains(&record), "{path}: {}", answer.text());
    }
}

#[test]
fn filters_find_what_they_say() {
    let stage = Stage::with(config(), 6);
    stage.post(
        &format!("/api/v1/anomalies/{}/actions", id(4)),
        OPERATOR,
        r#"{"action":"shelve","comment":"works","until":"2024-05-01T11:00:00Z"}"#,
    );
    let found = |query: &str| {
        let mut found = ids(&stage.get(&format!("/api/v1/anomalies?{query}"), VIEWER).json());
        found.sort();
        found
    };
    let of = |order: &[u8]| order.iter().map(|nth| id(*nth)).collect::<Vec<_>>();
    assert_eq!(found("severity_min=high"), of(&[3, 6]));
    assert_eq!(found("shelved=true"), of(&[4]));
    assert_eq!(found("state=closed,cleared"), of(&[]));
    assert_eq!(found("state=unacknowledged-active&shelved=false"), of(&[1, 2, 3, 5, 6]));
    assert_eq!(found("source=10.0.0.99&device=modbus%2010.0.0.21+unit+5"), of(&[5]));
    assert_eq!(found("detection=MB-30"), of(&[]));
    assert_eq!(found(&format!("incident={}", incident(1))), of(&[1, 3, 5]));
    assert_eq!(found("since=2024-05-01T10:00:00.000000005Z"), of(&[5, 6]));
    assert_eq!(found("until=2024-05-01T12:00:00.000000003%2B02:00"), of(&[1, 2]));
    assert_eq!(found("zone=default").len(), 6);
}

#[test]
fn what_is_asked_wrongly_is_refused_by_its_name() {
    let stage = Stage::with(config(), 1);
    for (query, word) in [
        ("sevrity=high", "sevrity"),
        ("state=open", "open"),
        ("severity_min=worst", "critical"),
        ("limit=0", "1 to 1000"),
        ("limit=1001", "1 to 1000"),
        ("limit=ten", "whole number"),
        ("limit=1&limit=2", "twice"),
        ("since=yesterday", "RFC 3339"),
        ("shelved=yes", "true, false"),
        ("sort=best", "newest"),
        ("after=nobody", "begin again"),
        ("after=%ff", ""),
    ] {
        for path in ["anomalies", "incidents"] {
            let answer = stage.get(&format!("/api/v1/{path}?{query}"), VIEWER);
            assert_eq!(answer.problem(), (400, "malformed".to_owned()), "{query}");
            assert!(answer.message().contains(word), "{query}: {}", answer.message());
        }
    }
    let one = stage.get(&format!("/api/v1/anomalies/{}?full=true", id(1)), VIEWER);
    assert_eq!(one.problem(), (400, "malformed".to_owned()));
    assert_eq!(stage.get("/api/v1/anomalies/%ff", VIEWER).problem().0, 400);
}

#[test]
fn one_anomaly_has_its_history_and_its_frames() {
    let stage = Stage::with(config(), 2);
    stage.write(|batch| {
        let by =
            Person { name: "a".to_owned(), role: "operator".to_owned(), via: "cli".to_owned() };
        let act = Act {
            target: Target::Anomaly(id(1)),
            action: Action::Acknowledge,
            by,
            comment: "seen".to_owned(),
            expected_revision: None,
        };
        batch.act(&act).unwrap();
        let evidence = Evidence {
            pcap: b"\x0a\x0d\x0d\x0a\xff".to_vec(),
            frames: 1,
            missing: 2,
            note: "cut".to_owned(),
            at: NOW,
        };
        batch.evidence(&id(1), &evidence)
    });
    let one = stage.get(&format!("/api/v1/anomalies/{}", id(1)), VIEWER).json();
    let events: Vec<&str> = one["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["opened", "acknowledged"]);
    assert_eq!(one["history"][1]["comment"], "seen");
    assert_eq!((&one["evidence"]["octets"], &one["evidence"]["missing"]), (&5.into(), &2.into()));
    // Part of the id will do to look.
    let part = stage.get("/api/v1/anomalies/01010101", VIEWER).json();
    assert_eq!(part["anomaly"]["id"], id(1));
    let frames = stage.get(&format!("/api/v1/anomalies/{}/evidence", id(1)), VIEWER);
    assert_eq!(frames.body, b"\x0a\x0d\x0d\x0a\xff");
    assert_eq!(frames.header("content-type"), Some("application/x-pcapng"));
    let none = stage.get(&format!("/api/v1/anomalies/{}/evidence", id(2)), VIEWER);
    assert_eq!(none.problem(), (404, "no_evidence".to_owned()));
    for path in ["anomalies/nobody", "anomalies/nobody/evidence", "incidents/nobody", "nothing"] {
        let answer = stage.get(&format!("/api/v1/{path}"), VIEWER);
        assert_eq!(answer.problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[test]
fn an_incident_has_its_anomalies() {
    let stage = Stage::with(config(), 6);
    let one = stage.get(&format!("/api/v1/incidents/{}", incident(1)), VIEWER).json();
    assert_eq!(one["anomalies"].as_array().unwrap().len(), 3);
    assert_eq!(one["incident"]["anomalies"], 3);
    assert_eq!(one["incident"]["record"]["id"], id(3));
}

#[test]
fn who_did_what_is_for_admins() {
    let stage = Stage::with(config(), 3);
    let path = |nth| format!("/api/v1/anomalies/{}/actions", id(nth));
    for nth in 1..=3 {
        assert_eq!(stage.post(&path(nth), OPERATOR, r#"{"action":"acknowledge"}"#).status, 200);
    }
    let first = stage.get("/api/v1/audit?limit=2", ADMIN).json();
    assert_eq!(first["rows"].as_array().unwrap().len(), 2);
    assert_eq!(first["rows"][0]["who"], "shift-lead");
    assert_eq!(first["next"], 2);
    let rest = stage.get("/api/v1/audit?limit=2&after=2", ADMIN).json();
    assert_eq!((rest["rows"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    for token in [VIEWER, OPERATOR] {
        assert_eq!(stage.get("/api/v1/audit", token).problem(), (403, "forbidden".to_owned()));
    }
}

#[test]
fn how_the_sensor_is_can_be_asked_by_people_and_machines() {
    let stage = Stage::with(config(), 3);
    assert_eq!(stage.ask("GET", "/healthz", &[], b"").text(), "ok\n");
    assert_eq!(stage.ask("GET", "/readyz", &[], b"").text(), "ready\n");
    stage.health.change(|condition| {
        condition.hearing = true;
        condition.degraded.push("no packet for 5 min".to_owned());
    });
    let answer = stage.ask("GET", "/readyz", &[], b"");
    assert_eq!(answer.problem(), (503, "degraded".to_owned()));
    // Whoever may not read is not told what is wrong.
    assert!(!answer.text().contains("no packet"));
    let health = stage.get("/api/v1/health", VIEWER).json();
    assert_eq!(health["degraded"][0], "no packet for 5 min");
    assert_eq!(health["anomalies"].as_array().unwrap().len(), 2);
    let metrics = stage.get("/metrics", VIEWER);
    assert!(metrics.text().contains("\n# TYPE gridtap_webhook_inbound_total counter\n"));
    assert!(stage.get("/api/v1/openapi.json", VIEWER).json()["paths"].is_object());
    stage.write(|batch| batch.announce_to("noc", "webhook.test", &serde_json::json!({})).map(drop));
    let deliveries = stage.get("/api/v1/deliveries?endpoint=noc&state=pending", VIEWER).json();
    assert_eq!(deliveries["deliveries"][0]["type"], "webhook.test");
    assert_eq!(stage.get("/api/v1/deliveries?state=lost", VIEWER).problem().0, 400);
}

#[test]
fn without_tokens_this_machine_reads_and_nobody_acts() {
    let open = Config { token: Vec::new(), ..config() };
    let stage = Stage::with(open, 1);
    let get = |headers: &[&str]| stage.ask("GET", "/api/v1/anomalies", headers, b"").problem();
    assert_eq!(get(&[]).0, 200);
    assert_eq!(get(&["Host: localhost:9417"]).0, 200);
    assert_eq!(get(&["Host: [::1]:9417"]).0, 200);
    // A page of somebody else's site whose name was made to lead here.
    assert_eq!(get(&["Host: evil.example:9417"]), (403, "forbidden".to_owned()));
    // Who says who he is must be right.
    assert_eq!(get(&[&bearer(VIEWER)]), (401, "unauthorized".to_owned()));
    let act = format!("/api/v1/anomalies/{}/actions", id(1));
    let acted = stage.ask("POST", &act, &[], br#"{"action":"acknowledge"}"#);
    assert_eq!(acted.problem(), (401, "unauthorized".to_owned()));
    assert_eq!(stage.ask("GET", "/api/v1/audit", &[], b"").problem().0, 401);
}

#[test]
fn with_tokens_every_reading_needs_one_of_them() {
    let stage = Stage::with(config(), 1);
    for path in ["anomalies", "incidents", "audit", "deliveries", "health"] {
        let path = format!("/api/v1/{path}");
        let almost = VIEWER.trim_end_matches('9');
        for header in [
            String::new(),
            bearer(almost),
            bearer(&"x".repeat(4096)),
            bearer(""),
            format!("Authorization: Basic {VIEWER}"),
            format!("Authorization: {VIEWER}"),
        ] {
            let headers: Vec<&str> =
                Some(&*header).filter(|each| !each.is_empty()).into_iter().collect();
            let answer = stage.ask("GET", &path, &headers, b"");
            assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{path} {header}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    assert_eq!(stage.ask("GET", "/metrics", &[], b"").problem().0, 401);
}

#[test]
fn another_method_is_refused_with_those_that_are_taken() {
    let stage = Stage::with(config(), 1);
    for (method, path, allowed) in [
        ("POST", "/api/v1/anomalies", "GET, HEAD"),
        ("DELETE", "/api/v1/anomalies/x", "GET, HEAD"),
        ("GET", "/api/v1/anomalies/x/actions", "POST"),
        ("GET", "/api/v1/hooks/noc", "POST"),
        ("HEAD", "/api/v1/hooks/noc", "POST"),
        ("PUT", "/metrics", "GET, HEAD"),
    ] {
        let answer = stage.ask(method, path, &[], b"");
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some(allowed)),
            "{method} {path}"
        );
    }
    let head = stage.ask("HEAD", "/api/v1/anomalies", &[&bearer(VIEWER)], b"");
    assert_eq!((head.status, head.body.len()), (200, 0));
}
