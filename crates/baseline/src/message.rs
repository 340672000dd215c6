//! What of a message is a key: who, whom, and what was asked.

use core::net::IpAddr;

use gridtap_model::{Class, Message, Outcome, Phase, Protocol, Refusal, Run, Table, Zone};

use crate::path::{Code, Path, Range, Role};

/// Whether a message says what its master wants: a request, or the answer to one whose direction is not heard.
pub(crate) fn asks(message: &Message<'_>) -> bool {
    match message.phase {
        Phase::Request | Phase::Select | Phase::Operate => true,
        Phase::Response => {
            message.request_frame.is_none()
                && message.hearing.one_direction
                && !is_bare_response(message)
        }
        Phase::Confirm | Phase::Unsolicited | Phase::Exception | Phase::Unanswered => false,
    }
}

/// Whether an answer says nothing of what its master used: one of DNP3 with measurements, which may as well be an
/// answer to a poll of classes, of objects or of a range.
fn is_bare_response(message: &Message<'_>) -> bool {
    message.device.protocol == Protocol::Dnp3 && message.class == Class::Read
}

/// Whether a message shows that its device is there: it answers, and no gateway answers for it.
pub(crate) const fn answers(message: &Message<'_>) -> bool {
    matches!(message.phase, Phase::Response | Phase::Unsolicited | Phase::Exception)
        && !matches!(message.outcome, Outcome::Refused { reason: Refusal::Gateway, .. })
}

/// Whether a run is commanded by its message, or read.
///
/// Where a message both writes and reads, its runs say which. A command names what it commands even
/// where it carries no values. A select commands nothing yet: that a point was selected never makes it one that is
/// commanded.
pub(crate) fn is_commanded(message: &Message<'_>, run: &Run<'_>) -> bool {
    let commands = || {
        matches!(message.class, Class::Command | Class::Configuration)
            && !message.runs.iter().any(|other| other.written)
    };
    message.phase != Phase::Select && (run.written || commands())
}

pub(crate) fn role_of(message: &Message<'_>) -> Role {
    Role { device: message.device, master: message.master.address, class: message.class }
}

pub(crate) fn range_of(message: &Message<'_>, run: &Run<'_>) -> Range {
    Range {
        table: run.table.code,
        first: run.first,
        count: u16::try_from(run.count).unwrap_or(u16::MAX),
        written: is_commanded(message, run),
    }
}

/// Client, server and, where it tells what the conversation is about, the server's port.
pub(crate) struct Ends {
    pub(crate) zone: Zone,
    pub(crate) protocol: Protocol,
    pub(crate) client: IpAddr,
    pub(crate) server: IpAddr,
    pub(crate) port: u16,
}

impl Ends {
    pub(crate) const fn path(&self) -> Path {
        let Self { zone, protocol, client, server, port } = *self;
        Path::Conversation { zone, protocol, client, server, port }
    }
}

/// The conversation that a role is spoken in.
pub(crate) const fn ends_of(role: &Role) -> Ends {
    Ends {
        zone: role.device.zone,
        protocol: role.device.protocol,
        client: role.master,
        server: role.device.address,
        port: 0,
    }
}

/// The finest keys of a message: a point where one is commanded, else the range, else the function.
pub(crate) fn finest<'a>(
    role: &'a Role,
    code: Code,
    message: &'a Message<'a>,
) -> impl Iterator<Item = Path> + 'a {
    let bare = message.runs.is_empty().then_some(Path::Function { role: *role, code });
    let runs = message.runs.iter().map(move |run| {
        let range = range_of(message, run);
        // Of a file, what is done with it counts: one that may be written may not be deleted.
        if range.written && range.count == 1 && run.table != Table::FILE {
            Path::Point { role: *role, table: range.table, index: range.first }
        } else {
            Path::Address { role: *role, code, range }
        }
    });
    bare.into_iter().chain(runs)
}
