//! A message at the head of an event, exact to the octet: what a conversation that was foreign is known by.

use gridtap_modbus::{FunctionCode, Header, Side, mbap};
use gridtap_model::Direction;

use super::framing::{Framing, is_exact, is_plausible};
use super::recognise::{Scent, rtu_frame};
use super::roles::{Roles, roles_by};
use crate::stage::Speakers;

/// What it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) framing: Framing,
    transaction: u16,
    unit: u8,
    function: FunctionCode,
    /// It can be a request, and it can be an answer.
    sides: [bool; 2],
    refuses: bool,
    /// Another like it is right behind.
    pub(crate) twice: bool,
}

/// The message at the head of the bytes, if there is one of more than a function.
pub(crate) fn found(bytes: &[u8], length_max: u16) -> Option<Found> {
    let (first, rest) = tcp(bytes, length_max).or_else(|| rtu(bytes))?;
    let next = match first.framing {
        Framing::Mbap => tcp(rest, length_max),
        Framing::Rtu => rtu(rest),
    };
    let twice = next.is_some_and(|(next, _)| next.unit == first.unit);
    Some(Found { twice, ..first })
}

fn tcp(bytes: &[u8], length_max: u16) -> Option<(Found, &[u8])> {
    let header = Header::at(bytes).filter(|header| is_plausible(header, length_max))?;
    let (adu, rest) = mbap(bytes, length_max).ok()?;
    let found = of(Framing::Mbap, header.transaction, header.unit, adu.pdu)?;
    Some((found, rest))
}

fn rtu(bytes: &[u8]) -> Option<(Found, &[u8])> {
    let (pdu, rest) = rtu_frame(bytes)?;
    let found = of(Framing::Rtu, 0, bytes.first().copied()?, pdu)?;
    Some((found, rest))
}

fn of(framing: Framing, transaction: u16, unit: u8, pdu: &[u8]) -> Option<Found> {
    let sides = [is_exact(pdu, Side::Client), is_exact(pdu, Side::Server)];
    let code = pdu.first().copied()?;
    (pdu.len() > 1 && sides != [false, false]).then_some(Found {
        framing,
        transaction,
        unit,
        function: FunctionCode::of(code),
        sides,
        refuses: code >= 128,
        twice: false,
    })
}

/// Whether two messages belong together: a request and its answer, in either order; or two of one side to one unit.
pub(crate) fn agreed((one, before): (Direction, Found), (other, now): (Direction, Found)) -> bool {
    let ([asks, answers], [asks_now, answers_now]) = (before.sides, now.sides);
    if before.unit != now.unit {
        return false;
    }
    if one == other {
        return asks && asks_now || answers && answers_now;
    }
    (before.transaction, before.function) == (now.transaction, now.function)
        && (asks && answers_now || answers && asks_now)
}

impl Found {
    /// Who asks, by this message or by the one before, whichever can go one way only.
    pub(crate) fn roles(
        &self,
        speakers: &Speakers,
        scent: &Scent<'_>,
        direction: Direction,
        before: Option<(Direction, Self)>,
    ) -> Roles {
        let tells = |found: &Self| !found.refuses && found.sides != [true, true];
        match before {
            Some((first, before)) if !tells(self) => before.alone(speakers, scent, first),
            _ => self.alone(speakers, scent, direction),
        }
    }

    fn alone(&self, speakers: &Speakers, scent: &Scent<'_>, direction: Direction) -> Roles {
        let shape = match self.sides {
            [true, false] => Some(Side::Client),
            [false, true] => Some(Side::Server),
            _ => None,
        };
        roles_by(speakers, scent, direction, shape, self.refuses)
    }
}
