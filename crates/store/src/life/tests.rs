use super::*;

const NOW: Timestamp = Timestamp::from_nanos(1_000_000_000);
const STATES: [State; 5] = [
    State::UnacknowledgedActive,
    State::AcknowledgedActive,
    State::UnacknowledgedCleared,
    State::Cleared,
    State::Closed,
];

fn in_state(state: State) -> Standing {
    Standing { state, ..Standing::NEW }
}

#[test]
fn the_table_of_the_standard_holds_line_by_line() {
    use State::*;
    let close = Action::Close { disposition: Disposition::TruePositive };
    let lines = [
        (UnacknowledgedActive, Action::Acknowledge, Ok(AcknowledgedActive)),
        (UnacknowledgedCleared, Action::Acknowledge, Ok(Cleared)),
        (AcknowledgedActive, Action::Acknowledge, Err(Refusal::Acknowledged)),
        (Cleared, Action::Acknowledge, Err(Refusal::Acknowledged)),
        (Closed, Action::Acknowledge, Err(Refusal::Closed)),
        (AcknowledgedActive, Action::Unacknowledge, Ok(UnacknowledgedActive)),
        (Cleared, Action::Unacknowledge, Ok(UnacknowledgedCleared)),
        (UnacknowledgedActive, Action::Unacknowledge, Err(Refusal::NotAcknowledged)),
        (UnacknowledgedCleared, Action::Unacknowledge, Err(Refusal::NotAcknowledged)),
        (Closed, Action::Unacknowledge, Err(Refusal::Closed)),
        (AcknowledgedActive, close, Ok(Closed)),
        (Cleared, close, Ok(Closed)),
        (UnacknowledgedActive, close, Err(Refusal::NotAcknowledged)),
        (UnacknowledgedCleared, close, Err(Refusal::NotAcknowledged)),
        (Closed, close, Err(Refusal::Closed)),
    ];
    for (state, action, leads_to) in lines {
        let found = in_state(state).after(action, NOW).map(|standing| standing.state);
        assert_eq!(found, leads_to, "{state:?} {action:?}");
    }
}

#[test]
fn what_is_over_latches_and_what_comes_back_wants_to_be_seen_anew() {
    use State::*;
    let over = STATES.map(|state| in_state(state).over().state);
    assert_eq!(over, [UnacknowledgedCleared, Cleared, UnacknowledgedCleared, Cleared, Closed]);
    let again = STATES.map(|state| in_state(state).seen_again(false).state);
    let (new, seen) = (UnacknowledgedActive, AcknowledgedActive);
    assert_eq!(again, [new, seen, new, new, Closed]);
    let worse = STATES.map(|state| in_state(state).seen_again(true).state);
    assert_eq!(worse, [new, new, new, new, Closed]);
}

#[test]
fn shelving_has_an_end_within_twelve_hours_and_is_not_stretched() {
    let until = |ns: i64| Action::Shelve { until: Timestamp::from_nanos(NOW.nanos() + ns) };
    let most = i64::try_from(SHELVED_MAX_NS).unwrap();
    let new = Standing::NEW;
    assert_eq!(new.after(until(0), NOW), Err(Refusal::ShelvedInPast));
    assert_eq!(new.after(until(most + 1), NOW), Err(Refusal::ShelvedTooLong));
    let shelved = new.after(until(most), NOW).unwrap();
    assert_eq!(shelved.state, State::UnacknowledgedActive);
    assert_eq!(shelved.after(until(5), NOW), Err(Refusal::Shelved));
    assert_eq!(shelved.after(Action::Unshelve, NOW), Ok(new));
    assert_eq!(new.after(Action::Unshelve, NOW), Err(Refusal::NotShelved));
    let seen = shelved.after(Action::Acknowledge, NOW).unwrap();
    let closed = Action::Close { disposition: Disposition::FalsePositive };
    assert_eq!(seen.after(closed, NOW).unwrap().shelved_until, None);
}

#[test]
fn a_comment_is_always_possible_and_changes_nothing() {
    for state in STATES {
        assert_eq!(in_state(state).after(Action::Comment, NOW), Ok(in_state(state)));
    }
}

#[test]
fn names_lead_back_to_what_they_name() {
    for state in STATES {
        assert_eq!(state_of(state_name(state)), state);
        assert_eq!(serde_json::to_value(state).unwrap(), state_name(state));
    }
    for disposition in Disposition::ALL {
        assert_eq!(Disposition::of_name(disposition.name()), Some(disposition));
        assert_eq!(serde_json::to_value(disposition).unwrap(), disposition.name());
    }
}
