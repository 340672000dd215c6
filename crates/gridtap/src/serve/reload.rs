//! Other settings while it runs: on SIGHUP they are read and checked whole, and taken whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gridtap_baseline::Site;
use gridtap_notify::{Bell, Couriers, Deliveries, World};
use gridtap_store::Handle;
use gridtap_telemetry::Metrics;

use crate::arguments::Shared;
use crate::configuration::Fault;
use crate::output::LogDial;
use crate::serve::health::Health;
use crate::serve::interface::Interface;
use crate::serve::live::{Change, Inbox, Live};
use crate::serve::parts::note;
use crate::serve::supervisor::Supervisor;
use crate::serve::{announcement, known};
use crate::settings::{Settings, is_reloaded};
use crate::sound::{self, Sound};

/// How often it is looked whether somebody asked.
const REST: Duration = Duration::from_millis(100);

/// How often it is looked whether the thread that hears has taken what is new to it, before it is left to it: on a busy
/// machine one look at everything that was learned is seconds, and "reloaded" is to mean that it is in force.
const LOOKS: u32 = 1000;

/// Everything that a reload changes.
pub(crate) struct Reload {
    /// What the command line says on top of the settings.
    pub shared: Shared,
    /// Whether somebody asked.
    pub is_asked: Arc<AtomicBool>,
    pub is_stopped: Arc<AtomicBool>,
    pub live: Live,
    /// The site file as it is in effect.
    pub site: Site,
    pub inbox: Inbox,
    pub couriers: Couriers,
    pub deliveries: Deliveries,
    pub world: World,
    pub bell: Bell,
    pub interface: Option<Interface>,
    pub handle: Handle,
    pub metrics: Metrics,
    pub health: Arc<Health>,
    pub dial: LogDial,
    pub supervisor: Supervisor,
}

impl Reload {
    /// Reloads whenever it is asked, until it is stopped. What has to be ended with the service is given back.
    pub(crate) fn run(mut self) -> (Deliveries, Option<Interface>) {
        while !self.is_stopped.load(Ordering::Relaxed) {
            if self.is_asked.swap(false, Ordering::Relaxed) {
                self.supervisor.reloading();
                let status = self.reload();
                self.supervisor.ready(&status);
            }
            std::thread::sleep(REST);
        }
        (self.deliveries, self.interface)
    }

    /// Takes the settings that are on the disk now, or says why not; in a few words what came of it.
    fn reload(&mut self) -> String {
        let layered = Settings::read(&self.shared);
        let sound = match Sound::of(&layered) {
            Ok(sound) => sound,
            Err(faults) => return self.refuse(&faults),
        };
        for warning in sound::warnings(&layered) {
            tracing::warn!("{warning}");
        }
        let new = layered.settings;
        let changed = changed(&self.live.get(), &new);
        let (taken, waiting): (Vec<String>, Vec<String>) =
            changed.into_iter().partition(|key| is_reloaded(key));
        if let Err(cause) = self.take(&new, sound) {
            return self.refuse(&[Fault::new("settings", cause)]);
        }
        self.live.set(self.held(new));
        self.health.trouble("settings", None);
        let mut told = match taken.as_slice() {
            [] => "no value changed; files that they name were read anew".to_owned(),
            some => some.join(", "),
        };
        if !waiting.is_empty() {
            let waiting = waiting.join(", ");
            tracing::warn!("these settings wait for a restart: {waiting}");
            told.push_str(&format!("; waits for a restart: {waiting}"));
        }
        tracing::info!("the settings were reloaded: {told}");
        self.note("done", &told);
        "the settings were reloaded".to_owned()
    }

    /// What is in effect with new settings: of what waits for a restart, the old.
    fn held(&self, new: Settings) -> Settings {
        let old = self.live.get();
        let mut held = new.clone();
        // These are compared again at the next reload, and must be told again.
        held.api.listen = old.api.listen;
        held.api.connections_max = old.api.connections_max;
        Settings {
            wire: old.wire.clone(),
            dissect: old.dissect.clone(),
            baseline: old.baseline.clone(),
            detect: old.detect.clone(),
            telemetry: old.telemetry.clone(),
            sensor: old.sensor.clone(),
            tap: old.tap.clone(),
            service: crate::serve::Service {
                name: new.service.name,
                links: new.service.links,
                clear_after: new.service.clear_after,
                silent_after: new.service.silent_after,
                keep: new.service.keep,
                size_max: new.service.size_max,
                commands_max: new.service.commands_max,
                ..old.service.clone()
            },
            ..held
        }
    }

    /// Puts everything that changes in its place. What can fail comes first.
    fn take(&mut self, new: &Settings, sound: Sound) -> Result<(), String> {
        let Sound { site, couriers, planned } = sound;
        if let Some(interface) = &self.interface {
            // Where it listens stays, and with it what that asks for.
            let listen = self.live.get().api.listen;
            let config = gridtap_api::Config { listen, ..new.api.clone() };
            interface.reload(&config).map_err(|faults| {
                faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            })?;
        }
        self.metrics.know(&known(new));
        let announcement = announcement(new);
        let subscriptions = couriers.iter().map(|each| each.endpoint().subscription()).collect();
        self.handle
            .announce(announcement.clone(), subscriptions)
            .map_err(|error| error.to_string())?;
        self.world.announcement = announcement;
        self.couriers.set(couriers);
        self.deliveries
            .replace(self.couriers.all(), &self.world, &self.bell)
            .map_err(|error| format!("the system gives no thread: {error}"))?;
        self.dial.set(new.log.level);
        let site = self.site_to_take(site);
        let silent_after = Duration::from_nanos(new.service.silent_after.nanos());
        self.inbox.put(Change { site, planned, silent_after });
        for _ in 0..LOOKS {
            if self.inbox.is_empty() || self.is_stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            std::thread::sleep(REST / 10);
        }
        tracing::warn!(
            "what is heard is judged by the settings from before until what came already is through"
        );
        Ok(())
    }

    /// The site file that is new, unless it divides the site in another way: what is open and what was learned belongs to
    /// the zones that there were.
    fn site_to_take(&mut self, site: Site) -> Option<Site> {
        if !self.site.has_zones_of(&site) {
            tracing::warn!(
                "the zones of the site file changed: the whole file waits for a restart, and what it declared before holds"
            );
            return None;
        }
        self.site = site.clone();
        Some(site)
    }

    /// Keeps what there is, and says so until it is mended.
    fn refuse(&self, faults: &[Fault]) -> String {
        for fault in faults {
            tracing::error!("{fault}");
        }
        let first = faults.first().map(ToString::to_string).unwrap_or_default();
        let count = match faults.len() {
            1 => "1 fault".to_owned(),
            many => format!("{many} faults, the first"),
        };
        tracing::error!("the settings were not reloaded: those from before hold ({count})");
        self.health.trouble(
            "settings",
            Some(format!(
                "the settings on the disk are not in effect ({count}: {first}): those from before hold until the faults that \
                 `gridtap check-config` tells are mended and it is reloaded again"
            )),
        );
        self.note("refused", &format!("{count}: {first}"));
        format!("the settings were not reloaded: {first}")
    }

    fn note(&self, outcome: &str, detail: &str) {
        if let Err(error) = note(&self.handle, "reload", outcome, detail) {
            tracing::error!(%error, "the reload could not be written into the audit log");
        }
    }
}

/// The keys whose values differ.
fn changed(old: &Settings, new: &Settings) -> BTreeSet<String> {
    let values = |settings| {
        let mut values = BTreeMap::new();
        sound::each_value(settings, &mut |_, key, _, value| {
            values.insert(key.to_owned(), value.clone());
        });
        values
    };
    let (old, new) = (values(old), values(new));
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    all.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_by_its_key() {
        let old = Settings::default();
        let mut new = old.clone();
        assert!(changed(&old, &new).is_empty());
        new.service.name = "north".to_owned();
        new.api.token.push(gridtap_api::Token { name: "desk".to_owned(), ..Default::default() });
        let told: Vec<String> = changed(&old, &new).into_iter().collect();
        assert_eq!(told, ["api.token", "api.token[0].name", "api.token[0].role", "service.name"]);
    }
}
