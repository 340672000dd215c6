//! Checking settings without starting anything: every fault at once, and where each value comes from.

use std::io::{self, Write};

use serde_json::json;
use toml::Value;

use crate::arguments::Shared;
use crate::configuration::Layered;
use crate::failure::{Exit, Failure};
use crate::output::{Voice, complain};
use crate::planned;
use crate::settings::{Settings, is_reloaded};
use crate::sound::{self, Sound};

/// One setting in its effect.
struct Line {
    key: String,
    value: Value,
    from: String,
    /// Whether a reload takes it.
    live: bool,
}

/// Checks, and tells.
pub(crate) fn run(
    shared: &Shared,
    explain: bool,
    json: bool,
    voice: Voice,
) -> Result<Exit, Failure> {
    let layered = Settings::read(shared);
    let mut faults = Sound::of(&layered).err().unwrap_or_default();
    faults.extend(sound::inputs(&layered));
    let mut warnings = sound::warnings(&layered);
    warnings.extend(unnamed(&layered.settings));
    warnings.extend(planned::out_of_service(&layered.settings));
    let exit = if faults.is_empty() { Exit::Done } else { Exit::Configuration };
    let lines = if explain { lines(&layered) } else { Vec::new() };
    if json {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let mut told = json!({
            "sound": faults.is_empty(),
            "faults": faults,
            "warnings": warnings,
            "files": layered.files,
        });
        if explain {
            let each = |line: &Line| json!({ "key": line.key, "value": line.value, "from": line.from, "live": line.live });
            told["settings"] = lines.iter().map(each).collect();
        }
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &told)?;
        out.write_all(b"\n")?;
        return Ok(exit);
    }
    let mut out = voice.prose();
    write_lines(&mut out, &lines)?;
    out.flush()?;
    for warning in &warnings {
        voice.say(format_args!("warning: {warning}"));
    }
    faults.iter().for_each(complain);
    if faults.is_empty() {
        writeln!(out, "{}", summary(&layered))?;
    } else {
        let (count, are) = match faults.len() {
            1 => ("one fault", "it is"),
            count => (&*format!("{count} faults"), "all are"),
        };
        voice.say(format_args!("{count}: a service with these settings starts when {are} mended"));
    }
    Ok(exit)
}

/// What a start needs and may get from its command line.
fn unnamed(settings: &Settings) -> Vec<String> {
    let service = &settings.service;
    let mut warnings = Vec::new();
    let is_empty =
        service.read.is_empty() && service.interfaces.is_empty() && service.follow.is_empty();
    if service.enabled && is_empty {
        warnings.push(
            "nothing is named to hear: name it in service.interfaces, service.read or service.follow, or start with --interface, --read or --follow".to_owned(),
        );
    }
    if service.enabled && service.state.is_none() && std::env::var_os("GRIDTAP_STATE").is_none() {
        warnings.push(
            "service.state names no directory: name one there, or start with --state".to_owned(),
        );
    }
    warnings
}

fn summary(layered: &Layered<Settings>) -> String {
    let files = layered.files.iter().chain(&layered.settings.site);
    let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
    let from = if files.is_empty() { "the defaults".to_owned() } else { files.join(", ") };
    format!("Sound: {from}.")
}

/// Every setting with where it comes from, what must stay unseen left out.
fn lines(layered: &Layered<Settings>) -> Vec<Line> {
    let mut lines = Vec::new();
    sound::each_value(&layered.settings, &mut |path, key, name, value| {
        lines.push(Line {
            key: key.to_owned(),
            value: shown(name, value),
            from: layered.written.place(path).unwrap_or("default").to_owned(),
            live: is_reloaded(key),
        });
    });
    lines
}

/// A value as it may be shown: what somebody could use to get in, or to post as us, is not.
fn shown(name: &str, value: &Value) -> Value {
    let is_place = name.ends_with("_file") || name.ends_with("_files");
    let tells =
        ["sha256", "hash", "password", "secret", "seed"].iter().any(|word| name.contains(word));
    match value {
        _ if tells && !is_place => Value::String("…".to_owned()),
        Value::String(url) if name == "url" => Value::String(without_path(url)),
        value => value.clone(),
    }
}

/// A URL as far as its host: the rest can be what lets anyone post.
fn without_path(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "…".to_owned() };
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
    let path = if path.is_empty() { "" } else { "…" };
    format!("{scheme}://{place}/{path}")
}

fn write_lines(out: &mut impl Write, lines: &[Line]) -> io::Result<()> {
    const WIDEST: usize = 60;
    let texts: Vec<String> =
        lines.iter().map(|line| format!("{} = {}", line.key, line.value)).collect();
    let width = |text: &String| text.chars().count();
    let widest = texts.iter().map(width).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    for (line, text) in lines.iter().zip(&texts) {
        let when = if line.live { "" } else { "; waits for a restart" };
        writeln!(out, "{text:widest$}  # {}{when}", line.from)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_let_somebody_in_is_not_shown() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(shown("sha256", &text("2bb8")), text("…"));
        assert_eq!(shown("password_hash", &text("$argon2id$")), text("…"));
        assert_eq!(shown("hash_seed", &Value::Integer(7)), text("…"));
        assert_eq!(shown("secret_files", &text("/etc/a")), text("/etc/a"));
        assert_eq!(shown("name", &text("noc")), text("noc"));
        let url = "https://me:word@hooks.slack.example/services/T0/B0/key?x=1";
        assert_eq!(shown("url", &text(url)), text("https://hooks.slack.example/…"));
        assert_eq!(shown("url", &text("https://noc.example")), text("https://noc.example/"));
        assert_eq!(shown("url", &text("nonsense")), text("…"));
    }
}
