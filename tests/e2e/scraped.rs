//! Debian's Prometheus, with our configuration, rules and dashboards, beside a service that hears the demo capture.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::grafana::{DASHBOARDS, dashboard, queries, variables};
use crate::machine::root;
use crate::stage::{Service, patience, web};

/// Sensors as an integrator would set one up: on the demo capture, eight times as fast, telling one receiver that is
/// not there.
const SETTINGS: &str = r#"
[baseline]
block = "10s"
[service]
name = "north"
read = ["fixtures/demo.pcapng"]
pace = 8.0
at_end = "stay"
[api]
listen = "127.0.0.1:0"
[notify]
targets = ["127.0.0.1"]
[[notify.endpoint]]
name = "noc"
url = "http://127.0.0.1:9/"
plain_http = true
format = "slack"
"#;

/// Queries that give nothing here, and why.
const EMPTY: [(&str, &str); 5] = [
    ("evictions", "nothing gave way in so small a site"),
    ("series_capped", "all devices have series of their own"),
    ("webhook_inbound", "nobody called a hook"),
    ("capture_lag", "a file is not heard as it comes"),
    ("detection_delay", "a file is not heard as it comes"),
];

/// A Prometheus that is gone with the test.
struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// Starts one with the files of `deploy/prometheus`, which asks `target` every second and no Alertmanager.
    fn start(directory: &Path, target: &str) -> Option<Self> {
        for rules in ["gridtap.alerts.yml", "gridtap.recording.yml"] {
            let from = root().join("deploy/prometheus").join(rules);
            fs::copy(from, directory.join(rules)).expect("rules are in the repository");
        }
        let text = fs::read_to_string(root().join("deploy/prometheus/prometheus.yml"));
        let text = text.expect("it is in the repository");
        let (scraping, _) = text.split_once("alerting:").expect("alerting comes last");
        let text =
            scraping.replace("127.0.0.1:9417", target).replace("interval: 15s", "interval: 1s");
        assert!(text.contains(target) && text.matches("interval: 1s").count() == 2, "{text}");
        let config = directory.join("prometheus.yml");
        fs::write(&config, text).expect("a file");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", directory.join("data").display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            println!("not run: prometheus is not installed (Debian: prometheus)");
            return None;
        };
        let log = BufReader::new(child.stderr.take().expect("it is piped"));
        let mut lines = log.lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| {
            let (_, rest) = line.split_once("msg=\"Listening on\" address=")?;
            Some(rest.split_whitespace().next()?.to_owned())
        });
        // Its log has to be read on, or it would wait for us.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, address: address.expect("it listens") })
    }

    /// What its interface answers, where it does.
    fn ask(&self, path: &str) -> Option<Value> {
        let (status, body) = web::get(&self.address, path);
        let answer: Value = serde_json::from_str(&body).ok()?;
        // It says so while it starts.
        if status == 503 {
            return None;
        }
        assert_eq!(answer["status"], "success", "{path}: {answer}");
        Some(answer["data"].clone())
    }

    /// The series that a query gives now.
    fn query(&self, query: &str) -> Vec<Value> {
        let path = format!("/api/v1/query?query={}", web::encoded(query));
        let data = patience("an answer", || self.ask(&path));
        data["result"].as_array().expect("a vector").clone()
    }

    /// The one value that a query gives now.
    fn value(&self, query: &str) -> Option<f64> {
        let found = self.query(query);
        found.first()?["value"][1].as_str()?.parse().ok()
    }

    /// Every rule, with its name, once each was evaluated after a moment in seconds since 1970.
    fn rules(&self, after: f64) -> BTreeMap<String, Value> {
        patience("every rule is evaluated", || {
            let data = self.ask("/api/v1/rules")?;
            let groups = data["groups"].as_array()?;
            let rules = groups.iter().flat_map(|group| group["rules"].as_array().expect("rules"));
            let mut all = BTreeMap::new();
            for rule in rules {
                let at: jiff::Timestamp = rule["lastEvaluation"].as_str()?.parse().ok()?;
                #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
                if (at.as_second() as f64) < after {
                    return None;
                }
                all.insert(rule["name"].as_str()?.to_owned(), rule.clone());
            }
            (!all.is_empty()).then_some(all)
        })
    }
}

/// Anomalies of the demo, by severity, as the service itself says.
fn found(service: &Service) -> BTreeMap<String, u64> {
    let health = service.get("/api/v1/health");
    let mut found = BTreeMap::new();
    for row in health["anomalies"].as_array().expect("a list") {
        let severity = row["severity"].as_str().expect("a severity").to_owned();
        *found.entry(severity).or_default() += row["count"].as_u64().expect("a count");
    }
    found
}

#[test]
fn prometheus_scrapes_the_demo_and_every_rule_and_panel_says_what_happened() {
    let service = Service::start(SETTINGS, &[]);
    let directory = tempfile::tempdir().expect("a directory");
    let Some(prometheus) = Prometheus::start(directory.path(), &service.address) else { return };

    // The capture is heard to its end, the service has stored what it found, and Prometheus has heard of it.
    let is_over = || {
        let stored: f64 = prometheus.value("sum(gridtap_anomalies)")?;
        let told: u64 = found(&service).values().sum();
        let has_ended = service.log().contains("the input has ended");
        #[expect(clippy::cast_precision_loss, reason = "a handful")]
        (has_ended && told > 0 && stored == told as f64).then_some(())
    };
    patience("the demo is over", is_over);
    // What is asked from here on is of a scrape that began after that.
    let over = prometheus.value("vector(time())").expect("a moment");
    patience("a scrape after the end", || {
        let scraped = prometheus.value("min(timestamp(gridtap_build_info))")?;
        (scraped > over).then_some(())
    });
    let found = found(&service);
    for (severity, count) in &found {
        let stored =
            prometheus.value(&format!("sum(gridtap_anomalies{{severity=\"{severity}\"}})"));
        assert_eq!(stored.map(|stored| stored.to_string()), Some(count.to_string()), "{severity}");
    }
    assert!(found.get("critical").is_some_and(|critical| *critical > 0), "{found:?}");
    assert_eq!(prometheus.value("sum(gridtap_capture_packets_total)"), Some(29_158.0));
    assert_eq!(
        prometheus.value("sum(gridtap_decode_pdus_total{protocol=\"modbus\"})"),
        Some(11_938.0)
    );

    the_rules(&prometheus);
    the_panels(&prometheus);
}

fn the_rules(prometheus: &Prometheus) {
    let now = prometheus.value("vector(time())").expect("a moment");
    let rules = prometheus.rules(now.ceil());
    let mut firing = BTreeSet::new();
    for (name, rule) in &rules {
        assert_eq!(rule["health"], "ok", "{name}: {rule}");
        if rule["type"] == "recording" {
            // Of the recorded ones each has something to say here.
            assert!(!prometheus.query(name).is_empty(), "{name}: {rule}");
        } else if rule["state"] != "inactive" {
            firing.insert(name.as_str());
        }
    }
    let text = fs::read_to_string(root().join("deploy/prometheus/gridtap.alerts.yml"));
    let written = text.expect("it is in the repository").matches("- alert: ").count();
    let alerts = rules.values().filter(|rule| rule["type"] == "alerting").count();
    assert_eq!(alerts, written);
    // What happened in the demo, and nothing else: strangers wrote to devices, in more than ten findings.
    assert_eq!(firing, BTreeSet::from(["AlarmFlood", "UnexpectedControlCommand", "Watchdog"]));
}

fn the_panels(prometheus: &Prometheus) {
    for name in DASHBOARDS {
        let dashboard = dashboard(name);
        let asked = queries(&dashboard).into_iter().chain(variables(&dashboard));
        for (panel, query) in asked {
            // What Grafana puts in the place of its variables.
            let query = query.replace("$__rate_interval", "1m").replace("$instance", ".+");
            let query = query.replace("$job", "gridtap");
            let is_empty = prometheus.query(&query).iter().all(|one| one["value"][1] == "NaN");
            let reason = EMPTY.iter().find(|(part, _)| query.contains(part));
            assert_eq!(is_empty, reason.is_some(), "{name}: {panel}: {query}: {reason:?}");
        }
    }
}
