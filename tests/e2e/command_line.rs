//! The help and the completions are what their readers can use.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::machine::gridtap;

/// What `gridtap` prints for these arguments, which must succeed.
fn printed(arguments: &[&str]) -> String {
    let output = gridtap().args(arguments).output().expect("gridtap starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn bash_reads_its_completions() {
    let completions = printed(&["completions", "bash"]);
    assert!(completions.contains("complete -F"), "{completions}");
    let mut bash =
        Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().expect("bash starts");
    bash.stdin.take().expect("piped").write_all(completions.as_bytes()).expect("bash reads");
    assert!(bash.wait().expect("bash ends").success());
}

#[test]
fn every_command_of_the_help_explains_itself() {
    let help = printed(&["--help"]);
    for command in ["decode", "learn", "monitor", "baseline"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in the help:\n{help}");
        let own = printed(&[command, "--help"]);
        assert!(own.len() > 400, "{command} --help says little:\n{own}");
    }
}
