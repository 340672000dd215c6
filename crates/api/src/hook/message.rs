//! What a message asks for, whoever wrote it how.

use gridtap_store::{Action, Target};

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Something is to be done.
    Deed(Message),
    /// Nothing is: it is written down that it came.
    Note(Note),
}

/// One deed, asked for by a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) target: Target,
    pub(crate) action: Action,
    /// Who did it over there.
    pub(crate) actor: String,
    pub(crate) comment: String,
    pub(crate) expected_revision: Option<u32>,
}

/// What another system says, and what does not follow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// Which system.
    pub(crate) who: String,
    /// What it said, for the audit log.
    pub(crate) said: String,
    /// What it is answered: why nothing has changed, and what would change it.
    pub(crate) answer: String,
}
