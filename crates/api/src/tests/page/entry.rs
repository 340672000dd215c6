//! Logging in and out.

use super::super::{Stage, VIEWER, config, id};
use super::{Browser, PASSWORD, token, with_users};
use crate::Config;

#[test]
fn a_page_needs_a_login_and_leads_back_to_where_one_wanted_to_go() {
    let stage = Stage::with(with_users(), 1);
    let mut browser = Browser::default();
    let path = format!("/anomalies/{}", id(1));
    let answer = browser.get(&stage, &path);
    let login = format!("/login?next=%2Fanomalies%2F{}", id(1));
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*login)));
    let form = browser.get(&stage, &login);
    assert_eq!(form.status, 200);
    let fields =
        [("token", &*token(&form)), ("name", "shift"), ("password", PASSWORD), ("next", &path)];
    let answer = browser.post(&stage, "/login", &fields);
    assert_eq!((answer.status, answer.header("location")), (303, Some(&*path)));
    assert_eq!(browser.get(&stage, &path).status, 200);
    assert!(stage.audited().contains(&"page | login | done".to_owned()));
    // Programs are told in their own way, and a session opens nothing to them.
    let answer = browser.get(&stage, "/api/v1/anomalies");
    assert_eq!(answer.problem(), (401, "unauthorized".to_owned()));
    assert_eq!(stage.get("/api/v1/anomalies", VIEWER).status, 200);
}

#[test]
fn nobody_is_led_elsewhere_by_a_login() {
    let stage = Stage::with(with_users(), 1);
    for next in
        ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "/a b", ""]
    {
        let mut browser = Browser::default();
        let form = browser.get(&stage, "/login");
        let fields =
            [("token", &*token(&form)), ("name", "shift"), ("password", PASSWORD), ("next", next)];
        let answer = browser.post(&stage, "/login", &fields);
        assert_eq!(answer.header("location"), Some("/"), "{next}");
    }
}

#[test]
fn the_cookie_of_a_session_is_new_at_login_and_kept_from_scripts_and_other_sites() {
    let stage = Stage::with(with_users(), 1);
    let mut browser = Browser::default();
    let fixed = "0123456789abcdef".repeat(4);
    browser.cookies.insert("gridtap-session".to_owned(), fixed.clone());
    let answer = browser.log_in(&stage, "shift", PASSWORD);
    let cookie = answer.headers("set-cookie")[0].to_owned();
    assert!(cookie.starts_with("gridtap-session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    let first = browser.cookies["gridtap-session"].clone();
    assert_ne!(first, fixed);
    // Logging in anew ends the session before.
    let form = {
        let mut other = Browser::default();
        let form = other.get(&stage, "/login");
        browser.cookies.extend(other.cookies);
        form
    };
    let fields = [("token", &*token(&form)), ("name", "shift"), ("password", PASSWORD)];
    assert_eq!(browser.post(&stage, "/login", &fields).status, 303);
    assert_ne!(browser.cookies["gridtap-session"], first);
    browser.cookies.insert("gridtap-session".to_owned(), first);
    assert_eq!(browser.get(&stage, "/").status, 303);
}

#[test]
fn a_wrong_password_and_a_wrong_name_are_told_alike_and_written_down() {
    let mut stage = Stage::with(with_users(), 1);
    let mut browser = Browser::default();
    let wrong = browser.log_in(&stage, "shift", "wrong horse battery staple");
    let nobody = browser.log_in(&stage, "nobody", PASSWORD);
    assert_eq!((wrong.status, nobody.status), (403, 403));
    let told = |text: &str| {
        text.split("role=\"alert\">")
            .nth(1)
            .and_then(|rest| rest.split('<').next().map(str::to_owned))
    };
    assert_eq!(told(wrong.text()), told(nobody.text()));
    assert!(told(wrong.text()).is_some());
    assert!(!browser.cookies.contains_key("gridtap-session"));
    stage.end();
    let rows = stage.store().audit_log(0, 100).unwrap();
    let told: Vec<_> = rows.iter().map(|each| (&*each.row.who, &*each.row.outcome)).collect();
    assert_eq!(told, [("shift", "login_refused"), ("unknown", "login_refused")]);
}

#[test]
fn whoever_guesses_is_told_to_wait_and_leaves_one_row() {
    let mut stage = Stage::with(with_users(), 1);
    let mut browser = Browser::default();
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(browser.log_in(&stage, "shift", "wrong horse battery staple").status);
    }
    assert_eq!(statuses, [&[403; 10][..], &[429; 2]].concat());
    assert_eq!(
        browser.log_in(&stage, "shift", PASSWORD).status,
        429,
        "not even with the right one"
    );
    stage.wait(60);
    assert_eq!(browser.log_in(&stage, "shift", PASSWORD).status, 303);
    stage.end();
    let rows = stage.audited();
    assert_eq!(rows.len(), 3, "{rows:?}");
}

#[test]
fn whoever_guesses_at_a_name_keeps_nobody_out_who_was_in_from_elsewhere() {
    let stage = Stage::with(with_users(), 1);
    Browser::of(&stage, "shift");
    let mut elsewhere = Browser { from: Some([127, 0, 0, 9]), ..Browser::default() };
    let statuses: Vec<u16> = (0..12)
        .map(|_| elsewhere.log_in(&stage, "shift", "wrong horse battery staple").status)
        .collect();
    // One of ten was the login itself.
    assert_eq!(statuses, [&[403; 9][..], &[429; 3]].concat());
    Browser::of(&stage, "shift");
}

#[test]
fn a_form_to_log_in_is_of_the_browser_that_asked_for_it() {
    let stage = Stage::with(with_users(), 1);
    let form = Browser::default().get(&stage, "/login");
    let fields = [("token", &*token(&form)), ("name", "shift"), ("password", PASSWORD)];
    let mut other = Browser::default();
    other.get(&stage, "/login");
    assert_eq!(other.post(&stage, "/login", &fields).status, 403);
    assert_eq!(other.post(&stage, "/login", &fields[1..]).status, 403);
    let elsewhere = ["Origin: https://elsewhere.example", "Sec-Fetch-Site: cross-site"];
    let own = token(&other.get(&stage, "/login"));
    let fields = [("token", &*own), fields[1], fields[2]];
    assert_eq!(other.post_from(&stage, "/login", &elsewhere, &fields).status, 403);
    assert_eq!(other.post(&stage, "/login", &fields).status, 303);
}

#[test]
fn a_session_ends_with_the_logout_with_its_time_and_with_the_service() {
    let mut stage = Stage::with(with_users(), 1);
    let mut browser = Browser::of(&stage, "shift");
    let kept = browser.cookies.clone();
    let page = browser.get(&stage, "/");
    assert_eq!(browser.post(&stage, "/logout", &[("token", "")]).status, 403);
    assert_eq!(browser.get(&stage, "/").status, 200);
    let answer = browser.post(&stage, "/logout", &[("token", &token(&page))]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/login")));
    assert!(browser.cookies.is_empty());
    browser.cookies = kept;
    assert_eq!(browser.get(&stage, "/").status, 303, "the cookie alone opens nothing");
    assert!(stage.audited().contains(&"page | logout | done".to_owned()));

    let mut idle = Browser::of(&stage, "shift");
    stage.wait(3000);
    let refreshed = idle.send(&stage, "GET", "/", &["Gridtap-Refresh: 1"], "");
    assert_eq!(refreshed.status, 200);
    stage.wait(700);
    assert_eq!(idle.get(&stage, "/").status, 303, "a page that refreshes itself is no person");
    let mut last = Browser::of(&stage, "shift");
    stage.restart();
    assert_eq!(last.get(&stage, "/").status, 303);
}

#[test]
fn a_link_in_a_message_finds_whoever_is_logged_in() {
    let stage = Stage::with(with_users(), 1);
    // The browser keeps the cookie back where another site leads here; our own page then leads on.
    let mut browser = Browser::default();
    let answer = browser.send(&stage, "GET", "/network", &["Sec-Fetch-Site: cross-site"], "");
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("http-equiv=\"refresh\""), "{}", answer.text());
    let answer = browser.send(&stage, "GET", "/network", &["Sec-Fetch-Site: same-origin"], "");
    assert_eq!(answer.header("location"), Some("/login?next=%2Fnetwork"));
}

#[test]
fn without_anyone_configured_this_machine_reads_nobody_acts_and_the_page_says_how_to() {
    let open = Config { token: Vec::new(), ..config() };
    let stage = Stage::with(open, 1);
    let mut browser = Browser::default();
    let path = format!("/anomalies/{}", id(1));
    let page = browser.get(&stage, &path);
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("name=\"action\""));
    assert!(browser.get(&stage, "/login").text().contains("gridtap hash-password"));
    let refused = browser.post(&stage, &path, &[("action", "acknowledge"), ("revision", "1")]);
    assert_eq!(refused.status, 403);
    assert_eq!(stage.store().anomaly(&id(1)).unwrap().unwrap().revision, 1);
    // Nor by a name that leads here.
    let answer = browser.send(&stage, "GET", "/", &["Host: elsewhere.example"], "");
    assert_eq!(answer.status, 403);
}

#[test]
fn other_settings_leave_those_in_who_have_the_same_password_and_role() {
    let mut stage = Stage::with(with_users(), 1);
    let [mut shift, mut wall, mut lead] =
        ["shift", "wall", "lead"].map(|name| Browser::of(&stage, name));
    let mut changed = with_users();
    // Another role, another password, and nobody any more.
    changed.user[1].role = crate::Role::Operator;
    changed.user[2].password_hash =
        Some(crate::hash_password("another staple of the horse").unwrap());
    stage.reload(changed.clone());
    let statuses =
        [&mut shift, &mut wall, &mut lead].map(|browser| browser.get(&stage, "/").status);
    assert_eq!(statuses, [200, 303, 303]);
    changed.user.remove(0);
    stage.reload(changed);
    assert_eq!(shift.get(&stage, "/").status, 303);
}
