//! What a person may do here.

use serde::{Deserialize, Serialize};

/// Each may do what those before it may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    #[default]
    Viewer,
    /// Acts on anomalies.
    Operator,
    /// Approves what is normal.
    Engineer,
    /// Sees who did what.
    Admin,
}

impl Role {
    /// The name in the configuration and the audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Engineer => "engineer",
            Self::Admin => "admin",
        }
    }
}
