use super::{Answer, Stage, config, request};

const BROWSER: &str = "Accept: text/html,application/xhtml+xml";

fn read(stage: &Stage, path: &str, headers: &[&str]) -> Answer {
    stage.send(&request("GET", path, headers, b""))
}

#[test]
fn whoever_is_called_at_night_reads_what_to_do_without_a_login() {
    let stage = Stage::of(config());
    let page = read(&stage, "/runbooks/WebhookFailing", &[BROWSER]);
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("<h2>Look at first</h2>"), "{}", page.text());
    assert!(page.header("content-security-policy").unwrap().contains("default-src 'self'"));
    let text = read(&stage, "/runbooks/WebhookFailing", &[]);
    assert_eq!(text.header("content-type"), Some("text/markdown; charset=utf-8"));
    assert!(text.text().starts_with("# WebhookFailing\n"));
    let all = read(&stage, "/runbooks", &[BROWSER]);
    for link in ["/runbooks/Watchdog", "/runbooks/MB-29"] {
        assert!(all.text().contains(&format!("<a href=\"{link}\">")), "{link}");
    }
    let none = read(&stage, "/runbooks/..%2Fsecret", &[]);
    assert_eq!(none.problem(), (404, "not_found".to_owned()));
}

#[test]
fn the_runbook_of_a_detection_is_made_of_what_the_catalogue_knows() {
    let stage = Stage::of(config());
    let text = read(&stage, "/runbooks/mb-29", &[]);
    for part in [
        "# MB-29 Unauthorised write\n",
        "Modbus messages",
        "[T0855 Unauthorized Command Message](https://attack.mitre.org/techniques/T0855/)",
        "1. Verify the position first.\n2. Then ask",
        "--detection MB-29 --open",
        "baseline accept",
    ] {
        assert!(text.text().contains(part), "{part} in {}", text.text());
    }
    let page = read(&stage, "/runbooks/MB-29", &[BROWSER]);
    assert!(page.text().contains("&lt;b&gt;shift&lt;/b&gt;") && !page.text().contains("<b>"));
}
