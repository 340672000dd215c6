//! Every message as a line of JSON.

use std::io::{self, StdoutLock, Write};

use gridtap_dissect::{Detail, Dissector, Output, Record};
use gridtap_model::Timestamp;
use gridtap_sensor::{Ear, Gather, Shards, Step, shard_count};
use gridtap_wire::{Frame, Wire};

use crate::arguments::{self, Protocol};
use crate::failure::{Exit, Failure};
use crate::feed::{Feed, Inputs, Listener};
use crate::json;
use crate::knowledge::counted;
use crate::output::Voice;
use crate::settings::Settings;

/// Bytes of lines that are gathered before they are written: what stays in the cache beside all else.
const LINES: usize = 64 * 1024;

/// Timers run on this grid of packet time, as they do in the monitor.
const TICK_NS: i64 = 1_000_000_000;

/// Decodes captures to standard output.
pub(crate) fn run(
    arguments: &arguments::Decode,
    settings: &Settings,
    voice: Voice,
) -> Result<Exit, Failure> {
    let inputs = arguments.inputs();
    let mut feed = Feed::open(&inputs, None, &settings.tap, voice)?;
    let names = feed.names().to_vec();
    let wanted = Wanted {
        protocols: arguments.protocol.clone(),
        names: if names.len() > 1 { names.clone() } else { Vec::new() },
    };
    let mut decoder = Decoder {
        hearing: hearing(settings, &names, &wanted),
        tick: Timestamp::MIN,
        is_live: !matches!(inputs, Inputs::Captures(_)),
        lines: Lines { text: Text::default(), out: io::stdout().lock(), wanted },
    };
    decoder.lines.text.octets.reserve(LINES + LINES / 4);
    let read = feed.run(&mut decoder)?;
    decoder.finish()?;
    if decoder.lines.text.messages == 0 && read.stopped.is_none() {
        let mut titles: Vec<_> = arguments.protocol.iter().map(|name| name.title()).collect();
        titles.dedup();
        voice.say(format_args!(
            "no {} message in {} packets of {}",
            titles.join(" or "),
            counted(read.frames),
            feed.names().join(", ")
        ));
    }
    Ok(read.exit())
}

/// Frames to lines.
struct Decoder {
    hearing: Hearing,
    /// The last tick.
    tick: Timestamp,
    /// Whether somebody may be looking on.
    is_live: bool,
    lines: Lines,
}

/// What hears.
enum Hearing {
    Here(Box<Ear>),
    Threads(Box<Shards<Wanted>>),
}

fn hearing(settings: &Settings, names: &[String], wanted: &Wanted) -> Hearing {
    let wire = settings.wire();
    let dissector = |config| {
        let mut dissector = Dissector::of_records(config);
        dissector.name_captures(names);
        dissector
    };
    let count = shard_count(settings.sensor.shards);
    let threads = (count > 1)
        .then(|| Shards::start(count, &wire, dissector, &settings.dissect, || wanted.clone()));
    match threads {
        Some(Ok(shards)) => Hearing::Threads(Box::new(shards)),
        None | Some(Err(_)) => Hearing::Here(Box::new(Ear {
            wire: Wire::new(wire),
            dissector: dissector(settings.dissect.clone()),
        })),
    }
}

/// Which messages become lines, and how.
#[derive(Clone)]
struct Wanted {
    /// What was asked for.
    protocols: Vec<Protocol>,
    /// The captures' names, where there are more than one.
    names: Vec<String>,
}

/// Lines.
#[derive(Default)]
struct Text {
    octets: Vec<u8>,
    /// Where each ends, and whether it is a message.
    ends: Vec<(usize, bool)>,
    /// Lines that are messages, of all there ever were.
    messages: u64,
    /// Why one could not be written.
    fault: Option<String>,
}

/// Lines on their way out.
struct Lines {
    text: Text,
    out: StdoutLock<'static>,
    wanted: Wanted,
}

impl Listener for Decoder {
    #[inline]
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        let due = frame.time.nanos().div_euclid(TICK_NS).saturating_mul(TICK_NS);
        let is_due = due > self.tick.nanos();
        if is_due {
            self.tick = Timestamp::from_nanos(due);
        }
        let Self { hearing, tick, lines, .. } = self;
        match hearing {
            Hearing::Here(ear) => {
                if is_due {
                    ear.tick(*tick, &mut |output| lines.take(&output));
                }
                ear.frame(frame, &mut |output| lines.take(&output));
            }
            Hearing::Threads(shards) => {
                if is_due {
                    shards.tick(*tick);
                }
                shards.frame(frame);
                if shards.is_ready() {
                    shards.go_on(|step| lines.step(&step));
                }
            }
        }
        if self.lines.text.octets.len() >= LINES { self.lines.write() } else { Ok(()) }
    }

    fn pause(&mut self) -> Result<(), Failure> {
        if !self.is_live {
            return Ok(());
        }
        if let Hearing::Threads(shards) = &mut self.hearing {
            shards.settle(|step| self.lines.step(&step));
        }
        self.lines.write()
    }

    fn glance(&mut self) -> Result<(), Failure> {
        if self.is_live { self.lines.write() } else { Ok(()) }
    }
}

impl Decoder {
    fn finish(&mut self) -> Result<(), Failure> {
        let lines = &mut self.lines;
        match &mut self.hearing {
            Hearing::Here(ear) => ear.finish(&mut |output| lines.take(&output)),
            Hearing::Threads(shards) => {
                shards.end();
                shards.settle(|step| lines.step(&step));
            }
        }
        self.lines.write()
    }
}

impl Lines {
    #[inline]
    fn take(&mut self, output: &Output<'_>) {
        self.wanted.take(output, &mut self.text);
    }

    /// Takes lines that another thread has made.
    fn step(&mut self, step: &Step<'_, Text>) -> bool {
        if let Step::Told(text, nth) = step {
            self.text.append(text, *nth);
        }
        true
    }

    fn write(&mut self) -> Result<(), Failure> {
        if let Some(fault) = self.text.fault.take() {
            return Err(io::Error::other(fault).into());
        }
        self.out.write_all(&self.text.octets)?;
        self.out.flush()?;
        self.text.octets.clear();
        self.text.ends.clear();
        Ok(())
    }
}

impl Text {
    /// Adds one line of others.
    fn append(&mut self, other: &Self, nth: usize) {
        let before = nth.checked_sub(1).and_then(|last| other.ends.get(last));
        let from = before.map_or(0, |(end, _)| *end);
        let (to, is_message) = other.ends.get(nth).copied().unwrap_or((from, false));
        self.octets.extend_from_slice(other.octets.get(from..to).unwrap_or_default());
        self.messages = self.messages.saturating_add(is_message.into());
        if self.fault.is_none() {
            self.fault.clone_from(&other.fault);
        }
    }
}

impl Gather for Wanted {
    type Kept = Text;

    #[inline]
    fn take(&mut self, output: &Output<'_>, text: &mut Text) -> bool {
        let Output::Record(record) = *output else { return false };
        if !self.is_wanted(record) {
            return false;
        }
        let is_message = !matches!(record.detail, Detail::Problem(_));
        text.messages = text.messages.saturating_add(is_message.into());
        let written = if self.names.is_empty() {
            json::append(&mut text.octets, record)
        } else {
            let capture = self.names.get(usize::from(record.place.capture)).map(String::as_str);
            json::append(&mut text.octets, &Record { capture, ..*record })
        };
        match written {
            Ok(()) => text.octets.push(b'\n'),
            Err(error) => text.fault = Some(error.to_string()),
        }
        text.ends.push((text.octets.len(), is_message));
        true
    }

    fn clear(text: &mut Text) {
        text.octets.clear();
        text.ends.clear();
        text.fault = None;
    }
}

impl Wanted {
    /// Whether a record is of a protocol that was asked for; what is encrypted, by its port.
    fn is_wanted(&self, record: &Record<'_>) -> bool {
        self.protocols.iter().map(|each| each.meant()).any(|wanted| {
            record.protocol == wanted
                || record.protocol == gridtap_model::Protocol::Tls
                    && [record.source, record.destination]
                        .into_iter()
                        .any(|end| gridtap_model::Protocol::of_port(end.port) == wanted)
        })
    }
}
