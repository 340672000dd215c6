//! Whether work that was declared is heard at all: what was announced and does not happen is worth a line.
//!
//! Work is heard when a finding was excused by its window, or a command went from one of its sources to one of its
//! targets. Commands only, because polls go on all the time.

use std::collections::BTreeSet;

use gridtap_model::{Place, Timestamp};

use super::{Party, Window};
use crate::scene::Scene;
use crate::words;

/// Points of a command that are compared with those of a window.
const POINTS_COMPARED: usize = 16;

/// What was heard of declared work.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The names of windows of which something was heard, and of those that are settled.
    heard: BTreeSet<String>,
    settled: BTreeSet<(String, Timestamp)>,
    /// Since when this run hears: of a window that began before, it does not know what was heard.
    since: Option<Timestamp>,
    /// When the next window ends.
    next: Option<Timestamp>,
    /// Where the last request was.
    pub(crate) place: Place,
}

impl Work {
    /// Something that a window excuses was found.
    pub(crate) fn excused(&mut self, name: &str) {
        if !self.heard.contains(name) {
            self.heard.insert(name.to_owned());
        }
    }

    /// A command, which may be what a window was declared for.
    pub(crate) fn command(&mut self, windows: &[Window], scene: &Scene<'_>) {
        let (now, message) = (scene.obs.time, scene.message);
        let open = windows.iter().filter(|window| window.start <= now && now < window.end);
        for window in open {
            if !self.heard.contains(&window.name)
                && window.is_source(message.master.address)
                && window.is_target(message.device.address, Some(message.device))
                && (window.points.is_empty() || {
                    let points = words::points(scene, POINTS_COMPARED);
                    points.iter().any(|point| window.names_point(point))
                })
            {
                self.heard.insert(window.name.clone());
            }
        }
    }

    /// Other windows are declared.
    pub(crate) fn declare(&mut self, windows: &[Window]) {
        self.heard.retain(|name| windows.iter().any(|window| window.name == *name));
        self.settled.retain(|(name, end)| {
            windows.iter().any(|window| window.name == *name && window.end == *end)
        });
        self.next = self.ends_next(windows);
    }

    /// The windows that are over and of which nothing was heard from their beginning on.
    pub(crate) fn over<'a>(&mut self, windows: &'a [Window], now: Timestamp) -> Vec<&'a Window> {
        let since = *self.since.get_or_insert(now);
        if self.next.is_none_or(|next| now < next) {
            return Vec::new();
        }
        let mut missed = Vec::new();
        for window in windows.iter().filter(|window| window.end <= now) {
            let is_new = self.settled.insert((window.name.clone(), window.end));
            if is_new && window.start >= since && !self.heard.contains(&window.name) {
                missed.push(window);
            }
        }
        self.next = self.ends_next(windows);
        missed
    }

    fn ends_next(&self, windows: &[Window]) -> Option<Timestamp> {
        let settled = |window: &&Window| !self.settled.contains(&(window.name.clone(), window.end));
        windows.iter().filter(settled).map(|window| window.end).min()
    }
}

/// Whether a party is this host.
pub(super) fn is_host(party: &Party, host: core::net::IpAddr) -> bool {
    match party {
        Party::Net(net) => net.contains(&host),
        Party::Device { address, .. } => *address == host,
    }
}
