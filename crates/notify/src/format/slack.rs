//! An incoming web hook of Slack: blocks of plain text, buttons that are links.

use serde_json::{Value, json};

use super::chat::Card;

/// The message. What came off the network stands in `plain_text` objects, where nothing is markup; `text`, which
/// notifications show, has Slack's three escapes.
pub(super) fn message(card: &Card) -> Value {
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    let mut blocks = vec![json!({ "type": "header", "text": plain(&card.title) })];
    for (label, text) in &card.facts {
        blocks.push(json!({ "type": "section", "text": plain(&format!("{label}: {text}")) }));
    }
    for paragraph in &card.paragraphs {
        blocks.push(json!({ "type": "section", "text": plain(paragraph) }));
    }
    let buttons: Vec<Value> = card
        .links
        .iter()
        .map(|(label, url)| json!({ "type": "button", "text": plain(label), "url": url }))
        .collect();
    if !buttons.is_empty() {
        blocks.push(json!({ "type": "actions", "elements": buttons }));
    }
    json!({ "text": escaped(&card.title), "blocks": blocks })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
