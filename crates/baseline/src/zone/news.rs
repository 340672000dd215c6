//! The kinds of news by name.

use gridtap_model::Table;

use super::{News, SERIES};
use crate::verdict::Level;

impl News {
    /// All of them, as they are told.
    pub(crate) const ALL: [Self; SERIES] = [
        Self::Host,
        Self::Conversation,
        Self::AccessRead,
        Self::AccessCommand,
        Self::FunctionRead,
        Self::FunctionCommand,
        Self::Address,
        Self::Point,
        Self::Value,
        Self::Switched,
    ];

    /// That of a point of a table that is commanded.
    pub(crate) const fn of_point(table: u16) -> Self {
        if table == Table::COIL.code || table == Table::BINARY_OUTPUT.code {
            Self::Switched
        } else {
            Self::Point
        }
    }

    /// What the channel is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "hosts",
            Self::Conversation => "conversations",
            Self::AccessRead => "readers of a device",
            Self::AccessCommand => "commanders of a device",
            Self::FunctionRead => "functions that read",
            Self::FunctionCommand => "functions that command",
            Self::Address => "address ranges read",
            Self::Point => "points commanded",
            Self::Value => "states of points that have few",
            Self::Switched => "points switched",
        }
    }

    /// The level whose arming looks at it; hosts and conversations judge by themselves.
    pub(crate) const fn level(self) -> Option<Level> {
        match self {
            Self::Host | Self::Conversation => None,
            Self::AccessRead | Self::AccessCommand => Some(Level::Flow),
            Self::FunctionRead | Self::FunctionCommand => Some(Level::Function),
            Self::Address => Some(Level::Address),
            Self::Point | Self::Switched => Some(Level::Point),
            Self::Value => Some(Level::Value),
        }
    }
}
