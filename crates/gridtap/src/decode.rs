//! Every message as a line of JSON.

use std::io::{self, StdoutLock, Write};

use gridtap_dissect::{Detail, Dissector, Output, Record};
use gridtap_model::Timestamp;
use gridtap_wire::{Frame, Wire};

use crate::arguments::{self, Protocol};
use crate::failure::{Exit, Failure};
use crate::feed::{Feed, Inputs, Listener};
use crate::json;
use crate::knowledge::counted;
use crate::output::Voice;
use crate::settings::Settings;

/// Bytes of lines that are gathered before they are written.
const LINES: usize = 256 * 1024;

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
    let mut dissector = Dissector::of_records(settings.dissect.clone());
    dissector.name_captures(&names);
    let mut decoder = Decoder {
        wire: Wire::new(settings.wire()),
        dissector,
        tick: Timestamp::MIN,
        is_live: matches!(inputs, Inputs::Interfaces(_)),
        lines: Lines {
            text: Vec::with_capacity(LINES + LINES / 4),
            out: io::stdout().lock(),
            names: if names.len() > 1 { names } else { Vec::new() },
            protocols: arguments.protocol.clone(),
            messages: 0,
            fault: None,
        },
    };
    let read = feed.run(&mut decoder)?;
    decoder.finish()?;
    if decoder.lines.messages == 0 && read.stopped.is_none() {
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
    wire: Wire,
    dissector: Dissector,
    /// The last tick.
    tick: Timestamp,
    /// Whether somebody may be looking on.
    is_live: bool,
    lines: Lines,
}

/// Lines on their way out.
struct Lines {
    text: Vec<u8>,
    out: StdoutLock<'static>,
    /// The captures' names, where there are more than one.
    names: Vec<String>,
    /// What was asked for.
    protocols: Vec<Protocol>,
    /// Lines that are messages.
    messages: u64,
    fault: Option<io::Error>,
}

impl Listener for Decoder {
    #[inline]
    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Failure> {
        let Self { wire, dissector, tick, lines, .. } = self;
        let due = frame.time.nanos().div_euclid(TICK_NS).saturating_mul(TICK_NS);
        if due > tick.nanos() {
            *tick = Timestamp::from_nanos(due);
            wire.tick(*tick, &mut |heard| dissector.heard(heard, &mut |output| lines.take(output)));
            dissector.tick(*tick, &mut |output| lines.take(output));
        }
        wire.frame(frame, &mut |heard| dissector.heard(heard, &mut |output| lines.take(output)));
        if lines.text.len() >= LINES { lines.write() } else { Ok(()) }
    }

    fn pause(&mut self) -> Result<(), Failure> {
        if self.is_live { self.lines.write() } else { Ok(()) }
    }
}

impl Decoder {
    fn finish(&mut self) -> Result<(), Failure> {
        let Self { wire, dissector, lines, .. } = self;
        wire.finish(&mut |heard| dissector.heard(heard, &mut |output| lines.take(output)));
        dissector.finish(&mut |output| lines.take(output));
        lines.write()
    }
}

impl Lines {
    #[inline]
    fn take(&mut self, output: Output<'_>) {
        let Output::Record(record) = output else { return };
        if !self.is_wanted(record) {
            return;
        }
        if !matches!(record.detail, Detail::Problem(_)) {
            self.messages = self.messages.saturating_add(1);
        }
        let written = if self.names.is_empty() {
            json::append(&mut self.text, record)
        } else {
            let capture = self.names.get(usize::from(record.place.capture)).map(String::as_str);
            json::append(&mut self.text, &Record { capture, ..*record })
        };
        match written {
            Ok(()) => self.text.push(b'\n'),
            Err(error) => self.fault = Some(error.into()),
        }
    }

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

    fn write(&mut self) -> Result<(), Failure> {
        if let Some(fault) = self.fault.take() {
            return Err(fault.into());
        }
        self.out.write_all(&self.text)?;
        self.out.flush()?;
        self.text.clear();
        Ok(())
    }
}
