//! Several interfaces as one sequence of frames.

use core::time::Duration;
use std::io;

use gridtap_wire::Frame;

use crate::config::Config;
use crate::error::Error;
use crate::seal::seal;
use crate::sys;
use crate::tap::{Change, Drops, Stamped, Tap, milliseconds};

/// More interfaces than any machine has mirror ports.
const INTERFACES_MAX: usize = 64;

/// Several interfaces, merged by the times of the frames that wait.
///
/// Frames of different interfaces can be out of order by as much as one of them gives its frames later than another
/// (`delay` of the settings); those of one interface never are.
#[derive(Debug)]
pub struct Taps {
    taps: Vec<Tap>,
    /// Whose frame was given last.
    current: Option<usize>,
}

impl Taps {
    /// Hears interfaces, each as the capture with its place in the list. Needs `CAP_NET_RAW`, which can be given up
    /// once this has returned.
    ///
    /// # Errors
    /// The first that cannot be heard.
    pub fn open(names: &[String], config: &Config) -> Result<Self, Error> {
        let mut taps: Vec<Tap> = Vec::new();
        if names.len() > INTERFACES_MAX {
            return Err(Error::TooMany { count: names.len(), max: INTERFACES_MAX });
        }
        for (name, capture) in names.iter().zip(0..) {
            if taps.iter().any(|tap| tap.name() == name) {
                return Err(Error::Twice { name: name.clone() });
            }
            taps.push(Tap::open(name, capture, config)?);
        }
        Ok(Self { taps, current: None })
    }

    /// Has the kernel refuse, for good and to every thread of this process, whatever would write to the sockets that
    /// hear. They must be kept: their numbers are refused, whatever has them.
    ///
    /// # Errors
    /// The kernel does not take the rule.
    pub fn seal(&self) -> Result<(), Error> {
        let sockets: Vec<_> = self.taps.iter().map(|tap| tap.socket().number()).collect();
        seal(&sockets)
    }

    /// The interfaces, in the order of [`Frame::capture`].
    #[must_use]
    pub fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// The next frame: of those that wait the earliest. None where nothing has come.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend")]
    pub fn next(&mut self) -> Option<Frame<'_>> {
        if let Some(tap) = self.current.take().and_then(|at| self.taps.get_mut(at)) {
            tap.step();
        }
        for tap in self.taps.iter_mut().filter(|tap| tap.time().is_none()) {
            tap.step();
        }
        let times = self.taps.iter().enumerate();
        let (_, at) = times.filter_map(|(at, tap)| Some((tap.time()?, at))).min()?;
        self.current = Some(at);
        self.taps.get(at)?.frame()
    }

    /// How many frames wait in the rings.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let each = self.taps.iter().enumerate();
        each.map(|(at, tap)| tap.waiting(self.current == Some(at))).fold(0, u64::saturating_add)
    }

    /// Gives up what has waited longest, until no more than so many frames wait in each ring. They are counted among what
    /// was dropped (`Drops::late`). How many went.
    pub fn shed(&mut self, keep: u64) -> u64 {
        let current = self.current;
        let each = self.taps.iter_mut().enumerate();
        each.map(|(at, tap)| tap.shed(keep, current == Some(at))).fold(0, u64::saturating_add)
    }

    /// Waits until frames have come or something else happened, or for so long. Whether something did.
    ///
    /// # Errors
    /// The system refuses to wait.
    pub fn wait(&self, time: Duration) -> io::Result<bool> {
        sys::wait(self.taps.iter().map(Tap::socket), milliseconds(time))
    }

    /// Looks after every interface, about once a second: which were lost, and which came back.
    pub fn look(&mut self) -> Vec<(String, Change)> {
        let change = |tap: &mut Tap| Some((tap.name().to_owned(), tap.look()?));
        // The place of a frame does not change by it.
        self.taps.iter_mut().filter_map(change).collect()
    }

    /// Whose times the frames of each interface had since this was asked last; none where none came.
    pub fn stamped(&mut self) -> Vec<(String, Option<Stamped>)> {
        self.taps.iter_mut().map(|tap| (tap.name().to_owned(), tap.stamped())).collect()
    }

    /// How many frames of each interface did not reach us since hearing began.
    pub fn drops(&mut self) -> Vec<Drops> {
        self.taps.iter_mut().map(|tap| tap.drops().unwrap_or_default()).collect()
    }
}
