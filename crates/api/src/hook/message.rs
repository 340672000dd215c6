//! What a message asks for, whoever wrote it how.

use gridtap_store::{Action, Target};

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
