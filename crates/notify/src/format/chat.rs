//! What a person reads in a chat: the same few lines for every product.

use serde_json::Value;

use crate::event::Event;

/// Characters of one text; chats refuse whole messages for a longer one.
const TEXT_CHARACTERS_MAX: usize = 1_000;
/// Characters of the title (Slack's header has 150).
const TITLE_CHARACTERS_MAX: usize = 150;
/// Ids of a digest in one paragraph.
const IDS_A_PARAGRAPH: usize = 50;

/// A message.
#[derive(Debug)]
pub(super) struct Card {
    /// One line.
    pub(super) title: String,
    /// The severity, for a colour; empty where there is none.
    pub(super) severity: String,
    /// Label and text, in the order in which they are read.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Ids of a digest, some to a paragraph.
    pub(super) paragraphs: Vec<String>,
    /// Label and URL.
    pub(super) links: Vec<(&'static str, String)>,
}

/// Labels of the fields that a person is told, in reading order.
const FACTS: [(&str, &str); 9] = [
    ("observed", "Observed"),
    ("expected", "Expected"),
    ("device", "Device"),
    ("source", "From"),
    ("destination", "To"),
    ("zone", "Zone"),
    ("state", "State"),
    ("comment", "Comment"),
    ("message", "Message"),
];

const LINKS: [(&str, &str); 3] =
    [("ui", "Open"), ("acknowledge", "Acknowledge"), ("runbook", "Runbook")];

impl Card {
    pub(super) fn of(event: &Event) -> Self {
        let severity = event.field("severity").to_owned();
        let what = match event.field("name") {
            "" => event.kind(),
            name => name,
        };
        let verb = event.kind().strip_prefix("anomaly.").unwrap_or_default();
        let mut title = String::new();
        if !severity.is_empty() {
            title.push_str(&format!("[{}] ", severity.to_uppercase()));
        }
        title.push_str(what);
        if !event.field("name").is_empty() && !verb.is_empty() {
            title.push_str(&format!(" ({verb})"));
        }
        if !event.field("site").is_empty() {
            title.push_str(&format!(" at {}", event.field("site")));
        }
        let mut facts: Vec<(&'static str, String)> = FACTS
            .into_iter()
            .filter(|(name, _)| !event.field(name).is_empty())
            .map(|(name, label)| (label, plain(event.field(name), TEXT_CHARACTERS_MAX)))
            .collect();
        let points = event.list("points").take(16).collect::<Vec<_>>().join(", ");
        if !points.is_empty() {
            facts.push(("Points", plain(&points, TEXT_CHARACTERS_MAX)));
        }
        if let Some(count) = event.data().get("count").and_then(Value::as_u64).filter(|&n| n > 1) {
            facts.push(("Count", count.to_string()));
        }
        if !event.field("id").is_empty() {
            facts.push(("Anomaly", plain(event.field("id"), TEXT_CHARACTERS_MAX)));
        }
        let ids: Vec<&str> = event.gathered().collect();
        let paragraphs = ids.chunks(IDS_A_PARAGRAPH).map(|some| some.join(" ")).collect();
        let links = LINKS
            .into_iter()
            .filter_map(|(name, label)| Some((label, event.link(name)?.to_owned())))
            .collect();
        Self { title: plain(&title, TITLE_CHARACTERS_MAX), severity, facts, paragraphs, links }
    }

    /// `#rrggbb` for the edge of the message; text says the same.
    pub(super) fn colour(&self) -> &'static str {
        match self.severity.as_str() {
            "critical" => "#b00020",
            "high" => "#d9730d",
            "medium" => "#c9a800",
            _ => "#808080",
        }
    }
}

/// A text in one line, without what a terminal or a layout could stumble over, and no longer than asked.
fn plain(text: &str, characters_max: usize) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut line: String =
        text.chars().map(|c| if is_odd(c) { ' ' } else { c }).take(characters_max).collect();
    if text.chars().nth(characters_max).is_some() {
        line.pop();
        line.push('…');
    }
    line
}
