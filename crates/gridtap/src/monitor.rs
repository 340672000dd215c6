//! Judging captures, and telling what was found.

use std::io::Write;
use std::path::{Path, PathBuf};

use gridtap_store::{Store, write_whole};

use crate::arguments;
use crate::configuration::{Layered, refused};
use crate::failure::{Exit, Failure};
use crate::feed::{Feed, Inputs, Read};
use crate::followed::Followed;
use crate::knowledge::{self, counted};
use crate::learned::Learned;
use crate::output::{Voice, complain};
use crate::report::{self, filled};
use crate::settings::Settings;
use crate::watch::{CHECK, Tone, Watch};
use crate::{person, planned, state};

/// Reads, judges, tells, stores.
pub(crate) fn run(
    arguments: &arguments::Monitor,
    layered: &Layered<Settings>,
    voice: Voice,
) -> Result<Exit, Failure> {
    let settings = &layered.settings;
    if !layered.faults.is_empty() {
        return Err(refused(&layered.faults));
    }
    let inputs = arguments.inputs(settings)?;
    let site = settings.site()?;
    let planned = planned::resolve(layered, &site).map_err(|faults| refused(&faults))?;
    if let Some(path) = &arguments.summary {
        can_hold(path, inputs.captures())?;
    }
    let mut feed = Feed::open(&inputs, arguments.pace, &settings.tap, voice)?;
    let store = match &arguments.state {
        Some(directory) => Store::open(directory, person::now())?,
        None => Store::temporary(person::now())?,
    };
    let learned = Learned::of(feed.names(), &inputs, &store)?;
    let followed = Followed::of(&inputs, &store)?;
    feed.resume(followed.places());
    let is_slow = arguments.pace.is_some() || !matches!(inputs, Inputs::Captures(_));
    let tone = match (arguments.json, is_slow) {
        (true, _) => Tone::Records,
        (false, true) => Tone::Lines,
        (false, false) => Tone::Silent,
    };
    let mut watch = Watch::new(settings, site, feed.names(), store, tone, voice);
    watch.pipeline.plan(planned);
    watch.followed = followed;
    // With `| head` the state, the summary and the exit code are still to come.
    watch.unheard =
        arguments.state.is_some() || arguments.summary.is_some() || arguments.fail_on.is_some();
    if arguments.state.is_some() {
        watch.keep_evidence(&settings.sensor);
    }
    state::restore(&watch.store, watch.pipeline.baseline_mut())?;
    watch.pipeline.repeats(learned.frames());
    greet(&watch, &learned, settings);
    if arguments.state.is_some() {
        let row = person::audited(&person::user(), "monitor", &learned.subject(), "");
        let mut batch = watch.store.batch(person::now())?;
        batch.audit(&row)?;
        batch.commit()?;
    }
    let read = feed.run(&mut watch)?;
    watch.finish(&read, &learned)?;
    if let Some(path) = &arguments.summary {
        summarise(&watch, path)?;
    }
    if tone == Tone::Records {
        epilogue(&watch);
    } else {
        match report(&watch) {
            Err(failure) if failure.is_broken_pipe() => {}
            told => told?,
        }
    }
    Ok(exit(&watch, &read, arguments))
}

/// Says what judges before the first frame.
fn greet(watch: &Watch, learned: &Learned, settings: &Settings) {
    for (name, capture) in learned.known() {
        let upto = if capture.complete {
            String::new()
        } else {
            format!(" up to frame {}", counted(capture.frames))
        };
        watch.voice.say(format_args!(
            "{name} was heard before{upto} ({}): that is judged again, and teaches nothing new",
            capture.at
        ));
    }
    let levels = watch.pipeline.baseline().levels();
    if levels.since.is_none() {
        watch.voice.say("nothing is known yet: learning first, then judging, in one pass");
        return;
    }
    watch.voice.say(knowledge::sentence(&levels));
    let unlearned = watch.pipeline.baseline().zones_unlearned();
    if !unlearned.is_empty() {
        watch.voice.say(format_args!(
            "nothing was learned in zone {} yet: what the state knows of other zones does not count there",
            unlearned.join(", ")
        ));
    }
    if let Some(sentence) = knowledge::other_block(&levels, settings) {
        watch.voice.say(sentence);
    }
}

/// How the process ends: a signal says more than a finding, and that more than a capture that broke off.
fn exit(watch: &Watch, read: &Read, arguments: &arguments::Monitor) -> Exit {
    if let Some(signal) = read.stopped {
        let kept = if arguments.state.is_some() {
            "everything found and learned so far is stored"
        } else {
            "what was learned is gone with it: --state DIR keeps it"
        };
        complain(format_args!("stopped after {} packets; {kept}", counted(read.frames)));
        return signal;
    }
    if arguments.fail_on.is_some_and(|least| watch.findings.worst() >= Some(least)) {
        return Exit::Anomalies;
    }
    if watch.messages() == 0 {
        complain(format_args!("{}: there was nothing to judge; {CHECK}", watch.silence()));
        return Exit::Capture;
    }
    read.exit()
}

/// What a reader of records must know, on standard error.
fn epilogue(watch: &Watch) {
    let levels = watch.pipeline.baseline().levels();
    watch.voice.say(watch.heard_of());
    watch.voice.say(report::tally(&watch.findings));
    if let Some(sentence) = watch.suppressed_of() {
        watch.voice.say(sentence);
    }
    watch.voice.say(knowledge::sentence(&levels));
}

fn report(watch: &Watch) -> Result<(), Failure> {
    let mut out = watch.voice.prose();
    let layout = watch.layout();
    writeln!(out, "{}", filled(&format!("{}.", watch.heard_of()), layout.width))?;
    let levels = watch.pipeline.baseline().levels();
    knowledge::paragraph(&mut out, &levels, watch.armed(), layout.width)?;
    let tally = format!("{}.", knowledge::capitalised(&report::tally(&watch.findings)));
    writeln!(out, "{}", filled(&tally, layout.width))?;
    if let Some(sentence) = watch.suppressed_of() {
        writeln!(
            out,
            "{}",
            filled(&format!("{}.", knowledge::capitalised(&sentence)), layout.width)
        )?;
    }
    writeln!(out)?;
    report::write(&mut out, &watch.findings, &layout)?;
    out.flush()?;
    Ok(())
}

/// Refuses at the beginning what would be refused at the end.
fn can_hold(path: &Path, inputs: &[PathBuf]) -> Result<(), Failure> {
    let directory = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    };
    let same = |input: &PathBuf| matches!((path.canonicalize(), input.canonicalize()), (Ok(one), Ok(other)) if one == other);
    if inputs.iter().any(same) {
        return Err(Failure::usage(format!(
            "--summary {}: is the capture that is being read; name another file",
            path.display()
        )));
    }
    if directory.is_dir() && !path.is_dir() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "--summary {}: wanted is a file in a directory that exists",
        path.display()
    )))
}

fn summarise(watch: &Watch, path: &Path) -> Result<(), Failure> {
    let mut text = serde_json::to_vec(&watch.pipeline.summary())?;
    text.push(b'\n');
    write_whole(path, &text).map_err(|error| Failure {
        exit: Exit::Failure,
        error: anyhow::anyhow!("--summary {}: cannot be written: {error}", path.display()),
    })
}
