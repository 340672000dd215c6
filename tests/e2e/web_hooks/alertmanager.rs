//! Debian's Alertmanager.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use gridtap_model::State;
use gridtap_notify::{Endpoint, Format};
use gridtap_store::{Action, Disposition, Outcome};
use serde_json::{Value, json};

use super::Peer;
use super::plant::{Plant, Said, id, now};
use crate::stage::web;

/// Starts an Alertmanager with nothing in its memory; `None`, said in one line, where it is not installed.
fn start(directory: &Path, address: &str) -> Option<(Peer, String)> {
    let config = directory.join("alertmanager.yml");
    std::fs::write(&config, "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n")
        .expect("a file");
    let child = Command::new("prometheus-alertmanager")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", directory.join("data").display()))
        .arg(format!("--web.listen-address={address}"))
        .arg("--cluster.listen-address=")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!(
            "not run: prometheus-alertmanager is not installed (Debian: prometheus-alertmanager)"
        );
        return None;
    };
    let log = BufReader::new(child.stderr.take().expect("it is piped"));
    let peer = Peer(child);
    let mut lines = log.lines().map_while(Result::ok);
    let address = lines
        .by_ref()
        .find_map(|line| {
            let (_, rest) = line.split_once("msg=\"Listening on\" address=")?;
            Some(rest.split_whitespace().next()?.to_owned())
        })
        .expect("it listens");
    // Its log has to be read on, or it would wait for us.
    std::thread::spawn(move || lines.for_each(drop));
    Some((peer, address))
}

/// The alerts that an Alertmanager has standing.
fn alerts(address: &str) -> Vec<Value> {
    let (_, body) = web::get(address, "/api/v2/alerts");
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// What an operator does in the Alertmanager: silences what these matchers fit. The id of the silence.
fn silence(address: &str, matchers: &Value) -> String {
    let (from, to) = (now(), now().plus_ns(3_600_000_000_000));
    let body = json!({
        "matchers": matchers, "startsAt": from.to_string(), "endsAt": to.to_string(),
        "createdBy": "maria", "comment": "relay test",
    })
    .to_string();
    let length = body.len();
    let (_, answer) = web::request(
        address,
        &format!(
            "POST /api/v2/silences HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        ),
    );
    let answer: Value =
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    answer["silenceID"].as_str().expect("an id").to_owned()
}

#[test]
fn an_alertmanager_fires_an_anomaly_resolves_it_and_hears_of_it_again_after_it_forgot() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some((peer, address)) = start(directory.path(), "127.0.0.1:0") else { return };
    let plant = Plant::new(vec![Endpoint {
        name: "alertmanager".to_owned(),
        url: Some(format!("http://{address}")),
        format: Format::Alertmanager,
        ..Endpoint::default()
    }]);
    plant.find(1);
    plant.find(2);
    let deliveries = plant.start();
    for _ in 0..2 {
        assert_eq!(plant.attempt().1, Outcome::Delivered { status: 200 });
    }
    let fired = alerts(&address);
    assert_eq!(fired.len(), 2, "sent twice, by itself and as what stands, each is one alert");
    assert_eq!(fired[0]["labels"]["alertname"], "UnauthorisedWrite");
    assert_eq!(fired[0]["annotations"]["observed"], "write single coil 2 := on");

    plant.act(1, Action::Acknowledge);
    plant.act(1, Action::Close { disposition: Disposition::TruePositive });
    for _ in 0..2 {
        assert_eq!(plant.attempt().1, Outcome::Delivered { status: 200 });
    }
    let standing = alerts(&address);
    assert_eq!(standing.len(), 1, "{standing:?}");
    let id = standing[0]["labels"]["anomaly"].clone();

    // It keeps alerts in its memory alone.
    drop(peer);
    while !matches!(plant.said(), Said::Resent(1, Some(_))) {}
    let (_peer, address) = start(directory.path(), &address).expect("it started before");
    while !matches!(plant.said(), Said::Resent(1, None)) {}
    let again = alerts(&address);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["labels"]["anomaly"], id);
    plant.end(deliveries);
}

#[test]
fn a_silence_that_names_one_anomaly_acknowledges_it_once_by_the_name_of_its_creator() {
    let directory = tempfile::tempdir().expect("a directory");
    let Some((_peer, address)) = start(directory.path(), "127.0.0.1:0") else { return };
    let plant = Plant::new(vec![Endpoint {
        name: "alertmanager".to_owned(),
        url: Some(format!("http://{address}")),
        format: Format::Alertmanager,
        silences_every: Some(gridtap_model::Span::from_secs(1)),
        ..Endpoint::default()
    }]);
    plant.find(1);
    plant.find(2);
    let is = |name: &str, value: &str, is_regex: bool| json!({ "name": name, "value": value, "isRegex": is_regex, "isEqual": true });
    let heard = || loop {
        if let Said::Silences(acknowledged, error) = plant.said() {
            return (acknowledged, error);
        }
    };
    let deliveries = plant.start();
    for _ in 0..2 {
        assert_eq!(plant.attempt().1, Outcome::Delivered { status: 200 });
    }
    // By the labels of the alert, as the button of its page fills them in.
    let labels = alerts(&address)
        .iter()
        .find(|alert| alert["labels"]["anomaly"] == id(1).as_str())
        .expect("it fired")["labels"]
        .clone();
    let matchers: Vec<Value> = labels
        .as_object()
        .expect("labels")
        .iter()
        .map(|(name, value)| is(name, value.as_str().expect("a text"), false))
        .collect();
    let of_one = silence(&address, &json!(matchers));
    assert_eq!(heard(), (1, None));
    let happened = plant.store().history_of(&id(1)).expect("read").pop().expect("something");
    assert_eq!(
        (&*happened.event, &*happened.who, &*happened.via, &*happened.comment),
        (
            "acknowledged",
            "maria",
            "silences alertmanager",
            &*format!("silence {of_one}: relay test")
        )
    );
    // Whoever takes it back is not overruled by the same silence, also after a restart; and neither a pattern nor a
    // whole detection says that this anomaly was seen.
    plant.act(1, Action::Unacknowledge);
    plant.end(deliveries);
    silence(&address, &json!([is("anomaly", &format!("{}.*", id(2)), true)]));
    silence(&address, &json!([is("detection", "MB-29", false)]));
    let deliveries = plant.start();
    plant.find(3);
    silence(&address, &json!([is("anomaly_id", &id(3), false)]));
    assert_eq!(heard(), (1, None));
    let state = |nth| plant.store().anomaly(&id(nth)).expect("read").expect("it is there").state;
    assert_eq!(
        [state(1), state(2), state(3)],
        [State::UnacknowledgedActive, State::UnacknowledgedActive, State::AcknowledgedActive]
    );
    plant.end(deliveries);
}
