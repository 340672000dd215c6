//! A workflow's web hook of Teams: an Adaptive Card with text, and links. Its buttons that act are gone.

use serde_json::{Value, json};

use super::chat::Card;

/// The message. `RichTextBlock` knows no Markdown, so what came off the network stays text.
pub(super) fn message(card: &Card) -> Value {
    let run =
        |text: &str, weight: &str| json!({ "type": "TextRun", "text": text, "weight": weight });
    let block = |runs: Vec<Value>| json!({ "type": "RichTextBlock", "inlines": runs });
    let mut body = vec![block(vec![run(&card.title, "Bolder")])];
    for (label, text) in &card.facts {
        body.push(block(vec![run(&format!("{label}: "), "Bolder"), run(text, "Default")]));
    }
    for paragraph in &card.paragraphs {
        body.push(block(vec![run(paragraph, "Default")]));
    }
    let links: Vec<Value> = card
        .links
        .iter()
        .map(|(label, url)| json!({ "type": "Action.OpenUrl", "title": label, "url": url }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "body": body,
                "actions": links,
            },
        }],
    })
}
