//! The page as a browser meets it, without one.

mod acting;
mod entry;
mod looks;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Answer, Stage, config, request};
use crate::config::User;
use crate::{Config, Role, hash_password};

const PASSWORD: &str = "correct horse battery staple";

static HASH: LazyLock<String> = LazyLock::new(|| hash_password(PASSWORD).unwrap());

/// Settings with a user for each role that the tests play.
fn with_users() -> Config {
    let user = |name: &str, role| User {
        name: name.to_owned(),
        role,
        password_hash: Some(HASH.clone()),
        ..User::default()
    };
    Config {
        user: vec![
            user("shift", Role::Operator),
            user("wall", Role::Viewer),
            user("lead", Role::Admin),
        ],
        ..config()
    }
}

/// What a browser keeps and says.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
    /// Where it is, if not at the usual place.
    from: Option<[u8; 4]>,
}

impl Browser {
    fn of(stage: &Stage, name: &str) -> Self {
        let mut browser = Self::default();
        let answer = browser.log_in(stage, name, PASSWORD);
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{answer:?}");
        browser
    }

    fn send(
        &mut self,
        stage: &Stage,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &str,
    ) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookie = format!("Cookie: {}", cookies.join("; "));
        let mut all = vec!["Accept: text/html,application/xhtml+xml", &*cookie];
        all.extend(headers);
        let octets = request(method, path, &all, body.as_bytes());
        let answer = match self.from {
            Some(address) => stage.send_from(address, &octets),
            None => stage.send(&octets),
        };
        for name in ["x-content-type-options", "content-security-policy", "cache-control"] {
            assert!(answer.header(name).is_some(), "{method} {path} has no {name}");
        }
        for set in answer.headers("set-cookie") {
            let (pair, rest) = set.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if rest.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    fn get(&mut self, stage: &Stage, path: &str) -> Answer {
        self.send(stage, "GET", path, &[], "")
    }

    /// Sends a form as a browser does from a page of ours.
    fn post(&mut self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> Answer {
        let own = ["Origin: http://127.0.0.1", "Sec-Fetch-Site: same-origin"];
        self.post_from(stage, path, &own, fields)
    }

    fn post_from(
        &mut self,
        stage: &Stage,
        path: &str,
        headers: &[&str],
        fields: &[(&str, &str)],
    ) -> Answer {
        let body = serde_urlencoded::to_string(fields).unwrap();
        let mut all = vec!["Content-Type: application/x-www-form-urlencoded"];
        all.extend(headers);
        self.send(stage, "POST", path, &all, &body)
    }

    fn log_in(&mut self, stage: &Stage, name: &str, password: &str) -> Answer {
        let token = token(&self.get(stage, "/login"));
        self.post(stage, "/login", &[("token", &token), ("name", name), ("password", password)])
    }

    /// Does something with an anomaly by the form of its page.
    fn act(&mut self, stage: &Stage, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(stage, path);
        let (token, revision) = (token(&page), field(&page, "revision"));
        let mut all = vec![("token", &*token), ("revision", &*revision)];
        all.extend(fields);
        self.post(stage, path, &all)
    }
}

/// The first value of a hidden field of a page.
fn field(page: &Answer, name: &str) -> String {
    let text = page.text();
    let begin = format!("name=\"{name}\" value=\"");
    let rest = text.split(&*begin).nth(1).unwrap_or_else(|| panic!("no {name} in {text}"));
    rest.split('"').next().unwrap().to_owned()
}

fn token(page: &Answer) -> String {
    field(page, "token")
}
