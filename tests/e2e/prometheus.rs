//! What Prometheus's own tools say of what we give them.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::machine::root;

/// Runs promtool; gives what it wrote where it found a fault. Says so where it is not installed.
fn promtool(arguments: &[&str], input: Option<&Path>) -> Option<String> {
    let stdin = input.map_or_else(Stdio::null, |path| {
        Stdio::from(File::open(path).expect("the input is in the repository"))
    });
    let output = Command::new("promtool").args(arguments).current_dir(root()).stdin(stdin).output();
    let Ok(output) = output else {
        println!("not run: promtool is not installed (Debian: prometheus)");
        return None;
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (!output.status.success() || text.contains("lint")).then_some(text)
}

#[test]
fn promtool_has_nothing_to_say_against_the_metrics() {
    let text = root().join("crates/telemetry/src/tests/metrics.txt");
    assert_eq!(promtool(&["check", "metrics"], Some(&text)), None);
}
