//! The page in Debian's Chromium: by keyboard alone, with and without scripts, and as assistive technology finds it.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::machine;
use crate::stage::browser::{Browser, ENTER, TAB};
use crate::stage::{Service, patience, web};

const PASSWORD: &str = "correct horse battery staple";
/// More steps than there are places on a page that can have the focus.
const STEPS_MAX: usize = 200;

/// A service on the demo capture, with an operator who may log in.
fn service() -> Service {
    let mut command = machine::gridtap();
    let mut child = command
        .arg("hash-password")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("gridtap starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    writeln!(stdin, "{PASSWORD}").expect("it reads");
    drop(stdin);
    let hash = child.wait_with_output().expect("it ends").stdout;
    let hash = String::from_utf8(hash).expect("text");
    let settings = format!(
        r#"
        [baseline]
        block = "10s"
        [service]
        name = "north"
        read = ["fixtures/demo.pcapng"]
        at_end = "stay"
        [api]
        listen = "127.0.0.1:0"
        [[api.user]]
        name = "shift"
        role = "operator"
        password_hash = "{}"
        "#,
        hash.trim()
    );
    let service = Service::start(&settings, &[]);
    patience("all of the demo's criticals are told", || {
        let found = ask(&service, "/api/v1/anomalies?severity_min=critical");
        (found["anomalies"].as_array()?.len() >= 4).then_some(())
    });
    service
}

/// What the interface answers to the command line of this machine.
fn ask(service: &Service, path: &str) -> Value {
    request(service, "GET", path, "")
}

fn request(service: &Service, method: &str, path: &str, body: &str) -> Value {
    let note = fs::read_to_string(service.state().join("gridtap.api")).expect("a note");
    let note: Value = serde_json::from_str(&note).expect("JSON");
    let token = note["token"].as_str().expect("a token");
    let (status, answer) = web::request(
        &service.address,
        &format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            service.address,
            body.len()
        ),
    );
    assert_eq!(status, 200, "{path}: {answer}");
    serde_json::from_str(&answer).expect("JSON")
}

fn until_title(browser: &Browser, part: &str) {
    patience(part, || browser.title().contains(part).then_some(()));
}

/// Logs in by keys, from wherever the browser was led.
fn log_in(browser: &Browser, service: &Service, path: &str) {
    browser.open(&format!("http://{}{path}", service.address));
    assert!(browser.title().starts_with("Log in"), "{}", browser.title());
    assert_eq!(browser.focused(), "Name");
    browser.press("shift");
    browser.press(TAB);
    assert_eq!(browser.focused(), "Password");
    browser.press(PASSWORD);
    browser.press(ENTER);
    patience("the login", || (!browser.title().starts_with("Log in")).then_some(()));
}

/// Presses Tab until what has the focus is called so.
fn tab_to(browser: &Browser, is_wanted: impl Fn(&str) -> bool) -> String {
    let mut passed = Vec::new();
    for _ in 0..STEPS_MAX {
        browser.press(TAB);
        let name = browser.focused();
        let is_page = || browser.run("return document.activeElement === document.body") == true;
        assert!(!name.is_empty() || is_page(), "what has no name has the focus after {passed:?}");
        if is_wanted(&name) {
            return name;
        }
        passed.push(name);
    }
    panic!("not within {STEPS_MAX} steps: {passed:?}");
}

/// Acknowledges by keys the worst anomaly that nobody has: its id.
fn acknowledge(browser: &Browser, service: &Service) -> String {
    let found = ask(service, "/api/v1/anomalies?state=unacknowledged-active&sort=severity&limit=1");
    let wanted = found["anomalies"][0]["name"].as_str().expect("a name").to_owned();
    tab_to(browser, |name| name == wanted);
    browser.press(ENTER);
    until_title(browser, "critical: ");
    let id = browser.address().rsplit('/').next().expect("an id").to_owned();
    tab_to(browser, |name| name.starts_with("Comment"));
    browser.press("calling the substation");
    browser.press(TAB);
    assert_eq!(browser.focused(), "Acknowledge this anomaly");
    browser.press(ENTER);
    patience("the answer", || browser.address().contains("?done=acknowledge").then_some(()));
    assert!(browser.source().contains("Acknowledged. It is yours now"), "{}", browser.source());
    let one = ask(service, &format!("/api/v1/anomalies/{id}"));
    assert_eq!(one["anomaly"]["state"], "acknowledged-active");
    assert_eq!(one["anomaly"]["acknowledged_by"], "shift");
    assert_eq!(one["anomaly"]["comment"], "calling the substation");
    let rows = ask(service, "/api/v1/audit");
    let row = rows["rows"].as_array().expect("rows").last().expect("a row").clone();
    let told = ["who", "role", "via", "action", "outcome"].map(|name| row[name].clone());
    assert_eq!(told, ["shift", "operator", "page", "acknowledge", "done"]);
    assert_eq!(row["subject"], format!("anomaly {id}"));
    id
}

#[test]
fn an_operator_acknowledges_by_keyboard_alone_and_the_page_tells_what_others_do() {
    let service = service();
    let Some(browser) = Browser::start(true) else { return };
    log_in(&browser, &service, "/");
    until_title(&browser, "Anomalies");
    // The first step skips what stands on every page.
    browser.press(TAB);
    assert_eq!(browser.focused(), "Skip to the content");
    browser.press(ENTER);
    let id = acknowledge(&browser, &service);
    assert_eq!(
        browser.run("return document.activeElement.id"),
        "said",
        "what came of it is read out"
    );

    // A link in a message leads there without another login, though the cookie does not come along.
    let link = format!("http://{}/anomalies/{id}", service.address);
    browser.open(&format!("data:text/html,<title>chat</title><a href='{link}'>look</a>"));
    browser.press(TAB);
    browser.press(ENTER);
    until_title(&browser, "critical: ");
    assert_eq!(browser.address(), link);
    let cookie = browser.cookies()[0].clone();
    assert_eq!((&cookie["httpOnly"], &cookie["sameSite"]), (&true.into(), &"Strict".into()));

    // What somebody else does meanwhile is told where it is, without a reload.
    browser.open(&format!("http://{}/", service.address));
    let before = browser.title();
    let found = ask(&service, "/api/v1/anomalies?state=unacknowledged-active&limit=1");
    let other = found["anomalies"][0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/anomalies/{other}/actions");
    request(&service, "POST", &path, r#"{"action":"acknowledge","actor":"second shift"}"#);
    patience("the page tells it", || {
        let told = browser.run("return document.getElementById('live').textContent");
        told.as_str().filter(|told| told.contains("to be acknowledged")).map(drop)
    });
    assert_ne!(browser.title(), before);
}

#[test]
fn without_scripts_all_of_it_works() {
    let service = service();
    let Some(browser) = Browser::start(false) else { return };
    log_in(&browser, &service, "/");
    assert!(!browser.source().contains("Pause updates"), "no script of the page has run");
    acknowledge(&browser, &service);
    tab_to(&browser, |name| name == "Log out");
    browser.press(ENTER);
    until_title(&browser, "Log in");
    browser.open(&format!("http://{}/network", service.address));
    until_title(&browser, "Log in");
}

/// Faults that assistive technology and people who do not see well would meet, by the rules of WCAG 2.2.
const FAULTS: &str = include_str!("page/faults.js");

#[test]
fn every_page_has_its_landmarks_names_and_contrast_and_fits_a_narrow_window_and_large_text() {
    let service = service();
    let Some(browser) = Browser::start(true) else { return };
    let pictures = std::env::var_os("GRIDTAP_SCREENSHOTS").map(PathBuf::from);
    if let Some(folder) = &pictures {
        fs::create_dir_all(folder).expect("a folder for pictures");
    }
    let address = |path: &str| format!("http://{}{path}", service.address);
    let look = |name: &str, path: &str| {
        for (size, width, text) in
            [("", 1400, "100%"), ("-large", 1400, "200%"), ("-narrow", 320, "100%")]
        {
            browser.widen(width);
            browser.open(&address(path));
            browser.run(&format!("document.documentElement.style.fontSize = '{text}'"));
            browser
                .run("for (const each of document.querySelectorAll('details')) each.open = true");
            let faults = browser.run(FAULTS);
            assert_eq!(faults, serde_json::json!([]), "{name}{size}");
            browser
                .run("for (const each of document.querySelectorAll('details')) each.open = false");
            if let Some(folder) = &pictures {
                browser.picture(&folder.join(format!("{name}{size}.png")));
            }
        }
    };
    look("login", "/login");
    browser.widen(1400);
    log_in(&browser, &service, "/");
    let found = ask(&service, "/api/v1/anomalies?sort=severity&limit=1");
    let (id, incident) = (&found["anomalies"][0]["id"], &found["anomalies"][0]["incident"]);
    let (id, incident) = (id.as_str().expect("an id"), incident.as_str().expect("an id"));
    look("list", "/");
    look("filtered", "/?severity_min=high&sort=newest");
    look("detail", &format!("/anomalies/{id}"));
    look("incident", &format!("/incidents/{incident}"));
    look("network", "/network");
    look("runbook", "/runbooks/MB-29");
    look("problem", "/anomalies/nothing");
}
