//! Trying, switching and replaying web hooks, with and without a service that has the state.

use std::fs;
use std::path::Path;

use gridtap_store::Store;
use serde_json::Value;

use crate::receiver::Receiver;
use crate::run::{Ran, run};
use crate::service::{Site, stopped};

fn webhook(settings: &Path, arguments: &[&str]) -> Ran {
    let mut all = vec!["webhook"];
    all.extend(arguments);
    all.extend(["--config", settings.to_str().unwrap()]);
    run(all)
}

/// What the audit log says of web hooks, as `via | action | outcome`.
fn audited(state: &Path) -> Vec<String> {
    let rows = Store::read(state).unwrap().audit_log(0, 1000).unwrap();
    let rows = rows.into_iter().filter(|each| each.row.action.starts_with("webhook "));
    rows.map(|each| format!("{} | {} | {}", each.row.via, each.row.action, each.row.outcome))
        .collect()
}

fn done(ran: Ran) -> String {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    ran.out
}

#[test]
fn without_a_service_an_endpoint_is_tried_and_switched_by_the_settings() {
    let site = Site::new(0);
    let receiver = Receiver::start(|nth| if nth == 1 { 401 } else { 204 });
    let settings = site.settings(&receiver, "");
    let listed = done(webhook(&settings, &["list"]));
    assert!(listed.contains(&format!("noc  standard to {}\n", receiver.address)), "{listed}");
    assert!(listed.contains("enabled; nothing waits") && listed.contains("last taken: never"));
    let tested = done(webhook(&settings, &["test", "noc", "--by", "maria"]));
    assert!(tested.contains("took it: it answered 204"), "{tested}");
    let got = receiver.got();
    assert_eq!((got.len(), &*got[0].kind), (1, "webhook.test"));
    assert_eq!((&got[0].data["site"], &got[0].data["endpoint"]), (&"north".into(), &"noc".into()));
    let refused = webhook(&settings, &["test", "noc"]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.out.contains("answered 401") && refused.out.contains("same secret"));
    assert!(
        done(webhook(&settings, &["disable", "noc", "--comment", "moves house"])).contains("waits")
    );
    let listed = done(webhook(&settings, &["list", "--json"]));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let reason = listed["endpoints"][0]["disabled"].as_str().unwrap();
    assert!(reason.ends_with(": moves house"), "{reason}");
    assert!(done(webhook(&settings, &["enable", "noc"])).contains("enabled again"));
    assert!(done(webhook(&settings, &["deliveries"])).contains("Nothing was sent"));
    assert!(done(webhook(&settings, &["replay", "--failed"])).contains("nothing to send again"));
    for arguments in [&["test", "nobody"][..], &["enable", "nobody"], &["replay", "1234"]] {
        let unknown = webhook(&settings, arguments);
        assert_eq!(unknown.code, Some(1), "{unknown:?}");
        assert!(unknown.err.contains("there is no"), "{unknown:?}");
    }
    let rows = audited(&site.state());
    let wanted = ["test", "test", "disable", "enable", "replay"];
    assert_eq!(rows.len(), wanted.len(), "{rows:?}");
    for (row, wanted) in rows.iter().zip(wanted) {
        assert!(row.starts_with(&format!("cli | webhook {wanted} | ")), "{row}");
    }
    let nowhere = run(["webhook", "list"]);
    assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
    assert!(nowhere.err.contains("--config"), "{nowhere:?}");
}

#[test]
fn the_command_line_acts_through_a_service_that_speaks_tls_and_trusts_its_certificate_alone() {
    let site = Site::new(2);
    let receiver = Receiver::start(|_| 204);
    let file = |name: &str, text: &str| {
        let path = site.directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let made =
        rcgen::generate_simple_self_signed(vec!["gridtap.plant.example".to_owned()]).unwrap();
    let certificate = file("certificate.pem", &made.cert.pem());
    let key = file("key.pem", &made.signing_key.serialize_pem());
    let api = format!(
        "[api]\nlisten = \"127.0.0.1:0\"\ncertificate_file = {certificate:?}\nkey_file = {key:?}"
    );
    let settings = site.settings(&receiver, &api);
    let mut child = site.service(&settings, "5000").spawn().unwrap();
    site.wait_until_told(&mut child, None);
    let state = site.state();
    let at = state.to_str().unwrap();
    let id = receiver.got()[0].data["id"].as_str().unwrap().to_owned();
    done(run(["anomalies", "acknowledge", &id, "--comment", "calling", "--state", at]));
    let standpoint = Store::read(&state).unwrap().anomaly(&id).unwrap().unwrap();
    assert_eq!(standpoint.state, gridtap_model::State::AcknowledgedActive);

    let listed = done(webhook(&settings, &["list"]));
    assert!(listed.contains("enabled") && !listed.contains("last taken: never"), "{listed}");
    let before = receiver.got().len();
    assert!(done(webhook(&settings, &["test", "noc"])).contains("took it"));
    assert!(receiver.got().get(before..).unwrap().iter().any(|got| got.kind == "webhook.test"));
    assert!(done(webhook(&settings, &["disable", "noc"])).contains("disabled"));
    assert!(done(webhook(&settings, &["list"])).contains("DISABLED"));
    assert!(done(webhook(&settings, &["enable", "noc"])).contains("enabled again"));
    assert!(done(webhook(&settings, &["replay", "--since", "1h"])).contains("sent again"));
    let delivered = done(webhook(&settings, &["deliveries", "--json"]));
    let first: Value = serde_json::from_str(delivered.lines().next().unwrap()).unwrap();
    let again = webhook(&settings, &["replay", first["id"].as_str().unwrap()]);
    assert!(done(again).contains("1 delivery"));
    let rows = audited(&state);
    assert_eq!(rows[0], "api | webhook test | done", "{rows:?}");
    assert_eq!(rows.len(), 5, "{rows:?}");

    // Whoever else listens there is told nothing: neither what was asked, nor the token.
    let note = state.join("gridtap.api");
    let text = fs::read_to_string(&note).unwrap();
    let mut other: Value = serde_json::from_str(&text).unwrap();
    other["certificate_sha256"] = "0".repeat(64).into();
    fs::write(&note, other.to_string()).unwrap();
    let stranger = webhook(&settings, &["test", "noc"]);
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    assert!(stranger.err.contains("another certificate"), "{stranger:?}");
    fs::write(&note, text).unwrap();
    assert_eq!(stopped(child).code, Some(0));
}
