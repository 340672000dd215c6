//! Everything that was heard so far, however certain it is: what is not known yet, or held back, is there too.

mod gather;

use core::net::IpAddr;
use std::collections::BTreeMap;

use gridtap_model::{Class, Device, Protocol, Timestamp, Zone};

use crate::ledger::LedgerEntry;

/// How certain something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was tried only: nobody answered, in one block.
    Attempted,
    /// It alarmed and is held back, until a person accepts it.
    Held,
    /// Heard in one block only.
    Provisional,
    /// Heard in several blocks.
    Learned,
    /// A person signed it off.
    SignedOff,
    /// A person accepted it after it had alarmed.
    Accepted,
}

impl Standing {
    /// The word that records use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attempted => "attempted",
            Self::Held => "held",
            Self::Provisional => "provisional",
            Self::Learned => "learned",
            Self::SignedOff => "signed_off",
            Self::Accepted => "accepted",
        }
    }
}

/// Everything that was heard so far.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    /// By zone and address.
    pub hosts: Vec<HostHeard>,
    /// By zone, protocol and address.
    pub devices: Vec<DeviceHeard>,
    /// By zone, client, server, protocol, port and device.
    pub conversations: Vec<ConversationHeard>,
    /// Commands and what else is listed in the ledger, the oldest first.
    pub commands: Vec<LedgerEntry>,
    /// How many rows of each list there was no room for.
    pub cut: Cut,
}

/// How many rows of each list there was no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Cut {
    /// Hosts.
    pub hosts: u64,
    /// Devices.
    pub devices: u64,
    /// Conversations.
    pub conversations: u64,
    /// Commands.
    pub commands: u64,
}

/// Requests, by what they do.
pub type ByClass = BTreeMap<Class, u64>;

/// One host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostHeard {
    /// Its zone.
    pub zone: Zone,
    /// Its address.
    pub address: IpAddr,
    /// Requests that it made to devices.
    pub asked: ByClass,
    /// It is at the answering end of a conversation.
    pub serves: bool,
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
    /// How certain it is.
    pub standing: Standing,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceHeard {
    /// The device.
    pub device: Device,
    /// It has answered; else it was only asked.
    pub answered: bool,
    /// Requests to it, from everyone.
    pub asked: ByClass,
    /// When it was first heard of.
    pub first: Timestamp,
    /// When it was last heard of.
    pub last: Timestamp,
    /// How certain it is.
    pub standing: Standing,
}

/// Who speaks with whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationHeard {
    /// Its zone.
    pub zone: Zone,
    /// Who asks.
    pub client: IpAddr,
    /// Who answers.
    pub server: IpAddr,
    /// The device, where the protocol is one that is decoded.
    pub device: Option<Device>,
    /// The protocol.
    pub protocol: Protocol,
    /// The server's port, where that is what tells the conversation apart; 0 elsewhere.
    pub port: u16,
    /// Requests.
    pub asked: ByClass,
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
    /// How often: requests, or connections where no device is known.
    pub count: u64,
    /// How certain it is.
    pub standing: Standing,
}

#[cfg(test)]
mod tests;
