//! What a DNP3 message does, in words that hold for every protocol.

use gridtap_dnp3::{
    Blocks, Carried, FileMode, Fragment, FunctionCode, FunctionKind, LinkFunction, Object, Range,
    Value,
};
use gridtap_model::{Class, Effect, Function, Phase};

use super::exchange::Asked;

/// The kind of access and what it does beyond.
pub(super) type Deed = (Class, Effect);

/// The classes that a request polls, where it asks for nothing else and says it as nearly every master does: all
/// objects of each class. Nothing in such a request can be amiss.
pub(super) fn polled_classes<'a>(
    fragment: &Fragment<'a>,
) -> Option<impl Iterator<Item = u32> + use<'a>> {
    let (headers, rest) = fragment.objects.as_chunks::<3>();
    let polls = fragment.function == FunctionCode::READ
        && !headers.is_empty()
        && rest.is_empty()
        && headers.iter().all(|header| matches!(header, [60, 1..=4, 6]));
    polls.then(|| headers.iter().map(|[_, variation, _]| u32::from(*variation).saturating_sub(1)))
}

/// What a message of a master does, or what one of a device is about.
pub(super) fn deed(fragment: &Fragment<'_>) -> Deed {
    match fragment.function.0 {
        0 => (Class::Read, Effect::Plain),
        1 if polled_classes(fragment).is_some() => (Class::Read, Effect::Survey),
        1 => most(fragment.blocks(), |block| read(block.header.group)),
        2 => most(fragment.blocks(), written),
        3..=6 => (Class::Command, Effect::Plain),
        7 | 8 | 11 | 12 => (Class::Command, Effect::Freeze),
        9 | 10 => (Class::Command, Effect::FreezeClear),
        13 | 14 => (Class::Diagnostic, Effect::Restart),
        15 | 16 => (Class::Program, Effect::Initialise),
        17 => (Class::Program, Effect::Start),
        18 => (Class::Program, Effect::Stop),
        19 | 31 => (Class::Configuration, Effect::Configure),
        20 => (Class::Configuration, Effect::ReportingOn),
        21 => (Class::Configuration, Effect::ReportingOff),
        22 => (Class::Configuration, Effect::ReportingChange),
        23 => (Class::Diagnostic, Effect::Echo),
        24 => (Class::Time, Effect::ClockSet),
        25 => opened(fragment.blocks()),
        27 => (Class::File, Effect::FileWrite),
        26 | 28..=30 => (Class::File, Effect::FileService),
        32 | 33 | 131 => (Class::Diagnostic, Effect::Authenticate),
        129 => most(fragment.blocks(), |block| answered(block.header.group)),
        _ if fragment.function == FunctionCode::UNSOLICITED_RESPONSE => {
            (Class::Read, Effect::Plain)
        }
        _ => (Class::Diagnostic, Effect::Reserved),
    }
}

/// What stands out most among the objects of a message: nothing hides behind a harmless header.
fn most(blocks: Blocks<'_>, of: impl Fn(&gridtap_dnp3::Block<'_>) -> Option<Deed>) -> Deed {
    let deeds = blocks.filter_map(Result::ok).filter_map(|block| of(&block));
    let most = deeds.reduce(|most, next| if weight(next) > weight(most) { next } else { most });
    most.unwrap_or((Class::Read, Effect::Plain))
}

const fn weight((class, effect): Deed) -> u8 {
    match (class, effect) {
        (Class::Program, _) => 9,
        (Class::Command, _) => 8,
        (_, Effect::FileWrite) => 7,
        (_, Effect::ClockSet) => 6,
        (_, Effect::ReportingChange) => 5,
        (Class::Configuration, Effect::Plain) => 4,
        (_, Effect::FileRead | Effect::RestartSeen) => 3,
        (_, Effect::Identify) => 2,
        (_, Effect::Survey) => 1,
        _ => 0,
    }
}

const fn read(group: u8) -> Option<Deed> {
    Some(match group {
        0 => (Class::Diagnostic, Effect::Identify),
        60 => (Class::Read, Effect::Survey),
        70 => (Class::File, Effect::FileRead),
        120 => return None,
        _ => (Class::Read, Effect::Plain),
    })
}

fn written(block: &gridtap_dnp3::Block<'_>) -> Option<Deed> {
    Some(match block.header.group {
        10..=13 | 40..=43 => (Class::Command, Effect::Plain),
        34 => (Class::Configuration, Effect::ReportingChange),
        50 | 51 => (Class::Time, Effect::ClockSet),
        70 => (Class::File, Effect::FileWrite),
        80 if is_restart_seen(block) => (Class::Configuration, Effect::RestartSeen),
        112 | 113 => (Class::Program, Effect::Debug),
        120 => (Class::Diagnostic, Effect::Authenticate),
        _ => (Class::Configuration, Effect::Plain),
    })
}

/// IIN1.7 written 0, and nothing else.
fn is_restart_seen(block: &gridtap_dnp3::Block<'_>) -> bool {
    let mut items = block.items();
    let cleared = items.next().is_some_and(|item| {
        item.index == Some(7)
            && matches!(item.object, Object::Point(point) if point.value == Value::Bit(false))
    });
    cleared && items.next().is_none()
}

/// Of an answer whose request was not heard.
const fn answered(group: u8) -> Option<Deed> {
    Some(match group {
        0 => (Class::Diagnostic, Effect::Identify),
        12 | 41 => (Class::Command, Effect::Plain),
        70 => (Class::File, Effect::FileService),
        120 => return None,
        _ => (Class::Read, Effect::Plain),
    })
}

/// A file is opened to read or to write.
fn opened(blocks: Blocks<'_>) -> Deed {
    let objects = blocks.filter_map(Result::ok).flat_map(|block| block.items());
    let reads = objects.filter_map(|item| match item.object {
        Object::File(gridtap_dnp3::File::Command(command)) => Some(command.mode == FileMode::READ),
        _ => None,
    });
    match reads.reduce(|all, one| all && one) {
        Some(true) => (Class::File, Effect::FileRead),
        _ => (Class::File, Effect::FileWrite),
    }
}

/// Whether a message commands or changes the points it names, rather than reading them.
pub(super) const fn writes(function: FunctionCode) -> bool {
    matches!(function.0, 2..=22)
}

/// Whether a function is a step of authentication: those go between a request and its answer.
pub(super) const fn is_step(function: FunctionCode) -> bool {
    matches!(function.0, 32 | 33)
}

/// Whether the points of an answer that names none are those of its request.
pub(super) fn is_about_its_request(asked: &Asked, phase: Phase) -> bool {
    phase == Phase::Exception || writes(asked.code)
}

/// Whether a header names points by its range alone.
pub(super) fn names_range(carried: Carried, range: Range) -> Option<(u32, u64)> {
    match (carried, range) {
        (Carried::Nothing, Range::Indexes { start, .. } | Range::Addresses { start, .. }) => {
            range.count().map(|count| (start, count))
        }
        _ => None,
    }
}

/// The function, as a key and a name.
pub(super) fn function(code: FunctionCode) -> Function {
    Function { code: code.0.into(), sub: None, name: code.name() }
}

/// Codes of link functions lie behind those of the application: primary ones from 256 on, secondary ones from 384 on.
pub(super) fn link_function(function: LinkFunction) -> Function {
    let base = if function.primary { 0x100 } else { 0x180 };
    Function { code: u16::from(function.code) | base, sub: None, name: function.name() }
}

/// Whether a frame of this function is answered by a frame.
pub(super) const fn is_link_answered(function: LinkFunction) -> bool {
    function.primary && matches!(function.code, 0 | 2 | 9)
}

/// Who sends a function; none where the standard does not say.
pub(super) const fn asks(code: FunctionCode) -> Option<bool> {
    match code.kind() {
        FunctionKind::Request => Some(true),
        FunctionKind::Response => Some(false),
        FunctionKind::Confirm | FunctionKind::Reserved => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_of_classes_is_what_its_headers_say_one_by_one() {
        let mut polls = 0;
        for group in [1, 60, 61] {
            for variation in 0..=6 {
                for qualifier in [0, 6, 7] {
                    let octets = [0xC1, 1, 60, 2, 6, group, variation, qualifier];
                    let fragment = Fragment::of(&octets).unwrap();
                    let Some(classes) = polled_classes(&fragment) else { continue };
                    let blocks: Vec<_> = fragment.blocks().map(Result::unwrap).collect();
                    assert!(blocks.iter().all(|it| it.header.group == 60 && it.fault.is_none()));
                    let said = blocks.iter().map(|it| u32::from(it.header.variation) - 1);
                    assert!(classes.eq(said), "{variation}");
                    let slowly = most(fragment.blocks(), |block| read(block.header.group));
                    assert_eq!(deed(&fragment), slowly);
                    polls += 1;
                }
            }
        }
        assert_eq!(polls, 4);
        for octets in [&[0xC1, 1][..], &[0xC1, 1, 60, 2, 6, 60], &[0xC1, 2, 60, 2, 6]] {
            assert!(polled_classes(&Fragment::of(octets).unwrap()).is_none(), "{octets:?}");
        }
    }
}
