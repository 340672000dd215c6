//! The rules, one family a file. A rule speaks of classes, effects and faults; which catalogue row it is for
//! a protocol stands in that protocol's file here.

pub(crate) mod access;
pub(crate) mod address;
pub(crate) mod aside;
pub(crate) mod authentication;
pub(crate) mod breadth;
pub(crate) mod campaign;
pub(crate) mod clock;
pub(crate) mod conformance;
pub(crate) mod connections;
pub(crate) mod control;
pub(crate) mod control_status;
pub(crate) mod dangerous;
pub(crate) mod dnp3;
pub(crate) mod exceptions;
pub(crate) mod feedback;
pub(crate) mod flood;
pub(crate) mod identity;
pub(crate) mod indications;
pub(crate) mod link;
pub(crate) mod losses;
pub(crate) mod modbus;
pub(crate) mod neighbours;
pub(crate) mod occasion;
pub(crate) mod outstation;
pub(crate) mod rates;
pub(crate) mod readback;
pub(crate) mod reporting;
pub(crate) mod reports;
pub(crate) mod roles;
pub(crate) mod scans;
pub(crate) mod select;
pub(crate) mod sequence;
mod services;
pub(crate) mod sessions;
pub(crate) mod sweeps;
pub(crate) mod timing;
pub(crate) mod toggle;
pub(crate) mod usual;
pub(crate) mod values;

use gridtap_model::{Effect, FaultKind, Message, Protocol, Refusal};

/// Which catalogue rows the neutral rules are for one protocol. Where a protocol has no row for a rule, the rule is
/// not asked.
pub(crate) struct Rows {
    pub(crate) new_reader: &'static str,
    /// The row of a host that commands and never did, for what it sent.
    pub(crate) new_commander: fn(&Message<'_>) -> &'static str,
    pub(crate) new_function: &'static str,
    /// The row of points that a known master never read or commanded, for what it sent.
    pub(crate) new_range: fn(&Message<'_>) -> &'static str,
    pub(crate) new_transition: Option<&'static str>,
    pub(crate) two_masters: Option<&'static str>,
    pub(crate) write_before_read: Option<&'static str>,
    /// Many points commanded one after the other that were never commanded.
    pub(crate) command_walk: &'static str,
    pub(crate) broadcast: &'static str,
    /// One command to very many points.
    pub(crate) mass_write: &'static str,
    pub(crate) command_burst: &'static str,
    /// Breakers opened at many outstations within a while.
    pub(crate) campaign: &'static str,
    pub(crate) backlog: &'static str,
    pub(crate) unresponsive: &'static str,
    /// A request that is repeated has stopped, or comes more often or more seldom.
    pub(crate) poll_changed: &'static str,
    pub(crate) exception_burst: Option<&'static str>,
    pub(crate) exception_first: &'static str,
    pub(crate) function_scan: &'static str,
    pub(crate) address_scan: &'static str,
    pub(crate) unit_scan: &'static str,
    pub(crate) readback: Option<&'static str>,
    /// A command that is accepted and changes nothing.
    pub(crate) no_effect: Option<&'static str>,
    /// A command after which the point that should show it does not move, and such a point that moves without one.
    pub(crate) feedback: Option<&'static str>,
    /// A value beyond what was learned or declared of its point.
    pub(crate) value: &'static str,
    /// A poll whose values stand still, or come again as they came once.
    pub(crate) replay: Option<&'static str>,
    /// A point that is driven to and fro.
    pub(crate) oscillation: &'static str,
    pub(crate) value_changed: Option<&'static str>,
    pub(crate) identity_changed: Option<&'static str>,
    /// The rows of a protocol whose devices say something of themselves, and speak unasked.
    pub(crate) outstation: Option<&'static OutstationRows>,
    /// A control that nothing speaks against, for the record.
    pub(crate) audit: Option<&'static str>,
    /// Selecting and operating do not fit each other.
    pub(crate) selection: Option<&'static str>,
    /// Whether a refusal by this code says that the point was not selected, or too long ago.
    pub(crate) unselected: fn(u16) -> bool,
    /// A point is operated at once that is selected first elsewhere.
    pub(crate) direct_operate: Option<&'static str>,
    /// A known point is asked for what it never was.
    pub(crate) control_form: Option<&'static str>,
    /// The row of an effect that has one of its own, for the function's code.
    pub(crate) effect: fn(Effect, u16) -> Option<&'static str>,
    /// The row of a fault.
    pub(crate) fault: fn(FaultKind) -> &'static str,
    /// The row of a refusal that has one of its own, and whether it takes several within a minute.
    pub(crate) refusal: fn(Refusal) -> Option<(&'static str, bool)>,
}

/// Which catalogue rows the rules about outstations are for one protocol.
pub(crate) struct OutstationRows {
    pub(crate) restarted: &'static str,
    pub(crate) events_lost: &'static str,
    pub(crate) corrupt: &'static str,
    pub(crate) trouble: &'static str,
    pub(crate) reserved: &'static str,
    pub(crate) new_indication: &'static str,
    pub(crate) local_control: &'static str,
    pub(crate) refused_controls: &'static str,
    pub(crate) storm: &'static str,
    pub(crate) stray_report: &'static str,
    /// Two reports of what switches that contradict each other, or a change that no plant made.
    pub(crate) contradiction: &'static str,
    /// An event whose time cannot be.
    pub(crate) event_time: &'static str,
    pub(crate) address_moved: &'static str,
    pub(crate) authentication: &'static str,
    pub(crate) flood: &'static str,
    pub(crate) role: &'static str,
    /// Something else on the protocol's port.
    pub(crate) foreign: &'static str,
    /// The link itself, by a host that is no master.
    pub(crate) link_probe: &'static str,
    /// What a bit of the device's indications says, in words that follow "it".
    pub(crate) indication: fn(u32) -> &'static str,
    /// Why a control was refused, by the protocol's code.
    pub(crate) status: fn(u8) -> &'static str,
}

/// The rows of a protocol; none for one whose family is not here.
pub(crate) const fn rows(protocol: Protocol) -> Option<&'static Rows> {
    match protocol {
        Protocol::Modbus => Some(&modbus::ROWS),
        Protocol::Dnp3 => Some(&dnp3::ROWS),
        _ => None,
    }
}
