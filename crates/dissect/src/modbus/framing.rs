//! Where the next message begins and ends, in a stream that may have lost bytes or hold garbage.

use gridtap_modbus::{
    Extent, FrameError, FunctionCode, FunctionKind, Header, Side, crc16, mbap, request, response,
    rtu,
};
use gridtap_model::{Direction, FaultKind, Faults};

use crate::stage::Stage;

/// How messages are framed in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// With the MBAP header.
    Mbap,
    /// As RTU frames, with a CRC.
    Rtu,
}

/// One framed message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    /// The transaction; 0 in RTU, which has none.
    pub(crate) transaction: u16,
    pub(crate) unit: u8,
    pub(crate) pdu: &'a [u8],
    /// What of its frame does not fit.
    pub(crate) faults: Faults,
}

impl<'a> Message<'a> {
    /// Tells messages apart, also a write from its answer, which may be the same octets.
    pub(crate) fn digest(&self, stage: &Stage<'_>, direction: Direction) -> u64 {
        stage.shared.digest.hash_one((direction, self.transaction, self.unit, self.pdu))
    }

    /// A message by its content, whose length field says otherwise.
    fn misfit(header: &Header, pdu: &'a [u8]) -> Next<'a> {
        let mut faults = Faults::NONE;
        if header.protocol != 0 {
            faults.push(FaultKind::ProtocolIdentifier, header.protocol.into(), 0);
        }
        let right = u32::try_from(pdu.len().saturating_add(1)).unwrap_or(u32::MAX);
        faults.push(FaultKind::Length, header.length.into(), right);
        let (transaction, unit) = (header.transaction, header.unit);
        Next::Message(Self { transaction, unit, pdu, faults }, pdu.len().saturating_add(7))
    }

    /// Octets behind it in its datagram that begin no other message.
    pub(crate) fn note_trailing(&mut self, behind: &[u8], length_max: u16) {
        let begins = Header::at(behind).is_some_and(|next| is_plausible(&next, length_max));
        if !behind.is_empty() && !begins {
            let octets = u32::try_from(behind.len()).unwrap_or(u32::MAX);
            self.faults.push(FaultKind::TrailingBytes, octets, 0);
        }
    }
}

/// What is at the head of the bytes.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// A message of so many octets.
    Message(Message<'a>, usize),
    /// So many octets that are no message.
    Skip(usize),
    /// Too little to tell.
    More,
}

/// How sure the reader is of its place in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Footing {
    /// The next octet begins a message.
    #[default]
    Firm,
    /// The message before had another length than its content says; the next octet may begin a message.
    Doubtful,
    /// Octets are missing just before; the next one may well begin a message.
    AfterLoss,
    /// Anywhere.
    Lost,
}

/// What a conversation has shown so far: by it, chance is told from a message.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct History {
    units: [u8; 4],
    units_known: u8,
    functions: u128,
}

impl History {
    pub(crate) fn learn(&mut self, unit: u8, function: FunctionCode) {
        self.functions |= 1_u128.checked_shl(function.0.into()).unwrap_or(0);
        if self.knows_unit(unit) {
            return;
        }
        self.units.rotate_right(1);
        if let Some(first) = self.units.first_mut() {
            *first = unit;
        }
        self.units_known = self.units_known.saturating_add(1).min(4);
    }

    fn knows_unit(&self, unit: u8) -> bool {
        self.units.iter().take(self.units_known.into()).any(|known| *known == unit)
    }

    fn knows_function(&self, function: FunctionCode) -> bool {
        self.functions & 1_u128.checked_shl(function.0.into()).unwrap_or(0) != 0
    }
}

/// Reads one direction of a conversation.
pub(crate) struct Reader<'h> {
    pub(crate) side: Side,
    pub(crate) length_max: u16,
    /// Nothing more will come behind the bytes: they are a datagram, or the last of a stream.
    pub(crate) whole: bool,
    pub(crate) history: &'h History,
    /// Whether a message with this transaction, unit and function would be no surprise.
    pub(crate) expected: &'h dyn Fn(u16, u8, FunctionCode) -> bool,
}

/// Whether a PDU has exactly the fields of its function, and none of them out of its limits.
pub(crate) fn is_exact(pdu: &[u8], side: Side) -> bool {
    side.extent(pdu) == Extent::Octets(pdu.len())
        && match side {
            Side::Client => request(pdu).faults.is_empty(),
            Side::Server => response(pdu).faults.is_empty(),
        }
}

/// Whether the header is one that Modbus/TCP would send.
pub(crate) fn is_plausible(header: &Header, length_max: u16) -> bool {
    let function = FunctionCode::of(header.function);
    let longest = match function {
        FunctionCode::UMAS => length_max,
        _ => 254.min(length_max),
    };
    header.protocol == 0 && (2..=longest).contains(&header.length)
}

impl Reader<'_> {
    pub(crate) fn next<'a>(&self, framing: Framing, footing: Footing, rest: &'a [u8]) -> Next<'a> {
        match (framing, footing) {
            (_, _) if rest.is_empty() => Next::More,
            (Framing::Mbap, Footing::Firm) => self.mbap(rest),
            (Framing::Mbap, Footing::Doubtful) => match Header::at(rest) {
                None => Next::More,
                Some(header)
                    if is_plausible(&header, self.length_max)
                        && self.history.knows_unit(header.unit) =>
                {
                    self.mbap(rest)
                }
                Some(_) => self.mbap_again(rest, Footing::Lost),
            },
            (Framing::Mbap, _) => self.mbap_again(rest, footing),
            (Framing::Rtu, Footing::Firm | Footing::Doubtful) => self.rtu(rest),
            (Framing::Rtu, _) => self.rtu_again(rest),
        }
    }

    /// The message at the head, trusting the length field unless its own content belies it.
    fn mbap<'a>(&self, rest: &'a [u8]) -> Next<'a> {
        let Some(header) = Header::at(rest) else { return Next::More };
        if header.length < 2 || header.length > self.length_max {
            return self.by_content(&header, rest);
        }
        if header.protocol != 0 && !self.is_foreign_but_modbus(&header, rest) {
            return Next::Skip(0);
        }
        match mbap(rest, self.length_max) {
            Ok((adu, after)) => {
                let octets = rest.len().saturating_sub(after.len());
                let (transaction, unit, pdu) = (adu.transaction, adu.unit, adu.pdu);
                Next::Message(Message { transaction, unit, pdu, faults: adu.faults() }, octets)
            }
            Err(FrameError::Incomplete) => self.cut_short(&header, rest),
            Err(_) => Next::Skip(0),
        }
    }

    /// A foreign protocol identifier on what is otherwise, to the octet, a Modbus message.
    fn is_foreign_but_modbus(&self, header: &Header, rest: &[u8]) -> bool {
        let Some(body) = rest.get(7..) else { return false };
        let octets = usize::from(header.length).saturating_sub(1);
        header.length <= 254
            && match body.get(..octets) {
                Some(pdu) => is_exact(pdu, self.side),
                None => match self.side.extent(body) {
                    Extent::Octets(extent) => extent == octets,
                    Extent::More => true,
                    Extent::Unknown => false,
                },
            }
    }

    /// A length field that no message has, on what is otherwise, to the octet, a Modbus message of a unit that
    /// was heard before, or of the first.
    fn by_content<'a>(&self, header: &Header, rest: &'a [u8]) -> Next<'a> {
        let body = rest.get(7..).unwrap_or_default();
        let strange = self.history.units_known > 0 && !self.history.knows_unit(header.unit);
        if header.protocol != 0 || strange {
            return Next::Skip(0);
        }
        let extent = match self.side.extent(body) {
            Extent::Octets(extent) if extent > 2 => extent,
            Extent::More => return Next::More,
            _ => return Next::Skip(0),
        };
        match body.get(..extent) {
            Some(pdu) if is_exact(pdu, self.side) => Message::misfit(header, pdu),
            Some(_) => Next::Skip(0),
            None => Next::More,
        }
    }

    /// A length field that claims more than its message has, with the next message right behind it; or,
    /// when nothing more will come, with nothing behind it.
    pub(crate) fn cut_short<'a>(&self, header: &Header, rest: &'a [u8]) -> Next<'a> {
        let Some(body) = rest.get(7..) else { return Next::More };
        let Extent::Octets(extent) = self.side.extent(body) else { return Next::More };
        let (Some(pdu), Some(behind)) = (body.get(..extent), body.get(extent..)) else {
            return Next::More;
        };
        let claimed = usize::from(header.length).saturating_sub(1);
        let next_begins = match Header::at(behind) {
            // Behind a gateway the next message may well be for another unit.
            Some(next) => {
                let known = next.unit == header.unit || self.history.knows_unit(next.unit);
                let foreign = next.protocol != 0 && self.is_foreign_but_modbus(&next, behind);
                known && (foreign || is_plausible(&next, self.length_max))
            }
            None => self.whole && behind.is_empty(),
        };
        if extent >= claimed || !next_begins || !is_exact(pdu, self.side) {
            return Next::More;
        }
        Message::misfit(header, pdu)
    }

    /// The next message that is one beyond reasonable doubt.
    fn mbap_again<'a>(&self, rest: &'a [u8], footing: Footing) -> Next<'a> {
        let mut maybe = None;
        for at in 0..rest.len() {
            let Some(here) = rest.get(at..) else { break };
            let Some(header) = Header::at(here) else {
                return Next::from_skip(maybe.unwrap_or(at));
            };
            if header.protocol != 0 || !is_plausible(&header, self.length_max) {
                continue;
            }
            match self.weigh(&header, here, footing == Footing::AfterLoss && at == 0) {
                Weight::Message if at == 0 => return self.mbap(rest),
                Weight::Message => return Next::Skip(at),
                Weight::Maybe => maybe = maybe.or(Some(at)),
                Weight::Nothing => {}
            }
        }
        Next::from_skip(maybe.unwrap_or(rest.len()))
    }

    /// How much speaks for a message here. Three points make one.
    fn weigh(&self, header: &Header, here: &[u8], after_loss: bool) -> Weight {
        let function = FunctionCode::of(header.function);
        let unit_known = self.history.knows_unit(header.unit);
        let function_known = self.history.knows_function(function);
        // Registers are full of zeros, and so is the header of a function that nobody uses.
        let strange = function.kind() == FunctionKind::Reserved && !function_known;
        let strong = if strange { 1 } else { 2 };
        let mut points = worth(unit_known, 1)
            .saturating_add(worth(unit_known && function_known, 1))
            .saturating_add(worth(
                (self.expected)(header.transaction, header.unit, function),
                strong,
            ))
            .saturating_add(worth(after_loss, strong));
        let body = here.get(7..).unwrap_or_default();
        let octets = usize::from(header.length).saturating_sub(1);
        let Some(pdu) = body.get(..octets) else {
            // Not whole yet: its own fields must agree with the length so far.
            let agrees = match self.side.extent(body) {
                Extent::Octets(extent) => extent == octets,
                Extent::More => true,
                Extent::Unknown => false,
            };
            let enough = points.saturating_add(worth(agrees, 2)) >= POINTS;
            return if enough { Weight::Maybe } else { Weight::Nothing };
        };
        // Before anything was learned, an exact message is all there can be.
        let exact = if self.history.units_known == 0 { POINTS } else { 2 };
        points = points.saturating_add(worth(is_exact(pdu, self.side), exact));
        if points < POINTS {
            let behind = here.get(header.frame_octets()..).unwrap_or_default();
            match Header::at(behind) {
                Some(next) => {
                    let chained = is_plausible(&next, self.length_max) && next.unit == header.unit;
                    points = points.saturating_add(worth(chained, 2));
                }
                None if points >= 2 => return Weight::Maybe,
                None => {}
            }
        }
        if points >= POINTS { Weight::Message } else { Weight::Nothing }
    }

    /// The RTU frame at the head.
    fn rtu<'a>(&self, rest: &'a [u8]) -> Next<'a> {
        match rtu(rest, self.side) {
            Ok((frame, after)) => {
                let message = Message {
                    transaction: 0,
                    unit: frame.unit,
                    pdu: frame.pdu,
                    faults: Faults::NONE,
                };
                Next::Message(message, rest.len().saturating_sub(after.len()))
            }
            Err(FrameError::Incomplete) => Next::More,
            // A function that does not tell its length may have more octets to come.
            Err(FrameError::Unbounded(_)) if rest.len() < 256 && self.is_untold(rest) => Next::More,
            Err(_) => Next::Skip(0),
        }
    }

    fn is_untold(&self, rest: &[u8]) -> bool {
        let body = rest.get(1..).unwrap_or_default();
        self.side.extent(body) == Extent::Unknown
    }

    /// The next RTU frame of a function that tells its length.
    fn rtu_again<'a>(&self, rest: &'a [u8]) -> Next<'a> {
        for at in 0..rest.len() {
            let Some(here) = rest.get(at..) else { break };
            if !self.is_told(here) {
                continue;
            }
            if rtu(here, self.side).is_ok() {
                return if at == 0 { self.rtu(rest) } else { Next::Skip(at) };
            }
        }
        // Whatever is older than the longest frame can be part of none.
        Next::from_skip(rest.len().saturating_sub(255))
    }

    fn is_told(&self, here: &[u8]) -> bool {
        let Some(function) = here.get(1) else { return false };
        FunctionCode::of(*function).kind() == FunctionKind::Public
            && !self.is_untold(here)
            && here.len() >= 4
    }
}

impl Next<'_> {
    fn from_skip(octets: usize) -> Self {
        if octets == 0 { Self::More } else { Self::Skip(octets) }
    }
}

/// What makes a message.
const POINTS: u8 = 3;

const fn worth(yes: bool, points: u8) -> u8 {
    if yes { points } else { 0 }
}

/// What speaks for a message.
enum Weight {
    Message,
    Maybe,
    Nothing,
}

/// Whether all of the octets are one RTU frame of a function that tells its length.
pub(crate) fn is_whole_rtu(octets: &[u8], side: Side) -> bool {
    crc16(octets) == 0 && rtu(octets, side).is_ok_and(|(_, rest)| rest.is_empty())
}
