//! How states of points are kept: an octet each.

use gridtap_model::{Value, Values};

/// The first point from one on that is in another state than it was.
pub(super) fn change(values: &Values<'_>, states: &[u8], from: u32) -> Option<u32> {
    let place = usize::try_from(from).ok()?;
    let states = states.get(place..)?;
    let is_other = |(value, state): (Option<Value>, &u8)| octet(value) != *state;
    let other = match values {
        Values::Readings(readings) if readings.len() >= states.len().saturating_add(place) => {
            let values = readings.get(place..)?.iter().map(|reading| reading.value);
            values.zip(states).position(is_other)
        }
        values => (from..).map(|nth| values.at(nth)).zip(states).position(is_other),
    };
    from.checked_add(u32::try_from(other?).ok()?)
}

/// A state as it is kept: what switches is on or off, or neither by a small number. Any other is none.
#[inline]
pub(super) const fn octet(state: Option<Value>) -> u8 {
    match state {
        Some(Value::Bit(false)) => 1,
        Some(Value::Bit(true)) => 2,
        Some(Value::Integer(0)) => 3,
        Some(Value::Integer(3)) => 4,
        _ => 0,
    }
}

/// The state that is kept so.
pub(super) const fn of_octet(octet: u8) -> Option<Value> {
    match octet {
        1 => Some(Value::Bit(false)),
        2 => Some(Value::Bit(true)),
        3 => Some(Value::Integer(0)),
        4 => Some(Value::Integer(3)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use gridtap_model::Reading;

    use super::*;

    const STATES: [Option<Value>; 5] = [
        None,
        Some(Value::Bit(false)),
        Some(Value::Bit(true)),
        Some(Value::Integer(0)),
        Some(Value::Integer(3)),
    ];

    #[test]
    fn every_state_of_what_switches_is_kept_as_it_is() {
        for state in STATES {
            assert_eq!(of_octet(octet(state)), state);
        }
    }

    #[test]
    fn the_first_change_is_found_however_the_states_are_told() {
        let kept = STATES.map(octet);
        let readings = |changed: usize| {
            let states = STATES.iter().enumerate().map(|(nth, state)| {
                if nth == changed { STATES[(nth + 1) % STATES.len()] } else { *state }
            });
            states.map(|value| Reading { value, ..Reading::default() }).collect::<Vec<_>>()
        };
        for changed in 0..=kept.len() {
            let readings = readings(changed);
            for from in 0..=6_u32 {
                let at = u32::try_from(changed).unwrap();
                let wanted = (from <= at && changed < kept.len()).then_some(at);
                assert_eq!(change(&Values::Readings(&readings), &kept, from), wanted);
            }
            // What the message does not show has no state.
            let few = readings.get(..3).unwrap();
            let wanted = Some(u32::try_from(changed.min(3)).unwrap());
            assert_eq!(change(&Values::Readings(few), &kept, 0), wanted);
        }
        let bits = [1, 2, 2, 1, 1, 1, 1, 1, 2];
        assert_eq!(change(&Values::Bits(&[0b0000_0110, 1]), &bits, 0), None);
        assert_eq!(change(&Values::Bits(&[0b0010_0110, 1]), &bits, 0), Some(5));
        assert_eq!(change(&Values::Bits(&[0b0000_0110, 0]), &bits, 3), Some(8));
    }
}
