//! Monitoring as a service: it hears until it is stopped, stores what it finds, and lets operators act on it.
//!
//! Each part is a thread of its own with one way to the store: the one that hears packets, the one that stores and
//! tells findings, one that keeps house by the clock, one for each receiver of web hooks, and those of the interface.
//! None of them waits for another but for the store.

mod clock;
mod commands;
mod deciding;
mod health;
mod hearing;
pub(crate) mod interface;
mod keeper;
mod live;
mod news;
mod outgoing;
mod overview;
mod parts;
mod reload;
mod settings;
mod supervisor;
mod teller;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use gridtap_notify::Couriers;
use gridtap_sensor::Pipeline;
use gridtap_store::{Announcement, Store};
use gridtap_telemetry::{Known, Metrics};

use crate::arguments;
use crate::configuration::{Layered, refused};
use crate::failure::{Exit, Failure};
use crate::feed::{Feed, Inputs, Read};
use crate::followed::Followed;
use crate::learned::Learned;
use crate::output::{LogDial, Voice, complain};
use crate::settings::Settings;
use crate::sound::{self, Sound};
use crate::{person, state};

use hearing::{Hearing, Ways};
use news::News;
use parts::{Asker, Parts};

pub(crate) use settings::{AtEnd, Service};

/// How often it is looked whether the service was asked to stop, once its input has ended.
const REST: Duration = Duration::from_millis(200);

/// Hears, tells and serves until the input ends or a signal comes.
pub(crate) fn run(
    arguments: &arguments::Monitor,
    layered: &Layered<Settings>,
    shared: &arguments::Shared,
    voice: Voice,
    dial: LogDial,
) -> Result<Exit, Failure> {
    // From here on a signal for a reload ends nothing.
    let is_asked = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&is_asked))?;
    let plan = Plan::of(arguments, &layered.settings);
    let sound = Sound::of(layered).map_err(|faults| match &plan {
        Err(also) if also.exit == Exit::Configuration => {
            let told = refused(&faults).error;
            Failure::configuration(format_args!("{told}\n{}", also.error))
        }
        _ => refused(&faults),
    })?;
    let plan = plan?;
    for warning in sound::warnings(layered) {
        tracing::warn!("{warning}");
    }
    let settings = &layered.settings;
    let Sound { site, couriers, planned } = sound;
    let mut feed = Feed::open(&plan.inputs, plan.pace, &settings.tap, voice)?;
    let mut store = Store::open(&plan.directory, person::now())?;
    let learned = Learned::of(feed.names(), &plan.inputs, &store)?;
    let followed = Followed::of(&plan.inputs, &store)?;
    feed.resume(followed.places());
    let mut pipeline = Pipeline::new(&settings.sensor(), site.clone(), feed.names().to_vec());
    pipeline.plan(planned);
    state::restore(&store, pipeline.baseline_mut())?;
    let news = news(&store, &mut pipeline)?;
    pipeline.log_commands(feed.names(), settings.service.commands_per_second);
    let announcement = announcement(settings);
    store.announce(
        announcement.clone(),
        couriers.iter().map(|courier| courier.endpoint().subscription()).collect(),
    );
    let metrics = Metrics::new(&known(settings));
    let asker = Asker { shared: shared.clone(), is_asked, site, dial };
    let couriers = Couriers::new(couriers);
    let (parts, docket) =
        Parts::start(&plan, settings, asker, store, couriers, announcement, &metrics)?;
    say_ready(&parts, &feed, &plan);
    let ways = Ways {
        outgoing: Arc::clone(&parts.outgoing),
        metrics,
        health: Arc::clone(&parts.health),
        overview: parts.overview(settings),
        docket,
        supervisor: parts.supervisor,
        inbox: parts.inbox.clone(),
    };
    let mut hearing = Hearing::new(pipeline, learned, followed, news, ways, settings, &plan.inputs);
    let read = hear(feed, &mut hearing, &plan, &parts);
    // Nobody waits for a decision any more.
    drop(hearing);
    parts.supervisor.stopping();
    let unstored = parts.stop();
    if unstored > 0 {
        complain(format_args!(
            "{unstored} findings could not be stored before the end: see the log for what the store said"
        ));
    }
    let read = read?;
    if unstored > 0 {
        return Ok(Exit::Store);
    }
    if read.stopped.is_some() {
        // To be stopped is how a service ends.
        return Ok(Exit::Done);
    }
    if plan.is_live {
        complain(
            "standard input ended by itself: see what became of the program that feeds this sensor",
        );
        return Ok(Exit::Capture);
    }
    Ok(read.exit())
}

/// Everything runs: the supervisor and the log hear of it.
fn say_ready(parts: &Parts, feed: &Feed, plan: &Plan) {
    let mut ready = format!("hears {}", feed.names().join(", "));
    if let Some(address) = parts.address {
        ready.push_str(&format!(", and answers on {address}"));
    }
    parts.supervisor.ready(&ready);
    tracing::info!(state = %plan.directory.display(), "gridtap serves: it {ready}");
}

/// What was told of devices before. They are missed from now on.
fn news(store: &Store, pipeline: &mut Pipeline) -> Result<News, Failure> {
    let text = store.meta(news::META)?;
    let news = News::of(text.as_deref(), pipeline.baseline())
        .map_err(|error| state::damaged(store, error))?;
    news.missed().for_each(|known| pipeline.know(&known));
    Ok(news)
}

/// The whole input, and then the quiet after it, where it was asked for.
fn hear(
    mut feed: Feed,
    hearing: &mut Hearing,
    plan: &Plan,
    parts: &Parts,
) -> Result<Read, Failure> {
    let stop = feed.stop().clone();
    let mut read = if plan.is_live { feed.run_live(hearing)? } else { feed.run(hearing)? };
    hearing.finish(&read)?;
    parts.health.input_ended();
    if plan.at_end == AtEnd::Stay && read.stopped.is_none() {
        tracing::info!("the input has ended; the service stays until it is stopped");
        while stop.asked().is_none() {
            std::thread::sleep(REST);
            parts.supervisor.alive();
            hearing.decide()?;
        }
        read.stopped = stop.asked();
    }
    Ok(read)
}

/// What a service is to do, from its settings and its command line.
struct Plan {
    directory: PathBuf,
    inputs: Inputs,
    pace: Option<f64>,
    is_live: bool,
    at_end: AtEnd,
    prints: bool,
}

impl Plan {
    fn of(arguments: &arguments::Monitor, settings: &Settings) -> Result<Self, Failure> {
        let directory = arguments.state.clone().or_else(|| settings.service.state.clone());
        let Some(directory) = directory else {
            return Err(Failure::configuration(
                "a service keeps what it finds: name a directory with service.state or --state",
            ));
        };
        let inputs = arguments.inputs(settings)?;
        if arguments.summary.is_some() || arguments.fail_on.is_some() {
            return Err(Failure::usage(
                "--summary and --fail-on are for captures that end: leave them out, or leave out --serve",
            ));
        }
        let is_live = inputs.is_live();
        let at_end = if is_live { AtEnd::Stop } else { settings.service.at_end };
        Ok(Self {
            directory,
            is_live,
            at_end,
            inputs,
            pace: arguments.pace.or(settings.service.pace),
            prints: arguments.json,
        })
    }
}

/// What every message adds to what it tells.
pub(crate) fn announcement(settings: &Settings) -> Announcement {
    Announcement {
        site: settings.service.name.clone(),
        sensor: settings.detect.sensor.clone(),
        attack_version: gridtap_detect::catalogue::ATTACK_VERSION.to_owned(),
        links: settings.service.links.clone(),
    }
}

fn known(settings: &Settings) -> Known {
    Known {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: option_env!("GRIDTAP_COMMIT").unwrap_or_default().to_owned(),
        detections: gridtap_detect::catalogue::all().map(|detection| detection.id).collect(),
        endpoints: settings.notify.endpoint.iter().map(|each| each.name.clone()).collect(),
        hooks: settings.api.hook.iter().map(|each| each.name.clone()).collect(),
    }
}
