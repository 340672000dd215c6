use crate::run::run;

#[test]
fn help_shows_examples_and_exit_codes() {
    let help = run(["--help"]);
    assert_eq!(help.code, Some(0));
    for part in ["gridtap monitor --read", "Exit codes: 0 done", "10 anomalies found"] {
        assert!(help.out.contains(part), "{part} in {}", help.out);
    }
    for command in
        [&["decode"][..], &["learn"], &["monitor"], &["anomalies", "list"], &["db", "prune"]]
    {
        let help = run(command.iter().chain(&["--help"]));
        assert!(help.out.contains("Examples:"), "{command:?}: {}", help.out);
    }
}

#[test]
fn the_manual_page_and_completions_are_printed() {
    let page = run(["man"]);
    assert_eq!(page.code, Some(0));
    assert!(page.out.contains(".TH gridtap 1"), "{}", page.out);
    for shell in ["bash", "zsh", "fish"] {
        let completions = run(["completions", shell]);
        assert_eq!(completions.code, Some(0));
        assert!(completions.out.contains("monitor"), "{shell}");
    }
}

#[test]
fn a_page_for_every_command_is_written() {
    let directory = tempfile::tempdir().unwrap();
    let ran = run(["man".as_ref(), "--out".as_ref(), directory.path().as_os_str()]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for page in [
        "gridtap.1",
        "gridtap-monitor.1",
        "gridtap-baseline-accept.1",
        "gridtap-anomalies-close.1",
        "gridtap-db-prune.1",
        "gridtap-windows-add.1",
    ] {
        assert!(directory.path().join(page).is_file(), "{page}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [
        &["decode"][..],
        &["monitor"],
        &["monitor", "--read", "x", "--fail-on", "loud"],
        &["dance"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
    }
}
