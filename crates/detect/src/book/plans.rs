//! What was declared beforehand, and whether it is heard.

use std::collections::BTreeSet;

use gridtap_model::{Place, Timestamp};

use super::Book;
use crate::planned::{OUT_OF_SERVICE, Planned, Window};
use crate::scene::Scene;

impl Book {
    /// What is declared from now on.
    pub(crate) fn plan(&mut self, planned: Planned) {
        let names: BTreeSet<&str> =
            planned.windows.iter().map(|window| window.name.as_str()).collect();
        self.excused.retain(|name, _| names.contains(name.as_str()) || name == OUT_OF_SERVICE);
        self.planned = planned;
        self.work.declare(&self.planned.windows);
    }

    /// A command, which may be what a window was declared for.
    pub(crate) fn command(&mut self, scene: &Scene<'_>) {
        if !self.planned.windows.is_empty() {
            self.work.place = scene.obs.place;
            self.work.command(&self.planned.windows, scene);
        }
    }

    /// The windows that are over without anything of them having been heard, each once, and where the last command was.
    pub(crate) fn missed(&mut self, now: Timestamp) -> (Vec<Window>, Place) {
        let missed = self.work.over(&self.planned.windows, now);
        (missed.into_iter().cloned().collect(), self.work.place)
    }
}
