//! Debian's Chromium, driven over WebDriver as a person would: by keys.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::web;

/// Keys, as WebDriver names them.
pub(crate) const TAB: &str = "\u{e004}";
pub(crate) const ENTER: &str = "\u{e007}";

/// A browser with a profile of its own. Dropped, it is gone.
pub(crate) struct Browser {
    driver: Child,
    address: String,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; says so where it is not installed. Without scripts it runs none of a page's.
    pub(crate) fn start(has_scripts: bool) -> Option<Self> {
        let driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let Ok(mut driver) = driver else {
            println!("not run: chromedriver is not installed (Debian: chromium-driver)");
            return None;
        };
        let mut lines = BufReader::new(driver.stdout.take().expect("it is piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // What it says further on has to be read, or it would wait for us.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let profile = tempfile::tempdir().expect("a directory");
        let address = format!("127.0.0.1:{}", port.expect("chromedriver listens"));
        let mut browser = Self { driver, address, session: String::new(), _profile: profile };
        let options = json!({
            // Of a container: no sandbox of its own as root, little shared memory, no graphics.
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--window-size=1400,1000",
                format!("--user-data-dir={}", browser._profile.path().display()),
            ],
            "prefs": {
                "profile.managed_default_content_settings.javascript": if has_scripts { 1 } else { 2 },
            },
        });
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options
        } } });
        let session = browser.ask("POST", "/session", Some(&wanted));
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        Some(browser)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let body = body.map(Value::to_string).unwrap_or_default();
        let (status, answer) = web::request(
            &self.address,
            &format!(
                "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n{body}",
                self.address,
                body.len()
            ),
        );
        assert_eq!(status, 200, "{method} {path} {body}: {answer}");
        let answer: Value = serde_json::from_str(&answer).expect("an answer in JSON");
        answer["value"].clone()
    }

    fn command(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}{path}", self.session), Some(body))
    }

    fn read(&self, path: &str) -> Value {
        self.ask("GET", &format!("/session/{}{path}", self.session), None)
    }

    pub(crate) fn open(&self, address: &str) {
        self.command("/url", &json!({ "url": address }));
    }

    pub(crate) fn address(&self) -> String {
        self.read("/url").as_str().expect("an address").to_owned()
    }

    pub(crate) fn title(&self) -> String {
        self.read("/title").as_str().expect("a title").to_owned()
    }

    pub(crate) fn source(&self) -> String {
        self.read("/source").as_str().expect("a text").to_owned()
    }

    pub(crate) fn cookies(&self) -> Value {
        self.read("/cookie")
    }

    /// Presses keys, one after the other.
    pub(crate) fn press(&self, keys: &str) {
        let strokes: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": strokes });
        self.command("/actions", &json!({ "actions": [keyboard] }));
    }

    /// The name of the element that has the focus, as assistive technology tells it.
    pub(crate) fn focused(&self) -> String {
        let element = self.read("/element/active");
        let (_, id) =
            element.as_object().and_then(|object| object.iter().next()).expect("an element");
        let id = id.as_str().expect("its id");
        self.read(&format!("/element/{id}/computedlabel")).as_str().unwrap_or_default().to_owned()
    }

    /// What a script of the test gives: the body of a function.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.command("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// How wide the window is, in pixels of a page.
    pub(crate) fn widen(&self, width: u32) {
        let metrics =
            json!({ "width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
        self.develop("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Keeps a picture of the whole page.
    pub(crate) fn picture(&self, file: &Path) {
        let shot =
            self.develop("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
        let octets = base64(shot["data"].as_str().expect("a picture"));
        std::fs::write(file, octets).expect("the picture is kept");
    }

    fn develop(&self, command: &str, parameters: &Value) -> Value {
        self.command("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.ask("DELETE", &format!("/session/{}", self.session), None);
        }
        // It takes its browser along.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The octets of a text in base64.
fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut octets, mut bits, mut held) = (Vec::with_capacity(text.len()), 0_u32, 0_u32);
    for letter in text.bytes() {
        let Some(six) = LETTERS.iter().position(|known| *known == letter) else { continue };
        bits = (bits << 6 | u32::try_from(six).expect("below 64")) & 0x00ff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push(u8::try_from(bits >> held & 0xff).expect("an octet"));
        }
    }
    octets
}
