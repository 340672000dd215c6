//! What was learned: shown with its bounds, carried to another sensor, and what a change would have silenced.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::run::{Ran, run};
use crate::traffic::{DEVICES, STRANGER, Traffic};

/// A sensor that has learned for five minutes, and was then met by a stranger at two devices.
struct Sensor {
    directory: TempDir,
}

impl Sensor {
    fn new() -> Self {
        let sensor = Self { directory: tempdir().unwrap() };
        let mut traffic = Traffic::polls(420);
        traffic.switches(310.5, STRANGER, DEVICES[0]);
        traffic.switches(314.5, STRANGER, DEVICES[1]);
        traffic.write(&sensor.path("day.pcap"));
        let ran = sensor.run(&["monitor", "--read", "day.pcap", "--set", "baseline.block=10s"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        sensor
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// With its state; names of files that are there stand for these.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_on("state", arguments)
    }

    fn run_on(&self, state: &str, arguments: &[&str]) -> Ran {
        let named = |text: &&str| match text.contains('.') && !text.contains('=') {
            true => self.path(text).display().to_string(),
            false => (*text).to_owned(),
        };
        let mut all: Vec<String> = arguments.iter().map(named).collect();
        all.extend(["--state".to_owned(), self.path(state).display().to_string()]);
        run(all)
    }

    fn anomalies(&self) -> Vec<Value> {
        records(&self.run(&["anomalies", "list", "--json"]).out)
    }
}

fn records(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn keys(sensor: &Sensor) {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    fs::write(sensor.path("key.pem"), pair.serialize_pem()).unwrap();
    fs::write(sensor.path("public.pem"), pair.public_key_pem()).unwrap();
}

#[test]
fn what_is_shown_has_the_news_of_each_channel_with_its_bound_and_what_came_of_it() {
    let sensor = Sensor::new();
    let shown = sensor.run(&["baseline", "show"]);
    for part in ["commanders of a device", "flow, judges", "RATIO"] {
        assert!(shown.out.contains(part), "{part} in {}", shown.out);
    }
    let shown: Value =
        serde_json::from_str(&sensor.run(&["baseline", "show", "--json"]).out).unwrap();
    let channels = shown["channels"][0]["channels"].as_array().unwrap();
    let readers =
        channels.iter().find(|channel| channel["channel"] == "readers of a device").unwrap();
    assert_eq!(readers["level"], "flow");
    assert_eq!(readers["armed"], true);
    let number = |name: &str| readers[name].as_f64().unwrap();
    assert!(number("novel_per_day_max") > number("novel_per_day"));
    assert!(number("observed") <= number("predicted_max"), "{readers}");
}

#[test]
fn a_signed_baseline_judges_at_another_sensor_and_a_changed_one_is_refused() {
    let sensor = Sensor::new();
    keys(&sensor);
    let export = ["baseline", "export", "--to", "north.jsonl", "--sign-with", "key.pem"];
    let exported = sensor.run(&export);
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let text = fs::read_to_string(sensor.path("north.jsonl")).unwrap();
    let order: Vec<String> =
        records(&text)[1..].iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect();
    assert!(order.is_sorted() && order.len() > 10, "{order:?}");
    sensor.run(&export);
    assert_eq!(fs::read_to_string(sensor.path("north.jsonl")).unwrap(), text, "a stable order");

    let import = ["baseline", "import", "north.jsonl", "--signed-by", "public.pem"];
    let dry = sensor.run_on("other", &[&import[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, Some(0), "{dry:?}");
    assert!(dry.out.contains(&format!("It would add {} keys", order.len())), "{dry:?}");
    assert!(dry.out.contains(&format!("+ {}\n", order[0])), "{dry:?}");
    assert!(!sensor.path("other").exists(), "nothing was changed");

    let imported = sensor.run_on("other", &import);
    assert_eq!(imported.code, Some(0), "{imported:?}");
    let levels = |state| {
        let shown = sensor.run_on(state, &["baseline", "show", "--json"]);
        let shown: Value = serde_json::from_str(&shown.out).unwrap();
        (shown["armed"].clone(), shown["levels"].clone())
    };
    assert_eq!(levels("other"), levels("state"));
    assert_eq!(levels("other").0, true);
    let same = sensor.run_on("other", &["baseline", "diff", "north.jsonl"]);
    assert!(same.out.starts_with("Both know the same"), "{same:?}");
    let audit = sensor.run_on("other", &["audit", "list", "--json"]);
    let row =
        records(&audit.out).into_iter().find(|row| row["action"] == "baseline import").unwrap();
    assert!(row["detail"].as_str().unwrap().starts_with("signed by the key in"), "{row}");

    let again = sensor.run_on("other", &import);
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.err.contains("--replace puts these in their place"), "{again:?}");
    let replaced = sensor.run_on("other", &[&import[..], &["--replace"]].concat());
    assert_eq!(replaced.code, Some(0), "{replaced:?}");

    fs::write(sensor.path("north.jsonl"), text.replacen("\"count\":", "\"count\":9", 1)).unwrap();
    let changed = sensor.run_on("third", &import);
    assert_eq!(changed.code, Some(1), "{changed:?}");
    assert!(changed.err.contains("the signature does not hold"), "{changed:?}");
    assert!(!sensor.path("third").exists());
    let nobody = sensor.run_on("third", &["baseline", "import", "north.jsonl"]);
    assert_eq!(nobody.code, Some(2), "{nobody:?}");
    let keys_only = sensor.run(&["baseline", "export"]);
    fs::write(sensor.path("keys.txt"), keys_only.out).unwrap();
    let wrong = sensor.run_on("third", &["baseline", "import", "keys.txt", "--unsigned"]);
    assert!(wrong.err.contains("wanted is a file that"), "{wrong:?}");
}

#[test]
fn a_replay_says_what_a_change_would_have_silenced_and_changes_nothing() {
    let sensor = Sensor::new();
    let before = sensor.anomalies();
    let writes: Vec<&Value> =
        before.iter().filter(|record| record["detection"] == "MB-29").collect();
    assert_eq!(writes.len(), 2, "{before:?}");
    let replay = |change: &str, more: &[&str]| {
        fs::write(sensor.path("change.toml"), change).unwrap();
        sensor.run(&[&["baseline", "replay", "--change", "change.toml"], more].concat())
    };
    let outcomes = |change: &str| -> Vec<(Value, Value)> {
        let ran = replay(change, &["--json"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        records(&ran.out).iter().map(|it| (it["id"].clone(), it["outcome"].clone())).collect()
    };
    let id = |nth: usize| writes[nth]["id"].clone();

    let key = writes[0]["key"].as_str().unwrap();
    let accept = format!("[[accept]]\nkey = '{key}'\nreason = 'plan 17'\n");
    assert_eq!(outcomes(&accept), [(id(0), "silenced".into())]);

    let window = "[[window]]\nname = 'plan 17'\nstart = 2024-05-01T12:05:00Z\nend = 2024-05-01T12:06:00Z\n\
                  sources = ['10.0.0.99']\nreason = 'x'\nby = 'y'\n";
    let all = outcomes(window);
    assert!(all.iter().all(|(_, outcome)| outcome == "silenced") && all.len() >= 2, "{all:?}");
    let told = replay(window, &[]);
    assert!(told.out.contains("The worst that would not have alarmed is critical."), "{told:?}");
    assert!(
        told.out.contains("by window \"plan 17\"") && told.out.ends_with("Nothing was changed.\n")
    );
    assert_eq!(
        outcomes(&window.replace("12:05:00Z", "11:00:00Z").replace("12:06:00Z", "11:30:00Z")),
        []
    );

    let site = "[[hosts]]\nname = 'HMI 2'\naddresses = ['10.0.0.99']\n[[access]]\nhosts = ['HMI 2']\n\
                devices = ['*']\nclasses = ['read', 'command']\n";
    let allowed = outcomes(site);
    for nth in [0, 1] {
        assert!(allowed.contains(&(id(nth), "silenced".into())), "{allowed:?}");
    }
    for (wrong, part) in [
        ("", "proposes nothing"),
        ("[[accept]]\nkey = 'x'\n", "accept: "),
        ("[[window]]\nname = 'x'\n", "it needs a reason"),
        ("[[acces]]\nx = 1\n", "acces"),
    ] {
        let ran = replay(wrong, &[]);
        assert_eq!(ran.code, Some(3), "{wrong}: {ran:?}");
        assert!(ran.err.contains(part), "{wrong}: {ran:?}");
    }
    assert_eq!(sensor.anomalies(), before);
}
