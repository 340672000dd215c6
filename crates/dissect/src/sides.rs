//! One of each for the two directions of a conversation.

use gridtap_model::Direction;

/// That of a direction.
pub(crate) const fn side<T>([forward, backward]: &[T; 2], direction: Direction) -> &T {
    match direction {
        Direction::Forward => forward,
        Direction::Backward => backward,
    }
}

/// That of a direction, to change it.
pub(crate) const fn side_mut<T>([forward, backward]: &mut [T; 2], direction: Direction) -> &mut T {
    match direction {
        Direction::Forward => forward,
        Direction::Backward => backward,
    }
}
