use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

use gridtap_notify::{Config as NotifyConfig, Courier, Endpoint, Format};
use gridtap_store::{Due, Outcome};
use serde_json::{Value, json};

use super::{ADMIN, NOW, OPERATOR, Stage, VIEWER, config};

/// A receiver that answers each connection as it is told, and says what it heard.
struct Receiver {
    address: SocketAddr,
    heard: mpsc::Receiver<String>,
}

impl Receiver {
    fn start(answers: Vec<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut octets = vec![0; 64 * 1024];
                let mut text = String::new();
                while !text.contains("\r\n\r\n{") || !text.ends_with('}') {
                    let count = stream.read(&mut octets).unwrap();
                    text.push_str(std::str::from_utf8(&octets[..count]).unwrap());
                }
                stream.write_all(answer.as_bytes()).unwrap();
                let _ = tell.send(text);
            }
        });
        Self { address, heard }
    }
}

fn stage(address: SocketAddr) -> Stage {
    let stage = Stage::with(config(), 1);
    let endpoint = Endpoint {
        name: "noc".to_owned(),
        url: Some(format!("http://{address}/hooks/T0/secret?key=secret")),
        format: Format::CloudEvents,
        ..Endpoint::default()
    };
    let settings = NotifyConfig {
        targets: vec!["127.0.0.1".to_owned()],
        endpoint: vec![endpoint],
        ..NotifyConfig::default()
    };
    let couriers = Courier::all(&settings).unwrap_or_else(|faults| panic!("{faults:?}"));
    stage.couriers.set(couriers);
    stage
}

fn listed(stage: &Stage) -> Value {
    let answer = stage.get("/api/v1/webhooks", VIEWER);
    assert!(!answer.text().contains("secret"), "{}", answer.text());
    answer.json()["endpoints"][0].clone()
}

#[test]
fn an_endpoint_is_listed_with_what_waits_and_how_it_was_reached_and_without_its_url() {
    let receiver = Receiver::start(Vec::new());
    let stage = stage(receiver.address);
    let fresh = listed(&stage);
    assert_eq!(fresh["target"], receiver.address.to_string());
    assert_eq!((&fresh["enabled"], &fresh["waiting"]), (&json!(true), &json!(0)));
    assert_eq!(fresh["last_success"], Value::Null);
    stage.write(|batch| {
        for _ in 0..3 {
            batch.announce_to("noc", "webhook.test", &json!({}))?;
        }
        Ok(())
    });
    let due: Vec<Due> = stage.store().due("noc", NOW, 9).unwrap();
    stage.write(move |batch| {
        batch.settle(&due[0], &Outcome::Delivered { status: 204 })?;
        let error = "answered 503: maintenance".to_owned();
        let at = NOW.plus_ns(5_000_000_000);
        batch.settle(&due[1], &Outcome::Retry { at, status: Some(503), error: error.clone() })?;
        batch.settle(&due[2], &Outcome::Failed { status: None, error })
    });
    let seen = listed(&stage);
    assert_eq!((&seen["waiting"], &seen["failed"]), (&json!(1), &json!(1)));
    assert_eq!(seen["last_error"], "answered 503: maintenance");
    assert_eq!(seen["last_success"], NOW.to_string());
    assert_eq!(seen["next"], NOW.plus_ns(5_000_000_000).to_string());
}

#[test]
fn a_test_is_sent_at_once_and_what_came_of_it_is_told_and_audited() {
    let receiver = Receiver::start(vec![
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n",
    ]);
    let stage = stage(receiver.address);
    let path = "/api/v1/webhooks/noc/test";
    let taken = stage.post(path, OPERATOR, r#"{"actor":"maria"}"#).json();
    assert_eq!((&taken["accepted"], &taken["status"]), (&json!(true), &json!(204)));
    let heard = receiver.heard.recv().unwrap();
    assert!(heard.contains("webhook.test") && heard.contains("maria (shift-lead)"), "{heard}");
    let id = taken["id"].as_str().unwrap();
    assert!(heard.contains(&format!("webhook-id: {id}")), "{heard}");
    let refused = stage.post(path, OPERATOR, "{}").json();
    assert_eq!((&refused["accepted"], &refused["status"]), (&json!(false), &json!(404)));
    let message = refused["message"].as_str().unwrap();
    assert!(message.contains("see that the URL has the path"), "{message}");
    assert_eq!(stage.post(path, VIEWER, "{}").problem(), (403, "forbidden".to_owned()));
    let nobody = stage.post("/api/v1/webhooks/nobody/test", OPERATOR, "{}");
    assert_eq!(nobody.problem(), (404, "not_found".to_owned()));
    let rows = stage.audited();
    assert_eq!(rows[0], "api | webhook test | done");
    assert!(rows[1].starts_with("api | webhook test | ") && rows[1].contains("answered 404"));
    // It was owed to nobody, so nothing is tried again.
    assert_eq!(listed(&stage)["waiting"], 0);
}

#[test]
fn an_admin_switches_an_endpoint_and_an_operator_sends_again() {
    let receiver = Receiver::start(Vec::new());
    let stage = stage(receiver.address);
    let disable = "/api/v1/webhooks/noc/disable";
    assert_eq!(stage.post(disable, OPERATOR, "{}").problem().0, 403);
    let off = stage.post(disable, ADMIN, r#"{"comment":"moves house"}"#).json();
    assert_eq!((&off["enabled"], &off["changed"]), (&json!(false), &json!(true)));
    assert_eq!(stage.post(disable, ADMIN, "{}").json()["changed"], false);
    stage.post(disable, ADMIN, r#"{"comment":"moves house"}"#);
    assert_eq!(listed(&stage)["disabled"], "disabled by auditor: moves house");
    let enable = "/api/v1/webhooks/noc/enable";
    assert_eq!(stage.post(enable, ADMIN, "{}").json()["changed"], true);
    assert_eq!(stage.post(enable, ADMIN, "{}").json()["changed"], false);
    assert_eq!(listed(&stage)["enabled"], true);

    stage.write(|batch| batch.announce_to("noc", "webhook.test", &json!({})));
    let due = stage.store().due("noc", NOW, 1).unwrap().pop().unwrap();
    let id = due.id.clone();
    let failed = Outcome::Failed { status: None, error: "no".to_owned() };
    stage.write(move |batch| batch.settle(&due, &failed));
    let replay =
        |body: &Value| stage.post("/api/v1/webhooks/noc/replay", OPERATOR, &body.to_string());
    assert_eq!(replay(&json!({ "failed": true })).json()["deliveries"], 1);
    assert_eq!(stage.store().due("noc", NOW, 9).unwrap()[0].id, id);
    assert_eq!(replay(&json!({ "failed": true })).json()["deliveries"], 0);
    assert_eq!(replay(&json!({ "id": id })).json()["deliveries"], 1);
    let due = stage.store().due("noc", NOW, 1).unwrap().pop().unwrap();
    stage.write(move |batch| batch.settle(&due, &Outcome::Delivered { status: 200 }));
    let later = NOW.plus_ns(1);
    assert_eq!(replay(&json!({ "since": later.to_string() })).json()["deliveries"], 0);
    assert_eq!(replay(&json!({ "since": NOW.to_string() })).json()["deliveries"], 1);
    for body in [json!({}), json!({ "id": id, "failed": true }), json!({ "since": "soon" })] {
        assert_eq!(replay(&body).problem().0, 422, "{body}");
    }
    let rows = stage.audited();
    assert!(rows.contains(&"api | webhook disable | done".to_owned()), "{rows:?}");
    assert!(rows.contains(&"api | webhook replay | done".to_owned()), "{rows:?}");
}
