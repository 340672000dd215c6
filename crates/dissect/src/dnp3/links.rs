//! The links of one conversation: a gateway has many stations behind one address, and each direction between two of
//! them puts its segments together for itself.

use gridtap_dnp3::{Frame, Reassembler, Segment, TransportFault};
use gridtap_model::Direction;

use crate::buffer::Buffers;

/// From one link address to another.
#[derive(Debug)]
struct Link {
    direction: Direction,
    source: u16,
    destination: u16,
    reassembler: Reassembler,
    /// Octets of its room that are accounted for.
    room_octets: usize,
    /// Octets of the frames whose fragment is not complete.
    pending: u64,
    /// When it last had a frame, counted in frames.
    used: u64,
    /// The other end speaks too.
    answered: bool,
    /// No segment of it can have gone unheard since the last first one.
    certain: bool,
}

/// The links that are open.
#[derive(Debug, Default)]
pub(super) struct Links {
    open: Vec<Link>,
    /// Octets of room that their fragments take.
    fragments_octets: usize,
    /// Which had the last frame.
    last: usize,
    frames: u64,
    /// A link gave way: one that is new may be an old one.
    evicted: bool,
}

/// What a frame with user data brought.
pub(super) struct Brought<'l> {
    pub(super) segment: Segment<'l>,
    /// Octets of frames, this one perhaps among them, that are now part of something.
    pub(super) decoded: u64,
    /// Octets of frames that will be part of nothing.
    pub(super) lost: u64,
    /// What does not continue was sent so: nothing before it can have gone unheard.
    pub(super) certain: bool,
}

impl Links {
    /// Takes a frame with user data. Where there are more than `links_max` links, that which was not used for longest
    /// gives way, one that nobody answers and one with nothing unfinished first: the octets that are lost with it, where one gave way. Of a link
    /// that is new nothing went unheard where the conversation is heard `from_start`.
    pub(super) fn make_room(
        &mut self,
        direction: Direction,
        frame: &Frame<'_>,
        (links_max, octets_max): (usize, usize),
        from_start: bool,
    ) -> Option<u64> {
        if self.place(direction, frame).is_some() {
            return None;
        }
        let mut lost = None;
        if self.open.len() >= links_max.max(1) {
            let oldest = self.open.iter().enumerate();
            let oldest =
                oldest.min_by_key(|(_, link)| (link.answered, link.pending > 0, link.used));
            if let Some(at) = oldest.map(|(at, _)| at) {
                let gone = self.open.swap_remove(at);
                self.fragments_octets = self.fragments_octets.saturating_sub(gone.room_octets);
                lost = Some(gone.pending);
                self.evicted = true;
            }
        }
        let (source, destination) = (frame.header.source.0, frame.header.destination.0);
        let back = self.open.iter_mut().find(|link| {
            link.direction == direction.reversed()
                && (link.destination, link.source) == (source, destination)
        });
        let answered = back.is_some();
        if let Some(back) = back {
            back.answered = true;
        }
        if self.open.len() == self.open.capacity() {
            // Most conversations have one each way.
            self.open.reserve_exact(self.open.len().max(2));
        }
        self.open.push(Link {
            direction,
            source,
            destination,
            reassembler: Reassembler::new(octets_max),
            room_octets: 0,
            pending: 0,
            used: self.frames,
            answered,
            certain: from_start && !self.evicted,
        });
        lost
    }

    fn place(&self, direction: Direction, frame: &Frame<'_>) -> Option<usize> {
        let (source, destination) = (frame.header.source.0, frame.header.destination.0);
        self.open.iter().position(|link| {
            link.direction == direction && link.source == source && link.destination == destination
        })
    }

    /// The last frame was heard out: gives back the room that was lent to its link, and accounts for the rest.
    pub(super) fn settle(&mut self, buffers: &mut Buffers) {
        if let Some(link) = self.open.get_mut(self.last) {
            link.reassembler.rest(|room| buffers.give_back(room));
            let room = link.reassembler.room_octets();
            let before = core::mem::replace(&mut link.room_octets, room);
            self.fragments_octets =
                self.fragments_octets.saturating_sub(before).saturating_add(room);
        }
    }

    /// Octets of room that they take.
    pub(super) const fn room_octets(&self) -> usize {
        let links = self.open.capacity().saturating_mul(size_of::<Link>());
        links.saturating_add(self.fragments_octets)
    }

    /// Gives back the room of fragments, of which none is unfinished any more, and where that is not enough that of the
    /// links.
    pub(super) fn give_way(&mut self, all: bool) {
        self.fragments_octets = 0;
        if all {
            self.evicted |= !self.open.is_empty();
            self.open = Vec::new();
        } else {
            for link in &mut self.open {
                link.reassembler.release();
                link.room_octets = link.reassembler.room_octets();
                self.fragments_octets = self.fragments_octets.saturating_add(link.room_octets);
            }
        }
    }

    /// Puts a frame to those before it. None where there is no room for its link.
    pub(super) fn push(
        &mut self,
        direction: Direction,
        frame: &Frame<'_>,
        buffers: &mut Buffers,
    ) -> Option<Brought<'_>> {
        self.frames = self.frames.saturating_add(1);
        let now = self.frames;
        let octets = u64::try_from(frame.octets()).unwrap_or(u64::MAX);
        let at = self.place(direction, frame)?;
        self.last = at;
        let link = self.open.get_mut(at)?;
        link.used = now;
        let segment = link.reassembler.push_with(frame, || buffers.take());
        let before = link.pending;
        let certain = link.certain;
        let with = before.saturating_add(octets);
        let first = segment.header.is_some_and(gridtap_dnp3::TransportHeader::is_first);
        let (pending, decoded, lost) = match segment.fault {
            Some(TransportFault::Empty) => (before, octets, 0),
            Some(TransportFault::Duplicate { .. }) if !first => (before, octets, 0),
            Some(TransportFault::NoFirst { .. }) => (before, 0, octets),
            Some(TransportFault::Unfinished { .. }) => (octets, 0, before),
            Some(TransportFault::Sequence { .. } | TransportFault::Oversize { .. }) => (0, 0, with),
            _ => (with, 0, 0),
        };
        link.certain |= first;
        let complete = segment.fragment.is_some();
        link.pending = if complete { 0 } else { pending };
        let decoded = if complete { decoded.saturating_add(pending) } else { decoded };
        Some(Brought { segment, decoded, lost, certain })
    }

    /// Segments of a direction may have gone unheard.
    pub(super) fn doubt(&mut self, direction: Direction) {
        let links = self.open.iter_mut().filter(|link| link.direction == direction);
        links.for_each(|link| link.certain = false);
    }

    /// Gives up what is unfinished in a direction, and says how many octets of frames that were.
    pub(super) fn abandon(&mut self, direction: Direction) -> u64 {
        let links = self.open.iter_mut().filter(|link| link.direction == direction);
        links.fold(0, |lost, link| {
            link.reassembler.abandon();
            lost.saturating_add(core::mem::take(&mut link.pending))
        })
    }
}
