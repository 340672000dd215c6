//! What the sensor hears: hosts, devices, conversations and commands, as the shell last said.

pub(crate) mod lists;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use gridtap_model::Timestamp;
use serde::Serialize;

/// Everything that was heard so far, however certain it is. Every list has an order that stays: what is the same
/// is told the same.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Overview {
    /// The time of the newest packet; none before the first.
    pub time: Option<Timestamp>,
    /// How far learning is.
    pub learning: Learning,
    /// The levels of the baseline over the whole site, coarse to fine.
    pub levels: Vec<Level>,
    /// The same for each zone, by its number; empty where there is only one.
    pub zones: Vec<ZoneLevels>,
    /// By zone and address.
    pub hosts: Vec<Host>,
    /// By zone, protocol and address; declared ones that were never heard among them.
    pub devices: Vec<Device>,
    /// By zone, client, server, protocol, port and device.
    pub conversations: Vec<Conversation>,
    /// Control commands and dangerous functions, the oldest first.
    pub commands: Vec<Command>,
    /// How many of each there was no room for.
    pub cut: Cut,
    /// A draft of the site file in TOML, for a person to correct; or a comment that says how to get it.
    #[serde(skip)]
    pub draft: String,
}

/// How far learning is.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Learning {
    /// Since when anything was heard.
    pub since: Option<Timestamp>,
    /// When something was last heard.
    pub until: Option<Timestamp>,
    /// From the one to the other, in seconds.
    pub learned_for_s: u64,
    /// The length of a block, in seconds.
    pub block_s: u64,
    /// Blocks heard, in the zone that heard most.
    pub blocks: u64,
    /// Whether the flow and function levels judge: else silence is no result.
    pub armed: bool,
    /// The same as a sentence without its full stop.
    pub sentence: String,
    /// The site file, where there is one.
    pub declared: Option<String>,
}

/// One level of the baseline.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Level {
    /// Its name, such as `flow`.
    pub level: String,
    /// Whether it judges.
    pub armed: bool,
    /// The time left until it judges if nothing new comes, in seconds; none where it judges, or where that can't be
    /// said.
    pub armed_in_s: Option<u64>,
    /// What it waits for, as a sentence without its full stop; none where it judges.
    pub waits_for: Option<String>,
    /// Learned keys.
    pub keys: u64,
    /// Blocks heard.
    pub blocks: u64,
    /// News that a day is expected to bring.
    pub novel_per_day: f64,
    /// Its upper 95 % bound; none where nothing was heard.
    pub novel_per_day_max: Option<f64>,
}

/// The levels of one zone.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ZoneLevels {
    /// The zone's name.
    pub zone: String,
    /// Its levels, coarse to fine.
    pub levels: Vec<Level>,
}

/// Requests by what they do, such as `read` and `command`.
pub type ByClass = BTreeMap<&'static str, u64>;

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// What a list goes on after.
    pub id: String,
    /// The name of its zone.
    pub zone: String,
    /// Its address.
    pub address: String,
    /// Its name in the site file.
    pub name: Option<String>,
    /// What the site file says that it is there for; else `master` where it commands, `historian` where it only
    /// reads, `server` where it answers, `other`.
    pub role: &'static str,
    /// Whether the site file names it.
    pub declared: bool,
    /// Requests that it made to devices.
    pub classes: ByClass,
    /// When it was first heard.
    pub first: Option<Timestamp>,
    /// When it was last heard.
    pub last: Option<Timestamp>,
    /// How certain it is: `attempted`, `held`, `provisional`, `learned`, `signed_off`, `accepted`.
    pub standing: &'static str,
}

/// One device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// What it is found by, such as `modbus-10.0.0.21-unit-3`.
    pub id: String,
    /// As records name it, such as `modbus 10.0.0.21 unit 3`.
    pub device: String,
    /// Its name in the site file.
    pub name: Option<String>,
    /// Its protocol.
    pub protocol: &'static str,
    /// The address of its host.
    pub address: String,
    /// The name of its zone.
    pub zone: String,
    /// `active`, `silent`, `unanswered` (asked, and never answered), `unheard` (not since the sensor started).
    pub state: &'static str,
    /// Whether the site file names it.
    pub declared: bool,
    /// Requests to it, from everyone.
    pub classes: ByClass,
    /// When it was first heard of; none where it is declared and was not.
    pub first: Option<Timestamp>,
    /// When it was last heard of.
    pub last: Option<Timestamp>,
    /// How certain it is, as of hosts; `declared` where it was never heard.
    pub standing: &'static str,
}

/// Who speaks with whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conversation {
    /// What a list goes on after.
    pub id: String,
    /// The name of its zone.
    pub zone: String,
    /// The address of who asks.
    pub master: String,
    /// Its name in the site file.
    pub master_name: Option<String>,
    /// The address of who answers.
    pub server: String,
    /// The device, as in its record; none where the protocol is not decoded.
    pub device: Option<String>,
    /// The device's id.
    pub device_id: Option<String>,
    /// The device's name in the site file.
    pub device_name: Option<String>,
    /// The protocol; `unknown` where it is not decoded.
    pub protocol: &'static str,
    /// The server's port, where nothing but that tells the conversation apart.
    pub port: Option<u16>,
    /// Requests.
    pub classes: ByClass,
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
    /// How many requests, or connections where no device is known.
    pub count: u64,
    /// How certain it is, as of hosts.
    pub standing: &'static str,
}

/// One control command or dangerous function, from one master to one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Command {
    /// The key in the baseline, by which it is signed off or accepted.
    pub key: String,
    /// The name of its zone.
    pub zone: String,
    /// The address of who does it.
    pub master: String,
    /// Its name in the site file.
    pub master_name: Option<String>,
    /// The device, as in its record.
    pub device: String,
    /// The device's id.
    pub device_id: String,
    /// The device's name in the site file.
    pub device_name: Option<String>,
    /// What it does, such as `command` or `time`.
    pub class: &'static str,
    /// The function, where the entry is one.
    pub function: Option<String>,
    /// The point, where the entry is one.
    pub point: Option<String>,
    /// The point's name in the site file.
    pub point_name: Option<String>,
    /// The last value that was commanded.
    pub value: Option<String>,
    /// When it was first heard.
    pub first: Timestamp,
    /// When it was last heard.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
    /// In how many blocks.
    pub blocks: u32,
    /// How certain it is, as of hosts.
    pub standing: &'static str,
    /// The same in words, with who accepted it and until when.
    pub standing_text: String,
}

/// How many of each there was no room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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

/// A board that the shell writes and the API reads. All clones are one.
#[derive(Debug, Clone, Default)]
pub struct Network(Arc<Mutex<Arc<Overview>>>);

impl Network {
    /// Says what is heard now.
    pub fn set(&self, overview: Overview) {
        let overview = Arc::new(overview);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = overview;
    }

    /// What is heard.
    #[must_use]
    pub fn get(&self) -> Arc<Overview> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
