//! What is said of a point, from the standard's types to words that hold for every protocol.

use gridtap_dnp3::{
    ControlBlock, DoubleBit, Flags, Object, Point, Quality as FlagKind, Time, Value as Coded,
};
use gridtap_model::{Control, Operation, Quality, Reading, TripClose, Value};

use super::fields::moment;

/// What an object says of its point.
pub(super) fn reading(object: &Object<'_>) -> Reading {
    let mut reading = Reading::default();
    match object {
        Object::Point(point) => return reading_of(point),
        Object::Control(block) => {
            reading.value = Some(Value::Control(control(block)));
            reading.status = Some(block.status.0);
        }
        Object::Setpoint(setpoint) => {
            reading.value = value(&setpoint.value);
            reading.status = Some(setpoint.status.0);
        }
        Object::Clock(unix_ms) => reading.value = moment(*unix_ms).map(Value::Time),
        Object::CommonTime(time) => reading.value = moment(time.unix_ms).map(Value::Time),
        Object::Interval(interval) => reading.value = moment(interval.unix_ms).map(Value::Time),
        Object::Statistic(statistic) => {
            reading.value = Some(Value::Integer(statistic.count.into()));
            reading.quality = Some(quality(statistic.flags));
        }
        _ => {}
    }
    reading
}

/// What is said of a point.
#[inline]
pub(super) fn reading_of(point: &Point<'_>) -> Reading {
    Reading {
        value: value(&point.value),
        quality: point.flags.map(quality),
        time: point.time.and_then(Time::unix_ms).and_then(moment),
        status: point.status.map(|status| status.0),
    }
}

/// A value in words that hold for every protocol; none of octets and texts.
#[inline]
pub(super) fn value(coded: &Coded<'_>) -> Option<Value> {
    Some(match *coded {
        Coded::Bit(on) => Value::Bit(on),
        Coded::DoubleBit(DoubleBit::DeterminedOff) => Value::Bit(false),
        Coded::DoubleBit(DoubleBit::DeterminedOn) => Value::Bit(true),
        Coded::DoubleBit(DoubleBit::Intermediate) => Value::Integer(0),
        Coded::DoubleBit(DoubleBit::Indeterminate) => Value::Integer(3),
        Coded::Unsigned(number) => Value::Integer(i64::try_from(number).unwrap_or(i64::MAX)),
        Coded::Signed(number) => Value::Integer(number),
        Coded::Float32(number) => Value::Float(number.into()),
        Coded::Float64(number) => Value::Float(number),
        Coded::Time(unix_ms) => Value::Time(moment(unix_ms)?),
        Coded::None | Coded::Octets(_) | Coded::Text(_) => return None,
    })
}

fn control(block: &ControlBlock) -> Control {
    Control {
        operation: Operation::of(block.code.0 & 0x0F),
        trip_close: TripClose::of(block.code.0 >> 6),
        clear: block.code.clears(),
        count: block.count,
        on_ms: block.on_ms,
        off_ms: block.off_ms,
    }
}

/// The flags of a point in words that hold for every type.
#[inline]
fn quality(flags: Flags) -> Quality {
    // The two bits above the common ones: chatter; rollover and discontinuity; over-range and reference error.
    let doubtful = match flags.quality {
        FlagKind::BinaryInput | FlagKind::DoubleBitInput => 0x20,
        FlagKind::Counter | FlagKind::Analog | FlagKind::Statistic => 0x60,
        FlagKind::BinaryOutput => 0,
    };
    // The five lower bits are laid out as ours, the first of them the other way round.
    const SAME: u8 = Quality::RESTART.0
        | Quality::COMMUNICATION_LOST.0
        | Quality::REMOTE_FORCED.0
        | Quality::LOCAL_FORCED.0;
    let doubtful = if flags.octet & doubtful != 0 { Quality::DOUBTFUL.0 } else { 0 };
    let offline = if flags.is_online() { 0 } else { Quality::OFFLINE.0 };
    Quality(flags.octet & SAME | offline | doubtful)
}
