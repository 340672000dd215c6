//! One frame, or what stands in its place.

use super::{Address, AddressKind, LinkControl, LinkFunction};
use crate::crc::checked;
use crate::octets::Octets;

/// The longest frame there can be: a header and 250 octets of user data in 16 blocks.
pub const FRAME_OCTETS_MAX: usize = 292;

/// The header with its CRC.
const HEADER_OCTETS: usize = 10;
/// The user data of a full block.
const BLOCK_OCTETS: usize = 16;
/// A full block with its CRC.
const BLOCK_OCTETS_WITH_CRC: usize = 18;
/// What the length field counts beside user data: control, destination, source.
const LENGTH_MIN: u8 = 5;
const START: [u8; 2] = [0x05, 0x64];

/// Whether more octets may follow those at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The stream goes on.
    Open,
    /// Nothing follows: the end of a datagram or a connection, a gap, a pause that no frame survives.
    Closed,
}

/// What stands at the head of some octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// A whole frame, every CRC right. Drop [`Frame::octets`] and go on.
    Frame(Frame<'a>),
    /// A frame whose header is right and whose user data is not. Drop [`Damaged::octets`] and go on.
    Damaged(Damaged<'a>),
    /// Octets of no frame. Drop [`Skipped::octets`] and go on.
    Skipped(Skipped),
    /// The beginning of what may become a frame: it would be whole with this many octets, and call again with any
    /// number more. Where the ending is closed, only empty input gives this.
    More(usize),
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkHeader {
    /// The length field: 5 + the octets of user data.
    pub length: u8,
    /// Direction, flow control and function.
    pub control: LinkControl,
    /// Whom it is for.
    pub destination: Address,
    /// Who sent it.
    pub source: Address,
}

impl LinkHeader {
    /// The header at the head of some octets, where start, length and CRC are right.
    #[must_use]
    pub fn at(input: &[u8]) -> Option<Self> {
        let mut octets = Octets(checked(input.get(..HEADER_OCTETS)?)?);
        if octets.chunk()? != START {
            return None;
        }
        let length = octets.u8().filter(|length| *length >= LENGTH_MIN)?;
        let control = LinkControl(octets.u8()?);
        let destination = Address(octets.u16()?);
        Some(Self { length, control, destination, source: Address(octets.u16()?) })
    }

    /// What the frame is for.
    #[must_use]
    pub const fn function(&self) -> LinkFunction {
        self.control.function()
    }

    /// How many octets of user data the length field names.
    #[must_use]
    pub const fn user_data_octets(&self) -> u8 {
        self.length.saturating_sub(LENGTH_MIN)
    }

    /// Whether it is user data from one station to another that nobody counts, as nearly every frame is: such a header
    /// has no [`LinkFault`].
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let individual = |address: Address| address.kind() == AddressKind::Individual;
        let function = self.function();
        (function.primary, function.code) == (true, 4)
            && !self.control.frame_count_valid()
            && self.user_data_octets() > 0
            && individual(self.destination)
            && individual(self.source)
    }

    /// How many octets the whole frame takes, at most [`FRAME_OCTETS_MAX`].
    #[must_use]
    pub fn frame_octets(&self) -> usize {
        let octets = usize::from(self.user_data_octets());
        let crcs = octets.div_ceil(BLOCK_OCTETS).saturating_mul(2);
        HEADER_OCTETS.saturating_add(octets).saturating_add(crcs)
    }

    /// What in it does not fit the standard.
    pub fn faults(&self) -> impl Iterator<Item = LinkFault> + use<> {
        let function = self.function();
        let (destination, source) = (self.destination, self.source);
        let has_data = self.user_data_octets() > 0;
        let reserved_destination = destination.kind() == AddressKind::Reserved;
        [
            function.is_reserved().then_some(LinkFault::ReservedFunction(function)),
            (has_data && !function.carries_user_data() && !function.is_reserved())
                .then_some(LinkFault::UnexpectedUserData(self.user_data_octets())),
            (!has_data && function.carries_user_data()).then_some(LinkFault::NoUserData),
            (self.control.is_primary()
                && !function.is_reserved()
                && self.control.frame_count_valid() != function.counts_frames())
            .then_some(LinkFault::FrameCountValid(self.control)),
            reserved_destination.then_some(LinkFault::Destination(destination)),
            (source.kind() != AddressKind::Individual).then_some(LinkFault::Source(source)),
        ]
        .into_iter()
        .flatten()
    }
}

/// What in a link header does not fit the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LinkFault {
    /// A function code that the standard keeps back.
    #[error("reserved link function {code}", code = .0.code)]
    ReservedFunction(LinkFunction),
    /// User data where the function carries none.
    #[error("{0} octets of user data in a frame without")]
    UnexpectedUserData(u8),
    /// No user data where the function carries it.
    #[error("no user data in a frame for it")]
    NoUserData,
    /// FCV set where the function counts no frames, or clear where it does.
    #[error("frame count bit in control octet {octet:#04x}", octet = .0.0)]
    FrameCountValid(LinkControl),
    /// A destination in the reserved range.
    #[error("reserved destination {0}")]
    Destination(Address),
    /// A source that is not one station.
    #[error("source {0} is no station")]
    Source(Address),
}

impl LinkFault {
    /// The name in records.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ReservedFunction(_) => "link_function",
            Self::UnexpectedUserData(_) => "link_user_data",
            Self::NoUserData => "link_no_user_data",
            Self::FrameCountValid(_) => "link_frame_count",
            Self::Destination(_) => "link_destination",
            Self::Source(_) => "link_source",
        }
    }
}

/// A whole frame, every CRC right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Its header.
    pub header: LinkHeader,
    /// The blocks with their CRCs.
    blocks: &'a [u8],
}

impl<'a> Frame<'a> {
    /// How many octets it takes, CRCs included.
    #[must_use]
    pub const fn octets(&self) -> usize {
        HEADER_OCTETS.saturating_add(self.blocks.len())
    }

    /// Its user data, a block at a time: the transport octet and a piece of a fragment.
    #[must_use]
    pub fn user_data(&self) -> UserData<'a> {
        UserData(self.blocks.chunks(BLOCK_OCTETS_WITH_CRC))
    }
}

/// The user data of a frame, a block at a time, without the CRCs.
#[derive(Debug, Clone)]
pub struct UserData<'a>(core::slice::Chunks<'a, u8>);

impl<'a> Iterator for UserData<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        self.0.next()?.split_last_chunk::<2>().map(|(octets, _)| octets)
    }
}

/// What is wrong with a frame whose header is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// This block, counted from 0, does not end in its CRC.
    Block(u8),
    /// It ends before its length says, within or before this block, counted from 0.
    Cut(u8),
}

/// A frame whose header is right and whose user data is not: no station takes anything of it.
///
/// The length of such a frame may be wrong as well, so what follows is looked for right behind its header and not
/// from where the frame says it ends, as stations do: a good frame in what it claims is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged<'a> {
    /// Its header.
    pub header: LinkHeader,
    /// What is wrong.
    pub damage: Damage,
    /// The blocks before the damage, which end in their CRCs.
    blocks: &'a [u8],
}

impl<'a> Damaged<'a> {
    /// How many octets to drop: the header. What is left of the frame is [`Skipped`] next.
    #[must_use]
    pub const fn octets(&self) -> usize {
        HEADER_OCTETS
    }

    /// The user data before the damage.
    #[must_use]
    pub fn user_data(&self) -> UserData<'a> {
        UserData(self.blocks.chunks(BLOCK_OCTETS_WITH_CRC))
    }
}

/// Octets of no frame.
///
/// How junk is cut into several of these depends on how it arrived; their sum does not. One that follows another
/// as [`SkipReason::Junk`] belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Skipped {
    /// How many, never 0.
    pub octets: usize,
    /// Why.
    pub reason: SkipReason,
}

/// Why octets are part of no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// No start octets.
    Junk,
    /// Start octets before a length that no frame has.
    Length(u8),
    /// Start octets, and ten octets that do not end in the header's CRC.
    HeaderCrc,
    /// Start octets, and the input ends before the header does.
    Cut,
}

impl SkipReason {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Junk => "junk",
            Self::Length(_) => "link_length",
            Self::HeaderCrc => "link_crc",
            Self::Cut => "link_cut",
        }
    }
}

impl Damage {
    /// The name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Block(_) => "block_crc",
            Self::Cut(_) => "link_cut",
        }
    }
}

/// What stands at the head of some octets: a frame, or how many octets to drop and why.
///
/// Splitting the input differently never changes which frames are found.
#[must_use]
pub fn frame(input: &[u8], ending: Ending) -> Found<'_> {
    match start_from(input, 0, ending) {
        0 => {}
        octets => return Found::Skipped(Skipped { octets, reason: SkipReason::Junk }),
    }
    let skipped = |reason| {
        let octets = start_from(input, START.len(), ending).min(input.len());
        Found::Skipped(Skipped { octets, reason })
    };
    if let Some(length) = input.get(START.len()).filter(|length| **length < LENGTH_MIN) {
        return skipped(SkipReason::Length(*length));
    }
    let Some(claimed) = input.get(HEADER_OCTETS..) else {
        return match ending {
            Ending::Closed if !input.is_empty() => skipped(SkipReason::Cut),
            _ => Found::More(HEADER_OCTETS),
        };
    };
    let Some(header) = LinkHeader::at(input) else { return skipped(SkipReason::HeaderCrc) };
    blocks(header, claimed, ending)
}

/// The frame of a header that is right, by the blocks behind it.
fn blocks(header: LinkHeader, claimed: &[u8], ending: Ending) -> Found<'_> {
    let mut rest = Octets(claimed);
    let mut left = usize::from(header.user_data_octets());
    let mut block: u8 = 0;
    let mut good: usize = 0;
    while left > 0 {
        let octets = left.min(BLOCK_OCTETS);
        let damage = match rest.take(octets.saturating_add(2)) {
            Some(octets) if checked(octets).is_some() => None,
            Some(_) => Some(Damage::Block(block)),
            None if ending == Ending::Open => return Found::More(header.frame_octets()),
            None => Some(Damage::Cut(block)),
        };
        if let Some(damage) = damage {
            let blocks = claimed.get(..good).unwrap_or_default();
            return Found::Damaged(Damaged { header, damage, blocks });
        }
        good = claimed.len().saturating_sub(rest.0.len());
        left = left.saturating_sub(octets);
        block = block.saturating_add(1);
    }
    Found::Frame(Frame { header, blocks: claimed.get(..good).unwrap_or_default() })
}

/// Where the next frame may start, not before `from`; the end of the input where it may start nowhere.
fn start_from(input: &[u8], from: usize, ending: Ending) -> usize {
    let searched = input.get(from..).unwrap_or_default();
    let at = searched.windows(START.len()).position(|octets| octets == START);
    let last = match (at, searched.last()) {
        (Some(at), _) => at,
        (None, Some(0x05)) if ending == Ending::Open => searched.len().saturating_sub(1),
        (None, _) => searched.len(),
    };
    from.saturating_add(last)
}
