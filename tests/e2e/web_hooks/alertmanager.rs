//! Debian's Alertmanager.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use gridtap_notify::{Endpoint, Format};
use gridtap_store::{Action, Disposition, Outcome};
use serde_json::Value;

use super::Peer;
use super::plant::{Plant, Said};
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
