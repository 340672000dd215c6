//! One interface that is heard.

use core::time::Duration;
use std::io;

use gridtap_model::Timestamp;
use gridtap_wire::{Frame, LinkType};

use crate::block::{Place, Walk};
use crate::config::{Clock, Config};
use crate::error::Error;
use crate::interfaces::{Counts, counts, known, link};
use crate::sys::{Shape, Socket};

/// Octets of a block: large enough for any frame, small enough that many fit a ring.
const BLOCK_BYTES: u32 = 1 << 18;

/// Where a tag goes back: behind the two addresses.
const TAG_AT: usize = 12;

/// What became of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is not heard any more: it went down, or is gone.
    Lost,
    /// It is heard again.
    Back,
}

/// How many frames did not reach us, and where they were lost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drops {
    /// The ring had no room for them: gridtap was too slow.
    pub kernel: u64,
    /// The interface lost them before anybody could have them.
    pub interface: u64,
    /// They waited in the ring, and were given up so that what comes now is heard.
    pub late: u64,
}

/// Whose clock the times of an interface's frames are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamped {
    /// What was asked for.
    pub wanted: Clock,
    /// What was had lately.
    pub had: Clock,
    /// Both were had since this was asked last: times of two clocks are mixed.
    pub mixed: bool,
}

/// An interface that is heard.
#[derive(Debug)]
pub struct Tap {
    name: String,
    capture: u16,
    socket: Socket,
    blocks: u32,
    link: LinkType,
    /// Its number, while it is bound.
    bound: Option<core::ffi::c_int>,
    /// The number by which it was bound last.
    index: core::ffi::c_int,
    /// The block that is read or comes next, and what is left of it.
    nth: u32,
    walk: Option<Walk>,
    place: Option<Place>,
    /// The current frame with the tag that the interface took out, where it did.
    tagged: Vec<u8>,
    number: u64,
    drops: Drops,
    wanted: Clock,
    /// Frames since that was asked last, by the clock that stamped them.
    stamped: [u64; 2],
    /// What the interface had lost when hearing began.
    lost_before: u64,
}

impl Tap {
    /// Hears an interface, as the capture with this ordinal.
    pub(crate) fn open(name: &str, capture: u16, config: &Config) -> Result<Self, Error> {
        let known = known(name).ok_or_else(|| Error::Unknown { name: name.to_owned() })?;
        let other = || Error::Link { name: name.to_owned(), kind: known.kind };
        let link = link(known.kind).ok_or_else(other)?;
        let blocks = config.ring_bytes / u64::from(BLOCK_BYTES);
        let blocks = u32::try_from(blocks).unwrap_or(u32::MAX).max(2);
        let shape = Shape {
            block_bytes: BLOCK_BYTES,
            blocks,
            timeout_ms: u32::try_from(config.delay.nanos() / 1_000_000).unwrap_or(1000).max(1),
        };
        let socket = Socket::open(shape).map_err(|error| Error::of(name, error))?;
        if config.timestamps == Clock::Hardware {
            socket.stamp_by_hardware().map_err(|error| Error::of(name, error))?;
        }
        socket.bind(known.index).map_err(|error| Error::of(name, error))?;
        Ok(Self {
            name: name.to_owned(),
            capture,
            socket,
            blocks,
            link,
            bound: Some(known.index),
            index: known.index,
            nth: 0,
            walk: None,
            place: None,
            tagged: Vec::new(),
            number: 0,
            drops: Drops::default(),
            wanted: config.timestamps,
            stamped: [0; 2],
            lost_before: counts(name).map_or(0, |counts| counts.drops),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is bound to an interface that is there.
    #[must_use]
    pub const fn is_heard(&self) -> bool {
        self.bound.is_some()
    }

    pub(crate) const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Goes to the next frame; its time, or none where nothing more has come.
    pub(crate) fn step(&mut self) -> Option<Timestamp> {
        self.place = None;
        loop {
            if let Some(walk) = &mut self.walk {
                let block = self.socket.block(self.nth)?;
                if let Some(place) = walk.next(block) {
                    self.number = self.number.saturating_add(1);
                    let [kernel, hardware] = &mut self.stamped;
                    let count = if place.clock == Clock::Kernel { kernel } else { hardware };
                    *count = count.saturating_add(1);
                    if let Some(tag) = place.tag {
                        put_back(&mut self.tagged, block, &place, tag);
                    }
                    self.place = Some(place);
                    return Some(place.time);
                }
                self.walk = None;
                self.socket.release(self.nth);
                self.nth = self.after(self.nth);
            }
            self.walk = Some(Walk::of(self.socket.block(self.nth)?));
        }
    }

    /// The time of the frame that it is at.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        self.place.map(|place| place.time)
    }

    /// The frame that it is at.
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        let place = self.place?;
        let added = if place.tag.is_some() { 4 } else { 0 };
        let bytes = if place.tag.is_some() {
            &self.tagged
        } else {
            self.socket.block(self.nth)?.get(place.at..place.at.checked_add(place.length)?)?
        };
        Some(Frame {
            time: place.time,
            capture: self.capture,
            number: self.number,
            link: self.link,
            bytes,
            original_length: place.original_length.saturating_add(added),
        })
    }

    /// How many frames wait in the ring, without the one that was given last (`is_given`) or is next.
    pub(crate) fn waiting(&self, is_given: bool) -> u64 {
        let mut count = u64::from(self.place.is_some() && !is_given);
        let mut nth = self.nth;
        let mut walk = self.walk;
        for _ in 0..self.blocks {
            let Some(block) = self.socket.block(nth) else { break };
            let left = walk.take().unwrap_or_else(|| Walk::of(block)).left();
            count = count.saturating_add(u64::from(left));
            nth = self.after(nth);
        }
        count
    }

    /// Gives up what has waited longest, block by block, until no more than so many frames wait. How many went.
    pub(crate) fn shed(&mut self, keep: u64, mut is_given: bool) -> u64 {
        let mut shed = 0_u64;
        // The kernel may fill them as fast as they are given back.
        for _ in 0..self.blocks {
            let Some(block) = self.socket.block(self.nth).filter(|_| self.waiting(is_given) > keep)
            else {
                break;
            };
            let left = self.walk.unwrap_or_else(|| Walk::of(block)).left();
            let next = u64::from(self.place.is_some() && !is_given);
            shed = shed.saturating_add(next).saturating_add(u64::from(left));
            (self.place, self.walk, is_given) = (None, None, false);
            self.socket.release(self.nth);
            self.nth = self.after(self.nth);
        }
        self.drops.late = self.drops.late.saturating_add(shed);
        shed
    }

    fn after(&self, nth: u32) -> u32 {
        nth.checked_add(1).filter(|next| *next < self.blocks).unwrap_or(0)
    }

    /// Whose times its frames had since this was asked last; none where none came.
    pub(crate) fn stamped(&mut self) -> Option<Stamped> {
        let [kernel, hardware] = core::mem::take(&mut self.stamped);
        let had = if hardware > 0 { Clock::Hardware } else { Clock::Kernel };
        let mixed = kernel > 0 && hardware > 0;
        (kernel > 0 || hardware > 0).then_some(Stamped { wanted: self.wanted, had, mixed })
    }

    /// Looks after the interface: whether it is still there, and whether it came back. To be called about once a
    /// second.
    pub(crate) fn look(&mut self) -> Option<Change> {
        let failed = self.socket.error().is_some();
        let known = known(&self.name);
        match (self.bound, known) {
            (Some(bound), Some(known)) if bound == known.index && !failed => None,
            (Some(_), _) => {
                self.bound = None;
                Some(Change::Lost)
            }
            (None, Some(known)) if known.is_up && link(known.kind) == Some(self.link) => {
                // It may have gone again.
                self.socket.bind(known.index).ok()?;
                self.bound = Some(known.index);
                // Another one counts from nothing; the same one goes on with what it had lost before it was heard.
                if known.index != self.index {
                    self.lost_before = 0;
                }
                self.index = known.index;
                Some(Change::Back)
            }
            (None, _) => None,
        }
    }

    /// How many frames did not reach us since hearing began.
    ///
    /// # Errors
    /// The kernel does not say.
    pub(crate) fn drops(&mut self) -> io::Result<Drops> {
        let counted = self.socket.counted()?;
        self.drops.kernel = self.drops.kernel.saturating_add(u64::from(counted.drops));
        if let Some(Counts { drops, .. }) = counts(&self.name) {
            self.drops.interface = self.drops.interface.max(drops.saturating_sub(self.lost_before));
        }
        Ok(self.drops)
    }
}

/// How long one waits for frames before looking around.
pub(crate) fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

/// The frame with its tag where it was on the wire.
fn put_back(tagged: &mut Vec<u8>, block: &[u8], place: &Place, tag: [u8; 4]) {
    tagged.clear();
    let frame = block.get(place.at..place.at.saturating_add(place.length)).unwrap_or_default();
    let (addresses, rest) = frame.split_at_checked(TAG_AT).unwrap_or((frame, &[]));
    tagged.extend_from_slice(addresses);
    tagged.extend_from_slice(&tag);
    tagged.extend_from_slice(rest);
}
