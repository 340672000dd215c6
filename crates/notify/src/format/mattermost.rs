//! An incoming web hook of Mattermost: one attachment with fields, links in its text.

use serde_json::{Value, json};

use super::chat::Card;

/// The message. Mattermost reads Markdown and mentions everywhere, so both are escaped.
pub(super) fn message(card: &Card) -> Value {
    let fields: Vec<Value> = card
        .facts
        .iter()
        .map(|(label, text)| {
            json!({ "short": text.len() < 40, "title": label, "value": markdown_text(text) })
        })
        .collect();
    let links: Vec<String> =
        card.links.iter().map(|(label, url)| format!("[{label}]({url})")).collect();
    let mut lines: Vec<String> = card.paragraphs.iter().map(|each| markdown_text(each)).collect();
    lines.push(links.join(" · "));
    let mut attachment = json!({
        "fallback": card.title,
        "color": card.colour(),
        "title": markdown_text(&card.title),
        "text": lines.join("\n\n"),
        "fields": fields,
    });
    if let (Some((_, url)), Some(parts)) = (card.links.first(), attachment.as_object_mut()) {
        parts.insert("title_link".to_owned(), Value::from(url.as_str()));
    }
    json!({ "text": "", "attachments": [attachment] })
}

/// A text that Mattermost shows as it is: nothing in it is markup, a link or a mention.
#[must_use]
pub fn markdown_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if "\\`*_{}[]()<>#+!|~:".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
        if character == '@' {
            // A mention is a word that begins with @; this parts it from its word and shows nothing.
            escaped.push('\u{200b}');
        }
    }
    escaped
}
