//! Labels that other people gave to captures, a line each.
//!
//! `path <tab> unit <tab> from <tab> to <tab> class <tab> label`. The unit says what `from` and `to` are: `frames`, by
//! their 1-based numbers; `epoch`, seconds since 1970 in UTC; `conn_first_frame`, the number of a connection's first
//! frame; `edit`, a capture that somebody cut, of which no place is told.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};

/// A stretch of a capture, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where it stands in the file of labels.
    pub line: usize,
    /// The capture, as the file of labels names it.
    pub capture: String,
    /// Where in the capture.
    pub place: Place,
    /// Whether somebody did something there that must be told.
    pub attack: bool,
    /// What was done.
    pub kind: String,
}

/// Where in a capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first and the last frame.
    Frames(u64, u64),
    /// From and to, in nanoseconds since 1970.
    Epoch(i64, i64),
    /// The first frame of a connection.
    Connection(u64),
    /// Nobody says where.
    Untold,
}

/// The labels of a file, in its order.
///
/// # Errors
/// The file cannot be read, or the first of its lines that is no label.
pub fn read(file: &Path) -> Result<Vec<Label>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let labels = parse(&name.to_string(), &text)?;
    ensure!(
        !labels.is_empty(),
        "{name} holds no label: a line is path, unit, from, to, class, label, by tabs"
    );
    Ok(labels)
}

/// The labels in a text that `name` names.
///
/// # Errors
/// The first line that is no label.
pub fn parse(name: &str, text: &str) -> Result<Vec<Label>> {
    let lines = (1_usize..).zip(text.lines());
    lines
        .filter(|(number, line)| {
            let head = *number == 1 && line.starts_with("path\t");
            !head && !line.trim().is_empty() && !line.starts_with('#')
        })
        .map(|(number, line)| label(number, line).map_err(|why| anyhow!("{name}:{number}: {why}")))
        .collect()
}

fn label(line: usize, text: &str) -> Result<Label> {
    let fields: Vec<&str> = text.split('\t').map(str::trim).collect();
    let [capture, unit, from, to, class, kind] = fields[..] else {
        bail!(
            "{} fields where 6 belong: path, unit, from, to, class, label, by tabs",
            fields.len()
        );
    };
    ensure!(!capture.is_empty(), "the first field names no capture");
    let place = match unit {
        "frames" => {
            let first = frame(from)?;
            let last = if to.is_empty() { first } else { frame(to)? };
            ensure!(first <= last, "the last frame, {last}, is before the first, {first}");
            Place::Frames(first, last)
        }
        "epoch" => {
            let (first, last) = (nanos(from)?, nanos(to)?);
            ensure!(first <= last, "the interval ends, at {to}, before it begins, at {from}");
            Place::Epoch(first, last)
        }
        "conn_first_frame" => Place::Connection(frame(from)?),
        "edit" => Place::Untold,
        _ => bail!("unit {unit:?} is none of frames, epoch, conn_first_frame and edit"),
    };
    let attack = match class {
        "attack" => true,
        "benign" | "normal" => false,
        _ if place == Place::Untold => true,
        _ => bail!("class {class:?} is neither attack nor benign"),
    };
    Ok(Label { line, capture: capture.to_owned(), place, attack, kind: kind.to_owned() })
}

fn frame(text: &str) -> Result<u64> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.with_context(|| format!("{text:?} is no frame: frames are numbered from 1"))
}

/// `1474613775.420653` in nanoseconds.
fn nanos(text: &str) -> Result<i64> {
    let wrong = || format!("{text:?} is no moment: seconds since 1970, as 1474613775.420653");
    let (seconds, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = rest.len() <= 9 && rest.bytes().all(|octet| octet.is_ascii_digit());
    let whole: Option<i64> = seconds.parse().ok().filter(|_| digits);
    let part: Option<i64> = format!("{rest:0<9}").parse().ok();
    let joined = whole
        .zip(part)
        .and_then(|(whole, part)| whole.checked_mul(1_000_000_000)?.checked_add(part));
    joined.with_context(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(line: &str) -> String {
        let text = format!("path\tunit\tfrom\tto\tclass\tlabel\n{line}\n");
        parse("labels.tsv", &text).unwrap_err().to_string()
    }

    #[test]
    fn every_unit_is_read_as_it_is_meant() {
        let text = "a.pcap\tframes\t811\t838\tattack\t1\n\
                    # a remark\n\n\
                    a.pcap\tepoch\t1474613775.420653\t1474613777\tattack\tnmap\n\
                    b.pcap\tconn_first_frame\t22761\t\tbenign\tnormal\n\
                    c.pcap\tedit\t\t\tcloned\t230 to 321\n";
        let places: Vec<Place> = parse("x", text).unwrap().iter().map(|own| own.place).collect();
        let epoch = Place::Epoch(1_474_613_775_420_653_000, 1_474_613_777_000_000_000);
        assert_eq!(
            places,
            [Place::Frames(811, 838), epoch, Place::Connection(22761), Place::Untold]
        );
    }

    #[test]
    fn what_is_no_label_is_said_with_its_line_and_what_would_be_right() {
        assert_eq!(
            wrong("a.pcap\tframe\t1\t2\tattack\tx"),
            "labels.tsv:2: unit \"frame\" is none of frames, epoch, conn_first_frame and edit"
        );
        for (line, says) in [
            ("a.pcap\tframes\t1", "labels.tsv:2: 3 fields where 6 belong"),
            ("a.pcap\tframes\t9\t2\tattack\tx", "the last frame, 2, is before the first, 9"),
            ("a.pcap\tframes\t0\t2\tattack\tx", "\"0\" is no frame"),
            ("a.pcap\tepoch\tnoon\t2\tattack\tx", "\"noon\" is no moment"),
            ("a.pcap\tframes\t1\t2\tbad\tx", "class \"bad\" is neither attack nor benign"),
            ("\tframes\t1\t2\tattack\tx", "names no capture"),
        ] {
            assert!(wrong(line).contains(says), "{}", wrong(line));
        }
    }
}
