//! What the baseline says of one observation. Facts only: what to make of them is the detections' business.

use gridtap_model::{Point, Timestamp};

use crate::path::Path;

/// A level of the hierarchy of keys, coarse to fine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Who speaks to whom: host, conversation, master of a device, role.
    Flow,
    /// With which function.
    Function,
    /// About which range of addresses.
    Address,
    /// About which single point (commands).
    Point,
    /// With which value.
    Value,
    /// When.
    Timing,
}

/// What the site file says of an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Declared {
    /// Nothing: learned knowledge decides.
    Open,
    /// It is declared normal.
    Allowed,
    /// It is declared forbidden, or left out of a list that is declared complete.
    Forbidden,
}

/// What was learned about how often news of one kind comes, pooled over the channels of that kind in the zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearnedRate {
    /// Whether the level is armed.
    pub armed: bool,
    /// Blocks heard.
    pub blocks: u64,
    /// Blocks in which something was heard that was heard in no other.
    pub once: u64,
    /// Pieces of news expected a block (Good–Turing: `once` over `blocks`).
    pub per_block: f64,
    /// Upper 95 % bound of the same.
    pub per_block_max: f64,
    /// Nanoseconds that the baseline has heard, in blocks.
    pub heard_ns: u64,
    /// The site's own history makes such news common: findings of it step down once.
    pub common: bool,
}

impl LearnedRate {
    /// Nothing was heard yet.
    pub const UNHEARD: Self = Self {
        armed: false,
        blocks: 0,
        once: 0,
        per_block: 0.0,
        per_block_max: f64::INFINITY,
        heard_ns: 0,
        common: false,
    };
}

/// How one master stands to one device, before this observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Access {
    /// The master's host has been heard before, in any conversation of the zone.
    pub host_known: bool,
    /// The other host has been heard before.
    pub peer_known: bool,
    /// These two hosts have been heard with each other in this protocol (and, for a conversation of no known protocol, on this server port).
    pub conversation_known: bool,
    /// The device (with its sub-address) has been heard answering, or being polled, before.
    pub device_known: bool,
    /// The device has just come, and the master has not accessed it: it was never heard before, or in this block only.
    pub device_new: bool,
    /// Of a new device: the master is known to use this class with other devices of this protocol in the zone: with two of them, or in
    /// two blocks. What it does is its role, and only to whom is new.
    pub class_elsewhere: bool,
    /// The master has accessed this device before, in any class.
    pub master_known: bool,
    /// The master has commanded this device before (class command, configuration, program, time or file).
    pub commander: bool,
    /// The master has commanded some other device of the zone before.
    pub commander_elsewhere: bool,
    /// The master has moved the process or changed the program of this device before (class command or program): more
    /// than to set its clock and to say what it shall report, as every master does.
    pub operator: bool,
    /// The same of some other device of the zone.
    pub operator_elsewhere: bool,
    /// The master has used this class with this device before.
    pub class_known: bool,
    /// The master has used this function with this device before.
    pub function_known: bool,
    /// Some master of the zone has used this function before.
    pub function_known_in_zone: bool,
    /// The exact request (function and address ranges) or every point of it has been read or commanded by this master before.
    pub range_known: bool,
    /// How many of the points were never accessed so (read or commanded) by this master.
    pub points_new: u32,
    /// How many of them were accessed so by no master.
    pub points_new_to_all: u32,
    /// Another master commands one of these points (two masters on one point).
    pub shared_with_other_master: bool,
}

/// What the baseline says of one observation, judged before it is learned.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Flow and function levels judge: armed, or declared in the site file.
    pub armed: bool,
    /// The coarsest level at which this is new; none where everything is known.
    pub new_at: Option<Level>,
    /// What the site file says.
    pub declared: Declared,
    /// The facts behind.
    pub access: Access,
    /// The first of the new points.
    pub first_new_point: Option<Point>,
    /// What was learned about news at `new_at` (or at the function level where nothing is new).
    pub rate: LearnedRate,
    /// Known from a single block only, not signed off: findings of it step down once, but are never silent.
    pub provisional: bool,
    /// The coarsest new key alarmed before and was not accepted since.
    pub held: bool,
    /// A person accepted exactly this.
    pub accepted: bool,
    /// The same was last heard so long ago that its return is news.
    pub absent_since: Option<Timestamp>,
    /// The baseline has heard since.
    pub since: Option<Timestamp>,
    /// The finest key that is new: the exact tuple, which a person may accept.
    pub key: Option<NewKey>,
}

/// A key that is new. Its text is made where somebody is told of it ([`crate::Baseline::text_of`]): a flood brings very
/// many that nobody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewKey(pub(crate) Path);
