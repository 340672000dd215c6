//! Scores over the repository's own captures, whose attacks are known.

use std::fmt::Write as _;

use super::*;
use crate::fixtures::truths;

/// Scores a scenario's capture with its attack's frames as labels, as other people would have written them.
fn scored(scenario: &str, variant: &str, block: Option<Span>) -> Vec<Scored> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/modbus"));
    let truths = truths(&folder).unwrap();
    let (truth, act) = truths
        .iter()
        .flat_map(|(_, truth)| truth.acts.iter().map(move |act| (truth, act)))
        .find(|(truth, act)| truth.seed == 1 && act.scenario == scenario && act.variant == variant)
        .unwrap();
    let mut text = "path\tunit\tfrom\tto\tclass\tlabel\n".to_owned();
    for run in String::from(act.frames.clone()).split(' ') {
        let (from, to) = run.split_once('-').unwrap_or((run, run));
        writeln!(
            text,
            "fixtures/modbus/{}\tframes\t{from}\t{to}\tattack\t{variant}",
            truth.capture
        )
        .unwrap();
    }
    let scratch = tempfile::tempdir().unwrap();
    let labels = scratch.path().join("labels.tsv");
    std::fs::write(&labels, text).unwrap();
    let learn = vec![PathBuf::from(truth.learn.clone().unwrap())];
    let asked = Options { messages: true, methods: true, ..Options::default() };
    let options = Options { captures: folder, labels, learn, block, ..asked };
    let scored = score(&options).unwrap();
    let out = scratch.path().join("out.ipal");
    write_ipal(&scored, &out).unwrap();
    ipal_is_as_its_readers_want_it(&std::fs::read_to_string(&out).unwrap());
    scored
}

/// What `ipal-evaluate` asks of a file: these four keys in every line, in the order of time.
fn ipal_is_as_its_readers_want_it(text: &str) {
    let mut last = 0.0;
    let mut malicious_told = 0;
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let time = line["timestamp"].as_f64().unwrap();
        assert!(time >= last && line["id"].is_u64());
        last = time;
        let flags = [&line["malicious"], &line["ids"]].map(|flag| flag.as_bool().unwrap());
        malicious_told += u32::from(flags == [true, true]);
        let alerts = line["alerts"].as_array().unwrap();
        assert_eq!(alerts.is_empty(), !flags[1]);
        // What was decoded says who, to whom and what, in the transcriber's words.
        if let Some(activity) = line["activity"].as_str() {
            assert!(["interrogate", "inform", "command", "action", "confirm"].contains(&activity));
            assert_eq!(line["protocol"], "modbus");
            assert!(line["type"].is_u64() && line["data"].is_object());
            let device = [&line["src"], &line["dest"]].map(|end| end.as_str().unwrap().to_owned());
            assert!(device.iter().any(|end| end.split(':').count() == 3), "{device:?}");
        }
    }
    assert!(malicious_told > 0);
}

#[test]
fn an_attack_with_labels_is_shown_at_once_and_nothing_beside_it_is_false() {
    let scored = scored("S2", "historian", Some(Span::from_secs(10)));
    let [own] = &scored[..] else { panic!("one capture") };
    assert!(own.wrong.is_empty(), "{:?}", own.wrong);
    let shown: Vec<_> = own.labels.iter().filter_map(|label| label.shown.as_ref()).collect();
    assert!(
        shown.iter().any(|shown| shown.detection == "MB-29" && shown.messages <= 8),
        "{shown:?}"
    );
    let text = text(&scored);
    assert!(text.contains("MB-29") && text.contains("critical    0   0.0 (0.0 to"), "{text}");
    // Hosts that know each other, and a function that they did not use: what whitelists can and cannot say.
    let shown_by = |name: &str| {
        let method = own.methods.iter().find(|method| method.name == name).unwrap();
        method.at[0].shown.values().sum::<u64>()
    };
    assert_eq!(shown_by("flow whitelist"), 0);
    assert!(shown_by("function whitelist") > 0 && shown_by("symbol whitelist") > 0);
    let lines = json(&scored);
    assert!(lines.iter().filter(|line| line["record"] == "method").count() >= 9);
    assert_eq!(lines.last().unwrap()["false"]["high"]["count"], 0);
}

#[test]
fn a_label_of_an_attack_that_is_not_there_is_not_shown_and_the_attack_is_false() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures"));
    let scratch = tempfile::tempdir().unwrap();
    let labels = scratch.path().join("labels.tsv");
    let text = "demo.pcapng\tframes\t1\t2\tattack\thandshake\ndemo.pcapng\tframes\t9999999\t\tattack\tno\n";
    std::fs::write(&labels, text).unwrap();
    let block = Some(Span::from_secs(10));
    let options = Options { captures: folder, labels, block, ..Options::default() };
    let scored = score(&options).unwrap();
    let own = scored.first().unwrap();
    assert!(own.labels.iter().all(|label| label.shown.is_none()));
    assert!(own.labels.iter().any(|label| label.began.is_none()));
    assert!(own.wrong.len() >= 3, "{:?}", own.wrong);
}

#[test]
fn what_is_missing_is_said_with_the_label_that_wants_it() {
    let scratch = tempfile::tempdir().unwrap();
    let labels = scratch.path().join("labels.tsv");
    std::fs::write(&labels, "a/b.pcap\tframes\t1\t2\tattack\tx\n").unwrap();
    let captures = scratch.path().to_owned();
    let options = Options { captures, labels: labels.clone(), ..Options::default() };
    let error = format!("{:#}", score(&options).unwrap_err());
    assert!(
        error.starts_with(&format!("{}:1: there is no capture a/b.pcap in", labels.display())),
        "{error}"
    );
}
