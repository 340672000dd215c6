//! Runbooks: what to do when an alert of Prometheus fires, or a detection told something.
//!
//! Nobody has to log in for them. They hold nothing of the site, whoever is called at night follows the link in a message
//! from wherever they are, and what they say is the same for every installation of this version.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use gridtap_store::Store;
use pulldown_cmark::{Event, Parser, Tag, TagEnd, html::push_html};

use super::frame::Frame;
use super::page;
use super::visitor::Visitor;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::routes::{Named, Shared};

/// One for each alert of `deploy/prometheus`.
const ALERTS: &[(&str, &str)] = &[
    ("AlarmFlood", include_str!("../../../../docs/runbooks/AlarmFlood.md")),
    ("BaselineStale", include_str!("../../../../docs/runbooks/BaselineStale.md")),
    ("CaptureDrops", include_str!("../../../../docs/runbooks/CaptureDrops.md")),
    ("ClockUnsynchronised", include_str!("../../../../docs/runbooks/ClockUnsynchronised.md")),
    ("DecodeBlind", include_str!("../../../../docs/runbooks/DecodeBlind.md")),
    ("DeviceSilent", include_str!("../../../../docs/runbooks/DeviceSilent.md")),
    ("DiskLow", include_str!("../../../../docs/runbooks/DiskLow.md")),
    ("NewDevice", include_str!("../../../../docs/runbooks/NewDevice.md")),
    ("SensorBlind", include_str!("../../../../docs/runbooks/SensorBlind.md")),
    ("SensorDown", include_str!("../../../../docs/runbooks/SensorDown.md")),
    ("SeriesCapped", include_str!("../../../../docs/runbooks/SeriesCapped.md")),
    ("StoreFailing", include_str!("../../../../docs/runbooks/StoreFailing.md")),
    ("UnacknowledgedCritical", include_str!("../../../../docs/runbooks/UnacknowledgedCritical.md")),
    (
        "UnexpectedControlCommand",
        include_str!("../../../../docs/runbooks/UnexpectedControlCommand.md"),
    ),
    ("Watchdog", include_str!("../../../../docs/runbooks/Watchdog.md")),
    ("WebhookFailing", include_str!("../../../../docs/runbooks/WebhookFailing.md")),
];

/// What is known of a detection, for whoever is to act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    /// Its id, such as `MB-29`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What to check first, what would make it benign, what to do if it is not.
    pub advice: String,
    /// Ids and names of the techniques that it may show, the closest first.
    pub techniques: Vec<(String, String)>,
    /// The release of ATT&CK for ICS that these are of.
    pub attack_version: String,
    /// Whether it is about the sensor's own ability to hear.
    pub is_of_sensor: bool,
}

impl Guide {
    /// What messages it is judged from.
    fn judged_from(&self) -> &'static str {
        match self.id.split('-').next() {
            Some("MB") => "Modbus messages",
            Some("DN") => "DNP3 messages",
            _ => "what hosts and devices do on the network, whatever the protocol",
        }
    }

    /// Its runbook.
    fn text(&self) -> String {
        let Self { id, name, advice, .. } = self;
        let mut text = format!("# {id} {name}\n\n## What it means\n\n");
        if self.is_of_sensor {
            text.push_str("The sensor says something of itself: it does not hear or cannot read a part of the traffic. What happens there is not judged, so silence about it is no result.\n");
        } else {
            text.push_str(&format!("It is judged from {}. The anomaly says in *observed* what was heard, from whom, to which device and about which points, and in *expected* what was known before.\n", self.judged_from()));
        }
        if !self.techniques.is_empty() {
            text.push_str(&format!(
                "\nIn the words of MITRE ATT&CK for ICS {} it may be:\n\n",
                self.attack_version
            ));
            for (id, name) in &self.techniques {
                text.push_str(&format!(
                    "- [{id} {name}](https://attack.mitre.org/techniques/{id}/)\n"
                ));
            }
        }
        text.push_str("\n## Look at first\n\n");
        for (nth, sentence) in (1..).zip(sentences(advice)) {
            text.push_str(&format!("{nth}. {sentence}\n"));
        }
        text.push_str(&format!(
            "\n## With gridtap\n\n```sh\ngridtap anomalies list --detection {id} --open --state /var/lib/gridtap\ngridtap anomalies show ID --pcap evidence.pcapng --state /var/lib/gridtap\n```\n\nThe second has the whole history, and the frames that show it, to be opened in Wireshark.\n\n## Then\n\n"
        ));
        text.push_str(if self.is_of_sensor {
            "Acknowledge it when somebody sees to it, and close it when the sensor hears again what it should. There is nothing to accept as normal.\n"
        } else {
            "Acknowledge it, so that others see that somebody is at it; that teaches the sensor nothing. Where nobody can explain it, treat it as an intrusion, keep the evidence and call whoever handles incidents. Where it was legitimate, close it as an expected change; `gridtap baseline accept` then makes exactly that key normal, with a reason and an end, and for what commands a device with a second person.\n"
        });
        text
    }
}

/// The sentences of a text.
fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(last) = sentences.last_mut() else { break };
        if !last.is_empty() {
            last.push(' ');
        }
        last.push_str(word);
        if word.ends_with(['.', '?', '!']) && word.len() > 2 {
            sentences.push(String::new());
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// The runbook of an alert or a detection, as Markdown.
fn text_of(guides: &[Guide], name: &str) -> Option<String> {
    let alert = ALERTS.iter().find(|(alert, _)| alert.eq_ignore_ascii_case(name));
    let guide = || guides.iter().find(|guide| guide.id.eq_ignore_ascii_case(name));
    alert.map(|(_, text)| (*text).to_owned()).or_else(|| guide().map(Guide::text))
}

/// All of them, as Markdown.
fn index(guides: &[Guide]) -> String {
    let mut text = "# Runbooks\n\n## Alerts of Prometheus\n\n".to_owned();
    for (name, _) in ALERTS {
        text.push_str(&format!("- [{name}](/runbooks/{name})\n"));
    }
    text.push_str("\n## Detections\n\n");
    for Guide { id, name, .. } in guides {
        text.push_str(&format!("- [{id} {name}](/runbooks/{id})\n"));
    }
    text
}

/// Markdown as HTML. What looks like HTML in it is text, and links lead to pages only.
fn html_of(text: &str) -> String {
    let mut is_dropped = false;
    let events = Parser::new(text).filter_map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            is_dropped = !(dest_url.starts_with('/') || dest_url.starts_with("https://"));
            (!is_dropped).then_some(event)
        }
        Event::End(TagEnd::Link) if is_dropped => None,
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        event => Some(event),
    });
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

/// Around what anybody may read.
#[derive(Template)]
#[template(path = "plain.html")]
struct Plain<'a> {
    frame: Frame,
    body: &'a str,
}

pub(super) async fn list(State(desk): Shared, request: Request) -> Result<Response, Problem> {
    let text = index(&desk.guides);
    shown(&desk, Asker::of(&desk, &request), "Runbooks", text).await
}

pub(super) async fn show(
    State(desk): Shared,
    Named(name): Named,
    request: Request,
) -> Result<Response, Problem> {
    let text = text_of(&desk.guides, &name).ok_or_else(|| {
        let name = crate::desk::bounded(&name);
        Problem::unknown(format!("there is no runbook {name}: /runbooks has all of them"))
    })?;
    shown(&desk, Asker::of(&desk, &request), &format!("Runbook {name}"), text).await
}

/// Who asks, and for what.
struct Asker {
    /// Whoever may know how the sensor is.
    visitor: Option<Visitor>,
    wants_page: bool,
}

impl Asker {
    fn of(desk: &Desk, request: &Request) -> Self {
        let accepted = request.headers().get(ACCEPT).and_then(|accepted| accepted.to_str().ok());
        Self {
            visitor: Visitor::of(desk, request).ok(),
            wants_page: accepted.is_some_and(|accepted| accepted.contains("text/html")),
        }
    }
}

/// As a page for a browser, with how the sensor is for whoever may know; as it is written for anything else.
async fn shown(desk: &Desk, asker: Asker, title: &str, text: String) -> Result<Response, Problem> {
    let mut response = if asker.wants_page {
        let frame = match asker.visitor {
            None => Frame::bare(desk, title),
            Some(visitor) => {
                // A store that fails is no reason to keep from anybody what to do about it.
                let queues = desk.readers.read(Store::queues).await.unwrap_or_default();
                Frame::around(desk, &visitor, title, "runbooks", &queues)
            }
        };
        page(StatusCode::OK, &Plain { frame, body: &html_of(&text) })?
    } else {
        ([(CONTENT_TYPE, "text/markdown; charset=utf-8")], text).into_response()
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_runbook_is_text_and_its_links_lead_to_pages() {
        let html = html_of(
            "# A <script>x</script>\n\n<b>b</b> [a](javascript:x) [b](/runbooks/b) ![c](/c)\n\n<div>d</div>\n",
        );
        assert!(html.contains("<h1>A &lt;script&gt;x&lt;/script&gt;</h1>"), "{html}");
        assert!(html.contains("<a href=\"/runbooks/b\">b</a>"), "{html}");
        for markup in ["<script", "<b>", "javascript", "<img", "<div"] {
            assert!(!html.contains(markup), "{markup} in {html}");
        }
    }

    #[test]
    fn there_is_one_for_each_file_and_no_other() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbooks");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let names: Vec<String> = ALERTS.iter().map(|(name, _)| format!("{name}.md")).collect();
        assert_eq!(names, files);
    }

    #[test]
    fn advice_falls_into_its_sentences() {
        let parts = sentences("Ask who did it, e.g. at 10.0.0.7. Was it planned? Then\nclose it.");
        assert_eq!(
            parts,
            ["Ask who did it, e.g.", "at 10.0.0.7.", "Was it planned?", "Then close it."]
        );
    }
}
