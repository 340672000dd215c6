//! What becomes of a request's authentication (IEEE 1815, clause 7).

use gridtap_dnp3::{Authentication as Object, FunctionCode};
use gridtap_model::Authentication;

/// A step of authentication that a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The device wants proof.
    Challenge,
    /// The master gives it.
    Reply,
    /// The proof comes with the request.
    Aggressive,
    /// One side says that it failed, by this code.
    Error(u16),
}

impl Step {
    pub(super) const fn of(step: &Object<'_>) -> Option<Self> {
        Some(match step {
            Object::Challenge { .. } => Self::Challenge,
            Object::Reply { .. } => Self::Reply,
            Object::AggressiveMode { .. } => Self::Aggressive,
            Object::Error { error, .. } => Self::Error(code_of(error.0)),
            _ => return None,
        })
    }
}

#[expect(clippy::as_conversions, reason = "u8 to u16 loses nothing, and From is not const")]
const fn code_of(error: u8) -> u16 {
    error as u16
}

/// What a request has shown so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Proof {
    /// Nothing, and nobody asked.
    #[default]
    None,
    /// It was challenged.
    Challenged,
    /// The challenge was answered, or the proof came with it.
    Given,
    /// It was refused.
    Failed(u16),
}

/// Of a challenge that follows on an answered one: no code says why.
const CHALLENGED_AGAIN: u16 = 0;

impl Proof {
    /// After the next step.
    pub(super) const fn after(self, step: Step) -> Self {
        match (step, self) {
            (Step::Challenge, Self::Given) => Self::Failed(CHALLENGED_AGAIN),
            (Step::Challenge, _) => Self::Challenged,
            (Step::Reply | Step::Aggressive, _) => Self::Given,
            (Step::Error(code), _) => Self::Failed(code),
        }
    }

    /// What the answer to the request shows.
    pub(super) const fn shown(self, asked: FunctionCode) -> Authentication {
        match self {
            Self::Given => Authentication::Shown,
            Self::Failed(code) => Authentication::Failed(code),
            Self::Challenged => Authentication::Unknown,
            Self::None if is_critical(asked) => Authentication::Absent,
            Self::None => Authentication::Unknown,
        }
    }
}

/// Whether a function is one that stations with authentication challenge (clause 7.5.2.3).
pub(super) const fn is_critical(code: FunctionCode) -> bool {
    matches!(code.0, 2..=22 | 25..=31)
}

/// What a request shows by itself: the proof it carries, or that there can be none where nobody can challenge it.
pub(super) const fn of_request(
    code: FunctionCode,
    step: Option<Step>,
    is_answered: bool,
) -> Authentication {
    match step {
        Some(Step::Aggressive) => Authentication::Shown,
        Some(Step::Error(code)) => Authentication::Failed(code),
        _ if !is_answered && is_critical(code) => Authentication::Absent,
        _ => Authentication::Unknown,
    }
}
