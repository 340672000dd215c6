//! Learning what is normal from captures that a person calls normal.

use std::io::{self, Write};

use gridtap_model::Severity;
use gridtap_store::Store;

use crate::arguments;
use crate::failure::{Exit, Failure};
use crate::feed::{Feed, Inputs, Read};
use crate::knowledge::{self, counted};
use crate::learned::Learned;
use crate::output::{Voice, complain};
use crate::report;
use crate::settings::Settings;
use crate::watch::{Tone, Watch};
use crate::{person, state};

/// Reads, learns, stores.
pub(crate) fn run(
    arguments: &arguments::Learn,
    settings: &Settings,
    voice: Voice,
) -> Result<Exit, Failure> {
    let site = settings.site()?;
    let inputs = Inputs::Captures(arguments.files.clone());
    let mut feed = Feed::open(&inputs, None, &settings.tap, voice)?;
    let store = Store::open(&arguments.state.directory, person::now())?;
    let learned = Learned::of(feed.names(), &inputs, &store)?;
    let mut watch = Watch::new(settings, site, feed.names(), store, Tone::Silent, voice);
    state::restore(&watch.store, watch.pipeline.baseline_mut())?;
    if let Some(sentence) = knowledge::other_block(&watch.pipeline.baseline().levels(), settings) {
        voice.say(sentence);
    }
    watch.pipeline.baseline_mut().teach(true);
    if !arguments.again {
        watch.skip = learned.frames();
        say_known(&learned, voice);
    }
    watch.deed = Some("learn");
    let read = feed.run(&mut watch)?;
    watch.finish(&read, &learned)?;
    tell(&watch, arguments)?;
    Ok(exit(&watch, &read))
}

fn say_known(learned: &Learned, voice: Voice) {
    for (name, capture) in learned.known() {
        if capture.complete {
            voice.say(format_args!(
                "{name} was learned before ({}) and is left out; --again learns it once more",
                capture.at
            ));
        } else {
            voice.say(format_args!(
                "{name} was learned before up to frame {}: going on after it",
                counted(capture.frames)
            ));
        }
    }
}

fn tell(watch: &Watch, arguments: &arguments::Learn) -> Result<(), Failure> {
    let levels = watch.pipeline.baseline().levels();
    if arguments.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &levels)?;
        out.write_all(b"\n")?;
        return Ok(());
    }
    let mut out = watch.voice.prose();
    writeln!(out, "Learned from {}.", watch.heard_of())?;
    knowledge::write(&mut out, &levels)?;
    if watch.findings.count() > 0 {
        let why = match watch.findings.worst() {
            Some(Severity::Info) => "For the record",
            _ => "Some of it is not learned, because it is wrong or dangerous anywhere",
        };
        writeln!(out, "\n{why}: {}.\n", report::tally(&watch.findings))?;
        report::write(&mut out, &watch.findings, &watch.layout())?;
    }
    let ledger = watch.pipeline.baseline().ledger();
    let waiting = ledger.iter().filter(|entry| !entry.signed_off && !entry.held).count();
    if waiting > 0 {
        writeln!(
            out,
            "\n{waiting} commands were learned and wait for a look: gridtap baseline ledger --state {}",
            arguments.state.directory.display()
        )?;
    }
    out.flush()?;
    Ok(())
}

fn exit(watch: &Watch, read: &Read) -> Exit {
    if read.stopped.is_some() {
        complain(format_args!(
            "stopped after {} packets: they are learned and stored, the next `gridtap learn` goes on after them",
            counted(watch.packets())
        ));
    } else if watch.messages() == 0 && watch.packets() > 0 {
        complain(format_args!(
            "{}: there was nothing to learn of devices; {}",
            watch.silence(),
            crate::watch::CHECK
        ));
        return Exit::Capture;
    }
    read.exit()
}
