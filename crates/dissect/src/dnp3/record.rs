//! The `dnp3` object of a record: link, application, object headers, faults.

use gridtap_dnp3::{
    Address, Blocks, Fault, Fragment, FragmentFault, Frame, Indication, LinkControl, LinkFault,
    LinkHeader, TransportFault, UserData,
};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::data_sets::Descriptors;
use super::exchange::Asked;
use super::fields::{Text, list};
use super::object_record::Block;
use super::observe::Back;
use super::open_files::Followed;
use crate::record::Hex;

/// One DNP3 fragment, or a frame without one.
#[derive(Debug, Clone, Copy)]
pub struct Dnp3Record<'a> {
    /// The link header of the frame that completed it.
    pub link: LinkHeader,
    /// What in the frame's segment did not continue what came before.
    pub transport: Option<TransportFault>,
    content: Content<'a>,
    back: Option<Back>,
    /// What the data sets in it are made of.
    known: Option<&'a Descriptors>,
    file: Option<&'a Followed>,
}

/// What a frame completed.
#[derive(Debug, Clone, Copy)]
enum Content<'a> {
    Fragment(Fragment<'a>),
    /// Too few octets for a fragment.
    Cut(&'a [u8]),
    /// No segment; user data all the same where there should be none.
    Link(Frame<'a>),
    /// Nothing: no answer came to this.
    Unanswered(&'a Asked),
}

impl<'a> Dnp3Record<'a> {
    pub(super) const fn fragment(
        frame: &Frame<'a>,
        transport: Option<TransportFault>,
        fragment: Fragment<'a>,
    ) -> Self {
        Self {
            link: frame.header,
            transport,
            content: Content::Fragment(fragment),
            back: None,
            known: None,
            file: None,
        }
    }

    pub(super) const fn cut(
        frame: &Frame<'a>,
        transport: Option<TransportFault>,
        octets: &'a [u8],
    ) -> Self {
        Self {
            link: frame.header,
            transport,
            content: Content::Cut(octets),
            back: None,
            known: None,
            file: None,
        }
    }

    pub(super) const fn link_only(frame: &Frame<'a>, transport: Option<TransportFault>) -> Self {
        Self {
            link: frame.header,
            transport,
            content: Content::Link(*frame),
            back: None,
            known: None,
            file: None,
        }
    }

    /// With the frame that this goes back to: the request of an answer, what a receipt is of.
    pub(super) const fn answers(self, back: Option<Back>) -> Self {
        Self { back, ..self }
    }

    /// With what is known of the data sets in it.
    pub(super) const fn described(self, known: Option<&'a Descriptors>) -> Self {
        Self { known, ..self }
    }

    /// With the file that it is about.
    pub(super) const fn about(self, file: Option<&'a Followed>) -> Self {
        Self { file, ..self }
    }

    /// No answer came to this request.
    pub(super) const fn unanswered(asked: &'a Asked) -> Self {
        let (source, destination) = asked.pair;
        let from_master = LinkControl(0x80);
        let (source, destination) = (Address(source), Address(destination));
        let link = LinkHeader { length: 5, control: from_master, destination, source };
        let back = Some(Back { frame: asked.place.frame, latency_ns: None });
        let content = Content::Unanswered(asked);
        Self { link, transport: None, content, back, known: None, file: None }
    }

    /// The fragment; none in a frame that only says something of the link.
    #[must_use]
    pub const fn application(&self) -> Option<Fragment<'a>> {
        match self.content {
            Content::Fragment(fragment) => Some(fragment),
            Content::Cut(_) | Content::Link(_) | Content::Unanswered(_) => None,
        }
    }
}

impl Serialize for Dnp3Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Content::Unanswered(asked) = &self.content {
            map.serialize_entry("kind", "unanswered")?;
            if let Some(sequence) = asked.sequence {
                map.serialize_entry("sequence", &sequence)?;
                map.serialize_entry("function", &asked.code.0)?;
            }
            map.serialize_entry("function_name", asked.function.name)?;
        }
        map.serialize_entry("link", &Link(self))?;
        if let Content::Fragment(fragment) = &self.content {
            map.serialize_entry("application", &Application(fragment, self.known))?;
        }
        // What names its file itself needs no other.
        let file = self.file.filter(|file| !file.is_named);
        if let Some(name) = file.and_then(Followed::name) {
            map.serialize_entry("file_name", &Text(name))?;
        }
        if let Some(back) = &self.back {
            map.serialize_entry("request_frame", &back.frame)?;
            if let Some(latency) = back.latency_ns {
                map.serialize_entry("latency_us", &latency.checked_div(1_000))?;
            }
        }
        map.end()
    }
}

struct Link<'r, 'a>(&'r Dnp3Record<'a>);

impl Serialize for Link<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Dnp3Record { link, transport, content, .. } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("source", &link.source.0)?;
        map.serialize_entry("destination", &link.destination.0)?;
        map.serialize_entry("from_master", &link.control.from_master())?;
        if let Content::Unanswered(_) = content {
            return map.end();
        }
        map.serialize_entry("function", link.function().name())?;
        if link.function().is_reserved() {
            map.serialize_entry("function_code", &link.function().code)?;
        }
        if link.control.data_flow_control() {
            map.serialize_entry("buffers_full", &true)?;
        }
        match content {
            Content::Fragment(_) | Content::Unanswered(_) => {}
            Content::Cut([]) => {}
            Content::Cut(octets) => map.serialize_entry("data", &Hex(octets))?,
            Content::Link(frame) if frame.user_data().next().is_none() => {}
            Content::Link(frame) => map.serialize_entry("data", &HexBlocks(frame.user_data()))?,
        }
        let cut = matches!(content, Content::Cut(_)).then_some(FaultEntry::of("fragment_cut"));
        let faults = link.faults().map(|fault| link_fault(&fault));
        let faults = faults.chain(transport.as_ref().map(transport_fault)).chain(cut);
        faults_entry(&mut map, faults)?;
        map.end()
    }
}

/// User data block by block as one text.
struct HexBlocks<'a>(UserData<'a>);

impl core::fmt::Display for HexBlocks<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.clone().try_for_each(|block| Hex(block).fmt(f))
    }
}

impl Serialize for HexBlocks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct Application<'r, 'a>(&'r Fragment<'a>, Option<&'r Descriptors>);

impl Serialize for Application<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Fragment { control, function, iin, objects } = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sequence", &control.sequence())?;
        map.serialize_entry("first", &control.is_first())?;
        map.serialize_entry("final", &control.is_final())?;
        map.serialize_entry("confirm", &control.wants_confirm())?;
        map.serialize_entry("unsolicited", &control.is_unsolicited())?;
        map.serialize_entry("function", &function.0)?;
        map.serialize_entry("function_name", function.name())?;
        if let Some(iin) = iin {
            map.serialize_entry("iin", &list(iin.iter().map(Indication::name)))?;
        }
        if !objects.is_empty() {
            map.serialize_entry("objects", &Objects(self.0.blocks(), self.1))?;
        }
        // Octets that are no object header: of a function that is not known all, else what is left at the end.
        let broken = self.0.blocks().find_map(Result::err);
        let left = match broken {
            Some(Fault::HeaderCut { octets: left }) => {
                let left = usize::try_from(left).unwrap_or(usize::MAX);
                objects.get(objects.len().saturating_sub(left)..)
            }
            Some(_) => Some(*objects),
            None => None,
        };
        if let Some(left) = left.filter(|left| !left.is_empty()) {
            map.serialize_entry("data", &Hex(left))?;
        }
        let faults = self.0.faults().map(|fault| fragment_fault(&fault));
        faults_entry(&mut map, faults.chain(broken.as_ref().map(object_fault)))?;
        map.end()
    }
}

struct Objects<'r, 'a>(Blocks<'a>, Option<&'r Descriptors>);

impl Serialize for Objects<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for block in self.0.filter_map(Result::ok) {
            list.serialize_element(&Block(&block, self.1))?;
        }
        list.end()
    }
}

/// What does not fit the standard: `{"kind":"link_source","found":65535}`.
pub(super) struct FaultEntry {
    kind: &'static str,
    found: Option<u64>,
    expected: Option<u64>,
}

impl FaultEntry {
    const fn of(kind: &'static str) -> Self {
        Self { kind, found: None, expected: None }
    }

    fn found(self, found: impl Into<u64>) -> Self {
        Self { found: Some(found.into()), ..self }
    }

    fn expected(self, expected: impl Into<u64>) -> Self {
        Self { expected: Some(expected.into()), ..self }
    }
}

impl Serialize for FaultEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind)?;
        if let Some(found) = self.found {
            map.serialize_entry("found", &found)?;
        }
        if let Some(expected) = self.expected {
            map.serialize_entry("expected", &expected)?;
        }
        map.end()
    }
}

/// The entry `faults`, where there are any.
pub(super) fn faults_entry<M: SerializeMap>(
    map: &mut M,
    mut faults: impl Iterator<Item = FaultEntry>,
) -> Result<(), M::Error> {
    match faults.next() {
        Some(first) => map.serialize_entry("faults", &list(core::iter::once(first).chain(faults))),
        None => Ok(()),
    }
}

fn link_fault(fault: &LinkFault) -> FaultEntry {
    let entry = FaultEntry::of(fault.name());
    match *fault {
        LinkFault::ReservedFunction(function) => entry.found(function.code),
        LinkFault::UnexpectedUserData(octets) => entry.found(octets).expected(0_u8),
        LinkFault::FrameCountValid(control) => entry.found(control.0),
        LinkFault::Destination(address) | LinkFault::Source(address) => entry.found(address.0),
        _ => entry,
    }
}

fn transport_fault(fault: &TransportFault) -> FaultEntry {
    let entry = FaultEntry::of(fault.name());
    match *fault {
        TransportFault::NoFirst { sequence, .. }
        | TransportFault::Unfinished { sequence, .. }
        | TransportFault::Duplicate { sequence } => entry.found(sequence),
        TransportFault::Sequence { expected, found, .. } => entry.found(found).expected(expected),
        TransportFault::Oversize { octets_max } => entry.expected(octets_max),
        _ => entry,
    }
}

fn fragment_fault(fault: &FragmentFault) -> FaultEntry {
    let entry = FaultEntry::of(fault.name());
    match *fault {
        FragmentFault::ReservedFunction(function) => entry.found(function.0),
        FragmentFault::ReservedIndications(iin) => entry.found(iin.0),
        FragmentFault::Unsolicited(control) => entry.found(control.0),
        _ => entry,
    }
}

pub(super) fn object_fault(fault: &Fault) -> FaultEntry {
    let entry = FaultEntry::of(fault.name());
    match *fault {
        Fault::HeaderCut { octets } => entry.found(octets),
        Fault::Function(function) => entry.found(function.0),
        Fault::Qualifier(qualifier) => entry.found(qualifier),
        Fault::RangeReversed { start, stop } => entry.found(stop).expected(start),
        Fault::Truncated { declared, present } => entry.found(present).expected(declared),
        Fault::ObjectSize { found, expected } => entry.found(found).expected(expected),
        _ => entry,
    }
}
