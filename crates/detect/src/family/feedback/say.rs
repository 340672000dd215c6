//! What is told of commands and changes that do not fit each other.

use gridtap_model::{Device, Point, Severity, Table, Value};

use super::Flip;
use super::device::Context;
use super::map::{self, Follows, Moves, Place};
use super::watch::Watch;
use crate::book::Cause;
use crate::family::rows;
use crate::series::Series;
use crate::words;

/// Tells these from what else is told of a point.
const WITHOUT_EFFECT: u64 = 1 << 60;
const WITHOUT_COMMAND: u64 = 1 << 61;

fn name(context: &Context<'_, '_>, device: &Device, place: Place) -> Option<String> {
    let table: Table = map::table(device, place.0)?;
    let point = Point { table, index: place.1, value: None };
    Some(words::point(context.site, device, &point))
}

fn variant(place: Place, kind: u64) -> u64 {
    kind | u64::from(place.0) << 32 | u64::from(place.1)
}

fn seconds(milliseconds: u64) -> String {
    let tenths = milliseconds.div_ceil(100);
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A command that was accepted, and whose point did not follow.
pub(super) fn without_effect(
    context: &Context<'_, '_>,
    watch: &Watch,
    follows: &Follows,
) -> Option<Series> {
    let (obs, message) = (context.obs, context.message);
    let device = &message.device;
    let row = rows(device.protocol)?.feedback?;
    let (output, input) =
        (name(context, device, watch.command.place)?, name(context, device, follows.place)?);
    let way = if watch.command.closes { "on" } else { "off" };
    let state = |on: bool| Value::Bit(on).to_string();
    let observed = format!(
        "{} switched {output} of {} {way} and it was accepted, but {input} is still {} {} later",
        words::host(context.site, watch.master.address),
        words::device(context.site, device),
        state(!follows.on),
        seconds(obs.time.since_ns(watch.sent) / 1_000_000),
    );
    let of = if follows.common { "commands to this and other outputs" } else { "such commands" };
    let days = obs.time.since_ns(follows.first) / 86_400_000_000_000;
    let expected = format!(
        "after {} {of} within {days} days the input turned {}, within {} at the most; local control, an interlock, an \
         empty drive or a failed coil would explain it",
        follows.count,
        state(follows.on),
        seconds(follows.longest_ms),
    );
    let mut series = Series::about(row, Severity::High, Cause::Process, obs, message)
        .variant(variant(follows.place, WITHOUT_EFFECT))
        .scored(3.0)
        .shown_by(vec![watch.frame, obs.place.frame])
        .naming(vec![output, input])
        .saying(observed, expected);
    series.source = watch.master;
    series.subject.actor = watch.master.address;
    Some(series)
}

/// A point that follows commands, and moved without one.
pub(super) fn without_command(
    context: &Context<'_, '_>,
    flip: &Flip,
    moves: &Moves,
) -> Option<Series> {
    let (obs, message) = (context.obs, context.message);
    let device = &message.device;
    let row = rows(device.protocol)?.feedback?;
    let place = (flip.table.code, flip.index);
    let (input, output) = (name(context, device, place)?, name(context, device, moves.by)?);
    let observed = format!(
        "{} shows that {input} turned {}, and nobody was heard commanding {output}",
        words::device(context.site, device),
        Value::Bit(flip.on),
    );
    let expected = format!(
        "the last {} times it moved after a command to {output}, {}; no other point of the device moved with it as that of \
         protection would, and neither a gap nor local control explains it; somebody who operates it on site would",
        moves.commanded,
        match moves.alone {
            0 => "and never without one".to_owned(),
            alone => format!("and {alone} times without one"),
        },
    );
    Some(
        Series::about(row, Severity::High, Cause::Process, obs, message)
            .by_sender(obs)
            .variant(variant(place, WITHOUT_COMMAND))
            .scored(3.0)
            .naming(vec![input])
            .saying(observed, expected),
    )
}

/// The same, where other points moved with it or it moved back: protection trips several, tells so and closes again, and
/// somebody who forges may too.
pub(super) fn as_by_protection(series: Series) -> Series {
    let expected = "other points that move seldom, or hardly ever without a command, moved within a minute and a half of it, or it moved back, \
                    as when protection trips; the station's log shows whether it did";
    Series { severity: Severity::Low, expected: expected.to_owned(), ..series }.scored(1.0)
}
