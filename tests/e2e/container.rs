//! The container files, by their structure: there is no container engine in the tests.

use std::fs;

use crate::machine::{gridtap, root};

const FOLDER: &str = "deploy/container";

fn read(name: &str) -> String {
    fs::read_to_string(root().join(FOLDER).join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What follows a word at the beginning of lines.
fn after<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.trim().strip_prefix(word)).map(str::trim)
}

/// Whether an image is named by a release, which begins with a digit, rather than by whatever is newest.
fn is_pinned(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    let release = name.split_once(':').map(|(_, tag)| tag.trim_start_matches('v'));
    release.is_some_and(|release| {
        release.starts_with(|first: char| first.is_ascii_digit()) && release.contains('.')
    })
}

#[test]
fn every_image_is_named_by_its_release() {
    let (file, compose) = (read("Containerfile"), read("compose.yaml"));
    let from = after(&file, "FROM ").filter_map(|line| line.split(' ').next());
    let images: Vec<&str> = from.chain(after(&compose, "image:")).collect();
    assert_eq!(images.len(), 5, "{images:?}");
    for image in images {
        assert!(is_pinned(image), "{image}");
    }
    for loose in ["debian", "debian:latest", "prom/prometheus:v3", "host:5000/rust"] {
        assert!(!is_pinned(loose), "{loose}");
    }
}

#[test]
fn the_image_is_built_by_the_toolchain_of_the_house() {
    let toolchain = fs::read_to_string(root().join("rust-toolchain.toml")).expect("a toolchain");
    let channel = after(&toolchain, "channel = ").next().expect("a channel").trim_matches('"');
    assert!(read("Containerfile").contains(&format!("/rust:{channel}-")), "{channel}");
}

#[test]
fn everything_that_the_services_are_given_is_in_the_repository() {
    let compose = read("compose.yaml");
    let folder = root().join(FOLDER);
    let named: Vec<&str> = after(&compose, "- ")
        .filter(|volume| volume.starts_with('.'))
        .filter_map(|volume| volume.split(':').next())
        .collect();
    assert!(named.len() >= 5, "{named:?}");
    for path in named {
        assert!(folder.join(path).exists(), "compose.yaml names {path}");
    }
    let context = folder.join(after(&compose, "context:").next().expect("a context"));
    let file = context.join(after(&compose, "dockerfile:").next().expect("a file"));
    assert!(file.is_file(), "{}", file.display());
    // Volumes that nobody declared would be made for each start anew.
    let declared: Vec<&str> =
        compose.split("\nvolumes:\n").nth(1).expect("volumes").lines().collect();
    for volume in ["state", "series", "panels"] {
        assert!(compose.contains(&format!("- {volume}:/")), "{volume} is used");
        assert!(declared.contains(&format!("  {volume}:").as_str()), "{volume} is declared");
    }
}

#[test]
fn prometheus_and_grafana_find_each_other_where_their_files_say() {
    let read = |path: &str| fs::read_to_string(root().join("deploy").join(path)).expect(path);
    let compose = read("container/compose.yaml");
    assert_eq!(compose.matches("network_mode: host").count(), 3);
    assert!(compose.contains("--web.listen-address=127.0.0.1:9090"));
    assert!(
        read("grafana/provisioning/datasources/prometheus.yml").contains("http://127.0.0.1:9090")
    );
    let dashboards = read("grafana/provisioning/dashboards/gridtap.yml");
    let place = after(&dashboards, "path:").next().expect("a path");
    assert!(compose.contains(&format!(":{place}:ro")), "{place}");
    assert!(read("prometheus/prometheus.yml").contains("127.0.0.1:9417"));
}

#[test]
fn the_settings_of_the_demo_are_settings() {
    // A capture in the place of the one that is mounted, without the wait for its pace.
    let state = tempfile::tempdir().expect("a temporary folder");
    let output = gridtap()
        .args(["monitor", "--config", "deploy/container/gridtap.toml", "--read"])
        .arg("fixtures/demo.pcapng")
        .args(["--pace", "1000", "--set", "service.at_end=stop", "--state"])
        .arg(state.path())
        .output()
        .expect("gridtap starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
