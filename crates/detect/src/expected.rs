//! What was expected in the place of a message or a conversation: put into words where somebody is told of it.
//!
//! News comes in floods, of which nobody reads each: that it is news costs little to find out, and much to say.

use core::net::IpAddr;

use gridtap_baseline::{Baseline, Site, Verdict};
use gridtap_model::{Observation, Table};

use crate::scene::Scene;
use crate::words;

/// What was expected.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    /// In these words.
    Said(String),
    /// Only those who did it before.
    NoOther { commanding: bool },
    /// That who writes has read before.
    NeverRead,
    /// No command to these points.
    NeverCommanded,
    /// Not this function.
    NeverUsed,
    /// The same, but that masters begin with this when something has happened.
    NeverUsedBefore(&'static str),
    /// That the other master commands these points.
    OtherCommands,
    /// No other host than those that were heard.
    NoHost(IpAddr),
    /// No conversation with an address that is routed on the Internet.
    NothingPublic(IpAddr),
    /// No other conversation.
    NoConversation,
}

impl From<String> for Expected {
    fn from(said: String) -> Self {
        Self::Said(said)
    }
}

impl Expected {
    /// In the place of a message.
    pub(crate) fn of_message(&self, scene: &Scene<'_>, baseline: &Baseline) -> String {
        match self {
            Self::NoOther { commanding } => no_other(scene, baseline, *commanding),
            Self::NeverRead => never_read(scene),
            Self::NeverCommanded => never_commanded(scene),
            Self::NeverUsed => never_used(scene),
            Self::NeverUsedBefore(why) => {
                format!("{}; but {why}, and masters begin with this", never_used(scene))
            }
            Self::OtherCommands => other_commands(scene, baseline),
            _ => self.of_conversation(scene.site, scene.obs, scene.verdict),
        }
    }

    /// In the place of a conversation.
    pub(crate) fn of_conversation(
        &self,
        site: &Site,
        obs: &Observation<'_>,
        verdict: &Verdict,
    ) -> String {
        let heard = || words::heard(verdict, obs.time);
        let often = || words::how_often(&verdict.rate);
        match self {
            Self::Said(said) => said.clone(),
            Self::NoHost(host) => format!(
                "in {} {} was not heard; new hosts come here {}",
                heard(),
                words::host(site, *host),
                often()
            ),
            Self::NothingPublic(end) => format!(
                "in {} {end}, a public address, was not part of any conversation with this host",
                heard()
            ),
            Self::NoConversation => format!(
                "in {} these two were not heard with each other on port {}; \
                 new conversations come here {}",
                heard(),
                obs.destination.port,
                often()
            ),
            // The others are about messages.
            _ => String::new(),
        }
    }
}

/// `in 212 h only 10.0.0.7 commanded this device; new commanders come at most 0.34 times a day here (none did)`.
fn no_other(scene: &Scene<'_>, baseline: &Baseline, commanding: bool) -> String {
    let rate = &scene.verdict.rate;
    let masters = baseline.masters(&scene.message.device, commanding);
    let (verb, noun) = if commanding { ("commanded", "commanders") } else { ("read", "readers") };
    let who = match masters.as_slice() {
        [] => format!("no host {verb}"),
        some => format!("only {} {verb}", words::hosts(scene.site, some)),
    };
    format!(
        "in {} {who} this device; new {noun} come here {}",
        words::heard(scene.verdict, scene.obs.time),
        words::how_often(rate)
    )
}

fn never_read(scene: &Scene<'_>) -> String {
    let heard = words::heard(scene.verdict, scene.obs.time);
    format!("in {heard} this host never read this device before it wrote to it")
}

fn never_commanded(scene: &Scene<'_>) -> String {
    let access = &scene.verdict.access;
    let rate = &scene.verdict.rate;
    let device = &scene.message.device;
    let point = scene.verdict.first_new_point.map_or_else(
        || "these points".to_owned(),
        |point| match scene.message.file.as_ref().and_then(words::file) {
            Some(file) if point.table == Table::FILE => file,
            _ => words::told_with(scene, &point).name(scene.site, device),
        },
    );
    let others = if access.points_new_to_all == 0 && access.points_new > 0 {
        "another master does"
    } else {
        "nor did another master"
    };
    let all = if access.commander { "" } else { ", nor anything else of this device" };
    format!(
        "in {} this master never commanded {point}{all}; {others}; newly commanded points come here {}",
        words::heard(scene.verdict, scene.obs.time),
        words::how_often(rate)
    )
}

fn never_used(scene: &Scene<'_>) -> String {
    let rate = &scene.verdict.rate;
    let zone = if scene.verdict.access.function_known_in_zone {
        "other pairs here use it"
    } else {
        "nobody here uses it"
    };
    format!(
        "in {} this master never used {} with this device; {zone}; new functions come here {}",
        words::heard(scene.verdict, scene.obs.time),
        scene.message.function,
        words::how_often(rate)
    )
}

fn other_commands(scene: &Scene<'_>, baseline: &Baseline) -> String {
    let mut others = baseline.masters(&scene.message.device, true);
    others.retain(|address| *address != scene.message.master.address);
    format!(
        "in {} these points were commanded by {} alone",
        words::heard(scene.verdict, scene.obs.time),
        words::hosts(scene.site, &others)
    )
}
